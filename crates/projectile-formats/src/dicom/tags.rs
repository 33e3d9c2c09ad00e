//! The elements that an image needs, by group and number (DICOM PS3.6).

/// A group and a number in it.
pub(super) type Tag = (u16, u16);

macro_rules! tags {
    ($($name:ident $tag:expr;)*) => {
        $(pub(super) const $name: Tag = $tag;)*
        /// All of them.
        pub(super) const WANTED: &[Tag] = &[$($name),*];
    };
}

tags! {
    TRANSFER_SYNTAX (0x0002, 0x0010);
    MODALITY (0x0008, 0x0060);
    SLICE_THICKNESS (0x0018, 0x0050);
    SPACING_BETWEEN_SLICES (0x0018, 0x0088);
    FRAME_TIME (0x0018, 0x1063);
    IMAGER_PIXEL_SPACING (0x0018, 0x1164);
    NOMINAL_PIXEL_SPACING (0x0018, 0x2010);
    SAMPLES_PER_PIXEL (0x0028, 0x0002);
    PHOTOMETRIC (0x0028, 0x0004);
    PLANAR (0x0028, 0x0006);
    NUMBER_OF_FRAMES (0x0028, 0x0008);
    ROWS (0x0028, 0x0010);
    COLUMNS (0x0028, 0x0011);
    PIXEL_SPACING (0x0028, 0x0030);
    BITS_ALLOCATED (0x0028, 0x0100);
    BITS_STORED (0x0028, 0x0101);
    HIGH_BIT (0x0028, 0x0102);
    PIXEL_REPRESENTATION (0x0028, 0x0103);
    PADDING_VALUE (0x0028, 0x0120);
    PADDING_LIMIT (0x0028, 0x0121);
    WINDOW_CENTER (0x0028, 0x1050);
    WINDOW_WIDTH (0x0028, 0x1051);
    RESCALE_INTERCEPT (0x0028, 0x1052);
    RESCALE_SLOPE (0x0028, 0x1053);
    RESCALE_TYPE (0x0028, 0x1054);
    VOI_FUNCTION (0x0028, 0x1056);
    RED_DESCRIPTOR (0x0028, 0x1101);
    GREEN_DESCRIPTOR (0x0028, 0x1102);
    BLUE_DESCRIPTOR (0x0028, 0x1103);
    RED_TABLE (0x0028, 0x1201);
    GREEN_TABLE (0x0028, 0x1202);
    BLUE_TABLE (0x0028, 0x1203);
    EXTENDED_OFFSETS (0x7fe0, 0x0001);
    EXTENDED_LENGTHS (0x7fe0, 0x0002);
}

/// A table of values instead of a line, which is not applied.
pub(super) const MODALITY_TABLE: Tag = (0x0028, 0x3000);
pub(super) const SHARED_GROUPS: Tag = (0x5200, 0x9229);
pub(super) const FRAME_GROUPS: Tag = (0x5200, 0x9230);
pub(super) const PIXEL_MEASURES: Tag = (0x0028, 0x9110);
pub(super) const FRAME_WINDOW: Tag = (0x0028, 0x9132);
pub(super) const VALUE_TRANSFORMATION: Tag = (0x0028, 0x9145);
pub(super) const FLOAT_PIXELS: Tag = (0x7fe0, 0x0008);
pub(super) const DOUBLE_PIXELS: Tag = (0x7fe0, 0x0009);
pub(super) const PIXELS: Tag = (0x7fe0, 0x0010);
pub(super) const ITEM: Tag = (0xfffe, 0xe000);
pub(super) const END_OF_ITEM: Tag = (0xfffe, 0xe00d);
pub(super) const END_OF_SEQUENCE: Tag = (0xfffe, 0xe0dd);
