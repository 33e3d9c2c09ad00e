//! Blocks as a source of pixels.

use std::ops::Range;
use std::time::Duration;

use projectile_core::array::Part;
use projectile_core::{
    Error, ErrorKind, Pixels, ReadFuture, ReadRequest, Region, Residence, Result, Samples, Source, SourceInfo,
};

use super::blocks::{Block, BlockReader, Blocks};
use super::cache::BlockCache;
use super::division::{Division, Run, runs, touched};
use crate::sizes::{to_u64, to_usize};

/// What a sample of the whole image may read while somebody waits: bytes, and blocks, each of which may take a while.
const SAMPLE_BYTES: u64 = 64 << 20;
const SAMPLE_BLOCKS: u64 = 25;

/// How a [`ChunkedSource`] reads.
#[derive(Clone, Debug)]
pub struct ChunkedOptions {
    /// What a read costs.
    pub residence: Residence,
    /// Where blocks are kept. Arrays that share one share its budget.
    pub cache: BlockCache,
    /// How long to wait for more blocks before reading, so that they are read together.
    pub gather: Duration,
}

impl ChunkedOptions {
    /// Those of what costs so much to read. From far away, others who want blocks are waited for: much less than a
    /// server takes to answer.
    pub(crate) fn of(residence: Residence, cache: BlockCache) -> Self {
        const GATHER: Duration = Duration::from_millis(2);
        let gather = if residence == Residence::Remote {
            GATHER
        } else {
            Duration::ZERO
        };
        Self {
            residence,
            cache,
            gather,
        }
    }
}

impl Default for ChunkedOptions {
    fn default() -> Self {
        Self {
            residence: Residence::Local,
            cache: BlockCache::default(),
            gather: Duration::ZERO,
        }
    }
}

/// An array that is read by blocks, never whole.
#[derive(Debug)]
pub struct ChunkedSource {
    info: SourceInfo,
    divisions: Vec<Division>,
    residence: Residence,
    blocks: Blocks,
}

impl ChunkedSource {
    /// A source of `reader`'s blocks, which divide each axis, in storage order, as `divisions` say. It has one level.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) when the divisions are not those of the axes.
    pub fn new(
        mut info: SourceInfo,
        divisions: Vec<Division>,
        reader: Box<dyn BlockReader>,
        options: &ChunkedOptions,
    ) -> Result<Self> {
        if divisions.len() != info.axes.iter().count() {
            return Err(Error::bad_request("chunks", "chunks are needed for each axis"));
        }
        for (axis, division) in info.axes.iter().zip(&divisions) {
            division.check(axis.size)?;
        }
        let rows = info.axes.position("y").and_then(|at| divisions.get(at));
        info.chunk_rows = rows.map(|division| division.longest(info.axes.height()));
        Ok(Self {
            info,
            divisions,
            residence: options.residence,
            blocks: Blocks::new(reader, options.cache.clone(), options.gather),
        })
    }

    pub(super) fn gather(&self, request: &ReadRequest) -> Result<Pixels> {
        let axes = &self.info.axes;
        let step = request.step.max(1);
        let every = self.sparseness(request);
        let (ys, xs) = ranges(request.region);
        let along = |name: &str, range: Range<u64>, every: u64| match self.axis(name) {
            Some((size, division)) => runs(division, size, range, step, every),
            None => Vec::new(),
        };
        let (rows, columns) = (along("y", ys, every.0), along("x", xs, every.1));
        let channels = self.channel_runs(request);
        let (height, width) = request.output_size();
        let count = request.selection.channel_count(axes.channels());

        let mut indices = request.selection.indices.iter();
        let extra: Vec<Option<u64>> = axes
            .iter()
            .map(|axis| match axis.name.as_str() {
                "y" | "x" | "c" => None,
                _ => Some(
                    indices
                        .next()
                        .copied()
                        .unwrap_or(0)
                        .min(axis.size.saturating_sub(1)),
                ),
            })
            .collect();
        let mut wanted: Vec<Block> = Vec::new();
        let mut pieces: Vec<(usize, [Run; 3])> = Vec::new();
        for row in &rows {
            for column in &columns {
                for channel in &channels {
                    let block = self.block(&extra, [row, column, channel]);
                    let at = wanted
                        .iter()
                        .rposition(|known| *known == block)
                        .unwrap_or_else(|| {
                            wanted.push(block);
                            wanted.len().saturating_sub(1)
                        });
                    pieces.push((at, [*row, *column, *channel]));
                }
            }
        }
        let samples = self.blocks.get(&wanted, &request.cancel);
        if step > 1 {
            stand_in(&mut pieces, &samples);
        }
        let parts: Vec<Part> = pieces
            .iter()
            .map(|(at, piece)| match wanted.get(*at).zip(samples.get(*at)) {
                Some((block, Ok(samples))) => self.part(block, samples, &extra, piece),
                Some((_, Err(error))) => Err(error.clone()),
                None => Err(Error::internal("a block was not asked for")),
            })
            .collect::<Result<_>>()?;
        if let [part] = &parts[..]
            && part.pixels.shape() == [height, width, count]
        {
            return Ok(part.pixels.clone());
        }
        Pixels::mosaic(self.info.dtype, [height, width, count], &parts)
    }

    /// The size of an axis, and how it is divided.
    fn axis(&self, name: &str) -> Option<(u64, &Division)> {
        let mut axes = self.info.axes.iter().zip(&self.divisions);
        let (axis, division) = axes.find(|(axis, _)| axis.name == name)?;
        Some((axis.size, division))
    }

    /// Of how many blocks along y and x one is used: of all, where each is needed or all together are few.
    fn sparseness(&self, request: &ReadRequest) -> (u64, u64) {
        if request.step <= 1 {
            return (1, 1);
        }
        let axes = &self.info.axes;
        let block: u64 = axes
            .iter()
            .zip(&self.divisions)
            .fold(to_u64(self.info.dtype.size()), |bytes, (axis, division)| {
                bytes.saturating_mul(division.longest(axis.size))
            });
        let count = |name: &str, range: Range<u64>| {
            self.axis(name).map_or(1, |(_, division)| {
                to_u64(touched(division, range, request.step).len())
            })
        };
        let (ys, xs) = ranges(request.region);
        let (rows, columns) = (count("y", ys), count("x", xs));
        let most = SAMPLE_BYTES.checked_div(block).unwrap_or(SAMPLE_BYTES);
        let most = most.clamp(1, SAMPLE_BLOCKS);
        let (mut down, mut across) = (1u64, 1u64);
        while rows.div_ceil(down).saturating_mul(columns.div_ceil(across)) > most {
            // The direction that has more blocks left gives.
            if rows.div_ceil(down) >= columns.div_ceil(across) {
                down = down.saturating_add(1);
            } else {
                across = across.saturating_add(1);
            }
        }
        (down, across)
    }

    fn channel_runs(&self, request: &ReadRequest) -> Vec<Run> {
        let Some((size, division)) = self.axis("c") else {
            let only = Run {
                out: 0,
                length: 1,
                block: 0,
                start: 0,
                step: 0,
            };
            return vec![only];
        };
        match &request.selection.channels {
            None => runs(division, size, 0..size, 1, 1),
            Some(chosen) => chosen
                .iter()
                .enumerate()
                .map(|(out, &channel)| {
                    let channel = channel.min(size.saturating_sub(1));
                    let block = division.block_of(channel);
                    Run {
                        out,
                        length: 1,
                        block,
                        start: channel.saturating_sub(division.elements(block, size).start),
                        step: 0,
                    }
                })
                .collect(),
        }
    }

    /// The block where these runs along y, x and c are, at the given indexes of extra axes.
    fn block(&self, extra: &[Option<u64>], [row, column, channel]: [&Run; 3]) -> Block {
        let ranges = self.info.axes.iter().zip(&self.divisions).zip(extra);
        let ranges = ranges.map(|((axis, division), index)| {
            let block = match (axis.name.as_str(), index) {
                (_, Some(index)) => division.block_of(*index),
                ("y", _) => row.block,
                ("x", _) => column.block,
                _ => channel.block,
            };
            division.elements(block, axis.size)
        });
        Block(ranges.collect())
    }

    /// The samples of these runs, as a view into their block.
    fn part(
        &self,
        block: &Block,
        samples: &Samples,
        extra: &[Option<u64>],
        [row, column, channel]: &[Run; 3],
    ) -> Result<Part> {
        let axes = self.info.axes.iter().zip(&block.0).zip(extra);
        let (mut offset, mut stride) = (0, 1);
        let [mut down, mut across, mut between] = [0; 3];
        #[expect(
            clippy::arithmetic_side_effects,
            clippy::as_conversions,
            reason = "no step leads out of the block, whose samples are in memory"
        )]
        for ((axis, elements), index) in axes.collect::<Vec<_>>().into_iter().rev() {
            let mut still = 0;
            let (start, step, steps) = match (axis.name.as_str(), index) {
                (_, Some(index)) => (index - elements.start, 0, &mut still),
                ("y", _) => (row.start, row.step, &mut down),
                ("x", _) => (column.start, column.step, &mut across),
                _ => (channel.start, channel.step, &mut between),
            };
            offset += start * stride;
            *steps = (stride * step) as isize;
            stride *= elements.end - elements.start;
        }
        let shape = [row.length, column.length, channel.length];
        Ok(Part {
            at: [row.out, column.out, channel.out],
            pixels: Pixels::strided(samples.clone(), to_usize(offset), shape, [down, across, between])?,
        })
    }
}

/// The rows and the columns of a region.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "who asks keeps the region inside of its level"
)]
fn ranges(region: Region) -> (Range<u64>, Range<u64>) {
    (
        region.y..region.y + region.height,
        region.x..region.x + region.width,
    )
}

/// Of a sample, lets what is broken be stood for by what is near, as is what no block is read of.
fn stand_in(pieces: &mut [(usize, [Run; 3])], samples: &[Result<Samples>]) {
    let is_broken = |at: usize| {
        let error = samples.get(at).and_then(|samples| samples.as_ref().err());
        error.is_some_and(|error| error.kind() == ErrorKind::Corrupt)
    };
    if !pieces.iter().any(|(at, _)| is_broken(*at)) {
        return;
    }
    let whole: Vec<(usize, [Run; 3])> = pieces
        .iter()
        .filter(|(at, _)| samples.get(*at).is_some_and(Result::is_ok))
        .copied()
        .collect();
    for piece in pieces.iter_mut().filter(|(at, _)| is_broken(*at)) {
        let [row, column, channel] = piece.1;
        let distance = |[y, x, _]: &[Run; 3]| {
            let (down, across) = (row.out.abs_diff(y.out), column.out.abs_diff(x.out));
            down.saturating_add(across)
        };
        let near = whole
            .iter()
            .filter(|(_, [.., other])| other.out == channel.out)
            .min_by_key(|(_, runs)| distance(runs));
        let Some(&(at, [y, x, c])) = near else { continue };
        let still = |run: Run, of: Run| Run {
            block: of.block,
            start: of.start,
            step: 0,
            ..run
        };
        *piece = (at, [still(row, y), still(column, x), c]);
    }
}

impl Source for ChunkedSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        self.residence
    }

    fn forget(&self) {
        self.blocks.forget();
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        Box::pin(std::future::ready(self.gather(&request)))
    }
}
