//! A folder of tiles as one file: an uncompressed zip, since pictures are compressed already. Deep Zoom in it is what
//! some call SZI.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, DateTime, ZipWriter};
use projectile_core::{Error, Image, Pixels, Result};

use super::dzi::DeepZoom;
use super::xyz::Tiles;
use crate::options::ExportOptions;
use crate::output::{Output, Writer};
use crate::plan::{Piece, Plan};
use crate::store::{Store, failed};

/// Zip.
pub(super) struct Zip;

enum Inside {
    DeepZoom(DeepZoom),
    Tiles(Tiles),
}

struct Archive {
    inside: Inside,
    /// What the folder would be called.
    stem: String,
    target: PathBuf,
}

impl Writer for Zip {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn about(&self) -> &'static str {
        "Deep Zoom in one uncompressed zip; the tiles of a folder where the name ends in .xyz.zip"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".zip", ".szi"]
    }

    fn plan(&self, image: &Image, path: &Path, options: &ExportOptions) -> Result<Box<dyn Output>> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let lower = name.to_lowercase();
        let ending = [".xyz.zip", ".dzi.zip", ".zip", ".szi"]
            .into_iter()
            .find(|ending| lower.ends_with(ending))
            .unwrap_or_default();
        let inside = if ending == ".xyz.zip" {
            Inside::Tiles(Tiles::new(image, self.name(), options)?)
        } else {
            Inside::DeepZoom(DeepZoom::new(image, self.name(), options)?)
        };
        Ok(Box::new(Archive {
            inside,
            stem: name.get(..name.len() - ending.len()).unwrap_or(&name).to_owned(),
            target: path.to_owned(),
        }))
    }
}

impl Output for Archive {
    fn plan(&self) -> &Plan {
        match &self.inside {
            Inside::DeepZoom(image) => &image.plan,
            Inside::Tiles(tiles) => &tiles.plan,
        }
    }

    fn target(&self) -> &Path {
        &self.target
    }

    fn encode(&self, _piece: &Piece, pixels: Pixels) -> Result<Vec<u8>> {
        match &self.inside {
            Inside::DeepZoom(image) => image.encode(&pixels),
            Inside::Tiles(tiles) => tiles.encode(&pixels),
        }
    }

    fn file(&self, _piece: &Piece) -> Option<String> {
        None
    }

    fn finish(&self, store: &Store, into: &Path) -> Result<()> {
        let wrong = |error: std::io::Error| failed(into, &error);
        let of_zip = |error: ::zip::result::ZipError| {
            Error::new(
                projectile_core::ErrorKind::Unavailable,
                format!("{}: cannot be written: {error}", into.display()),
            )
        };
        let mut archive = ZipWriter::new(BufWriter::new(File::create(into).map_err(wrong)?));
        // No time of day, so that equal images are equal files.
        let entry = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default());
        let (description, text) = match &self.inside {
            Inside::DeepZoom(image) => (format!("{}.dzi", self.stem), image.description()),
            Inside::Tiles(tiles) => ("tilejson.json".to_owned(), format!("{:#}\n", tiles.description())),
        };
        archive.start_file(description, entry).map_err(of_zip)?;
        archive.write_all(text.as_bytes()).map_err(wrong)?;
        let plan = self.plan();
        // The smallest levels first: what is looked at first is read first.
        for level in (0..plan.levels.len()).rev() {
            for piece in plan.pieces(0, level) {
                let name = match &self.inside {
                    Inside::DeepZoom(image) => format!("{}_files/{}", self.stem, image.name(&piece)),
                    Inside::Tiles(tiles) => tiles.path(&piece),
                };
                archive.start_file(name, entry).map_err(of_zip)?;
                archive.write_all(&store.read(plan.key(&piece))?).map_err(wrong)?;
            }
        }
        let mut file = archive.finish().map_err(of_zip)?;
        file.flush().map_err(wrong)
    }
}
