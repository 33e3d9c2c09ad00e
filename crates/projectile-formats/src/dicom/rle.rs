//! DICOM's run-length code (PS3.5, Annex G): a segment for each byte of each sample, the highest byte first.

use projectile_core::{Error, Result};

use crate::sizes::to_usize;

fn broken() -> Error {
    Error::corrupt("a frame is no run-length code")
}

/// A frame of `pixels` pixels of `samples` samples of `width` bytes, as little-endian samples, those of a pixel together.
/// Whoever calls has made sure that it may be allocated.
pub(super) fn decode(bytes: &[u8], pixels: usize, samples: usize, width: usize) -> Result<Vec<u8>> {
    let mut words = bytes.as_chunks().0.iter();
    let mut word = || {
        let word = u32::from_le_bytes(*words.next().ok_or_else(broken)?);
        Ok::<_, Error>(to_usize(word.into()))
    };
    let (found, segments) = (word()?, samples.checked_mul(width).ok_or_else(broken)?);
    if found != segments || segments > 15 {
        return Err(Error::corrupt(format!(
            "a frame has {found} run-length segments instead of {segments}"
        )));
    }
    let length = pixels.checked_mul(segments);
    // A byte stands for at most 64 others.
    let length = length.filter(|&length| length <= bytes.len().saturating_mul(64));
    let mut out = vec![0; length.ok_or_else(broken)?];
    let starts = (0..segments).map(|_| word()).collect::<Result<Vec<_>>>()?;
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    // Which byte of a pixel each segment has: of each sample the highest first.
    let mut order: Vec<usize> = (0..segments).collect();
    order.chunks_mut(width).for_each(<[usize]>::reverse);
    for ((&start, end), first) in starts.iter().zip(ends).zip(order) {
        let code = bytes.get(start..end).ok_or_else(broken)?;
        unpack(code, out.iter_mut().skip(first).step_by(segments))?;
    }
    Ok(out)
}

/// Puts the bytes that a segment stands for in their places, all of which it fills.
fn unpack<'a>(code: &[u8], mut places: impl Iterator<Item = &'a mut u8>) -> Result<()> {
    let mut rest = code;
    let mut place = places.next();
    while let Some(mut to) = place.take() {
        let (&control, after) = rest.split_first().ok_or_else(broken)?;
        match control {
            0..=127 => {
                let (run, after) = after
                    .split_at_checked(usize::from(control).saturating_add(1))
                    .ok_or_else(broken)?;
                rest = after;
                let mut bytes = run.iter().peekable();
                while let Some(&byte) = bytes.next() {
                    *to = byte;
                    match places.next() {
                        Some(next) if bytes.peek().is_some() => to = next,
                        next => {
                            place = next;
                            break;
                        }
                    }
                }
            }
            128 => {
                rest = after;
                place = Some(to);
            }
            _ => {
                let (&byte, after) = after.split_first().ok_or_else(broken)?;
                rest = after;
                let mut more = usize::from(control)..256;
                loop {
                    *to = byte;
                    match places.next() {
                        Some(next) if more.next().is_some() => to = next,
                        next => {
                            place = next;
                            break;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(segments: &[&[u8]]) -> Vec<u8> {
        let mut header = [0u32; 16];
        header[0] = segments.len() as u32;
        let mut at = 64;
        for (i, segment) in segments.iter().enumerate() {
            header[i + 1] = at;
            at += segment.len() as u32;
        }
        let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
        for segment in segments {
            bytes.extend_from_slice(segment);
        }
        bytes
    }

    #[test]
    fn runs_and_literals_are_unpacked() {
        // High bytes: 1 four times; low bytes: 5, 6, then 7 twice.
        let bytes = frame(&[&[253, 1], &[1, 5, 6, 255, 7]]);
        assert_eq!(decode(&bytes, 4, 1, 2).unwrap(), [5, 1, 6, 1, 7, 1, 7, 1]);
        assert!(decode(&frame(&[&[253, 1], &[1, 5, 6]]), 4, 1, 2).is_err());
        assert!(decode(&bytes, 4, 1, 1).is_err());
        assert!(decode(&bytes, 1 << 30, 1, 2).is_err());
        assert!(decode(&bytes[..30], 4, 1, 2).is_err());
        // More than is needed does no harm.
        assert_eq!(
            decode(&frame(&[&[3, 1, 2, 3, 4, 128]]), 3, 1, 1).unwrap(),
            [1, 2, 3]
        );
    }
}
