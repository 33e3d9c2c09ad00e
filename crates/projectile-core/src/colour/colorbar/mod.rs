//! A scale of colours with its numbers, as a picture or as a drawing.

mod canvas;
mod svg;
mod ticks;

use super::{Raster, Window};
use crate::encode::{Content, Encoding};
use crate::error::{Error, Result};

/// The least and greatest length of the bar, in pixels.
pub const BAR_LENGTHS: std::ops::RangeInclusive<u32> = 32..=4096;
/// The longest text beside it, in characters.
pub const LONGEST_LABEL: usize = 200;

/// Across the bar, pixels.
const THICKNESS: u32 = 16;
/// Around everything.
const MARGIN: u32 = 24;
const TICK: u32 = 4;
const GAP: u32 = 2;
/// Of the letters, which all are of one width.
const LETTER: (u32, u32) = (7, 13);

/// A scale of colours: which colour stands for which value.
///
/// ```
/// use projectile_core::{Colorbar, Window, colormap};
///
/// let bar = Colorbar::new(colormap("viridis")?.table.clone(), Window::new(0.0, 5.0)?);
/// assert!(bar.svg().contains(">2</text>"));
/// let picture = bar.raster();
/// assert_eq!(picture.data.len(), picture.height * picture.width * 3);
/// # Ok::<(), projectile_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Colorbar {
    /// Red, green, blue, from the window's lower end to its upper.
    table: Vec<[u8; 3]>,
    window: Window,
    label: String,
    is_vertical: bool,
    length: u32,
    background: [u8; 3],
}

/// Something that is drawn, in pixels from the upper left corner.
#[derive(Clone, Debug, PartialEq)]
enum Mark {
    Rectangle {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        colour: [u8; 3],
    },
    /// A line of text whose middle, or left end, is there.
    Text {
        x: u32,
        middle: u32,
        is_centred: bool,
        text: String,
    },
}

impl Colorbar {
    /// A horizontal one on white, 256 pixels long.
    pub fn new(table: Vec<[u8; 3]>, window: Window) -> Self {
        Self {
            table,
            window,
            label: String::new(),
            is_vertical: false,
            length: 256,
            background: [255; 3],
        }
    }

    /// What the values are: a name, a unit.
    ///
    /// # Errors
    /// [`Limit`](crate::ErrorKind::Limit) for one that is too long.
    pub fn with_label(self, label: &str) -> Result<Self> {
        if label.chars().count() > LONGEST_LABEL {
            return Err(Error::limit(format!(
                "a label has at most {LONGEST_LABEL} characters"
            )));
        }
        Ok(Self {
            label: label.to_owned(),
            ..self
        })
    }

    /// Of that length in pixels.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for one outside of [`BAR_LENGTHS`].
    pub fn with_length(self, length: u32) -> Result<Self> {
        if !BAR_LENGTHS.contains(&length) {
            return Err(Error::bad_request(
                "length",
                format!(
                    "length = {length} is outside {} to {}",
                    BAR_LENGTHS.start(),
                    BAR_LENGTHS.end()
                ),
            ));
        }
        Ok(Self { length, ..self })
    }

    /// Upright, the greatest value at the top.
    #[must_use]
    pub fn vertical(self) -> Self {
        Self {
            is_vertical: true,
            ..self
        }
    }

    /// On another colour than white.
    #[must_use]
    pub fn with_background(self, background: [u8; 3]) -> Self {
        Self { background, ..self }
    }

    /// As an SVG file.
    pub fn svg(&self) -> String {
        svg::draw(&self.marks(), self.size(), self.background, self.ink())
    }

    /// As a picture.
    pub fn raster(&self) -> Raster {
        canvas::draw(&self.marks(), self.size(), self.background, self.ink())
    }

    /// As a PNG file.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal), never for a picture that is as large as this.
    pub fn png(&self) -> Result<Vec<u8>> {
        let encoding = Encoding::by_extension("png")?;
        encoding
            .encoder
            .encode(Content::Colours(&self.raster()), &encoding.options)
    }

    /// Black or white, by what is read on the background.
    fn ink(&self) -> [u8; 3] {
        let [red, green, blue] = self.background.map(u32::from);
        if 2 * red + 5 * green + blue > 4 * 255 {
            [0; 3]
        } else {
            [255; 3]
        }
    }

    /// Its own size with everything beside it: width and height in pixels.
    fn size(&self) -> (u32, u32) {
        let beside = GAP + LETTER.1 + GAP;
        let label = if self.label.is_empty() { 0 } else { beside };
        if self.is_vertical {
            let widest = self.ticks().iter().map(|(_, text)| text.chars().count()).max();
            let numbers = TICK + GAP + widest.unwrap_or(0) as u32 * LETTER.0;
            let label_width = self.label.chars().count() as u32 * LETTER.0;
            let width = (THICKNESS + numbers).max(label_width) + 2 * MARGIN;
            return (width, self.length + label + 2 * MARGIN);
        }
        let label_width = self.label.chars().count() as u32 * LETTER.0;
        (
            self.length.max(label_width) + 2 * MARGIN,
            THICKNESS + TICK + beside + label + 2 * MARGIN,
        )
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        // A number every so many pixels: as wide as most are, or twice as high.
        let apart = if self.is_vertical {
            2 * LETTER.1
        } else {
            9 * LETTER.0
        };
        ticks::between(self.window, (self.length / apart).max(2))
    }

    fn marks(&self) -> Vec<Mark> {
        let (width, height) = self.size();
        let length = f64::from(self.length);
        let left = if self.is_vertical {
            MARGIN
        } else {
            (width - self.length) / 2
        };
        let (thick, from_left, from_top) = (f64::from(THICKNESS), f64::from(left), f64::from(MARGIN));
        let mut marks = Vec::new();
        let count = self.table.len().max(1) as f64;
        for (index, colour) in self.table.iter().enumerate() {
            let (start, end) = (
                (index as f64 / count * length).round(),
                ((index + 1) as f64 / count * length).round(),
            );
            if start == end {
                continue;
            }
            let (x, y, width, height) = if self.is_vertical {
                (from_left, from_top + length - end, thick, end - start)
            } else {
                (from_left + start, from_top, end - start, thick)
            };
            marks.push(Mark::Rectangle {
                x,
                y,
                width,
                height,
                colour: *colour,
            });
        }
        for (share, text) in self.ticks() {
            let along = (share * (length - 1.0)).round();
            if self.is_vertical {
                let y = from_top + length - 1.0 - along;
                marks.push(self.tick(from_left + thick, y, f64::from(TICK), 1.0));
                marks.push(Mark::Text {
                    x: left + THICKNESS + TICK + GAP,
                    middle: y as u32,
                    is_centred: false,
                    text,
                });
            } else {
                let x = from_left + along;
                marks.push(self.tick(x, from_top + thick, 1.0, f64::from(TICK)));
                marks.push(Mark::Text {
                    x: x as u32,
                    middle: MARGIN + THICKNESS + TICK + GAP + LETTER.1 / 2,
                    is_centred: true,
                    text,
                });
            }
        }
        if !self.label.is_empty() {
            marks.push(Mark::Text {
                x: if self.is_vertical { left } else { width / 2 },
                middle: height - MARGIN - LETTER.1 / 2,
                is_centred: !self.is_vertical,
                text: self.label.clone(),
            });
        }
        marks
    }

    fn tick(&self, x: f64, y: f64, width: f64, height: f64) -> Mark {
        Mark::Rectangle {
            x,
            y,
            width,
            height,
            colour: self.ink(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(vmin: f64, vmax: f64) -> Colorbar {
        let table = (0..=255).map(|level| [level, 0, 255 - level]).collect();
        Colorbar::new(table, Window::new(vmin, vmax).unwrap())
    }

    fn pixel(raster: &Raster, x: usize, y: usize) -> [u8; 3] {
        let at = (y * raster.width + x) * 3;
        raster.data[at..at + 3].try_into().unwrap()
    }

    #[test]
    fn colours_go_from_the_lower_end_to_the_upper() {
        let flat = bar(0.0, 1.0).raster();
        assert_eq!(pixel(&flat, 24, 30), [0, 0, 255]);
        assert_eq!(pixel(&flat, 24 + 255, 30), [255, 0, 0]);
        assert_eq!(pixel(&flat, 0, 0), [255; 3]);
        let upright = bar(0.0, 1.0).vertical().with_length(100).unwrap().raster();
        assert!(pixel(&upright, 30, 24)[0] > 250);
        assert!(pixel(&upright, 30, 24 + 99)[2] > 250);
    }

    #[test]
    fn a_dark_background_has_light_letters() {
        let dark = bar(0.0, 1.0).with_background([10, 10, 40]);
        assert!(dark.svg().contains("fill=\"#ffffff\""));
        let raster = dark.raster();
        assert!(raster.data.chunks(3).any(|pixel| pixel == [255; 3]));
    }

    #[test]
    fn a_drawing_says_what_the_picture_shows_and_no_markup_gets_in() {
        let bar = bar(-1.0, 1.0).with_label("height <m> & \"more\"").unwrap();
        let svg = bar.svg();
        for text in [
            ">-1.0<",
            ">0.0<",
            ">1.0<",
            "height &lt;m&gt; &amp; &quot;more&quot;",
        ] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert!(svg.contains(&format!("width=\"{}\"", bar.raster().width)));
    }

    #[test]
    fn there_are_limits() {
        assert!(bar(0.0, 1.0).with_length(5000).is_err());
        assert!(bar(0.0, 1.0).with_length(0).is_err());
        assert!(bar(0.0, 1.0).with_label(&"x".repeat(201)).is_err());
    }
}
