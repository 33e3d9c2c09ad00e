//! OME-Zarr 0.5: a Zarr 3 group of arrays, one a level, as <https://ngff.openmicroscopy.org/0.5/> has it.
//!
//! Chunks are kept in shards, one row of chunks high, so that a shard is whole as soon as its rows are: many chunks in few
//! files, and little in memory.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use projectile_core::{
    Axis, Cancel, Coordinates, DType, Dimension, Effort, Error, Image, Kind, Pixels, Result, Samples,
    Selection,
};
use serde_json::{Value, json};

use crate::options::{Compression, ExportOptions};
use crate::output::{Output, Writer};
use crate::pictures::resampling;
use crate::plan::{LevelPlan, Piece, Plan};
use crate::store::{Store, failed};
use crate::tiff::tile::{deflate_level, padded, zstd_level};

/// OME-Zarr.
pub(super) struct OmeZarr;

/// Pixels a side of a chunk, and chunks of a shard.
const CHUNK: u32 = 256;
const CHUNKS: u64 = 16;

struct Multiscale {
    plan: Plan,
    target: PathBuf,
    /// The arrays' axes, in their order.
    axes: Vec<Axis>,
    /// For each of the source's extra axes, where it is among them.
    extra: Vec<usize>,
    dtype: DType,
    nodata: Option<f64>,
    chunk: u64,
    compression: Compression,
    effort: Effort,
    /// A chunk of what stands where nothing is stored, and how JSON says its samples.
    blank: Vec<u8>,
    fill: Value,
    attributes: Value,
}

impl Writer for OmeZarr {
    fn name(&self) -> &'static str {
        "ome-zarr"
    }

    fn about(&self) -> &'static str {
        "OME-Zarr 0.5 (Zarr 3, sharded), all planes and channels"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".zarr"]
    }

    fn plan(&self, image: &Image, path: &Path, options: &ExportOptions) -> Result<Box<dyn Output>> {
        options.refuse_a_choice(self.name())?;
        let info = image.info();
        let chunk = options.tile(CHUNK, 1)?;
        let resampling = resampling(image, options);
        let mut notes = Vec::new();
        let (height, width) = (info.axes.height(), info.axes.width());
        let mut last = 0;
        while height.max(width).div_ceil(1 << last) > chunk {
            last += 1;
        }
        if info.dtype.is_complex() {
            last = 0;
            notes.push("complex numbers are written at full resolution alone".to_owned());
        } else if !resampling.keeps_dtype() && last > 0 {
            return Err(Error::bad_request(
                "resampling",
                format!(
                    "{resampling} gives numbers of another type: levels are reduced by another, e.g. average"
                ),
            ));
        }
        let axes = ordered(image);
        note_of_axes(&axes, &mut notes);
        let place = |name: &str| axes.iter().position(|axis| axis.name == name).unwrap_or(0);
        let extra: Vec<usize> = info.axes.extra().map(|axis| place(&axis.name)).collect();
        // Channels of data are planes of their own; colours are read together.
        let separate = image.kind() == Kind::Channels && info.axes.channels() > 1;
        let levels = LevelPlan::all(height, width, last, (chunk, chunk * CHUNKS), 0);
        let (sample, fill) = fill(info.dtype, info.nodata)?;
        let attributes = attributes(image, &axes, levels.len(), &options.cancel)?;
        Ok(Box::new(Multiscale {
            plan: Plan {
                planes: planes(image, separate),
                levels,
                resampling,
                notes,
            },
            target: path.to_owned(),
            axes,
            extra,
            dtype: info.dtype,
            nodata: info.nodata_of_samples(),
            chunk,
            compression: options.compression_of(
                self.name(),
                &[Compression::Zstd, Compression::Deflate, Compression::None],
            )?,
            effort: options.effort,
            blank: sample.repeat((chunk * chunk) as usize),
            fill,
            attributes,
        }))
    }
}

/// The axes in the order that OME-Zarr wants: time, others, channel, space.
fn ordered(image: &Image) -> Vec<Axis> {
    let rank = |name: &str| match name {
        "t" => 0,
        "c" => 2,
        "z" => 3,
        "y" => 4,
        "x" => 5,
        _ => 1,
    };
    let mut axes: Vec<Axis> = image.info().axes.iter().cloned().collect();
    axes.sort_by_key(|axis| rank(&axis.name));
    axes
}

fn note_of_axes(axes: &[Axis], notes: &mut Vec<String>) {
    let others = axes
        .iter()
        .filter(|axis| !matches!(axis.name.as_str(), "t" | "z" | "y" | "x"))
        .count();
    if axes.len() > 5 || others > 1 {
        notes.push("OME-Zarr has at most 5 axes, of which one is no time and no space: readers of Zarr will read it, others may not".to_owned());
    }
}

/// Every plane: each index of extra axes, and each channel where they are apart.
fn planes(image: &Image, separate: bool) -> Vec<Selection> {
    let axes = &image.info().axes;
    let sizes: Vec<u64> = axes.extra().map(|axis| axis.size).collect();
    let count: u64 = sizes.iter().product();
    let channels = if separate { axes.channels() } else { 1 };
    let planes = (0..count).flat_map(|number| {
        let (mut indices, mut left) = (vec![0; sizes.len()], number);
        for (index, size) in indices.iter_mut().zip(&sizes).rev() {
            *index = left % size;
            left /= size;
        }
        (0..channels).map(move |channel| Selection {
            indices: indices.clone(),
            channels: separate.then(|| vec![channel]),
        })
    });
    planes.collect()
}

/// The bytes of a sample that stands for nothing, and how Zarr's metadata say it.
fn fill(dtype: DType, nodata: Option<f64>) -> Result<(Vec<u8>, Value)> {
    let nodata = nodata.filter(|_| !dtype.is_complex() && dtype != DType::Bool);
    let sample = Pixels::new(Samples::Float64(vec![nodata.unwrap_or(0.0)].into()), 1, 1, 1)?;
    let said = match (dtype, nodata) {
        (DType::Bool, _) => json!(false),
        (dtype, _) if dtype.is_complex() => json!([0.0, 0.0]),
        (_, None) if dtype.is_float() => json!(0.0),
        (_, None) => json!(0),
        (_, Some(value)) if value.is_nan() => json!("NaN"),
        (_, Some(value)) if value.is_infinite() => json!(if value > 0.0 { "Infinity" } else { "-Infinity" }),
        (_, Some(value)) if dtype.is_float() => json!(value),
        // Whole numbers beyond 2^53 are no doubles: what the type holds is said.
        (_, Some(_)) => {
            let text = sample.clone().cast(dtype).value(0, 0, 0)?.to_string();
            serde_json::from_str(&text).map_err(|_| Error::internal("a whole number is none"))?
        }
    };
    let bytes = if dtype.is_complex() {
        vec![0; dtype.size()]
    } else {
        sample.cast(dtype).to_le_bytes()?
    };
    Ok((bytes, said))
}

fn dimension<'a>(image: &'a Image, name: &str) -> Option<&'a Dimension> {
    let at = image.info().axes.position(name)?;
    image.info().dimensions.get(at)
}

/// The units' names that OME-Zarr has them by (UDUNITS-2).
fn unit(known: &str) -> &str {
    match known {
        "µm" | "μm" | "um" | "micron" => "micrometer",
        "nm" => "nanometer",
        "mm" => "millimeter",
        "cm" => "centimeter",
        "m" => "meter",
        "Å" | "A" => "angstrom",
        "s" => "second",
        "ms" => "millisecond",
        "min" => "minute",
        "h" => "hour",
        other => other,
    }
}

/// What the group says: how levels lie over each other, and how channels are shown.
fn attributes(image: &Image, axes: &[Axis], levels: usize, cancel: &Cancel) -> Result<Value> {
    let named = axes.iter().map(|axis| {
        let mut said = json!({ "name": axis.name });
        match axis.name.as_str() {
            "t" => said["type"] = json!("time"),
            "c" => said["type"] = json!("channel"),
            "z" | "y" | "x" => said["type"] = json!("space"),
            _ => {}
        }
        if let Some(known) = dimension(image, &axis.name).and_then(|known| known.unit.as_deref()) {
            said["unit"] = json!(unit(known));
        }
        said
    });
    let even = |axis: &Axis| match dimension(image, &axis.name).and_then(|known| known.coordinates.as_ref()) {
        Some(&Coordinates::Even { start, step }) if step > 0.0 => (start, step),
        _ => (0.0, 1.0),
    };
    let datasets = (0..levels).map(|level| {
        let factor = (1u64 << level) as f64;
        let of = |axis: &Axis| {
            let (start, step) = even(axis);
            match axis.name.as_str() {
                // The middle of a block's pixels.
                "y" | "x" => (step * factor, start + step * (factor - 1.0) / 2.0),
                _ => (step, start),
            }
        };
        let (scale, translation): (Vec<f64>, Vec<f64>) = axes.iter().map(of).unzip();
        json!({
            "path": level.to_string(),
            "coordinateTransformations": [
                { "type": "scale", "scale": scale },
                { "type": "translation", "translation": translation },
            ],
        })
    });
    let mut ome = json!({
        "version": "0.5",
        "multiscales": [{
            "name": image.name(),
            "axes": named.collect::<Vec<_>>(),
            "datasets": datasets.collect::<Vec<_>>(),
            "type": image.resampling().name(),
        }],
    });
    if !matches!(image.kind(), Kind::Labels) {
        ome["omero"] = omero(image, cancel)?;
    }
    Ok(json!({ "ome": ome }))
}

fn omero(image: &Image, cancel: &Cancel) -> Result<Value> {
    const RGB: [&str; 3] = ["FF0000", "00FF00", "0000FF"];
    let display = image.display(cancel)?;
    let colours = matches!(image.kind(), Kind::Rgb | Kind::Rgba);
    let range = image.info().dtype.range();
    let channels = display.channels.iter().enumerate().map(|(at, channel)| {
        let colour = match channel.colour {
            Some([r, g, b]) => format!("{r:02X}{g:02X}{b:02X}"),
            None if colours => RGB.get(at).copied().unwrap_or("FFFFFF").to_owned(),
            None => "FFFFFF".to_owned(),
        };
        let window = channel.window;
        let (min, max) = range.unwrap_or((window.vmin, window.vmax));
        json!({
            "label": channel.name,
            "color": colour,
            "active": colours || display.visible.contains(&(at as u64)),
            "window": { "start": window.vmin, "end": window.vmax, "min": min, "max": max },
        })
    });
    let model = if image.kind() == Kind::Gray {
        "greyscale"
    } else {
        "color"
    };
    Ok(json!({ "channels": channels.collect::<Vec<_>>(), "rdefs": { "model": model } }))
}

impl Multiscale {
    /// The metadata of the array of one level.
    fn array(&self, level: &LevelPlan) -> Value {
        let shape: Vec<u64> = self
            .axes
            .iter()
            .map(|axis| match axis.name.as_str() {
                "y" => level.height,
                "x" => level.width,
                _ => axis.size,
            })
            .collect();
        // Colours share a shard; channels of data have their own.
        let together = self.plan.planes.iter().all(|plane| plane.channels.is_none());
        let shard: Vec<u64> = self
            .axes
            .iter()
            .map(|axis| match axis.name.as_str() {
                "y" => level.piece.0,
                "x" => level.piece.1,
                "c" if together => axis.size,
                _ => 1,
            })
            .collect();
        let chunk: Vec<u64> = self
            .axes
            .iter()
            .map(|axis| match axis.name.as_str() {
                "y" | "x" => self.chunk,
                _ => 1,
            })
            .collect();
        let bytes = if self.dtype.size() == 1 {
            json!({ "name": "bytes" })
        } else {
            json!({ "name": "bytes", "configuration": { "endian": "little" } })
        };
        let mut codecs = vec![bytes];
        match self.compression {
            Compression::Zstd => codecs.push(json!({
                "name": "zstd",
                "configuration": { "level": zstd_level(self.effort), "checksum": false },
            })),
            Compression::Deflate => codecs.push(json!({
                "name": "gzip",
                "configuration": { "level": deflate_level(self.effort) },
            })),
            _ => {}
        }
        let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": self.dtype.name(),
            "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": shard } },
            "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
            "fill_value": self.fill,
            "codecs": [{
                "name": "sharding_indexed",
                "configuration": {
                    "chunk_shape": chunk,
                    "codecs": codecs,
                    "index_codecs": [
                        { "name": "bytes", "configuration": { "endian": "little" } },
                        { "name": "crc32c" },
                    ],
                    "index_location": "end",
                },
            }],
            "dimension_names": names,
            "attributes": {},
        })
    }

    fn compress(&self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        let wrong = |error: std::io::Error| Error::internal(format!("{}: {error}", self.compression.name()));
        match self.compression {
            Compression::Zstd => zstd::bulk::compress(&bytes, zstd_level(self.effort)).map_err(wrong),
            Compression::Deflate => {
                let mut encoder =
                    GzEncoder::new(Vec::new(), flate2::Compression::new(deflate_level(self.effort)));
                encoder.write_all(&bytes).map_err(wrong)?;
                encoder.finish().map_err(wrong)
            }
            _ => Ok(bytes),
        }
    }
}

impl Output for Multiscale {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn target(&self) -> &Path {
        &self.target
    }

    /// A shard: its chunks that hold anything, channel by channel, then where each is, and the CRC-32C of that.
    fn encode(&self, piece: &Piece, pixels: Pixels) -> Result<Vec<u8>> {
        /// Of a chunk that is not there.
        const NOWHERE: u64 = u64::MAX;
        // What is stored is copied as it is; of what is made of it, NaN is the nodata that the arrays name.
        let nodata = self.nodata.filter(|_| piece.level > 0);
        let pixels = pixels.cast_with(self.dtype, nodata);
        let side = self.chunk as usize;
        let (mut shard, mut index) = (Vec::new(), Vec::new());
        for channel in 0..pixels.channels() {
            let plane = pixels.clone().select(Some(&[channel as u64]))?;
            for at in 0..CHUNKS as usize {
                let chunk = plane.crop(0, at * side, side, side, 1);
                let bytes = match chunk.width() {
                    0 => Vec::new(),
                    _ => padded(chunk, side)?.to_le_bytes()?,
                };
                if bytes.is_empty() || bytes == self.blank {
                    index.extend([NOWHERE.to_le_bytes(), NOWHERE.to_le_bytes()].concat());
                    continue;
                }
                let bytes = self.compress(bytes)?;
                index.extend((shard.len() as u64).to_le_bytes());
                index.extend((bytes.len() as u64).to_le_bytes());
                shard.extend(bytes);
            }
        }
        if shard.is_empty() {
            return Ok(shard);
        }
        let checksum = crc32c::crc32c(&index);
        shard.extend(index);
        shard.extend(checksum.to_le_bytes());
        Ok(shard)
    }

    fn file(&self, piece: &Piece) -> Option<String> {
        let selection = &self.plan.planes[piece.plane];
        let mut place = vec![0; self.axes.len()];
        for (&at, &index) in self.extra.iter().zip(&selection.indices) {
            place[at] = index;
        }
        for (at, axis) in self.axes.iter().enumerate() {
            match axis.name.as_str() {
                "y" => place[at] = piece.row,
                "x" => place[at] = piece.column,
                "c" => place[at] = selection.channels.as_ref().map_or(0, |channels| channels[0]),
                _ => {}
            }
        }
        let place: Vec<String> = place.iter().map(ToString::to_string).collect();
        Some(format!("{}/c/{}", piece.level, place.join("/")))
    }

    fn finish(&self, _store: &Store, into: &Path) -> Result<()> {
        let write = |folder: PathBuf, metadata: &Value| {
            let path = folder.join("zarr.json");
            std::fs::create_dir_all(&folder)
                .and_then(|()| std::fs::write(&path, format!("{metadata:#}\n")))
                .map_err(|error| failed(&path, &error))
        };
        for (number, level) in self.plan.levels.iter().enumerate() {
            write(into.join(number.to_string()), &self.array(level))?;
        }
        write(
            into.to_owned(),
            &json!({ "zarr_format": 3, "node_type": "group", "attributes": self.attributes }),
        )
    }
}
