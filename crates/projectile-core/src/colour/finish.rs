//! What is done to a coloured picture last: turned, mirrored, without its colours.

use std::hash::{Hash, Hasher};

use super::raster::{Layout, Raster};

/// Which colours are left of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tones {
    /// All.
    #[default]
    Colour,
    /// Grays, by ITU-R 601-2 luma, as PIL makes them.
    Gray,
    /// Black and white: grays from the middle on are white.
    Bitonal,
}

/// How a picture is finished: mirrored, then turned, as the IIIF Image API has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finish {
    /// Whether left and right are exchanged.
    pub mirrored: bool,
    /// Degrees clockwise, 0 to 360.
    pub rotation: f64,
    /// Which colours are left.
    pub tones: Tones,
}

impl Finish {
    /// Whether the picture stays as it is.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn key(&self) -> (bool, u64, Tones) {
        (self.mirrored, (self.rotation + 0.0).to_bits(), self.tones)
    }
}

impl PartialEq for Finish {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Finish {}

impl Hash for Finish {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl Raster {
    /// The picture finished as `finish` says; turned by no multiple of 90 degrees it is as large as all of it needs,
    /// and transparent around.
    #[must_use]
    pub fn finished(self, finish: &Finish) -> Self {
        let mut picture = match finish.tones {
            Tones::Colour => self,
            Tones::Gray => self.to_gray(),
            Tones::Bitonal => {
                let mut gray = self.to_gray();
                for pixel in gray.data.as_chunks_mut::<2>().0 {
                    pixel[0] = if pixel[0] >= 128 { 255 } else { 0 };
                }
                gray
            }
        };
        if finish.mirrored {
            picture = picture.rearranged(picture.height, picture.width, |y, x, _, width| (y, width - 1 - x));
        }
        let (height, width) = (picture.height, picture.width);
        let turned = if finish.rotation == 90.0 {
            picture.rearranged(width, height, |y, x, height, _| (height - 1 - x, y))
        } else if finish.rotation == 180.0 {
            picture.rearranged(height, width, |y, x, height, width| {
                (height - 1 - y, width - 1 - x)
            })
        } else if finish.rotation == 270.0 {
            picture.rearranged(width, height, |y, x, _, width| (x, width - 1 - y))
        } else if finish.rotation == 0.0 || finish.rotation == 360.0 {
            picture
        } else {
            picture.turned(finish.rotation)
        };
        turned.without_idle_alpha()
    }

    /// Gray and alpha of 8 bits.
    fn to_gray(&self) -> Self {
        let rgba = self.to_rgba();
        let data = rgba
            .data
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[red, green, blue, alpha]| {
                let [red, green, blue] = [red, green, blue].map(u32::from);
                let luma = (19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16;
                [luma as u8, alpha]
            })
            .collect();
        Self {
            layout: Layout::GrayAlpha,
            data,
            ..rgba
        }
    }

    /// A picture of the same pixels at other places: `from` says where that of (y, x) is, of how many rows and columns.
    fn rearranged(
        &self,
        height: usize,
        width: usize,
        from: impl Fn(usize, usize, usize, usize) -> (usize, usize),
    ) -> Self {
        let pixel = self.pixel_bytes();
        let mut data = Vec::with_capacity(self.data.len());
        for y in 0..height {
            for x in 0..width {
                let (y, x) = from(y, x, self.height, self.width);
                data.extend_from_slice(&self.data[(y * self.width + x) * pixel..][..pixel]);
            }
        }
        Self {
            height,
            width,
            data,
            palette: self.palette.clone(),
            ..*self
        }
    }

    /// Turned about its middle by any angle; between pixels, colours are mixed by how near they are.
    fn turned(&self, degrees: f64) -> Self {
        let source = self.to_rgba();
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (height, width) = (source.height as f64, source.width as f64);
        // An edge that lies on a pixel's edge but for rounding takes no further pixel.
        let size = |length: f64| (length - 1e-6).ceil().max(1.0);
        let (rows, columns) = (
            size(width * sin.abs() + height * cos.abs()),
            size(width * cos.abs() + height * sin.abs()),
        );
        let mut data = Vec::with_capacity((rows * columns) as usize * 4);
        for y in 0..rows as usize {
            for x in 0..columns as usize {
                let (dy, dx) = (y as f64 + 0.5 - rows / 2.0, x as f64 + 0.5 - columns / 2.0);
                // Back to where it came from.
                let from_x = dx * cos + dy * sin + width / 2.0 - 0.5;
                let from_y = -dx * sin + dy * cos + height / 2.0 - 0.5;
                data.extend_from_slice(&source.mixed(from_y, from_x));
            }
        }
        Self {
            layout: Layout::Rgba,
            bits: 8,
            height: rows as usize,
            width: columns as usize,
            data,
            palette: Vec::new(),
        }
    }

    /// The colour between the four nearest pixels of an RGBA picture, which is transparent beyond its edge.
    fn mixed(&self, y: f64, x: f64) -> [u8; 4] {
        let (top, left) = (y.floor(), x.floor());
        let (down, right) = (y - top, x - left);
        let (mut sums, mut opacity) = ([0.0; 3], 0.0);
        for (row, share_down) in [(top, 1.0 - down), (top + 1.0, down)] {
            for (column, share_right) in [(left, 1.0 - right), (left + 1.0, right)] {
                if row < 0.0 || column < 0.0 || row >= self.height as f64 || column >= self.width as f64 {
                    continue;
                }
                let at = (row as usize * self.width + column as usize) * 4;
                let share = share_down * share_right * f64::from(self.data[at + 3]);
                opacity += share;
                for (sum, &colour) in sums.iter_mut().zip(&self.data[at..at + 3]) {
                    *sum += share * f64::from(colour);
                }
            }
        }
        if opacity <= 0.0 {
            return [0; 4];
        }
        let [red, green, blue] = sums.map(|sum| (sum / opacity).round() as u8);
        [red, green, blue, opacity.round() as u8]
    }

    /// The same picture without alpha, where all of it is opaque.
    fn without_idle_alpha(self) -> Self {
        let layout = match self.layout {
            Layout::GrayAlpha => Layout::Gray,
            Layout::Rgba => Layout::Rgb,
            _ => return self,
        };
        if self.has_transparency() {
            return self;
        }
        let (pixel, sample) = (self.pixel_bytes(), usize::from(self.bits / 8));
        let data = self
            .data
            .chunks_exact(pixel)
            .flat_map(|colour| &colour[..pixel - sample])
            .copied()
            .collect();
        Self { layout, data, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(height: usize, width: usize, data: &[u8]) -> Raster {
        Raster {
            layout: Layout::Gray,
            bits: 8,
            height,
            width,
            data: data.to_vec(),
            palette: Vec::new(),
        }
    }

    fn finish(mirrored: bool, rotation: f64) -> Finish {
        Finish {
            mirrored,
            rotation,
            ..Finish::default()
        }
    }

    #[test]
    fn quarters_of_a_turn_move_pixels_and_nothing_else() {
        let picture = gray(2, 3, &[1, 2, 3, 4, 5, 6]);
        for (mirrored, rotation, height, data) in [
            (false, 0.0, 2, [1, 2, 3, 4, 5, 6]),
            (true, 0.0, 2, [3, 2, 1, 6, 5, 4]),
            (false, 90.0, 3, [4, 1, 5, 2, 6, 3]),
            (false, 180.0, 2, [6, 5, 4, 3, 2, 1]),
            (false, 270.0, 3, [3, 6, 2, 5, 1, 4]),
            (true, 90.0, 3, [6, 3, 5, 2, 4, 1]),
        ] {
            let turned = picture.clone().finished(&finish(mirrored, rotation));
            assert_eq!((turned.layout, turned.height), (Layout::Gray, height));
            assert_eq!(turned.data, data, "{mirrored} {rotation}");
        }
    }

    #[test]
    fn any_other_angle_makes_room_and_leaves_the_corners_clear() {
        let turned = gray(10, 10, &[200; 100]).finished(&finish(false, 45.0));
        assert_eq!(
            (turned.layout, turned.height, turned.width),
            (Layout::Rgba, 15, 15)
        );
        assert_eq!(turned.data[3], 0);
        let middle = &turned.data[(7 * 15 + 7) * 4..][..4];
        assert_eq!(middle, [200, 200, 200, 255]);
        // So little that no pixel leaves its place.
        let nearly = gray(4, 4, &[50; 16]).finished(&finish(false, 1e-9));
        assert_eq!((nearly.height, nearly.width), (4, 4));
    }

    #[test]
    fn tones_are_those_of_pil() {
        let red = Raster {
            layout: Layout::Rgb,
            data: vec![255, 0, 0, 0, 255, 0],
            ..gray(1, 2, &[])
        };
        let tones = |tones| {
            let finish = Finish {
                tones,
                ..Finish::default()
            };
            red.clone().finished(&finish)
        };
        assert_eq!(
            (tones(Tones::Gray).layout, tones(Tones::Gray).data),
            (Layout::Gray, vec![76, 150])
        );
        assert_eq!(tones(Tones::Bitonal).data, [0, 255]);
        assert_eq!(tones(Tones::Colour), red);
    }
}
