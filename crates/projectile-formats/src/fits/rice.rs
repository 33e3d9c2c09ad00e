//! The Rice code of integers (FITS Standard 4.0, chapter 10.4.1): differences of neighbours, in blocks, each block with
//! as many low bits written plainly as suit it.

use projectile_core::{Error, Result};

use crate::sizes::to_u64;

/// Bits, the highest of each byte first.
struct Bits<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Bits that were taken from `bytes` and not given yet, the next one highest of `count`.
    held: u64,
    count: u32,
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "no more than 32 bits are asked for at once, so that never more than 39 are held"
)]
impl Bits<'_> {
    /// The next `count` bits, at most 32.
    fn take(&mut self, count: u32) -> Result<u32> {
        while self.count < count {
            let byte = self.bytes.next().ok_or_else(too_short)?;
            self.held = (self.held << 8) | u64::from(*byte);
            self.count += 8;
        }
        self.count -= count;
        Ok(((self.held >> self.count) & ((1 << count) - 1)) as u32)
    }

    /// How many zeros come before the next one, which is taken, too.
    fn zeros(&mut self) -> Result<u32> {
        let mut zeros = 0u32;
        loop {
            if self.count == 0 {
                self.held = u64::from(*self.bytes.next().ok_or_else(too_short)?);
                self.count = 8;
            }
            let left = self.held & ((1 << self.count) - 1);
            if left == 0 {
                zeros = zeros.checked_add(self.count).ok_or_else(no_code)?;
                self.count = 0;
                continue;
            }
            let leading = left.leading_zeros() - (64 - self.count);
            self.count -= leading + 1;
            return zeros.checked_add(leading).ok_or_else(no_code);
        }
    }
}

fn too_short() -> Error {
    Error::corrupt("a compressed tile is too short")
}

fn no_code() -> Error {
    Error::corrupt("a compressed tile is no Rice code")
}

/// Decodes `count` integers of `width` bytes (1, 2 or 4), which are modulo that width. Whoever calls has made sure that
/// `count` may be allocated.
pub(super) fn decode(bytes: &[u8], count: usize, width: usize, block: usize) -> Result<Vec<u32>> {
    let (code_bits, plain, bits, mask) = match width {
        1 => (3, 6, 8, 0xff),
        2 => (4, 14, 16, 0xffff),
        4 => (5, 25, 32, u32::MAX),
        _ => {
            return Err(Error::unsupported(format!(
                "RICE_1 of {width} bytes a pixel is not read"
            )));
        }
    };
    // A block takes a few bits at least, so that a few bytes cannot ask for any number of pixels.
    let least = |blocks: usize| to_u64(blocks).saturating_mul(u64::from(code_bits));
    if block == 0 || least(count.div_ceil(block)) > to_u64(bytes.len()).saturating_mul(8) {
        return Err(too_short());
    }
    let mut reader = Bits {
        bytes: bytes.iter(),
        held: 0,
        count: 0,
    };
    let mut last = reader.take(bits)?;
    let mut out = vec![0; count];
    for block in out.chunks_mut(block) {
        // One less than the code is how many low bits are written plainly.
        let low_bits = reader.take(code_bits)?.checked_sub(1);
        for value in block {
            let difference = match low_bits {
                None => 0,
                Some(low) if low < plain => {
                    let high = reader.zeros()?;
                    let high = high.checked_shl(low).unwrap_or(0);
                    high | reader.take(low)?
                }
                Some(low) if low == plain => reader.take(bits)?,
                Some(_) => return Err(no_code()),
            };
            // Even numbers are positive differences, odd ones negative.
            let signed = if difference & 1 == 0 {
                difference >> 1
            } else {
                !(difference >> 1)
            };
            last = last.wrapping_add(signed) & mask;
            *value = last;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_written_by_hand_is_read() {
        // 16 bits a pixel; first 5; one block of code 2 (one low bit): differences 0, +1, -1, +3.
        let bits = [
            "0000000000000101", // 5
            "0010",             // one low bit
            "1",
            "0", // 0 → 0: high 0, low 0
            "01",
            "0", // 2 → +1
            "1",
            "1", // 1 → -1
            "0001",
            "0", // 6 → +3
        ]
        .concat();
        let bytes: Vec<u8> = format!("{bits:0<40}")
            .as_bytes()
            .chunks(8)
            .map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0')))
            .collect();
        assert_eq!(decode(&bytes, 4, 2, 32).unwrap(), [5, 6, 5, 8]);
        assert!(decode(&bytes[..3], 4, 2, 32).is_err());
        assert!(decode(&bytes, 1 << 40, 2, 32).is_err());
    }
}
