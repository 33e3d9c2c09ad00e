//! What pages of a TIFF say in words: OME-XML, `ImageJ`, SVS, GDAL.

/// Any text as the description of the first of three pages.
pub(super) fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = projectile_formats::check_description(text);
    }
}
