//! What an array's metadata says, checked before anything is read or allocated.

use std::borrow::Cow;
use std::num::NonZeroU64;

use projectile_core::{DType, Error, Result, Samples};
use serde::Deserialize;
use serde_json::{Map, Value};
use zarrs::array::codec::CodecChain;
use zarrs::array::codec::api::ArrayToBytesCodecTraits;
use zarrs::array::{ArrayMetadataV2, ArrayMetadataV3, ChunkKeyEncoding, DataType, FillValue};
use zarrs::convert::array_metadata_v2_to_v3;
use zarrs::metadata::v3::MetadataV3;

use super::chain::{configured, dtype, guarded, invalid, joined, options, unsupported};
use super::codec;
use super::shards::{Sharding, Shards};
use crate::chunked::Block;
use crate::chunked::crop::{non_zero, of_block};
use crate::sizes::{product, to_u64, to_usize};

/// Dimensions beyond which an array is not looked at.
const MOST_DIMENSIONS: usize = 16;

/// How an array is stored.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) shape: Vec<u64>,
    /// What is decoded at a time: a chunk, or a chunk inside of a shard.
    pub(super) block: Vec<NonZeroU64>,
    /// Bytes of that.
    bytes: u64,
    pub(super) dtype: DType,
    /// Names of the dimensions, where the metadata of version 3 says them.
    pub(super) names: Option<Vec<Option<String>>>,
    pub(super) shards: Option<Shards>,
    /// Facts worth showing.
    pub(super) details: Vec<(String, String)>,
    keys: ChunkKeyEncoding,
    chain: CodecChain,
    data_type: DataType,
    fill: FillValue,
}

#[derive(Deserialize)]
struct Regular {
    chunk_shape: Vec<u64>,
}

impl Layout {
    /// What a `.zarray` says.
    pub(super) fn of_v2(document: &Map<String, Value>) -> Result<Self> {
        let mut document = document.clone();
        let compressor = document.insert("compressor".to_owned(), Value::Null);
        if document.get("dtype").is_some_and(Value::is_array) {
            return Err(Error::unsupported("an array of structures is no picture"));
        }
        let metadata: ArrayMetadataV2 =
            serde_json::from_value(Value::Object(document)).map_err(|error| invalid(&error))?;
        if metadata.chunks.len() != metadata.shape.len() {
            return Err(Error::corrupt(
                "its chunks have other dimensions than it has itself",
            ));
        }
        let mut metadata = array_metadata_v2_to_v3(&metadata).map_err(unsupported)?;
        if let Some(compressor) = compressor.filter(|compressor| !compressor.is_null()) {
            let id = compressor.get("id").and_then(Value::as_str).unwrap_or_default();
            if !codec::is_compressor(id) {
                return Err(Error::unsupported(format!("the compressor {id:?} is not read")));
            }
            metadata.codecs.push(MetadataV3::new(id));
        }
        Self::new(&metadata, "2")
    }

    /// What a `zarr.json` says.
    pub(super) fn of_v3(document: &Map<String, Value>) -> Result<Self> {
        let mut document = document.clone();
        document.remove("consolidated_metadata");
        document.remove("attributes");
        let metadata: ArrayMetadataV3 =
            serde_json::from_value(Value::Object(document)).map_err(|error| invalid(&error))?;
        Self::new(&metadata, "3")
    }

    fn new(metadata: &ArrayMetadataV3, version: &str) -> Result<Self> {
        codec::register();
        let unknown = metadata.additional_fields.iter();
        if let Some((name, _)) = unknown.clone().find(|(_, field)| field.must_understand()) {
            return Err(Error::unsupported(format!(
                "its metadata has {name:?}, which must be understood"
            )));
        }
        if let Some(transformer) = metadata.storage_transformers.first() {
            return Err(Error::unsupported(format!(
                "the storage transformer {:?} is not read",
                transformer.name()
            )));
        }
        let shape = metadata.shape.clone();
        if shape.len() > MOST_DIMENSIONS {
            return Err(Error::unsupported(format!(
                "an array of {} dimensions",
                shape.len()
            )));
        }
        let grid = &metadata.chunk_grid;
        if grid.name() != "regular" {
            return Err(Error::unsupported(format!(
                "a {:?} grid of chunks is not read",
                grid.name()
            )));
        }
        let Regular { chunk_shape: chunk } = configured(grid)?;
        let dtype = dtype(metadata.data_type.name())?;
        let data_type = DataType::from_metadata(&metadata.data_type).map_err(unsupported)?;
        let fill = data_type
            .fill_value_v3(&metadata.fill_value)
            .map_err(|error| Error::corrupt(error.to_string()))?;
        let names: Vec<&str> = metadata.codecs.iter().map(MetadataV3::name).collect();
        let (block, chain, shards, inner) = match &metadata.codecs[..] {
            [only] if only.name() == "sharding_indexed" => {
                let sharding: Sharding = configured(only)?;
                let inner: Vec<&str> = sharding.codecs.iter().map(MetadataV3::name).collect();
                let inner = inner.join(", ");
                let shards = Shards::new(&chunk, &sharding)?;
                (
                    sharding.chunk_shape,
                    super::chain::chain(&sharding.codecs)?,
                    Some(shards),
                    inner,
                )
            }
            codecs => (
                chunk.clone(),
                super::chain::chain(codecs)?,
                None,
                names.join(", "),
            ),
        };
        if block.len() != shape.len() || chunk.len() != shape.len() {
            return Err(Error::corrupt(
                "its chunks have other dimensions than it has itself",
            ));
        }
        let bytes = product(block.iter().chain([&to_u64(dtype.size())]));
        let bytes = match bytes {
            Some(bytes) if bytes <= codec::MOST_DECODED => bytes,
            _ => {
                return Err(Error::limit(format!(
                    "its chunks of {} elements are too large: at most {} bytes are decoded at a time",
                    joined(&block),
                    codec::MOST_DECODED
                )));
            }
        };
        let mut details = vec![
            ("zarr version".to_owned(), version.to_owned()),
            ("chunks".to_owned(), joined(&block)),
        ];
        if shards.is_some() {
            details.push(("shards".to_owned(), joined(&chunk)));
        }
        details.push(("codecs".to_owned(), inner));
        Ok(Self {
            dtype,
            names: metadata.dimension_names.clone(),
            keys: ChunkKeyEncoding::from_metadata(&metadata.chunk_key_encoding).map_err(unsupported)?,
            shape,
            block: non_zero(&block)?,
            bytes,
            shards,
            details,
            chain,
            data_type,
            fill,
        })
    }

    /// The place of a block in the grid of blocks.
    pub(super) fn place(&self, block: &Block) -> Vec<u64> {
        block
            .0
            .iter()
            .zip(&self.block)
            .map(|(range, &length)| range.start / length)
            .collect()
    }

    /// The key of the object at a place in the grid of objects.
    pub(super) fn key(&self, place: &[u64]) -> String {
        self.keys.encode(place).as_str().to_owned()
    }

    /// The most bytes that the object of one chunk can have.
    pub(super) fn most_encoded(&self) -> u64 {
        // What is random grows a little when it is compressed.
        let more = self.bytes / 4;
        self.bytes.saturating_add(more).saturating_add(64 << 10)
    }

    /// The samples of a block from its chunk's bytes.
    pub(super) fn decode(&self, bytes: &[u8], block: &Block) -> Result<Samples> {
        let decoded = guarded(|| {
            self.chain
                .decode(
                    Cow::Borrowed(bytes),
                    &self.block,
                    &self.data_type,
                    &self.fill,
                    &options(),
                )
                .map_err(|error| Error::corrupt(error.to_string()))
        })?;
        let whole = decoded
            .into_fixed()
            .map_err(|error| Error::corrupt(error.to_string()))?;
        let other_size = || Error::corrupt("a chunk with another number of bytes than its array says");
        if to_u64(whole.len()) != self.bytes {
            return Err(other_size());
        }
        let big_endian = cfg!(target_endian = "big");
        let meant = of_block(whole, &self.block, block).ok_or_else(other_size)?;
        Ok(Samples::from_bytes(self.dtype, &meant, big_endian))
    }

    /// What samples that are not stored are, where that is a real number.
    pub(super) fn fill_number(&self) -> Option<f64> {
        let samples = Samples::from_bytes(self.dtype, self.fill.as_ne_bytes(), cfg!(target_endian = "big"));
        match samples {
            Samples::Float16(buffer) => buffer.as_slice().first().map(|value| value.to_f64()),
            Samples::Float32(buffer) => buffer.as_slice().first().copied().map(f64::from),
            Samples::Float64(buffer) => buffer.as_slice().first().copied(),
            _ => None,
        }
    }

    /// The samples of a block that is not stored.
    pub(super) fn filled(&self, block: &Block) -> Samples {
        let bytes = self.fill.as_ne_bytes().repeat(to_usize(block.samples()));
        Samples::from_bytes(self.dtype, &bytes, cfg!(target_endian = "big"))
    }
}

/// Reads an array's document, and a chunk or the index of a shard, as a fuzzer gives them.
///
/// # Errors
/// Those of opening and reading an array.
#[doc(hidden)]
pub fn check_array(json: &[u8], chunk: &[u8]) -> Result<()> {
    /// What one run may take.
    const MOST: u64 = 1 << 20;
    let document: Map<String, Value> = serde_json::from_slice(json).map_err(|error| invalid(&error))?;
    let layout = guarded(|| match document.get("zarr_format").and_then(Value::as_u64) {
        Some(2) => Layout::of_v2(&document),
        _ => Layout::of_v3(&document),
    })?;
    if let Some(shards) = &layout.shards
        && shards.index_bytes <= MOST
    {
        // Whatever comes of it, a chunk may be what the bytes are.
        let _ = shards.decode(chunk);
    }
    if layout.most_encoded() <= MOST {
        layout.decode(
            chunk,
            &Block(layout.block.iter().map(|length| 0..length.get()).collect()),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use projectile_core::ErrorKind;
    use serde_json::json;

    fn v2(change: impl FnOnce(&mut Value)) -> Result<Layout> {
        let mut document = json!({
            "zarr_format": 2, "shape": [1_000_000_000_000u64, 1_000_000_000_000u64], "chunks": [10, 20],
            "dtype": ">u2", "compressor": null, "fill_value": 7, "order": "F", "filters": null,
        });
        change(&mut document);
        Layout::of_v2(document.as_object().unwrap())
    }

    fn v3(change: impl FnOnce(&mut Value)) -> Result<Layout> {
        let mut document = json!({
            "zarr_format": 3, "node_type": "array", "shape": [100, 200], "data_type": "float32",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [40, 60]}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": "NaN", "attributes": {"a": [1]}, "dimension_names": ["y", null],
            "codecs": [{"name": "sharding_indexed", "configuration": {
                "chunk_shape": [10, 20],
                "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd", "configuration": {}}],
                "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
            }}],
        });
        change(&mut document);
        Layout::of_v3(document.as_object().unwrap())
    }

    #[test]
    fn both_versions_are_laid_out() {
        let layout = v2(|_| ()).unwrap();
        assert_eq!(
            (layout.block.as_slice(), layout.dtype),
            (&non_zero(&[10, 20]).unwrap()[..], DType::UInt16)
        );
        assert_eq!(layout.key(&[3, 4]), "3.4");
        let block = Block(vec![0..10, 0..20]);
        let stored: Vec<u8> = (0..200u16).flat_map(u16::to_be_bytes).collect();
        let Samples::UInt16(samples) = layout.decode(&stored, &block).unwrap() else {
            panic!()
        };
        // Of F order the first axis is the fastest.
        assert_eq!(samples.as_slice()[..3], [0, 10, 20]);
        let edge = Block(vec![10..13, 20..22]);
        let Samples::UInt16(samples) = layout.decode(&stored, &edge).unwrap() else {
            panic!()
        };
        assert_eq!(samples.as_slice(), [0, 10, 1, 11, 2, 12]);
        assert_eq!(layout.place(&edge), [1, 1]);
        let Samples::UInt16(samples) = layout.filled(&edge) else {
            panic!()
        };
        assert_eq!(samples.as_slice(), [7; 6]);
        assert_eq!(
            layout.decode(&stored[1..], &block).unwrap_err().kind(),
            ErrorKind::Corrupt
        );

        let layout = v3(|_| ()).unwrap();
        let shards = layout.shards.as_ref().unwrap();
        assert_eq!(
            (shards.place(&[9, 4]), shards.index_bytes),
            ((vec![2, 1], 4), 12 * 16 + 4)
        );
        assert_eq!(layout.key(&[1, 2]), "c/1/2");
        assert!(shards.decode(&[0; 196]).is_err(), "the checksum");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (kind, layout) in [
            (ErrorKind::Limit, v2(|d| d["chunks"] = json!([1 << 20, 1 << 20]))),
            (
                ErrorKind::Limit,
                v2(|d| d["chunks"] = json!([u64::MAX, u64::MAX])),
            ),
            (ErrorKind::Corrupt, v2(|d| d["chunks"] = json!([0, 20]))),
            (ErrorKind::Corrupt, v2(|d| d["chunks"] = json!([20]))),
            (ErrorKind::Corrupt, v2(|d| d["shape"] = json!([-1, 5]))),
            (
                ErrorKind::Unsupported,
                v2(|d| d["compressor"] = json!({"id": "lzma"})),
            ),
            (
                ErrorKind::Unsupported,
                v2(|d| d["filters"] = json!([{"id": "vlen-utf8"}, {"id": "delta"}])),
            ),
            (
                ErrorKind::Corrupt,
                v2(|d| d["filters"] = json!([{"id": "shuffle", "elementsize": u64::MAX}])),
            ),
            (ErrorKind::Unsupported, v2(|d| d["dtype"] = json!("<M8[ns]"))),
            (ErrorKind::Unsupported, v2(|d| d["dtype"] = json!([["a", "<u2"]]))),
            (
                ErrorKind::Unsupported,
                v3(|d| d["codecs"] = json!([{"name": "of-another-world"}])),
            ),
            (
                ErrorKind::Unsupported,
                v3(|d| d["chunk_grid"]["name"] = json!("rectangular")),
            ),
            (
                ErrorKind::Unsupported,
                v3(|d| d["storage_transformers"] = json!([{"name": "x"}])),
            ),
            (
                ErrorKind::Unsupported,
                v3(|d| d["new"] = json!({"name": "x", "must_understand": true})),
            ),
            (ErrorKind::Corrupt, v3(|d| d["fill_value"] = json!("red"))),
            (
                ErrorKind::Corrupt,
                v3(|d| d["codecs"][0]["configuration"]["chunk_shape"] = json!([10, 21])),
            ),
            (
                ErrorKind::Limit,
                v3(|d| {
                    d["chunk_grid"]["configuration"]["chunk_shape"] = json!([1u64 << 40, 1u64 << 40]);
                    d["codecs"][0]["configuration"]["chunk_shape"] = json!([1, 1]);
                }),
            ),
        ] {
            let error = layout.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
}
