//! Pixels that cannot be read: what is made of them, and how tiles tell of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::image::Image;
use super::request::TileRequest;
use super::tile::Tile;
use crate::array::{DType, Part, Pixels, Samples};
use crate::colour::Raster;
use crate::encode::{Content, ContentKind};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{ReadRequest, Region};

/// What of a tile could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Why, for a person.
    pub reason: String,
    /// Whether the tile shows nothing but that.
    pub whole: bool,
}

/// Pixels a side that are given up together where there are more.
const MANY: u64 = 1024;

/// Regions told apart; beyond, the last one holds all others.
const MOST_HOLES: usize = 256;

/// Regions that could not be read, in full-resolution pixels, and why.
#[derive(Debug, Default)]
pub(crate) struct Holes(Mutex<Vec<(Region, String)>>);

impl Holes {
    fn lock(&self) -> MutexGuard<'_, Vec<(Region, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, region: Region, reason: &str) {
        let mut holes = self.lock();
        if holes.len() < MOST_HOLES {
            holes.push((region, reason.to_owned()));
        } else if let Some((last, _)) = holes.last_mut() {
            let (y, x) = (last.y.min(region.y), last.x.min(region.x));
            *last = Region {
                y,
                x,
                height: (last.y + last.height).max(region.y + region.height) - y,
                width: (last.x + last.width).max(region.x + region.width) - x,
            };
        }
    }

    /// Why some of a region is missing, if it is.
    pub(crate) fn within(&self, region: Region) -> Option<String> {
        let overlap = |a: u64, length: u64, b: u64, other: u64| a < b + other && b < a + length;
        let holes = self.lock();
        let found = holes.iter().find(|(hole, _)| {
            overlap(hole.y, hole.height, region.y, region.height)
                && overlap(hole.x, hole.width, region.x, region.width)
        });
        found.map(|(_, reason)| reason.clone())
    }

    fn are_many(&self) -> bool {
        self.lock().len() >= MOST_HOLES
    }
}

/// A type that holds samples of `dtype` and has a value for those that are none; `nodata` is one.
pub(crate) fn holds_holes(dtype: DType, nodata: Option<f64>) -> DType {
    match dtype {
        other if other.is_float() || other.is_complex() || nodata.is_some() => other,
        DType::Bool | DType::UInt8 | DType::Int8 => DType::Float16,
        DType::UInt16 | DType::Int16 => DType::Float32,
        _ => DType::Float64,
    }
}

impl Image {
    /// Reads like [`read`](Self::read), as magnitudes of type `dtype`; what is corrupt is no data in the answer, and
    /// among the holes. Parts of `least` pixels a side, in pixels of the answer, are given up whole.
    pub(super) fn read_around(
        &self,
        request: &ReadRequest,
        dtype: DType,
        least: u64,
        holes: &Holes,
    ) -> Result<Pixels> {
        let error = match self.read(request.clone()) {
            Ok(pixels) => return Ok(pixels.magnitude().unwrap_or(pixels).cast(dtype)),
            Err(error) if error.kind() == ErrorKind::Corrupt => error,
            Err(error) => return Err(error),
        };
        let (height, width) = request.output_size();
        let channels = request.selection.channel_count(self.info().axes.channels());
        let (region, step) = (request.region, request.step.max(1));
        let part = |y: u64, x: u64, height: u64, width: u64| ReadRequest {
            region: Region {
                y: region.y + y,
                x: region.x + x,
                height,
                width,
            },
            ..request.clone()
        };
        let half = |length: u64| length.div_ceil(step).div_ceil(2) * step;
        // The more there are, the less it matters where exactly; narrow images are read many thousand rows at a time.
        let least = if holes.are_many() { least.max(MANY) } else { least };
        let parts = if (height as u64).max(width as u64) <= least {
            let factor = self
                .info()
                .levels
                .get(request.level)
                .map_or(1, |level| level.factor);
            let hole = Region {
                y: region.y * factor,
                x: region.x * factor,
                height: region.height * factor,
                width: region.width * factor,
            };
            holes.add(hole, error.message());
            return nothing(dtype, self.info().nodata_of_samples(), [height, width, channels]);
        } else if height >= width {
            let upper = half(region.height);
            [
                (0, 0, part(0, 0, upper, region.width)),
                (
                    upper / step,
                    0,
                    part(upper, 0, region.height - upper, region.width),
                ),
            ]
        } else {
            let left = half(region.width);
            [
                (0, 0, part(0, 0, region.height, left)),
                (0, left / step, part(0, left, region.height, region.width - left)),
            ]
        };
        let parts = parts.iter().map(|(row, column, part)| {
            Ok(Part {
                at: [*row as usize, *column as usize, 0],
                pixels: self.read_around(part, dtype, least, holes)?,
            })
        });
        Pixels::mosaic(
            dtype,
            [height, width, channels],
            &parts.collect::<Result<Vec<_>>>()?,
        )
    }

    /// Reads a sample of samples, of which the corrupt ones are no data.
    pub(super) fn read_sample(&self, request: &ReadRequest) -> Result<Pixels> {
        /// Pixels of the sample a side that are given up together.
        const LEAST: u64 = 16;
        match self.read(request.clone()) {
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                let info = self.info();
                let dtype = holds_holes(info.dtype.magnitude(), info.nodata_of_samples());
                self.read_around(request, dtype, LEAST, &Holes::default())
            }
            read => read,
        }
    }

    /// A tile that shows nobody could take it for the image: hatched, where the image would be.
    ///
    /// # Errors
    /// The error itself, where the encoding is of samples, which have no such look, and what encoding gives.
    pub fn error_tile(&self, request: &TileRequest, error: Error) -> Result<Tile> {
        let encoder = request.encoding.encoder;
        if encoder.content() != ContentKind::Colours {
            return Err(error);
        }
        let placement = request.area.place(self.grid())?;
        let (height, width) = placement.covered();
        let raster = hatched(height, width).place(1, (placement.size.0 as usize, placement.size.1 as usize));
        Ok(Tile {
            bytes: encoder.encode(Content::Colours(&raster), &request.encoding.options)?,
            media_type: encoder.media_type(),
            provisional: false,
            samples: None,
            damage: Some(Damage {
                reason: error.message().to_owned(),
                whole: true,
            }),
        })
    }
}

/// Red lines across light gray.
fn hatched(height: usize, width: usize) -> Raster {
    const APART: usize = 16;
    const THICK: usize = 3;
    let index = |y: usize, x: usize| u8::from((x + y) % APART < THICK);
    Raster {
        palette: vec![[232, 232, 232, 255], [200, 32, 32, 255], [0; 4]],
        data: (0..height)
            .flat_map(|y| (0..width).map(move |x| index(y, x)))
            .collect(),
        ..Raster::empty(height, width)
    }
}

/// Pixels that are no data.
fn nothing(dtype: DType, nodata: Option<f64>, shape: [usize; 3]) -> Result<Pixels> {
    let value = if dtype.is_float() {
        f64::NAN
    } else {
        nodata.unwrap_or(0.0)
    };
    let samples = Samples::Float64(vec![value; shape.iter().product()].into());
    let pixels = Pixels::new(samples, shape[0], shape[1], shape[2])?;
    Ok(pixels.cast(dtype))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::array::{ArraySource, Axes, Sample};
    use crate::encode::Encoding;
    use crate::render::{Area, HistogramRequest, Style};
    use crate::source::{Cancel, ReadFuture, Residence, Source, SourceInfo};

    const SIDE: u64 = 2048;
    const HOLE: Region = Region {
        y: 520,
        x: 1030,
        height: 20,
        width: 30,
    };

    /// An array of one value, a part of which cannot be read.
    #[derive(Debug)]
    struct Broken(ArraySource);

    impl Source for Broken {
        fn info(&self) -> &SourceInfo {
            self.0.info()
        }

        fn residence(&self) -> Residence {
            Residence::Local
        }

        fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
            let part = request.region;
            let apart = part.y >= HOLE.y + HOLE.height
                || HOLE.y >= part.y + part.height
                || part.x >= HOLE.x + HOLE.width
                || HOLE.x >= part.x + part.width;
            if apart {
                return self.0.read(request);
            }
            Box::pin(std::future::ready(Err(Error::corrupt("block 7 is broken"))))
        }
    }

    fn broken<T: Sample>(value: f64, nodata: Option<f64>) -> Image {
        let samples = T::wrap(vec![T::from_f64(value); (SIDE * SIDE) as usize]);
        let axes = Axes::guess(&[SIDE, SIDE]).unwrap();
        let mut info = SourceInfo::new(samples.dtype(), axes, "array");
        info.nodata = nodata;
        let array = ArraySource::with_info(samples, info).unwrap();
        Image::new("broken", Arc::new(Broken(array))).unwrap()
    }

    fn request(z: u32, x: u64, y: u64, size: u32, format: &str) -> TileRequest {
        TileRequest {
            area: Area::Tile { z, x, y, size },
            style: Style::default(),
            encoding: Encoding::by_extension(format).unwrap(),
        }
    }

    fn built<T: Sample>(value: f64, nodata: Option<f64>) -> Image {
        let image = broken::<T>(value, nodata);
        let cancel = Cancel::new();
        let early = image.render(&request(0, 0, 0, 256, "bin"), &cancel).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::Corrupt);
        image.next_build().unwrap().run(2, &cancel).unwrap();
        image
    }

    #[test]
    fn a_tile_of_broken_pixels_is_hatched_and_its_samples_are_an_error() {
        let (image, cancel) = (broken::<u8>(100.0, None), Cancel::new());
        assert!(image.render(&request(3, 0, 0, 256, "png"), &cancel).is_ok());
        for format in ["png", "jpg", "webp"] {
            let request = request(3, 4, 2, 256, format);
            let error = image.render(&request, &cancel).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            let tile = image.error_tile(&request, error).unwrap();
            assert!(tile.bytes.len() > 100 && tile.media_type.starts_with("image/"));
            assert_eq!(
                tile.damage,
                Some(Damage {
                    reason: "block 7 is broken".to_owned(),
                    whole: true
                })
            );
        }
        let error = Error::corrupt("broken");
        let request = request(3, 4, 2, 256, "npy");
        assert_eq!(image.error_tile(&request, error.clone()).unwrap_err(), error);
    }

    #[test]
    fn levels_are_built_around_what_is_broken() {
        let (image, cancel) = (built::<u8>(100.0, None), Cancel::new());
        let tile = image.render(&request(0, 0, 0, 256, "bin"), &cancel).unwrap();
        // No byte says that there is none.
        assert_eq!(tile.samples.unwrap().0, DType::Float16);
        assert_eq!(tile.damage.unwrap().reason, "block 7 is broken");
        let values: Vec<f64> = tile
            .bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&bytes| half::f16::from_le_bytes(bytes).to_f64())
            .collect();
        let holes = values.iter().filter(|value| value.is_nan()).count();
        assert!((20..=300).contains(&holes), "{holes} pixels at 1/8 are missing");
        assert!(values[65 * 256 + 130].is_nan());
        assert!(values.iter().all(|value| value.is_nan() || *value == 100.0));
        // Averages over the hole are of what is there.
        let coarse = image.render(&request(0, 0, 0, 2, "bin"), &cancel).unwrap();
        let half = half::f16::from_f64(100.0).to_le_bytes();
        assert_eq!(coarse.bytes, [half; 4].concat());
        // What lies apart is as ever.
        let apart = image.render(&request(1, 0, 1, 256, "bin"), &cancel).unwrap();
        assert_eq!((apart.samples.unwrap().0, apart.damage), (DType::UInt8, None));
        assert!(apart.bytes.iter().all(|&byte| byte == 100));
        assert!(image.render(&request(0, 0, 0, 256, "png"), &cancel).is_ok());
    }

    #[test]
    fn nodata_says_what_is_missing_where_there_is_one() {
        let (image, cancel) = (built::<i16>(100.0, Some(-7.0)), Cancel::new());
        let tile = image.render(&request(0, 0, 0, 256, "bin"), &cancel).unwrap();
        assert_eq!(tile.samples.unwrap().0, DType::Int16);
        assert!(tile.damage.is_some());
        let values: Vec<i16> = tile
            .bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&b| i16::from_le_bytes(b))
            .collect();
        assert_eq!(values[65 * 256 + 130], -7);
        assert!(values.iter().all(|&value| value == -7 || value == 100));
    }

    #[test]
    fn a_nodata_that_no_sample_can_have_says_nothing() {
        for nodata in [-9999.0, f64::NAN, 0.5, 1e20] {
            let tile = built::<u8>(100.0, Some(nodata))
                .render(&request(0, 0, 0, 256, "bin"), &Cancel::new())
                .unwrap();
            assert_eq!(tile.samples.unwrap().0, DType::Float16, "{nodata}");
            let missing = half::f16::NAN.to_le_bytes();
            assert_eq!(tile.bytes.as_chunks::<2>().0[65 * 256 + 130], missing, "{nodata}");
        }
    }

    #[test]
    fn a_hole_in_colours_with_alpha_is_left_out_of_means() {
        let side = SIDE as usize;
        let mut info = SourceInfo::new(DType::UInt8, Axes::guess(&[SIDE, SIDE, 4]).unwrap(), "array");
        info.nodata = None;
        let samples = Samples::UInt8([200, 100, 50, 255].repeat(side * side).into());
        let array = ArraySource::with_info(samples, info).unwrap();
        let (image, cancel) = (
            Image::new("broken", Arc::new(Broken(array))).unwrap(),
            Cancel::new(),
        );
        let early = image.render(&request(0, 0, 0, 256, "bin"), &cancel).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::Corrupt);
        image.next_build().unwrap().run(2, &cancel).unwrap();
        let one = image.render(&request(0, 0, 0, 1, "bin"), &cancel).unwrap();
        assert_eq!(one.samples.unwrap().0, DType::Float16);
        let expected = [200.0, 100.0, 50.0, 255.0].map(|v| half::f16::from_f64(v).to_le_bytes());
        assert_eq!(one.bytes, expected.concat());
    }

    #[test]
    fn samples_of_the_whole_leave_out_what_is_broken() {
        let (image, cancel) = (broken::<u16>(100.0, None), Cancel::new());
        assert_eq!(image.display(&cancel).unwrap().window.vmin, 100.0);
        let histogram = image.histogram(
            &HistogramRequest {
                region: None,
                style: Style::default(),
                bins: 4,
                range: None,
            },
            &cancel,
        );
        let histogram = histogram.unwrap();
        assert!(histogram.invalid > 0 && histogram.invalid < histogram.count / 2);
    }

    #[test]
    fn holes_without_number_are_one() {
        let holes = Holes::default();
        for i in 0..1000 {
            let region = Region {
                y: 10 * i,
                x: 0,
                height: 5,
                width: 5,
            };
            holes.add(region, "broken");
        }
        let at = |y| Region {
            y,
            x: 0,
            height: 1,
            width: 1,
        };
        assert!((0..1000).all(|i| holes.within(at(10 * i)).is_some()));
        assert_eq!(holes.within(at(7)), None);
        assert_eq!(holes.within(at(10_000)), None);
    }
}
