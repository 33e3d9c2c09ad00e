//! `NIfTI`: volumes and their series, in one file or in two.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use projectile_core::{Axes, Coordinates, Dimension, Error, Photometric, Result, SourceInfo};

use crate::blob::Blob;
use crate::flat::{self, FlatArray, Linear, Place, header_error};
use crate::format::{Format, NamedSource};
use crate::nifti::{Header, LONGEST, is_header, parse_header};
use crate::open::OpenOptions;
use crate::sizes::to_u64;

/// Neuroimaging's files of volumes.
pub(super) struct Nifti;

/// What the axes are called, the fastest first.
const NAMES: [&str; 7] = ["x", "y", "z", "t", "c", "u", "v"];
/// What elements mean that are labels (`NIFTI_INTENT_LABEL`).
const LABELS: i32 = 1002;

impl Format for Nifti {
    fn name(&self) -> &'static str {
        "NIfTI"
    }

    fn about(&self) -> &'static str {
        "versions 1 and 2, .nii, .nii.gz and pairs of .hdr and .img, scaled, with voxel sizes; by region"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["nii"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        is_header(head)
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let place = Place::open(path)?;
        let header = header(&place)?;
        if !header.is_pair {
            return sources(&place, &header, options);
        }
        let elements = path.with_extension("img");
        let place = Place::open(&elements).map_err(|error| error.context(elements.display()))?;
        sources(&place, &header, options)
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        let place = Place::Elsewhere(Arc::clone(blob));
        Some(header(&place).and_then(|header| {
            if header.is_pair {
                return Err(Error::unsupported(
                    "a header whose elements are in another file is opened from a local folder alone",
                ));
            }
            sources(&place, &header, options)
        }))
    }
}

fn header(place: &Place) -> Result<Header> {
    let mut bytes = Vec::new();
    place
        .reader()
        .take(to_u64(LONGEST))
        .read_to_end(&mut bytes)
        .map_err(|error| header_error(&error))?;
    parse_header(&bytes)
}

fn sources(place: &Place, header: &Header, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let element = header.element;
    let mut shape: Vec<u64> = header.sizes.iter().rev().copied().collect();
    let mut names: Vec<&str> = NAMES.into_iter().take(shape.len()).rev().collect();
    if element.samples > 1 {
        if names.contains(&"c") {
            return Err(Error::unsupported("colours along a fifth axis are not read"));
        }
        shape.push(element.samples);
        names.push("c");
    }
    let axes = match &options.axes {
        Some(letters) => Axes::named(letters, &shape)?,
        None if header.sizes.len() < 2 => {
            return Err(Axes::guess(&header.sizes)
                .err()
                .unwrap_or_else(|| Error::unsupported("it has no rows and columns")));
        }
        None => Axes::with_names(&names, &shape)?,
    };
    let mut array = FlatArray::new(element.dtype, header.big_endian, header.start, &shape)?;
    if element.samples == 1
        && let Some((slope, intercept)) = header.scaling
    {
        if element.dtype.is_complex() {
            return Err(Error::unsupported("complex numbers that are scaled are not read"));
        }
        array.meaning.linear = Some(Linear::new(element.dtype, slope, intercept, None));
    }
    let mut info = SourceInfo::new(array.read_dtype(), axes, "NIfTI");
    info.dimensions = dimensions(header);
    info.version = place.blob().version();
    info.window = header.window;
    if header.intent == LABELS && info.dtype.is_integer() && element.samples == 1 {
        info.photometric = Photometric::Labels;
    }
    info.details
        .push(("version".to_owned(), header.version.to_string()));
    if !header.description.is_empty() {
        info.details
            .push(("description".to_owned(), header.description.clone()));
    }
    let mut whole = options.limits.whole_array_bytes;
    let source = flat::source(place, &array, info, options, &mut whole)?;
    Ok(vec![NamedSource {
        name: String::new(),
        source,
    }])
}

fn dimensions(header: &Header) -> Vec<Dimension> {
    let mut all: Vec<Dimension> = header
        .steps
        .iter()
        .enumerate()
        .map(|(axis, &step)| {
            let (unit, start) = match axis {
                0..=2 => (header.space_unit, 0.0),
                3 => (header.time_unit, header.time_start),
                _ => (None, 0.0),
            };
            let is_known = step.is_finite() && step > 0.0 && start.is_finite() && axis < 4;
            Dimension {
                label: None,
                unit: unit.map(str::to_owned).filter(|_| is_known),
                coordinates: is_known.then_some(Coordinates::Even { start, step }),
            }
        })
        .collect();
    all.reverse();
    if header.element.samples > 1 {
        all.push(Dimension::default());
    }
    all
}
