//! `/colormaps`: the list, and a strip of each one's colours.

use bytes::Bytes;
use projectile_core::sizes::{to_u64, to_usize};
use projectile_core::{COLORMAPS, Colormap, Error, ErrorKind, Result};

use super::{Call, Protocol, World};
use crate::address::Address;
use crate::api::answers::{ColormapList, ListedColormap};
use crate::api::{Answer, Operation, json};
use crate::respond::Document;

/// Colours of a strip.
const STRIP: u32 = 256;

/// The colormaps.
pub(crate) struct Colormaps;

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/colormaps",
        group: "Colours",
        about: "The colormaps that there are: matplotlib's",
        parameters: &[],
        body: None,
        answer: json::<ColormapList>(),
    },
    Operation {
        path: "/colormaps/{map}.png",
        group: "Colours",
        about: "A strip of a colormap, 256 × 1 pixels",
        parameters: &[],
        body: None,
        answer: Answer::Files(&["image/png"]),
    },
];

impl Protocol for Colormaps {
    fn name(&self) -> &'static str {
        "colormaps"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, _: &World<'_>) -> Result<Option<Call>> {
        let document = match address.path()[..] {
            ["colormaps"] => {
                let colormaps = COLORMAPS
                    .iter()
                    .map(|map| ListedColormap {
                        name: map.name.to_owned(),
                        category: map.category.to_owned(),
                    })
                    .collect();
                Document::json(&ColormapList { colormaps })?
            }
            ["colormaps", file] => {
                let name = file
                    .strip_suffix(".png")
                    .ok_or_else(|| Error::not_found("a strip's name ends in .png"))?;
                // An address that names nothing, rather than a parameter that is wrong.
                let map = projectile_core::colormap(name)
                    .map_err(|error| Error::new(ErrorKind::NotFound, error.message()))?;
                Document {
                    media_type: "image/png",
                    bytes: strip(map)?,
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(Call::Document(document)))
    }
}

/// A picture of 256 × 1 pixels: all the map's colours, each as wide as the others where it has fewer.
fn strip(map: &Colormap) -> Result<Bytes> {
    let failed = |error: png::EncodingError| Error::internal(format!("a strip of colours: {error}"));
    let colours = to_u64(map.table.len());
    let colour = |x: u32| {
        let at = u64::from(x).saturating_mul(colours).div_euclid(STRIP.into());
        map.table.get(to_usize(at)).copied().unwrap_or_default()
    };
    let row: Vec<u8> = (0..STRIP).flat_map(colour).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, STRIP, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&row).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(Bytes::from(file))
}
