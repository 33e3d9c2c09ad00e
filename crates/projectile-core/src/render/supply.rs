//! Where a tile's pixels come from: a stored level, a built one, a reduction on the spot, or a sample.

use std::ops::RangeInclusive;

use super::build::JobParts;
use super::damage::Holes;
use super::image::{Image, LevelState};
use crate::array::{DType, Pixels};
use crate::error::{Error, Result};
use crate::geometry::Placement;
use crate::pyramid::Key;
use crate::resample::Resampling;
use crate::source::{Cancel, ReadRequest, Region, Residence, Selection};

/// Samples that are reduced while a request waits: a few milliseconds' worth.
const DIRECT_IN_MEMORY: u64 = 1 << 23;
const DIRECT_ELSEWHERE: u64 = 1 << 20;
/// Samples that are reduced in about the time that handing work over takes.
const FEW: u64 = 1 << 18;
/// Samples beyond which an image is never read from end to end: its own overviews stand for it.
const SCANNABLE: u128 = 1 << 38;
/// As above, where each sample has to come over a network: some gigabytes, which somebody pays for.
const SCANNABLE_FAR_AWAY: u128 = 1 << 30;
/// Stored samples that the answer to one request is projected from.
const MOST_PROJECTED: u64 = 1 << 30;
/// Stored samples that one tile is reduced from, whatever it shows: beyond, it is made of a sample for good.
const MOST_DIRECT: u64 = 1 << 30;
/// Pixels a side that a sample of a slow source takes; fewer than a tile shows, since each may cost a read.
const SAMPLE_SIDE: u64 = 128;

/// Pixels for a tile, and whether they are only a sample.
pub(super) struct Supply {
    pub(super) pixels: Pixels,
    pub(super) provisional: bool,
    /// Why some of it is missing.
    pub(super) missing: Option<String>,
}

/// How the levels of one plane are had for one resampling.
pub(super) struct Levelling<'a> {
    image: &'a Image,
    resampling: Resampling,
    key: Key,
    /// Whether the file's own overviews were made the same way.
    own_overviews: bool,
    scannable: bool,
    /// The level at whose reduction built levels begin.
    first_built: u32,
}

impl<'a> Levelling<'a> {
    pub(super) fn of(image: &'a Image, resampling: Resampling, selection: &Selection) -> Self {
        let info = image.info();
        let samples =
            u128::from(info.axes.height()) * u128::from(info.axes.width()) * u128::from(info.axes.channels());
        let scannable = samples * u128::from(image.planes())
            <= match image.residence() {
                Residence::Remote => SCANNABLE_FAR_AWAY,
                _ => SCANNABLE,
            };
        let own_overviews = !scannable || info.resampling.is_none_or(|own| own == resampling);
        let key = Key {
            resampling,
            indices: selection.indices.clone(),
        };
        let mut levelling = Self {
            image,
            resampling,
            key,
            own_overviews,
            scannable,
            first_built: 0,
        };
        levelling.first_built = levelling.first_worth_building();
        levelling
    }

    /// The finest level that fits the budget together with all coarser ones.
    fn first_worth_building(&self) -> u32 {
        let stored = self.image.info().dtype.magnitude();
        let base = self.base(u32::MAX).1;
        if self.image.residence() == Residence::Memory {
            // Wider samples than the image's own would take more than the third that a pyramid costs.
            let is_wider = self.resampling.output(stored).size() > stored.size();
            return base + if is_wider { 2 } else { 1 };
        }
        let budget = self.image.options().levels.of_one_plane();
        (base + 1..=self.image.max_zoom())
            .find(|&level| self.bytes_from(level, stored) <= budget)
            .unwrap_or(self.image.max_zoom())
    }

    /// Bytes of all levels from `first` on, made of samples of type `dtype`.
    pub(super) fn bytes_from(&self, first: u32, dtype: DType) -> u64 {
        let sample = self.resampling.output(dtype).size() as u64;
        let pixel = sample.saturating_mul(self.image.info().axes.channels());
        // Not a third more for the coarser ones: where one side is a pixel, only the other one is halved.
        (first..=self.image.max_zoom().max(first))
            .map(|level| {
                let (height, width) = self.image.grid().reduced(level);
                height.saturating_mul(width).saturating_mul(pixel)
            })
            .fold(0, u64::saturating_add)
    }

    /// The coarsest stored level that is not coarser than `reduction`: its index, and its own reduction.
    fn base(&self, reduction: u32) -> (usize, u32) {
        let levels = &self.image.info().levels;
        if !self.own_overviews {
            return (0, 0);
        }
        levels
            .iter()
            .enumerate()
            .map(|(index, level)| (index, level.factor.trailing_zeros()))
            .filter(|&(_, factor)| factor <= reduction)
            .max_by_key(|&(_, factor)| factor)
            .unwrap_or((0, 0))
    }

    pub(super) fn first_built(&self) -> u32 {
        self.first_built
    }

    /// Asks for the built levels.
    pub(super) fn want(&self) {
        if self.scannable {
            self.image.pyramids().want(&self.key);
        }
    }

    fn is_nearest(&self) -> bool {
        self.resampling == Resampling::NEAREST
    }

    /// Stored samples of the base level that a region of `height × width` reduced pixels takes.
    fn cost(&self, reduction: u32, height: u64, width: u64, channels: u64) -> u64 {
        let steps = reduction - self.base(reduction).1;
        let one = |length: u64| length.checked_mul(1u64.checked_shl(steps)?);
        one(height)
            .zip(one(width))
            .and_then(|(h, w)| {
                h.checked_mul(w)?
                    .checked_mul(channels)?
                    .checked_mul(self.image.planes())
            })
            .unwrap_or(u64::MAX)
    }

    fn is_direct(&self, reduction: u32, cost: u64) -> bool {
        let limit = if self.image.residence() == Residence::Memory {
            DIRECT_IN_MEMORY
        } else {
            DIRECT_ELSEWHERE
        };
        self.is_nearest() || cost <= limit || (reduction < self.first_built && cost <= MOST_DIRECT)
    }

    /// Whether a level has been built, which counts as a use of it.
    fn is_there(&self, reduction: u32) -> bool {
        self.image
            .pyramids()
            .get(&self.key)
            .is_some_and(|levels| levels.get(reduction).is_some())
    }

    /// Whether a level is built once it is wanted. One that is not is reduced on the spot, or sampled where that is too
    /// much.
    fn is_built(&self, reduction: u32) -> bool {
        self.scannable && reduction >= self.first_built
    }

    /// How tiles of a level are had now.
    pub(super) fn state(&self, reduction: u32) -> LevelState {
        /// A tile of the usual size stands for all.
        const TILE: u64 = 256;
        if self.base(reduction).1 == reduction {
            return LevelState::Ready;
        }
        let (height, width) = self.image.grid().reduced(reduction);
        let cost = self.cost(
            reduction,
            height.min(TILE),
            width.min(TILE),
            self.image.info().axes.channels(),
        );
        if self.is_there(reduction) {
            LevelState::Ready
        } else if self.is_direct(reduction, cost) || !self.is_built(reduction) {
            LevelState::Computed
        } else {
            LevelState::Provisional
        }
    }

    /// The levels that the pixels of a placement are to be made of, where those are not there yet; it is sampled until
    /// they are.
    pub(super) fn awaited(&self, placement: &Placement, selection: &Selection) -> Option<&Key> {
        let (reduction, region) = (placement.reduction, placement.region);
        let channels = selection.channel_count(self.image.info().axes.channels()) as u64;
        let is_had = self.base(reduction).1 == reduction
            || self.is_direct(
                reduction,
                self.cost(reduction, region.height, region.width, channels),
            )
            || self.is_there(reduction);
        (!is_had && self.is_built(reduction)).then_some(&self.key)
    }

    /// Whether the levels are on their way.
    #[cfg(test)]
    pub(super) fn is_pending(&self) -> bool {
        self.image.pyramids().is_pending(&self.key)
    }

    /// All of a stored level.
    fn whole(&self, level: usize) -> Result<Region> {
        let level = self.image.info().levels.get(level);
        let level = level.ok_or_else(|| Error::internal("a source without levels"))?;
        Ok(Region {
            y: 0,
            x: 0,
            height: level.height,
            width: level.width,
        })
    }

    /// Reduces a region (the whole plane for `None`), given in pixels of the coarsest level that is kept. With `holes`
    /// what is corrupt is no data, and told of there.
    pub(super) fn reduce(
        &self,
        region: Option<Region>,
        keep: RangeInclusive<u32>,
        selection: &Selection,
        holes: Option<&Holes>,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<Vec<Pixels>> {
        let base = self.base(*keep.start());
        let whole = self.whole(base.0)?;
        let region = region.map_or(whole, |region| scale(region, keep.end() - base.1, whole));
        self.image.reduce(
            self.resampling,
            &JobParts { base, region, holes },
            keep,
            selection,
            threads,
            cancel,
        )
    }

    /// Whether the pixels of a placement are there to be copied, or nearly so.
    pub(super) fn is_at_hand(&self, placement: &Placement, selection: &Selection) -> bool {
        let (reduction, region) = (placement.reduction, placement.region);
        let channels = selection.channel_count(self.image.info().axes.channels()) as u64;
        self.image.residence() == Residence::Memory
            && (self.base(reduction).1 == reduction
                || self.is_nearest()
                || self.cost(reduction, region.height, region.width, channels) <= FEW
                || self.is_there(reduction))
    }

    /// The pixels of a placement.
    pub(super) fn supply(
        &self,
        placement: &Placement,
        selection: &Selection,
        cancel: &Cancel,
    ) -> Result<Supply> {
        let (reduction, region) = (placement.reduction, placement.region);
        let exact = |pixels| Supply {
            pixels,
            provisional: false,
            missing: None,
        };
        let base = self.base(reduction);
        if base.1 == reduction {
            return self.sample(base.0, region, 1, selection, cancel).map(exact);
        }
        if self.is_nearest() {
            return self
                .sample_base(base, reduction, region, 1, selection, cancel)
                .map(exact);
        }
        let channels = selection.channel_count(self.image.info().axes.channels()) as u64;
        let cost = self.cost(reduction, region.height, region.width, channels);
        if let Some(levels) = self.image.pyramids().get(&self.key)
            && let Some(level) = levels.get(reduction)
        {
            let part = level.crop(
                region.y as usize,
                region.x as usize,
                region.height as usize,
                region.width as usize,
                1,
            );
            let pixels = part.select(selection.channels.as_deref())?;
            let missing = levels.missing(reduction, region);
            let pixels = if missing.is_none() && levels.holes.is_some() {
                pixels.cast(self.resampling.output(self.image.info().dtype.magnitude()))
            } else {
                pixels
            };
            return Ok(Supply {
                pixels,
                provisional: false,
                missing,
            });
        }
        if self.is_direct(reduction, cost) {
            // Exact at once, and next time from a built level where that is cheaper than reducing it again.
            if cost > FEW && self.is_built(reduction) {
                self.want();
            }
            self.image.check_projected(cost / self.image.planes())?;
            let mut levels = self.reduce(Some(region), reduction..=reduction, selection, None, 1, cancel)?;
            return levels
                .pop()
                .map(exact)
                .ok_or_else(|| Error::internal("a reduction gave no level"));
        }
        if self.is_built(reduction) {
            self.want();
        }
        let coarse = match self.image.residence() {
            Residence::Memory => 1,
            _ => region
                .height
                .max(region.width)
                .div_ceil(SAMPLE_SIDE)
                .next_power_of_two(),
        };
        let pixels = self.sample_base(base, reduction, region, coarse, selection, cancel)?;
        let pixels = pixels.repeat(coarse as usize, region.height as usize, region.width as usize)?;
        Ok(Supply {
            pixels,
            provisional: self.is_built(reduction),
            missing: None,
        })
    }

    /// Reads what tiles of a region will be made of, where they are made of the stored level at once.
    pub(super) fn fetch(
        &self,
        reduction: u32,
        region: Region,
        selection: &Selection,
        cancel: &Cancel,
    ) -> Result<()> {
        /// More than any view takes; a greater one would push everything else out of the source's memory.
        const MOST: u64 = 1 << 26;
        /// A tile of the usual size stands for all.
        const TILE: u64 = 256;
        let base = self.base(reduction);
        let channels = selection.channel_count(self.image.info().axes.channels()) as u64;
        let tile = self.cost(
            reduction,
            region.height.min(TILE),
            region.width.min(TILE),
            channels,
        );
        let all = self.cost(reduction, region.height, region.width, channels);
        let is_made_at_once = base.1 == reduction || self.is_direct(reduction, tile);
        let is_built = self.is_there(reduction);
        if !is_made_at_once || is_built || all > MOST {
            return Ok(());
        }
        let region = scale(region, reduction - base.1, self.whole(base.0)?);
        self.sample(base.0, region, 1, selection, cancel).map(|_| ())
    }

    /// Every `2^steps × coarse`-th pixel of the base level.
    fn sample_base(
        &self,
        base: (usize, u32),
        reduction: u32,
        region: Region,
        coarse: u64,
        selection: &Selection,
        cancel: &Cancel,
    ) -> Result<Pixels> {
        let whole = self.whole(base.0)?;
        let steps = reduction - base.1;
        self.sample(
            base.0,
            scale(region, steps, whole),
            coarse << steps,
            selection,
            cancel,
        )
    }

    fn sample(
        &self,
        level: usize,
        region: Region,
        step: u64,
        selection: &Selection,
        cancel: &Cancel,
    ) -> Result<Pixels> {
        let selection = selection.clone();
        let channels = selection.channel_count(self.image.info().axes.channels()) as u64;
        self.image
            .check_projected(region.height.div_ceil(step) * region.width.div_ceil(step) * channels)?;
        self.image.read(ReadRequest {
            level,
            region,
            step,
            selection,
            cancel: cancel.clone(),
        })
    }
}

impl Image {
    /// Refuses what takes too many stored samples, where each of `samples` is made of many.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit).
    pub(super) fn check_projected(&self, samples: u64) -> Result<()> {
        let planes = self.planes();
        if planes == 1 || samples.saturating_mul(planes) <= MOST_PROJECTED {
            return Ok(());
        }
        Err(Error::limit(format!(
            "{samples} samples, each of {planes} planes, are more than are projected at once: ask for fewer of either"
        )))
    }
}

/// A region in pixels that are `2^steps` times smaller, inside `whole`.
fn scale(region: Region, steps: u32, whole: Region) -> Region {
    let (y, x) = (region.y << steps, region.x << steps);
    Region {
        y,
        x,
        height: (region.height << steps).min(whole.height - y),
        width: (region.width << steps).min(whole.width - x),
    }
}
