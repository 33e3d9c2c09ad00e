//! Reading an array by blocks, from what is far away: each block is a few long runs of bytes, and is kept.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use projectile_core::{Error, Result, Samples, SourceInfo};

use super::FlatArray;
use crate::blob::Blob;
use crate::chunked::{Block, BlockReader, ChunkedOptions, ChunkedSource, Division};
use crate::open::OpenOptions;
use crate::remote::GAP;
use crate::sizes::{to_u64, to_usize};

/// Bytes of a run that are brought in about the time that asking takes.
const RUN: u64 = 64 << 10;
/// Bytes of a block, about.
const BLOCK: u64 = 1 << 20;
/// Requests for a block, about.
const RUNS: u64 = 64;

/// A flat array in an object, whose blocks are read.
#[derive(Debug)]
struct FlatBlocks {
    blob: Arc<dyn Blob>,
    array: FlatArray,
    /// The axes, that with the greatest stride first.
    slowest_first: Vec<usize>,
}

/// A source of the array, which `blob` holds whole.
///
/// # Errors
/// Those of [`ChunkedSource::new`].
pub(super) fn blocks(
    blob: Arc<dyn Blob>,
    array: FlatArray,
    info: SourceInfo,
    options: &OpenOptions,
) -> Result<ChunkedSource> {
    let item = to_u64(array.dtype.size());
    let slowest_first = slowest_first(&array.strides, &array.shape);
    let lengths = lengths(&array.shape, &slowest_first, item, |axis| {
        info.axes
            .iter()
            .nth(axis)
            .is_some_and(|axis| matches!(axis.name.as_str(), "y" | "x"))
    });
    let residence = blob.residence();
    let chunked = ChunkedOptions::of(residence, options.cache.clone());
    let reader = FlatBlocks {
        blob,
        array,
        slowest_first,
    };
    let divisions = lengths.into_iter().map(Division::Even).collect();
    ChunkedSource::new(info, divisions, Box::new(reader), &chunked)
}

/// The axes, that with the greatest stride first; of those with the same one, the longest last.
fn slowest_first(strides: &[u64], shape: &[u64]) -> Vec<usize> {
    let mut axes: Vec<_> = strides.iter().map(Reverse).zip(shape).enumerate().collect();
    axes.sort_by_key(|(_, known)| *known);
    axes.into_iter().map(|(axis, _)| axis).collect()
}

/// How long a block is along each axis: first along the fastest, until runs are long; then along those of a picture,
/// as evenly as may be.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a block has at most the bytes of the array, below 2^63, and is one element long at least"
)]
fn lengths(
    shape: &[u64],
    slowest_first: &[usize],
    item: u64,
    of_picture: impl Fn(usize) -> bool,
) -> Vec<u64> {
    let mut lengths = vec![1; shape.len()];
    let mut bytes = item;
    for &axis in slowest_first.iter().rev() {
        let (Some(&size), Some(length)) = (shape.get(axis), lengths.get_mut(axis)) else {
            continue;
        };
        let size = size.max(1);
        // Where the rest would come with it anyway, it is kept.
        let most = if size * bytes <= RUN + GAP {
            size
        } else {
            (RUN / bytes).clamp(1, size)
        };
        // Even blocks, none of which is a sliver.
        *length = size.div_ceil(size.div_ceil(most));
        bytes *= *length;
        if *length < size {
            break;
        }
    }
    let whole_run = bytes;
    loop {
        let axes = lengths.iter_mut().zip(shape).enumerate();
        let grows = axes
            .filter(|(axis, (length, size))| of_picture(*axis) && **length < **size)
            .map(|(_, axis)| axis)
            .min_by_key(|(length, _)| **length);
        let Some((length, size)) = grows else {
            return lengths;
        };
        let longer = (*length * 2).min(*size);
        let grown = bytes / *length * longer;
        if grown > BLOCK || (grown / whole_run > RUNS && grown > RUN) {
            return lengths;
        }
        *length = longer;
        bytes = grown;
    }
}

impl FlatBlocks {
    /// The axes of a block, that with the greatest stride first: elements along each, and from one to the next.
    fn axes(&self, block: &Block) -> Vec<(u64, u64)> {
        let axes: Vec<(u64, u64)> = block.lengths().zip(self.array.strides.iter().copied()).collect();
        let slowest_first = self.slowest_first.iter();
        slowest_first
            .filter_map(|&axis| axes.get(axis).copied())
            .collect()
    }

    /// Where the bytes of a block are: runs of one length, in the order of the file.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "all of the array is in the file, which `FlatArray::present` made sure of"
    )]
    fn runs(&self, block: &Block) -> Vec<Range<u64>> {
        let item = to_u64(self.array.dtype.size());
        let mut run = 1;
        let mut slower = self.axes(block);
        // An axis of one element adds nothing to the run, whatever its stride.
        while let Some((length, stride)) = slower.last()
            && (*stride == run || *length == 1)
        {
            run *= length;
            slower.pop();
        }
        let first: u64 = block
            .0
            .iter()
            .zip(&self.array.strides)
            .map(|(range, stride)| range.start * stride)
            .sum();
        let mut starts = vec![first];
        for (steps, stride) in slower {
            starts = starts
                .iter()
                .flat_map(|start| (0..steps).map(move |i| start + i * stride))
                .collect();
        }
        starts
            .into_iter()
            .map(|start| {
                let begin = self.array.start + start * item;
                begin..begin + run * item
            })
            .collect()
    }

    /// The samples of a block of which `runs` are the bytes.
    fn samples(&self, block: &Block, runs: &[Bytes]) -> Result<Samples> {
        let bytes = runs.concat();
        let expected = block.samples().checked_mul(to_u64(self.array.dtype.size()));
        if expected != Some(to_u64(bytes.len())) {
            return Err(fewer());
        }
        let lengths: Vec<usize> = block.lengths().map(to_usize).collect();
        let is_long = |axis: &usize| lengths.get(*axis).is_some_and(|length| *length > 1);
        let in_order = self.slowest_first.iter().filter(|axis| is_long(axis)).is_sorted();
        let bytes = if in_order {
            bytes
        } else {
            self.turned(&lengths, &bytes)
        };
        let stored = Samples::from_bytes(self.array.dtype, &bytes, self.array.big_endian);
        Ok(self.array.meaning.of(stored))
    }

    /// The elements of a block of these lengths, from the order of the file to that of its axes.
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "there are as many bytes as a block of these lengths has, and a length for each axis"
    )]
    fn turned(&self, lengths: &[usize], bytes: &[u8]) -> Vec<u8> {
        let item = self.array.dtype.size();
        let mut strides = vec![0; lengths.len()];
        let mut stride = item;
        for &axis in self.slowest_first.iter().rev() {
            strides[axis] = stride;
            stride *= lengths[axis];
        }
        let mut starts = vec![0];
        for (stride, &steps) in strides.iter().zip(lengths) {
            starts = starts
                .iter()
                .flat_map(|start| (0..steps).map(move |i| start + i * stride))
                .collect();
        }
        starts
            .into_iter()
            .flat_map(|start| &bytes[start..start + item])
            .copied()
            .collect()
    }
}

fn fewer() -> Error {
    Error::internal("fewer bytes came than were asked for")
}

impl BlockReader for FlatBlocks {
    fn read(&self, blocks: &[Block]) -> Vec<Result<Samples>> {
        let runs: Vec<Vec<Range<u64>>> = blocks.iter().map(|block| self.runs(block)).collect();
        // All at a time: neighbours come together.
        let read = match self.blob.read(&runs.concat()) {
            Ok(read) => read,
            Err(error) => return blocks.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut rest = &read[..];
        blocks
            .iter()
            .zip(&runs)
            .map(|(block, runs)| {
                let (of_block, others) = rest.split_at_checked(runs.len()).ok_or_else(fewer)?;
                rest = others;
                self.samples(block, of_block)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use projectile_core::{Axes, DType};

    use super::*;

    fn shape_of_blocks(shape: &[u64], fortran_order: bool, item: u64) -> Vec<u64> {
        let axes = Axes::guess(shape).unwrap();
        let array = FlatArray::ordered(DType::UInt8, false, 0, shape, fortran_order).unwrap();
        lengths(shape, &slowest_first(&array.strides, shape), item, |axis| {
            matches!(axes.iter().nth(axis).unwrap().name.as_str(), "y" | "x")
        })
    }

    #[test]
    fn blocks_are_made_of_long_runs() {
        assert_eq!(shape_of_blocks(&[20_000, 20_000], false, 4), [8, 20_000]);
        assert_eq!(shape_of_blocks(&[20_000, 20_000], true, 4), [20_000, 8]);
        assert_eq!(shape_of_blocks(&[4096, 4096], false, 2), [128, 4096]);
        assert_eq!(shape_of_blocks(&[100_000, 100_000, 3], false, 1), [16, 20_000, 3]);
        assert_eq!(shape_of_blocks(&[9, 50, 512, 512], false, 2), [1, 1, 512, 512]);
        assert_eq!(shape_of_blocks(&[10, 10], false, 8), [10, 10]);
    }
}
