//! One file a format.
//!
//! To add one: write `name.rs` here with a type that implements [`Format`], and add a line to [`FORMATS`].

use crate::format::Format;

mod bmp;
mod dds;
mod farbfeld;
mod gif;
mod hdr;
mod ico;
mod jpeg;
mod png;
mod qoi;
mod tga;
mod webp;

/// Every format, in the order in which they are asked about a file's first bytes.
pub static FORMATS: &[&dyn Format] = &[
    &png::Png,
    &jpeg::Jpeg,
    &webp::WebP,
    &gif::Gif,
    &bmp::Bmp,
    &dds::Dds,
    &farbfeld::Farbfeld,
    &hdr::Hdr,
    &qoi::Qoi,
    &ico::Ico,
    &tga::Tga,
];
