//! A dataset in chunks, each of which is read, unpacked and kept by itself.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use hdf5_pure::{Dataset, Layout};
use projectile_core::{DType, Error, Result, Samples, Source, SourceInfo};

use super::file::failed;
use super::filters::Pipeline;
use crate::blob::Blob;
use crate::chunked::{Block, BlockReader, ChunkedOptions, ChunkedSource, Division};
use crate::decode::guarded;
use crate::flat::{Meaning, Place};
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64, to_usize};

/// Bytes of a chunk beyond which it is refused: it is unpacked whole.
const MOST_CHUNK_BYTES: u64 = 1 << 30;
/// Bytes of a row that may be read to learn what is filled in where nothing was written.
const MOST_ROW_BYTES: u64 = 1 << 30;

/// What elements are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) dtype: DType,
    pub(super) big_endian: bool,
    pub(super) meaning: Meaning,
}

/// Where a chunk is.
#[derive(Clone, Debug)]
struct Chunk {
    bytes: Range<u64>,
    /// A bit for each filter that was not applied.
    skipped: u32,
}

#[derive(Debug)]
struct Chunks {
    blob: Arc<dyn Blob>,
    dataset: Dataset,
    stored: Stored,
    /// Elements of a chunk along each axis.
    chunk: Vec<u64>,
    pipeline: Pipeline,
    /// Chunks by their number along each axis; read when the first one is asked for.
    index: OnceLock<Result<HashMap<Vec<u64>, Chunk>>>,
    /// The bytes of an element where nothing was written.
    filled: OnceLock<Result<Vec<u8>>>,
}

/// A source of a dataset in chunks of `chunk` elements.
pub(super) fn source(
    dataset: &Dataset,
    chunk: &[u64],
    stored: Stored,
    info: SourceInfo,
    place: &Place,
    options: &OpenOptions,
) -> Result<Arc<dyn Source>> {
    let item = stored.dtype.size();
    let bytes = chunk
        .iter()
        .try_fold(to_u64(item), |bytes, &size| bytes.checked_mul(size));
    let most = MOST_CHUNK_BYTES.min(options.limits.decoded_bytes);
    if bytes.is_none_or(|bytes| bytes > most) {
        return Err(Error::limit(format!(
            "its chunks of {chunk:?} elements take more than {most} bytes each"
        )));
    }
    let blob = place.blob();
    let residence = blob.residence();
    let chunked = ChunkedOptions::of(residence, options.cache.clone());
    let reader = Chunks {
        blob,
        dataset: dataset.clone(),
        stored,
        chunk: chunk.to_vec(),
        pipeline: Pipeline::new(&dataset.filter_pipeline(), item)?,
        index: OnceLock::new(),
        filled: OnceLock::new(),
    };
    // A broken index is told of now, and not by every tile.
    let index = reader.index();
    index.as_ref().map_err(Clone::clone)?;
    let divisions = chunk.iter().copied().map(Division::Even).collect();
    Ok(Arc::new(ChunkedSource::new(
        info,
        divisions,
        Box::new(reader),
        &chunked,
    )?))
}

impl Chunks {
    fn index(&self) -> &Result<HashMap<Vec<u64>, Chunk>> {
        self.index.get_or_init(|| {
            if !matches!(self.dataset.layout(), Ok(Layout::Chunked { .. })) {
                return Ok(HashMap::new());
            }
            let chunks = guarded(&OpenOptions::default(), || {
                self.dataset.chunks().map_err(|error| failed(&error))
            })?;
            let size = self.blob.size();
            chunks
                .into_iter()
                .map(|chunk| {
                    let end = chunk.address.checked_add(chunk.storage_size);
                    let end = end.filter(|&end| end <= size).ok_or_else(|| {
                        Error::corrupt("the file is cut short: a chunk lies beyond its end")
                    })?;
                    Ok((
                        self.number(chunk.offset),
                        Chunk {
                            bytes: chunk.address..end,
                            skipped: chunk.filter_mask,
                        },
                    ))
                })
                .collect()
        })
    }

    /// The number along each axis of the chunk with the element at these indices.
    fn number(&self, indices: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let along = indices.into_iter().zip(&self.chunk);
        // No chunk is without elements: their division into chunks was checked.
        along
            .map(|(at, &size)| at.checked_div(size).unwrap_or(0))
            .collect()
    }

    /// The bytes of an element where nothing was written: of one that is known to be so.
    fn filled(&self, block: &Block) -> Result<&Vec<u8>> {
        let filled = self.filled.get_or_init(|| {
            let shape = self.dataset.shape().map_err(|error| failed(&error))?;
            let item = self.stored.dtype.size();
            let row = shape
                .iter()
                .skip(1)
                .try_fold(to_u64(item), |bytes, &size| bytes.checked_mul(size))
                .filter(|&bytes| bytes <= MOST_ROW_BYTES);
            let row = row.ok_or_else(|| {
                Error::limit(
                    "a chunk was never written, and the file is too large to tell what is there instead",
                )
            })?;
            let broken = || Error::corrupt("a row came with another length than it has");
            let (first, others) = block.0.split_first().ok_or_else(broken)?;
            let bytes = guarded(&OpenOptions::default(), || {
                self.dataset
                    .read_raw_rows(first.start, 1)
                    .map_err(|error| failed(&error))
            })?;
            let at = others
                .iter()
                .zip(shape.iter().skip(1))
                .try_fold(0u64, |at, (range, &size)| {
                    at.checked_mul(size)?.checked_add(range.start)
                });
            at.and_then(|at| bytes.chunks_exact(item).nth(to_usize(at)))
                .filter(|_| to_u64(bytes.len()) == row)
                .map(<[u8]>::to_vec)
                .ok_or_else(broken)
        });
        filled.as_ref().map_err(Clone::clone)
    }

    fn samples(&self, block: &Block, stored: Option<(&Chunk, &[u8])>) -> Result<Samples> {
        let item = self.stored.dtype.size();
        let bytes = match stored {
            None => self.filled(block)?.repeat(to_usize(block.samples())),
            Some((chunk, stored)) => {
                let length = product(&self.chunk).and_then(|elements| to_usize(elements).checked_mul(item));
                // Whole chunks were found to be short enough when the dataset was opened.
                let length = length.ok_or_else(|| Error::internal("a chunk is longer than it was"))?;
                let whole = self.pipeline.undo(stored, chunk.skipped, length)?;
                cut(whole, &self.chunk, block, item)
            }
        };
        let Stored {
            dtype,
            big_endian,
            meaning,
        } = self.stored;
        Ok(meaning.of(Samples::from_bytes(dtype, &bytes, big_endian)))
    }
}

/// The elements of a block, of the chunk that it is in: chunks at the edges are stored whole.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "`whole` has the bytes of a chunk, and a block is within one"
)]
fn cut(whole: Vec<u8>, chunk: &[u64], block: &Block, item: usize) -> Vec<u8> {
    let lengths: Vec<usize> = block
        .0
        .iter()
        .map(|range| to_usize(range.end - range.start))
        .collect();
    if lengths
        .iter()
        .zip(chunk)
        .all(|(&length, &size)| to_u64(length) == size)
    {
        return whole;
    }
    let Some((&run, slower)) = lengths.split_last() else {
        return whole;
    };
    let mut starts = vec![0usize];
    for (&length, &size) in slower.iter().zip(chunk) {
        starts = starts
            .iter()
            .flat_map(|start| (0..length).map(move |i| start * to_usize(size) + i))
            .collect();
    }
    let row = chunk.last().map_or(0, |&size| to_usize(size));
    starts
        .iter()
        .flat_map(|start| &whole[start * row * item..][..run * item])
        .copied()
        .collect()
}

impl BlockReader for Chunks {
    fn read(&self, blocks: &[Block]) -> Vec<Result<Samples>> {
        let of_all = |error: &Error| blocks.iter().map(|_| Err(error.clone())).collect();
        let index = match self.index() {
            Ok(index) => index,
            Err(error) => return of_all(error),
        };
        let found: Vec<Option<&Chunk>> = blocks
            .iter()
            .map(|block| index.get(&self.number(block.0.iter().map(|range| range.start))))
            .collect();
        let ranges: Vec<Range<u64>> = found.iter().flatten().map(|chunk| chunk.bytes.clone()).collect();
        let mut read = match self.blob.read(&ranges) {
            Ok(read) => read.into_iter(),
            Err(error) => return of_all(&error),
        };
        blocks
            .iter()
            .zip(found)
            .map(|(block, chunk)| {
                let Some(chunk) = chunk else {
                    return self.samples(block, None);
                };
                let bytes = read
                    .next()
                    .ok_or_else(|| Error::internal("fewer bytes came than were asked for"))?;
                self.samples(block, Some((chunk, &bytes)))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_cut_out_of_chunks() {
        let chunk: Vec<u8> = (0..24).collect();
        let whole = Block(vec![0..2, 3..6, 8..12]);
        assert_eq!(cut(chunk.clone(), &[2, 3, 4], &whole, 1), chunk);
        let edge = Block(vec![2..3, 3..5, 8..11]);
        assert_eq!(cut(chunk, &[2, 3, 4], &edge, 1), [0, 1, 2, 4, 5, 6]);
    }
}
