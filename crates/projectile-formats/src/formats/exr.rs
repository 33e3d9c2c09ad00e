//! OpenEXR: half, float and integer channels of all flat layers.

use std::path::Path;

use exr::image::FlatSamples;
use exr::prelude::{ReadChannels, ReadLayers, read};
use half::f16;
use projectile_core::{DType, Error, Result, Sample};

use crate::decode::input::read_error;
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64};

pub(crate) struct OpenExr;

/// Run lengths and deflate, with room for the headers.
const MOST_BYTES_PER_BYTE: u64 = 1100;

impl Format for OpenExr {
    fn name(&self) -> &'static str {
        "OpenEXR"
    }

    fn about(&self) -> &'static str {
        "half, float and integer channels, RGB(A) first, of all flat layers of one size; the largest level"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["exr"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&[0x76, 0x2f, 0x31, 0x01])
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

/// One channel, its name led by its layer's where it has one.
struct Channel {
    name: String,
    samples: FlatSamples,
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    check_sizes(input)?;
    let image = read()
        .no_deep_data()
        .largest_resolution_level()
        .all_channels()
        .all_layers()
        .all_attributes()
        .non_parallel()
        .from_buffered(input.reader()?)
        .map_err(failed)?;
    let first = image
        .layer_data
        .first()
        .ok_or_else(|| Error::corrupt("it holds no layer"))?;
    let (width, height) = (first.size.width(), first.size.height());
    let many = image.layer_data.len() > 1;
    let mut channels = Vec::new();
    for layer in image.layer_data {
        if (layer.size.width(), layer.size.height()) != (width, height) {
            continue; // channels of another size cannot lie over the first's
        }
        let layer_name = layer
            .attributes
            .layer_name
            .filter(|_| many)
            .map(|name| name.to_string());
        for channel in layer.channel_data.list {
            let name = channel.name.to_string();
            let name = layer_name
                .as_ref()
                .map_or(name.clone(), |layer| format!("{layer}.{name}"));
            channels.push(Channel {
                name,
                samples: channel.sample_data,
            });
        }
    }
    channels.sort_by_key(|channel| rank(&channel.name));
    let (width, height) = (to_u64(width), to_u64(height));
    let pixels = product(&[width, height]);
    let is_whole = |channel: &Channel| Some(to_u64(channel.samples.len())) == pixels;
    if channels.is_empty() || !channels.iter().all(is_whole) {
        return Err(Error::unsupported(
            "OpenEXR files with subsampled or no channels are not read",
        ));
    }
    let names: Vec<String> = channels.iter().map(|channel| channel.name.clone()).collect();
    let count = to_u64(names.len());
    let mut picture = Picture::new(interleaved(channels)?, width, height, count);
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    picture.colours = matches!(
        known[..],
        ["R", "G", "B"] | ["R", "G", "B", "A"] | ["Y"] | ["Y", "A"]
    );
    picture.note("channels", names.join(", "));
    picture.channel_names = names;
    Ok(picture)
}

/// What all channels of all layers take, before anything is allocated for them.
fn check_sizes(input: &Input<'_>) -> Result<()> {
    let meta = exr::meta::MetaData::read_from_buffered(input.reader()?, false).map_err(failed)?;
    let mut total = 0u64;
    for header in &meta.headers {
        let (width, height) = (
            to_u64(header.layer_size.width()),
            to_u64(header.layer_size.height()),
        );
        let channels = to_u64(header.channels.list.len());
        let samples = input.samples(width, height, channels.max(1), 4)?;
        total = total.saturating_add(to_u64(samples).saturating_mul(4));
    }
    input.allow(total)?;
    input.plausible(total, MOST_BYTES_PER_BYTE)
}

/// Colours in their own order, in front of all else.
fn rank(name: &str) -> (usize, String) {
    let colour = ["R", "G", "B", "Y", "A"]
        .iter()
        .position(|&colour| colour == name);
    (colour.unwrap_or(9), name.to_owned())
}

/// Half where all channels are, integers where all are, else float.
fn interleaved(channels: Vec<Channel>) -> Result<Data> {
    let count = channels.len();
    let kind = |samples: &FlatSamples| match samples {
        FlatSamples::F16(_) => DType::Float16,
        FlatSamples::F32(_) => DType::Float32,
        FlatSamples::U32(_) => DType::UInt32,
    };
    let mut kinds = channels.iter().map(|channel| kind(&channel.samples));
    let first = kinds.next().unwrap_or(DType::Float32);
    let dtype = if kinds.all(|kind| kind == first) {
        first
    } else {
        DType::Float32
    };
    let samples = channels.iter().map(|channel| channel.samples.len()).sum();
    let mut data = Data::zeroed(dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    for (c, channel) in channels.into_iter().enumerate() {
        match (&mut data, channel.samples) {
            (Data::F16(to), FlatSamples::F16(from)) => spread(to, c, count, &from, |value| value),
            (Data::U32(to), FlatSamples::U32(from)) => spread(to, c, count, &from, |value| value),
            (Data::F32(to), FlatSamples::F32(from)) => spread(to, c, count, &from, |value| value),
            (Data::F32(to), FlatSamples::F16(from)) => spread(to, c, count, &from, f16::to_f32),
            (Data::F32(to), FlatSamples::U32(from)) => {
                spread(to, c, count, &from, |value| f32::from_f64(value.into()));
            }
            _ => return Err(Error::internal("the common type holds every channel")),
        }
    }
    Ok(data)
}

fn spread<T, U: Copy>(to: &mut [T], channel: usize, count: usize, from: &[U], as_t: impl Fn(U) -> T) {
    to.iter_mut()
        .skip(channel)
        .step_by(count)
        .zip(from)
        .for_each(|(to, &value)| *to = as_t(value));
}

fn failed(error: exr::error::Error) -> Error {
    match error {
        exr::error::Error::Io(error) => read_error(&error),
        exr::error::Error::NotSupported(what) => Error::unsupported(format!("OpenEXR: {what}")),
        exr::error::Error::Invalid(what) => Error::corrupt(format!("cannot be decoded: {what}")),
        exr::error::Error::Aborted => Error::cancelled(),
    }
}
