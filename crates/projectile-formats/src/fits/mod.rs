//! FITS, the Flexible Image Transport System (FITS Standard 4.0): headers, images, and images compressed by tiles.

mod axes;
mod header;
mod image;
mod rice;
mod table;
mod tiled;
mod units;

pub use header::{Card, Header, parse_header};
pub(crate) use image::Image;
pub(crate) use units::units;
