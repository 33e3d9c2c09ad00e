//! What the metadata of arrays and of shards has in common: chains of codecs, data types, and what is wrong with them.

use projectile_core::{DType, Error, Result};
use serde::Deserialize;
use zarrs::array::codec::CodecChain;
use zarrs::array::codec::api::CodecOptions;
use zarrs::metadata::v3::MetadataV3;

/// One thread decodes a block: others decode others.
pub(super) fn options() -> CodecOptions {
    CodecOptions::default().with_concurrent_target(1)
}

/// What a library makes of bytes that it may not be ready for.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::corrupt(
            "it cannot be decoded: it is broken in an unforeseen way",
        ))
    })
}

pub(super) fn chain(codecs: &[MetadataV3]) -> Result<CodecChain> {
    /// Bytes of an element that are shuffled, which takes so many rounds even where there are no elements.
    const MOST_SHUFFLED: u64 = 1 << 16;
    for codec in codecs {
        let size = codec.configuration().and_then(|known| known.get("elementsize"));
        if size.is_some_and(|size| size.as_u64().is_none_or(|size| size == 0 || size > MOST_SHUFFLED)) {
            return Err(Error::corrupt(format!(
                "{}: elements of that size are not shuffled",
                codec.name()
            )));
        }
    }
    CodecChain::from_metadata(codecs).map_err(unsupported)
}

pub(super) fn configured<T: for<'a> Deserialize<'a>>(metadata: &MetadataV3) -> Result<T> {
    let configuration = serde_json::to_value(metadata).map_err(|error| invalid(&error))?;
    let configuration = configuration.get("configuration").cloned();
    serde_json::from_value(configuration.unwrap_or_default())
        .map_err(|error| Error::corrupt(format!("{}: {error}", metadata.name())))
}

pub(super) fn dtype(name: &str) -> Result<DType> {
    let name = match name {
        "complex_float32" => "complex64",
        "complex_float64" => "complex128",
        name => name,
    };
    DType::ALL
        .into_iter()
        .find(|dtype| dtype.name() == name)
        .ok_or_else(|| Error::unsupported(format!("an array of {name} is no picture")))
}

pub(super) fn invalid(error: &serde_json::Error) -> Error {
    Error::corrupt(format!("its metadata is broken: {error}"))
}

pub(super) fn unsupported(error: impl std::fmt::Display) -> Error {
    Error::unsupported(error.to_string())
}

pub(super) fn joined(sizes: &[u64]) -> String {
    sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ")
}
