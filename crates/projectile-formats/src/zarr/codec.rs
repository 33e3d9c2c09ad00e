//! The compressors of Zarr, within bounds: none gives more bytes than a chunk has, whatever its bytes say.
//!
//! zarrs has compressors of its own, most of them in C, which believe what the compressed bytes say of themselves. It
//! is told to use these instead.

use std::any::Any;
use std::borrow::Cow;
use std::io::Read;
use std::sync::{Arc, Once};

use zarrs::array::codec::api::{
    BytesRepresentation, BytesToBytesCodecTraits, Codec, CodecError, CodecMetadataOptions, CodecOptions,
    CodecRuntimePluginV3, CodecTraits, PartialDecoderCapability, PartialEncoderCapability,
    RecommendedConcurrency, register_codec_v3,
};
use zarrs::metadata::Configuration;
use zarrs::plugin::{ExtensionName, ZarrVersion};

use super::blosc;
use crate::sizes::{to_u64, to_usize};

/// Decoded bytes of a chunk beyond which it is not read.
pub(super) const MOST_DECODED: u64 = 1 << 30;

/// A compressor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compressor {
    Gzip,
    Zlib,
    Zstd,
    Lz4,
    Blosc,
}

const COMPRESSORS: [Compressor; 5] = [
    Compressor::Gzip,
    Compressor::Zlib,
    Compressor::Zstd,
    Compressor::Lz4,
    Compressor::Blosc,
];

impl Compressor {
    fn id(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Blosc => "blosc",
        }
    }

    /// At most `most` bytes.
    fn decode(self, packed: &[u8], most: u64) -> Result<Vec<u8>, String> {
        match self {
            Self::Gzip => bounded(flate2::read::MultiGzDecoder::new(packed), packed, most),
            Self::Zlib => bounded(flate2::read::ZlibDecoder::new(packed), packed, most),
            Self::Zstd => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(packed);
                bounded(decoder.map_err(|error| error.to_string())?, packed, most)
            }
            Self::Lz4 => lz4(packed, most),
            Self::Blosc => blosc::decode(packed, most),
        }
    }
}

/// Whether compressors of this name are known; `numcodecs.` before it, as zarr-python writes it, says no more.
pub(super) fn is_compressor(name: &str) -> bool {
    compressor(name).is_some()
}

fn compressor(name: &str) -> Option<Compressor> {
    let name = name.strip_prefix("numcodecs.").unwrap_or(name);
    COMPRESSORS.into_iter().find(|known| known.id() == name)
}

/// Tells zarrs of the compressors, once a process.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for known in COMPRESSORS {
            register_codec_v3(CodecRuntimePluginV3::new(
                move |name| compressor(name) == Some(known),
                move |_| Ok(Codec::BytesToBytes(Arc::new(known))),
            ));
        }
    });
}

/// All that a decoder gives, unless that is more than `most` bytes.
fn bounded(mut decoder: impl Read, packed: &[u8], most: u64) -> Result<Vec<u8>, String> {
    /// How many times longer than what is compressed the first buffer may be.
    const HOPE: usize = 16;
    let mut bytes = Vec::with_capacity(
        packed
            .len()
            .saturating_mul(HOPE)
            .min(to_usize(most).saturating_add(1)),
    );
    decoder
        .by_ref()
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if to_u64(bytes.len()) > most {
        return Err(too_much(most));
    }
    Ok(bytes)
}

pub(super) fn too_much(most: u64) -> String {
    format!("it holds more than the {most} bytes that its array's metadata says")
}

/// numcodecs' own frame: the length, then one LZ4 block.
fn lz4(packed: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let (length, block) = packed
        .split_first_chunk()
        .ok_or("an LZ4 block without its length")?;
    let length = u32::from_le_bytes(*length);
    if u64::from(length) > most {
        return Err(too_much(most));
    }
    lz4_block(block, to_usize(length.into()))
}

/// An LZ4 block of `length` bytes.
pub(super) fn lz4_block(block: &[u8], length: usize) -> Result<Vec<u8>, String> {
    /// Bytes that one byte of a block can stand for.
    const RATIO: usize = 255;
    if length > block.len().saturating_mul(RATIO).saturating_add(RATIO) {
        return Err("an LZ4 block that is shorter than it says".to_owned());
    }
    let mut bytes = vec![0; length];
    let written = lz4_flex::block::decompress_into(block, &mut bytes).map_err(|error| error.to_string())?;
    if written == length {
        Ok(bytes)
    } else {
        Err("an LZ4 block that is shorter than it says".to_owned())
    }
}

/// `length` bytes of zstd.
pub(super) fn zstd(packed: &[u8], length: usize) -> Result<Vec<u8>, String> {
    Compressor::Zstd.decode(packed, to_u64(length))
}

/// `length` bytes of zlib.
pub(super) fn zlib(packed: &[u8], length: usize) -> Result<Vec<u8>, String> {
    Compressor::Zlib.decode(packed, to_u64(length))
}

impl ExtensionName for Compressor {
    fn name(&self, _version: ZarrVersion) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(self.id()))
    }
}

impl CodecTraits for Compressor {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn configuration(&self, _: ZarrVersion, _: &CodecMetadataOptions) -> Option<Configuration> {
        None
    }

    fn partial_decoder_capability(&self) -> PartialDecoderCapability {
        PartialDecoderCapability {
            partial_read: false,
            partial_decode: false,
        }
    }

    fn partial_encoder_capability(&self) -> PartialEncoderCapability {
        PartialEncoderCapability {
            partial_encode: false,
        }
    }
}

impl BytesToBytesCodecTraits for Compressor {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn BytesToBytesCodecTraits> {
        self
    }

    fn recommended_concurrency(&self, _: &BytesRepresentation) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }

    fn encoded_representation(&self, _: &BytesRepresentation) -> BytesRepresentation {
        BytesRepresentation::UnboundedSize
    }

    fn encode<'a>(&self, _: Cow<'a, [u8]>, _: &CodecOptions) -> Result<Cow<'a, [u8]>, CodecError> {
        Err(CodecError::Other("nothing is written here".to_owned()))
    }

    fn decode<'a>(
        &self,
        packed: Cow<'a, [u8]>,
        decoded: &BytesRepresentation,
        _: &CodecOptions,
    ) -> Result<Cow<'a, [u8]>, CodecError> {
        let most = decoded.size().unwrap_or(MOST_DECODED).min(MOST_DECODED);
        Compressor::decode(*self, &packed, most)
            .map(Cow::Owned)
            .map_err(|why| CodecError::Other(format!("{}: {why}", self.id())))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use proptest::prelude::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_refused_and_what_is_meant_is_read() {
        let bytes = vec![7; 1 << 20];
        let packed = gzip(&bytes);
        assert_eq!(Compressor::Gzip.decode(&packed, 1 << 20).unwrap(), bytes);
        assert!(Compressor::Gzip.decode(&packed, (1 << 20) - 1).is_err());
        let block = lz4_flex::block::compress(&bytes);
        let framed = [&(1u32 << 20).to_le_bytes()[..], &block].concat();
        assert_eq!(Compressor::Lz4.decode(&framed, 1 << 20).unwrap(), bytes);
        assert!(Compressor::Lz4.decode(&framed, 9).is_err());
        let lies = [&u32::MAX.to_le_bytes()[..], &block].concat();
        assert!(Compressor::Lz4.decode(&lies, u64::MAX).is_err());
    }

    #[test]
    fn names_are_known_by_either_spelling() {
        for name in ["gzip", "numcodecs.zlib", "zstd", "numcodecs.zstd", "blosc", "lz4"] {
            assert!(is_compressor(name), "{name}");
        }
        assert!(!is_compressor("bytes"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), most in 0u64..4096) {
            for known in COMPRESSORS {
                if let Ok(decoded) = known.decode(&bytes, most) {
                    prop_assert!(decoded.len() as u64 <= most);
                }
            }
        }
    }
}
