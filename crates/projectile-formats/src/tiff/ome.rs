//! OME-XML: which page is which plane, and what is known of channels and sizes.
//!
//! Source: the OME-TIFF specification, <https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/specification.html>.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use projectile_core::{ChannelInfo, Coordinates, Dimension, Error, Result};

use super::layout::Plane;
use super::xml::{self, Element};
use crate::open::Limits;
use crate::sizes::{product, to_u64, to_usize};

/// Planes of all images of a file, and pages that are told to be one of them.
const MOST_PLANES: u64 = 1 << 20;

/// One image of an OME-TIFF.
#[derive(Debug, Default)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) width: u64,
    pub(super) height: u64,
    /// Samples of each pixel of a page.
    pub(super) samples: u64,
    /// The axes `t` and `z`, where there are more than one of it.
    pub(super) extra: Vec<(char, u64)>,
    /// Pages that are channels of one picture.
    pub(super) channel_planes: u64,
    /// For each of `t`, `z` and channel, the last fastest.
    pub(super) planes: Vec<Plane>,
    pub(super) channels: Vec<ChannelInfo>,
    pub(super) dimensions: BTreeMap<char, Dimension>,
    pub(super) details: Vec<(String, String)>,
}

/// Whether an image description is OME-XML.
pub(super) fn is_ome(description: &str) -> bool {
    let start = description.trim_start_matches('\u{feff}').trim_start();
    (start.starts_with("<?xml") || start.starts_with("<OME") || start.starts_with("<!--"))
        && description.contains("<OME")
}

/// The images that the XML tells of, in a file of so many pages.
///
/// # Errors
/// [`Unsupported`](projectile_core::ErrorKind::Unsupported) where pixels are in other files;
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) for XML that makes no sense.
pub(super) fn read(description: &str, pages: usize, limits: &Limits) -> Result<Vec<Image>> {
    let root = xml::parse(description.trim_start_matches('\u{feff}').trim_start(), limits)?;
    if let Some(elsewhere) = root.first("BinaryOnly") {
        let file = elsewhere.attribute("MetadataFile").unwrap_or("another file");
        return Err(Error::unsupported(format!(
            "it is one file of a set whose description is in {file}: OME-TIFF sets of several files are not read. Bring \
             them into one file, by bfconvert for instance"
        )));
    }
    check_files(&root)?;
    let mut budget = Budget {
        planes: MOST_PLANES,
        mentions: MOST_PLANES,
    };
    let images: Vec<Image> = root
        .all("Image")
        .enumerate()
        .filter_map(|(number, image)| Some((number, image, image.first("Pixels")?)))
        .map(|(number, image, pixels)| read_image(number, image, pixels, pages, &mut budget))
        .collect::<Result<_>>()?;
    if images.is_empty() {
        return Err(Error::corrupt("its OME-XML tells of no image"));
    }
    Ok(images)
}

/// What a document may still tell of, whose few words could stand for any number of planes.
struct Budget {
    planes: u64,
    mentions: u64,
}

impl Budget {
    fn take(left: &mut u64, count: u64) -> Result<()> {
        *left = left
            .checked_sub(count)
            .ok_or_else(|| Error::limit(format!("its OME-XML tells of more than {MOST_PLANES} planes")))?;
        Ok(())
    }
}

/// Refuses a set of files: pixels whose file is another than this one, which is known by the root's own identifier.
fn check_files(root: &Element) -> Result<()> {
    let own = root.attribute("UUID");
    let mut names: Vec<(&str, &str)> = Vec::new();
    for image in root.all("Image") {
        for data in image.all("Pixels").flat_map(|pixels| pixels.all("TiffData")) {
            if let Some(file) = data.first("UUID") {
                names.push((file.text.trim(), file.attribute("FileName").unwrap_or_default()));
            }
        }
    }
    let other = match own {
        Some(own) => names.iter().find(|(identifier, _)| *identifier != own.trim()),
        // Without one there can be a single file only.
        None => names.iter().find(|name| Some(*name) != names.first()),
    };
    match other {
        Some((_, file)) => Err(Error::unsupported(format!(
            "some of its planes are in another file{}{file}: OME-TIFF sets of several files are not read. Bring them into \
             one file, by bfconvert for instance",
            if file.is_empty() { "" } else { ", " }
        ))),
        None => Ok(()),
    }
}

fn read_image(
    number: usize,
    image: &Element,
    pixels: &Element,
    pages: usize,
    budget: &mut Budget,
) -> Result<Image> {
    let size = |letter: char| {
        pixels
            .number::<NonZeroU64>(&format!("Size{letter}"))
            .ok_or_else(|| Error::corrupt(format!("its OME-XML has no Size{letter}")))
    };
    let (c, z, t) = (size('C')?, size('Z')?, size('T')?);
    let described: Vec<&Element> = pixels.all("Channel").collect();
    let samples = described
        .first()
        .and_then(|channel| channel.number::<NonZeroU64>("SamplesPerPixel"))
        .filter(|&samples| c.get() % samples == 0)
        .unwrap_or(NonZeroU64::MIN);
    let channel_planes = NonZeroU64::new(c.get() / samples).unwrap_or(NonZeroU64::MIN);
    let count = product(&[channel_planes.get(), z.get(), t.get()]).unwrap_or(u64::MAX);
    Budget::take(&mut budget.planes, count)?;
    let order = pixels.attribute("DimensionOrder").unwrap_or("XYCZT");
    let order: Vec<char> = order
        .strip_prefix("XY")
        .map(|order| order.chars().collect())
        .unwrap_or_default();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != ['C', 'T', 'Z'] {
        return Err(Error::corrupt("its OME-XML has an unknown order of dimensions"));
    }
    let sizes = Sizes {
        c: channel_planes,
        z,
        t,
    };
    let planes = map_planes(pixels, &order, sizes, count, pages, &mut budget.mentions)?;
    let mut extra = Vec::new();
    for (letter, size) in [('t', t.get()), ('z', z.get())] {
        if size > 1 {
            extra.push((letter, size));
        }
    }
    let name = image.attribute("Name").filter(|name| !name.is_empty());
    let mut details = Vec::new();
    if let Some(date) = image.first("AcquisitionDate").map(|date| date.text.trim())
        && !date.is_empty()
    {
        details.push(("acquired".to_owned(), date.to_owned()));
    }
    Ok(Image {
        name: name.map_or_else(|| format!("image {number}"), str::to_owned),
        width: size('X')?.get(),
        height: size('Y')?.get(),
        samples: samples.get(),
        extra,
        channel_planes: channel_planes.get(),
        planes,
        channels: channels(&described, samples.get(), c.get()),
        dimensions: dimensions(pixels),
        details,
    })
}

#[derive(Clone, Copy)]
struct Sizes {
    c: NonZeroU64,
    z: NonZeroU64,
    t: NonZeroU64,
}

/// The number whose digits these are, each with how many there are of it, the first counting most.
fn number_of(digits: impl IntoIterator<Item = (u64, NonZeroU64)>) -> Option<u64> {
    digits.into_iter().try_fold(0u64, |number, (digit, base)| {
        number.checked_mul(base.get())?.checked_add(digit)
    })
}

/// Which page each plane is: `TiffData` elements tell of runs of pages, in the order of the dimensions.
fn map_planes(
    pixels: &Element,
    order: &[char],
    sizes: Sizes,
    count: u64,
    pages: usize,
    mentions: &mut u64,
) -> Result<Vec<Plane>> {
    let length = |letter: char| match letter {
        'C' => sizes.c,
        'Z' => sizes.z,
        _ => sizes.t,
    };
    let beyond = || Error::corrupt("its OME-XML has a plane beyond its sizes");
    let mut planes = vec![Plane::Missing; to_usize(count)];
    let mut fill = |data: Option<&Element>| -> Result<()> {
        let number = |name: &str| data.and_then(|data| data.number::<u64>(name));
        let first = |letter: char| number(&format!("First{letter}")).unwrap_or(0);
        let page = number("IFD");
        let run = number("PlaneCount").unwrap_or(if page.is_some() { 1 } else { count });
        let page = page.unwrap_or(0);
        // Where the run begins, counted in the order of the dimensions.
        if let Some(letter) = order.iter().rev().find(|l| first(**l) >= length(**l).get()) {
            return Err(Error::corrupt(format!(
                "its OME-XML has a plane beyond Size{letter}"
            )));
        }
        let begin = number_of(order.iter().rev().map(|&letter| (first(letter), length(letter))));
        let begin = begin.ok_or_else(beyond)?;
        let run = run.min(count.saturating_sub(begin));
        // What goes beyond the last page ends there.
        Budget::take(mentions, run.min(to_u64(pages)))?;
        for (at, mut rest) in (0..run).zip(begin..count) {
            let Some(page) = page.checked_add(at).filter(|&page| page < to_u64(pages)) else {
                // A run of no stated length goes to the last page.
                if at > 0 && number("PlaneCount").is_none() {
                    break;
                }
                return Err(Error::corrupt(format!(
                    "its OME-XML tells of page {} of {pages}",
                    page.saturating_add(at)
                )));
            };
            let (mut c, mut z, mut t) = (0, 0, 0);
            for &letter in order {
                let index = rest % length(letter);
                rest /= length(letter);
                match letter {
                    'C' => c = index,
                    'Z' => z = index,
                    _ => t = index,
                }
            }
            let place = number_of([(t, sizes.t), (z, sizes.z), (c, sizes.c)]);
            let plane = place.and_then(|place| planes.get_mut(to_usize(place)));
            *plane.ok_or_else(beyond)? = Plane::Page(to_usize(page));
        }
        Ok(())
    };
    let mut any = false;
    for data in pixels.all("TiffData") {
        any = true;
        fill(Some(data))?;
    }
    if !any {
        fill(None)?;
    }
    Ok(planes)
}

fn channels(described: &[&Element], samples: u64, count: u64) -> Vec<ChannelInfo> {
    if samples > 1 || count > 4096 {
        return Vec::new(); // colours have names of their own
    }
    let colour = |element: &Element| {
        // Red, green, blue, alpha in a signed number; -1 is what writers put who know none.
        let number = element.number::<i64>("Color")?;
        let [_, _, _, _, red, green, blue, _] = number.to_be_bytes();
        (number != -1).then_some([red, green, blue])
    };
    let infos: Vec<ChannelInfo> = described
        .iter()
        .take(to_usize(count))
        .map(|element| ChannelInfo {
            colour: colour(element),
            ..ChannelInfo::named(element.attribute("Name").unwrap_or_default())
        })
        .collect();
    if infos.iter().any(|info| *info != ChannelInfo::default()) {
        infos
    } else {
        Vec::new()
    }
}

fn dimensions(pixels: &Element) -> BTreeMap<char, Dimension> {
    let mut all = BTreeMap::new();
    for (axis, name, usual) in [
        ('x', "PhysicalSizeX", "µm"),
        ('y', "PhysicalSizeY", "µm"),
        ('z', "PhysicalSizeZ", "µm"),
        ('t', "TimeIncrement", "s"),
    ] {
        let step = pixels
            .number::<f64>(name)
            .filter(|step| step.is_finite() && *step > 0.0);
        let Some(step) = step else { continue };
        let unit = pixels.attribute(&format!("{name}Unit")).unwrap_or(usual);
        all.insert(
            axis,
            Dimension {
                label: None,
                unit: Some(unit.to_owned())
                    .filter(|unit| !matches!(unit.as_str(), "pixel" | "reference frame")),
                coordinates: Some(Coordinates::Even { start: 0.0, step }),
            },
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use projectile_core::ErrorKind;

    fn xml(attributes: &str, inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" UUID=\"urn:uuid:1\">\
             <Image ID=\"Image:0\" Name=\"cells\"><Pixels SizeX=\"8\" SizeY=\"6\" {attributes}>{inside}</Pixels></Image></OME>"
        )
    }

    #[test]
    fn planes_are_mapped_in_the_order_of_the_dimensions() {
        let sizes = "SizeC=\"2\" SizeZ=\"3\" SizeT=\"2\"";
        let pages = |order: &str, inside: &str| {
            let text = xml(&format!("{sizes} DimensionOrder=\"{order}\""), inside);
            let images = read(&text, 12, &Limits::default()).unwrap();
            assert_eq!(images[0].extra, [('t', 2), ('z', 3)]);
            images[0]
                .planes
                .iter()
                .map(|plane| match plane {
                    Plane::Page(page) => *page as i64,
                    _ => -1,
                })
                .collect::<Vec<i64>>()
        };
        let straight: Vec<i64> = (0..12).collect();
        assert_eq!(pages("XYCZT", "<TiffData/>"), straight);
        assert_eq!(pages("XYCZT", ""), straight);
        // z fastest, then channels: the plane of t, z, c is page (t * 2 + c) * 3 + z.
        assert_eq!(
            pages("XYZCT", "<TiffData IFD=\"0\" PlaneCount=\"12\"/>"),
            [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]
        );
        // One plane said, in its place; the others are missing.
        let one = pages(
            "XYZCT",
            "<TiffData IFD=\"5\" FirstT=\"1\" FirstC=\"1\" FirstZ=\"2\"/>",
        );
        assert_eq!(one.iter().position(|&page| page == 5), Some(11));
        assert_eq!(one.iter().filter(|&&page| page == -1).count(), 11);
    }

    #[test]
    fn channels_and_sizes_are_those_of_the_file() {
        let text = xml(
            "SizeC=\"2\" SizeZ=\"1\" SizeT=\"1\" DimensionOrder=\"XYCZT\" PhysicalSizeX=\"0.25\" PhysicalSizeXUnit=\"nm\"",
            "<Channel Name=\"DAPI\" Color=\"65535\"/><Channel Name=\"GFP\" Color=\"-16776961\"/><TiffData/>",
        );
        let image = &read(&text, 2, &Limits::default()).unwrap()[0];
        assert_eq!(image.channels[0].name, "DAPI");
        assert_eq!(image.channels[0].colour, Some([0, 0, 255]));
        assert_eq!(image.channels[1].colour, Some([255, 0, 0]));
        assert_eq!(image.dimensions[&'x'].unit.as_deref(), Some("nm"));
        assert_eq!(image.name, "cells");
    }

    #[test]
    fn sets_of_files_are_refused_and_nonsense_is_corrupt() {
        let sizes = "SizeC=\"1\" SizeZ=\"1\" SizeT=\"1\" DimensionOrder=\"XYCZT\"";
        let other = xml(
            sizes,
            "<TiffData><UUID FileName=\"b.ome.tif\">urn:uuid:2</UUID></TiffData>",
        );
        let error = read(&other, 1, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("b.ome.tif"), "{error}");
        let own = xml(
            sizes,
            "<TiffData><UUID FileName=\"renamed.ome.tif\">urn:uuid:1</UUID></TiffData>",
        );
        assert!(read(&own, 1, &Limits::default()).is_ok());
        let binary = "<OME><BinaryOnly MetadataFile=\"all.companion.ome\" UUID=\"u\"/></OME>";
        assert!(
            read(binary, 1, &Limits::default())
                .unwrap_err()
                .message()
                .contains("all.companion.ome")
        );
        for attributes in [
            "SizeC=\"1\" SizeZ=\"1\"",
            "SizeC=\"0\" SizeZ=\"1\" SizeT=\"1\"",
            "SizeC=\"1\" SizeZ=\"1\" SizeT=\"1\" DimensionOrder=\"XYZZT\"",
            "SizeC=\"99999999\" SizeZ=\"99999999\" SizeT=\"99999999\"",
        ] {
            assert!(
                read(&xml(attributes, ""), 1, &Limits::default()).is_err(),
                "{attributes}"
            );
        }
        let many = "SizeC=\"1\" SizeZ=\"600000\" SizeT=\"1\" DimensionOrder=\"XYZCT\"";
        let image = xml(many, "<TiffData IFD=\"0\"/>");
        assert!(read(&image, 1, &Limits::default()).is_ok());
        let (start, end) = (image.find("<Image").unwrap(), image.find("</OME>").unwrap());
        let twice = format!("{}{}", &image[..end], &image[start..]);
        assert_eq!(
            read(&twice, 1, &Limits::default()).unwrap_err().kind(),
            ErrorKind::Limit
        );
        let again = xml(many, &"<TiffData IFD=\"0\" PlaneCount=\"600000\"/>".repeat(2));
        assert_eq!(
            read(&again, 600_000, &Limits::default()).unwrap_err().kind(),
            ErrorKind::Limit
        );
        assert!(read(&xml(sizes, "<TiffData IFD=\"7\"/>"), 1, &Limits::default()).is_err());
    }
}
