//! A coloured picture, ready to encode.

/// How a raster's bytes are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Gray.
    Gray,
    /// Gray, straight alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, straight alpha.
    Rgba,
    /// One byte that indexes [`Raster::palette`].
    Indexed,
}

impl Layout {
    /// Samples of a pixel.
    pub const fn channels(self) -> usize {
        match self {
            Self::Gray | Self::Indexed => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    const fn with_alpha(self) -> Self {
        match self {
            Self::Gray => Self::GrayAlpha,
            Self::Rgb => Self::Rgba,
            other => other,
        }
    }
}

/// A coloured picture of `height × width` pixels in C order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// How the bytes are laid out.
    pub layout: Layout,
    /// Bits of each sample: 8, or 16 (big-endian, as PNG wants them).
    pub bits: u8,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The samples.
    pub data: Vec<u8>,
    /// Red, green, blue, alpha of each index; empty for other layouts.
    pub palette: Vec<[u8; 4]>,
}

impl Raster {
    /// A transparent picture.
    pub fn empty(height: usize, width: usize) -> Self {
        let palette = vec![[0; 4]];
        Self {
            layout: Layout::Indexed,
            bits: 8,
            height,
            width,
            data: vec![0; height * width],
            palette,
        }
    }

    /// Bytes of a pixel.
    pub fn pixel_bytes(&self) -> usize {
        self.layout.channels() * usize::from(self.bits / 8)
    }

    /// The picture with each pixel repeated `repeat` times a side, in the top left of one of `rows × columns`
    /// pixels that is transparent elsewhere.
    #[must_use]
    pub fn place(self, repeat: usize, (rows, columns): (usize, usize)) -> Self {
        let (height, width) = (self.height * repeat, self.width * repeat);
        if repeat == 1 && (height, width) == (rows, columns) {
            return self;
        }
        let mut picture = if height < rows || width < columns {
            self.with_room_for_transparency()
        } else {
            self
        };
        let pixel = picture.pixel_bytes();
        let outside = match picture.layout {
            Layout::Indexed => picture
                .palette
                .iter()
                .position(|colour| colour[3] == 0)
                .unwrap_or(0) as u8,
            _ => 0,
        };
        let mut data = Vec::with_capacity(rows * columns * pixel);
        for row in picture
            .data
            .chunks_exact(picture.width.max(1) * pixel)
            .take(picture.height)
        {
            let start = data.len();
            if repeat == 1 {
                data.extend_from_slice(row);
            } else {
                row.chunks_exact(pixel)
                    .for_each(|p| (0..repeat).for_each(|_| data.extend_from_slice(p)));
            }
            data.resize(start + columns * pixel, outside);
            let end = data.len();
            (1..repeat).for_each(|_| data.extend_from_within(start..end));
        }
        data.resize(rows * columns * pixel, outside);
        picture.data = data;
        (picture.height, picture.width) = (rows, columns);
        picture
    }

    /// The same picture in a layout that can show a transparent pixel.
    fn with_room_for_transparency(self) -> Self {
        match self.layout {
            Layout::GrayAlpha | Layout::Rgba => self,
            Layout::Indexed if self.palette.iter().any(|colour| colour[3] == 0) => self,
            Layout::Indexed if self.palette.len() < 256 => {
                let mut picture = self;
                picture.palette.push([0; 4]);
                picture
            }
            Layout::Indexed => match self.free_index() {
                Some(free) => {
                    let mut picture = self;
                    picture.palette[free] = [0; 4];
                    picture
                }
                None => self.to_rgba(),
            },
            Layout::Gray | Layout::Rgb => {
                let layout = self.layout.with_alpha();
                let pixel = self.pixel_bytes();
                let sample = usize::from(self.bits / 8);
                let mut data = Vec::with_capacity(self.data.len() / pixel * (pixel + sample));
                for colour in self.data.chunks_exact(pixel) {
                    data.extend_from_slice(colour);
                    data.extend((0..sample).map(|_| 255));
                }
                Self { layout, data, ..self }
            }
        }
    }

    /// An index of the palette that no pixel has.
    fn free_index(&self) -> Option<usize> {
        let mut used = [false; 256];
        self.data
            .iter()
            .for_each(|&index| used[usize::from(index)] = true);
        used.iter().position(|used| !used)
    }

    /// The same picture as 8-bit RGBA.
    #[must_use]
    pub fn to_rgba(&self) -> Self {
        let step = usize::from(self.bits / 8);
        let mut data = Vec::with_capacity(self.height * self.width * 4);
        for pixel in self.data.chunks_exact(self.pixel_bytes()) {
            data.extend(match self.layout {
                Layout::Gray => [pixel[0], pixel[0], pixel[0], 255],
                Layout::GrayAlpha => [pixel[0], pixel[0], pixel[0], pixel[step]],
                Layout::Rgb => [pixel[0], pixel[step], pixel[2 * step], 255],
                Layout::Rgba => [pixel[0], pixel[step], pixel[2 * step], pixel[3 * step]],
                Layout::Indexed => self
                    .palette
                    .get(usize::from(pixel[0]))
                    .copied()
                    .unwrap_or_default(),
            });
        }
        Self {
            layout: Layout::Rgba,
            bits: 8,
            data,
            palette: Vec::new(),
            ..*self
        }
    }

    /// The same picture without alpha, over `background`: 8-bit gray or RGB.
    #[must_use]
    pub fn flatten(self, background: [u8; 3]) -> Self {
        if self.bits == 8 && matches!(self.layout, Layout::Gray | Layout::Rgb) {
            return self;
        }
        let rgba = self.to_rgba();
        let mut data = Vec::with_capacity(rgba.height * rgba.width * 3);
        for pixel in rgba.data.as_chunks::<4>().0 {
            let alpha = u32::from(pixel[3]);
            data.extend((0..3).map(|c| {
                let sum = u32::from(pixel[c]) * alpha + u32::from(background[c]) * (255 - alpha);
                ((sum + 127) / 255) as u8
            }));
        }
        Self {
            layout: Layout::Rgb,
            data,
            ..rgba
        }
    }

    /// Whether any pixel is not opaque.
    pub fn has_transparency(&self) -> bool {
        let sample = usize::from(self.bits / 8);
        match self.layout {
            Layout::Gray | Layout::Rgb => false,
            Layout::GrayAlpha | Layout::Rgba => self
                .data
                .chunks_exact(self.pixel_bytes())
                .any(|p| p[p.len() - sample..].iter().any(|&b| b != 255)),
            Layout::Indexed => self.palette.iter().any(|colour| colour[3] != 255),
        }
    }
}
