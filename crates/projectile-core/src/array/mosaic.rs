//! Pixels put together of parts.

use super::{Buffer, DType, Pixels, Samples};
use crate::error::{Error, Result};

/// Pixels, and where they go: first row, column and channel.
#[derive(Clone, Debug)]
pub struct Part {
    /// `(row, column, channel)` of its first sample in the whole.
    pub at: [usize; 3],
    /// What goes there.
    pub pixels: Pixels,
}

impl Pixels {
    /// Pixels of `(height, width, channels)` put together of parts, zero where there is none.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) for a part of another dtype, or one that leaves the whole.
    pub fn mosaic(dtype: DType, shape: [usize; 3], parts: &[Part]) -> Result<Self> {
        for part in parts {
            let fits = (0..3).all(|axis| part.at[axis] + part.pixels.shape()[axis] <= shape[axis]);
            if !fits || part.pixels.dtype() != dtype {
                return Err(Error::internal(format!(
                    "a part of {:?} {} at {:?} is no part of {shape:?} {dtype}",
                    part.pixels.shape(),
                    part.pixels.dtype(),
                    part.at
                )));
            }
        }
        macro_rules! put_together {
            ($($variant:ident),*) => {
                match dtype {
                    $(DType::$variant => {
                        let mut whole = vec![Default::default(); shape.iter().product()];
                        for part in parts {
                            if let Samples::$variant(buffer) = part.pixels.samples() {
                                part.pixels.paste(buffer, &mut whole, shape, part.at);
                            }
                        }
                        Samples::$variant(whole.into())
                    })*
                }
            };
        }
        let samples = put_together!(
            Bool, UInt8, UInt16, UInt32, UInt64, Int8, Int16, Int32, Int64, Float16, Float32, Float64,
            Complex64, Complex128
        );
        Self::new(samples, shape[0], shape[1], shape[2])
    }

    /// Copies these pixels, whose samples are in `buffer`, into a whole.
    fn paste<T: Copy>(&self, buffer: &Buffer<T>, whole: &mut [T], shape: [usize; 3], at: [usize; 3]) {
        let samples = buffer.as_slice();
        let [height, width, channels] = self.shape();
        let runs = self.has_whole_rows() && channels == shape[2];
        for y in 0..height {
            let row = ((at[0] + y) * shape[1] + at[1]) * shape[2] + at[2];
            if runs {
                let from = self.index(y, 0, 0);
                whole[row..][..width * channels].copy_from_slice(&samples[from..][..width * channels]);
                continue;
            }
            for x in 0..width {
                for c in 0..channels {
                    whole[row + x * shape[2] + c] = samples[self.index(y, x, c)];
                }
            }
        }
    }
}
