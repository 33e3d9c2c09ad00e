//! TIFF and BigTIFF, read chunk by chunk: the directory, where each strip or tile lies, and its rows.
//!
//! It is our own because the crates there are refuse palettes, extra samples and odd depths, or stop at tiled planes;
//! and because reading one tile of a file needs the same parts as reading all of them. What hard codecs do is left to
//! crates.

pub(crate) mod codec;
pub(crate) mod colour;
pub(crate) mod description;
pub(crate) mod geo;
pub(crate) mod ifd;
pub(crate) mod index;
mod jpeg2000;
pub(crate) mod layout;
mod lerc;
pub(crate) mod ome;
pub(crate) mod page;
pub(crate) mod rows;
pub(crate) mod source;
pub(crate) mod window;
mod xml;

/// Reads what a page says in words, as a fuzzer gives it.
///
/// # Errors
/// Those of OME-XML.
#[doc(hidden)]
pub fn check_description(text: &str) -> projectile_core::Result<()> {
    let _ = description::imagej(text);
    if ome::is_ome(text) {
        ome::read(text, 3, &crate::open::Limits::default())?;
    }
    Ok(())
}
