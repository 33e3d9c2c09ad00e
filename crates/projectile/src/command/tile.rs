//! `projectile tile`: one tile, exactly, to a file.

use crate::{Area, Cancel, Encoding, Error, Style, TileRequest};

use super::args::TileArgs;
use super::memory::Memory;
use super::{Failure, Fallback, load};

pub(crate) fn run(args: &TileArgs, fallback: Fallback<'_>) -> Result<(), Failure> {
    // Before the file is read, which may take long.
    let extension = args
        .output
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let mut encoding = Encoding::by_extension(&extension)
        .map_err(|error| error.context(format!("{}: the ending says the format", args.output.display())))?;
    encoding.options.effort = args.png;
    encoding.options.quality = args.quality;
    let images = load::one(&args.file, &args.image, &Memory::default(), fallback)?;
    let image = images
        .first()
        .ok_or_else(|| Error::not_found("the file holds no image"))?;
    let tile = args.tile;
    let area = Area::Tile {
        z: tile.z,
        x: tile.x,
        y: tile.y,
        size: tile.size,
    };
    let request = TileRequest {
        area,
        style: Style::default(),
        encoding,
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let tile = image.render_final(&request, threads, &Cancel::new())?;
    std::fs::write(&args.output, tile.bytes)
        .map_err(|error| format!("{}: cannot be written: {error}", args.output.display()))?;
    Ok(())
}
