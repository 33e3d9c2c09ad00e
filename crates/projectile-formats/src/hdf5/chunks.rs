//! A dataset in chunks, each of which is read, unpacked and kept by itself.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use hdf5_pure::{Dataset, Layout};
use projectile_core::{DType, Error, Result, Samples, Source, SourceInfo};

use super::file::failed;
use super::filters::Pipeline;
use crate::blob::Blob;
use crate::chunked::crop::{non_zero, of_block};
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
    chunk: Vec<NonZeroU64>,
    /// Bytes of that.
    bytes: usize,
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
    let most = MOST_CHUNK_BYTES.min(options.limits.decoded_bytes);
    let bytes = product(chunk.iter().chain([&to_u64(item)])).filter(|&bytes| bytes <= most);
    let bytes = bytes.ok_or_else(|| {
        Error::limit(format!(
            "its chunks of {chunk:?} elements take more than {most} bytes each"
        ))
    })?;
    let blob = place.blob();
    let residence = blob.residence();
    let chunked = ChunkedOptions::of(residence, options.cache.clone());
    let reader = Chunks {
        blob,
        dataset: dataset.clone(),
        stored,
        chunk: non_zero(chunk)?,
        bytes: to_usize(bytes),
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
        along.map(|(at, &size)| at / size).collect()
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
        let bytes = match stored {
            None => self.filled(block)?.repeat(to_usize(block.samples())).into(),
            Some((chunk, stored)) => {
                let whole = self.pipeline.undo(stored, chunk.skipped, self.bytes)?;
                of_block(whole.into(), &self.chunk, block)
                    .ok_or_else(|| Error::internal("a block is larger than its chunk"))?
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
