//! Chunks that are put together in objects, and where each of them is there.

use std::borrow::Cow;
use std::num::NonZeroU64;

use projectile_core::{Error, Result};
use serde::Deserialize;
use zarrs::array::codec::CodecChain;
use zarrs::array::codec::api::{ArrayToBytesCodecTraits, BytesRepresentation};
use zarrs::array::{FillValue, data_type};
use zarrs::metadata::v3::MetadataV3;

use super::chain::{chain, guarded, joined, non_zero, options, product, unsupported};

/// Chunks of a shard, whose index is kept.
const MOST_IN_SHARD: u64 = 4 << 20;

/// How chunks are put together in objects.
#[derive(Debug)]
pub(super) struct Shards {
    /// How many chunks of each axis are in one object.
    pub(super) counts: Vec<u64>,
    /// Bytes of its index.
    pub(super) index_bytes: u64,
    pub(super) index_is_first: bool,
    index: CodecChain,
}

/// Where each chunk of a shard is in it: `None` for one that is not stored.
pub(super) type Index = Vec<Option<std::ops::Range<u64>>>;

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
        let divides = shard.len() == inner.len()
            && shard
                .iter()
                .zip(inner)
                .all(|(shard, inner)| *inner > 0 && *shard > 0 && shard % inner == 0);
        if !divides {
            return Err(Error::corrupt(format!(
                "shards of {} elements do not consist of chunks of {}",
                joined(shard),
                joined(inner)
            )));
        }
        let counts: Vec<u64> = shard
            .iter()
            .zip(inner)
            .map(|(shard, inner)| shard / inner)
            .collect();
        if product(&counts).is_none_or(|count| count > MOST_IN_SHARD) {
            return Err(Error::limit(format!(
                "shards of {} chunks: at most {MOST_IN_SHARD} are in one",
                joined(&counts)
            )));
        }
        let index = chain(&sharding.index_codecs)?;
        let representation = index.encoded_representation(
            &index_shape(&counts)?,
            &data_type::uint64(),
            &FillValue::from(u64::MAX),
        );
        let BytesRepresentation::FixedSize(index_bytes) = representation.map_err(unsupported)? else {
            return Err(Error::unsupported(
                "an index of shards that is compressed is not read",
            ));
        };
        Ok(Self {
            counts,
            index_bytes,
            index_is_first: matches!(sharding.index_location, IndexLocation::Start),
            index,
        })
    }

    /// Where each chunk is, from the bytes of the index.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Index> {
        let decoded = guarded(|| {
            let shape = index_shape(&self.counts)?;
            self.index
                .decode(
                    Cow::Borrowed(bytes),
                    &shape,
                    &data_type::uint64(),
                    &FillValue::from(u64::MAX),
                    &options(),
                )
                .map_err(|error| Error::corrupt(format!("the index of a shard: {error}")))
        })?;
        let words = decoded
            .into_fixed()
            .map_err(|error| Error::corrupt(error.to_string()))?;
        let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
        Ok(words
            .as_chunks::<16>()
            .0
            .iter()
            .map(|entry| {
                let (halves, _) = entry.as_chunks::<8>();
                match (word(&halves[0]), word(&halves[1])) {
                    (u64::MAX, u64::MAX) => None,
                    (offset, length) => Some(offset..offset.saturating_add(length)),
                }
            })
            .collect())
    }
}

fn index_shape(counts: &[u64]) -> Result<Vec<NonZeroU64>> {
    non_zero(&[counts, &[2]].concat())
}
