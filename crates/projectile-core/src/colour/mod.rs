//! From samples to colours: window → colormap, channel compositing, labels, or nothing at all.

mod colorbar;
pub mod colormaps;
mod composite;
mod finish;
mod indexed;
mod labels;
mod linear;
mod raster;
mod window;

pub use colorbar::{BAR_LENGTHS, Colorbar, LONGEST_LABEL};
pub use colormaps::{COLORMAPS, Colormap, colormap};
pub use finish::{Finish, Tones};
pub use labels::label_colour;
pub use raster::{Layout, Raster};
pub use window::{Window, WindowFrom};

use crate::array::{DType, Pixels};
use crate::error::Result;

/// How samples become colours.
#[derive(Clone, Debug)]
pub enum Painter {
    /// 8-bit samples as they are: gray, gray and alpha, RGB or RGBA by the number of channels.
    AsIs,
    /// Each channel's window stretched to black … white; the last of 2 or 4 channels is alpha.
    Linear {
        /// A window for each colour channel, or one for all.
        windows: Vec<Window>,
        /// Bits of each sample that comes out: 8 or 16.
        bits: u8,
    },
    /// One channel through a colormap, exactly as matplotlib's `Normalize` and `Colormap` do it.
    Colormap {
        /// The map.
        map: &'static Colormap,
        /// What lies between its ends.
        window: Window,
    },
    /// The sum of the channels, each in its colour.
    Composite(Vec<([u8; 3], Window)>),
    /// Integer labels in stable colours, 0 transparent.
    Labels,
}

/// Colours `pixels`; samples that are NaN or `nodata` become transparent.
///
/// # Errors
/// [`Internal`](crate::ErrorKind::Internal) when the painter does not fit the channels.
pub fn paint(pixels: &Pixels, painter: &Painter, nodata: Option<f64>) -> Result<Raster> {
    match painter {
        Painter::AsIs if pixels.dtype() == DType::UInt8 && nodata.is_none() => linear::as_is(pixels),
        Painter::AsIs => linear::paint(pixels, &[Window::of_bytes()], 8, nodata),
        Painter::Linear { windows, bits } => linear::paint(pixels, windows, *bits, nodata),
        Painter::Colormap { map, window } => indexed::paint(pixels, map, *window, nodata),
        Painter::Composite(parts) => composite::paint(pixels, parts, nodata),
        Painter::Labels => labels::paint(pixels, nodata),
    }
}

#[cfg(test)]
mod tests;
