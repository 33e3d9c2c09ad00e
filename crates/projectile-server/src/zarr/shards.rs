//! Shards: [Zarr's codec](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html) by which an
//! object holds many chunks. Since ours are of one length each, it is known where each of them lies before any is made.

use bytes::{BufMut, Bytes, BytesMut};
use projectile_core::Image;
use projectile_core::sizes::to_u64;
use serde_json::{Value as Json, json};

use super::{Arrangement, CHUNK};

/// Chunks a side of a shard: as many pixels as a page shows at a time.
const SIDE: u64 = 4;

/// An object: its index, and which chunks stand behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) index: Bytes,
    /// Where each chunk is among those of its level, in the order in which they stand.
    pub(crate) chunks: Vec<Vec<u64>>,
}

impl Arrangement {
    /// The shape of each shard, in pixels.
    pub(crate) fn shard(&self) -> Vec<u64> {
        self.per_axis(SIDE.saturating_mul(CHUNK.into()))
    }

    /// How an array's chunks are stored in shards.
    pub(crate) fn sharding(&self) -> Json {
        json!({
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": self.chunk(),
                "codecs": [super::metadata::little_endian()],
                "index_codecs": [
                    super::metadata::little_endian(),
                    {"name": "crc32c"},
                ],
                "index_location": "start",
            },
        })
    }

    /// What the shard at `at` of a level holds; `None` where there is no such shard.
    pub(crate) fn shard_at(&self, image: &Image, level: u32, at: &[u64]) -> Option<Shard> {
        /// Of a chunk that is not there.
        const NOWHERE: u64 = u64::MAX;
        let sides = self.per_axis(SIDE);
        if at.len() != sides.len() {
            return None;
        }
        let first: Vec<u64> = at
            .iter()
            .zip(&sides)
            .map(|(&at, &side)| at.checked_mul(side))
            .collect::<Option<_>>()?;
        let chunk = to_u64(self.bytes_of_chunk());
        let (mut index, mut chunks) = (BytesMut::new(), Vec::new());
        let count = sides.iter().copied().fold(1, u64::saturating_mul);
        let mut offset = count.saturating_mul(16).saturating_add(4);
        for number in 0..count {
            let here = within(&first, &sides, number);
            if self.place(image, level, &here).is_some() {
                index.put_u64_le(offset);
                index.put_u64_le(chunk);
                offset = offset.saturating_add(chunk);
                chunks.push(here);
            } else {
                index.put_u64_le(NOWHERE);
                index.put_u64_le(NOWHERE);
            }
        }
        // The first one is there wherever any is.
        chunks.first()?;
        index.put_u32_le(crc32c::crc32c(&index));
        Some(Shard {
            index: index.freeze(),
            chunks,
        })
    }
}

/// Where the chunk of a number is, counted from `first` with the last axis fastest.
fn within(first: &[u64], sides: &[u64], number: u64) -> Vec<u64> {
    let mut rest = number;
    let mut here: Vec<u64> = first
        .iter()
        .zip(sides)
        .rev()
        .map(|(&first, &side)| {
            let step = rest.checked_rem(side).unwrap_or(0);
            rest = rest.checked_div(side).unwrap_or(0);
            first.saturating_add(step)
        })
        .collect();
    here.reverse();
    here
}

#[cfg(test)]
mod tests {
    use super::*;
    use projectile_core::Samples;

    #[test]
    fn a_shard_tells_where_its_chunks_are_and_which_are_not() {
        let samples = Samples::UInt16(vec![0; 2 * 1100 * 300].into());
        let image = Image::from_array("a", samples, &[2, 1100, 300]).unwrap();
        let arranged = Arrangement::of(&image);
        assert_eq!(arranged.shard(), [1, 1024, 1024]);
        let shard = arranged.shard_at(&image, 0, &[1, 0, 0]).unwrap();
        let entries: Vec<[u64; 2]> = shard
            .index
            .as_ref()
            .as_chunks::<16>()
            .0
            .iter()
            .map(|entry| [0, 8].map(|at| u64::from_le_bytes(entry[at..at + 8].try_into().unwrap())))
            .collect();
        let (length, none) = (256 * 256 * 2, [u64::MAX; 2]);
        let expected: Vec<[u64; 2]> = (0..4)
            .flat_map(|row| {
                let at = 16 * 16 + 4 + 2 * row * length;
                [[at, length], [at + length, length], none, none]
            })
            .collect();
        assert_eq!(entries, expected);
        assert_eq!(shard.chunks[..3], [[1, 0, 0], [1, 0, 1], [1, 1, 0]]);
        let (entries, sum) = shard.index.split_at(256);
        assert_eq!(
            u32::from_le_bytes(sum.try_into().unwrap()),
            crc32c::crc32c(entries)
        );
        let last = arranged.shard_at(&image, 0, &[0, 1, 0]).unwrap();
        assert_eq!(last.chunks, [[0, 4, 0], [0, 4, 1]]);
        for nowhere in [&[2, 0, 0][..], &[0, 2, 0], &[0, 0, 1], &[0, 0], &[0, u64::MAX, 0]] {
            assert_eq!(arranged.shard_at(&image, 0, nowhere), None, "{nowhere:?}");
        }
        assert_eq!(arranged.shard_at(&image, 9, &[0, 0, 0]), None);
    }
}
