//! Levels on their way: who is to build them, and how they are reduced from what is stored.

use super::damage::{Holes, holds_holes};
use super::image::Image;
use super::supply::Levelling;
use crate::array::Pixels;
use crate::error::{ErrorKind, Result};
use crate::pyramid::{Key, Levels};
use crate::resample::{Job, Resampling};
use crate::source::{Cancel, ReadRequest, Region, Selection};

/// Levels that are to be built. Dropped without having run, it can be asked for again.
#[derive(Debug)]
pub struct Build {
    image: Image,
    key: Option<Key>,
}

impl Build {
    pub(super) fn of(image: Image, key: Key) -> Self {
        Self {
            image,
            key: Some(key),
        }
    }

    /// Builds the levels on up to `threads` threads and publishes them. Blocks; may take long.
    ///
    /// # Errors
    /// What reading gives, and [`Cancelled`](ErrorKind::Cancelled).
    pub fn run(mut self, threads: usize, cancel: &Cancel) -> Result<()> {
        let Some(key) = self.key.clone() else {
            return Ok(());
        };
        // Until it is known how this ends the key stays, so that a panic gives the build up as dropping it does.
        let built = self.build(&key, threads, cancel);
        self.key = None;
        match built {
            Ok(levels) => self.image.pyramids().publish(key, levels),
            Err(error) => {
                let for_good = (error.kind() != ErrorKind::Cancelled).then(|| error.clone());
                self.image.pyramids().give_up(&key, for_good);
                return Err(error);
            }
        }
        Ok(())
    }

    fn build(&self, key: &Key, threads: usize, cancel: &Cancel) -> Result<Levels> {
        let image = &self.image;
        let selection = Selection {
            indices: key.indices.clone(),
            channels: None,
        };
        let levelling = Levelling::of(image, key.resampling, &selection);
        let (first, last) = (
            levelling.first_built(),
            image.max_zoom().max(levelling.first_built()),
        );
        let make_room = |dtype| image.pyramids().make_room(levelling.bytes_from(first, dtype));
        let dtype = image.info().dtype.magnitude();
        make_room(dtype);
        let reduced = levelling.reduce(None, first..=last, &selection, None, threads, cancel);
        let (levels, holes) = match reduced {
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                // Once more, around what is corrupt: the rest is worth to be seen.
                make_room(holds_holes(dtype, image.info().nodata_of_samples()));
                let holes = Holes::default();
                let levels =
                    levelling.reduce(None, first..=last, &selection, Some(&holes), threads, cancel)?;
                (levels, Some(holes))
            }
            reduced => (reduced?, None),
        };
        Ok(Levels {
            first,
            reduced: levels,
            holes,
        })
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.image.pyramids().give_up(&key, None);
        }
    }
}

/// How a [`Job`] of this image is put together.
pub(super) struct JobParts<'a> {
    /// Index into the source's levels, and base-2 logarithm of its factor.
    pub(super) base: (usize, u32),
    /// Rows and columns of the region at that level, and where it starts.
    pub(super) region: Region,
    /// Where to tell of what is corrupt, and is no data then; else that is an error.
    pub(super) holes: Option<&'a Holes>,
}

impl Image {
    /// Reduces a region of a stored level by `resampling`. `keep` counts from full resolution.
    pub(super) fn reduce(
        &self,
        resampling: Resampling,
        parts: &JobParts<'_>,
        keep: std::ops::RangeInclusive<u32>,
        selection: &Selection,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<Vec<Pixels>> {
        /// Pixels a side that are given up together where something is corrupt.
        const LEAST: u64 = 64;
        let (level, base) = parts.base;
        let own = self.info().dtype.magnitude();
        let dtype = match parts.holes {
            None => own,
            Some(_) => holds_holes(own, self.info().nodata_of_samples()),
        };
        let blocks = |block: Region| {
            let region = Region {
                y: parts.region.y + block.y,
                x: parts.region.x + block.x,
                ..block
            };
            let request = ReadRequest {
                level,
                region,
                step: 1,
                selection: selection.clone(),
                cancel: cancel.clone(),
            };
            if let Some(holes) = parts.holes {
                return self.read_around(&request, dtype, LEAST, holes);
            }
            let pixels = self.read(request)?;
            Ok(pixels.magnitude().unwrap_or(pixels))
        };
        resampling.reduce(&Job {
            blocks: &blocks,
            size: (parts.region.height, parts.region.width),
            channels: selection.channel_count(self.info().axes.channels()),
            dtype,
            keep: keep.start() - base..=keep.end() - base,
            rules: self.rules(),
            threads,
            cancel,
            rows: None,
        })
    }
}
