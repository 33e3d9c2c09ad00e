//! The boxes of a still AVIF: which item is the picture, which its alpha, where their bytes lie, how it is turned.

use projectile_core::{Error, Result};

/// Items and properties that are looked at: a file may list as many as it likes.
const MOST_ENTRIES: u64 = 10_000;

/// What a file says of its picture.
#[derive(Debug, Default)]
pub(crate) struct Still {
    /// AV1 data of the colours, and of the alpha plane if there is one.
    pub(crate) colour: Vec<u8>,
    pub(crate) alpha: Option<Vec<u8>>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Matrix coefficients and whether the full range is used, where the container says them.
    pub(crate) matrix: Option<(u16, bool)>,
    /// As EXIF numbers it.
    pub(crate) orientation: u8,
    pub(crate) profile: bool,
}

/// Reads big-endian numbers off the front of some bytes.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(crate::decode::input::truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of 0 to 8 bytes.
    fn number(&mut self, bytes: usize) -> Result<u64> {
        Ok(self
            .take(bytes)?
            .iter()
            .fold(0, |value, &byte| (value << 8) | u64::from(byte)))
    }

    /// The next box: its kind and its contents.
    fn next_box(&mut self) -> Result<Option<([u8; 4], &'a [u8])>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let size = self.number(4)?;
        let mut kind = [0; 4];
        kind.copy_from_slice(self.take(4)?);
        let contents = match size {
            0 => self.0.len() as u64,
            1 => self.number(8)?.checked_sub(16).ok_or_else(odd_box)?,
            _ => size.checked_sub(8).ok_or_else(odd_box)?,
        };
        Ok(Some((
            kind,
            self.take(usize::try_from(contents).map_err(|_| odd_box())?)?,
        )))
    }
}

fn odd_box() -> Error {
    Error::corrupt("a box of an impossible size")
}

/// The parts of a `meta` box that matter.
#[derive(Default)]
struct Meta<'a> {
    primary: u64,
    kinds: Vec<(u64, [u8; 4])>,
    /// Item, whether its bytes are in `idat`, and where.
    places: Vec<(u64, bool, Vec<(u64, u64)>)>,
    /// Kind of reference, from, to.
    references: Vec<([u8; 4], u64, u64)>,
    properties: Vec<([u8; 4], &'a [u8])>,
    /// Item, and its properties by number from 1.
    associations: Vec<(u64, Vec<usize>)>,
    idat: &'a [u8],
}

/// Finds the still picture of an AVIF file.
pub(crate) fn still(file: &[u8]) -> Result<Still> {
    let mut boxes = Cursor(file);
    let mut meta = None;
    while let Some((kind, contents)) = boxes.next_box()? {
        if &kind == b"meta" {
            meta = Some(read_meta(contents)?);
        }
    }
    let meta = meta.ok_or_else(|| Error::unsupported("AVIF files without a still picture are not read"))?;
    let kind = meta
        .kinds
        .iter()
        .find(|(item, _)| *item == meta.primary)
        .map(|(_, kind)| kind);
    if kind != Some(b"av01") {
        return Err(Error::unsupported(
            "AVIF pictures composed of several (grids) are opened by the Python package through Pillow: pip install \
             'projectile[pillow]', then projectile.show(path)",
        ));
    }
    let mut still = Still {
        colour: meta.bytes(file, meta.primary)?,
        orientation: 1,
        ..Still::default()
    };
    let mut turns = (0, None);
    for (kind, contents) in meta.properties_of(meta.primary) {
        let mut contents = Cursor(contents);
        match &kind {
            b"ispe" => {
                contents.take(4)?;
                (still.width, still.height) = (contents.number(4)? as u32, contents.number(4)? as u32);
            }
            b"colr" => match contents.take(4)? {
                b"nclx" => {
                    contents.take(4)?;
                    still.matrix = Some((contents.number(2)? as u16, contents.number(1)? & 0x80 != 0));
                }
                _ => still.profile = true,
            },
            b"irot" => turns.0 = contents.number(1)? & 3,
            b"imir" => turns.1 = Some(contents.number(1)? & 1),
            _ => {}
        }
    }
    still.orientation = orientation(turns.0, turns.1);
    let alpha = meta.references.iter().find(|(kind, from, to)| {
        kind == b"auxl" && *to == meta.primary && meta.properties_of(*from).any(is_alpha)
    });
    if let Some(&(_, item, _)) = alpha {
        still.alpha = Some(meta.bytes(file, item)?);
    }
    Ok(still)
}

fn is_alpha((kind, contents): ([u8; 4], &[u8])) -> bool {
    &kind == b"auxC" && contents.windows(5).any(|name| name == b"alpha")
}

/// Turned counter-clockwise by `quarters`, then mirrored: 0 top to bottom, 1 left to right.
fn orientation(quarters: u64, mirror: Option<u64>) -> u8 {
    match (quarters, mirror) {
        (0, Some(0)) | (2, Some(1)) => 4,
        (0, Some(_)) | (2, Some(0)) => 2,
        (1, None) => 8,
        (2, None) => 3,
        (3, None) => 6,
        (1, Some(0)) | (3, Some(1)) => 5,
        (1 | 3, Some(_)) => 7,
        _ => 1,
    }
}

impl<'a> Meta<'a> {
    fn properties_of(&self, item: u64) -> impl Iterator<Item = ([u8; 4], &'a [u8])> {
        let numbers = self
            .associations
            .iter()
            .filter(move |(of, _)| *of == item)
            .flat_map(|(_, numbers)| numbers);
        numbers.filter_map(|&number| self.properties.get(number.checked_sub(1)?).copied())
    }

    fn bytes(&self, file: &[u8], item: u64) -> Result<Vec<u8>> {
        let place = self.places.iter().find(|(of, _, _)| *of == item);
        let (_, in_idat, extents) = place.ok_or_else(|| Error::corrupt("an item without data"))?;
        let from = if *in_idat { self.idat } else { file };
        let mut bytes = Vec::new();
        for &(offset, length) in extents {
            let end = if length == 0 {
                from.len() as u64
            } else {
                offset.saturating_add(length)
            };
            let part = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
            let part = part.and_then(|(offset, end)| from.get(offset..end));
            let part = part.ok_or_else(crate::decode::input::truncated)?;
            if bytes.len() + part.len() > file.len() {
                return Err(Error::corrupt("an item larger than the file"));
            }
            bytes.extend_from_slice(part);
        }
        Ok(bytes)
    }
}

fn read_meta(contents: &[u8]) -> Result<Meta<'_>> {
    let mut boxes = Cursor(contents);
    boxes.take(4)?;
    let mut meta = Meta::default();
    while let Some((kind, contents)) = boxes.next_box()? {
        let mut contents = Cursor(contents);
        match &kind {
            b"pitm" => {
                let version = contents.number(4)? >> 24;
                meta.primary = contents.number(if version == 0 { 2 } else { 4 })?;
            }
            b"iinf" => read_kinds(&mut contents, &mut meta)?,
            b"iloc" => read_places(&mut contents, &mut meta)?,
            b"iref" => read_references(&mut contents, &mut meta)?,
            b"iprp" => read_properties(&mut contents, &mut meta)?,
            b"idat" => meta.idat = contents.0,
            _ => {}
        }
    }
    Ok(meta)
}

fn read_kinds(contents: &mut Cursor<'_>, meta: &mut Meta<'_>) -> Result<()> {
    let version = contents.number(4)? >> 24;
    contents.number(if version == 0 { 2 } else { 4 })?;
    while let Some((kind, entry)) = contents.next_box()? {
        let mut entry = Cursor(entry);
        let version = entry.number(4)? >> 24;
        if &kind != b"infe" || version < 2 {
            continue;
        }
        let item = entry.number(if version == 2 { 2 } else { 4 })?;
        entry.take(2)?;
        let mut of = [0; 4];
        of.copy_from_slice(entry.take(4)?);
        meta.kinds.push((item, of));
    }
    Ok(())
}

fn read_places(contents: &mut Cursor<'_>, meta: &mut Meta<'_>) -> Result<()> {
    let version = contents.number(4)? >> 24;
    let sizes = contents.number(2)?;
    let nibble = |shift: u64| ((sizes >> shift) & 15).min(8) as usize;
    let (offset_size, length_size, base_size) = (nibble(12), nibble(8), nibble(4));
    let index_size = if version == 0 { 0 } else { nibble(0) };
    let item_size = if version < 2 { 2 } else { 4 };
    let items = contents.number(item_size)?;
    for _ in 0..items.min(MOST_ENTRIES) {
        let item = contents.number(item_size)?;
        let in_idat = version > 0 && contents.number(2)? & 15 == 1;
        contents.take(2)?;
        let base = contents.number(base_size)?;
        let extents = contents.number(2)?;
        let mut places = Vec::new();
        for _ in 0..extents {
            contents.take(index_size)?;
            let (offset, length) = (contents.number(offset_size)?, contents.number(length_size)?);
            places.push((base.saturating_add(offset), length));
        }
        meta.places.push((item, in_idat, places));
    }
    Ok(())
}

fn read_references(contents: &mut Cursor<'_>, meta: &mut Meta<'_>) -> Result<()> {
    let size = if contents.number(4)? >> 24 == 0 { 2 } else { 4 };
    while let Some((kind, entry)) = contents.next_box()? {
        let mut entry = Cursor(entry);
        let from = entry.number(size)?;
        for _ in 0..entry.number(2)?.min(MOST_ENTRIES) {
            meta.references.push((kind, from, entry.number(size)?));
        }
    }
    Ok(())
}

fn read_properties<'a>(contents: &mut Cursor<'a>, meta: &mut Meta<'a>) -> Result<()> {
    while let Some((kind, entry)) = contents.next_box()? {
        let mut entry = Cursor(entry);
        match &kind {
            b"ipco" => {
                while let Some(property) = entry.next_box()? {
                    meta.properties.push(property);
                }
            }
            b"ipma" => {
                let head = entry.number(4)?;
                let (item_size, wide) = (if head >> 24 == 0 { 2 } else { 4 }, head & 1 == 1);
                for _ in 0..entry.number(4)?.min(MOST_ENTRIES) {
                    let item = entry.number(item_size)?;
                    let count = entry.number(1)?;
                    let mut numbers = Vec::new();
                    for _ in 0..count {
                        let number = entry.number(if wide { 2 } else { 1 })?;
                        numbers.push((number & if wide { 0x7fff } else { 0x7f }) as usize);
                    }
                    meta.associations.push((item, numbers));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_impossible_sizes_are_errors() {
        assert!(Cursor(&[]).next_box().unwrap().is_none());
        assert!(Cursor(b"\0\0\0\x07free").next_box().is_err());
        assert!(Cursor(b"\0\0\0\x09free").next_box().is_err());
        assert!(Cursor(b"\0\0\0\x01free\0\0\0\0\0\0\0\x0f").next_box().is_err());
        assert_eq!(
            Cursor(b"\0\0\0\x09free!").next_box().unwrap(),
            Some((*b"free", &b"!"[..]))
        );
        assert_eq!(
            Cursor(b"\0\0\0\0freexyz").next_box().unwrap(),
            Some((*b"free", &b"xyz"[..]))
        );
    }

    #[test]
    fn turns_and_mirrors_are_one_of_the_eight() {
        assert_eq!(
            [0, 1, 2, 3].map(|quarters| orientation(quarters, None)),
            [1, 8, 3, 6]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|quarters| orientation(quarters, Some(0))),
            [4, 5, 2, 7]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|quarters| orientation(quarters, Some(1))),
            [2, 7, 4, 5]
        );
    }
}
