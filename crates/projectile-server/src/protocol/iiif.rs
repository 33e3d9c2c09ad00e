//! The IIIF Image API: `/iiif/3/{id}/info.json` and `/iiif/3/{id}/{region}/{size}/{rotation}/{quality}.{format}`, with 2
//! in the place of 3 for version 2.1; `/iiif/manifest.json` is the gallery for the Presentation API.
//!
//! Its clients know no parameters: what an image's tiles would take after `?` stands behind its id, as in
//! `/iiif/3/stack~t=3~colormap=viridis/info.json`.

use http::header::ACCEPT;
use projectile_core::{Error, Result, TileRequest};

use super::{Call, Protocol, World, tiles};
use crate::address::{Address, shown};
use crate::api::{Answer, Operation, PICTURES};
use crate::iiif::{ImageRequest, Version, info, manifest};
use crate::respond::Document;

/// IIIF.
pub(crate) struct Iiif;

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/iiif/{version}/{id}/info.json",
        group: "Other viewers",
        about: "IIIF Image API: what the image is. Parameters of tiles stand behind the id, as in a~colormap=magma",
        parameters: &[],
        body: None,
        answer: Answer::Files(&["application/json", "application/ld+json"]),
    },
    Operation {
        path: "/iiif/{version}/{id}/{region}/{size}/{rotation}/{quality}.{picture}",
        group: "Other viewers",
        about: "IIIF Image API: any region at any size, turned, in gray",
        parameters: &[],
        body: None,
        answer: PICTURES,
    },
    Operation {
        path: "/iiif/manifest.json",
        group: "Other viewers",
        about: "IIIF Presentation API 3: all images as a manifest",
        parameters: &[],
        body: None,
        answer: Answer::Files(&["application/json", "application/ld+json"]),
    },
];

impl Protocol for Iiif {
    fn name(&self) -> &'static str {
        "iiif"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let path = address.path();
        let (version, path) = match path[..] {
            ["iiif", "manifest.json"] => {
                let described = manifest(&world.catalog.entries(), &world.base());
                let media_type =
                    "application/ld+json;profile=\"http://iiif.io/api/presentation/3/context.json\"";
                let document = Document {
                    media_type,
                    ..Document::json(&described)?
                };
                return Ok(Some(Call::Document(document)));
            }
            ["iiif", version, ref path @ ..] => match Version::named(version) {
                Some(version) => (version, path),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let [named, ref asked @ ..] = *path else {
            return Ok(None);
        };
        let (id, address) = styled(named, address)?;
        let entry = world.image(id, &address)?;
        let base = format!("{}/iiif/{}/{named}", world.base(), version.name());
        match *asked {
            [] | [""] => Ok(Some(Call::Elsewhere(format!("{base}/info.json")))),
            ["info.json"] => {
                tiles::style(&entry, &address)?;
                let document = Document {
                    media_type: media_type(version, world),
                    ..Document::json(&info(version, entry.image.grid(), &base))?
                };
                Ok(Some(Call::Document(document)))
            }
            [region, size, rotation, file] => {
                let (quality, format) = file.rsplit_once('.').ok_or_else(|| {
                    Error::bad_request("format", format!("{:?} says no format", shown(file)))
                })?;
                if !matches!(format, "jpg" | "png" | "webp") {
                    return Err(Error::bad_request(
                        "format",
                        format!("format {:?}: jpg, png or webp", shown(format)),
                    ));
                }
                let grid = entry.image.grid();
                let asked = ImageRequest::parse(version, grid, [region, size, rotation, quality])?;
                let mut style = tiles::style(&entry, &address)?;
                style.finish = asked.finish;
                let request = TileRequest {
                    area: asked.area(),
                    style,
                    encoding: tiles::encoding(format, &address, world)?,
                };
                request.area.place(grid)?;
                Ok(Some(Call::Tile {
                    entry,
                    request,
                    pinned: None,
                    link: Some(format!(
                        "<{base}/{}.{format}>;rel=\"canonical\", <{}>;rel=\"profile\"",
                        asked.canonical(),
                        version.profile()
                    )),
                }))
            }
            _ => Ok(None),
        }
    }
}

/// The id of an image, and the address with the parameters that stand behind it.
fn styled<'a>(named: &'a str, address: &Address<'a>) -> Result<(&'a str, Address<'a>)> {
    let mut parts = named.split('~');
    let id = parts.next().unwrap_or_default();
    let mut address = address.clone();
    for part in parts {
        let (name, value) = part.split_once('=').ok_or_else(|| {
            Error::bad_request("id", format!("{:?} behind the id is no name=value", shown(part)))
        })?;
        address.add(name.to_owned(), value.to_owned())?;
    }
    Ok((id, address))
}

/// Of the descriptions: plain JSON unless linked data is asked for; the other way round from version 3 on.
fn media_type(version: Version, world: &World<'_>) -> &'static str {
    let accepted = world
        .parts
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let accepts = |media_type: &str| accepted.is_some_and(|accepted| accepted.contains(media_type));
    match version {
        Version::Two if accepts("application/ld+json") => "application/ld+json",
        Version::Three if accepts("application/json") && !accepts("application/ld+json") => {
            "application/json"
        }
        Version::Two => "application/json",
        Version::Three => "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"",
    }
}
