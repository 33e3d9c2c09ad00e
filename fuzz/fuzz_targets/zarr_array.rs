//! An array's document, a line feed, and the bytes of a chunk or of a shard's index.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (json, chunk) = bytes.split_at(at);
    let _ = projectile_formats::check_array(json, chunk.get(1..).unwrap_or_default());
});
