//! Deep Zoom: `/dzi/{id}.dzi` describes an image, `/dzi/{id}_files/{level}/{x}_{y}.{format}` are its tiles.
//!
//! The parameters of the first are those of the tiles, which clients hand on: how the image looks, and `tile_size`,
//! `overlap` and `format`. The format is Microsoft's, of which level `max` is the full resolution and each level below
//! has half the size, rounded up.

use projectile_core::{Area, Error, Grid, Region, Result};

use super::{Call, Protocol, World, tiles};
use crate::address::{Address, shown, whole};
use crate::api::parameters::{ENCODING, EXPRESSION, Kind, PLANE, Parameter, STYLE, TILE_FORMAT, VERSION};
use crate::api::{Answer, Operation, PICTURES};
use crate::respond::Document;

/// Pixels a side of a tile without its overlap, and of the overlap: what makers of such files choose, with which
/// nearly all tiles are 256 pixels a side.
const TILE_SIZE: u64 = 254;
const OVERLAP: u64 = 1;
/// The greatest tile.
const LARGEST: u64 = 4096;

/// Deep Zoom.
pub(crate) struct DeepZoom;

const DEEP: &[Parameter] = &[
    Parameter::optional(
        "tile_size",
        Kind::Whole(1, LARGEST),
        "254",
        "Of a tile without its overlap, in pixels a side",
    ),
    Parameter::optional(
        "overlap",
        Kind::Whole(0, 2048),
        "1",
        "How many pixels neighbours share",
    ),
];

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/dzi/{id}.dzi",
        group: "Other viewers",
        about: "A Deep Zoom image",
        parameters: &[DEEP, TILE_FORMAT, STYLE, ENCODING, PLANE, EXPRESSION],
        body: None,
        answer: Answer::Files(&["application/xml"]),
    },
    Operation {
        path: "/dzi/{id}_files/{level}/{x}_{y}.{picture}",
        group: "Other viewers",
        about: "A Deep Zoom tile",
        parameters: &[DEEP, STYLE, ENCODING, PLANE, EXPRESSION, VERSION],
        body: None,
        answer: PICTURES,
    },
];

impl Protocol for DeepZoom {
    fn name(&self) -> &'static str {
        "dzi"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        match address.path()[..] {
            ["dzi", file] => {
                let id = file
                    .strip_suffix(".dzi")
                    .ok_or_else(|| Error::not_found("a description's address ends in .dzi"))?;
                let entry = world.image(id, address)?;
                let tiling = Tiling::of(address)?;
                // What the tiles will be refused for is said now.
                tiles::style(&entry, address)?;
                let format = address.parameter("format").unwrap_or("png");
                tiles::encoding(format, address, world)?;
                let (height, width) = entry.image.grid().reduced(0);
                Ok(Some(Call::Document(tiling.description(height, width, format))))
            }
            ["dzi", folder, level, file] => {
                let Some(id) = folder.strip_suffix("_files") else {
                    return Ok(None);
                };
                let entry = world.image(id, address)?;
                let (place, format) = file.rsplit_once('.').ok_or_else(wrong)?;
                let (x, y) = place.split_once('_').ok_or_else(wrong)?;
                let at = (whole("level", level)?, whole("x", x)?, whole("y", y)?);
                let area = Tiling::of(address)?.area(entry.image.grid(), at)?;
                tiles::cut(entry, area, format, address, world).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn wrong() -> Error {
    Error::not_found("a tile is at {id}_files/{level}/{x}_{y}.{format}")
}

/// How the levels are cut.
struct Tiling {
    tile_size: u64,
    overlap: u64,
}

impl Tiling {
    fn of(address: &Address<'_>) -> Result<Self> {
        let number = |name: &str, default: u64, allowed: std::ops::RangeInclusive<u64>| {
            let number = address
                .parameter(name)
                .map_or(Ok(default), |text| whole(name, text))?;
            if allowed.contains(&number) {
                return Ok(number);
            }
            Err(Error::bad_request(
                name.to_owned(),
                format!(
                    "{name} = {number} is outside {} to {}",
                    allowed.start(),
                    allowed.end()
                ),
            ))
        };
        let tile_size = number("tile_size", TILE_SIZE, 1..=LARGEST)?;
        // With more, tiles would lie over tiles beyond their neighbours.
        let overlap = number("overlap", OVERLAP.min(tile_size / 2), 0..=tile_size / 2)?;
        Ok(Self { tile_size, overlap })
    }

    fn description(&self, height: u64, width: u64, format: &str) -> Document {
        let Self { tile_size, overlap } = self;
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Image xmlns=\"http://schemas.microsoft.com/deepzoom/2008\" Format=\"{}\" Overlap=\"{overlap}\" \
             TileSize=\"{tile_size}\"><Size Height=\"{height}\" Width=\"{width}\"/></Image>\n",
            shown(format)
        );
        Document {
            media_type: "application/xml",
            bytes: xml.into(),
        }
    }

    /// Tile (x, y) of a level, with what it shares with its neighbours.
    fn area(&self, grid: Grid, (level, x, y): (u64, u64, u64)) -> Result<Area> {
        let most = grid.max_zoom();
        let reduction = u32::try_from(level)
            .ok()
            .and_then(|level| most.checked_sub(level));
        let reduction = reduction
            .ok_or_else(|| Error::not_found(format!("level {level} is beyond the image's last, {most}")))?;
        let along = |name: &str, tile: u64| {
            let beyond = || Error::not_found(format!("tile {name} = {tile} is beyond the image"));
            let start = tile.checked_mul(self.tile_size).ok_or_else(beyond)?;
            let before = start.min(self.overlap);
            let size = before.saturating_add(self.tile_size).saturating_add(self.overlap);
            Ok((start.saturating_sub(before), size))
        };
        let ((y, height), (x, width)) = (along("y", y)?, along("x", x)?);
        Ok(Area::Reduced {
            reduction,
            region: Region { y, x, height, width },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_overlap_their_neighbours_alone() {
        let grid = Grid::new(1000, 600);
        let tiling = Tiling {
            tile_size: 254,
            overlap: 1,
        };
        let placed = |level, x, y| tiling.area(grid, (level, x, y)).unwrap().place(grid);
        let region = |level, x, y| placed(level, x, y).unwrap().region;
        let expect = |y, x, height, width| Region { y, x, height, width };
        assert_eq!(region(10, 0, 0), expect(0, 0, 255, 255));
        assert_eq!(region(10, 1, 1), expect(253, 253, 256, 256));
        assert_eq!(region(10, 2, 3), expect(761, 507, 239, 93));
        assert_eq!(region(8, 0, 0), expect(0, 0, 250, 150));
        assert_eq!(region(0, 0, 0), expect(0, 0, 1, 1));
        assert!(placed(10, 3, 0).is_err() && placed(10, 0, 4).is_err());
        assert!(tiling.area(grid, (11, 0, 0)).is_err());
        assert!(tiling.area(grid, (10, u64::MAX, 0)).is_err());
    }
}
