//! Marks as pixels.

use std::convert::Infallible;

use embedded_graphics::Drawable as _;
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_7X13;
use embedded_graphics::pixelcolor::{Rgb888, RgbColor as _};
use embedded_graphics::prelude::{DrawTarget, OriginDimensions, Pixel, Point, Size};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use super::Mark;
use crate::colour::{Layout, Raster};

/// A picture that is drawn on; what lies outside is left out.
struct Canvas(Raster);

impl Canvas {
    fn set(&mut self, x: i64, y: i64, colour: [u8; 3]) {
        let inside = |at: i64, length: usize| usize::try_from(at).ok().filter(|at| *at < length);
        if let (Some(x), Some(y)) = (inside(x, self.0.width), inside(y, self.0.height)) {
            let at = (y * self.0.width + x) * 3;
            self.0.data[at..at + 3].copy_from_slice(&colour);
        }
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.0.width as u32, self.0.height as u32)
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            self.set(at.x.into(), at.y.into(), [colour.r(), colour.g(), colour.b()]);
        }
        Ok(())
    }
}

pub(super) fn draw(marks: &[Mark], (width, height): (u32, u32), background: [u8; 3], ink: [u8; 3]) -> Raster {
    let mut canvas = Canvas(Raster {
        layout: Layout::Rgb,
        bits: 8,
        height: height as usize,
        width: width as usize,
        data: background.repeat(height as usize * width as usize),
        palette: Vec::new(),
    });
    let [red, green, blue] = ink;
    let letters = MonoTextStyle::new(&FONT_7X13, Rgb888::new(red, green, blue));
    for mark in marks {
        match mark {
            Mark::Rectangle {
                x,
                y,
                width,
                height,
                colour,
            } => {
                for row in 0..*height as i64 {
                    for column in 0..*width as i64 {
                        canvas.set(*x as i64 + column, *y as i64 + row, *colour);
                    }
                }
            }
            Mark::Text {
                x,
                middle,
                is_centred,
                text,
            } => {
                let style = TextStyleBuilder::new()
                    .alignment(if *is_centred {
                        Alignment::Center
                    } else {
                        Alignment::Left
                    })
                    .baseline(Baseline::Middle)
                    .build();
                let at = Point::new(*x as i32, *middle as i32);
                let drawn = Text::with_text_style(text, at, letters, style).draw(&mut canvas);
                // Nothing that is drawn here can fail.
                drawn.map_or_else(|never| match never {}, drop);
            }
        }
    }
    canvas.0
}
