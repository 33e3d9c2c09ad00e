//! Chunks that are put together in objects, and where each of them is there.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::ops::Range;

use projectile_core::{Error, Result};
use serde::Deserialize;
use zarrs::array::codec::CodecChain;
use zarrs::array::codec::api::{ArrayToBytesCodecTraits, BytesRepresentation};
use zarrs::array::{FillValue, data_type};
use zarrs::metadata::v3::MetadataV3;

use super::chain::{chain, guarded, joined, options, unsupported};
use crate::chunked::crop::non_zero;
use crate::sizes::{product, to_usize};

/// Chunks of a shard, whose index is kept.
const MOST_IN_SHARD: u64 = 4 << 20;

/// How chunks are put together in objects.
#[derive(Debug)]
pub(super) struct Shards {
    /// How many chunks of each axis are in one object.
    counts: Vec<NonZeroU64>,
    /// Those, and two numbers for each chunk.
    index_shape: Vec<NonZeroU64>,
    /// Bytes of its index.
    pub(super) index_bytes: u64,
    pub(super) index_is_first: bool,
    index: CodecChain,
}

/// Where each chunk of a shard is in it: `None` for one that is not stored.
pub(super) type Index = Vec<Option<Range<u64>>>;

/// What the codec's metadata says.
#[derive(Deserialize)]
pub(super) struct Sharding {
    pub(super) chunk_shape: Vec<u64>,
    pub(super) codecs: Vec<MetadataV3>,
    index_codecs: Vec<MetadataV3>,
    #[serde(default)]
    index_location: IndexLocation,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IndexLocation {
    Start,
    #[default]
    End,
}

impl Shards {
    pub(super) fn new(shard: &[u64], sharding: &Sharding) -> Result<Self> {
        let inner = &sharding.chunk_shape;
        let counts = shard.iter().zip(inner).map(|(shard, inner)| {
            let count = shard.checked_div(*inner)?;
            (count > 0 && shard.is_multiple_of(*inner)).then_some(count)
        });
        let counts: Option<Vec<u64>> = counts.collect();
        let counts = counts.filter(|_| shard.len() == inner.len()).ok_or_else(|| {
            Error::corrupt(format!(
                "shards of {} elements do not consist of chunks of {}",
                joined(shard),
                joined(inner)
            ))
        })?;
        if product(&counts).is_none_or(|count| count > MOST_IN_SHARD) {
            return Err(Error::limit(format!(
                "shards of {} chunks: at most {MOST_IN_SHARD} are in one",
                joined(&counts)
            )));
        }
        let index = chain(&sharding.index_codecs)?;
        let index_shape = non_zero(&[&counts[..], &[2]].concat())?;
        let representation =
            index.encoded_representation(&index_shape, &data_type::uint64(), &FillValue::from(u64::MAX));
        let BytesRepresentation::FixedSize(index_bytes) = representation.map_err(unsupported)? else {
            return Err(Error::unsupported(
                "an index of shards that is compressed is not read",
            ));
        };
        Ok(Self {
            counts: non_zero(&counts)?,
            index_shape,
            index_bytes,
            index_is_first: matches!(sharding.index_location, IndexLocation::Start),
            index,
        })
    }

    /// The shard that holds the chunk at a place in the grid of chunks, by its place in the grid of shards, and the
    /// chunk's number in its index.
    pub(super) fn place(&self, chunk: &[u64]) -> (Vec<u64>, usize) {
        let pairs = || chunk.iter().zip(&self.counts);
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "the number of a chunk is below that of all in a shard, of which `MOST_IN_SHARD` are the most"
        )]
        let number = pairs().fold(0, |number, (&place, &count)| number * count.get() + place % count);
        let shard = pairs().map(|(&place, &count)| place / count).collect();
        (shard, to_usize(number))
    }

    /// Where each chunk is, from the bytes of the index.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Index> {
        let decoded = guarded(|| {
            self.index
                .decode(
                    Cow::Borrowed(bytes),
                    &self.index_shape,
                    &data_type::uint64(),
                    &FillValue::from(u64::MAX),
                    &options(),
                )
                .map_err(|error| Error::corrupt(format!("the index of a shard: {error}")))
        })?;
        let words = decoded
            .into_fixed()
            .map_err(|error| Error::corrupt(error.to_string()))?;
        let (words, _) = words.as_chunks::<8>();
        let (entries, _) = words.as_chunks::<2>();
        let entries = entries.iter().map(|words| match words.map(u64::from_ne_bytes) {
            [u64::MAX, u64::MAX] => None,
            [offset, length] => Some(offset..offset.saturating_add(length)),
        });
        Ok(entries.collect())
    }
}
