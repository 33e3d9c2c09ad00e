//! What a protocol asks for.

use std::hash::{Hash, Hasher};

use crate::colour::{Colormap, Finish};
use crate::encode::Encoding;
use crate::error::Result;
use crate::geometry::{Grid, Placement};
use crate::projection::Projection;
use crate::resample::Resampling;
use crate::source::Region;

/// One tile, fully described: equal requests of one image have equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TileRequest {
    /// Which part of the image.
    pub area: Area,
    /// How it looks.
    pub style: Style,
    /// How it is encoded.
    pub encoding: Encoding,
}

/// Which part of an image, at which resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Area {
    /// Tile (x, y) of zoom z in the seed's grid, rendered at `size × size` pixels.
    Tile {
        /// Zoom: 0 is one tile for the whole image.
        z: u32,
        /// Column of tiles.
        x: u64,
        /// Row of tiles.
        y: u64,
        /// The tile's side in pixels, a power of two.
        size: u32,
    },
    /// A tile whose axes have zooms of their own: column `x` of tiles of zoom `zx`, row `y` of those of zoom `zy`.
    /// Where the image is halved more often one way, that is done after it was reduced both ways.
    Anisotropic {
        /// Zoom along rows.
        zx: u32,
        /// Zoom along columns.
        zy: u32,
        /// Column of tiles.
        x: u64,
        /// Row of tiles.
        y: u64,
        /// The tile's side in pixels, a power of two.
        size: u32,
    },
    /// A region of the image reduced by `2^reduction` in blocks from its top left corner: what pyramids of other
    /// programs' tiles are cut from. It is as large as what of it lies inside of the image.
    Reduced {
        /// Base-2 logarithm of the image's pixels per pixel, a side.
        reduction: u32,
        /// Which reduced pixels.
        region: Region,
    },
    /// A region of the full-resolution image at any size.
    Scaled {
        /// Which pixels of the image.
        region: Region,
        /// Rows of the answer.
        height: u64,
        /// Columns of the answer.
        width: u64,
    },
}

impl Area {
    /// Where in an image it lies.
    ///
    /// # Errors
    /// Those of [`Grid::place`], [`Grid::place_anisotropic`], [`Grid::place_reduced`] and [`Grid::place_scaled`].
    pub fn place(&self, grid: Grid) -> Result<Placement> {
        match *self {
            Self::Tile { z, x, y, size } => grid.place(z, x, y, size),
            Self::Anisotropic { zx, zy, x, y, size } => grid.place_anisotropic((zx, zy), x, y, size),
            Self::Reduced { reduction, region } => grid.place_reduced(reduction, region),
            Self::Scaled {
                region,
                height,
                width,
            } => grid.place_scaled(region, (height, width)),
        }
    }

    /// The pixels of the image that it covers, and such as would lie beyond it.
    pub(super) fn covers(&self, grid: Grid) -> Region {
        let (zx, zy, x, y) = match *self {
            Self::Tile { z, x, y, .. } => (z, z, x, y),
            Self::Anisotropic { zx, zy, x, y, .. } => (zx, zy, x, y),
            Self::Scaled { region, .. } => return region,
            Self::Reduced { reduction, region } => {
                let wide =
                    |length: u64| length.saturating_mul(1u64.checked_shl(reduction).unwrap_or(u64::MAX));
                return Region {
                    y: wide(region.y),
                    x: wide(region.x),
                    height: wide(region.height),
                    width: wide(region.width),
                };
            }
        };
        let [across, down] = [zx, zy].map(|z| grid.max_zoom().saturating_sub(z));
        Region {
            y: y << down,
            x: x << across,
            height: 1 << down,
            width: 1 << across,
        }
    }
}

/// How pixels look; whatever is `None` is the image's own default.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// For one channel.
    pub colormap: Option<&'static Colormap>,
    /// Lower end of the display window.
    pub vmin: Option<f64>,
    /// Upper end of the display window.
    pub vmax: Option<f64>,
    /// How pixels are reduced.
    pub resampling: Option<Resampling>,
    /// One channel, or several to composite.
    pub channels: Option<Vec<u64>>,
    /// The colour of each of [`channels`](Self::channels) in a composite, in their order; empty for their own.
    pub colours: Vec<[u8; 3]>,
    /// The display window (vmin, vmax) of each of [`channels`](Self::channels), in their order; empty for their own.
    pub windows: Vec<(f64, f64)>,
    /// Index along an extra axis, by name; 0 for axes that are not named.
    pub indices: Vec<(String, u64)>,
    /// Extra axes whose planes are made one, by name: none that [`indices`](Self::indices) name. Of several, the last
    /// axis of the array goes first.
    pub projections: Vec<(String, Projection)>,
    /// Bits of each sample of a picture: 8, or 16 for PNG.
    pub bits: Option<u8>,
    /// What is done to a picture last.
    pub finish: Finish,
}

impl Style {
    /// Everything that tells two styles apart, with an order and a hash.
    #[expect(clippy::type_complexity, reason = "a tuple only to compare and hash by")]
    fn key(
        &self,
    ) -> (
        Option<&str>,
        Option<u64>,
        Option<u64>,
        Option<Resampling>,
        &Option<Vec<u64>>,
        &[[u8; 3]],
        Vec<(u64, u64)>,
        &[(String, u64)],
        &[(String, Projection)],
        Option<u8>,
        Finish,
    ) {
        (
            self.colormap.map(|map| map.name),
            self.vmin.map(f64::to_bits),
            self.vmax.map(f64::to_bits),
            self.resampling,
            &self.channels,
            &self.colours,
            self.windows
                .iter()
                .map(|(vmin, vmax)| (vmin.to_bits(), vmax.to_bits()))
                .collect(),
            &self.indices,
            &self.projections,
            self.bits,
            self.finish,
        )
    }
}

impl PartialEq for Style {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Style {}

impl Hash for Style {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
