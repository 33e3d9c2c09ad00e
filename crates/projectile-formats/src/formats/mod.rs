//! One file a format.
//!
//! To add one: write `name.rs` here with a type that implements [`Format`], and add a line to [`FORMATS`].

use crate::format::Format;

mod bmp;
mod dds;
mod exr;
mod farbfeld;
mod gif;
mod hdr;
mod ico;
mod jpeg;
mod jpeg2000;
mod jpeg_xl;
mod png;
mod pnm;
mod psd;
mod qoi;
mod tga;
mod tiff;
mod webp;

/// Every format, in the order in which they are asked about a file's first bytes.
pub static FORMATS: &[&dyn Format] = &[
    &png::Png,
    &jpeg::Jpeg,
    &tiff::Tiff,
    &webp::WebP,
    &gif::Gif,
    &jpeg2000::Jpeg2000,
    &jpeg_xl::JpegXl,
    &exr::OpenExr,
    &psd::Psd,
    &pnm::Pnm,
    &bmp::Bmp,
    &dds::Dds,
    &farbfeld::Farbfeld,
    &hdr::Hdr,
    &qoi::Qoi,
    &ico::Ico,
    &tga::Tga,
];
