//! HDF5 and `NetCDF` 4. The structure of a file is read by `hdf5-pure`; samples are read here, chunk by chunk, so that
//! they come by ranges, together, and are kept within the budget of all files.

mod attributes;
mod chunks;
mod dataset;
mod element;
mod file;
mod filters;
mod scales;

pub(crate) use file::sources;
