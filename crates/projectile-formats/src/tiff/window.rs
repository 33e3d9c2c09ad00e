//! The samples of blocks of a page: which bytes are needed, all of them read together, each chunk decoded into its place.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use moka::sync::Cache;
use projectile_core::{Error, ErrorKind, Result, Samples};

use super::codec;
use super::colour;
use super::ifd::{Array, Directory, File};
use super::index::Index;
use super::layout::{Place, Plane};
use super::page::{Page, Tables};
use super::rows::{Cut, Target, place};
use super::source::{check_chunk, check_readable};
use crate::blob::{Blob, BlobReader};
use crate::chunked::{Block, BlockReader};
use crate::decode::input::{human, zeroed};
use crate::decode::{Data, guarded};
use crate::open::{Limits, Mode, OpenOptions};
use crate::sizes::{product, to_u64, to_usize};

/// Bytes that are read at a time while directories are.
pub(super) const PIECE: u64 = 64 << 10;
/// Bytes of a page's compressed chunks, where the first page has shorter ones.
const MOST_UNLIKE: u64 = 16 << 20;
/// Pages whose places are kept.
const KEPT_PAGES: u64 = 1024;

/// An open file, for all of its images and their levels.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) blob: Arc<dyn Blob>,
    pub(crate) directories: Vec<Directory>,
    index: Index,
    big_endian: bool,
    mode: Option<Mode>,
    limits: Limits,
    /// By directory and, for those below it, which.
    located: Cache<(usize, Option<usize>), Arc<Located>>,
}

/// A page, and where its chunks are told of.
#[derive(Debug)]
struct Located {
    page: Page,
    offsets: Array,
    lengths: Option<Array>,
    tables: Tables,
    palette: Option<Vec<u64>>,
}

impl Shared {
    pub(crate) fn new(
        blob: Arc<dyn Blob>,
        directories: Vec<Directory>,
        big_endian: bool,
        options: &OpenOptions,
    ) -> Self {
        Self {
            index: Index::new(Arc::clone(&blob), big_endian),
            blob,
            directories,
            big_endian,
            mode: options.mode,
            limits: options.limits,
            located: Cache::new(KEPT_PAGES),
        }
    }

    /// The page of a directory, or of one below it.
    fn locate(&self, directory: usize, sub: Option<usize>) -> Result<Arc<Located>> {
        if let Some(known) = self.located.get(&(directory, sub)) {
            return Ok(known);
        }
        let reader = BlobReader::new(Arc::clone(&self.blob), PIECE);
        let (mut file, _) = File::open(reader, self.blob.size(), self.limits)?;
        let tags = self
            .directories
            .get(directory)
            .ok_or_else(|| Error::internal("a page that is not there"))?;
        let below;
        let tags = match sub {
            None => tags,
            Some(nth) => {
                let offsets = file.integers(tags, 330)?.unwrap_or_default();
                let offset = offsets
                    .get(nth)
                    .ok_or_else(|| Error::corrupt("a plane lacks a level that others have"))?;
                below = file.directory(*offset)?.0;
                &below
            }
        };
        let page = Page::read(&mut file, tags)?;
        // The first plane's was checked before: others may be stored in another way.
        check_readable(&page)?;
        check_chunk(&page)?;
        let (offsets, lengths) = if page.tiled { (324, 325) } else { (273, 279) };
        let located = Arc::new(Located {
            offsets: file
                .array(tags, offsets)?
                .ok_or_else(|| Error::corrupt("it does not say where its pixels are"))?,
            lengths: file.array(tags, lengths)?,
            tables: Tables::read(&mut file, tags)?,
            palette: file.integers(tags, 320)?,
            page,
        });
        self.located.insert((directory, sub), Arc::clone(&located));
        Ok(located)
    }
}

/// What an axis of the array means in the file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Along {
    /// Rows of a page.
    Rows,
    /// Columns of a page.
    Columns,
    /// Samples of a page and, beyond those, of the pages that follow it.
    Samples,
    /// Pages, so many apart.
    Pages(u64),
}

/// The blocks of one level of one image.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) shared: Arc<Shared>,
    pub(super) planes: Arc<Vec<Plane>>,
    /// `None` for full resolution.
    pub(super) place: Option<Place>,
    /// What each page is like.
    pub(super) page: Page,
    pub(super) along: Vec<Along>,
    /// Samples of a pixel of one page, as they are shown.
    pub(super) channels: u64,
    /// Whether a block is of one plane of several that a page has.
    pub(super) by_plane: bool,
}

/// The bytes of (a part of) a chunk, and where its rows go.
struct Piece {
    cut: Cut,
    ranges: Vec<Range<u64>>,
}

/// What is to be done for a block.
struct Plan {
    located: Arc<Located>,
    y: Range<u64>,
    x: Range<u64>,
    /// Samples of a pixel of the block, as stored.
    samples: u64,
    /// `None` for a chunk that was never written.
    pieces: Vec<Option<Piece>>,
}

/// A block's page, how many bytes further on it is, and what is wanted of it.
type Found = (Arc<Located>, u64, Vec<Wanted>);

/// Part of a chunk: its number, what is wanted of it, and whether it can be read in part.
struct Wanted {
    chunk: u64,
    cut: Cut,
    /// Rows of the chunk above those that are wanted, and columns to the left.
    skipped: Option<(u64, u64)>,
}

impl Window {
    /// Where a block is: its plane, rows, columns, and the sample where it begins.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "axes multiply to the number of planes, which are in memory, and no pixel is without a channel"
    )]
    fn place_of(&self, block: &Block) -> (u64, Range<u64>, Range<u64>, u64) {
        let (mut plane, mut sample) = (0, 0);
        let (mut y, mut x) = (0..1, 0..1);
        for (range, along) in block.0.iter().zip(&self.along) {
            match along {
                Along::Rows => y = range.clone(),
                Along::Columns => x = range.clone(),
                Along::Samples => {
                    plane += range.start / self.channels;
                    sample = range.start % self.channels;
                }
                Along::Pages(apart) => plane += range.start * apart,
            }
        }
        (plane, y, x, sample)
    }

    /// The page of a block's plane; `None` where there is none.
    fn locate(&self, plane: u64) -> Result<Option<(Arc<Located>, u64)>> {
        let plane = self.planes.get(to_usize(plane)).copied();
        let (directory, further) = match plane.unwrap_or(Plane::Missing) {
            Plane::Missing => return Ok(None),
            Plane::Page(number) => (number, 0),
            Plane::Behind(number, bytes) => (number, bytes),
        };
        let located = match self.place {
            None => self.shared.locate(directory, None)?,
            Some(Place::Sub(nth)) => self.shared.locate(directory, Some(nth))?,
            Some(Place::Page(number)) => self.shared.locate(number, None)?,
        };
        if !located.page.stacks_with(&self.page) {
            return Err(Error::corrupt(format!(
                "its planes are not alike: {} × {} pixels of {} and {} × {} of {}",
                self.page.width,
                self.page.height,
                self.page.dtype,
                located.page.width,
                located.page.height,
                located.page.dtype
            )));
        }
        if self.by_plane && located.page.chunk_samples() != 1 {
            return Err(Error::unsupported(
                "its first page keeps channels apart and another one does not, which is not read",
            ));
        }
        // Each block decodes all of a chunk, which may be that of the whole page.
        let bytes = located.page.chunk_bytes();
        if !is_direct(&located.page) && bytes > MOST_UNLIKE.max(self.page.chunk_bytes()) {
            return Err(Error::limit(format!(
                "a page has compressed chunks of {}, those of the first take {}: have it rewritten with tiles",
                human(bytes),
                human(self.page.chunk_bytes())
            )));
        }
        Ok(Some((located, further)))
    }

    /// The chunks that a block is made of, which lies inside of the page.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "pages of 2^56 chunks and more were refused, and what overlaps has its ends in order"
    )]
    fn wanted(&self, page: &Page, y: &Range<u64>, x: &Range<u64>, sample: u64) -> Vec<Wanted> {
        let (across, down) = page.grid();
        let planes = match (page.planar, self.by_plane) {
            (false, _) => 0..1,
            (true, true) => sample..sample + 1,
            (true, false) => 0..page.samples,
        };
        let mut all = Vec::new();
        for plane in planes {
            for row in y.start / page.chunk_height..y.end.div_ceil(page.chunk_height) {
                for column in x.start / page.chunk_width..x.end.div_ceil(page.chunk_width) {
                    let number = row * across + column;
                    let target = if self.by_plane || !page.planar { 0 } else { plane };
                    let mut cut = Cut::chunk(page, number, target);
                    let mut skipped = None;
                    if is_direct(page) {
                        let top = y.start.max(cut.y);
                        let bottom = y.end.min(cut.y + cut.rows);
                        let (above, mut left) = (top - cut.y, 0);
                        (cut.y, cut.rows) = (top, bottom - top);
                        if has_direct_columns(page) {
                            let from = x.start.max(cut.x);
                            let to = x.end.min(cut.x + cut.columns);
                            left = from - cut.x;
                            (cut.x, cut.columns, cut.stored) = (from, to - from, to - from);
                        }
                        skipped = Some((above, left));
                    }
                    all.push(Wanted {
                        chunk: plane * across * down + number,
                        cut,
                        skipped,
                    });
                }
            }
        }
        all
    }

    fn plans(&self, blocks: &[Block]) -> Result<Vec<Result<Option<Plan>>>> {
        let mut asked: Vec<(Array, u64)> = Vec::new();
        let mut first: Vec<Result<Option<Found>>> = Vec::new();
        for block in blocks {
            let (plane, y, x, sample) = self.place_of(block);
            let found = self.locate(plane).map(|found| {
                found.map(|(located, further)| {
                    let wanted = self.wanted(&located.page, &y, &x, sample);
                    (located, further, wanted)
                })
            });
            // What every block would fail by is told as that.
            if let Err(error) = &found
                && matches!(error.kind(), ErrorKind::Gone | ErrorKind::Unavailable)
            {
                return Err(error.clone());
            }
            let found = found.and_then(|found| {
                if let Some((located, _, wanted)) = &found
                    && let Some(beyond) = wanted.iter().find(|wanted| {
                        let short = |array: &Array| wanted.chunk >= array.count;
                        short(&located.offsets) || located.lengths.as_ref().is_some_and(short)
                    })
                {
                    return Err(Error::corrupt(format!(
                        "it says where {} chunks are, and chunk {} is needed",
                        located.offsets.count, beyond.chunk
                    )));
                }
                Ok(found)
            });
            if let Ok(Some((located, _, wanted))) = &found {
                for wanted in wanted {
                    asked.push((located.offsets, wanted.chunk));
                    asked.extend(located.lengths.map(|lengths| (lengths, wanted.chunk)));
                }
            }
            first.push(found);
        }
        let mut values = self.shared.index.values(&asked)?.into_iter();
        let mut plans = Vec::new();
        for (found, block) in first.into_iter().zip(blocks) {
            plans.push(match found {
                Err(error) => Err(error),
                Ok(None) => Ok(None),
                Ok(Some((located, further, wanted))) => {
                    let spans: Vec<(u64, Option<u64>)> = wanted
                        .iter()
                        .map(|_| {
                            let offset = values.next().unwrap_or(0);
                            (offset, located.lengths.and_then(|_| values.next()))
                        })
                        .collect();
                    self.plan(block, located, further, wanted, &spans).map(Some)
                }
            });
        }
        Ok(plans)
    }

    fn plan(
        &self,
        block: &Block,
        located: Arc<Located>,
        further: u64,
        wanted: Vec<Wanted>,
        spans: &[(u64, Option<u64>)],
    ) -> Result<Plan> {
        let (_, y, x, _) = self.place_of(block);
        let page = &located.page;
        let size = self.shared.blob.size();
        let mut pieces = Vec::with_capacity(wanted.len());
        for (wanted, &(offset, length)) in wanted.into_iter().zip(spans) {
            if offset == 0 || length == Some(0) {
                pieces.push(None);
                continue;
            }
            let most = page.most_stored();
            let offset = offset.saturating_add(further);
            // Old writers leave the lengths out: a chunk then ends where it likes.
            let end = match length {
                Some(length) => offset.saturating_add(length),
                None => size.min(offset.saturating_add(most)),
            };
            let Some(stored) = end.checked_sub(offset).filter(|_| end <= size) else {
                return Err(Error::corrupt(format!(
                    "the file is truncated: chunk {} of its pixels lies beyond its end",
                    wanted.chunk
                )));
            };
            let ranges = match wanted.skipped {
                Some((above, left)) => rows_of(page, &wanted.cut, above, left, offset, end),
                None if stored > most => Err(Error::corrupt(format!(
                    "chunk {} takes {stored} bytes, more than its pixels",
                    wanted.chunk
                ))),
                None => Ok(std::iter::once(offset..end).collect()),
            };
            pieces.push(Some(Piece {
                cut: wanted.cut,
                ranges: ranges.map_err(|error| error.context(format!("chunk {}", wanted.chunk)))?,
            }));
        }
        let samples = if self.by_plane { 1 } else { page.samples };
        Ok(Plan {
            located,
            y,
            x,
            samples,
            pieces,
        })
    }

    /// A block that no page is there for.
    fn missing(&self, block: &Block) -> Result<Samples> {
        let dtype = self.shown_dtype()?;
        let Some(mut data) = Data::zeroed(dtype, to_usize(block.samples()))? else {
            let bytes = block.samples().saturating_mul(to_u64(dtype.size()));
            return Ok(Samples::from_bytes(dtype, &zeroed(to_usize(bytes))?, false));
        };
        if let Some(nodata) = self.page.nodata {
            data.fill(nodata);
        }
        Ok(data.into_samples())
    }

    fn shown_dtype(&self) -> Result<projectile_core::DType> {
        Ok(shown(&self.page, self.shared.mode, self.by_plane)?.dtype)
    }

    fn samples(&self, plan: &Plan, bytes: &[Bytes]) -> Result<Samples> {
        let page = &plan.located.page;
        let height = plan.y.end.saturating_sub(plan.y.start);
        let width = plan.x.end.saturating_sub(plan.x.start);
        // What is beyond all memory is refused.
        let room = |size: u64| {
            let all = product(&[height, width, plan.samples, size]);
            all.map_or(usize::MAX, to_usize)
        };
        let mut data = Data::zeroed(page.dtype, room(1))?;
        let mut raw = Vec::new();
        let pixels = if let Some(data) = &mut data {
            // What GDAL shows for the chunks of a sparse file.
            if let Some(nodata) = page.nodata
                && plan.pieces.iter().any(Option::is_none)
            {
                data.fill(nodata);
            }
            data.bytes_mut()
        } else {
            raw = zeroed(room(to_u64(page.dtype.size())))?;
            &mut raw[..]
        };
        let mut target = Target {
            pixels,
            y: plan.y.start,
            x: plan.x.start,
            width,
            samples: plan.samples,
        };
        let big_endian = self.shared.big_endian;
        let mut bytes = bytes.iter();
        for piece in plan.pieces.iter().flatten() {
            let parts: Vec<&Bytes> = bytes.by_ref().take(piece.ranges.len()).collect();
            let joined;
            let stored: &[u8] = if let [only] = parts[..] {
                only
            } else {
                joined = parts
                    .iter()
                    .flat_map(|part| part.iter().copied())
                    .collect::<Vec<u8>>();
                &joined
            };
            let mut reader = codec::decoder(stored, page, &plan.located.tables, piece.cut.rows, big_endian)?;
            place(page, &mut *reader, piece.cut, big_endian, &mut target)?;
        }
        let Some(data) = data else {
            return Ok(Samples::from_bytes(page.dtype, &raw, cfg!(target_endian = "big")));
        };
        if self.by_plane {
            return Ok(data.into_samples());
        }
        let meant = colour::meant(page, data, plan.located.palette.as_deref())?;
        Ok(match self.shared.mode {
            Some(mode) if meant.colours => meant.data.into_mode(mode, to_usize(meant.channels)).0,
            _ => meant.data,
        }
        .into_samples())
    }
}

/// Whether rows of a chunk lie in the file as they are, so that some can be read without the others.
pub(super) fn is_direct(page: &Page) -> bool {
    page.compression == 1
}

/// Whether columns do, too.
pub(super) fn has_direct_columns(page: &Page) -> bool {
    is_direct(page) && page.bits.is_multiple_of(8) && page.predictor == 1
}

/// Where rows of an uncompressed chunk are, of which `above` rows and `left` columns come before what is wanted.
fn rows_of(page: &Page, cut: &Cut, above: u64, left: u64, offset: u64, end: u64) -> Result<Vec<Range<u64>>> {
    let (row, part) = (page.chunk_row_bytes(), cut.row_bytes(page));
    // Columns are left out only of whole bytes.
    let first = offset.checked_add(page.row_bytes(left));
    let place = |at: u64| {
        let start = at.checked_add(above)?.checked_mul(row)?.checked_add(first?)?;
        Some(start..start.checked_add(part)?)
    };
    // One that lies beyond all numbers lies beyond the end.
    let last = place(cut.rows.saturating_sub(1)).map_or(u64::MAX, |row| row.end);
    match place(0) {
        Some(first) if last <= end => Ok(if part == row {
            std::iter::once(first.start..last).collect()
        } else {
            (0..cut.rows).map_while(place).collect()
        }),
        _ => Err(Error::corrupt(format!(
            "it is truncated: {} bytes of rows are {} long",
            last.saturating_sub(offset),
            end.saturating_sub(offset)
        ))),
    }
}

/// How the samples of such a page are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) dtype: projectile_core::DType,
    pub(super) channels: u64,
    pub(super) colours: bool,
    pub(super) note: Option<&'static str>,
}

/// What one pixel becomes is what all do.
pub(super) fn shown(page: &Page, mode: Option<Mode>, by_plane: bool) -> Result<Shown> {
    let pixel = Data::zeroed(page.dtype, to_usize(page.samples))?;
    let Some(pixel) = pixel else {
        return Ok(Shown {
            dtype: page.dtype,
            channels: page.samples,
            colours: false,
            note: None,
        });
    };
    // Of which colours does not matter here.
    let palette = vec![0; 3 << page.bits.min(16)];
    let meant = colour::meant(page, pixel, Some(&palette))?;
    let (data, channels) = match mode {
        Some(mode) if meant.colours && !by_plane => {
            let (data, channels) = meant.data.into_mode(mode, to_usize(meant.channels));
            (data, to_u64(channels))
        }
        _ => (meant.data, meant.channels),
    };
    Ok(Shown {
        dtype: data.dtype(),
        channels,
        colours: meant.colours,
        note: meant.note,
    })
}

impl BlockReader for Window {
    fn read(&self, blocks: &[Block]) -> Vec<Result<Samples>> {
        let of_all = |error: &Error| blocks.iter().map(|_| Err(error.clone())).collect();
        let options = OpenOptions::default();
        let plans = match guarded(&options, || self.plans(blocks)) {
            Ok(plans) => plans,
            Err(error) => return of_all(&error),
        };
        let ranges: Vec<Range<u64>> = plans
            .iter()
            .flatten()
            .flatten()
            .flat_map(|plan| plan.pieces.iter().flatten())
            .flat_map(|piece| piece.ranges.iter().cloned())
            .collect();
        let bytes = match self.shared.blob.read(&ranges) {
            Ok(bytes) if bytes.len() == ranges.len() => bytes,
            Ok(_) => return of_all(&Error::internal("fewer bytes came than were asked for")),
            Err(error) => return of_all(&error),
        };
        let mut rest = &bytes[..];
        plans
            .into_iter()
            .zip(blocks)
            .map(|(plan, block)| {
                let Some(plan) = plan? else {
                    return self.missing(block);
                };
                let count = plan.pieces.iter().flatten().map(|piece| piece.ranges.len()).sum();
                let (own, others) = rest.split_at(count);
                rest = others;
                guarded(&options, || self.samples(&plan, own))
            })
            .collect()
    }
}
