//! Arrays: element types, named axes, shared buffers, and views of pixels in them.

mod axes;
mod dimension;
mod dtype;
mod memory;
mod mosaic;
mod pick;
mod pixels;
mod samples;

pub use axes::{Axes, Axis};
pub use dimension::{Coordinates, Dimension, Ranges};
pub use dtype::DType;
pub use memory::ArraySource;
pub use mosaic::Part;
pub use pixels::{Pixels, Value};
pub(crate) use samples::with_samples;
pub use samples::{Buffer, Sample, Samples};
