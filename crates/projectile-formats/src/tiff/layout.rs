//! Which pages of a file are which image: planes, levels, and pictures beside it.

use std::collections::{BTreeMap, HashSet};

use projectile_core::{ChannelInfo, Dimension, Error, ErrorKind, Result};

use super::description::{self, spaced};
use super::ifd::{Directory, File};
use super::page::Page;
use super::{geo, ome};
use crate::sizes::to_u64;

/// Planes that are told of by a description alone.
const MOST_PLANES: u64 = 1 << 20;
/// Levels of a pyramid: each is half of the one before, at most.
const MOST_LEVELS: usize = 32;

/// Where a plane's pixels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plane {
    /// Nowhere: it was never written.
    Missing,
    /// In the page of this number.
    Page(usize),
    /// As the page of this number, but so many bytes further on.
    Behind(usize, u64),
}

/// Where the page of a smaller level is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Among the directories that a plane's own one points to.
    Sub(usize),
    /// A page of the file, of which there is one.
    Page(usize),
}

/// A smaller version of the image.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    /// Full-resolution pixels per pixel: a power of two.
    pub(crate) factor: u64,
    pub(crate) place: Place,
    /// The first plane's page.
    pub(crate) page: Page,
}

/// One image of a file.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// Its name in the file; empty where the file has only one.
    pub(crate) name: String,
    /// The number of its first page.
    pub(crate) first: usize,
    /// Its first page, which all of its pages are like.
    pub(crate) page: Page,
    /// Axes along which its pages are, but for channels; the last one fastest.
    pub(crate) extra: Vec<(char, u64)>,
    /// Pages that are channels of one picture; they come faster than any other axis.
    pub(crate) channel_planes: u64,
    pub(crate) planes: Vec<Plane>,
    /// From the greatest to the smallest.
    pub(crate) overviews: Vec<Overview>,
    pub(crate) channels: Vec<ChannelInfo>,
    pub(crate) dimensions: BTreeMap<char, Dimension>,
    pub(crate) details: Vec<(String, String)>,
    /// Whether it is what its pages say, with nothing of where each of them belongs.
    pub(crate) is_simple: bool,
}

impl Series {
    /// An image of one page.
    fn single(number: usize, page: Page) -> Self {
        Self {
            name: String::new(),
            first: number,
            page,
            extra: Vec::new(),
            channel_planes: 1,
            planes: vec![Plane::Page(number)],
            overviews: Vec::new(),
            channels: Vec::new(),
            dimensions: BTreeMap::new(),
            details: Vec::new(),
            is_simple: true,
        }
    }
}

/// The images of a file, of which these are the directories.
///
/// # Errors
/// [`Corrupt`](ErrorKind::Corrupt) and [`Unsupported`](ErrorKind::Unsupported), of the file as a whole.
pub(crate) fn read(file: &mut File, directories: &[Directory]) -> Result<Vec<Series>> {
    let first = directories
        .first()
        .ok_or_else(|| Error::corrupt("it holds no image"))?;
    let description = describe(file, first)?;
    let mut ignored = None;
    if ome::is_ome(&description) {
        match of_ome(file, directories, &description) {
            Ok(series) => return Ok(series),
            Err(error) if error.kind() == ErrorKind::Corrupt => ignored = Some(error),
            Err(error) => return Err(error),
        }
    }
    let (mut pages, refused) = pages(file, directories);
    let masks = pages.iter().filter(|(_, page)| page.is_mask).count();
    let Some(base) = pages
        .iter()
        .position(|(_, page)| !page.secondary)
        .or(if pages.is_empty() { None } else { Some(0) })
    else {
        return Err(refused.unwrap_or_else(|| Error::corrupt("it holds no image")));
    };
    let (number, page) = pages.remove(base);
    let mut series = Series::single(number, page);
    let mut others = Vec::new();
    let mut unused = Vec::new();
    if let Some(aperio) = description::aperio(&description) {
        of_aperio(
            file,
            directories,
            &mut series,
            aperio,
            pages,
            &mut others,
            &mut unused,
        )?;
    } else {
        of_pages(&mut series, pages, &mut unused);
        if let Some(imagej) = description::imagej(&description) {
            of_imagej(file, directories, &mut series, &imagej)?;
        } else {
            match geo::read(file, tags_of(directories, series.first)?, &series.page) {
                Ok(geo) => {
                    series.dimensions = geo.dimensions;
                    series.channels = geo.channels;
                    series.details = geo.details;
                }
                Err(error) if error.kind() == ErrorKind::Corrupt => {
                    let reason = format!("ignored: {}", error.message());
                    series.details.push(("GeoTIFF".to_owned(), reason));
                }
                Err(error) => return Err(error),
            }
        }
    }
    sub_levels(file, directories, &mut series, &mut unused)?;
    if masks > 0 {
        series
            .details
            .push(("mask".to_owned(), "present, not applied".to_owned()));
    }
    note_unused(&mut series, &unused);
    if let Some(error) = ignored {
        series
            .details
            .push(("OME-XML".to_owned(), format!("ignored: {}", error.message())));
    }
    let mut all = vec![series];
    all.extend(others);
    name_apart(&mut all);
    Ok(all)
}

/// A slide: its levels are tiled, in strips are the pictures beside it.
fn of_aperio(
    file: &mut File,
    directories: &[Directory],
    series: &mut Series,
    aperio: description::Aperio,
    pages: Vec<(usize, Page)>,
    others: &mut Vec<Series>,
    unused: &mut Vec<(u64, u64)>,
) -> Result<()> {
    series.is_simple = false;
    if let Some(pitch) = aperio.pitch {
        for axis in ['y', 'x'] {
            let dimension = spaced(pitch, Some("µm".to_owned()));
            series.dimensions.insert(axis, dimension);
        }
    }
    series.details.extend(aperio.details);
    for (number, page) in pages {
        if page.tiled && page.is_overview_of(&series.page) {
            add(series, Place::Page(number), page, unused);
        } else {
            let text = describe(file, tags_of(directories, number)?)?;
            let mut beside = Series::single(number, page);
            description::beside(&text).clone_into(&mut beside.name);
            beside.is_simple = false;
            others.push(beside);
        }
    }
    Ok(())
}

/// Pages like the first are slices of a stack with it; others may be smaller versions of it.
fn of_pages(series: &mut Series, pages: Vec<(usize, Page)>, unused: &mut Vec<(u64, u64)>) {
    // Where there is nothing but smaller versions and masks, each is as good as a picture.
    let any = series.page.secondary;
    let full = || pages.iter().filter(|(_, page)| any || !page.secondary);
    if full().all(|(_, page)| page.stacks_with(&series.page)) && full().next().is_some() {
        series
            .planes
            .extend(full().map(|(number, _)| Plane::Page(*number)));
    } else if !any {
        for (number, page) in pages {
            // Writers of pyramids that flag nothing tile each page and halve it.
            let is_level = page.secondary || (page.tiled && series.page.tiled);
            if is_level && page.is_overview_of(&series.page) {
                add(series, Place::Page(number), page, unused);
            }
        }
    }
    if series.planes.len() > 1 {
        series.extra = vec![('z', to_u64(series.planes.len()))];
    }
}

/// The directory of a page.
fn tags_of(directories: &[Directory], number: usize) -> Result<&Directory> {
    directories
        .get(number)
        .ok_or_else(|| Error::internal("a page that is not there"))
}

/// A page's description, or nothing where it is too long to be one.
fn describe(file: &mut File, tags: &Directory) -> Result<String> {
    let text = file.text(tags, 270)?.unwrap_or_default();
    Ok(if to_u64(text.len()) > file.limits.metadata_bytes {
        String::new()
    } else {
        text
    })
}

/// The pages that can be read, by their numbers, and why the first of the others cannot.
fn pages(file: &mut File, directories: &[Directory]) -> (Vec<(usize, Page)>, Option<Error>) {
    let mut pages = Vec::new();
    let mut refused = None;
    for (number, tags) in directories.iter().enumerate() {
        match Page::read(file, tags) {
            Ok(page) => pages.push((number, page)),
            // A page that cannot be read keeps no other from being shown.
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    (pages, refused)
}

fn of_ome(file: &mut File, directories: &[Directory], description: &str) -> Result<Vec<Series>> {
    let images = ome::read(description, directories.len(), &file.limits)?;
    let mut all = Vec::new();
    for image in images {
        let first = image.planes.iter().find_map(|plane| match plane {
            Plane::Page(number) => Some(*number),
            _ => None,
        });
        let first = first.ok_or_else(|| Error::corrupt("its OME-XML names no page of an image"))?;
        let page = Page::read(file, tags_of(directories, first)?)?;
        if (page.width, page.height) != (image.width, image.height)
            || (page.samples != image.samples && image.channel_planes > 1)
        {
            return Err(Error::corrupt(format!(
                "its OME-XML tells of {} × {} pixels of {} samples, its page has {} × {} of {}",
                image.width, image.height, image.samples, page.width, page.height, page.samples
            )));
        }
        let mut series = Series {
            name: image.name,
            extra: image.extra,
            channel_planes: image.channel_planes,
            planes: image.planes,
            channels: image.channels,
            dimensions: image.dimensions,
            details: image.details,
            is_simple: false,
            ..Series::single(first, page)
        };
        series
            .details
            .insert(0, ("image".to_owned(), series.name.clone()));
        let mut unused = Vec::new();
        sub_levels(file, directories, &mut series, &mut unused)?;
        note_unused(&mut series, &unused);
        all.push(series);
    }
    name_apart(&mut all);
    Ok(all)
}

/// Names only where there are several, none of them twice.
fn name_apart(all: &mut [Series]) {
    if let [only] = all {
        only.name.clear();
        return;
    }
    let mut seen = HashSet::new();
    for (number, series) in all.iter_mut().enumerate() {
        if series.name.is_empty() {
            "image".clone_into(&mut series.name);
        }
        if !seen.insert(series.name.clone()) {
            series.name = format!("{} {number}", series.name);
            seen.insert(series.name.clone());
        }
    }
}

/// Gives the pages of a hyperstack their axes.
fn of_imagej(
    file: &mut File,
    directories: &[Directory],
    series: &mut Series,
    imagej: &description::ImageJ,
) -> Result<()> {
    let (c, z, t) = (imagej.channels, imagej.slices, imagej.frames);
    let count = c.checked_mul(z).and_then(|count| count.checked_mul(t));
    let tags = tags_of(directories, series.first)?;
    let pitch = |file: &mut File, tag: u16| -> Result<Option<f64>> {
        let numbers = file.numbers(tags, tag)?;
        let number = numbers.and_then(|numbers| numbers.first().copied());
        Ok(number
            .filter(|number| number.is_finite() && *number > 0.0)
            .map(|number| 1.0 / number))
    };
    if let Some(unit) = &imagej.unit {
        for (axis, tag) in [('x', 282), ('y', 283)] {
            if let Some(step) = pitch(file, tag)? {
                series.dimensions.insert(axis, spaced(step, Some(unit.clone())));
            }
        }
        if let Some(step) = imagej.spacing {
            series.dimensions.insert('z', spaced(step, Some(unit.clone())));
        }
    }
    if let Some(step) = imagej.interval {
        series.dimensions.insert('t', spaced(step, Some("s".to_owned())));
    }
    series.is_simple = series.dimensions.is_empty();
    let Some(count) = count.filter(|&count| count > 1) else {
        return Ok(());
    };
    // What is too large for 32-bit offsets ImageJ writes behind its one page, as it is.
    if series.planes.len() == 1
        && imagej.images == count
        && series.page.compression == 1
        && !series.page.planar
    {
        let bytes = series.page.chunk_row_bytes().saturating_mul(series.page.height);
        let fits = count <= MOST_PLANES && bytes.checked_mul(count).is_some_and(|bytes| bytes <= file.len);
        if !fits {
            return Ok(());
        }
        let first = series.first;
        let further = |plane: u64| Some(Plane::Behind(first, plane.checked_mul(bytes)?));
        let others: Option<Vec<Plane>> = (1..count).map(further).collect();
        let Some(others) = others else { return Ok(()) };
        series.planes = vec![Plane::Page(first)];
        series.planes.extend(others);
        series.extra = vec![('z', count)];
        series.is_simple = false;
    }
    if to_u64(series.planes.len()) != count || series.page.samples > 1 && c > 1 {
        return Ok(()); // the pages that are there, along z
    }
    series.is_simple = false;
    series.channel_planes = c;
    series.extra = [('t', t), ('z', z)]
        .into_iter()
        .filter(|(_, size)| *size > 1)
        .collect();
    Ok(())
}

/// Takes the directories below the first page's as levels, where they are.
fn sub_levels(
    file: &mut File,
    directories: &[Directory],
    series: &mut Series,
    unused: &mut Vec<(u64, u64)>,
) -> Result<()> {
    let tags = tags_of(directories, series.first)?;
    let offsets = file.integers(tags, 330)?.unwrap_or_default();
    for (nth, &offset) in offsets.iter().take(MOST_LEVELS).enumerate() {
        let read = file
            .directory(offset)
            .and_then(|(tags, _)| Page::read(file, &tags));
        let page = match read {
            Ok(page) => page,
            // What is below the image keeps it from nothing.
            Err(error) if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported) => continue,
            Err(error) => return Err(error),
        };
        if page.is_overview_of(&series.page) {
            add(series, Place::Sub(nth), page, unused);
        }
    }
    Ok(())
}

/// Adds a level, if it is one.
fn add(series: &mut Series, place: Place, page: Page, unused: &mut Vec<(u64, u64)>) {
    match factor(&series.page, &page) {
        Some(factor) if series.overviews.iter().all(|known| known.factor != factor) => {
            series.overviews.push(Overview { factor, place, page });
            series.overviews.sort_by_key(|overview| overview.factor);
        }
        _ => unused.push((page.width, page.height)),
    }
}

/// By which power of two a page is smaller than another, to within what writers round.
#[expect(
    clippy::as_conversions,
    reason = "sizes of pages are below 2^32, the exponent is too"
)]
fn factor(full: &Page, page: &Page) -> Option<u64> {
    let longer = full.width.max(full.height) as f64 / page.width.max(page.height) as f64;
    let exponent = longer.log2().round();
    if !(1.0..32.0).contains(&exponent) {
        return None;
    }
    let factor = 1u64 << exponent as u32;
    let is_near = |full: u64, part: u64| full.div_ceil(factor).abs_diff(part) <= 1;
    (is_near(full.width, page.width) && is_near(full.height, page.height)).then_some(factor)
}

fn note_unused(series: &mut Series, unused: &[(u64, u64)]) {
    if unused.is_empty() {
        return;
    }
    let sizes: Vec<String> = unused
        .iter()
        .take(8)
        .map(|(width, height)| format!("{width} × {height}"))
        .collect();
    series.details.push((
        "overviews that are not used".to_owned(),
        format!("{}: they are no power of two smaller", sizes.join(", ")),
    ));
}
