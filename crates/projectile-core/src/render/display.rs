//! How an image is shown unless a request says otherwise.

use super::image::Image;
use super::request::Style;
use crate::array::DType;
use crate::colour::{Colorbar, Colormap, Painter, Window, WindowFrom, colormap};
use crate::error::{Error, Result};
use crate::source::{Cancel, Photometric, Selection, SourceInfo};
use crate::statistics::Statistics;

/// What an image's channels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One channel.
    Gray,
    /// Gray and straight alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, straight alpha.
    Rgba,
    /// Each channel is data of its own; several are composited.
    Channels,
    /// Integer labels.
    Labels,
}

impl Kind {
    /// The name in descriptions, e.g. `gray-alpha`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gray => "gray",
            Self::GrayAlpha => "gray-alpha",
            Self::Rgb => "rgb",
            Self::Rgba => "rgba",
            Self::Channels => "channels",
            Self::Labels => "labels",
        }
    }

    /// What the shape, dtype and file say. Channels last are a colour: 2 of 8- or 16-bit integers gray and alpha, 3 or
    /// 4 RGB(A). Channels first are a colour only for 3 or 4 of uint8. All else is data.
    pub(crate) fn of(info: &SourceInfo) -> Self {
        let channels = info.axes.channels();
        if info.photometric == Photometric::Labels && info.dtype.is_integer() && channels == 1 {
            return Self::Labels;
        }
        let small = matches!(info.dtype, DType::UInt8 | DType::UInt16);
        let colour = match info.photometric {
            Photometric::Picture => true,
            Photometric::Channels => false,
            Photometric::Auto | Photometric::Labels if info.axes.channels_last() => channels != 2 || small,
            Photometric::Auto | Photometric::Labels => info.dtype == DType::UInt8 && channels > 2,
        };
        match channels {
            1 => Self::Gray,
            2 if colour => Self::GrayAlpha,
            3 if colour => Self::Rgb,
            4 if colour => Self::Rgba,
            _ => Self::Channels,
        }
    }

    /// Channels at the end that are alpha.
    pub(crate) fn alpha_channels(self) -> usize {
        usize::from(matches!(self, Self::GrayAlpha | Self::Rgba))
    }
}

/// How one channel is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelDisplay {
    /// Its name; its number where it has none.
    pub name: String,
    /// Its colour in a composite.
    pub colour: Option<[u8; 3]>,
    /// Its display window.
    pub window: Window,
}

/// How an image is shown unless a request says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Display {
    /// The display window of the image as a whole.
    pub window: Window,
    /// Where the window came from.
    pub window_from: WindowFrom,
    /// Each channel.
    pub channels: Vec<ChannelDisplay>,
    /// The channels that a composite shows at first.
    pub visible: Vec<u64>,
}

/// Colours of channels that have none of their own, apart from each other on black.
const COMPOSITE: [[u8; 3]; 8] = [
    [0, 90, 255],
    [0, 230, 80],
    [255, 60, 40],
    [255, 0, 220],
    [0, 220, 255],
    [255, 200, 0],
    [255, 255, 255],
    [160, 120, 255],
];
const RGB: [[u8; 3]; 3] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
/// More channels than this are no composite to begin with: the first is shown alone.
const MOST_COMPOSITED: usize = 8;
/// Channels that a composite shows at first.
const VISIBLE: usize = 4;

impl Display {
    pub(crate) fn of(image: &Image, cancel: &Cancel) -> Result<Self> {
        let info = image.info();
        let channels = info.axes.channels() as usize;
        let (window, window_from) = image.window(None, cancel)?;
        let channels: Vec<ChannelDisplay> = (0..channels)
            .map(|c| {
                let own = image.kind() == Kind::Channels;
                let known = info.channels.get(c);
                Ok(ChannelDisplay {
                    name: info.channel_name(c),
                    colour: own.then(|| {
                        known
                            .and_then(|known| known.colour)
                            .unwrap_or_else(|| composite_colour(image.kind(), c))
                    }),
                    window: if own {
                        image.window(Some(c), cancel)?.0
                    } else {
                        window
                    },
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            window,
            window_from,
            visible: visible(info, channels.len()),
            channels,
        })
    }
}

/// The channels that a composite shows at first: those that the file says, else the first few.
fn visible(info: &SourceInfo, channels: usize) -> Vec<u64> {
    let shown = if channels > MOST_COMPOSITED {
        1
    } else {
        VISIBLE.min(channels)
    };
    let said = |c: usize| info.channels.get(c).and_then(|known| known.visible);
    let chosen: Vec<u64> = (0..channels)
        .filter(|&c| said(c) == Some(true))
        .take(MOST_COMPOSITED)
        .map(|c| c as u64)
        .collect();
    if chosen.is_empty() {
        (0..shown as u64).collect()
    } else {
        chosen
    }
}

fn composite_colour(kind: Kind, channel: usize) -> [u8; 3] {
    match kind {
        Kind::Rgb | Kind::Rgba => RGB.get(channel).copied().unwrap_or([255; 3]),
        _ => COMPOSITE[channel % COMPOSITE.len()],
    }
}

/// What a style means for an image: which samples to read, and how to colour them.
pub(crate) struct Look {
    pub(crate) selection: Selection,
    pub(crate) painter: Painter,
}

impl Image {
    /// Which colour stands for which value, in a style. Blocks where the window has to be found first.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for a style in which no single channel is shown, whose colours stand
    /// for no one value, and for what else the style asks.
    pub fn colorbar(&self, style: &Style, cancel: &Cancel) -> Result<Colorbar> {
        if let Some((image, style)) = self.projected(style)? {
            return image.colorbar(&style, cancel);
        }
        let gray = || (0..=u8::MAX).map(|level| [level; 3]).collect();
        let Look { selection, painter } = look(self, style, cancel)?;
        let is_single = selection.channel_count(self.info().axes.channels()) == 1;
        match painter {
            Painter::Colormap { map, window } => Ok(Colorbar::new(map.table.clone(), window)),
            Painter::Linear { windows, .. } if is_single => match windows[..] {
                [window] => Ok(Colorbar::new(gray(), window)),
                _ => Err(no_scale()),
            },
            Painter::AsIs if is_single => Ok(Colorbar::new(gray(), Window::of_bytes())),
            _ => Err(no_scale()),
        }
    }
}

fn no_scale() -> Error {
    Error::bad_request(
        "c",
        "colours of several channels, or of labels, stand for no one value: choose a channel, e.g. c=0",
    )
}

/// Resolves a style.
pub(crate) fn look(image: &Image, style: &Style, cancel: &Cancel) -> Result<Look> {
    let info = image.info();
    let selection = selection(info, style)?;
    let chosen = selection.channels.as_deref();
    if chosen.is_none() && !(style.colours.is_empty() && style.windows.is_empty()) {
        return Err(Error::bad_request(
            "c",
            "colors and window are those of chosen channels: choose them, e.g. c=0,2",
        ));
    }
    let single = match chosen {
        // In a colour of its own it is a composite of one.
        Some([only]) if style.colours.is_empty() => Some(*only as usize),
        Some(_) => None,
        None => (info.axes.channels() == 1).then_some(0),
    };
    let window = |channel| given_or(style, || Ok(image.window(channel, cancel)?.0));
    let given = style.vmin.is_some() || style.vmax.is_some() || image.options().window.is_some();
    let bits = style.bits.unwrap_or(8);

    if let Some(channel) = single {
        let channel = (info.axes.channels() > 1).then_some(channel);
        let labels = image.kind() == Kind::Labels && image.colormap().is_none();
        let painter = match style.colormap.or_else(|| image.colormap()) {
            Some(map) => Painter::Colormap {
                map,
                window: window(channel)?,
            },
            None if labels => Painter::Labels,
            None if bits == 8 && !given && info.dtype == DType::UInt8 => Painter::AsIs,
            None if bits == 16 && !given => linear(exact_window(info.dtype, || window(channel))?, bits),
            None => linear(window(channel)?, bits),
        };
        return Ok(Look { selection, painter });
    }
    if let Some(map) = style.colormap {
        return Err(Error::bad_request(
            "colormap",
            format!(
                "colormap {} colours one channel, and here are several: choose one, e.g. c=0",
                map.name
            ),
        ));
    }
    let composited = image.kind() == Kind::Channels || chosen.is_some();
    if !composited {
        let painter = match (bits, given) {
            (8, false) if info.dtype == DType::UInt8 => Painter::AsIs,
            (16, false) => linear(exact_window(info.dtype, || window(None))?, bits),
            _ => linear(window(None)?, bits),
        };
        return Ok(Look { selection, painter });
    }
    let display = image.display(cancel)?;
    let channels = selection
        .channels
        .clone()
        .unwrap_or_else(|| display.visible.clone());
    each_or_none("colors", style.colours.len(), channels.len())?;
    each_or_none("window", style.windows.len(), channels.len())?;
    let parts = channels
        .iter()
        .enumerate()
        .map(|(at, &c)| {
            let own = display.channels[c as usize].colour;
            let own = own.unwrap_or_else(|| composite_colour(image.kind(), c as usize));
            let window = match style.windows.get(at) {
                Some(&(vmin, vmax)) => Window::new(vmin, vmax)?,
                None => given_or(style, || Ok(display.channels[c as usize].window))?,
            };
            Ok((style.colours.get(at).copied().unwrap_or(own), window))
        })
        .collect::<Result<_>>()?;
    let selection = Selection {
        channels: Some(channels),
        ..selection
    };
    Ok(Look {
        selection,
        painter: Painter::Composite(parts),
    })
}

/// Refuses what is said of some of the channels.
fn each_or_none(parameter: &'static str, said: usize, channels: usize) -> Result<()> {
    if said == 0 || said == channels {
        return Ok(());
    }
    Err(Error::bad_request(
        parameter,
        format!("{parameter} names {said}, and {channels} channels are shown: one for each of c is needed"),
    ))
}

fn linear(window: Window, bits: u8) -> Painter {
    Painter::Linear {
        windows: vec![window],
        bits,
    }
}

/// For 16-bit pictures: small integers as they are, the rest through the window.
fn exact_window(dtype: DType, window: impl Fn() -> Result<Window>) -> Result<Window> {
    match dtype {
        DType::UInt8 | DType::UInt16 => {
            let (vmin, vmax) = dtype.range().unwrap_or((0.0, 1.0));
            Ok(Window { vmin, vmax })
        }
        _ => window(),
    }
}

/// The style's window, its missing ends from the default.
fn given_or(style: &Style, default: impl Fn() -> Result<Window>) -> Result<Window> {
    match (style.vmin, style.vmax) {
        (Some(vmin), Some(vmax)) => Window::new(vmin, vmax),
        (None, None) => default(),
        (vmin, vmax) => {
            let window = default()?;
            Window::new(vmin.unwrap_or(window.vmin), vmax.unwrap_or(window.vmax))
        }
    }
}

/// The samples that a style selects.
pub(crate) fn selection(info: &SourceInfo, style: &Style) -> Result<Selection> {
    let mut selection = Selection::first(&info.axes);
    for (name, index) in &style.indices {
        let (at, axis) = info.axes.extra_axis(name)?;
        if *index >= axis.size {
            let last = axis.size - 1;
            return Err(Error::bad_request(
                name.clone(),
                format!("{name} = {index} is outside 0 to {last}"),
            ));
        }
        selection.indices[at] = *index;
    }
    if let Some(channels) = &style.channels {
        let available = info.axes.channels();
        if channels.is_empty() || channels.len() > 64 {
            return Err(Error::bad_request(
                "c",
                "between 1 and 64 channels can be chosen, e.g. c=0,2",
            ));
        }
        if let Some(c) = channels.iter().find(|&&c| c >= available) {
            return Err(Error::bad_request(
                "c",
                format!("channel {c} is outside 0 to {}", available - 1),
            ));
        }
        selection.channels = Some(channels.clone());
    }
    Ok(selection)
}

/// The map of an option or a source, if it names one.
pub(crate) fn default_colormap(given: Option<&str>, info: &SourceInfo) -> Result<Option<&'static Colormap>> {
    given.or(info.colormap.as_deref()).map(colormap).transpose()
}

/// The default window of a channel (`None` for the image as a whole), and where it came from.
pub(crate) fn default_window(
    info: &SourceInfo,
    kind: Kind,
    channel: Option<usize>,
    statistics: impl FnOnce() -> Result<Statistics>,
) -> Result<(Window, WindowFrom)> {
    let of_channel = channel.and_then(|c| info.channels.get(c)?.window);
    if let Some((vmin, vmax)) = of_channel.or(info.window) {
        return Ok((Window::new(vmin, vmax)?, WindowFrom::Given));
    }
    if let (DType::UInt8 | DType::Bool, Some((vmin, vmax))) = (info.dtype, info.dtype.range()) {
        return Ok((Window { vmin, vmax }, WindowFrom::Dtype));
    }
    let statistics = statistics()?;
    let summary = channel
        .and_then(|c| statistics.channels.get(c))
        .unwrap_or(&statistics.all);
    // The field's convention for colours in floats.
    let unit = summary.min >= 0.0 && summary.max <= 1.0;
    if matches!(kind, Kind::Rgb | Kind::Rgba | Kind::GrayAlpha) && info.dtype.is_float() && unit {
        return Ok((Window { vmin: 0.0, vmax: 1.0 }, WindowFrom::Dtype));
    }
    let (vmin, vmax) = summary.robust_window();
    Ok((Window { vmin, vmax }, WindowFrom::Percentiles))
}
