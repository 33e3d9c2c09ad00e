//! Tiles in the seed's scheme: `/{z}/{x}/{y}.png` and its longer forms, for the first image at the root and for each
//! under `/images/{id}`. Where the zoom is two, `/{zx},{zy}/{x}/{y}.png`, each axis has its own.

use std::sync::Arc;

use projectile_core::colour::Finish;
use projectile_core::{Area, Effort, Encoding, Error, Resampling, Result, Style, TileRequest, colormap};

use super::{Call, Protocol, World};
use crate::address::{Address, finite, shown, whole};
use crate::api::parameters::{ENCODING, EXPRESSION, PLANE, STYLE, VERSION};
use crate::api::{ENCODED, Operation};
use crate::catalog::Entry;
use crate::description::version;
use crate::planes::Planes;

/// Tiles.
pub(crate) struct Tiles;

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/images/{id}/{z}/{x}/{y}.{format}",
        group: "Tiles",
        about: "A tile of the server's size",
        parameters: &[STYLE, ENCODING, PLANE, VERSION, EXPRESSION],
        body: None,
        answer: ENCODED,
    },
    Operation {
        path: "/images/{id}/{z}/{x}/{y}/{s}.{format}",
        group: "Tiles",
        about: "A tile of any size",
        parameters: &[STYLE, ENCODING, PLANE, VERSION, EXPRESSION],
        body: None,
        answer: ENCODED,
    },
    Operation {
        path: "/images/{id}/{z}/{x}/{y}/{s}/{map}/{low}/{high}.{format}",
        group: "Tiles",
        about: "A tile through a colormap",
        parameters: &[STYLE, ENCODING, PLANE, VERSION, EXPRESSION],
        body: None,
        answer: ENCODED,
    },
];

impl Protocol for Tiles {
    fn name(&self) -> &'static str {
        "tiles"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let path = address.path();
        let (entry, tail) = match path[..] {
            ["images", id, ref tail @ ..] if is_tail(tail) => (world.image(id, address)?, tail),
            ["images", ..] => return Ok(None),
            ref tail if is_tail(tail) => (world.first(address)?, tail),
            _ => return Ok(None),
        };
        let Some((last, before)) = tail.split_last() else {
            return Ok(None);
        };
        let Some((last, format)) = last.rsplit_once('.') else {
            return Ok(None);
        };
        let request = request(&entry, before, last, format, address, world)?;
        call(entry, request, address).map(Some)
    }
}

/// The call of a request. Where the address names the image's version, the answer holds for ever.
fn call(entry: Arc<Entry>, request: TileRequest, address: &Address<'_>) -> Result<Call> {
    let revision = address.parameter("r").map_or(Ok(0), |r| whole("r", r))?;
    let is_named = address.parameter("v").is_some_and(|v| v == version(&entry.image));
    let pinned = is_named.then_some(revision);
    Ok(Call::Tile {
        entry,
        request,
        pinned,
        link: None,
    })
}

/// A tile of another tiling: `area` of the image in the format and style that the address says.
pub(super) fn cut(
    entry: Arc<Entry>,
    area: Area,
    format: &str,
    address: &Address<'_>,
    world: &World<'_>,
) -> Result<Call> {
    let request = TileRequest {
        area,
        style: style(&entry, address)?,
        encoding: encoding(format, address, world)?,
    };
    area.place(entry.image.grid())?;
    call(entry, request, address)
}

fn is_tail(tail: &[&str]) -> bool {
    matches!(tail.len(), 3 | 4 | 7) && tail.last().is_some_and(|last| last.contains('.'))
}

fn request(
    entry: &Entry,
    before: &[&str],
    last: &str,
    format: &str,
    address: &Address<'_>,
    world: &World<'_>,
) -> Result<TileRequest> {
    let encoding = encoding(format, address, world)?;
    let mut style = style(entry, address)?;
    let (z, x, y, size) = match *before {
        [z, x] => (z, x, last, None),
        [z, x, y] => (z, x, y, Some(last)),
        [z, x, y, s, map, vmin] => {
            style.colormap = Some(colormap(map)?);
            style.vmin = Some(finite("vmin", vmin)?);
            style.vmax = Some(finite("vmax", last)?);
            (z, x, y, Some(s))
        }
        _ => return Err(Error::not_found("no tile has such an address")),
    };
    // Sizes and zooms beyond u32 are as wrong as any other that does not exist.
    let narrow = |name, text| whole(name, text).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let size = size.map_or(Ok(world.tile_size), |size| narrow("s", size))?;
    let (x, y) = (whole("x", x)?, whole("y", y)?);
    let (zx, zy) = z.split_once(',').unwrap_or((z, z));
    let (zx, zy) = (narrow("z", zx)?, narrow("z", zy)?);
    // Two zooms that are one are a tile like any other, kept once.
    let area = if zx == zy {
        Area::Tile { z: zx, x, y, size }
    } else {
        Area::Anisotropic { zx, zy, x, y, size }
    };
    area.place(entry.image.grid())?;
    Ok(TileRequest {
        area,
        style,
        encoding,
    })
}

/// The style that the parameters ask for, each thing said in one way.
pub(super) fn style(entry: &Entry, address: &Address<'_>) -> Result<Style> {
    let axes = &entry.image.info().axes;
    let Planes { indices, projections } = Planes::of(axes, address)?;
    let (vmin, vmax, windows) = windows(address)?;
    Ok(Style {
        colormap: address.parameter("colormap").map(colormap).transpose()?,
        vmin,
        vmax,
        windows,
        colours: address
            .parameter("colors")
            .map(colours)
            .transpose()?
            .unwrap_or_default(),
        resampling: address
            .parameter("resampling")
            .map(Resampling::named)
            .transpose()?
            .filter(|kind| *kind != entry.image.resampling()),
        channels: address
            .parameter("c")
            .map(|text| channels(text, axes.channels()))
            .transpose()?,
        indices,
        projections,
        finish: Finish::default(),
        bits: match address.parameter("bits") {
            None | Some("8") => None,
            Some("16") => Some(16),
            Some(other) => {
                return Err(Error::bad_request(
                    "bits",
                    format!("bits = {:?}: 8 or 16", shown(other)),
                ));
            }
        },
    })
}

/// Ends of all windows, and the windows of single channels.
type Windows = (Option<f64>, Option<f64>, Vec<(f64, f64)>);

/// `vmin` and `vmax`, or `window=0:100` which is both; `window=0:100,5:9` is of several channels.
fn windows(address: &Address<'_>) -> Result<Windows> {
    let end = |name: &'static str| address.parameter(name).map(|text| finite(name, text)).transpose();
    let (vmin, vmax) = (end("vmin")?, end("vmax")?);
    let Some(text) = address.parameter("window") else {
        return Ok((vmin, vmax, Vec::new()));
    };
    if vmin.is_some() || vmax.is_some() {
        return Err(Error::bad_request(
            "window",
            "either window is given, or vmin and vmax",
        ));
    }
    few("window", text)?;
    let window = |part: &str| {
        let (low, high) = part.split_once(':').ok_or_else(|| {
            let shown = shown(part);
            Error::bad_request(
                "window",
                format!("window {shown:?}: two ends, e.g. 0:100, for each channel"),
            )
        })?;
        Ok((finite("window", low)?, finite("window", high)?))
    };
    let windows: Vec<(f64, f64)> = text.split(',').map(window).collect::<Result<_>>()?;
    Ok(match windows[..] {
        [(vmin, vmax)] => (Some(vmin), Some(vmax), Vec::new()),
        _ => (None, None, windows),
    })
}

/// A list of what each of some channels is shown in.
fn few(name: &'static str, text: &str) -> Result<()> {
    const MOST: usize = 64;
    if text.split(',').count() > MOST {
        return Err(Error::bad_request(
            name,
            format!("at most {MOST} channels can be chosen"),
        ));
    }
    Ok(())
}

fn colours(text: &str) -> Result<Vec<[u8; 3]>> {
    few("colors", text)?;
    text.split(',').map(|text| colour("colors", text)).collect()
}

fn channels(text: &str, available: u64) -> Result<Vec<u64>> {
    few("c", text)?;
    let chosen: Vec<u64> = text.split(',').map(|c| whole("c", c)).collect::<Result<_>>()?;
    match chosen.iter().find(|&&c| c >= available) {
        Some(c) => Err(Error::bad_request(
            "c",
            format!("channel {c} is outside 0 to {}", available.saturating_sub(1)),
        )),
        None => Ok(chosen),
    }
}

/// How the tile is encoded. Options that the format does not have are left at one value, so that equal tiles have
/// equal requests.
pub(super) fn encoding(format: &str, address: &Address<'_>, world: &World<'_>) -> Result<Encoding> {
    let mut encoding = Encoding::by_extension(format)?;
    let effort = address.parameter("effort").map(Effort::named).transpose()?;
    let quality = address.parameter("quality").map(quality).transpose()?;
    let background = address
        .parameter("background")
        .map(|text| colour("background", text))
        .transpose()?;
    match encoding.encoder.name() {
        "png" => encoding.options.effort = effort.unwrap_or(world.effort),
        "jpg" => {
            (encoding.options.quality, encoding.options.background) = (quality.or(world.quality), background);
        }
        "webp" => {
            // It knows two efforts, and wants the greater only where it is asked for.
            encoding.options.effort = effort
                .filter(|&effort| effort == Effort::Small)
                .unwrap_or_default();
            encoding.options.quality = quality.or(world.quality);
        }
        _ => {}
    }
    Ok(encoding)
}

fn quality(text: &str) -> Result<u8> {
    let given = whole("quality", text)?;
    let quality = u8::try_from(given)
        .ok()
        .filter(|quality| (1..=100).contains(quality));
    quality.ok_or_else(|| Error::bad_request("quality", format!("quality = {given} is outside 1 to 100")))
}

pub(super) fn colour(name: &'static str, text: &str) -> Result<[u8; 3]> {
    let wrong = || {
        let shown = shown(text);
        Error::bad_request(
            name,
            format!("{name} = {shown:?} is no colour: six hex digits, e.g. ffffff"),
        )
    };
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let colour = u32::from_str_radix(text, 16).map_err(|_| wrong())?;
    let [_, red, green, blue] = colour.to_be_bytes();
    Ok([red, green, blue])
}
