//! Which axis is what, and where its pixels lie: `CTYPE` and the linear part of the world coordinates (chapter 8).

use projectile_core::{Axes, Coordinates, Dimension, Result};

use super::header::Header;
use crate::open::OpenOptions;

/// Names for the axes of an image of `shape`, the slowest first: those of the options; else, where the header tells
/// what the third and further axes are, their own; else those of the rule for arrays.
pub(super) fn axes(header: &Header, shape: &[u64], options: &OpenOptions) -> Result<Axes> {
    if let Some(letters) = &options.axes {
        return Axes::named(letters, shape);
    }
    let count = shape.len();
    let is_told = (3..=count).any(|axis| header.text(&format!("CTYPE{axis}")).is_some());
    if count < 3 || !is_told {
        return Axes::guess(shape);
    }
    let mut names = vec!["x".to_owned(), "y".to_owned()];
    for axis in 3..=count {
        let kind = header.text(&format!("CTYPE{axis}")).unwrap_or_default();
        let kind = kind.split('-').next().unwrap_or_default().to_ascii_uppercase();
        let wanted: &[&str] = match kind.as_str() {
            "STOKES" | "RGB" => &["c"],
            "TIME" | "UTC" | "TAI" | "TT" | "TDB" | "UT1" => &["t"],
            _ => &["z"],
        };
        let others = ["z", "t", "s", "r", "q", "p"];
        let free = wanted
            .iter()
            .chain(&others)
            .find(|name| !names.iter().any(|taken| taken == *name));
        names.push(free.map_or_else(|| format!("axis{axis}"), ToString::to_string));
    }
    names.reverse();
    Axes::with_names(&names, shape)
}

/// What is known of each axis, the slowest first. Coordinates are told where the axis is linear and not rotated against
/// any other.
pub(super) fn dimensions(header: &Header, count: usize) -> Vec<Dimension> {
    let all: Vec<Dimension> = (1..=count)
        .rev()
        .map(|axis| dimension(header, axis, count))
        .collect();
    if all.iter().all(|dimension| *dimension == Dimension::default()) {
        return Vec::new();
    }
    all
}

fn dimension(header: &Header, axis: usize, count: usize) -> Dimension {
    let kind = header.text(&format!("CTYPE{axis}"));
    let label = kind
        .map(|kind| kind.split('-').next().unwrap_or_default().trim().to_owned())
        .filter(|label| !label.is_empty() && label != "LINEAR");
    // The fifth character tells of a projection or of another law than a line (chapter 8.2).
    let is_linear = kind.is_none_or(|kind| kind.as_bytes().get(4) != Some(&b'-'));
    let is_alone = (1..=count).filter(|&other| other != axis).all(|other| {
        ["PC", "CD"].into_iter().all(|matrix| {
            let zero = |row, column| {
                header
                    .real(&format!("{matrix}{row}_{column}"))
                    .is_none_or(|value| value == 0.0)
            };
            zero(axis, other) && zero(other, axis)
        })
    }) && (1..=count).all(|axis| {
        header
            .real(&format!("CROTA{axis}"))
            .is_none_or(|angle| angle == 0.0)
    });
    let coordinates = (is_linear && is_alone)
        .then(|| coordinates(header, axis))
        .flatten();
    Dimension {
        label,
        unit: header
            .text(&format!("CUNIT{axis}"))
            .map(str::to_owned)
            .filter(|_| coordinates.is_some()),
        coordinates,
    }
}

fn coordinates(header: &Header, axis: usize) -> Option<Coordinates> {
    let real = |keyword: &str| header.real(&format!("{keyword}{axis}"));
    let matrix = |name: &str| header.real(&format!("{name}{axis}_{axis}"));
    let step = matrix("CD").or_else(|| {
        let delta = real("CDELT").or_else(|| matrix("PC").map(|_| 1.0))?;
        Some(delta * matrix("PC").unwrap_or(1.0))
    });
    let (value, pixel) = (real("CRVAL").unwrap_or(0.0), real("CRPIX").unwrap_or(0.0));
    let step = step.or_else(|| real("CRVAL").map(|_| 1.0))?;
    // Pixels are counted from 1.
    let start = value + (1.0 - pixel) * step;
    (step != 0.0 && step.is_finite() && start.is_finite()).then_some(Coordinates::Even { start, step })
}

#[cfg(test)]
mod tests {
    use super::super::header::parse_header;
    use super::*;

    fn header(cards: &[&str]) -> Header {
        let padded = |card: &&str| {
            card.bytes()
                .chain(std::iter::repeat(b' '))
                .take(80)
                .collect::<Vec<u8>>()
        };
        let mut text: Vec<u8> = cards.iter().chain(&["END"]).flat_map(padded).collect();
        text.resize(text.len().next_multiple_of(2880), b' ');
        parse_header(&text).unwrap()
    }

    #[test]
    fn linear_axes_have_coordinates_and_others_have_none() {
        let spectrum = header(&[
            "CTYPE1  = 'WAVE    '",
            "CUNIT1  = 'nm      '",
            "CRVAL1  = 500.0",
            "CRPIX1  = 11",
            "CDELT1  = 0.5",
            "CTYPE2  = 'DEC--TAN'",
            "CRVAL2  = 10",
            "CDELT2  = 0.1",
        ]);
        let all = dimensions(&spectrum, 2);
        assert_eq!(all[0].coordinates, None);
        assert_eq!(all[0].label.as_deref(), Some("DEC"));
        assert_eq!(
            all[1].coordinates,
            Some(Coordinates::Even {
                start: 495.0,
                step: 0.5
            })
        );
        assert_eq!(all[1].unit.as_deref(), Some("nm"));
        let rotated = header(&[
            "CRVAL1  = 1",
            "CD1_1   = 0.5",
            "CD1_2   = 0.1",
            "CRVAL2  = 1",
            "CD2_2   = 1",
        ]);
        assert!(dimensions(&rotated, 2).is_empty());
    }

    #[test]
    fn further_axes_are_named_by_their_kind() {
        let cube = header(&["CTYPE3  = 'FREQ    '", "CTYPE4  = 'STOKES  '"]);
        let options = OpenOptions::default();
        assert_eq!(axes(&cube, &[4, 90, 8, 9], &options).unwrap().to_string(), "czyx");
        assert_eq!(
            axes(&header(&[]), &[90, 8, 9], &options).unwrap().to_string(),
            "cyx"
        );
        assert_eq!(
            axes(&header(&["CTYPE3  = 'VRAD    '"]), &[90, 8, 9], &options)
                .unwrap()
                .to_string(),
            "zyx"
        );
    }
}
