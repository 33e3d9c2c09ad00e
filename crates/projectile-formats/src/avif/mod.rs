//! AVIF: the boxes around AV1 pictures, and their colours.

pub(crate) mod boxes;
pub(crate) mod colour;
