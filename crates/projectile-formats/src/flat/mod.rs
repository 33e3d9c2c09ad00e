//! Arrays that lie flat in a file or object: elements of one dtype behind a header, at even strides. What `.npy`, FITS,
//! `NIfTI`, MRC and others have in common: each reads its header, and this reads the elements.

mod array;
mod blocks;
mod meaning;
mod place;
mod region;
mod whole;

pub(crate) use array::{FlatArray, bytes_of};
pub(crate) use meaning::{Linear, Meaning};
pub(crate) use place::{Place, header_error, source};
pub(crate) use whole::read_samples;
