//! Deep Zoom: a folder of pictures for each level, and a small XML file.
//!
//! Levels are numbered from one pixel up; tiles reach into their neighbours, and are cut at the image's edge.

use std::path::{Path, PathBuf};

use projectile_core::{Error, Image, Pixels, Result};

use crate::options::ExportOptions;
use crate::output::{Output, Writer};
use crate::pictures::{Pictures, note_of_planes, resampling};
use crate::plan::{LevelPlan, Piece, Plan};
use crate::store::{Store, with_ending, write_whole};

/// Deep Zoom.
pub(super) struct Dzi;

/// As Deep Zoom's own tools cut: 256 pixels with what a tile reaches into.
const TILE: u32 = 254;
const OVERLAP: u32 = 1;

/// Levels, tiles and pictures of Deep Zoom, wherever they are kept.
#[derive(Debug)]
pub(crate) struct DeepZoom {
    pub(crate) plan: Plan,
    pictures: Pictures,
    tile: u64,
    overlap: u64,
}

impl DeepZoom {
    pub(crate) fn new(image: &Image, format: &str, options: &ExportOptions) -> Result<Self> {
        let pictures = Pictures::new(image, format, options)?;
        let tile = options.tile(TILE, 1)?;
        let overlap = u64::from(options.overlap.unwrap_or(OVERLAP));
        if overlap * 2 > tile {
            return Err(Error::bad_request(
                "overlap",
                format!("overlap {overlap} is more than half of a tile of {tile} pixels"),
            ));
        }
        let (height, width) = (image.info().axes.height(), image.info().axes.width());
        let notes = note_of_planes(image, &pictures.selection());
        Ok(Self {
            plan: Plan {
                planes: vec![pictures.selection()],
                levels: LevelPlan::all(height, width, image.max_zoom(), (tile, tile), overlap),
                resampling: resampling(image, options),
                notes,
            },
            pictures,
            tile,
            overlap,
        })
    }

    /// Where a tile is in the folder of levels.
    pub(crate) fn name(&self, piece: &Piece) -> String {
        let level = self.plan.levels.len() - 1 - piece.level;
        format!(
            "{level}/{}_{}.{}",
            piece.column,
            piece.row,
            self.pictures.extension()
        )
    }

    pub(crate) fn encode(&self, pixels: &Pixels) -> Result<Vec<u8>> {
        self.pictures.of(pixels)
    }

    /// The XML file.
    pub(crate) fn description(&self) -> String {
        let level = &self.plan.levels[0];
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Image xmlns=\"http://schemas.microsoft.com/deepzoom/2008\" \
             Format=\"{}\" Overlap=\"{}\" TileSize=\"{}\">\n  <Size Height=\"{}\" Width=\"{}\"/>\n</Image>\n",
            self.pictures.extension(),
            self.overlap,
            self.tile,
            level.height,
            level.width
        )
    }
}

struct Folder {
    image: DeepZoom,
    description: PathBuf,
    tiles: PathBuf,
}

impl Writer for Dzi {
    fn name(&self) -> &'static str {
        "dzi"
    }

    fn about(&self) -> &'static str {
        "Deep Zoom, as OpenSeadragon shows it: out.dzi beside out_files/"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".dzi"]
    }

    fn plan(&self, image: &Image, path: &Path, options: &ExportOptions) -> Result<Box<dyn Output>> {
        let is_named = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("dzi"));
        let stem = if is_named {
            path.file_stem()
        } else {
            path.file_name()
        };
        let mut name = stem.unwrap_or_default().to_owned();
        name.push("_files");
        Ok(Box::new(Folder {
            image: DeepZoom::new(image, self.name(), options)?,
            description: if is_named {
                path.to_owned()
            } else {
                with_ending(path, ".dzi")
            },
            tiles: path.with_file_name(name),
        }))
    }
}

impl Output for Folder {
    fn plan(&self) -> &Plan {
        &self.image.plan
    }

    fn target(&self) -> &Path {
        &self.tiles
    }

    fn encode(&self, _piece: &Piece, pixels: Pixels) -> Result<Vec<u8>> {
        self.image.encode(&pixels)
    }

    fn file(&self, piece: &Piece) -> Option<String> {
        Some(self.image.name(piece))
    }

    fn finish(&self, _store: &Store, _into: &Path) -> Result<()> {
        Ok(())
    }

    fn seal(&self) -> Result<()> {
        write_whole(&self.description, self.image.description().as_bytes())
    }

    fn beside(&self) -> Option<PathBuf> {
        Some(self.description.clone())
    }
}
