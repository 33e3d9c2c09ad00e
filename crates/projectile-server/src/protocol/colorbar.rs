//! `/images/{id}/colorbar.{svg,png}` and `/colormaps/{name}/colorbar.{svg,png}`: which colour stands for which value.

use bytes::Bytes;
use projectile_core::{Colorbar, Error, ErrorKind, Result, Window, colormap};

use super::{Call, Protocol, World, tiles};
use crate::address::{Address, finite, shown, whole};
use crate::api::parameters::{EXPRESSION, Kind, PLANE, Parameter, STYLE};
use crate::api::{Answer, Operation};
use crate::catalog::Entry;
use crate::respond::Document;

/// Scales of colours.
pub(crate) struct Colorbars;

const BAR: &[Parameter] = &[
    Parameter::optional(
        "length",
        Kind::Whole(32, 4096),
        "256",
        "How long the bar is, in pixels",
    ),
    Parameter::optional(
        "orientation",
        Kind::OneOf(&["horizontal", "vertical"]),
        "horizontal",
        "Which way it lies",
    ),
    Parameter::optional("label", Kind::Text(200), "height in m", "What the values are"),
    Parameter::optional(
        "background",
        Kind::Like("^[0-9a-fA-F]{6}$"),
        "ffffff",
        "What it is drawn on",
    ),
];
const ENDS: &[Parameter] = &[
    Parameter::optional(
        "vmin",
        Kind::Number,
        "0",
        "The first colour's value; 0 unless it is said",
    ),
    Parameter::optional(
        "vmax",
        Kind::Number,
        "1",
        "The last colour's value; 1 unless it is said",
    ),
];
const DRAWN: Answer = Answer::Files(&["image/svg+xml", "image/png"]);

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/images/{id}/colorbar.{drawing}",
        group: "Colours",
        about: "The scale of an image's colours, with its numbers",
        parameters: &[BAR, STYLE, PLANE, EXPRESSION],
        body: None,
        answer: DRAWN,
    },
    Operation {
        path: "/colormaps/{map}/colorbar.{drawing}",
        group: "Colours",
        about: "The scale of a colormap",
        parameters: &[BAR, ENDS],
        body: None,
        answer: DRAWN,
    },
];

impl Protocol for Colorbars {
    fn name(&self) -> &'static str {
        "colorbar"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let [place @ ("images" | "colormaps"), named, file] = address.path()[..] else {
            return Ok(None);
        };
        let Some(ending) = file.strip_prefix("colorbar.") else {
            return Ok(None);
        };
        let format = Format::named(ending)?;
        let bar = Bar::of(address)?;
        if place == "colormaps" {
            // An address that names nothing, rather than a parameter that is wrong.
            let map = colormap(named).map_err(|error| Error::new(ErrorKind::NotFound, error.message()))?;
            let end = |name: &'static str, usual| {
                address
                    .parameter(name)
                    .map_or(Ok(usual), |text| finite(name, text))
            };
            let window = Window::new(end("vmin", 0.0)?, end("vmax", 1.0)?)?;
            let drawn = format.draw(&bar.apply(Colorbar::new(map.table.clone(), window))?)?;
            return Ok(Some(Call::Document(drawn)));
        }
        let entry = world.image(named, address)?;
        let style = tiles::style(&entry, address)?;
        let work = Box::new(move |entry: &Entry, cancel: &_| {
            format.draw(&bar.apply(entry.image.colorbar(&style, cancel)?)?)
        });
        Ok(Some(Call::Work { entry, work }))
    }
}

/// How it is drawn.
struct Bar {
    length: Option<u32>,
    is_vertical: bool,
    label: String,
    background: Option<[u8; 3]>,
}

impl Bar {
    fn of(address: &Address<'_>) -> Result<Self> {
        let length = address
            .parameter("length")
            .map(|text| whole("length", text))
            .transpose()?;
        let is_vertical = match address.parameter("orientation") {
            None | Some("horizontal") => false,
            Some("vertical") => true,
            Some(other) => {
                return Err(Error::bad_request(
                    "orientation",
                    format!("orientation = {:?}: horizontal or vertical", shown(other)),
                ));
            }
        };
        let background = address.parameter("background");
        Ok(Self {
            length: length.map(|length| u32::try_from(length).unwrap_or(u32::MAX)),
            is_vertical,
            label: address.parameter("label").unwrap_or_default().to_owned(),
            background: background
                .map(|text| tiles::colour("background", text))
                .transpose()?,
        })
    }

    fn apply(&self, mut bar: Colorbar) -> Result<Colorbar> {
        if let Some(length) = self.length {
            bar = bar.with_length(length)?;
        }
        if self.is_vertical {
            bar = bar.vertical();
        }
        if let Some(background) = self.background {
            bar = bar.with_background(background);
        }
        bar.with_label(&self.label)
    }
}

#[derive(Clone, Copy)]
enum Format {
    Svg,
    Png,
}

impl Format {
    fn named(ending: &str) -> Result<Self> {
        match ending {
            "svg" => Ok(Self::Svg),
            "png" => Ok(Self::Png),
            _ => Err(Error::not_found(format!(
                "no colorbar.{}: there are colorbar.svg and colorbar.png",
                shown(ending)
            ))),
        }
    }

    fn draw(self, bar: &Colorbar) -> Result<Document> {
        Ok(match self {
            Self::Svg => Document {
                media_type: "image/svg+xml",
                bytes: Bytes::from(bar.svg()),
            },
            Self::Png => Document {
                media_type: "image/png",
                bytes: Bytes::from(bar.png()?),
            },
        })
    }
}
