//! Tiles by zoom, column and row, in the server's own grid: zoom 0 is one tile over the whole image, and each zoom halves
//! what a tile covers, down to where pixels are shown as they are.

use std::path::{Path, PathBuf};

use projectile_core::{Error, Image, Pixels, Result};
use serde_json::json;

use crate::options::ExportOptions;
use crate::output::{Output, Writer};
use crate::pictures::{Pictures, note_of_planes, resampling};
use crate::plan::{LevelPlan, Piece, Plan};
use crate::store::{Store, failed};

/// A folder of tiles.
pub(super) struct Xyz;

/// Zooms and tiles of the server's grid, wherever they are kept.
#[derive(Debug)]
pub(crate) struct Tiles {
    pub(crate) plan: Plan,
    name: String,
    pictures: Pictures,
    tile: u64,
    /// Tile pixels a side per pixel: more than 1 only for an image smaller than a tile.
    repeat: u64,
}

impl Tiles {
    pub(crate) fn new(image: &Image, format: &str, options: &ExportOptions) -> Result<Self> {
        let pictures = Pictures::new(image, format, options)?;
        let tile = options.tile(256, 1)?;
        if !tile.is_power_of_two() {
            return Err(Error::bad_request(
                "tile-size",
                format!("tile size {tile} is no power of 2, e.g. 256"),
            ));
        }
        let (height, width) = (image.info().axes.height(), image.info().axes.width());
        let (side, deepest) = (tile.ilog2(), image.max_zoom());
        let notes = note_of_planes(image, &pictures.selection());
        Ok(Self {
            plan: Plan {
                planes: vec![pictures.selection()],
                levels: LevelPlan::all(height, width, deepest.saturating_sub(side), (tile, tile), 0),
                resampling: resampling(image, options),
                notes,
            },
            name: image.name().to_owned(),
            pictures,
            tile,
            repeat: 1 << side.saturating_sub(deepest),
        })
    }

    /// The zoom at which pixels are shown as they are.
    pub(crate) fn last_zoom(&self) -> u32 {
        self.plan.levels.len() as u32 - 1
    }

    /// The zoom of a piece.
    pub(crate) fn zoom(&self, piece: &Piece) -> u32 {
        self.last_zoom() - piece.level as u32
    }

    /// Where a tile is in the folder.
    pub(crate) fn path(&self, piece: &Piece) -> String {
        let extension = self.pictures.extension();
        format!("{}/{}/{}.{extension}", self.zoom(piece), piece.column, piece.row)
    }

    pub(crate) fn encode(&self, pixels: &Pixels) -> Result<Vec<u8>> {
        self.pictures
            .square(pixels, self.repeat as usize, self.tile as usize)
    }

    /// `png`, `jpg` or `webp`.
    pub(crate) fn extension(&self) -> &'static str {
        self.pictures.extension()
    }

    /// The description, by `TileJSON` 3.0.0; size and tile size are our own, since nothing of it is of the Earth.
    pub(crate) fn description(&self) -> serde_json::Value {
        let level = &self.plan.levels[0];
        json!({
            "tilejson": "3.0.0",
            "name": self.name,
            "scheme": "xyz",
            "tiles": [format!("{{z}}/{{x}}/{{y}}.{}", self.extension())],
            "minzoom": 0,
            "maxzoom": self.last_zoom(),
            "width": level.width,
            "height": level.height,
            "tile_size": self.tile,
        })
    }
}

struct Folder {
    tiles: Tiles,
    target: PathBuf,
}

impl Writer for Xyz {
    fn name(&self) -> &'static str {
        "xyz"
    }

    fn about(&self) -> &'static str {
        "a folder of tiles {z}/{x}/{y}, and tilejson.json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn plan(&self, image: &Image, path: &Path, options: &ExportOptions) -> Result<Box<dyn Output>> {
        Ok(Box::new(Folder {
            tiles: Tiles::new(image, self.name(), options)?,
            target: path.to_owned(),
        }))
    }
}

impl Output for Folder {
    fn plan(&self) -> &Plan {
        &self.tiles.plan
    }

    fn target(&self) -> &Path {
        &self.target
    }

    fn encode(&self, _piece: &Piece, pixels: Pixels) -> Result<Vec<u8>> {
        self.tiles.encode(&pixels)
    }

    fn file(&self, piece: &Piece) -> Option<String> {
        Some(self.tiles.path(piece))
    }

    fn finish(&self, _store: &Store, into: &Path) -> Result<()> {
        let path = into.join("tilejson.json");
        std::fs::write(&path, format!("{:#}\n", self.tiles.description()))
            .map_err(|error| failed(&path, &error))
    }
}
