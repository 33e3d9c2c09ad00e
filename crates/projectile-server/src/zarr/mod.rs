//! Any image as OME-Zarr: what the metadata of such a group of arrays say, and which pixels a chunk holds.
//!
//! One group is both [OME-Zarr 0.5](https://ngff.openmicroscopy.org/0.5/) over Zarr 3 and 0.4 over Zarr 2: the two name
//! their metadata and chunks differently. Each level is an array, of which the axes stand in OME's order (time,
//! channels and others, then space), whatever the order of the image's own; a chunk holds one channel of 256 × 256
//! pixels, little-endian and not compressed. In Zarr 3 several of them may be one object, a shard.

mod metadata;
mod shards;

use projectile_core::sizes::to_usize;
use projectile_core::{Area, Axis, DType, Image, Region, Resampling, Style};

pub(crate) use metadata::{Layout, metadata};

/// Pixels a side of a chunk.
const CHUNK: u32 = 256;

/// How an image's axes are laid out as arrays.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrangement {
    /// The names of the arrays' axes.
    pub(crate) axes: Vec<Axis>,
    /// The type of the samples.
    pub(crate) dtype: DType,
}

impl Arrangement {
    pub(crate) fn of(image: &Image) -> Self {
        let info = image.info();
        let mut axes: Vec<Axis> = info
            .axes
            .iter()
            .filter(|axis| axis.name != "c" || axis.size > 1)
            .cloned()
            .collect();
        // OME's order; the sort keeps those of one rank as they are.
        axes.sort_by_key(|axis| match axis.name.as_str() {
            "t" => 0,
            "c" => 1,
            "z" => 3,
            "y" => 4,
            "x" => 5,
            _ => 2,
        });
        Self {
            axes,
            dtype: info.dtype,
        }
    }

    /// How many levels there are: down to one that fits into a chunk. Complex numbers have no means, so only their
    /// full resolution is there.
    pub(crate) fn levels(&self, image: &Image) -> u32 {
        if self.dtype.is_complex() {
            return 1;
        }
        let grid = image.grid();
        let fits = |reduction: &u32| {
            let (height, width) = grid.reduced(*reduction);
            height.max(width) <= CHUNK.into()
        };
        let last = (0..=grid.max_zoom()).find(fits).unwrap_or(grid.max_zoom());
        last.saturating_add(1)
    }

    /// The shape of a level's array.
    pub(crate) fn shape(&self, image: &Image, level: u32) -> Vec<u64> {
        let (height, width) = image.grid().reduced(level);
        self.axes
            .iter()
            .map(|axis| match axis.name.as_str() {
                "y" => height,
                "x" => width,
                _ => axis.size,
            })
            .collect()
    }

    /// The shape of each chunk.
    pub(crate) fn chunk(&self) -> Vec<u64> {
        self.per_axis(CHUNK.into())
    }

    /// `side` along rows and columns, and 1 along the other axes.
    fn per_axis(&self, side: u64) -> Vec<u64> {
        self.axes
            .iter()
            .map(|axis| {
                if matches!(axis.name.as_str(), "y" | "x") {
                    side
                } else {
                    1
                }
            })
            .collect()
    }

    /// Bytes of each chunk: those at the edge are filled up.
    pub(crate) fn bytes_of_chunk(&self) -> usize {
        let side = to_usize(CHUNK.into());
        side.saturating_mul(side).saturating_mul(self.dtype.size())
    }

    /// Which pixels a chunk of a level holds, and in which style they are asked for; `None` where there is no such
    /// chunk.
    pub(crate) fn place(&self, image: &Image, level: u32, at: &[u64]) -> Option<(Area, Style)> {
        if at.len() != self.axes.len() || level >= self.levels(image) {
            return None;
        }
        let shape = self.shape(image, level);
        let mut style = Style {
            resampling: (!image.resampling().keeps_dtype()).then_some(Resampling::AVERAGE),
            ..Style::default()
        };
        let mut region = Region {
            y: 0,
            x: 0,
            height: CHUNK.into(),
            width: CHUNK.into(),
        };
        for ((axis, &at), &size) in self.axes.iter().zip(at).zip(&shape) {
            match axis.name.as_str() {
                "y" => region.y = at.checked_mul(CHUNK.into()).filter(|&start| start < size)?,
                "x" => region.x = at.checked_mul(CHUNK.into()).filter(|&start| start < size)?,
                "c" if at < size => style.channels = Some(vec![at]),
                _ if at >= size => return None,
                _ if at > 0 => style.indices.push((axis.name.clone(), at)),
                _ => {}
            }
        }
        let area = Area::Reduced {
            reduction: level,
            region,
        };
        Some((area, style))
    }

    /// Rows and columns of a chunk's pixels.
    pub(crate) fn padded() -> (u32, u32) {
        (CHUNK, CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use projectile_core::Samples;

    fn image(shape: &[u64]) -> Image {
        let count = shape.iter().product::<u64>() as usize;
        Image::from_array("a", Samples::UInt8(vec![0; count].into()), shape).unwrap()
    }

    #[test]
    fn axes_stand_in_the_order_of_ome_and_chunks_hold_one_channel() {
        let photo = image(&[300, 500, 3]);
        let arranged = Arrangement::of(&photo);
        assert_eq!(arranged.shape(&photo, 0), [3, 300, 500]);
        assert_eq!(arranged.shape(&photo, 1), [3, 150, 250]);
        assert_eq!(
            (arranged.levels(&photo), arranged.chunk()),
            (2, vec![1, 256, 256])
        );
        let (area, style) = arranged.place(&photo, 0, &[2, 1, 1]).unwrap();
        assert_eq!(style.channels, Some(vec![2]));
        let Area::Reduced { region, .. } = area else {
            panic!("{area:?}")
        };
        assert_eq!((region.y, region.x), (256, 256));
        for nowhere in [&[3, 0, 0][..], &[0, 2, 0], &[0, 0, 2], &[0, 0], &[0, 0, u64::MAX]] {
            assert!(arranged.place(&photo, 0, nowhere).is_none(), "{nowhere:?}");
        }
        assert!(arranged.place(&photo, 2, &[0, 0, 0]).is_none());
        let stack = image(&[2, 3, 4, 10, 12]);
        let (_, style) = Arrangement::of(&stack)
            .place(&stack, 0, &[1, 2, 3, 0, 0])
            .unwrap();
        assert_eq!(style.indices, [("t".to_owned(), 1), ("z".to_owned(), 3)]);
    }
}
