//! From luma and chroma planes to gray or RGB.

use projectile_core::{Error, Result};

/// One plane of samples of up to 16 bits, as the decoder keeps them.
pub(crate) struct Plane<P> {
    pub(crate) bytes: P,
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    pub(crate) wide: bool,
}

impl<P: AsRef<[u8]>> Plane<P> {
    pub(crate) fn at(&self, y: usize, x: usize) -> f32 {
        let bytes = self.bytes.as_ref();
        if self.wide {
            let at = y * self.stride + x * 2;
            f32::from(u16::from_ne_bytes([bytes[at], bytes[at + 1]]))
        } else {
            f32::from(bytes[y * self.stride + x])
        }
    }
}

/// How numbers mean luma and chroma.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding {
    pub(crate) depth: u32,
    pub(crate) full_range: bool,
    /// As ITU-T H.273 numbers them.
    pub(crate) matrix: u16,
}

impl Coding {
    pub(crate) fn top(self) -> f32 {
        ((1u32 << self.depth) - 1) as f32
    }

    /// Luma within 0..=1.
    pub(crate) fn luma(self, value: f32) -> f32 {
        if self.full_range {
            value / self.top()
        } else {
            let unit = (1u32 << (self.depth - 8)) as f32;
            (value - 16.0 * unit) / (219.0 * unit)
        }
    }

    /// Chroma within -0.5..=0.5.
    fn chroma(self, value: f32) -> f32 {
        let middle = (1u32 << (self.depth - 1)) as f32;
        if self.full_range {
            (value - middle) / self.top()
        } else {
            (value - middle) / (224.0 * (1u32 << (self.depth - 8)) as f32)
        }
    }

    /// The weights of red and blue in luma.
    fn weights(self) -> Result<(f32, f32)> {
        Ok(match self.matrix {
            1 => (0.2126, 0.0722),
            2 | 5 | 6 => (0.299, 0.114), // 2 says nothing; BT.601 is what libavif takes then
            4 => (0.30, 0.11),
            7 => (0.212, 0.087),
            9 => (0.2627, 0.0593),
            other => {
                return Err(Error::unsupported(format!(
                    "AVIF colours by matrix {other} are not read"
                )));
            }
        })
    }

    /// What turns luma and the two chromas, as stored, into red, green and blue within 0..=1.
    pub(crate) fn converter(self) -> Result<impl Fn(f32, f32, f32) -> [f32; 3]> {
        let identity = self.matrix == 0;
        let (red, blue) = if identity { (0.0, 0.0) } else { self.weights()? };
        let green = 1.0 - red - blue;
        Ok(move |luma: f32, cb: f32, cr: f32| {
            if identity {
                return [self.luma(cr), self.luma(luma), self.luma(cb)];
            }
            let (luma, cb, cr) = (self.luma(luma), self.chroma(cb), self.chroma(cr));
            let r = luma + 2.0 * (1.0 - red) * cr;
            let b = luma + 2.0 * (1.0 - blue) * cb;
            [r, (luma - red * r - blue * b) / green, b]
        })
    }
}

/// A chroma plane of half the size in one or both directions, enlarged between its samples as libavif does: 3 parts of
/// the nearer, 1 of the farther.
pub(crate) struct Enlarged<P> {
    pub(crate) plane: Plane<P>,
    /// Rows and columns of the plane.
    pub(crate) size: [usize; 2],
    /// Whether it is half as high, half as wide.
    pub(crate) halved: [bool; 2],
}

impl<P: AsRef<[u8]>> Enlarged<P> {
    pub(crate) fn at(&self, y: usize, x: usize) -> f32 {
        let (near_y, far_y) = neighbours(y, self.size[0], self.halved[0]);
        let (near_x, far_x) = neighbours(x, self.size[1], self.halved[1]);
        let across = |y: usize| {
            if near_x == far_x {
                self.plane.at(y, near_x)
            } else {
                0.75 * self.plane.at(y, near_x) + 0.25 * self.plane.at(y, far_x)
            }
        };
        if near_y == far_y {
            across(near_y)
        } else {
            0.75 * across(near_y) + 0.25 * across(far_y)
        }
    }
}

/// The sample that lies nearest, and the next one on the other side.
fn neighbours(at: usize, size: usize, halved: bool) -> (usize, usize) {
    if !halved {
        return (at, at);
    }
    let near = at / 2;
    let far = if at % 2 == 0 {
        near.saturating_sub(1)
    } else {
        (near + 1).min(size - 1)
    };
    (near, far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_is_gray_and_the_ends_are_the_ends() {
        for (full_range, black, white) in [(true, 0.0, 255.0), (false, 16.0, 235.0)] {
            let convert = Coding {
                depth: 8,
                full_range,
                matrix: 6,
            }
            .converter()
            .unwrap();
            assert_eq!(
                convert(black, 128.0, 128.0).map(|v| (v * 255.0).round()),
                [0.0; 3]
            );
            assert_eq!(
                convert(white, 128.0, 128.0).map(|v| (v * 255.0).round()),
                [255.0; 3]
            );
        }
        assert!(
            Coding {
                depth: 8,
                full_range: true,
                matrix: 8
            }
            .converter()
            .is_err()
        );
    }

    #[test]
    fn halved_planes_are_enlarged_between_their_samples() {
        let plane = Plane {
            bytes: vec![0u8, 100],
            stride: 2,
            wide: false,
        };
        let plane = Enlarged {
            plane,
            size: [1, 2],
            halved: [true, true],
        };
        assert_eq!([0, 1, 2, 3].map(|x| plane.at(1, x)), [0.0, 25.0, 75.0, 100.0]);
    }
}
