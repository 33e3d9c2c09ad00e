//! Reading an array by region, with positioned reads: the file stays where it is, whatever its size.

use std::sync::Arc;

use projectile_core::{
    Error, Pixels, ReadFuture, ReadRequest, Residence, Result, Samples, Source, SourceInfo,
};

use super::FlatArray;
use crate::blob::FileBlob;

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

    fn region(&self, request: &ReadRequest) -> Result<Pixels> {
        let (height, width) = request.output_size();
        let axes = &self.info.axes;
        let all: Vec<u64> = (0..axes.channels()).collect();
        let channels = request.selection.channels.as_ref().unwrap_or(&all);
        let samples = height as u64 * width as u64 * channels.len() as u64;
        let item = self.array.dtype.size() as u64;
        let largest = item.max(self.info.dtype.size() as u64);
        if samples
            .checked_mul(largest)
            .is_none_or(|bytes| bytes > MAX_ANSWER)
        {
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
        let stride = |name: &str| axes.position(name).map_or(0, |at| self.array.strides[at]);
        base += request.region.y * stride("y") + request.region.x * stride("x");

        let mut out = vec![0; (samples * item) as usize];
        let step = request.step.max(1);
        let wide = channels.len() as u64;
        let rows = Axis {
            count: height as u64,
            stride: stride("y") * step,
            output: width as u64 * wide,
        };
        let columns = Axis {
            count: width as u64,
            stride: stride("x") * step,
            output: wide,
        };
        // Neighbouring channels are read together, others one by one.
        let neighbours = channels.windows(2).all(|pair| pair[1] == pair[0] + 1);
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
    fn gather(&self, axes: &[Axis], base: u64, at: u64, out: &mut [u8], request: &ReadRequest) -> Result<()> {
        let item = self.array.dtype.size() as u64;
        let span = 1 + axes
            .iter()
            .map(|axis| (axis.count - 1) * axis.stride)
            .sum::<u64>();
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
                let mut bytes = vec![0; (span * item) as usize];
                self.file.read_into(&mut bytes, self.array.start + base * item)?;
                scatter(axes, &bytes, 0, at, out, item as usize);
                Ok(())
            }
        }
    }
}

/// The same elements by as few axes as there can be: one of a single element says nothing, and one that goes on where the
/// next one ends is a longer run of it, of up to `most` elements.
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
