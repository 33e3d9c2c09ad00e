//! Tiled TIFF with overviews. One plane is a Cloud Optimized `GeoTIFF`: directories first, then tiles, the smallest
//! overview's first. Several planes are OME-TIFF: a page each, with its overviews beneath it (`SubIFDs`).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use projectile_core::{DType, Error, Image, Kind, Pixels, Result, Selection};

use crate::options::{Compression, ExportOptions};
use crate::output::{Output, Writer};
use crate::pictures::resampling;
use crate::plan::{LevelPlan, Piece, Plan};
use crate::store::{Store, failed};
use crate::tiff::ifd::{Directory, Flavour, Value};
use crate::tiff::ome;
use crate::tiff::tile::Codec;

/// TIFF.
pub(super) struct Tiff;

/// Pixels a side of a tile, as GDAL's driver of COG has it.
const TILE: u32 = 512;
/// What a file without 64-bit offsets holds, with some room for directories that are still to be counted.
const CLASSIC: u64 = u32::MAX as u64 - (1 << 20);

struct Pyramid {
    plan: Plan,
    target: PathBuf,
    codec: Codec,
    tile: u64,
    dtype: DType,
    /// Colours, and perhaps alpha; else each channel is a page.
    kind: Kind,
    alpha: bool,
    nodata: Option<f64>,
    description: Option<String>,
}

impl Writer for Tiff {
    fn name(&self) -> &'static str {
        "tiff"
    }

    fn about(&self) -> &'static str {
        "tiled TIFF with overviews: a COG, or OME-TIFF for several planes"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".tif", ".tiff"]
    }

    fn plan(&self, image: &Image, path: &Path, options: &ExportOptions) -> Result<Box<dyn Output>> {
        options.refuse_a_choice(self.name())?;
        let info = image.info();
        let tile = options.tile(TILE, 16)?;
        let resampling = resampling(image, options);
        let mut notes = Vec::new();
        let (height, width) = (info.axes.height(), info.axes.width());
        if height.max(width) > u64::from(u32::MAX) {
            return Err(Error::unsupported(
                "TIFF holds no more than 2^32 rows and columns",
            ));
        }
        let mut last = 0;
        while height.max(width).div_ceil(1 << last) > tile {
            last += 1;
        }
        if info.dtype.is_complex() {
            last = 0;
            notes.push("complex numbers have no overviews".to_owned());
        } else if !resampling.keeps_dtype() && last > 0 {
            return Err(Error::bad_request(
                "resampling",
                format!(
                    "{resampling} gives numbers of another type: overviews are reduced by another, e.g. average"
                ),
            ));
        }
        if info.dtype == DType::Bool {
            notes.push("bool is written as uint8, 0 or 1".to_owned());
        }
        let kind = image.kind();
        let channels = info.axes.channels();
        let separate = matches!(kind, Kind::Channels) && channels > 1;
        let samples = if separate { 1 } else { channels as usize };
        let codec = Codec {
            compression: options.compression_of(
                self.name(),
                &[
                    Compression::Deflate,
                    Compression::Zstd,
                    Compression::None,
                    Compression::Jpeg,
                    Compression::WebP,
                ],
            )?,
            dtype: info.dtype,
            channels: samples,
            effort: options.effort,
            quality: options.quality,
        };
        fits(&codec)?;
        let (planes, sizes) = planes(image, separate, &mut notes);
        let description = if planes.len() > 1 {
            let said = ome::description(image, sizes);
            if said.is_none() {
                notes.push(format!("OME-XML knows no {}: the pages have none", info.dtype));
            }
            said
        } else {
            None
        };
        Ok(Box::new(Pyramid {
            plan: Plan {
                planes,
                levels: LevelPlan::all(height, width, last, (tile, tile), 0),
                resampling,
                notes,
            },
            target: path.to_owned(),
            codec,
            tile,
            dtype: info.dtype,
            kind,
            alpha: matches!(kind, Kind::Rgba | Kind::GrayAlpha),
            nodata: info.nodata_of_samples(),
            description,
        }))
    }
}

/// Refuses compressions of pictures for what is none.
fn fits(codec: &Codec) -> Result<()> {
    let (taken, wanted): (&[usize], _) = match codec.compression {
        Compression::Jpeg => (&[1, 3], "1 or 3"),
        Compression::WebP => (&[3, 4], "3 or 4"),
        _ => return Ok(()),
    };
    if codec.dtype == DType::UInt8 && taken.contains(&codec.channels) {
        return Ok(());
    }
    Err(Error::bad_request(
        "compression",
        format!(
            "{} in TIFF takes uint8 and {wanted} channels, and here are {} of {}: deflate and zstd take any",
            codec.compression.name(),
            codec.channels,
            codec.dtype
        ),
    ))
}

/// Every plane, in the order of pages: channels change fastest, then z, then what is left.
fn planes(image: &Image, separate: bool, notes: &mut Vec<String>) -> (Vec<Selection>, ome::Sizes) {
    let axes = &image.info().axes;
    let extra: Vec<_> = axes.extra().collect();
    // The slowest first: all but z in storage order, then z.
    let mut order: Vec<usize> = (0..extra.len()).filter(|&at| extra[at].name != "z").collect();
    if order.len() > 1 || order.first().is_some_and(|&at| extra[at].name != "t") {
        let names: Vec<_> = order.iter().map(|&at| extra[at].name.as_str()).collect();
        notes.push(format!(
            "OME-TIFF has no axes but c, z and t: {} are one, t",
            names.join(", ")
        ));
    }
    let t: u64 = order.iter().map(|&at| extra[at].size).product();
    let z = extra
        .iter()
        .find(|axis| axis.name == "z")
        .map_or(1, |axis| axis.size);
    order.extend((0..extra.len()).filter(|&at| extra[at].name == "z"));
    let channels = if separate { axes.channels() } else { 1 };
    let count: u64 = extra.iter().map(|axis| axis.size).product();
    let selections = (0..count).flat_map(|number| {
        let (mut indices, mut left) = (vec![0; extra.len()], number);
        for &at in order.iter().rev() {
            indices[at] = left % extra[at].size;
            left /= extra[at].size;
        }
        (0..channels).map(move |channel| Selection {
            indices: indices.clone(),
            channels: separate.then(|| vec![channel]),
        })
    });
    let sizes = ome::Sizes {
        channels,
        samples: if separate { 1 } else { axes.channels() },
        z,
        t,
    };
    (selections.collect(), sizes)
}

impl Pyramid {
    /// The directory of one level of one plane, but for where its tiles are.
    fn directory(&self, plane: usize, level: usize) -> Directory {
        let size = &self.plan.levels[level];
        let samples = self.codec.channels as u16;
        let jpeg_colour = self.codec.compression == Compression::Jpeg && samples == 3;
        let is_colour = samples >= 3 && matches!(self.kind, Kind::Rgb | Kind::Rgba);
        let photometric = match (jpeg_colour, is_colour) {
            (true, _) => 6,
            (false, true) => 2,
            (false, false) => 1,
        };
        let format = match self.dtype {
            dtype if dtype.is_complex() => 6,
            dtype if dtype.is_float() => 3,
            DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64 => 2,
            _ => 1,
        };
        let mut directory = Directory::default();
        directory.set(254, Value::Long(vec![u32::from(level > 0)]));
        directory.set(256, Value::Long(vec![size.width as u32]));
        directory.set(257, Value::Long(vec![size.height as u32]));
        let bits = self.dtype.size() as u16 * 8;
        directory.set(258, Value::Short(vec![bits; self.codec.channels]));
        directory.short(259, self.codec.number());
        directory.short(262, photometric);
        if let Some(text) = self.description.as_ref().filter(|_| plane == 0 && level == 0) {
            directory.set(270, Value::Ascii(text.clone()));
        }
        directory.short(277, samples);
        directory.short(284, 1);
        directory.set(305, Value::Ascii("projectile".into()));
        if self.codec.predictor() > 1 {
            directory.short(317, self.codec.predictor());
        }
        directory.short(322, self.tile as u16);
        directory.short(323, self.tile as u16);
        let colours = if is_colour { 3 } else { 1 };
        if samples > colours {
            let mut extra = vec![0; usize::from(samples - colours)];
            if let Some(last) = extra.last_mut().filter(|_| self.alpha) {
                // Straight alpha.
                *last = 2;
            }
            directory.set(338, Value::Short(extra));
        }
        directory.set(339, Value::Short(vec![format; self.codec.channels]));
        if jpeg_colour {
            let halved = if self.codec.halves_chroma() { 2 } else { 1 };
            directory.set(530, Value::Short(vec![halved; 2]));
        }
        if let Some(nodata) = self.nodata {
            let text = if nodata.is_nan() {
                "nan".into()
            } else {
                nodata.to_string()
            };
            directory.set(42113, Value::Ascii(text));
        }
        directory
    }

    /// Lengths of the tiles of a level, in order.
    fn lengths(&self, store: &Store, plane: usize, level: usize) -> Result<Vec<u64>> {
        self.plan
            .pieces(plane, level)
            .map(|piece| store.length(self.plan.key(&piece)))
            .collect()
    }
}

impl Output for Pyramid {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn target(&self) -> &Path {
        &self.target
    }

    fn encode(&self, piece: &Piece, pixels: Pixels) -> Result<Vec<u8>> {
        // What is stored is copied as it is; of what is made of it, NaN is the nodata that the file names.
        let nodata = self.nodata.filter(|_| piece.level > 0);
        let pixels = pixels.cast_with(self.dtype, nodata);
        self.codec.encode(pixels, self.tile as usize)
    }

    fn file(&self, _piece: &Piece) -> Option<String> {
        None
    }

    fn finish(&self, store: &Store, into: &Path) -> Result<()> {
        let (planes, levels) = (self.plan.planes.len(), self.plan.levels.len());
        let count = self.plan.count();
        let flavour = if store.bytes() + count * 16 + (planes * levels) as u64 * 4096 > CLASSIC {
            Flavour::Big
        } else {
            Flavour::Classic
        };
        let beneath = planes > 1 && levels > 1;
        let mut directories = Vec::with_capacity(planes * levels);
        for plane in 0..planes {
            for level in 0..levels {
                let lengths = self.lengths(store, plane, level)?;
                let mut directory = self.directory(plane, level);
                directory.set(324, Value::Offset(vec![0; lengths.len()]));
                directory.set(325, Value::Offset(lengths));
                if beneath && level == 0 {
                    directory.set(330, Value::Offset(vec![0; levels - 1]));
                }
                directories.push(directory);
            }
        }
        // Where each directory begins, and then where tiles do.
        let mut starts = Vec::with_capacity(directories.len());
        let mut end = flavour.header_length();
        for directory in &directories {
            starts.push(end);
            end += directory.length(flavour);
        }
        for plane in 0..planes {
            for level in (0..levels).rev() {
                let at = plane * levels + level;
                let mut offsets = Vec::new();
                for length in self.lengths(store, plane, level)? {
                    offsets.push(end);
                    end += length;
                }
                directories[at].set(324, Value::Offset(offsets));
            }
            if beneath {
                let first = plane * levels;
                directories[first].set(330, Value::Offset(starts[first + 1..first + levels].to_vec()));
            }
        }
        let wrong = |error: std::io::Error| failed(into, &error);
        let mut file = BufWriter::with_capacity(1 << 20, File::create(into).map_err(wrong)?);
        file.write_all(&flavour.header()).map_err(wrong)?;
        for (at, directory) in directories.iter().enumerate() {
            let next = match at {
                at if beneath && !at.is_multiple_of(levels) => None,
                at if beneath => starts.get(at + levels),
                at => starts.get(at + 1),
            };
            let bytes = directory.bytes(flavour, starts[at], next.copied().unwrap_or(0));
            file.write_all(&bytes).map_err(wrong)?;
        }
        for plane in 0..planes {
            for level in (0..levels).rev() {
                for piece in self.plan.pieces(plane, level) {
                    let bytes = store.read(self.plan.key(&piece))?;
                    file.write_all(&bytes).map_err(wrong)?;
                }
            }
        }
        file.flush().map_err(wrong)
    }
}
