//! GeoTIFF: where the pixels lie on the ground, and what GDAL writes beside that.
//!
//! Sources: OGC 19-008r4, "OGC GeoTIFF Standard" 1.1; GDAL's `GTiff` driver for tags 42112 and 42113.

use std::collections::BTreeMap;

use projectile_core::{ChannelInfo, Coordinates, Dimension, Result};

use super::ifd::{Directory, File};
use super::page::Page;
use super::xml;
use crate::sizes::to_usize;

/// What is said of the picture.
#[derive(Debug, Default)]
pub(super) struct Geo {
    pub(super) dimensions: BTreeMap<char, Dimension>,
    pub(super) channels: Vec<ChannelInfo>,
    pub(super) details: Vec<(String, String)>,
}

pub(super) fn read(file: &mut File, tags: &Directory, page: &Page) -> Result<Geo> {
    let mut geo = Geo::default();
    let keys = Keys::read(file, tags)?;
    if let Some(transform) = transform(file, tags, keys.is_point())? {
        let text = transform.map(|number| number.to_string()).join(", ");
        geo.details.push(("geotransform".to_owned(), text));
        let [x, dx, x_of_row, y, y_of_column, dy] = transform;
        if x_of_row == 0.0 && y_of_column == 0.0 && dx != 0.0 && dy != 0.0 {
            let (labels, unit) = keys.axes();
            for (axis, label, start, step) in [('x', labels.0, x, dx), ('y', labels.1, y, dy)] {
                let dimension = Dimension {
                    label: label.map(str::to_owned),
                    unit: unit.map(str::to_owned),
                    // The middle of the first pixel.
                    coordinates: Some(Coordinates::Even {
                        start: start + step / 2.0,
                        step,
                    }),
                };
                geo.dimensions.insert(axis, dimension);
            }
        }
    }
    geo.details.extend(keys.details());
    if let Some(text) = file.text(tags, 42112)? {
        // What cannot be read of it is none of the pixels.
        if let Ok(root) = xml::parse(text.trim(), &file.limits) {
            metadata(&root, page, &mut geo);
        }
    }
    Ok(geo)
}

/// GDAL's six numbers: `x = t[0] + column t[1] + row t[2]`, `y = t[3] + column t[4] + row t[5]`, of corners of pixels.
fn transform(file: &mut File, tags: &Directory, is_point: bool) -> Result<Option<[f64; 6]>> {
    let matrix = file.numbers(tags, 34264)?.unwrap_or_default();
    let scale = file.numbers(tags, 33550)?.unwrap_or_default();
    let tie = file.numbers(tags, 33922)?.unwrap_or_default();
    let corner = match (&matrix[..], &scale[..], &tie[..]) {
        (&[dx, x_of_row, _, x, y_of_column, dy, _, y, ..], _, _) => [x, dx, x_of_row, y, y_of_column, dy],
        (_, &[across, down, ..], &[column, row, _, x, y, _, ..]) => {
            [x - column * across, across, 0.0, y + row * down, 0.0, -down]
        }
        _ => return Ok(None),
    };
    if corner.iter().any(|number| !number.is_finite()) {
        return Ok(None);
    }
    let [x, dx, x_of_row, y, y_of_column, dy] = corner;
    // Where a pixel is a point, the numbers are of its middle.
    let half = if is_point { 0.5 } else { 0.0 };
    Ok(Some([
        x - half * (dx + x_of_row),
        dx,
        x_of_row,
        y - half * (y_of_column + dy),
        y_of_column,
        dy,
    ]))
}

/// The directory of geographic keys: short numbers and texts by number.
#[derive(Debug, Default)]
struct Keys {
    numbers: BTreeMap<u64, u64>,
    texts: BTreeMap<u64, String>,
}

impl Keys {
    fn read(file: &mut File, tags: &Directory) -> Result<Self> {
        let mut keys = Self::default();
        let Some(directory) = file.integers(tags, 34735)? else {
            return Ok(keys);
        };
        let texts = file.text(tags, 34737)?.unwrap_or_default();
        for key in directory.chunks_exact(4).skip(1) {
            let &[key, place, count, value] = key else {
                continue;
            };
            match place {
                0 => {
                    keys.numbers.insert(key, value);
                }
                34737 => {
                    let text: String = texts
                        .chars()
                        .skip(to_usize(value))
                        .take(to_usize(count))
                        .collect();
                    keys.texts
                        .insert(key, text.trim_end_matches(['|', '\0']).to_owned());
                }
                _ => {}
            }
        }
        Ok(keys)
    }

    fn is_point(&self) -> bool {
        self.numbers.get(&1025) == Some(&2)
    }

    /// What x and y are called, and their unit.
    fn axes(&self) -> ((Option<&'static str>, Option<&'static str>), Option<&'static str>) {
        match self.numbers.get(&1024) {
            Some(1) => {
                let unit = match self.numbers.get(&3076) {
                    Some(9001) | None => Some("m"),
                    Some(9002) => Some("ft"),
                    Some(9003) => Some("US survey ft"),
                    Some(_) => None,
                };
                ((Some("easting"), Some("northing")), unit)
            }
            Some(2) => {
                let unit = match self.numbers.get(&2054) {
                    Some(9102 | 9122) | None => Some("°"),
                    Some(9101) => Some("rad"),
                    Some(_) => None,
                };
                ((Some("longitude"), Some("latitude")), unit)
            }
            _ => ((None, None), None),
        }
    }

    fn details(&self) -> Vec<(String, String)> {
        let mut details = Vec::new();
        // 32767 is "user-defined".
        let code = |key: u64| self.numbers.get(&key).filter(|&&code| code != 0 && code != 32767);
        if let Some(code) = code(3072).or_else(|| code(2048)) {
            details.push(("CRS".to_owned(), format!("EPSG:{code}")));
        }
        let text = |key: u64| self.texts.get(&key).filter(|text| !text.is_empty());
        if let Some(name) = text(3073).or_else(|| text(1026)).or_else(|| text(2049)) {
            details.push(("CRS name".to_owned(), name.clone()));
        }
        details
    }
}

/// Names, scales and offsets of bands, and how overviews were made.
fn metadata(root: &xml::Element, page: &Page, geo: &mut Geo) {
    let bands = to_usize(page.samples.min(4096));
    let mut names = vec![String::new(); bands];
    let mut factors: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for item in root.all("Item") {
        let text = item.text.trim();
        let Some(name) = item.attribute("name") else {
            continue;
        };
        let band = item.number::<usize>("sample").filter(|&band| band < bands);
        let put = |all: &mut Vec<String>, band: usize| {
            if let Some(own) = all.get_mut(band) {
                text.clone_into(own);
            }
        };
        match (item.attribute("role"), band) {
            (Some("description"), Some(band)) => put(&mut names, band),
            (Some(role @ ("scale" | "offset" | "unittype")), Some(band)) => {
                let all = factors.entry(role).or_insert_with(|| vec![String::new(); bands]);
                put(all, band);
            }
            (None, None) if name == "AREA_OR_POINT" => {}
            (None, None) if geo.details.len() < 64 => geo.details.push((name.to_owned(), text.to_owned())),
            _ => {}
        }
    }
    for (role, of_bands) in factors {
        let text = match of_bands.first() {
            Some(first) if of_bands.iter().all(|other| other == first) => first.clone(),
            _ => of_bands.join(", "),
        };
        let name = if role == "unittype" { "unit" } else { role };
        geo.details.push((name.to_owned(), text));
    }
    if names.iter().any(|name| !name.is_empty()) {
        geo.channels = names.into_iter().map(ChannelInfo::named).collect();
    }
}
