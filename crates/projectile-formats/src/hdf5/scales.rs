//! The dimensions of `NetCDF` 4: which of a group's datasets are scales, and which one an axis is along.

use hdf5_pure::{Dataset, File};
use projectile_core::{Coordinates, Dimension};

use super::attributes::Attributes;
use crate::sizes::to_u64;

/// Numbers of a scale beyond which its coordinates are not told.
const MOST_NUMBERS: u64 = 1 << 20;

/// A dimension: its name, its length, and where its indexes lie.
#[derive(Clone, Debug)]
struct Scale {
    name: String,
    id: f64,
    length: u64,
    dataset: Dataset,
    has_numbers: bool,
}

/// The dimensions that are known in a group: its own, and those of the groups around it.
#[derive(Clone, Debug, Default)]
pub(super) struct Scales(Vec<Scale>);

impl Scales {
    /// Those known at the end of `path`.
    pub(super) fn along(file: &File, path: &str) -> Self {
        let mut scales = Self::default();
        let mut group = file.root();
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        loop {
            let Ok(datasets) = group.iter_datasets() else {
                return scales;
            };
            scales = scales.with(&datasets.collect::<Vec<_>>());
            let Some(inner) = parts.next().and_then(|part| group.group(part).ok()) else {
                return scales;
            };
            group = inner;
        }
    }

    /// With those among a group's datasets.
    pub(super) fn with(&self, datasets: &[(String, Dataset)]) -> Self {
        let mut all = self.0.clone();
        for (name, dataset) in datasets {
            let Ok(shape) = dataset.shape() else { continue };
            let attributes = Attributes::of(dataset);
            // Only NetCDF promises that each axis is along one of the dimensions of its group.
            let id = attributes.number("_Netcdf4Dimid");
            if attributes.text("CLASS") != Some("DIMENSION_SCALE") {
                continue;
            }
            let (Some(id), Some(&length)) = (id, shape.first()) else {
                continue;
            };
            let is_bare = attributes
                .text("NAME")
                .is_some_and(|text| text.starts_with("This is a netCDF dimension but not a netCDF variable"));
            all.push(Scale {
                name: name.clone(),
                id,
                length,
                dataset: dataset.clone(),
                has_numbers: shape.len() == 1 && !is_bare,
            });
        }
        Self(all)
    }

    /// The names of the axes of an array of `shape`, and what is known of each: where its dimensions are beyond doubt.
    pub(super) fn of(&self, shape: &[u64], attributes: &Attributes) -> Option<(Vec<String>, Vec<Dimension>)> {
        let ids = attributes
            .numbers("_Netcdf4Coordinates")
            .filter(|ids| ids.len() == shape.len());
        let scales: Vec<&Scale> = shape
            .iter()
            .enumerate()
            .map(|(axis, &length)| {
                let mut fit = self.0.iter().filter(|scale| {
                    scale.length == length && ids.as_ref().is_none_or(|ids| ids.get(axis) == Some(&scale.id))
                });
                let found = fit.next();
                found.filter(|_| fit.next().is_none())
            })
            .collect::<Option<_>>()?;
        let mut names: Vec<String> = Vec::new();
        for (scale, after) in scales.iter().zip((0..shape.len()).rev()) {
            let name = match after {
                1 => "y".to_owned(),
                0 => "x".to_owned(),
                _ => axis_name(&scale.name),
            };
            if name.is_empty() || names.contains(&name) {
                return None;
            }
            names.push(name);
        }
        let dimensions = scales
            .iter()
            .zip(&names)
            .map(|(scale, name)| scale.dimension(name))
            .collect();
        Some((names, dimensions))
    }
}

/// What an axis along a dimension is called.
fn axis_name(dimension: &str) -> String {
    let lower = dimension.to_lowercase();
    match lower.as_str() {
        "t" | "time" | "times" | "valid_time" => "t".to_owned(),
        "z" | "lev" | "level" | "levels" | "depth" | "height" | "altitude" | "plev" | "pressure" => {
            "z".to_owned()
        }
        "c" | "band" | "bands" | "channel" | "channels" => "c".to_owned(),
        // Those are the names of rows and columns, which are the last axes.
        "y" | "x" => String::new(),
        _ => dimension
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .skip_while(|c| !c.is_ascii_alphabetic())
            .collect(),
    }
}

impl Scale {
    fn dimension(&self, axis: &str) -> Dimension {
        let label = Some(self.name.clone()).filter(|name| name != axis);
        if !self.has_numbers || self.length > MOST_NUMBERS {
            return Dimension {
                label,
                ..Dimension::default()
            };
        }
        let attributes = Attributes::of(&self.dataset);
        let is_whole =
            attributes.number("scale_factor").is_none() && attributes.number("add_offset").is_none();
        let numbers = is_whole.then(|| self.dataset.read_f64().ok()).flatten();
        let numbers =
            numbers.filter(|all| to_u64(all.len()) == self.length && all.iter().all(|v| v.is_finite()));
        Dimension {
            label,
            unit: attributes
                .text("units")
                .map(str::to_owned)
                .filter(|_| numbers.is_some()),
            coordinates: numbers.map(Coordinates::of),
        }
    }
}
