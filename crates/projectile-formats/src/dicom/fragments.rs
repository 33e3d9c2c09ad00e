//! Compressed frames: which fragments of the file each one is (PS3.5, Annex A.4).

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use projectile_core::{Cancel, Error, Result};

use super::tags;
use super::walk::Elements;
use crate::flat::header_error;
use crate::sizes::{to_u64, to_usize};

/// The bytes of a frame: one range for each of its fragments.
pub(super) type Frame = Vec<Range<u64>>;

fn broken() -> Error {
    Error::corrupt("its compressed pixels are not in fragments as they should be")
}

/// Where each of `count` frames is, in a file of `size` bytes whose fragments begin at `start`.
pub(super) fn frames(
    reader: &mut (impl Read + Seek),
    start: u64,
    size: u64,
    count: u64,
    elements: &Elements,
    cancel: &Cancel,
) -> Result<Vec<Frame>> {
    let Some((table, mut at)) = item(reader, start, size)? else {
        return Err(broken());
    };
    let offsets = offsets(reader, &table, elements)?;
    let first = at;
    // The place of each fragment's item, and its bytes.
    let mut fragments: Vec<(u64, Range<u64>)> = Vec::new();
    while let Some((bytes, after)) = item(reader, at, size)? {
        if fragments.len().is_multiple_of(1024) {
            cancel.check()?;
        }
        fragments.push((at.checked_sub(first).ok_or_else(broken)?, bytes));
        at = after;
    }
    let ranges = || fragments.iter().map(|(_, bytes)| bytes.clone());
    if to_u64(fragments.len()) == count {
        return Ok(ranges().map(|bytes| vec![bytes]).collect());
    }
    if count == 1 && !fragments.is_empty() {
        return Ok(vec![ranges().collect()]);
    }
    let starts = match offsets {
        Some(offsets) if to_u64(offsets.len()) == count => offsets,
        _ => beginnings(reader, &fragments)?,
    };
    if to_u64(starts.len()) != count || starts.first() != Some(&0) || !starts.is_sorted() {
        return Err(Error::corrupt(format!(
            "its {} fragments cannot be told apart into {count} frames",
            fragments.len()
        )));
    }
    let ends = starts.iter().skip(1).copied().chain([u64::MAX]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| {
            let of_frame = fragments.iter().filter(|(at, _)| (start..end).contains(at));
            let frame: Frame = of_frame.map(|(_, bytes)| bytes.clone()).collect();
            if frame.is_empty() {
                Err(broken())
            } else {
                Ok(frame)
            }
        })
        .collect()
}

/// The bytes of the item at a place, and the place after it; `None` at the end.
fn item(reader: &mut (impl Read + Seek), at: u64, size: u64) -> Result<Option<(Range<u64>, u64)>> {
    let mut head = [0; 8];
    let start = at.saturating_add(8);
    if start > size {
        return Err(Error::corrupt(
            "the file is cut short: its compressed pixels have no end",
        ));
    }
    reader
        .seek(SeekFrom::Start(at))
        .and_then(|_| reader.read_exact(&mut head))
        .map_err(|error| header_error(&error))?;
    let tag = (
        u16::from_le_bytes([head[0], head[1]]),
        u16::from_le_bytes([head[2], head[3]]),
    );
    match tag {
        tags::ITEM => {
            let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
            let end = start.saturating_add(u64::from(length));
            if end > size {
                return Err(Error::corrupt(
                    "the file is cut short: a fragment lies beyond its end",
                ));
            }
            Ok(Some((start..end, end)))
        }
        tags::END_OF_SEQUENCE => Ok(None),
        _ => Err(broken()),
    }
}

/// Where frames begin, counted from the first fragment's item: by the extended table of offsets, or the basic one.
fn offsets(
    reader: &mut (impl Read + Seek),
    table: &Range<u64>,
    elements: &Elements,
) -> Result<Option<Vec<u64>>> {
    if let Some(extended) = elements.values.get(&tags::EXTENDED_OFFSETS)
        && !extended.is_empty()
    {
        let words = extended.chunks_exact(8).filter_map(|bytes| bytes.try_into().ok());
        return Ok(Some(words.map(u64::from_le_bytes).collect()));
    }
    if table.is_empty() {
        return Ok(None);
    }
    // Not longer than the file, which was checked; nor than any sensible table.
    let length = table.end.saturating_sub(table.start).min(64 << 20);
    let mut bytes = vec![0; to_usize(length)];
    reader
        .seek(SeekFrom::Start(table.start))
        .and_then(|_| reader.read_exact(&mut bytes))
        .map_err(|error| header_error(&error))?;
    let words = bytes.chunks_exact(4).filter_map(|bytes| bytes.try_into().ok());
    Ok(Some(
        words.map(|word| u64::from(u32::from_le_bytes(word))).collect(),
    ))
}

/// The places of fragments that begin like a JPEG or JPEG 2000 stream.
fn beginnings(reader: &mut (impl Read + Seek), fragments: &[(u64, Range<u64>)]) -> Result<Vec<u64>> {
    let mut starts = Vec::new();
    for (at, bytes) in fragments {
        let mut head = [0; 3];
        if bytes.end.saturating_sub(bytes.start) < 3 {
            continue;
        }
        reader
            .seek(SeekFrom::Start(bytes.start))
            .and_then(|_| reader.read_exact(&mut head))
            .map_err(|error| header_error(&error))?;
        if head == [0xff, 0xd8, 0xff] || head == [0xff, 0x4f, 0xff] {
            starts.push(*at);
        }
    }
    Ok(starts)
}
