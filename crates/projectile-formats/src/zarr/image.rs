//! Arrays as images: one by itself, or several as the levels of one.

use std::sync::Arc;

use projectile_core::{
    Axes, ChannelInfo, Coordinates, Dimension, Error, Level, Photometric, Result, SourceInfo,
};

use super::array::Layout;
use super::blocks::ZarrBlocks;
use super::naming::{self, Name};
use super::ngff::{Axis, Dataset, Multiscale};
use super::node::Node;
use crate::chunked::{ChunkedOptions, ChunkedSource, Division, LeveledSource};
use crate::folder::Folder;
use crate::open::OpenOptions;
use crate::sizes::to_u64;

/// An image of which something may still be told.
pub(super) struct Draft {
    pub(super) info: SourceInfo,
    levels: Vec<ChunkedSource>,
}

impl Draft {
    /// # Errors
    /// Those of [`LeveledSource::new`].
    pub(super) fn finish(self) -> Result<LeveledSource> {
        LeveledSource::new(self.info, self.levels)
    }
}

/// The array of a node.
pub(super) fn plain(folder: &Arc<dyn Folder>, node: &Node, options: &OpenOptions) -> Result<Draft> {
    let layout = node.layout()?;
    let names = dimension_names(node, &layout);
    let letters = options.axes.as_deref();
    let axes = naming::axes(names.as_deref(), &layout.shape, letters)?;
    let mut info = SourceInfo::new(layout.dtype, axes, "Zarr");
    if let Some(names) = names
        && letters.is_none()
    {
        info.dimensions = labelled(&info.axes, names.iter().map(|name| name.name.as_str()));
    }
    info.nodata = nodata(node, &layout);
    info.details.clone_from(&layout.details);
    let levels = vec![chunked(folder, node, layout, info.clone(), options)?];
    Ok(Draft { info, levels })
}

/// The image of a group whose arrays are `arrays`, one for each dataset.
pub(super) fn leveled(
    folder: &Arc<dyn Folder>,
    image: &Multiscale,
    arrays: &[Result<Option<Node>>],
    is_label: bool,
    options: &OpenOptions,
) -> Result<Draft> {
    let mut levels: Vec<(Level, &Dataset, &Node, Layout)> = Vec::new();
    let mut ignored = Vec::new();
    let names: Vec<Name> = image.axes.iter().map(|axis| axis.name.clone()).collect();
    let axes_of = |layout: &Layout| naming::axes(Some(&names), &layout.shape, options.axes.as_deref());
    for (dataset, array) in image.datasets.iter().zip(arrays) {
        let laid = match array {
            Ok(Some(node)) => node.layout().map(|layout| (node, layout)),
            Ok(None) => Err(Error::corrupt("the array is not there")),
            Err(error) => Err(error.clone()),
        };
        let Some((_, _, _, full)) = levels.first() else {
            let (node, layout) = laid.map_err(|error| error.context(&dataset.path))?;
            let axes = axes_of(&layout)?;
            let level = Level {
                factor: 1,
                height: axes.height(),
                width: axes.width(),
            };
            levels.push((level, dataset, node, layout));
            continue;
        };
        let fitting = laid.and_then(|(node, layout)| {
            let last = levels.last().map_or(1, |(level, ..)| level.factor);
            let level = fitting(&axes_of(full)?, full, &axes_of(&layout)?, &layout, last)?;
            Ok((level, node, layout))
        });
        match fitting {
            Ok((level, node, layout)) => levels.push((level, dataset, node, layout)),
            Err(error) => ignored.push((format!("not used: {}", dataset.path), error.message().to_owned())),
        }
    }
    let Some((_, dataset, node, full)) = levels.first() else {
        return Err(Error::corrupt("an image without datasets"));
    };
    let mut info = SourceInfo::new(full.dtype, axes_of(full)?, format!("OME-Zarr {}", image.version));
    info.dimensions = dimensions(&info.axes, &image.axes, dataset);
    info.levels = levels.iter().map(|(level, ..)| *level).collect();
    let channels = info.axes.channels();
    if to_u64(image.channels.len()) == channels {
        info.channels.clone_from(&image.channels);
    }
    info.photometric = photometric(&info, is_label);
    info.nodata = nodata(node, full);
    info.details.clone_from(&full.details);
    if let Some(kind) = &image.kind {
        info.details.push(("overviews".to_owned(), kind.clone()));
    }
    let coarser = levels.iter().find(|(_, _, _, layout)| {
        let mut pairs = info.axes.iter().zip(&layout.shape);
        pairs.any(|(axis, size)| !matches!(axis.name.as_str(), "y" | "x") && axis.size != *size)
    });
    if let Some((level, ..)) = coarser {
        let text = format!("from 1:{} on, each plane stands for several", level.factor);
        info.details.push(("coarse levels".to_owned(), text));
    }
    info.details.extend(ignored);
    let levels = levels
        .into_iter()
        .map(|(_, _, node, layout)| {
            let own = SourceInfo::new(layout.dtype, axes_of(&layout)?, "Zarr");
            chunked(folder, node, layout, own, options)
        })
        .collect::<Result<_>>()?;
    Ok(Draft { info, levels })
}

/// The level that an array is of an image, whose level before it is reduced by `last`.
fn fitting(full: &Axes, first: &Layout, axes: &Axes, layout: &Layout, last: u64) -> Result<Level> {
    if layout.dtype != first.dtype {
        return Err(Error::unsupported("it has other samples than the first"));
    }
    if axes.channels() != full.channels() {
        return Err(Error::unsupported("it has other channels than the first"));
    }
    #[expect(
        clippy::as_conversions,
        reason = "what is rounded to a power of two is held against the sizes below"
    )]
    let factor = |full: u64, size: u64| (full as f64 / size as f64).log2().round().exp2() as u64;
    // Of the longer side, which rounding changes least.
    let factor = if full.height() >= full.width() {
        factor(full.height(), axes.height())
    } else {
        factor(full.width(), axes.width())
    };
    let is_about = |full: u64, size: u64| full.div_ceil(factor.max(1)).abs_diff(size) <= 1;
    if !is_about(full.height(), axes.height()) || !is_about(full.width(), axes.width()) {
        return Err(Error::unsupported(format!(
            "{} × {} pixels are not those of the first reduced by a power of two",
            axes.height(),
            axes.width()
        )));
    }
    if factor <= last {
        return Err(Error::unsupported("it is not smaller than the one before it"));
    }
    Ok(Level {
        factor,
        height: full.height().div_ceil(factor),
        width: full.width().div_ceil(factor),
    })
}

fn chunked(
    folder: &Arc<dyn Folder>,
    node: &Node,
    layout: Layout,
    info: SourceInfo,
    options: &OpenOptions,
) -> Result<ChunkedSource> {
    let residence = folder.residence();
    let divisions = layout
        .block
        .iter()
        .map(|length| Division::Even(length.get()))
        .collect();
    let chunked = ChunkedOptions::of(residence, options.cache.clone());
    let blocks = ZarrBlocks::new(
        Arc::clone(folder),
        node.path.clone(),
        Arc::new(layout),
        node.stamp.clone(),
    );
    ChunkedSource::new(info, divisions, Box::new(blocks), &chunked)
}

/// The names that an array's metadata gives its dimensions: in version 2, where xarray writes them.
fn dimension_names(node: &Node, layout: &Layout) -> Option<Vec<Name>> {
    let named = |name: &str| Name {
        name: name.to_owned(),
        is_channel: false,
    };
    if let Some(names) = &layout.names {
        let names: Vec<Name> = names
            .iter()
            .map(|name| named(name.as_deref().unwrap_or("")))
            .collect();
        return names.iter().any(|name| !name.name.is_empty()).then_some(names);
    }
    let names = node.attributes.get("_ARRAY_DIMENSIONS")?.as_array()?;
    names.iter().map(|name| name.as_str().map(named)).collect()
}

/// What stands for "no data": what the attributes say, and a fill value that no one chooses for nothing.
fn nodata(node: &Node, layout: &Layout) -> Option<f64> {
    let said = node.mask().filter(|value| value.is_finite());
    said.or_else(|| {
        layout
            .fill_number()
            .filter(|value| *value != 0.0 && value.is_finite() && layout.dtype.is_float())
    })
}

/// Labels of axes whose names are not those that their writer gave.
fn labelled<'a>(axes: &Axes, names: impl Iterator<Item = &'a str>) -> Vec<Dimension> {
    axes.iter()
        .zip(names)
        .map(|(axis, name)| Dimension {
            label: (!name.is_empty() && axis.name != name).then(|| name.to_owned()),
            ..Dimension::default()
        })
        .collect()
}

fn dimensions(axes: &Axes, known: &[Axis], dataset: &Dataset) -> Vec<Dimension> {
    let mut dimensions = labelled(axes, known.iter().map(|axis| axis.name.name.as_str()));
    for (at, (dimension, axis)) in dimensions.iter_mut().zip(known).enumerate() {
        let number =
            |numbers: &Option<Vec<f64>>| numbers.as_ref().and_then(|numbers| numbers.get(at)).copied();
        if axis.name.is_channel {
            continue;
        }
        dimension.unit.clone_from(&axis.unit);
        let step = number(&dataset.scale);
        let start = number(&dataset.translation);
        // A step of one without a unit says nothing.
        let says = axis.unit.is_some() || step.is_some_and(|step| step != 1.0) || start.is_some();
        if says && step.is_none_or(|step| step != 0.0) {
            dimension.coordinates = Some(Coordinates::Even {
                start: start.unwrap_or(0.0),
                step: step.unwrap_or(1.0),
            });
        }
    }
    dimensions
}

fn photometric(info: &SourceInfo, is_label: bool) -> Photometric {
    const PRIMARIES: [[u8; 3]; 3] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
    if is_label {
        return Photometric::Labels;
    }
    if info.channels.is_empty() {
        return Photometric::Auto;
    }
    let is_primary = |(channel, colour): (&ChannelInfo, [u8; 3])| {
        channel.colour == Some(colour) && channel.window.is_none_or(|window| window == (0.0, 255.0))
    };
    // Red, green and blue as they are: a picture in colour.
    let is_picture = info.channels.len() == PRIMARIES.len()
        && info.dtype == projectile_core::DType::UInt8
        && info.channels.iter().zip(PRIMARIES).all(is_primary);
    if is_picture {
        Photometric::Picture
    } else {
        Photometric::Channels
    }
}
