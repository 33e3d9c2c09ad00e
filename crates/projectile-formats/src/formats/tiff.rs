//! TIFF and BigTIFF: strips and tiles, chunky and planar, 1 to 64 bits, pages of one size along `z`.

use std::path::Path;

use projectile_core::{DType, Error, Result};

use crate::decode::picture::Stack;
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::tiff::ifd::{Directory, File};
use crate::tiff::page::{Page, Photometric};
use crate::tiff::{codec, colour, rows};

pub(crate) struct Tiff;

/// The best that deflate, LZW and PackBits do, with room: beyond it a header asks for memory that the file cannot
/// fill.
const MOST_BYTES_PER_BYTE: u64 = 4096;

impl Format for Tiff {
    fn name(&self) -> &'static str {
        "TIFF"
    }

    fn about(&self) -> &'static str {
        "and BigTIFF: strips, tiles, planes; 1 to 64 bits, integer and float; LZW, deflate, PackBits, JPEG, fax, zstd, \
         WebP; pages of one size along z"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tif", "tiff", "btf", "tf8", "gtiff"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        matches!(head.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let (mut file, first) = File::open(input.reader()?, input.len)?;
    let directories = file.directories(first)?;
    let (main, pages) = choose(&mut file, &directories)?;
    let one = input.samples(main.width, main.height, main.samples, main.dtype.size())?;
    let declared = pages.len() as u64;
    let fits = input
        .samples(
            main.width,
            main.height,
            main.samples * declared,
            main.dtype.size(),
        )
        .is_ok();
    let taken: &[&Directory] = if fits { &pages } else { &pages[..1] };

    let size = main.dtype.size();
    let mut located = Vec::with_capacity(taken.len());
    for tags in taken {
        let page = Page::read(&mut file, tags)?;
        let chunks = page.chunks(&mut file, tags)?;
        // Chunks that were never written take no bytes, so a sparse file is no bomb.
        let sparse = chunks.spans.iter().any(|&(_, length)| length == 0);
        if matches!(page.compression, 1 | 5 | 8 | 32773 | 32946) && !sparse {
            input.plausible(page.chunk_row_bytes() * page.height, MOST_BYTES_PER_BYTE)?;
        }
        located.push((page, chunks));
    }
    let mut data = Data::zeroed(main.dtype, one * taken.len())?
        .ok_or_else(|| Error::unsupported(format!("TIFF files of {}", main.dtype)))?;
    let unwritten = located
        .iter()
        .any(|(_, chunks)| chunks.spans.iter().any(|&(_, length)| length == 0));
    if let Some(nodata) = main.nodata.filter(|_| unwritten) {
        data.fill(nodata); // what GDAL shows for the chunks of a sparse file
    }
    let slices = data.bytes_mut().chunks_exact_mut(one * size);
    for ((page, chunks), pixels) in located.iter().zip(slices) {
        check_readable(&mut file, page, taken[0])?;
        rows::read_page(&mut file, page, chunks, pixels, input.options)?;
    }
    let palette = file.integers(taken[0], 320)?;
    let meant = colour::meant(&main, data, palette.as_deref())?;
    let mut picture = Picture::new(meant.data, main.width, main.height, meant.channels);
    picture.colours = meant.colours;
    picture.nodata = main.nodata;
    picture.orientation = main.orientation;
    if taken.len() > 1 {
        picture.stack = Some((Stack::Slices, taken.len() as u64));
    }
    describe(&mut picture, &file, &main);
    if let Some(note) = meant.note {
        picture.note("colours", note);
    }
    let all = directories.len();
    if all > 1 {
        let shown = taken.len();
        picture.note(
            "pages",
            if shown == all {
                all.to_string()
            } else {
                format!("{all}, of which {shown} shown")
            },
        );
    }
    Ok(picture)
}

/// The first full image, and the directories of all that stack with it: all others, or itself alone.
fn choose<'d>(file: &mut File, directories: &'d [Directory]) -> Result<(Page, Vec<&'d Directory>)> {
    let mut pages: Vec<(Page, &Directory)> = Vec::new();
    let mut refused = None;
    for tags in directories {
        match Page::read(file, tags) {
            Ok(page) => pages.push((page, tags)),
            // A page that cannot be read keeps no other from being shown.
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    if pages.iter().any(|(page, _)| !page.secondary) {
        pages.retain(|(page, _)| !page.secondary);
    }
    let Some((main, first)) = pages.first() else {
        return Err(refused.unwrap_or_else(|| Error::corrupt("it holds no image")));
    };
    let stack = pages.iter().all(|(page, _)| page.stacks_with(main));
    let tags = if stack {
        pages.iter().map(|(_, tags)| *tags).collect()
    } else {
        vec![*first]
    };
    Ok((main.clone(), tags))
}

/// Refuses what would be read wrongly.
fn check_readable(file: &mut File, page: &Page, tags: &Directory) -> Result<()> {
    if !(1..=3).contains(&page.predictor) {
        return Err(Error::corrupt(format!("predictor {} is unknown", page.predictor)));
    }
    if page.photometric == Photometric::YCbCr && page.compression != 7 {
        let subsampling = file.integers(tags, 530)?.unwrap_or_else(|| vec![2, 2]);
        if subsampling != [1, 1] {
            return Err(Error::unsupported(
                "YCbCr with subsampled colours and no JPEG compression is opened by the Python package: pip install \
                 'projectile[pillow]', then projectile.show(path)",
            ));
        }
    }
    if matches!(page.compression, 3 | 4) && (page.bits != 1 || page.samples != 1) {
        return Err(Error::corrupt("fax compression of more than one bit a pixel"));
    }
    Ok(())
}

fn describe(picture: &mut Picture, file: &File, page: &Page) {
    let kind = if file.big_tiff { "BigTIFF" } else { "TIFF" };
    picture.note(
        "variant",
        format!(
            "{kind}, {}-endian",
            if file.big_endian { "big" } else { "little" }
        ),
    );
    picture.note("compression", codec::name(page.compression));
    picture.note("bit depth", page.bits);
    picture.note("photometric", format!("{:?}", page.photometric));
    let chunk = if page.tiled { "tiles" } else { "strips" };
    let planes = if page.planar { ", one plane a channel" } else { "" };
    picture.note(
        "chunks",
        format!("{chunk} of {} × {}{planes}", page.chunk_width, page.chunk_height),
    );
    if page.orientation != 1 {
        picture.note("EXIF orientation", page.orientation);
    }
    if page.profile {
        picture.note("ICC profile", "present, not applied");
    }
    if page.dtype == DType::UInt16 && page.bits < 16 {
        picture.note("range", format!("0 to {}", (1u32 << page.bits) - 1));
    }
}
