//! DICOM: the elements of a file that an image needs, and its frames.
//!
//! Files are walked here rather than by `dicom-rs`, whose parser makes room for a value by the length that the file
//! tells, and reads what no image needs: here values that are not needed are skipped, so that a file is read by ranges.

mod codec;
mod colour;
mod elements;
mod fragments;
mod frames;
mod image;
mod rle;
mod syntax;
mod tags;
mod walk;

pub(crate) use image::sources;
pub use walk::{Elements, parse};
pub(crate) use walk::{after_first_group, parse_deflated};
