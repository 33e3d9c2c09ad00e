//! Zoomify: `/zoomify/{id}/ImageProperties.xml` describes an image, `/zoomify/{id}/TileGroup{n}/{tier}-{x}-{y}.{format}`
//! are its tiles. Tier 0 is one tile, each next one has twice the size. Which group a tile is in says nothing that its
//! place does not, so any is taken: clients count differently where sizes are odd.

use projectile_core::{Area, Error, Grid, Region, Result};

use super::{Call, Protocol, World, tiles};
use crate::address::{Address, whole};
use crate::api::parameters::{ENCODING, EXPRESSION, PLANE, STYLE, VERSION};
use crate::api::{Answer, Operation, PICTURES};
use crate::respond::Document;

/// Zoomify.
pub(crate) struct Zoomify;

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/zoomify/{id}/ImageProperties.xml",
        group: "Other viewers",
        about: "A Zoomify image",
        parameters: &[STYLE, PLANE, EXPRESSION],
        body: None,
        answer: Answer::Files(&["application/xml"]),
    },
    Operation {
        path: "/zoomify/{id}/{group}/{level}-{x}-{y}.{picture}",
        group: "Other viewers",
        about: "A Zoomify tile",
        parameters: &[STYLE, ENCODING, PLANE, EXPRESSION, VERSION],
        body: None,
        answer: PICTURES,
    },
];

impl Protocol for Zoomify {
    fn name(&self) -> &'static str {
        "zoomify"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let tile_size = u64::from(world.tile_size);
        match address.path()[..] {
            ["zoomify", id, "ImageProperties.xml"] => {
                let entry = world.image(id, address)?;
                tiles::style(&entry, address)?;
                Ok(Some(Call::Document(description(entry.image.grid(), tile_size))))
            }
            ["zoomify", id, group, file] if group.starts_with("TileGroup") => {
                let entry = world.image(id, address)?;
                let (place, format) = file.rsplit_once('.').ok_or_else(wrong)?;
                let [tier, x, y] = place.split('-').collect::<Vec<_>>()[..] else {
                    return Err(wrong());
                };
                let at = (whole("tier", tier)?, whole("x", x)?, whole("y", y)?);
                let area = area(entry.image.grid(), tile_size, at)?;
                tiles::cut(entry, area, format, address, world).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn wrong() -> Error {
    Error::not_found("a tile is at TileGroup{n}/{tier}-{x}-{y}.{format}")
}

/// The last tier, of full resolution: the first is the one that fits into a tile.
fn last_tier(grid: Grid, tile_size: u64) -> u32 {
    let fits = |reduction: &u32| {
        let (height, width) = grid.reduced(*reduction);
        height.max(width) <= tile_size
    };
    (0..=grid.max_zoom()).find(fits).unwrap_or(grid.max_zoom())
}

fn description(grid: Grid, tile_size: u64) -> Document {
    let (height, width) = grid.reduced(0);
    let tiles: u128 = (0..=last_tier(grid, tile_size))
        .map(|reduction| {
            let (height, width) = grid.reduced(reduction);
            u128::from(height.div_ceil(tile_size)).saturating_mul(width.div_ceil(tile_size).into())
        })
        .sum();
    let xml = format!(
        "<IMAGE_PROPERTIES WIDTH=\"{width}\" HEIGHT=\"{height}\" NUMTILES=\"{tiles}\" NUMIMAGES=\"1\" VERSION=\"1.8\" \
         TILESIZE=\"{tile_size}\" />\n"
    );
    Document {
        media_type: "application/xml",
        bytes: xml.into(),
    }
}

fn area(grid: Grid, tile_size: u64, (tier, x, y): (u64, u64, u64)) -> Result<Area> {
    let last = last_tier(grid, tile_size);
    let reduction = u32::try_from(tier)
        .ok()
        .and_then(|tier| last.checked_sub(tier))
        .ok_or_else(|| Error::not_found(format!("tier {tier} is beyond the image's last, {last}")))?;
    let start = |name: &str, tile: u64| {
        tile.checked_mul(tile_size)
            .ok_or_else(|| Error::not_found(format!("tile {name} = {tile} is beyond the image")))
    };
    Ok(Area::Reduced {
        reduction,
        region: Region {
            y: start("y", y)?,
            x: start("x", x)?,
            height: tile_size,
            width: tile_size,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_double_from_one_tile_to_the_image() {
        let grid = Grid::new(1000, 600);
        assert_eq!(last_tier(grid, 256), 2);
        assert_eq!(last_tier(Grid::new(256, 3), 256), 0);
        let region = |at| area(grid, 256, at).unwrap().place(grid).unwrap().region;
        let expect = |y, x, height, width| Region { y, x, height, width };
        assert_eq!(region((0, 0, 0)), expect(0, 0, 250, 150));
        assert_eq!(region((1, 1, 1)), expect(256, 256, 244, 44));
        assert_eq!(region((2, 2, 3)), expect(768, 512, 232, 88));
        assert!(area(grid, 256, (3, 0, 0)).is_err());
        assert!(area(grid, 256, (2, u64::MAX, 0)).is_err());
        assert!(area(grid, 256, (2, 3, 0)).unwrap().place(grid).is_err());
        let text = String::from_utf8(description(grid, 256).bytes.to_vec()).unwrap();
        assert!(text.contains("NUMTILES=\"17\""), "{text}");
    }
}
