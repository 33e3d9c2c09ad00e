//! Reading an array by region, with positioned reads: the file stays where it is, whatever its size.

use std::sync::Arc;

use projectile_core::{
    Error, Pixels, ReadFuture, ReadRequest, Residence, Result, Samples, Source, SourceInfo,
};

use super::FlatArray;
use crate::blob::FileBlob;
use crate::sizes::{product, to_u64, to_usize};

/// The most that one answer may take, in bytes.
const MAX_ANSWER: u64 = 1 << 30;
/// The most that one positioned read takes, in bytes.
const MAX_READ: u64 = 8 << 20;
/// Unwanted bytes that cost about as much to read as another call does.
const WORTH_A_CALL: u64 = 4096;

/// A flat array in a file, read by region.
#[derive(Debug)]
pub(super) struct RegionSource {
    file: Arc<FileBlob>,
    array: FlatArray,
    info: SourceInfo,
}

/// An axis of the answer.
#[derive(Clone, Copy, Debug)]
struct Axis {
    count: u64,
    /// Elements of the file from one index to the next.
    stride: u64,
    /// Elements of the answer from one index to the next.
    output: u64,
}

impl RegionSource {
    pub(super) fn new(file: Arc<FileBlob>, array: FlatArray, info: SourceInfo) -> Self {
        Self { file, array, info }
    }

    #[expect(
        clippy::arithmetic_side_effects,
        reason = "who asks stays inside of the array, all of which is in the file, and answers are of `MAX_ANSWER` at most"
    )]
    fn region(&self, request: &ReadRequest) -> Result<Pixels> {
        let (height, width) = request.output_size();
        let axes = &self.info.axes;
        let all: Vec<u64> = (0..axes.channels()).collect();
        let channels = request.selection.channels.as_ref().unwrap_or(&all);
        let [rows, columns, wide] = [height, width, channels.len()].map(to_u64);
        let item = to_u64(self.array.dtype.size());
        let largest = item.max(to_u64(self.info.dtype.size()));
        if product(&[rows, columns, wide, largest]).is_none_or(|bytes| bytes > MAX_ANSWER) {
            return Err(Error::limit(format!(
                "a region of {height} × {width} pixels is too large to read at once"
            )));
        }
        let mut base = 0;
        let mut indices = request.selection.indices.iter();
        for (axis, stride) in axes.iter().zip(&self.array.strides) {
            if !matches!(axis.name.as_str(), "c" | "y" | "x") {
                base += indices.next().copied().unwrap_or(0) * stride;
            }
        }
        let stride = |name: &str| {
            let mut strides = axes.iter().zip(&self.array.strides);
            let of_axis = strides.find(|(axis, _)| axis.name == name);
            of_axis.map_or(0, |(_, stride)| *stride)
        };
        base += request.region.y * stride("y") + request.region.x * stride("x");

        let mut out = vec![0; to_usize(rows * columns * wide * item)];
        let step = request.step.max(1);
        // Where steps would lead beyond all files only the first row or column is wanted.
        let rows = Axis {
            count: rows,
            stride: stride("y").saturating_mul(step),
            output: columns * wide,
        };
        let columns = Axis {
            count: columns,
            stride: stride("x").saturating_mul(step),
            output: wide,
        };
        // Neighbouring channels are read together, others one by one.
        let following = channels.iter().skip(1);
        let neighbours = channels
            .iter()
            .zip(following)
            .all(|(channel, next)| channel.checked_add(1) == Some(*next));
        let runs: Vec<(u64, u64, u64)> = if neighbours {
            channels
                .first()
                .map(|&first| (first, wide, 0))
                .into_iter()
                .collect()
        } else {
            channels
                .iter()
                .zip(0..)
                .map(|(&channel, at)| (channel, 1, at))
                .collect()
        };
        for (first, count, at) in runs {
            let mut axes = [
                rows,
                columns,
                Axis {
                    count,
                    stride: stride("c"),
                    output: 1,
                },
            ];
            axes.sort_by_key(|axis| std::cmp::Reverse(axis.stride));
            let axes = joined(&axes, MAX_READ / item);
            self.gather(&axes, base + first * stride("c"), at, &mut out, request)?;
        }
        // Only now: what was read before a change is as doubtful as what was read after.
        self.file.check()?;
        let stored = Samples::from_bytes(self.array.dtype, &out, self.array.big_endian);
        Pixels::new(self.array.meaning.of(stored), height, width, channels.len())
    }

    /// Reads a block of the file, slowest axis first, into its places in `out`.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "all of the array is in the file, which `FlatArray::present` made sure of"
    )]
    fn gather(&self, axes: &[Axis], base: u64, at: u64, out: &mut [u8], request: &ReadRequest) -> Result<()> {
        let item = to_u64(self.array.dtype.size());
        let reach: u64 = axes
            .iter()
            .map(|axis| axis.count.saturating_sub(1) * axis.stride)
            .sum();
        let span = reach + 1;
        let wanted: u64 = axes.iter().map(|axis| axis.count).product();
        let contiguous = axes
            .last()
            .filter(|axis| axis.stride == 1)
            .map_or(1, |axis| axis.count);
        let calls = wanted / contiguous.max(1);
        let waste = (span - wanted.min(span)) * item;
        match axes.split_first() {
            Some((slowest, rest))
                if calls > 1 && (span * item > MAX_READ || waste > calls * WORTH_A_CALL) =>
            {
                for i in 0..slowest.count {
                    if i % 64 == 0 {
                        request.cancel.check()?;
                    }
                    self.gather(
                        rest,
                        base + i * slowest.stride,
                        at + i * slowest.output,
                        out,
                        request,
                    )?;
                }
                Ok(())
            }
            _ => {
                let mut bytes = vec![0; to_usize(span * item)];
                self.file.read_into(&mut bytes, self.array.start + base * item)?;
                scatter(axes, &bytes, 0, at, out, self.array.dtype.size());
                Ok(())
            }
        }
    }
}

/// The same elements by as few axes as there can be: one of a single element says nothing, and one that goes on where the
/// next one ends is a longer run of it, of up to `most` elements.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "an axis of two elements or more reaches less than twice as far as its array, which has below 2^63"
)]
fn joined(axes: &[Axis], most: u64) -> Vec<Axis> {
    let mut joined: Vec<Axis> = Vec::new();
    for axis in axes.iter().filter(|axis| axis.count != 1) {
        match joined.last_mut() {
            Some(outer)
                if outer.stride == axis.count * axis.stride
                    && outer.output == axis.count * axis.output
                    && outer.count * axis.count <= most =>
            {
                *outer = Axis {
                    count: outer.count * axis.count,
                    ..*axis
                };
            }
            _ => joined.push(*axis),
        }
    }
    joined
}

/// Puts the wanted elements of a span into their places.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "the span, which is in memory, ends with the last of them, and the answer has a place for each"
)]
fn scatter(axes: &[Axis], span: &[u8], from: u64, at: u64, out: &mut [u8], item: usize) {
    let copy = |out: &mut [u8], from: u64, at: u64, length: usize| {
        let (from, at) = (from as usize * item, at as usize * item);
        out[at..at + length].copy_from_slice(&span[from..from + length]);
    };
    match axes {
        [] => copy(out, from, at, item),
        [run] if (run.stride, run.output) == (1, 1) => copy(out, from, at, run.count as usize * item),
        [slowest, rest @ ..] => {
            for i in 0..slowest.count {
                scatter(
                    rest,
                    span,
                    from + i * slowest.stride,
                    at + i * slowest.output,
                    out,
                    item,
                );
            }
        }
    }
}

impl Source for RegionSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        Residence::Local
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        Box::pin(async move { self.region(&request) })
    }
}
