//! MRC and CCP4: images, stacks of images, volumes and stacks of volumes.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use projectile_core::{Axes, Coordinates, Dimension, Result, SourceInfo};

use crate::blob::Blob;
use crate::flat::{self, FlatArray, Place, header_error};
use crate::format::{Format, NamedSource};
use crate::mrc::{Header, LENGTH, is_header, parse_header};
use crate::open::OpenOptions;
use crate::sizes::to_u64;

/// Electron microscopy's files of volumes.
pub(super) struct Mrc;

impl Format for Mrc {
    fn name(&self) -> &'static str {
        "MRC"
    }

    fn about(&self) -> &'static str {
        "MRC and CCP4 maps, modes 0, 1, 2, 4, 6 and 12, both byte orders, with voxel sizes; by region"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["mrc", "mrcs", "map", "ccp4", "rec", "st", "ali"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        is_header(head)
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        sources(&Place::open(path)?, options)
    }

    fn open_blob(&self, blob: &Arc<dyn Blob>, options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        Some(sources(&Place::Elsewhere(Arc::clone(blob)), options))
    }
}

fn sources(place: &Place, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let mut bytes = Vec::new();
    place
        .reader()
        .take(to_u64(LENGTH))
        .read_to_end(&mut bytes)
        .map_err(|error| header_error(&error))?;
    let header = parse_header(&bytes)?;
    let [sections, rows, columns] = header.shape;
    let volumes = |depth| Some([sections.checked_div(depth)?, depth]);
    let (names, shape): (&[&str], Vec<u64>) = match header.volume.and_then(volumes) {
        Some([volumes, depth]) => (&["t", "z", "y", "x"], vec![volumes, depth, rows, columns]),
        None if sections == 1 && header.is_image_stack => (&["y", "x"], vec![rows, columns]),
        None => (&["z", "y", "x"], vec![sections, rows, columns]),
    };
    let axes = match &options.axes {
        Some(letters) => Axes::named(letters, &shape)?,
        None => Axes::with_names(names, &shape)?,
    };
    let array = FlatArray::new(header.dtype, header.big_endian, header.start, &shape)?;
    let mut info = SourceInfo::new(header.dtype, axes, "MRC");
    info.dimensions = dimensions(&header, shape.len());
    info.version = place.blob().version();
    for label in &header.labels {
        info.details.push(("label".to_owned(), label.clone()));
    }
    if let Some((least, most)) = header.range {
        info.details
            .push(("range".to_owned(), format!("{least} to {most}")));
    }
    let mut whole = options.limits.whole_array_bytes;
    let source = flat::source(place, &array, info, options, &mut whole)?;
    Ok(vec![NamedSource {
        name: String::new(),
        source,
    }])
}

/// What is known of each of the last `count` axes, of volumes, sections, rows and columns.
fn dimensions(header: &Header, count: usize) -> Vec<Dimension> {
    let known = header.steps.iter().zip(header.starts).map(|(&step, start)| {
        if step == 0.0 {
            return Dimension::default();
        }
        Dimension {
            label: None,
            unit: Some("Å".to_owned()),
            coordinates: Some(Coordinates::Even {
                start: start * step,
                step,
            }),
        }
    });
    let mut all: Vec<Dimension> = std::iter::once(Dimension::default()).chain(known).collect();
    // Sections that are images of their own have no distance.
    if header.is_image_stack
        && let Some(sections) = all.get_mut(1)
    {
        *sections = Dimension::default();
    }
    let all = all.split_off(all.len().saturating_sub(count));
    if all.iter().all(|dimension| *dimension == Dimension::default()) {
        return Vec::new();
    }
    all
}
