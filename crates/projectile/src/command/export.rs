//! `projectile export`: an image as a file, or a folder, that others read.

use std::io::IsTerminal;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    BlockCache, Compression, Error, ExportOptions, Image, LevelCache, Residence, Result, Style, export,
};

use super::args::ExportArgs;
use super::memory::{Memory, default_budget};
use super::{Failure, Fallback, complain, load, say};

/// Bytes of blocks of the file that are kept at least, where nobody says how many.
const BLOCKS: u64 = 4 << 20;
/// Rows that are read at a time.
const BAND: u64 = 256;

/// Rows of an image whose blocks have to be kept for none to be read twice: those of a band, whose columns are read one
/// after the other, and those that the next band needs again.
fn kept_rows(chunk_rows: Option<u64>) -> u64 {
    /// As high as blocks usually are at most.
    const USUAL: u64 = 512;
    match chunk_rows {
        None | Some(0) => USUAL,
        Some(rows) if BAND.is_multiple_of(rows) => BAND,
        Some(rows) if rows.is_multiple_of(BAND) => rows,
        Some(rows) => BAND.saturating_add(rows.saturating_mul(2)),
    }
}

pub(crate) fn run(args: &ExportArgs, fallback: Fallback<'_>) -> Result<(), Failure> {
    let image = open(args, args.memory.unwrap_or(BLOCKS), fallback)?;
    let info = image.info();
    let pixel = info.axes.channels().saturating_mul(info.dtype.size() as u64);
    let row = info.axes.width().saturating_mul(pixel);
    let rows = row
        .saturating_mul(kept_rows(info.chunk_rows))
        .min(default_budget());
    // Opened once more where that is nearly free, and saves it being read more than once.
    let again = args.memory.is_none() && rows > BLOCKS && image.residence() == Residence::Local;
    let image = if again { open(args, rows, fallback)? } else { image };
    let bar = bar();
    let told = bar.clone();
    let options = ExportOptions {
        format: args.format.clone(),
        tile_size: args.tile_size,
        overlap: args.overlap,
        compression: args.compression.as_deref().map(Compression::named).transpose()?,
        quality: args.quality,
        effort: args.effort,
        style: Style {
            channels: (!args.channels.is_empty()).then(|| args.channels.clone()),
            indices: args.index.clone(),
            ..Style::default()
        },
        threads: args.threads.map(usize::from),
        overwrite: args.overwrite,
        progress: Some(Arc::new(move |done, total| {
            told.set_length(total);
            told.set_position(done);
        })),
        ..ExportOptions::default()
    };
    let exported = export(&image, &args.output, &options);
    bar.finish_and_clear();
    let exported = exported?;
    for note in &exported.notes {
        complain(note);
    }
    let kept = match exported.kept {
        0 => String::new(),
        kept => format!(", {kept} of them from before"),
    };
    say(&format!(
        "{}: {}, {} pieces{kept}, {:.1} MB",
        args.output.display().to_string().replace(super::moves, "?"),
        exported.format,
        exported.pieces,
        exported.bytes as f64 / 1e6
    ));
    Ok(())
}

/// The image that is meant, of those in the file.
fn open(args: &ExportArgs, blocks: u64, fallback: Fallback<'_>) -> Result<Image> {
    let memory = Memory {
        levels: LevelCache::new(0),
        blocks: BlockCache::new(blocks),
        whole: Some(BLOCKS),
    };
    let images = load::one(&args.file, &args.image, &memory, fallback)?;
    let names = || images.iter().map(Image::name).collect::<Vec<_>>().join(", ");
    match (&args.member, &images[..]) {
        (_, []) => Err(Error::not_found("the file holds no image")),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(Error::bad_request(
            "member",
            format!(
                "the file holds several images: choose one by --member: {}",
                names()
            ),
        )),
        (Some(wanted), _) => images
            .iter()
            .find(|image| image.name() == wanted || image.name().rsplit('/').next() == Some(wanted))
            .cloned()
            .ok_or_else(|| {
                Error::bad_request(
                    "member",
                    format!("no {wanted:?} in the file: there are {}", names()),
                )
            }),
    }
}

/// A bar on a terminal; hidden on a pipe.
fn bar() -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3} % {human_pos} of {human_len} {eta:>4}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(0), target).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_are_kept_as_a_band_and_the_next_one_share() {
        for (chunk, kept) in [
            (None, 512),
            (Some(1), 256),
            (Some(256), 256),
            (Some(512), 512),
            (Some(10), 276),
            (Some(300), 856),
            (Some(u64::MAX), u64::MAX),
        ] {
            assert_eq!(kept_rows(chunk), kept, "{chunk:?}");
        }
    }
}
