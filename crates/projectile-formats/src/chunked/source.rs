//! Blocks as a source of pixels.

use std::ops::Range;
use std::time::Duration;

use projectile_core::array::Part;
use projectile_core::{
    Error, Pixels, ReadFuture, ReadRequest, Residence, Result, Samples, Source, SourceInfo,
};

use super::blocks::{Block, BlockReader, Blocks};
use super::cache::BlockCache;
use super::division::{Division, Run, runs, touched};

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
        let height = info.axes.height();
        let rows = info.axes.position("y").map(|at| divisions[at].longest(height));
        info.chunk_rows = rows;
        Ok(Self {
            info,
            divisions,
            residence: options.residence,
            blocks: Blocks::new(reader, options.cache.clone(), options.gather),
        })
    }

    pub(super) fn gather(&self, request: &ReadRequest) -> Result<Pixels> {
        let axes = &self.info.axes;
        let region = request.region;
        let step = request.step.max(1);
        let every = self.sparseness(request);
        let (ys, xs) = (
            region.y..region.y + region.height,
            region.x..region.x + region.width,
        );
        let along = |name: &str, range: Range<u64>, every: u64| match axes.position(name) {
            Some(at) => runs(&self.divisions[at], self.size(at), range, step, every),
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
                _ => Some(indices.next().copied().unwrap_or(0).min(axis.size - 1)),
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
                            wanted.len() - 1
                        });
                    pieces.push((at, [*row, *column, *channel]));
                }
            }
        }
        let samples = self.blocks.get(&wanted, &request.cancel);
        if step > 1 {
            stand_in(&mut pieces, &samples);
        }
        let needed = pieces
            .iter()
            .map(|(at, _)| *at)
            .collect::<std::collections::BTreeSet<usize>>();
        if let Some(error) = needed.into_iter().find_map(|at| samples[at].as_ref().err()) {
            return Err(error.clone());
        }
        let samples: Vec<Samples> = samples
            .into_iter()
            .map(|samples| samples.unwrap_or_else(|_| Samples::UInt8(Vec::new().into())))
            .collect();
        let parts: Vec<Part> = pieces
            .iter()
            .map(|(at, piece)| self.part(&wanted[*at], &samples[*at], &extra, piece))
            .collect::<Result<_>>()?;
        if let [part] = &parts[..]
            && part.pixels.shape() == [height, width, count]
        {
            return Ok(part.pixels.clone());
        }
        Pixels::mosaic(self.info.dtype, [height, width, count], &parts)
    }

    fn size(&self, axis: usize) -> u64 {
        self.info.axes.iter().nth(axis).map_or(1, |axis| axis.size)
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
            .fold(self.info.dtype.size() as u64, |bytes, (axis, division)| {
                bytes.saturating_mul(division.longest(axis.size))
            });
        let count = |name: &str, range: Range<u64>| {
            axes.position(name).map_or(1, |at| {
                touched(&self.divisions[at], range, request.step).len() as u64
            })
        };
        let region = request.region;
        let rows = count("y", region.y..region.y + region.height);
        let columns = count("x", region.x..region.x + region.width);
        let most = (SAMPLE_BYTES / block.max(1)).clamp(1, SAMPLE_BLOCKS);
        let (mut down, mut across) = (1, 1);
        while rows.div_ceil(down).saturating_mul(columns.div_ceil(across)) > most {
            // The direction that has more blocks left gives.
            if rows.div_ceil(down) >= columns.div_ceil(across) {
                down += 1;
            } else {
                across += 1;
            }
        }
        (down, across)
    }

    fn channel_runs(&self, request: &ReadRequest) -> Vec<Run> {
        let axes = &self.info.axes;
        let Some(at) = axes.position("c") else {
            let only = Run {
                out: 0,
                length: 1,
                block: 0,
                start: 0,
                step: 0,
            };
            return vec![only];
        };
        let (division, size) = (&self.divisions[at], axes.channels());
        match &request.selection.channels {
            None => runs(division, size, 0..size, 1, 1),
            Some(chosen) => chosen
                .iter()
                .enumerate()
                .map(|(out, &channel)| {
                    let block = division.block_of(channel.min(size - 1));
                    Run {
                        out,
                        length: 1,
                        block,
                        start: channel.min(size - 1) - division.elements(block, size).start,
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
        let lengths: Vec<u64> = block.0.iter().map(|range| range.end - range.start).collect();
        let mut stride = 1;
        let (mut offset, mut strides) = (0, [0isize; 3]);
        for (at, axis) in self
            .info
            .axes
            .iter()
            .enumerate()
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            let (start, run) = match (axis.name.as_str(), extra[at]) {
                (_, Some(index)) => (index - block.0[at].start, None),
                ("y", _) => (row.start, Some((0, row))),
                ("x", _) => (column.start, Some((1, column))),
                _ => (channel.start, Some((2, channel))),
            };
            offset += start * stride;
            if let Some((place, run)) = run {
                strides[place] = (stride * run.step) as isize;
            }
            stride *= lengths[at];
        }
        let shape = [row.length, column.length, channel.length];
        Ok(Part {
            at: [row.out, column.out, channel.out],
            pixels: Pixels::strided(samples.clone(), offset as usize, shape, strides)?,
        })
    }
}

/// Of a sample, lets what is broken be stood for by what is near, as is what no block is read of.
fn stand_in(pieces: &mut [(usize, [Run; 3])], samples: &[Result<Samples>]) {
    let is_broken =
        |at: usize| matches!(&samples[at], Err(error) if error.kind() == projectile_core::ErrorKind::Corrupt);
    let broken: Vec<usize> = (0..pieces.len())
        .filter(|&number| is_broken(pieces[number].0))
        .collect();
    if broken.is_empty() {
        return;
    }
    let whole: Vec<(usize, [Run; 3])> = pieces
        .iter()
        .filter(|(at, _)| samples[*at].is_ok())
        .copied()
        .collect();
    for number in broken {
        let [row, column, channel] = pieces[number].1;
        let distance = |[y, x, _]: &[Run; 3]| row.out.abs_diff(y.out) + column.out.abs_diff(x.out);
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
        pieces[number] = (at, [still(row, y), still(column, x), c]);
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
