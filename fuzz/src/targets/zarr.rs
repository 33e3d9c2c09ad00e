//! Documents and chunks of Zarr.

/// What a group's attributes say of images, plates and labels.
pub(super) fn attributes(json: &[u8]) {
    let _ = projectile_formats::check_attributes(json);
}

/// An array's document, a line feed, and the bytes of a chunk or of a shard's index.
pub(super) fn array(bytes: &[u8]) {
    let at = bytes
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(bytes.len());
    let (json, chunk) = bytes.split_at(at);
    let _ = projectile_formats::check_array(json, chunk.get(1..).unwrap_or_default());
}
