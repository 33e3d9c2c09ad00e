//! An image in words and numbers.

use projectile_core::{Cancel, Coordinates, Image, LevelState, Resampling, Result, Summary};
use serde_json::{Map, Value as Json, json};

/// The image's version, as addresses and descriptions hold it.
pub(crate) fn version(image: &Image) -> String {
    format!("{:016x}", image.version())
}

/// What an image is, as `/images/{id}` answers it. Blocks while a sample of the image is read, the first time.
///
/// # Errors
/// What reading the sample gives.
pub fn describe(image: &Image, id: &str, tile_size: u32, cancel: &Cancel) -> Result<Json> {
    let info = image.info();
    let display = image.display(cancel)?;
    let levels = image.levels();
    let provisional = levels.iter().any(|level| level.state == LevelState::Provisional);
    let channels: Vec<Json> = display
        .channels
        .iter()
        .map(|channel| {
            json!({
                "name": channel.name,
                "color": channel.colour.map(|[red, green, blue]| format!("#{red:02x}{green:02x}{blue:02x}")),
                "vmin": channel.window.vmin,
                "vmax": channel.window.vmax,
            })
        })
        .collect();
    let levels: Vec<Json> = levels
        .iter()
        .map(|level| {
            json!({
                "level": level.level,
                "factor": level.factor,
                "width": level.width,
                "height": level.height,
                "state": level.state.name(),
            })
        })
        .collect();
    Ok(json!({
        "id": id,
        "name": image.name(),
        "version": version(image),
        "format": info.format,
        "width": info.axes.width(),
        "height": info.axes.height(),
        "shape": info.axes.shape(),
        "axes": info.axes.iter().map(|axis| &axis.name).collect::<Vec<_>>(),
        "dtype": info.dtype.name(),
        "kind": image.kind().name(),
        "channels": channels,
        "visible": display.visible,
        "extra_axes": info.axes.extra()
            .map(|axis| json!({"name": axis.name, "size": axis.size}))
            .collect::<Vec<_>>(),
        "max_zoom": image.max_zoom(),
        "tile_size": tile_size,
        // At zoom z a tile covers 2^(max_zoom - z) source pixels: as many as it has pixels, here.
        "native_zoom": image.max_zoom().saturating_sub(tile_size.trailing_zeros()),
        "levels": levels,
        "provisional": provisional,
        "resampling": image.resampling().name(),
        "resamplings": Resampling::all().map(|kind| kind.name()).collect::<Vec<_>>(),
        "colormap": image.colormap().map(|map| map.name),
        "window": {
            "vmin": display.window.vmin,
            "vmax": display.window.vmax,
            "from": display.window_from.name(),
        },
        "statistics": statistics(image, cancel)?,
        "nodata": info.nodata,
        "revision": image.revision(),
        "residence": image.residence().name(),
        "dimensions": dimensions(image),
        "details": info.details.iter().map(|(name, text)| (name.clone(), json!(text))).collect::<Map<_, _>>(),
    }))
}

/// Each axis in the words of whoever made the data, in storage order.
fn dimensions(image: &Image) -> Vec<Json> {
    let info = image.info();
    let known = info.dimensions.iter().cloned().map(Some);
    let known = known.chain(std::iter::repeat(None));
    info.axes
        .iter()
        .zip(known)
        .map(|(axis, dimension)| {
            let dimension = dimension.unwrap_or_default();
            let coordinates = dimension.coordinates.map(|coordinates| match coordinates {
                Coordinates::Even { start, step } => json!({"start": start, "step": step}),
                Coordinates::Numbers(numbers) => json!({"values": numbers}),
                Coordinates::Texts(texts) => json!({"values": texts}),
            });
            json!({
                "name": axis.name,
                "label": dimension.label.unwrap_or_else(|| axis.name.clone()),
                "size": axis.size,
                "unit": dimension.unit,
                "coordinates": coordinates,
            })
        })
        .collect()
}

fn statistics(image: &Image, cancel: &Cancel) -> Result<Json> {
    let statistics = image.statistics(cancel)?;
    let Summary {
        count,
        valid,
        min,
        max,
        mean,
        std,
        percentiles,
    } = &statistics.all;
    let percentiles: Map<String, Json> = percentiles
        .iter()
        .map(|(percent, value)| (percent.to_string(), json!(value)))
        .collect();
    Ok(json!({
        "count": count,
        "valid": valid,
        "min": min,
        "max": max,
        "mean": mean,
        "std": std,
        "percentiles": percentiles,
        "sampled": statistics.sampled,
    }))
}
