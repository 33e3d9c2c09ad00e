//! The ways in which clients speak to the server. One file a protocol.
//!
//! To add one: write `name.rs` here with a unit type that implements [`Protocol`], and add a line to [`PROTOCOLS`].
//! A protocol turns addresses into requests and describes images. It reads no pixels and knows no status codes.

mod api;
mod colorbar;
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
mod metrics;
mod ogc;
mod open;
mod resamplings;
mod thumbnail;
mod tilejson;
mod tiles;
mod upload;
mod wmts;
mod zarr;
mod zoomify;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use projectile_core::{Cancel, DType, Effort, Error, Result, Style, TileBlock, TileRequest};

use crate::address::Address;
use crate::api::Operation;
use crate::base;
use crate::catalog::{Catalog, Entry};
use crate::expressions::Expressions;
use crate::respond::Document;

/// Every protocol. The first that knows an address answers; `tiles` is last, as its addresses start with a number.
pub(crate) static PROTOCOLS: &[&dyn Protocol] = &[
    &api::Api,
    &health::Health,
    &metrics::Metrics,
    &live::Live,
    &upload::Uploads,
    &open::Open,
    &fetch::Fetch,
    &histogram::Histograms,
    &measure::Measures,
    &export::Exports,
    &thumbnail::Thumbnails,
    &colorbar::Colorbars,
    &resamplings::Resamplings,
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
    fn name(&self) -> &'static str;

    /// What can be asked by it, as [`crate::api`] tells it.
    fn operations(&self) -> &'static [Operation];

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
    pub(crate) expressions: &'a Expressions,
    pub(crate) tile_size: u32,
    /// Bytes of files that pages may send; `None` where they may not.
    pub(crate) uploads: Option<u64>,
    pub(crate) quality: Option<u8>,
    /// For this client, unless the address says otherwise.
    pub(crate) effort: Effort,
    /// The request that the address is of.
    pub(crate) parts: &'a Parts,
    /// What was sent beside the address, of shapes.
    pub(crate) geojson: Option<Bytes>,
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

    /// The image of that id, or what the address's `expression` makes of it.
    pub(crate) fn image(&self, id: &str, address: &Address<'_>) -> Result<Arc<Entry>> {
        let entry = self.catalog.get(id).ok_or_else(|| {
            Error::not_found(format!(
                "no image {:?}: see images for those there are",
                crate::address::shown(id)
            ))
        })?;
        self.expressed(entry, address)
    }

    /// The first image, or what the address's `expression` makes of it.
    pub(crate) fn first(&self, address: &Address<'_>) -> Result<Arc<Entry>> {
        let first = self.catalog.first();
        self.expressed(
            first.ok_or_else(|| Error::not_found("the server has no image"))?,
            address,
        )
    }

    fn expressed(&self, entry: Arc<Entry>, address: &Address<'_>) -> Result<Arc<Entry>> {
        match address.parameter("expression") {
            None => Ok(entry),
            Some(text) => self.expressions.of(self.catalog, &entry, text),
        }
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
    /// Samples as a store holds them.
    Object { entry: Arc<Entry>, object: Object },
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
    /// How much was done, and how things stand.
    Metrics,
    /// Whether there is room for requests.
    Readiness,
    /// Nothing is asked: a page tells.
    Told(Told),
}

/// Samples as a store holds them: tiles behind each other, of which ranges of bytes may be wanted.
pub(crate) struct Object {
    /// What stands before them.
    pub(crate) head: Bytes,
    pub(crate) tiles: Vec<TileRequest>,
    /// The type of their samples.
    pub(crate) dtype: DType,
    /// Bytes of each tile.
    pub(crate) tile_bytes: u64,
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

/// What can be asked of the server.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> {
    PROTOCOLS.iter().flat_map(|protocol| protocol.operations())
}

/// What `address` asks for; whatever it is, the name of the protocol that knows it is noted.
pub(crate) fn parse(address: &Address<'_>, world: &World<'_>, known_by: &mut &'static str) -> Result<Call> {
    for protocol in PROTOCOLS {
        match protocol.parse(address, world) {
            Ok(None) => {}
            Ok(Some(call)) => {
                *known_by = protocol.name();
                return Ok(call);
            }
            Err(error) => {
                *known_by = protocol.name();
                return Err(error);
            }
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
