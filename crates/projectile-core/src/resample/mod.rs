//! Resampling kinds.

/// How blocks of pixels become one, with GDAL's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resampling {
    /// The mean of the valid pixels.
    Average,
    /// The greatest valid one.
    Max,
    /// The least valid one.
    Min,
    /// The block's top left pixel.
    Nearest,
    /// The commonest valid value, the least of equally common ones.
    Mode,
    /// The sum of the valid ones.
    Sum,
}
