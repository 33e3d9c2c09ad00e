//! From pixels or colours to bytes. One file a format.
//!
//! To add one: write `name.rs` here with a unit type that implements [`Encoder`], and add a line to [`ENCODERS`].

mod bin;
mod jpeg;
mod npy;
mod png;
mod stored;
mod tiff;
mod webp;

use std::hash::{Hash, Hasher};

use crate::array::Pixels;
use crate::colour::Raster;
use crate::error::{Error, Result};

/// Every encoder, in the order in which they are listed.
pub static ENCODERS: &[&dyn Encoder] = &[
    &png::Png,
    &jpeg::Jpeg,
    &webp::WebP,
    &npy::Npy,
    &tiff::Tiff,
    &bin::Bin,
];

/// Makes bytes of a tile.
pub trait Encoder: Sync {
    /// Its name, e.g. `png`, which is its first extension too.
    fn name(&self) -> &'static str {
        self.extensions()[0]
    }

    /// What follows the dot in a tile's address, lowercase.
    fn extensions(&self) -> &'static [&'static str];

    /// The media type of its bytes.
    fn media_type(&self) -> &'static str;

    /// What it takes: colours or samples.
    fn content(&self) -> ContentKind;

    /// Whether encoding costs little more than a copy.
    fn is_copy(&self, _options: &EncodeOptions) -> bool {
        self.content() == ContentKind::Samples
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) when the codec fails or `content` is of the other kind.
    fn encode(&self, content: Content<'_>, options: &EncodeOptions) -> Result<Vec<u8>>;
}

/// What an encoder takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// A coloured raster.
    Colours,
    /// Samples in their own dtype.
    Samples,
}

/// What is to be encoded.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A coloured raster.
    Colours(&'a Raster),
    /// Samples in their own dtype.
    Samples(&'a Pixels),
}

impl<'a> Content<'a> {
    fn colours(self) -> Result<&'a Raster> {
        match self {
            Self::Colours(raster) => Ok(raster),
            Self::Samples(_) => Err(Error::internal("an encoder of colours was given samples")),
        }
    }

    fn samples(self) -> Result<&'a Pixels> {
        match self {
            Self::Samples(pixels) => Ok(pixels),
            Self::Colours(_) => Err(Error::internal("an encoder of samples was given colours")),
        }
    }
}

/// How much time lossless compression may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Effort {
    /// None: for readers on the same machine, to whom bytes cost nothing.
    Stored,
    /// The fastest compression there is.
    #[default]
    Fast,
    /// A tenth fewer bytes for ten times the time.
    Small,
}

impl Effort {
    /// Each with its name.
    pub const ALL: [(&'static str, Self); 3] = [
        ("stored", Self::Stored),
        ("fast", Self::Fast),
        ("small", Self::Small),
    ];

    /// The effort of that name.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest), naming the three there are.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find_map(|(known, effort)| (known == name).then_some(effort))
            .ok_or_else(|| {
                Error::bad_request(
                    "effort",
                    format!("no effort {name:?}: there are stored, fast, small"),
                )
            })
    }
}

/// How to encode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EncodeOptions {
    /// For lossless compression.
    pub effort: Effort,
    /// For lossy compression, 1 to 100. WebP is lossless without it.
    pub quality: Option<u8>,
    /// What shows through where there is no pixel and the format has no alpha; white if `None`.
    pub background: Option<[u8; 3]>,
    /// Rows and columns of bare samples, which are zero where there is no pixel: for readers whose chunks are of one
    /// size.
    pub padded: Option<(u32, u32)>,
}

/// An encoder, and how to use it.
#[derive(Clone, Copy)]
pub struct Encoding {
    /// One of [`ENCODERS`].
    pub encoder: &'static dyn Encoder,
    /// How it is used.
    pub options: EncodeOptions,
}

impl Encoding {
    /// The encoder whose extension `extension` is, with its default options.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), naming the extensions there are.
    pub fn by_extension(extension: &str) -> Result<Self> {
        ENCODERS
            .iter()
            .find(|encoder| encoder.extensions().contains(&extension))
            .map(|encoder| Self {
                encoder: *encoder,
                options: EncodeOptions::default(),
            })
            .ok_or_else(|| {
                let known: Vec<_> = ENCODERS.iter().map(|encoder| encoder.name()).collect();
                Error::not_found(format!(
                    "no tile format {extension:?}: there are {}",
                    known.join(", ")
                ))
            })
    }
}

impl std::fmt::Debug for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoding({}, {:?})", self.encoder.name(), self.options)
    }
}

impl PartialEq for Encoding {
    fn eq(&self, other: &Self) -> bool {
        self.encoder.name() == other.encoder.name() && self.options == other.options
    }
}

impl Eq for Encoding {}

impl Hash for Encoding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.encoder.name().hash(state);
        self.options.hash(state);
    }
}

#[cfg(test)]
mod tests;
