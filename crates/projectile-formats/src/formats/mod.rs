//! One file a format.
//!
//! To add one: write `name.rs` here with a type that implements [`Format`], and add a line to [`FORMATS`].

use crate::format::Format;

mod bmp;
mod dds;
mod dicom;
mod exr;
mod farbfeld;
mod fits;
mod gif;
mod gzip;
mod hdf5;
mod hdr;
mod ico;
mod jpeg;
mod jpeg2000;
mod jpeg_xl;
mod mrc;
mod nifti;
mod npy;
mod npz;
mod png;
mod pnm;
mod psd;
mod qoi;
mod tga;
mod tiff;
mod unsupported;
mod webp;
mod zarr;

/// Every format, in the order in which they are asked about a file's first bytes.
pub static FORMATS: &[&dyn Format] = &[
    &npy::Npy,
    &npz::Npz,
    &zarr::Zarr,
    &png::Png,
    &jpeg::Jpeg,
    // Before TIFF, whose signature some DICOM files begin with, to be both.
    &dicom::Dicom,
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
    &fits::Fits,
    &nifti::Nifti,
    &mrc::Mrc,
    &hdf5::Hdf5,
    &gzip::Gzip,
    // Known, and refused with a reason; last, so that a format that is read goes first.
    &unsupported::AVIF,
    &unsupported::AVIF_SEQUENCE,
    &unsupported::BLP,
    &unsupported::BUFR,
    &unsupported::CUR,
    &unsupported::DCX,
    &unsupported::EPS,
    &unsupported::EPS_BINARY,
    &unsupported::FLI,
    &unsupported::FLC,
    &unsupported::FTEX,
    &unsupported::GBR,
    &unsupported::GRIB,
    &unsupported::HDF4,
    &unsupported::NETCDF3,
    &unsupported::HEIF,
    &unsupported::ICNS,
    &unsupported::IM,
    &unsupported::IMT,
    &unsupported::IPTC,
    &unsupported::MCIDAS,
    &unsupported::MPEG,
    &unsupported::MSP,
    &unsupported::MSP2,
    &unsupported::PCD,
    &unsupported::PCX,
    &unsupported::PDF,
    &unsupported::PIXAR,
    &unsupported::SGI,
    &unsupported::SPIDER,
    &unsupported::SUN,
    &unsupported::SVG,
    &unsupported::WMF,
    &unsupported::XBM,
    &unsupported::XPM,
    &unsupported::XVTHUMB,
];
