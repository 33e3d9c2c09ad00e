//! Bytes as files of some name: what is read of their headers, and the pixels of a corner of each image in them.

use std::sync::Arc;

use crate::opened::{Memory, by_blocks, opened};

/// The endings of the further kinds of pictures.
const PICTURES: [&str; 15] = [
    ".bmp", ".gif", ".webp", ".pgm", ".psd", ".ico", ".tga", ".dds", ".hdr", ".qoi", ".ff", ".exr", ".jp2",
    ".jxl", ".gz",
];

pub(super) fn npy(bytes: &[u8]) {
    if let Ok(header) = projectile_formats::parse_header(bytes) {
        let _ = header.data_bytes();
    }
    opened(".npy", bytes);
}

pub(super) fn npz(bytes: &[u8]) {
    opened(".npz", bytes);
}

pub(super) fn png(bytes: &[u8]) {
    opened(".png", bytes);
}

pub(super) fn jpeg(bytes: &[u8]) {
    opened(".jpg", bytes);
}

/// The first byte chooses the ending.
pub(super) fn pictures(bytes: &[u8]) {
    if let Some((&which, bytes)) = bytes.split_first() {
        opened(PICTURES[usize::from(which) % PICTURES.len()], bytes);
    }
}

/// By blocks only: directories, OME-XML, GeoTIFF's keys, and the pixels of each image and level.
pub(super) fn tiff(bytes: &[u8]) {
    by_blocks("TIFF", &Arc::new(Memory::new(bytes)));
}

pub(super) fn fits(bytes: &[u8]) {
    let _ = projectile_formats::fits::parse_header(bytes);
    opened(".fits", bytes);
}

pub(super) fn nifti(bytes: &[u8]) {
    let _ = projectile_formats::nifti::parse_header(bytes);
    opened(".nii", bytes);
}

pub(super) fn mrc(bytes: &[u8]) {
    let _ = projectile_formats::mrc::parse_header(bytes);
    opened(".mrc", bytes);
}

pub(super) fn dicom(bytes: &[u8]) {
    let _ = projectile_formats::dicom::parse(std::io::Cursor::new(bytes), bytes.len() as u64);
    opened(".dcm", bytes);
}

pub(super) fn hdf5(bytes: &[u8]) {
    opened(".h5", bytes);
}
