//! A dataset as an image: its axes, what its attributes tell, and where its samples are.

use std::sync::Arc;

use hdf5_pure::{Dataset, Layout};
use projectile_core::{ArraySource, Axes, DType, Error, Result, Sample, Samples, Source, SourceInfo};

use super::attributes::Attributes;
use super::chunks;
use super::element::{element, is_number};
use super::file::failed;
use super::scales::Scales;
use crate::flat::{self, FlatArray, Linear, Meaning, Place};
use crate::open::OpenOptions;
use crate::sizes::to_u64;

/// Whether a dataset is one of numbers, with rows and columns.
pub(super) fn is_image(dataset: &Dataset) -> bool {
    let has_pixels = dataset
        .shape()
        .is_ok_and(|shape| shape.len() >= 2 && !shape.contains(&0));
    has_pixels && dataset.datatype().is_ok_and(|datatype| is_number(&datatype))
}

/// The source of a dataset; `number` tells it from the file's other ones. `whole` as in [`flat::source`].
pub(super) fn source(
    dataset: &Dataset,
    number: usize,
    scales: &Scales,
    place: &Place,
    options: &OpenOptions,
    whole: &mut u64,
) -> Result<Arc<dyn Source>> {
    let shape = dataset.shape().map_err(|error| failed(&error))?;
    let (dtype, big_endian) = element(&dataset.datatype().map_err(|error| failed(&error))?)?;
    let attributes = Attributes::of(dataset);
    let (axes, dimensions) = match (&options.axes, scales.of(&shape, &attributes)) {
        (Some(letters), _) => (Axes::named(letters, &shape)?, Vec::new()),
        (None, Some((names, dimensions))) => (Axes::with_names(&names, &shape)?, dimensions),
        (None, None) => (Axes::guess(&shape)?, Vec::new()),
    };
    let meaning = meaning(&attributes, dtype);
    let mut info = SourceInfo::new(meaning.dtype(dtype), axes, "HDF5");
    info.dimensions = dimensions;
    info.version = place.blob().version() ^ to_u64(number).rotate_left(32);
    if meaning.linear.is_none() {
        info.nodata = blank(&attributes);
    }
    for (attribute, name) in [
        ("long_name", "name"),
        ("standard_name", "standard name"),
        ("units", "unit"),
    ] {
        if let Some(text) = attributes.text(attribute) {
            info.details.push((name.to_owned(), text.to_owned()));
        }
    }
    match dataset.layout().map_err(|error| failed(&error))? {
        Layout::Contiguous {
            address: Some(start),
            size,
        } => {
            let mut array = FlatArray::new(dtype, big_endian, start, &shape)?;
            let bytes = array.present(place.blob().size())?;
            if size < bytes {
                return Err(Error::corrupt("a dataset is longer than its storage"));
            }
            array.meaning = meaning;
            flat::source(place, &array, info, options, whole)
        }
        Layout::Compact { .. } => {
            let bytes = dataset.read_raw().map_err(|error| failed(&error))?;
            let samples = meaning.of(Samples::from_bytes(dtype, &bytes, big_endian));
            Ok(Arc::new(ArraySource::with_info(samples, info)?))
        }
        Layout::Chunked { chunk_shape, .. } => {
            let array = chunks::Stored {
                dtype,
                big_endian,
                meaning,
            };
            chunks::source(dataset, &chunk_shape, array, info, place, options)
        }
        Layout::Contiguous { address: None, .. } => {
            let array = chunks::Stored {
                dtype,
                big_endian,
                meaning,
            };
            // Nothing was ever written: all of it is what is filled in.
            let block: Vec<u64> = shape.iter().map(|&size| size.min(256)).collect();
            chunks::source(dataset, &block, array, info, place, options)
        }
        Layout::Virtual => Err(Error::unsupported(
            "it is a virtual dataset, made of those of other files, which is not read: pip install projectile h5py, \
             then projectile.show(h5py.File(path)[name])",
        )),
        _ => Err(Error::unsupported(
            "its samples are kept in a way that is not read",
        )),
    }
}

/// `scale_factor` and `add_offset` (CF Conventions, chapter 8.1).
fn meaning(attributes: &Attributes, dtype: DType) -> Meaning {
    let (slope, offset) = (attributes.number("scale_factor"), attributes.number("add_offset"));
    if !dtype.is_integer() && !dtype.is_float() || (slope.is_none() && offset.is_none()) {
        return Meaning::default();
    }
    let (slope, offset) = (slope.unwrap_or(1.0), offset.unwrap_or(0.0));
    let blank = blank(attributes)
        .filter(|blank| dtype.is_integer() && blank.fract() == 0.0 && blank.abs() < 9e15)
        .map(i64::from_f64);
    Meaning {
        linear: (slope.is_finite() && offset.is_finite() && slope != 0.0)
            .then(|| Linear::new(dtype, slope, offset, blank)),
        ..Meaning::default()
    }
}

/// The number that stands for no value.
fn blank(attributes: &Attributes) -> Option<f64> {
    ["_FillValue", "missing_value"]
        .iter()
        .find_map(|name| attributes.number(name))
        .filter(|blank| !blank.is_nan())
}
