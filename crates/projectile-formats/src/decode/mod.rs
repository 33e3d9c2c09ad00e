//! What every decoder of pictures needs: reading with progress, limits before allocation, panics as errors, and the
//! last steps from decoded samples to a source.

pub(crate) mod data;
pub(crate) mod exif;
mod guard;
pub(crate) mod input;
pub(crate) mod picture;
pub(crate) mod scans;
pub(crate) mod shuffle;
pub(crate) mod stream;
pub(crate) mod through_image;

pub(crate) use data::Data;
pub(crate) use guard::guarded;
pub(crate) use input::Input;
pub(crate) use picture::Picture;
