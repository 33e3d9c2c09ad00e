//! TIFF and BigTIFF: strips and tiles, chunky and planar, 1 to 64 bits, pages of one size along `z`. What is small is
//! decoded whole; what is large, far away or has overviews is read by blocks.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{Error, Result};

use crate::blob::{Blob, FileBlob};
use crate::decode::picture::Stack;
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::to_u64;
use crate::tiff::ifd::{Directory, File};
use crate::tiff::layout::Plane;
use crate::tiff::page::Page;
use crate::tiff::source::{Parsed, Way, check_readable, parse};
use crate::tiff::{colour, rows};

pub(crate) struct Tiff;

/// The best that deflate, LZW and PackBits do, with room: beyond it a header asks for memory that the file cannot
/// fill.
const MOST_BYTES_PER_BYTE: u64 = 4096;

impl Format for Tiff {
    fn name(&self) -> &'static str {
        "TIFF"
    }

    fn about(&self) -> &'static str {
        "and BigTIFF, COG, GeoTIFF, OME-TIFF, SVS: strips, tiles, planes, overviews, larger than memory by region; 1 to \
         64 bits, integer, float, complex; LZW, deflate, PackBits, JPEG, fax, zstd, WebP, JPEG 2000, LERC; pages of one \
         size along z"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tif", "tiff", "btf", "tf8", "gtiff", "svs", "ndpi"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        matches!(head.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let blob: Arc<dyn Blob> = Arc::new(FileBlob::open(path)?);
        guarded(options, || {
            let parsed = parse(&blob, options)?;
            match parsed.way(options)? {
                Way::Blocks => parsed.into_sources(options),
                Way::Whole => {
                    let input = Input::open(path, options)?;
                    whole(&input, &parsed)?.into_sources(self.name(), &input)
                }
            }
        })
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        let opened = guarded(options, || {
            let parsed = parse(blob, options)?;
            match parsed.way(options)? {
                Way::Blocks => parsed.into_sources(options).map(Some),
                // What cannot be read in part is brought here.
                Way::Whole => Ok(None),
            }
        });
        opened.transpose()
    }
}

/// All pages of the first image.
fn whole(input: &Input<'_>, parsed: &Parsed) -> Result<Picture> {
    let series = parsed.main()?;
    let main = &series.page;
    let (mut file, _) = File::open(input.reader()?, input.len, input.options.limits)?;
    let pages: Vec<&Directory> = series
        .planes
        .iter()
        .filter_map(|plane| match plane {
            Plane::Page(number) => parsed.directories.get(*number),
            _ => None,
        })
        .collect();
    let one = input.samples(main.width, main.height, main.samples, main.dtype.size())?;
    let declared = to_u64(pages.len());
    let fits = input
        .samples(
            main.width,
            main.height,
            main.samples.saturating_mul(declared),
            main.dtype.size(),
        )
        .is_ok();
    let first = *pages.first().ok_or_else(|| Error::corrupt("it holds no image"))?;
    let taken: &[&Directory] = if fits { &pages } else { &[first] };

    let size = main.dtype.size();
    let mut located = Vec::with_capacity(taken.len());
    for tags in taken {
        let page = Page::read(&mut file, tags)?;
        if !page.stacks_with(main) {
            return Err(Error::corrupt("its pages are not alike"));
        }
        let chunks = page.chunks(&mut file, tags)?;
        // Chunks that were never written take no bytes, so a sparse file is no bomb.
        let sparse = chunks.spans.iter().any(|&(_, length)| length == 0);
        if matches!(page.compression, 1 | 5 | 8 | 32773 | 32946) && !sparse {
            let bytes = page.chunk_row_bytes().saturating_mul(page.height);
            input.plausible(bytes, MOST_BYTES_PER_BYTE)?;
        }
        located.push((page, chunks));
    }
    let beyond = || Error::limit("its pages are beyond this machine");
    let all = one.checked_mul(taken.len()).ok_or_else(beyond)?;
    let of_page = one.checked_mul(size).ok_or_else(beyond)?;
    let mut data = Data::zeroed(main.dtype, all)?
        .ok_or_else(|| Error::unsupported(format!("TIFF files of {}", main.dtype)))?;
    let unwritten = located
        .iter()
        .any(|(_, chunks)| chunks.spans.iter().any(|&(_, length)| length == 0));
    if let Some(nodata) = main.nodata.filter(|_| unwritten) {
        data.fill(nodata); // what GDAL shows for the chunks of a sparse file
    }
    let slices = data.bytes_mut().chunks_exact_mut(of_page);
    for ((page, chunks), pixels) in located.iter().zip(slices) {
        check_readable(page)?;
        rows::read_page(&mut file, page, chunks, pixels, input.options)?;
    }
    let palette = file.integers(first, 320)?;
    let meant = colour::meant(main, data, palette.as_deref())?;
    let mut picture = Picture::new(meant.data, main.width, main.height, meant.channels);
    picture.colours = meant.colours;
    picture.nodata = main.nodata;
    picture.orientation = main.orientation;
    if to_u64(series.channels.len()) == picture.channels {
        picture.channel_names = series
            .channels
            .iter()
            .map(|channel| channel.name.clone())
            .collect();
    }
    picture.dimensions.clone_from(&series.dimensions);
    if taken.len() > 1 {
        picture.stack = Some((Stack::Slices, to_u64(taken.len())));
    }
    picture.details = parsed.details(series, parsed.directories.len());
    if main.orientation != 1 {
        picture.note("EXIF orientation", main.orientation);
    }
    if let Some(note) = meant.note {
        picture.note("colours", note);
    }
    if taken.len() < pages.len() {
        picture.details.retain(|(name, _)| name != "pages");
        picture.note(
            "pages",
            format!("{}, of which {} shown", parsed.directories.len(), taken.len()),
        );
    }
    Ok(picture)
}
