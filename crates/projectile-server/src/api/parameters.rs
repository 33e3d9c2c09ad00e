//! Parameters that several addresses share.

use projectile_core::{COLORMAPS, Effort, LONGEST_EXPRESSION, Resampling};

/// Something that an address says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    pub(crate) example: &'static str,
    pub(crate) required: bool,
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A whole number, from … to ….
    Whole(u64, u64),
    /// A finite number.
    Number,
    /// Text of at most so many characters.
    Text(usize),
    /// Text that fits a regular expression.
    Like(&'static str),
    /// One of some names.
    One(fn() -> Vec<&'static str>),
    /// One of these names.
    OneOf(&'static [&'static str]),
    /// Any of the image's extra axes by its name.
    Axes,
}

impl Parameter {
    const fn new(name: &'static str, kind: Kind, example: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            kind,
            example,
            required: false,
        }
    }

    /// One without which there is no answer.
    pub(crate) const fn needed(
        name: &'static str,
        kind: Kind,
        example: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            required: true,
            ..Self::new(name, kind, example, about)
        }
    }

    /// One that may be left out.
    pub(crate) const fn optional(
        name: &'static str,
        kind: Kind,
        example: &'static str,
        about: &'static str,
    ) -> Self {
        Self::new(name, kind, example, about)
    }
}

const COLOUR: Kind = Kind::Like("^[0-9a-fA-F]{6}$");
/// The greatest whole number that every reader of JSON takes exactly.
pub(crate) const MOST: u64 = 1 << 53;

/// What stands in paths.
pub(crate) const IN_PATHS: &[Parameter] = &[
    Parameter::needed("id", Kind::Text(64), "a", "An image's id, as /images lists it"),
    Parameter::needed(
        "z",
        Kind::Whole(0, 63),
        "0",
        "Zoom: 0 is one tile for the whole image",
    ),
    Parameter::needed("x", Kind::Whole(0, MOST), "0", "Column of tiles"),
    Parameter::needed("y", Kind::Whole(0, MOST), "0", "Row of tiles"),
    Parameter::needed(
        "s",
        Kind::Whole(1, 4096),
        "256",
        "Pixels a side of the tile: a power of two",
    ),
    Parameter::needed("level", Kind::Whole(0, 63), "0", "Level: 0 is one pixel"),
    Parameter::needed("set", Kind::Text(64), "pixels", "A tile matrix set"),
    Parameter::needed(
        "format",
        Kind::OneOf(&["png", "jpg", "webp", "npy", "tif", "bin"]),
        "png",
        "png, jpg and webp are pictures; npy, tif and bin are samples in their own dtype",
    ),
    Parameter::needed(
        "matrices",
        Kind::Text(64),
        "WebMercatorQuad",
        "A tile matrix set's own id",
    ),
    Parameter::needed(
        "picture",
        Kind::OneOf(&["png", "jpg", "webp"]),
        "png",
        "The picture's format",
    ),
    Parameter::needed(
        "drawing",
        Kind::OneOf(&["svg", "png"]),
        "svg",
        "The drawing's format",
    ),
    Parameter::needed(
        "map",
        Kind::One(colormaps),
        "viridis",
        "A colormap of matplotlib's",
    ),
    Parameter::needed("low", Kind::Number, "0", "Lower end of the display window"),
    Parameter::needed("high", Kind::Number, "1", "Upper end of the display window"),
    Parameter::needed("version", Kind::OneOf(&["2", "3"]), "3", "Of the IIIF Image API"),
    Parameter::needed(
        "region",
        Kind::Text(64),
        "full",
        "full, square, x,y,w,h or pct:x,y,w,h",
    ),
    Parameter::needed(
        "size",
        Kind::Text(64),
        "max",
        "max, w,  ,h  pct:n  w,h  !w,h, and ^ before them to enlarge",
    ),
    Parameter::needed(
        "rotation",
        Kind::Text(32),
        "0",
        "Degrees clockwise; ! before them mirrors first",
    ),
    Parameter::needed(
        "quality",
        Kind::OneOf(&["default", "color", "gray", "bitonal"]),
        "default",
        "Of colours",
    ),
    Parameter::needed("group", Kind::Text(8), "TileGroup0", "A folder of 256 tiles"),
    Parameter::needed("key", Kind::Text(64), "zarr.json", "An object of the Zarr group"),
    Parameter::needed("key2", Kind::Text(64), ".zattrs", "An object of the Zarr group"),
];

/// What is made of an image before anything else.
pub(crate) const EXPRESSION: &[Parameter] = &[Parameter::optional(
    "expression",
    Kind::Text(LONGEST_EXPRESSION),
    "(b1-b2)/(b1+b2)",
    "What is made of the samples of each pixel, in float64: channels are b1, b2, … or \"names\" in quotes, of other \
     images other.b1; + - * / % ** < <= > >= == != & | and numpy's functions by numpy's names",
)];

/// Which plane.
pub(crate) const PLANE: &[Parameter] = &[Parameter::optional(
    "axes",
    Kind::Axes,
    "0",
    "For each extra axis of the image (t, z, …) by its name: an index, or a projection as in z=max or z=3:10:mean",
)];

/// How an image looks.
pub(crate) const STYLE: &[Parameter] = &[
    Parameter::optional(
        "colormap",
        Kind::One(colormaps),
        "viridis",
        "A colormap of matplotlib's, for one channel",
    ),
    Parameter::optional("vmin", Kind::Number, "0", "Lower end of the display window"),
    Parameter::optional("vmax", Kind::Number, "1", "Upper end of the display window"),
    Parameter::optional(
        "window",
        Kind::Like("^[-+.0-9eE]+:[-+.0-9eE]+(,[-+.0-9eE]+:[-+.0-9eE]+)*$"),
        "0:1",
        "vmin and vmax in one, or a window for each chosen channel: 0:100,5:2000",
    ),
    Parameter::optional(
        "resampling",
        Kind::One(resamplings),
        "average",
        "How pixels are reduced",
    ),
    Parameter::optional(
        "c",
        Kind::Like("^[0-9]+(,[0-9]+)*$"),
        "0",
        "One channel, or several by commas to composite",
    ),
    Parameter::optional(
        "colors",
        Kind::Like("^[0-9a-fA-F]{6}(,[0-9a-fA-F]{6})*$"),
        "ff0000",
        "With c: the colour of each chosen channel",
    ),
    Parameter::optional(
        "bits",
        Kind::OneOf(&["8", "16"]),
        "8",
        "Bits of each sample of a PNG",
    ),
];

/// How an image is encoded.
pub(crate) const ENCODING: &[Parameter] = &[
    Parameter::optional(
        "quality",
        Kind::Whole(1, 100),
        "80",
        "Of jpg and webp, which is lossless without it",
    ),
    Parameter::optional(
        "effort",
        Kind::One(efforts),
        "fast",
        "How hard a PNG is compressed",
    ),
    Parameter::optional(
        "background",
        COLOUR,
        "ffffff",
        "What shows where there is no pixel, in formats without alpha",
    ),
];

/// What a description says that the tiles of an image are.
pub(crate) const TILE_FORMAT: &[Parameter] = &[Parameter::optional(
    "format",
    Kind::OneOf(&["png", "jpg", "webp"]),
    "png",
    "Of the tiles",
)];

/// Which version.
pub(crate) const VERSION: &[Parameter] = &[
    Parameter::optional(
        "v",
        Kind::Text(32),
        "0",
        "The image's version: with the right one the answer holds for ever",
    ),
    Parameter::optional(
        "r",
        Kind::Whole(0, MOST),
        "0",
        "Beside v: the revision of an image that changes",
    ),
];

/// A region.
pub(crate) const REGION: &[Parameter] = &[
    Parameter::optional(
        "x0",
        Kind::Whole(0, MOST),
        "0",
        "First column of a region; all four are given, or none",
    ),
    Parameter::optional("y0", Kind::Whole(0, MOST), "0", "First row"),
    Parameter::optional("x1", Kind::Whole(1, MOST), "4", "The column after the last"),
    Parameter::optional("y1", Kind::Whole(1, MOST), "4", "The row after the last"),
];

fn colormaps() -> Vec<&'static str> {
    COLORMAPS.iter().map(|map| map.name).collect()
}

fn resamplings() -> Vec<&'static str> {
    Resampling::all().map(|kind| kind.name()).collect()
}

fn efforts() -> Vec<&'static str> {
    Effort::ALL.iter().map(|(name, _)| *name).collect()
}
