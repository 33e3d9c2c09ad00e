//! Images of a file as sources that are read by blocks.

use std::sync::Arc;

use projectile_core::{Axes, Error, Level, Photometric as Meaning, Residence, Result, SourceInfo};

use super::codec;
use super::colour;
use super::ifd::{Directory, File};
use super::layout::{self, Place, Plane, Series};
use super::page::{Page, Photometric};
use super::window::{Along, PIECE, Shared, Shown, Window, has_direct_columns, is_direct, shown};
use crate::blob::{Blob, BlobReader};
use crate::chunked::{ChunkedOptions, ChunkedSource, Division, LeveledSource};
use crate::decode::input::human;
use crate::format::NamedSource;
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64};

/// Bytes of a chunk that is decoded for the part of it that is looked at.
const MOST_CHUNK: u64 = 256 << 20;
/// Pixels along a side of a tile that is read by itself; smaller ones are read together.
const SMALL_TILE: u64 = 128;
/// Bytes of a block of several strips, about.
const BLOCK: u64 = 256 << 10;

/// A file's directories, and which images they are.
pub(crate) struct Parsed {
    blob: Arc<dyn Blob>,
    pub(crate) big_endian: bool,
    pub(crate) big_tiff: bool,
    pub(crate) directories: Vec<Directory>,
    pub(crate) series: Vec<Series>,
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Decoded at once, into memory.
    Whole,
    /// By blocks, when they are looked at.
    Blocks,
}

/// Reads the directories.
pub(crate) fn parse(blob: &Arc<dyn Blob>, options: &OpenOptions) -> Result<Parsed> {
    let reader = BlobReader::new(Arc::clone(blob), PIECE);
    let (mut file, first) = File::open(reader, blob.size(), options.limits)?;
    let (big_endian, big_tiff) = (file.big_endian, file.big_tiff);
    let read = |file: &mut File| {
        let directories = file.directories(first, &options.cancel)?;
        let series = layout::read(file, &directories)?;
        Ok((directories, series))
    };
    let (directories, series) = read(&mut file).map_err(|error: Error| {
        // Hamamatsu's slides keep the upper halves of offsets where TIFF has no room for them.
        if !big_tiff && blob.size() > u64::from(u32::MAX) && error.kind() == projectile_core::ErrorKind::Corrupt {
            error.context(
                "a classic TIFF of more than 4 GiB, as NDPI slides are, is opened by the Python package (tifffile or \
                 openslide, then projectile.show)",
            )
        } else {
            error
        }
    })?;
    Ok(Parsed {
        blob: Arc::clone(blob),
        big_endian,
        big_tiff,
        directories,
        series,
    })
}

impl Parsed {
    /// The first image, which is what the file is about.
    ///
    /// # Errors
    /// [`Corrupt`](projectile_core::ErrorKind::Corrupt) when there is none.
    pub(crate) fn main(&self) -> Result<&Series> {
        self.series
            .first()
            .ok_or_else(|| Error::corrupt("it holds no image"))
    }

    /// How the file is read.
    ///
    /// # Errors
    /// What is not read at all, and what can neither be read in part nor be decoded whole.
    pub(crate) fn way(&self, options: &OpenOptions) -> Result<Way> {
        let main = self.main()?;
        let page = &main.page;
        codec::check(page.compression)?;
        let of_page = Self::bytes(page, options)?;
        let bytes = of_page.saturating_mul(to_u64(main.planes.len()));
        let alone = self.series.len() == 1 && main.is_simple;
        let is_complex = page.dtype.is_complex();
        let in_part = check_chunk(page);
        if alone && !is_complex && (in_part.is_err() || page.orientation != 1) {
            return Ok(Way::Whole);
        }
        in_part?;
        let small = bytes <= options.limits.whole_array_bytes
            && main.overviews.is_empty()
            && self.blob.residence() != Residence::Remote;
        Ok(if alone && small && !is_complex {
            Way::Whole
        } else {
            Way::Blocks
        })
    }

    /// Bytes of a page as it is shown; sizes that no arithmetic holds are refused here.
    fn bytes(page: &Page, options: &OpenOptions) -> Result<u64> {
        let shown = shown(page, options.mode, false)?;
        let samples = shown.channels.max(page.samples);
        let beyond = || {
            Error::limit(format!(
                "{} × {} pixels of {samples} samples are beyond any machine",
                page.width, page.height
            ))
        };
        // With room for what is computed of them.
        let width = page.width.max(page.chunk_width);
        let height = page.height.max(page.chunk_height);
        product(&[width, height, samples, 16])
            .filter(|&bytes| bytes < 1 << 60)
            .ok_or_else(beyond)?;
        let size = to_u64(shown.dtype.size());
        product(&[page.width, page.height, shown.channels, size]).ok_or_else(beyond)
    }

    /// The images as sources that are read by blocks.
    ///
    /// # Errors
    /// Those of the first image; others that cannot be read are left out.
    pub(crate) fn into_sources(mut self, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let series = std::mem::take(&mut self.series);
        let shared = Arc::new(Shared::new(
            Arc::clone(&self.blob),
            std::mem::take(&mut self.directories),
            self.big_endian,
            options,
        ));
        let mut all = Vec::new();
        for (number, series) in series.into_iter().enumerate() {
            let name = series.name.clone();
            match self.source(&shared, series, options) {
                Ok(source) => all.push(NamedSource { name, source }),
                Err(error) if number == 0 => return Err(error),
                Err(_) => {}
            }
        }
        if let [only] = &mut all[..] {
            only.name.clear();
        }
        Ok(all)
    }

    fn source(
        &self,
        shared: &Arc<Shared>,
        series: Series,
        options: &OpenOptions,
    ) -> Result<Arc<dyn projectile_core::Source>> {
        let page = &series.page;
        check_readable(page)?;
        Self::bytes(page, options)?;
        let whole = shown(page, options.mode, false)?;
        let by_plane = page.planar && colour::is_plain(page) && (options.mode.is_none() || !whole.colours);
        let shape = Shape::new(&series, &whole, by_plane);
        let mut info = SourceInfo::new(whole.dtype, shape.axes(page)?, "TIFF");
        info.photometric = if whole.colours && series.channel_planes == 1 {
            Meaning::Picture
        } else {
            Meaning::Channels
        };
        info.nodata = page.nodata;
        if to_u64(series.channels.len()) <= info.axes.channels() {
            info.channels.clone_from(&series.channels);
        }
        if !series.dimensions.is_empty() {
            info.dimensions = info
                .axes
                .iter()
                .map(|axis| {
                    let letter = axis.name.chars().next().unwrap_or_default();
                    series.dimensions.get(&letter).cloned().unwrap_or_default()
                })
                .collect();
        }
        info.details = self.details(&series, shared.directories.len());
        info.details
            .extend(whole.note.map(|note| ("colours".to_owned(), note.to_owned())));
        if page.orientation != 1 {
            info.details.push((
                "EXIF orientation".to_owned(),
                format!("{}, not applied", page.orientation),
            ));
        }
        info.version = self.blob.version();
        let residence = self.blob.residence();
        let chunked = ChunkedOptions::of(residence, options.cache.clone());
        let planes = Arc::new(series.planes);
        let blocks = |info: SourceInfo, page: &Page, place: Option<Place>| {
            let window = Window {
                shared: Arc::clone(shared),
                planes: Arc::clone(&planes),
                place,
                page: page.clone(),
                along: shape.along.clone(),
                channels: whole.channels,
                by_plane,
            };
            ChunkedSource::new(info, shape.divisions(page), Box::new(window), &chunked)
        };
        let overviews: Vec<_> = series
            .overviews
            .iter()
            .filter(|overview| {
                let page = &overview.page;
                codec::check(page.compression).is_ok()
                    && check_readable(page).is_ok()
                    && Self::bytes(page, options).is_ok()
                    && check_chunk(page).is_ok()
                    && (!by_plane || page.planar)
                    && shown(page, options.mode, false).is_ok_and(|of| of.channels == whole.channels)
            })
            .collect();
        if overviews.is_empty() {
            return Ok(Arc::new(blocks(info, &series.page, None)?));
        }
        info.levels.extend(overviews.iter().map(|overview| Level {
            factor: overview.factor,
            height: series.page.height.div_ceil(overview.factor),
            width: series.page.width.div_ceil(overview.factor),
        }));
        let plain = |page: &Page| -> Result<SourceInfo> {
            Ok(SourceInfo::new(whole.dtype, shape.axes(page)?, "TIFF"))
        };
        let mut levels = vec![blocks(plain(&series.page)?, &series.page, None)?];
        for overview in overviews {
            levels.push(blocks(
                plain(&overview.page)?,
                &overview.page,
                Some(overview.place),
            )?);
        }
        Ok(Arc::new(LeveledSource::new(info, levels)?))
    }

    /// What is worth knowing of an image, in a file of so many pages.
    pub(crate) fn details(&self, series: &Series, pages: usize) -> Vec<(String, String)> {
        let page = &series.page;
        let mut details: Vec<(String, String)> = Vec::new();
        let mut note = |name: &str, value: String| details.push((name.to_owned(), value));
        note(
            "variant",
            format!(
                "{}, {}-endian",
                if self.big_tiff { "BigTIFF" } else { "TIFF" },
                if self.big_endian { "big" } else { "little" }
            ),
        );
        note("compression", codec::name(page.compression));
        note("bit depth", page.bits.to_string());
        note("photometric", format!("{:?}", page.photometric));
        let chunk = if page.tiled { "tiles" } else { "strips" };
        let planes = if page.planar { ", one plane a channel" } else { "" };
        note(
            "chunks",
            format!("{chunk} of {} × {}{planes}", page.chunk_width, page.chunk_height),
        );
        if page.profile {
            note("ICC profile", "present, not applied".to_owned());
        }
        if page.dtype == projectile_core::DType::UInt16 && page.bits < 16 {
            note(
                "range",
                format!("0 to {}", u16::MAX >> 16u32.saturating_sub(page.bits)),
            );
        }
        if !series.overviews.is_empty() {
            let factors: Vec<String> = series
                .overviews
                .iter()
                .map(|overview| overview.factor.to_string())
                .collect();
            note("overviews", factors.join(", "));
        }
        let used = series
            .planes
            .iter()
            .filter(|plane| matches!(plane, Plane::Page(_)))
            .count();
        let levels = series
            .overviews
            .iter()
            .filter(|overview| matches!(overview.place, Place::Page(_)));
        if self.series.len() <= 1 && pages > 1 {
            let accounted = levels.count().saturating_add(used);
            if accounted >= pages {
                note("pages", pages.to_string());
            } else {
                note("pages", format!("{pages}, of which {used} shown"));
            }
        }
        details.extend(series.details.iter().cloned());
        details
    }
}

/// Refuses what would be read wrongly.
pub(crate) fn check_readable(page: &Page) -> Result<()> {
    if !(1..=3).contains(&page.predictor) {
        return Err(Error::corrupt(format!("predictor {} is unknown", page.predictor)));
    }
    let converts = matches!(page.compression, 7 | 33003 | 33005 | 34712 | 50001);
    if page.photometric == Photometric::YCbCr && !converts && page.subsampling != [1, 1] {
        return Err(Error::unsupported(
            "YCbCr with subsampled colours and no JPEG compression is opened by the Python package: pip install \
             'projectile[pillow]', then projectile.show(path)",
        ));
    }
    if matches!(page.compression, 3 | 4) && (page.bits != 1 || page.samples != 1) {
        return Err(Error::corrupt("fax compression of more than one bit a pixel"));
    }
    codec::check(page.compression)
}

/// Refuses chunks that take too much memory for the part of them that is looked at.
pub(super) fn check_chunk(page: &Page) -> Result<()> {
    let bytes = page.chunk_bytes();
    if is_direct(page) || bytes <= MOST_CHUNK {
        return Ok(());
    }
    Err(Error::limit(format!(
        "a {} of it takes {} and cannot be read in part: have it rewritten with tiles (gdal_translate -of COG, vips \
         tiffsave --tile --pyramid)",
        if page.tiled { "tile" } else { "strip" },
        human(bytes)
    )))
}

/// The axes of an image, and how they are divided.
struct Shape {
    /// Names and sizes but for rows and columns, in storage order.
    letters: Vec<(char, u64)>,
    along: Vec<Along>,
    channels: u64,
    by_plane: bool,
}

impl Shape {
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "axes multiply to the number of planes, which are in memory, and a page has 2^16 channels at most"
    )]
    fn new(series: &Series, shown: &Shown, by_plane: bool) -> Self {
        let (mut letters, mut along) = (Vec::new(), Vec::new());
        let mut apart = series.channel_planes;
        for &(letter, size) in series.extra.iter().rev() {
            letters.insert(0, (letter, size));
            along.insert(0, Along::Pages(apart));
            apart *= size;
        }
        let channels = shown.channels * series.channel_planes;
        let last = shown.channels > 1;
        if channels > 1 && !last {
            letters.push(('c', channels));
            along.push(Along::Samples);
        }
        letters.extend([('y', 0), ('x', 0)]);
        along.extend([Along::Rows, Along::Columns]);
        if last {
            letters.push(('c', channels));
            along.push(Along::Samples);
        }
        Self {
            letters,
            along,
            channels: shown.channels,
            by_plane,
        }
    }

    fn axes(&self, page: &Page) -> Result<Axes> {
        let names: String = self.letters.iter().map(|(letter, _)| letter).collect();
        let sizes: Vec<u64> = self
            .letters
            .iter()
            .map(|&(letter, size)| match letter {
                'y' => page.height,
                'x' => page.width,
                _ => size,
            })
            .collect();
        Axes::named(&names, &sizes)
    }

    fn divisions(&self, page: &Page) -> Vec<Division> {
        let (rows, columns) = block(page);
        self.along
            .iter()
            .map(|along| {
                Division::Even(match along {
                    Along::Rows => rows,
                    Along::Columns => columns,
                    Along::Samples if self.by_plane => 1,
                    Along::Samples => self.channels,
                    Along::Pages(_) => 1,
                })
            })
            .collect()
    }
}

/// Rows and columns of a block: a tile, or as many small tiles or strips as are read in about the time that asking takes.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "no chunk is empty, and sides that are multiplied are short"
)]
fn block(page: &Page) -> (u64, u64) {
    /// Bytes of a run of an uncompressed row.
    const RUN: u64 = 64 << 10;
    if page.tiled {
        let together = |side: u64| {
            if side < SMALL_TILE {
                side * (2 * SMALL_TILE / side)
            } else {
                side
            }
        };
        return (together(page.chunk_height), together(page.chunk_width));
    }
    let row = page.chunk_row_bytes().max(1);
    if !is_direct(page) {
        let strips = (BLOCK / page.chunk_bytes().max(1)).max(1);
        return (page.chunk_height.saturating_mul(strips), page.width);
    }
    let columns = if has_direct_columns(page) && row > 2 * RUN {
        page.width.div_ceil(row.div_ceil(RUN))
    } else {
        page.width
    };
    let of_part = page.row_bytes(columns).max(1);
    ((2 * BLOCK / of_part).clamp(1, page.height), columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use projectile_core::DType;

    #[test]
    fn blocks_are_neither_slivers_nor_giants() {
        let page = |tiled, compression, width, height, chunk_width, chunk_height| Page {
            width,
            height,
            samples: 1,
            bits: 8,
            dtype: DType::UInt8,
            photometric: Photometric::BlackIsZero,
            compression,
            planar: false,
            predictor: 1,
            reversed: false,
            tiled,
            chunk_width,
            chunk_height,
            extra: None,
            secondary: false,
            is_mask: false,
            orientation: 1,
            nodata: None,
            profile: false,
            subsampling: [2, 2],
        };
        assert_eq!(block(&page(true, 5, 9000, 9000, 256, 512)), (512, 256));
        assert_eq!(block(&page(true, 5, 9000, 9000, 16, 48)), (240, 256));
        assert_eq!(block(&page(false, 5, 20_000, 9000, 20_000, 1)), (13, 20_000));
        assert_eq!(block(&page(false, 5, 20_000, 9000, 20_000, 64)), (64, 20_000));
        // Of what is not compressed any rectangle can be read.
        assert_eq!(block(&page(false, 1, 20_000, 9000, 20_000, 9000)), (26, 20_000));
        assert_eq!(block(&page(false, 1, 200_000, 9000, 200_000, 9000)), (10, 50_000));
        assert_eq!(block(&page(false, 1, 10, 10, 10, 10)), (10, 10));
        // The bytes of its row times its columns are beyond 64 bits.
        let wide = u64::from(u32::MAX);
        let page = Page {
            bits: 12,
            ..page(false, 1, wide, 1, wide, 1)
        };
        assert_eq!(block(&page), (1, wide));
    }
}
