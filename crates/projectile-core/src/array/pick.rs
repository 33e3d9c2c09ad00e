//! Rows and columns of pixels, in any order and as often as wanted.

use super::{Buffer, Pixels, Samples};
use crate::error::{Error, Result};

impl Pixels {
    /// The pixels of these rows and columns, `(rows, columns, channels)`: exact copies.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) for a row or column that is not there.
    pub(crate) fn pick(&self, rows: &[usize], columns: &[usize]) -> Result<Self> {
        let [height, width, channels] = self.shape();
        if rows.iter().any(|&y| y >= height) || columns.iter().any(|&x| x >= width) {
            return Err(Error::internal("a pixel is picked that is not there"));
        }
        macro_rules! picked {
            ($($variant:ident),*) => {
                match self.samples() {
                    $(Samples::$variant(buffer) => {
                        let samples = buffer.as_slice();
                        let mut out = Vec::with_capacity(rows.len() * columns.len() * channels);
                        for &y in rows {
                            for &x in columns {
                                out.extend((0..channels).map(|c| samples[self.index(y, x, c)]));
                            }
                        }
                        Samples::$variant(Buffer::from(out))
                    })*
                }
            };
        }
        let samples = picked!(
            Bool, UInt8, UInt16, UInt32, UInt64, Int8, Int16, Int32, Int64, Float16, Float32, Float64,
            Complex64, Complex128
        );
        Self::new(samples, rows.len(), columns.len(), channels)
    }
}
