//! Marks as SVG.

use std::fmt::Write as _;

use super::{LETTER, Mark};

pub(super) fn draw(marks: &[Mark], (width, height): (u32, u32), background: [u8; 3], ink: [u8; 3]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         shape-rendering=\"crispEdges\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
        hex(background)
    );
    for mark in marks {
        match mark {
            Mark::Rectangle {
                x,
                y,
                width,
                height,
                colour,
            } => {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{}\"/>",
                    hex(*colour)
                );
            }
            Mark::Text {
                x,
                middle,
                is_centred,
                text,
            } => {
                let anchor = if *is_centred { "middle" } else { "start" };
                let _ = writeln!(
                    svg,
                    "<text x=\"{x}\" y=\"{middle}\" text-anchor=\"{anchor}\" dominant-baseline=\"central\" \
                     font-family=\"sans-serif\" font-size=\"{}\" fill=\"{}\">{}</text>",
                    LETTER.1 - 1,
                    hex(ink),
                    escaped(text)
                );
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    let plain: String = text.chars().filter(|letter| !letter.is_control()).collect();
    plain
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
