//! The ways in which clients speak to the server. One file a protocol.
//!
//! To add one: write `name.rs` here with a unit type that implements [`Protocol`], and add a line to [`PROTOCOLS`].
//! A protocol turns addresses into requests and describes images. It reads no pixels and knows no status codes.

mod colormaps;
mod describe;
mod dzi;
mod export;
mod fetch;
mod health;
mod histogram;
mod iiif;
mod live;
mod measure;
mod ogc;
mod open;
mod tilejson;
mod tiles;
mod upload;
mod wmts;
mod zarr;
mod zoomify;

use std::sync::Arc;

use http::request::Parts;
use projectile_core::{Cancel, Effort, Error, Result, Style, TileBlock, TileRequest};

use crate::address::Address;
use crate::base;
use crate::catalog::{Catalog, Entry};
use crate::respond::Document;

/// Every protocol. The first that knows an address answers; `tiles` is last, as its addresses start with a number.
pub(crate) static PROTOCOLS: &[&dyn Protocol] = &[
    &health::Health,
    &live::Live,
    &upload::Uploads,
    &open::Open,
    &fetch::Fetch,
    &histogram::Histograms,
    &measure::Measures,
    &export::Exports,
    &describe::Describe,
    &colormaps::Colormaps,
    &dzi::DeepZoom,
    &zoomify::Zoomify,
    &tilejson::TileJson,
    &wmts::Wmts,
    &ogc::OgcTiles,
    &iiif::Iiif,
    &zarr::Zarr,
    &tiles::Tiles,
];

/// A way to speak to the server.
pub(crate) trait Protocol: Sync {
    /// The name of its file.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the registry's test asks"))]
    fn name(&self) -> &'static str;

    /// What `address` asks for; `None` where the address is not of this protocol.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) and
    /// [`NotFound`](projectile_core::ErrorKind::NotFound).
    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>>;
}

/// What a protocol may know.
pub(crate) struct World<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) tile_size: u32,
    /// Bytes of files that pages may send; `None` where they may not.
    pub(crate) uploads: Option<u64>,
    pub(crate) quality: Option<u8>,
    /// For this client, unless the address says otherwise.
    pub(crate) effort: Effort,
    /// The request that the address is of.
    pub(crate) parts: &'a Parts,
    /// Where clients reach the server, where that was set.
    pub(crate) public_url: Option<&'a str>,
}

impl World<'_> {
    /// The address that all addresses here begin with, without a slash at its end.
    pub(crate) fn base(&self) -> String {
        base::of(self.parts, self.public_url)
    }

    /// The request's query with its question mark, as it was written, without the parameters of these names; empty
    /// where nothing is left.
    pub(crate) fn query_without(&self, names: &[&str]) -> String {
        let query = self.parts.uri.query().unwrap_or_default();
        let is_kept = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && !names.iter().any(|left_out| left_out.eq_ignore_ascii_case(name))
        };
        let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
        if kept.is_empty() {
            String::new()
        } else {
            format!("?{}", kept.join("&"))
        }
    }

    /// The image of that id.
    pub(crate) fn image(&self, id: &str) -> Result<Arc<Entry>> {
        self.catalog.get(id).ok_or_else(|| {
            Error::not_found(format!(
                "no image {:?}: see images for those there are",
                crate::address::shown(id)
            ))
        })
    }
}

/// What is asked for.
pub(crate) enum Call {
    /// A tile.
    Tile {
        entry: Arc<Entry>,
        request: TileRequest,
        /// The revision that the address names, beside the image's version: such an answer holds for ever.
        pinned: Option<u64>,
        /// What the header `Link` says of it.
        link: Option<String>,
    },
    /// What is asked for is at another address.
    Elsewhere(String),
    /// Something that is known at once.
    Document(Document),
    /// Something that takes a look at an image.
    Work { entry: Arc<Entry>, work: Work },
    /// Tiles that will be asked for.
    Fetch {
        entry: Arc<Entry>,
        block: TileBlock,
        style: Style,
    },
    /// What happens from now on, for a page of that name.
    Events { client: String },
    /// Nothing is asked: a page tells.
    Told(Told),
}

/// What a page tells.
pub(crate) enum Told {
    /// Where it is.
    State,
    /// A picture of itself, which it was asked for.
    Picture { request: String },
    /// A file, to be shown.
    File { name: String },
    /// The address of something elsewhere, to be shown.
    Address,
}

/// Describes an image; blocks while it looks at it.
pub(crate) type Work = Box<dyn FnOnce(&Entry, &Cancel) -> Result<Document> + Send>;

/// What `address` asks for.
pub(crate) fn parse(address: &Address<'_>, world: &World<'_>) -> Result<Call> {
    for protocol in PROTOCOLS {
        if let Some(call) = protocol.parse(address, world)? {
            return Ok(call);
        }
    }
    Err(Error::not_found(
        "nothing is at this address; a tile is at {z}/{x}/{y}.png, the images at images",
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_this_folder_is_registered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/protocol");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".rs", ""))
            .filter(|name| name != "mod")
            .collect();
        let registered: BTreeSet<String> = PROTOCOLS
            .iter()
            .map(|protocol| protocol.name().to_owned())
            .collect();
        assert_eq!(files, registered);
        assert_eq!(registered.len(), PROTOCOLS.len());
    }
}
