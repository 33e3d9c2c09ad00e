//! One file a target; those that open bytes as files of some name are lines of `FILES`.

use crate::Target;

mod addresses;
mod arithmetic;
mod bodies;
mod expression;
mod files;
mod front_door;
mod metadata;
mod zarr;

macro_rules! target {
    ($name:literal, $run:path) => {
        Target {
            name: $name,
            run: $run,
        }
    };
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target!("npy", files::npy),
    target!("npz", files::npz),
    target!("png", files::png),
    target!("jpeg", files::jpeg),
    target!("tiff", files::tiff),
    target!("pictures", files::pictures),
    target!("fits", files::fits),
    target!("nifti", files::nifti),
    target!("mrc", files::mrc),
    target!("dicom", files::dicom),
    target!("hdf5", files::hdf5),
    target!("zarr_attributes", zarr::attributes),
    target!("zarr_array", zarr::array),
    target!("metadata", metadata::run),
    target!("expression", expression::run),
    target!("addresses", addresses::run),
    target!("bodies", bodies::run),
    target!("front_door", front_door::run),
    target!("arithmetic", arithmetic::run),
];
