//! A file as an image: what its elements say of its pixels.

use std::sync::Arc;

use projectile_core::{Axes, Coordinates, DType, Dimension, Error, Photometric, Result, Sample, SourceInfo};

use super::codec::{self, Shape};
use super::colour::Palette;
use super::fragments;
use super::frames::{Colours, FrameReader, Frames};
use super::syntax::{Compression, Syntax};
use super::tags;
use super::walk::{Elements, PixelData};
use crate::chunked::{ChunkedOptions, ChunkedSource, Division};
use crate::decode::guarded;
use crate::flat::{self, FlatArray, Linear, Meaning, Place};
use crate::format::NamedSource;
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64, to_usize};

/// Frames beyond which a file is broken.
const MOST_FRAMES: u64 = 1 << 24;

/// What the pixels are.
#[derive(Debug)]
struct Pixels {
    frames: u64,
    shape: Shape,
    photometric: String,
    is_planar: bool,
    bits: u32,
    stored: u32,
    is_signed: bool,
    /// The stored type, where it is no integer.
    float: Option<DType>,
}

/// The images of a file whose elements are known.
pub(crate) fn sources(place: &Place, elements: &Elements, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let Some((tag, data)) = elements.pixels else {
        return Err(Error::unsupported(
            "it holds no pixels: it is a report, a structure or a directory",
        ));
    };
    let pixels = pixels(elements, tag)?;
    let frame_axis = frame_axis(elements);
    let is_colour = pixels.shape.samples == 3 || pixels.photometric == "PALETTE COLOR";
    let channels = if is_colour { 3 } else { pixels.shape.samples };
    let mut meaning = Meaning::default();
    if pixels.float.is_none() && pixels.bits > 1 {
        if pixels.is_signed || pixels.stored < pixels.bits {
            meaning.bits = Some((pixels.stored, pixels.is_signed));
        }
        if !is_colour {
            meaning.linear = rescale(elements, &pixels);
        }
    }
    let raw = raw(&pixels);
    let colours = colours(&pixels, elements)?;
    let dtype = match &colours {
        Colours::Palette(palette) if palette.is_wide => DType::UInt16,
        Colours::Palette(_) => DType::UInt8,
        Colours::Bits => DType::Bool,
        _ => meaning.dtype(raw),
    };
    let is_flat = matches!(colours, Colours::AsStored) && elements.syntax.compression == Compression::None;
    let mut shape = Vec::new();
    let mut names = Vec::new();
    if pixels.frames > 1 {
        shape.push(pixels.frames);
        names.push(frame_axis);
    }
    shape.extend([pixels.shape.rows, pixels.shape.columns]);
    names.extend(["y", "x"]);
    if channels > 1 {
        shape.push(channels);
        names.push("c");
    }
    let axes = match &options.axes {
        Some(letters) if is_flat => Axes::named(letters, &shape)?,
        _ => Axes::with_names(&names, &shape)?,
    };
    let mut info = SourceInfo::new(dtype, axes, "DICOM");
    info.version = place.blob().version();
    describe(elements, &pixels, meaning, &names, &mut info);
    let bits = frame_bits(&pixels)?;
    let source: Arc<dyn projectile_core::Source> = match data {
        PixelData::Native { start, length } => {
            let promised = bits.checked_mul(pixels.frames).map(|bits| bits.div_ceil(8));
            let present = length.min(place.blob().size().saturating_sub(start));
            if promised.is_none_or(|promised| promised > present) {
                return Err(Error::corrupt(format!(
                    "the file is cut short: its {} frames take more than the {present} bytes of pixels that it has",
                    pixels.frames
                )));
            }
            let is_swapped = elements.syntax.big_endian && pixels.bits <= 8 && &elements.pixel_words == b"OW";
            if is_flat && !is_swapped {
                let mut array = FlatArray::new(raw, elements.syntax.big_endian, start, &shape)?;
                array.meaning = meaning;
                let mut whole = options.limits.whole_array_bytes;
                flat::source(place, &array, info, options, &mut whole)?
            } else {
                let frames = Frames::Native {
                    start,
                    bits,
                    swapped: is_swapped,
                };
                by_frame(place, elements, pixels, colours, frames, meaning, info, options)?
            }
        }
        PixelData::Encapsulated { start } => {
            if elements.syntax.compression == Compression::Other {
                return Err(Error::unsupported(format!(
                    "its pixels are compressed by {}, which is not read: pip install projectile pydicom \
                     'pylibjpeg[all]', then projectile.show(pydicom.dcmread(path).pixel_array)",
                    Syntax::name(&elements.uid)
                )));
            }
            let size = place.blob().size();
            let mut reader = place.reader();
            let found =
                fragments::frames(&mut reader, start, size, pixels.frames, elements, &options.cancel)?;
            if let Some(first) = found.first() {
                let bytes = place.blob().read(first)?.concat();
                guarded(options, || codec::check(elements.syntax.compression, &bytes))?;
            }
            let frames = Frames::Encapsulated(found);
            by_frame(place, elements, pixels, colours, frames, meaning, info, options)?
        }
    };
    Ok(vec![NamedSource {
        name: String::new(),
        source,
    }])
}

#[expect(
    clippy::too_many_arguments,
    reason = "all of it is what a frame's pixels depend on"
)]
fn by_frame(
    place: &Place,
    elements: &Elements,
    pixels: Pixels,
    colours: Colours,
    frames: Frames,
    meaning: Meaning,
    info: SourceInfo,
    options: &OpenOptions,
) -> Result<Arc<dyn projectile_core::Source>> {
    let blob = place.blob();
    let residence = blob.residence();
    let chunked = ChunkedOptions::of(residence, options.cache.clone());
    // Each frame is decoded whole: what that takes must be allowed.
    let bytes = pixels.shape.count().saturating_mul(to_u64(info.dtype.size()));
    if bytes > options.limits.decoded_bytes {
        return Err(Error::limit(format!(
            "a frame takes {bytes} bytes, the limit is {}",
            options.limits.decoded_bytes
        )));
    }
    let mut divisions: Vec<Division> = info.axes.iter().map(|axis| Division::Even(axis.size)).collect();
    if pixels.frames > 1
        && let Some(frames) = divisions.first_mut()
    {
        *frames = Division::Even(1);
    }
    let reader = FrameReader {
        blob,
        is_stack: pixels.frames > 1,
        frames,
        compression: elements.syntax.compression,
        shape: pixels.shape,
        big_endian: elements.syntax.big_endian,
        photometric: pixels.photometric,
        colours,
        meaning,
        dtype: info.dtype,
        scans: options.limits.scans,
    };
    Ok(Arc::new(ChunkedSource::new(
        info,
        divisions,
        Box::new(reader),
        &chunked,
    )?))
}

/// What the elements say of the pixels in element `tag`.
fn pixels(elements: &Elements, tag: tags::Tag) -> Result<Pixels> {
    let needed = |tag: tags::Tag, name: &str| {
        elements
            .word(tag)
            .filter(|&word| word > 0)
            .ok_or_else(|| Error::corrupt(format!("it has no valid {name}")))
    };
    let (rows, columns) = (
        needed(tags::ROWS, "number of rows")?,
        needed(tags::COLUMNS, "number of columns")?,
    );
    let float = match tag {
        tags::FLOAT_PIXELS => Some((DType::Float32, 32)),
        tags::DOUBLE_PIXELS => Some((DType::Float64, 64)),
        _ => None,
    };
    let bits = match float {
        Some((_, bits)) => bits,
        None => u32::from(needed(tags::BITS_ALLOCATED, "number of bits")?),
    };
    if !matches!(bits, 1 | 8 | 16 | 32 | 64) {
        return Err(Error::unsupported(format!("samples of {bits} bits are not read")));
    }
    let stored = elements.word(tags::BITS_STORED).map_or(bits, u32::from);
    let stored = if (1..=bits).contains(&stored) {
        stored
    } else {
        bits
    };
    let is_odd = |&high: &u32| high < bits && stored.checked_sub(1) != Some(high);
    let high = elements.word(tags::HIGH_BIT).map(u32::from).filter(is_odd);
    if float.is_none()
        && bits > 1
        && let Some(high) = high
    {
        return Err(Error::unsupported(format!(
            "its samples are {stored} bits up to bit {high}, which is not read"
        )));
    }
    let samples = elements.word(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
    if !matches!(samples, 1 | 3) {
        return Err(Error::unsupported(format!(
            "{samples} samples a pixel are not read"
        )));
    }
    let frames = elements
        .text(tags::NUMBER_OF_FRAMES)
        .map_or(Some(1), |text| text.parse().ok())
        .filter(|frames| (1..=MOST_FRAMES).contains(frames))
        .ok_or_else(|| Error::corrupt("it has no valid number of frames"))?;
    let photometric = elements.text(tags::PHOTOMETRIC);
    Ok(Pixels {
        frames,
        shape: Shape {
            rows: u64::from(rows),
            columns: u64::from(columns),
            samples: u64::from(samples),
            width: to_usize(u64::from(bits / 8)).max(1),
        },
        photometric: photometric.unwrap_or_else(|| "MONOCHROME2".to_owned()),
        is_planar: elements.word(tags::PLANAR) == Some(1) && samples > 1,
        bits,
        stored,
        is_signed: elements.word(tags::PIXEL_REPRESENTATION) == Some(1) && float.is_none() && bits > 1,
        float: float.map(|(dtype, _)| dtype),
    })
}

/// The dtype of samples as they are stored, without their sign.
fn raw(pixels: &Pixels) -> DType {
    pixels.float.unwrap_or(match pixels.bits {
        1 => DType::Bool,
        8 => DType::UInt8,
        16 => DType::UInt16,
        32 => DType::UInt32,
        _ => DType::UInt64,
    })
}

/// Bits of a native frame.
fn frame_bits(pixels: &Pixels) -> Result<u64> {
    let samples = if pixels.photometric == "YBR_FULL_422" {
        // Two pixels have four samples.
        2
    } else {
        pixels.shape.samples
    };
    product(&[pixels.shape.pixels(), samples, u64::from(pixels.bits)])
        .ok_or_else(|| Error::limit("its frames are larger than any file"))
}

fn colours(pixels: &Pixels, elements: &Elements) -> Result<Colours> {
    let is_native = elements.syntax.compression == Compression::None;
    let is_rle = elements.syntax.compression == Compression::Rle;
    let is_ybr = pixels.photometric.starts_with("YBR_FULL");
    Ok(match pixels.photometric.as_str() {
        "PALETTE COLOR" if pixels.shape.samples == 1 => Colours::Palette(Palette::of(elements)?),
        "YBR_FULL_422" if is_native && pixels.bits == 8 && !pixels.is_planar => Colours::YbrPairs,
        _ if is_ybr && pixels.bits != 8 => {
            return Err(Error::unsupported(format!(
                "{} of {} bits is not read",
                pixels.photometric, pixels.bits
            )));
        }
        _ if is_ybr && pixels.is_planar && is_native => {
            return Err(Error::unsupported("YBR in planes is not read"));
        }
        _ if is_ybr && pixels.shape.samples == 3 && (is_native || is_rle) => Colours::Ybr,
        _ if pixels.bits == 1 && is_native => Colours::Bits,
        _ if pixels.bits == 1 => {
            return Err(Error::unsupported("single bits that are compressed are not read"));
        }
        _ if pixels.is_planar && is_native => Colours::Planes,
        _ => Colours::AsStored,
    })
}

/// `RescaleSlope` and `RescaleIntercept`: to integers, where all results are integers.
fn rescale(elements: &Elements, pixels: &Pixels) -> Option<Linear> {
    let is_varying = [tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT]
        .iter()
        .any(|tag| elements.varying.contains(tag));
    let slope = elements
        .number(tags::RESCALE_SLOPE)
        .filter(|&slope| slope != 0.0)?;
    let offset = elements.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
    if is_varying || elements.has_table || (slope, offset) == (1.0, 0.0) {
        return None;
    }
    let stored = raw(pixels);
    let mut linear = Linear::new(stored, slope, offset, None);
    if slope.fract() == 0.0 && offset.fract() == 0.0 && pixels.stored <= 32 {
        let count = (1u64 << pixels.stored).to_f64();
        let (least, most) = if pixels.is_signed {
            (-count / 2.0, count / 2.0 - 1.0)
        } else {
            (0.0, count - 1.0)
        };
        let ends = [least * slope + offset, most * slope + offset];
        let fits = |dtype: DType| {
            dtype
                .range()
                .is_some_and(|(least, most)| ends.iter().all(|end| (least..=most).contains(end)))
        };
        let narrowest = [DType::Int16, DType::UInt16, DType::Int32]
            .into_iter()
            .find(|&dtype| fits(dtype));
        linear.dtype = narrowest.unwrap_or(linear.dtype);
    }
    Some(linear)
}

/// Whether frames are along time or along depth.
fn frame_axis(elements: &Elements) -> &'static str {
    let is_spaced = elements.number(tags::SPACING_BETWEEN_SLICES).is_some();
    let is_timed = elements.number(tags::FRAME_TIME).is_some();
    if !is_timed && (is_spaced || elements.has_groups) {
        "z"
    } else {
        "t"
    }
}

fn describe(elements: &Elements, pixels: &Pixels, meaning: Meaning, names: &[&str], info: &mut SourceInfo) {
    if pixels.shape.samples == 3 || pixels.photometric == "PALETTE COLOR" {
        info.photometric = Photometric::Picture;
    } else {
        if pixels.photometric == "MONOCHROME1" {
            // The least value is white: values stay as they are, and are shown so.
            info.colormap = Some("gray_r".to_owned());
        }
        info.window = window(elements);
        if elements.values.contains_key(&tags::PADDING_VALUE)
            && !elements.values.contains_key(&tags::PADDING_LIMIT)
        {
            let padding = elements.word(tags::PADDING_VALUE).map(|word| {
                if pixels.is_signed {
                    f64::from(word.cast_signed())
                } else {
                    f64::from(word)
                }
            });
            info.nodata = padding.filter(|_| pixels.bits == 16).map(|value| {
                meaning
                    .linear
                    .map_or(value, |line| value * line.slope + line.offset)
            });
        }
    }
    let spacing = [
        tags::PIXEL_SPACING,
        tags::IMAGER_PIXEL_SPACING,
        tags::NOMINAL_PIXEL_SPACING,
    ]
    .into_iter()
    .find_map(|tag| <[f64; 2]>::try_from(elements.numbers(tag)?).ok());
    let depth = elements
        .number(tags::SPACING_BETWEEN_SLICES)
        .or_else(|| elements.number(tags::SLICE_THICKNESS));
    let along = |name: &str| match name {
        "y" => spacing.map(|[step, _]| (step, "mm")),
        "x" => spacing.map(|[_, step]| (step, "mm")),
        "z" => depth.map(|step| (step, "mm")),
        "t" => elements.number(tags::FRAME_TIME).map(|step| (step, "ms")),
        _ => None,
    };
    let dimensions: Vec<Dimension> = names
        .iter()
        .map(|name| match along(name) {
            Some((step, unit)) if step > 0.0 => Dimension {
                label: None,
                unit: Some(unit.to_owned()),
                coordinates: Some(Coordinates::Even { start: 0.0, step }),
            },
            _ => Dimension::default(),
        })
        .collect();
    if dimensions.iter().any(|dimension| dimension.coordinates.is_some()) {
        info.dimensions = dimensions;
    }
    let mut note = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            info.details.push((name.to_owned(), value));
        }
    };
    // Nothing of whom the image is of.
    note("modality", elements.text(tags::MODALITY));
    note("photometric interpretation", Some(pixels.photometric.clone()));
    note("bits stored", Some(pixels.stored.to_string()));
    note(
        "values",
        elements
            .text(tags::RESCALE_TYPE)
            .filter(|_| meaning.linear.is_some()),
    );
    if elements.has_table || elements.varying.contains(&tags::RESCALE_SLOPE) {
        note(
            "values",
            Some("as stored: the table or line that they stand for is not applied".to_owned()),
        );
    }
}

/// The window of the file (PS3.3, C.11.2.1.2): the first one, of all frames.
fn window(elements: &Elements) -> Option<(f64, f64)> {
    if elements.varying.contains(&tags::WINDOW_CENTER) || elements.varying.contains(&tags::WINDOW_WIDTH) {
        return None;
    }
    let (centre, width) = (
        elements.number(tags::WINDOW_CENTER)?,
        elements.number(tags::WINDOW_WIDTH)?,
    );
    let window = match elements.text(tags::VOI_FUNCTION).as_deref() {
        None | Some("LINEAR") => (
            centre - 0.5 - (width - 1.0) / 2.0,
            centre - 0.5 + (width - 1.0) / 2.0,
        ),
        Some(_) => (centre - width / 2.0, centre + width / 2.0),
    };
    (window.0 < window.1).then_some(window)
}
