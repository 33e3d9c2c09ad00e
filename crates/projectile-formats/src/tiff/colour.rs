//! What a page's samples mean: inverted grays, palettes, inks, premultiplied alpha.

use projectile_core::{Error, Result};

use super::page::{Page, Photometric};
use crate::decode::Data;
use crate::sizes::to_usize;

/// Samples that mean what they say.
pub(crate) struct Meant {
    pub(crate) data: Data,
    pub(crate) channels: u64,
    /// Whether they are colours (and alpha) rather than channels of data.
    pub(crate) colours: bool,
    pub(crate) note: Option<&'static str>,
}

/// Whether the channels of such a page are shown as they are, so that each can be read alone.
pub(crate) fn is_plain(page: &Page) -> bool {
    match page.photometric {
        Photometric::BlackIsZero | Photometric::Other(_) => true,
        Photometric::Rgb => page.samples != 4 || !matches!(page.extra.as_deref(), Some([0 | 1, ..])),
        _ => false,
    }
}

/// Turns the samples of `page` (or of several like it) into gray, gray and alpha, RGB or RGBA where they are colours.
/// `palette` is the page's colour map as stored.
pub(crate) fn meant(page: &Page, data: Data, palette: Option<&[u64]>) -> Result<Meant> {
    let extra = page.extra.as_deref();
    let alpha = |extra: Option<&[u64]>| matches!(extra, Some([1 | 2, ..]));
    let same = |data, colours| Meant {
        data,
        channels: page.samples,
        colours,
        note: None,
    };
    Ok(match (page.photometric, page.samples) {
        (Photometric::WhiteIsZero, samples) => {
            let channels = if samples == 2 && alpha(extra) { 2 } else { samples };
            Meant {
                data: inverted(data, page.bits, samples),
                channels,
                colours: samples == 1 || channels == 2,
                note: None,
            }
        }
        (Photometric::BlackIsZero, 1) => same(data, true),
        (Photometric::BlackIsZero, 2) => same(data, alpha(extra)),
        (Photometric::Palette, 1) => Meant {
            data: coloured(data, page, palette)?,
            channels: 3,
            colours: true,
            note: None,
        },
        (Photometric::Rgb | Photometric::YCbCr, 3) => {
            let data = if is_raw_ycbcr(page) {
                rgb_of_ycbcr(data)?
            } else {
                data
            };
            same(data, true)
        }
        (Photometric::Rgb, 4) => match extra {
            Some([1, ..]) => Meant {
                note: Some("premultiplied alpha was divided out"),
                ..same(straight(data), true)
            },
            Some([0, ..]) => {
                let (data, _) = data.into_mode(crate::open::Mode::Rgb, 4);
                Meant {
                    data,
                    channels: 3,
                    colours: true,
                    note: Some("a fourth channel of no stated meaning was dropped"),
                }
            }
            _ => same(data, true),
        },
        (Photometric::Cmyk, 4) => match data {
            Data::U8(inks) => Meant {
                data: Data::U8(rgb_of_inks(inks, 255)),
                ..three(page)
            },
            Data::U16(inks) => Meant {
                data: Data::U16(rgb_of_inks(inks, 65535)),
                ..three(page)
            },
            other => same(other, false),
        },
        (_, _) => same(data, false),
    })
}

fn three(_page: &Page) -> Meant {
    Meant {
        data: Data::U8(Vec::new()),
        channels: 3,
        colours: true,
        note: Some("CMYK was converted as PIL does"),
    }
}

fn inverted(mut data: Data, bits: u32, samples: u64) -> Data {
    // Below 8 bits the samples were stretched to a byte, so they are inverted within one.
    let unused = if bits < 8 { 56 } else { 64u32.saturating_sub(bits) };
    let top = u64::MAX >> unused;
    let step = to_usize(samples); // only the gray of gray and alpha
    match &mut data {
        Data::U8(samples) => samples
            .iter_mut()
            .step_by(step)
            .for_each(|v| *v = u8::try_from(top).unwrap_or(u8::MAX).wrapping_sub(*v)),
        Data::U16(samples) => samples
            .iter_mut()
            .step_by(step)
            .for_each(|v| *v = u16::try_from(top).unwrap_or(u16::MAX).wrapping_sub(*v)),
        Data::U32(samples) => samples
            .iter_mut()
            .step_by(step)
            .for_each(|v| *v = u32::try_from(top).unwrap_or(u32::MAX).wrapping_sub(*v)),
        _ => {} // signed and floating samples are data: tifffile and PIL leave them
    }
    data
}

fn coloured(data: Data, page: &Page, palette: Option<&[u64]>) -> Result<Data> {
    let entries = 1usize << page.bits.min(16);
    let mut channels = palette.unwrap_or_default().chunks_exact(entries);
    let (Some(red), Some(green), Some(blue)) = (channels.next(), channels.next(), channels.next()) else {
        return Err(Error::corrupt("its palette is missing or too short"));
    };
    // 16 bits a colour as stored; the high byte is the colour, as PIL and libtiff read it.
    let colour = |index: usize| {
        [red, green, blue].map(|channel| {
            let entry = channel.get(index).or(channel.last());
            entry.map_or(0, |entry| entry.to_le_bytes()[1])
        })
    };
    Ok(Data::U8(match data {
        Data::U8(indices) => indices.iter().flat_map(|&index| colour(index.into())).collect(),
        Data::U16(indices) => indices.iter().flat_map(|&index| colour(index.into())).collect(),
        _ => return Err(Error::corrupt("palette entries are numbered by 1 to 16 bits")),
    }))
}

/// Whether its samples are still luma and chroma: JPEG's own decoder has converted its.
fn is_raw_ycbcr(page: &Page) -> bool {
    page.photometric == Photometric::YCbCr && !matches!(page.compression, 7 | 33003 | 33005 | 34712 | 50001)
}

/// BT.601 with the whole range, as JPEG has it.
fn rgb_of_ycbcr(data: Data) -> Result<Data> {
    let Data::U8(mut pixels) = data else {
        return Err(Error::unsupported("YCbCr of more than 8 bits is not read"));
    };
    to_rgb(&mut pixels);
    Ok(Data::U8(pixels))
}

/// Luma and chroma in place.
pub(super) fn to_rgb(pixels: &mut [u8]) {
    #[expect(
        clippy::as_conversions,
        reason = "it was rounded, and clamped to what a byte holds"
    )]
    let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    for pixel in pixels.as_chunks_mut().0 {
        let [luma, cb, cr] = pixel.map(f32::from);
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let rgb = [
            luma + 1.402 * cr,
            luma - 0.344_136 * cb - 0.714_136 * cr,
            luma + 1.772 * cb,
        ];
        *pixel = rgb.map(byte);
    }
}

/// PIL's conversion of inks: each colour is what its ink and black let through.
#[expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "`top` is the most that an ink's type holds, and there are 4 inks for each pixel"
)]
pub(crate) fn rgb_of_inks<T>(mut inks: Vec<T>, top: u64) -> Vec<T>
where
    T: Copy + TryFrom<u32> + Default,
    u64: From<T>,
{
    let pixels = inks.len() / 4;
    for i in 0..pixels {
        let black = top - u64::from(inks[i * 4 + 3]);
        for c in 0..3 {
            let ink = u64::from(inks[i * 4 + c]);
            let through = black - (ink * black + top / 2) / top;
            inks[i * 3 + c] = T::try_from(through as u32).unwrap_or_default();
        }
    }
    inks.truncate(pixels * 3);
    inks.shrink_to_fit();
    inks
}

/// Colours divided by their alpha.
#[expect(
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "samples have 16 bits at most, and what is divided by is not 0"
)]
fn straight(mut data: Data) -> Data {
    macro_rules! divide {
        ($pixels:expr, $top:expr) => {
            for [red, green, blue, alpha] in $pixels.as_chunks_mut().0 {
                let alpha = u64::from(*alpha);
                if alpha > 0 && alpha < $top {
                    for colour in [red, green, blue] {
                        *colour = ($top * u64::from(*colour) / alpha).min($top) as _;
                    }
                }
            }
        };
    }
    match &mut data {
        Data::U8(pixels) => divide!(pixels, 255),
        Data::U16(pixels) => divide!(pixels, 65535),
        _ => {}
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_are_pils() {
        assert_eq!(
            rgb_of_inks(vec![0u8, 128, 255, 0, 10, 20, 30, 40], 255),
            [255, 127, 0, 207, 198, 190]
        );
        assert_eq!(rgb_of_inks(vec![0u16, 0, 65535, 0], 65535), [65535, 65535, 0]);
    }
}
