//! The IIIF Image API, versions 2.1 and 3.0, at level 2: what its addresses mean and what describes an image in it.
//!
//! <https://iiif.io/api/image/3.0/> and <https://iiif.io/api/image/2.1/>.

mod info;
mod request;

pub(crate) use info::{info, manifest};
pub(crate) use request::ImageRequest;

/// The most pixels of an answer, as descriptions say it.
const MAX_AREA: u64 = projectile_core::geometry::MOST_PIXELS;

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Two,
    Three,
}

impl Version {
    pub(crate) const ALL: [Self; 2] = [Self::Two, Self::Three];

    /// As it stands in addresses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Two => "2",
            Self::Three => "3",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// What its descriptions' words mean.
    pub(crate) fn context(self) -> &'static str {
        match self {
            Self::Two => "http://iiif.io/api/image/2/context.json",
            Self::Three => "http://iiif.io/api/image/3/context.json",
        }
    }

    /// What a server of level 2 can do.
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Self::Two => "http://iiif.io/api/image/2/level2.json",
            Self::Three => "http://iiif.io/api/image/3/level2.json",
        }
    }
}
