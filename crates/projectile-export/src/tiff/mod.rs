//! What the TIFF writer is made of: directories, how tiles are compressed, and what OME-TIFF says.

pub(crate) mod ifd;
pub(crate) mod ome;
pub(crate) mod tile;
