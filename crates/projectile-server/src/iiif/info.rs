//! What describes an image, and a gallery, in the words of IIIF.

use projectile_core::Grid;
use serde_json::{Value as Json, json};

use super::{MAX_AREA, Version};
use crate::catalog::Entry;

/// Pixels a side of the tiles that clients are advised to ask for.
const TILE_SIZE: u32 = 256;
/// What is here beyond level 2.
const EXTRA_FEATURES: [&str; 5] = [
    "canonicalLinkHeader",
    "mirroring",
    "profileLinkHeader",
    "rotationArbitrary",
    "sizeUpscaling",
];

/// `info.json` of an image that is at the address `id`.
pub(crate) fn info(version: Version, grid: Grid, id: &str) -> Json {
    let (height, width) = grid.reduced(0);
    let last = (0..=grid.max_zoom())
        .find(|&reduction| {
            let (height, width) = grid.reduced(reduction);
            height.max(width) <= u64::from(TILE_SIZE)
        })
        .unwrap_or(grid.max_zoom());
    let factors: Vec<u64> = (0..=last).map(|reduction| 1 << reduction).collect();
    let sizes: Vec<Json> = (0..=last)
        .rev()
        .map(|reduction| grid.reduced(reduction))
        .filter(|(height, width)| height.saturating_mul(*width) <= MAX_AREA)
        .map(|(height, width)| json!({"width": width, "height": height}))
        .collect();
    let tiles = json!([{"width": TILE_SIZE, "height": TILE_SIZE, "scaleFactors": factors}]);
    match version {
        Version::Three => json!({
            "@context": version.context(),
            "id": id,
            "type": "ImageService3",
            "protocol": "http://iiif.io/api/image",
            "profile": "level2",
            "width": width,
            "height": height,
            "maxArea": MAX_AREA,
            "sizes": sizes,
            "tiles": tiles,
            "preferredFormats": ["png"],
            "extraFormats": ["webp"],
            "extraQualities": ["color", "gray", "bitonal"],
            "extraFeatures": EXTRA_FEATURES,
        }),
        Version::Two => json!({
            "@context": version.context(),
            "@id": id,
            "protocol": "http://iiif.io/api/image",
            "width": width,
            "height": height,
            "sizes": sizes,
            "tiles": tiles,
            "profile": [version.profile(), {
                "formats": ["jpg", "png", "webp"],
                "qualities": ["default", "color", "gray", "bitonal"],
                "maxArea": MAX_AREA,
                "supports": [
                    "baseUriRedirect", "canonicalLinkHeader", "cors", "jsonldMediaType", "mirroring",
                    "profileLinkHeader", "regionByPct", "regionByPx", "regionSquare", "rotationArbitrary",
                    "rotationBy90s", "sizeAboveFull", "sizeByConfinedWh", "sizeByDistortedWh", "sizeByForcedWh",
                    "sizeByH", "sizeByPct", "sizeByW", "sizeByWh",
                ],
            }],
        }),
    }
}

/// A manifest of the Presentation API 3.0: each image on a canvas of its own. `base` is where the server is.
pub(crate) fn manifest(entries: &[std::sync::Arc<Entry>], base: &str) -> Json {
    let canvases: Vec<Json> = entries
        .iter()
        .map(|entry| {
            let (height, width) = entry.image.grid().reduced(0);
            let service = format!("{base}/iiif/3/{}", entry.id);
            let canvas = format!("{base}/iiif/canvas/{}", entry.id);
            json!({
                "id": canvas,
                "type": "Canvas",
                "label": {"none": [entry.image.name()]},
                "height": height,
                "width": width,
                "thumbnail": [{
                    "id": format!("{service}/full/!200,200/0/default.jpg"),
                    "type": "Image",
                    "format": "image/jpeg",
                    "service": [{"id": service, "type": "ImageService3", "profile": "level2"}],
                }],
                "items": [{
                    "id": format!("{canvas}/page"),
                    "type": "AnnotationPage",
                    "items": [{
                        "id": format!("{canvas}/image"),
                        "type": "Annotation",
                        "motivation": "painting",
                        "target": canvas,
                        "body": {
                            "id": format!("{service}/full/max/0/default.jpg"),
                            "type": "Image",
                            "format": "image/jpeg",
                            "height": height,
                            "width": width,
                            "service": [{"id": service, "type": "ImageService3", "profile": "level2"}],
                        },
                    }],
                }],
            })
        })
        .collect();
    json!({
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": format!("{base}/iiif/manifest.json"),
        "type": "Manifest",
        "label": {"none": ["projectile"]},
        "items": canvases,
    })
}
