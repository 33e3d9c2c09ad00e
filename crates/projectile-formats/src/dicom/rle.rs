//! DICOM's run-length code (PS3.5, Annex G): a segment for each byte of each sample, the highest byte first.

use projectile_core::{Error, Result};

fn broken() -> Error {
    Error::corrupt("a frame is no run-length code")
}

/// A frame of `pixels` pixels of `samples` samples of `width` bytes, as little-endian samples, those of a pixel together.
/// Whoever calls has made sure that it may be allocated.
pub(super) fn decode(bytes: &[u8], pixels: usize, samples: usize, width: usize) -> Result<Vec<u8>> {
    let word = |at: usize| {
        let bytes = bytes
            .get(at * 4..at * 4 + 4)
            .and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(|bytes| u32::from_le_bytes(bytes) as usize)
            .ok_or_else(broken)
    };
    let segments = samples * width;
    if word(0)? != segments || segments > 15 {
        return Err(Error::corrupt(format!(
            "a frame has {} run-length segments instead of {segments}",
            word(0)?
        )));
    }
    // A byte stands for at most 64 others.
    if pixels * segments > bytes.len().saturating_mul(64) {
        return Err(broken());
    }
    let mut out = vec![0; pixels * segments];
    for segment in 0..segments {
        let start = word(segment + 1)?;
        let end = if segment + 1 < segments {
            word(segment + 2)?
        } else {
            bytes.len()
        };
        let code = bytes.get(start..end).ok_or_else(broken)?;
        let (sample, byte) = (segment / width, width - 1 - segment % width);
        let places = out.iter_mut().skip(sample * width + byte).step_by(segments);
        unpack(code, places)?;
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
                    .split_at_checked(usize::from(control) + 1)
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
                let mut left = 257 - usize::from(control);
                loop {
                    *to = byte;
                    left -= 1;
                    match places.next() {
                        Some(next) if left > 0 => to = next,
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
