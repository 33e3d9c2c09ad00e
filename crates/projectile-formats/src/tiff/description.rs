//! Image descriptions that are neither prose nor XML: `ImageJ`'s and Aperio's.

use std::collections::BTreeMap;

use projectile_core::{Coordinates, Dimension};

/// What `ImageJ` says of a hyperstack.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ImageJ {
    pub(super) images: u64,
    pub(super) channels: u64,
    pub(super) slices: u64,
    pub(super) frames: u64,
    pub(super) unit: Option<String>,
    pub(super) spacing: Option<f64>,
    pub(super) interval: Option<f64>,
}

/// Reads `ImageJ`'s description: lines of `key=value`, the first of which is its version.
pub(super) fn imagej(text: &str) -> Option<ImageJ> {
    if !text.starts_with("ImageJ=") {
        return None;
    }
    let values: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    let count = |key: &str| {
        let value = values.get(key).and_then(|value| value.parse::<u64>().ok());
        value.filter(|&count| count > 0).unwrap_or(1)
    };
    let number = |key: &str| {
        let value = values.get(key).and_then(|value| value.parse::<f64>().ok());
        value.filter(|number| number.is_finite() && *number > 0.0)
    };
    let unit = values
        .get("unit")
        .filter(|unit| !unit.is_empty() && **unit != "pixel");
    Some(ImageJ {
        images: count("images"),
        channels: count("channels"),
        slices: count("slices"),
        frames: count("frames"),
        unit: unit.map(|unit| match *unit {
            "micron" | "um" | "\\u00B5m" | "microns" => "µm".to_owned(),
            other => other.to_owned(),
        }),
        spacing: number("spacing"),
        interval: number("finterval"),
    })
}

/// What Aperio's scanners say of a slide: `key = value` between bars, behind a line or two of prose.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Aperio {
    /// Micrometres from one pixel to the next.
    pub(super) pitch: Option<f64>,
    pub(super) details: Vec<(String, String)>,
}

pub(super) fn aperio(text: &str) -> Option<Aperio> {
    if !text.starts_with("Aperio") {
        return None;
    }
    let mut found = Aperio::default();
    for (key, value) in text.split('|').skip(1).filter_map(|part| part.split_once('=')) {
        let (key, value) = (key.trim(), value.trim());
        match key {
            "MPP" => {
                found.pitch = value
                    .parse()
                    .ok()
                    .filter(|pitch: &f64| pitch.is_finite() && *pitch > 0.0);
            }
            "AppMag" => found.details.push(("magnification".to_owned(), value.to_owned())),
            "ScanScope ID" => found.details.push(("scanner".to_owned(), value.to_owned())),
            "Date" => found.details.push(("acquired".to_owned(), value.to_owned())),
            _ => {}
        }
    }
    Some(found)
}

/// What the page of a slide is that is no level of it, by its description.
pub(super) fn beside(text: &str) -> &'static str {
    let second = text.lines().nth(1).unwrap_or_default().trim_start();
    if second.starts_with("label") {
        "label"
    } else if second.starts_with("macro") {
        "macro"
    } else {
        "thumbnail"
    }
}

/// An axis whose pixels lie `step` apart.
pub(super) fn spaced(step: f64, unit: Option<String>) -> Dimension {
    Dimension {
        label: None,
        unit,
        coordinates: Some(Coordinates::Even { start: 0.0, step }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyperstacks_say_their_sizes() {
        let text = "ImageJ=1.53t\nimages=12\nchannels=2\nslices=3\nframes=2\nhyperstack=true\nunit=micron\nspacing=0.5\nmin=0\n";
        let found = imagej(text).unwrap();
        assert_eq!(
            (found.images, found.channels, found.slices, found.frames),
            (12, 2, 3, 2)
        );
        assert_eq!((found.unit.as_deref(), found.spacing), (Some("µm"), Some(0.5)));
        assert_eq!(imagej("anything else"), None);
        assert_eq!(imagej("ImageJ=\nimages=-3\nspacing=nan").unwrap().spacing, None);
    }

    #[test]
    fn slides_say_their_scale() {
        let text = "Aperio Image Library v11.2.1 \r\n46000x32914 [42673,5576 2220x2967] (240x240) JPEG/RGB Q=30|AppMag = 20|\
                    ScanScope ID = CPAPERIOCS|MPP = 0.4990";
        let found = aperio(text).unwrap();
        assert_eq!(found.pitch, Some(0.499));
        assert_eq!(found.details[0], ("magnification".to_owned(), "20".to_owned()));
        assert_eq!(beside("Aperio Image Library\r\nlabel 387x463"), "label");
        assert_eq!(
            beside("Aperio Image Library\r\n46000x32914 -> 1024x732"),
            "thumbnail"
        );
    }
}
