//! AVIF: still pictures of 8, 10 and 12 bits, with alpha.

use std::path::Path;

use projectile_core::{DType, Error, Result};
use re_rav1d::dav1d::{Decoder, PixelLayout, PlanarImageComponent, Settings, pixel};

use crate::avif::boxes::{self, Still};
use crate::avif::colour::{Coding, Enlarged, Plane};
use crate::decode::{Data, Input, Picture, guarded};
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

pub(crate) struct Avif;

impl Format for Avif {
    fn name(&self) -> &'static str {
        "AVIF"
    }

    fn about(&self) -> &'static str {
        "still pictures of 8, 10 and 12 bits, alpha, turns and mirrors; grids are not read"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["avif", "avifs"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        matches!(head.get(4..12), Some(b"ftypavif" | b"ftypavis"))
            || (head.get(4..12) == Some(b"ftypmif1")
                && head.windows(4).take(64).any(|brand| brand == b"avif"))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let input = Input::open(path, options)?;
        guarded(options, || decode(&input)?.into_sources(self.name(), &input))
    }
}

fn decode(input: &Input<'_>) -> Result<Picture> {
    let still = boxes::still(&input.bytes()?)?;
    // The decoder holds planes of two bytes a sample besides ours.
    input.samples(still.width.into(), still.height.into(), 3, 2)?;
    let picture = decoded(&still.colour, &still)?;
    let alpha = still
        .alpha
        .as_deref()
        .map(|data| decoded(data, &still))
        .transpose()?;
    let (width, height) = (still.width as usize, still.height as usize);
    let depth = picture.bit_depth() as u32;
    let gray = picture.pixel_layout() == PixelLayout::I400;
    let channels = if gray { 1 } else { 3 } + usize::from(alpha.is_some());
    let dtype = if depth > 8 { DType::UInt16 } else { DType::UInt8 };
    let samples = input.samples(width as u64, height as u64, channels as u64, dtype.size())?;
    let coding = coding(&picture, still.matrix);
    let mut data = Data::zeroed(dtype, samples)?.ok_or_else(|| Error::internal("these dtypes are known"))?;
    let mut put = |at: usize, value: f32| {
        let value = (value.clamp(0.0, 1.0) * coding.top()).round();
        match &mut data {
            Data::U8(pixels) => pixels[at] = value as u8,
            Data::U16(pixels) => pixels[at] = value as u16,
            _ => {}
        }
    };
    let luma = plane(&picture, PlanarImageComponent::Y);
    if gray {
        for (y, x) in positions(height, width) {
            put((y * width + x) * channels, coding.luma(luma.at(y, x)));
        }
    } else {
        let convert = coding.converter()?;
        let (cb, cr) = (
            chroma(&picture, PlanarImageComponent::U),
            chroma(&picture, PlanarImageComponent::V),
        );
        for (y, x) in positions(height, width) {
            let rgb = convert(luma.at(y, x), cb.at(y, x), cr.at(y, x));
            let at = (y * width + x) * channels;
            rgb.into_iter()
                .enumerate()
                .for_each(|(c, value)| put(at + c, value));
        }
    }
    if let Some(alpha) = &alpha {
        let coding = self::coding(alpha, None);
        let plane = plane(alpha, PlanarImageComponent::Y);
        for (y, x) in positions(height, width) {
            put(
                (y * width + x) * channels + channels - 1,
                coding.luma(plane.at(y, x)),
            );
        }
    }
    let mut shown = Picture::new(data, width as u64, height as u64, channels as u64);
    shown.note("bit depth", depth);
    shown.note("colours", format!("{:?}", picture.pixel_layout()));
    if depth > 8 {
        shown.note("range", format!("0 to {}", coding.top()));
    }
    if still.orientation != 1 {
        shown.orientation = still.orientation;
        shown.note("orientation", still.orientation);
    }
    if still.profile {
        shown.note("ICC profile", "present, not applied");
    }
    Ok(shown)
}

fn positions(height: usize, width: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (y, x)))
}

/// The one frame of an AV1 stream, of the size that the container says.
fn decoded(data: &[u8], still: &Still) -> Result<re_rav1d::dav1d::Picture> {
    let failed = |error: re_rav1d::dav1d::Error| Error::corrupt(format!("cannot be decoded: {error}"));
    let mut settings = Settings::new();
    // One thread, so that a panic in it is met on ours; and no frame beyond the size that was allowed.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(still.width.saturating_mul(still.height));
    let mut decoder = Decoder::with_settings(&settings).map_err(failed)?;
    match decoder.send_data(data.to_vec(), None, None, None) {
        Err(error) if !error.is_again() => return Err(failed(error)),
        _ => {}
    }
    let picture = decoder.get_picture().map_err(|error| {
        if error.is_again() {
            crate::decode::input::truncated()
        } else {
            failed(error)
        }
    })?;
    if (picture.width(), picture.height()) != (still.width, still.height) {
        return Err(Error::corrupt(
            "the picture is not of the size that its container says",
        ));
    }
    Ok(picture)
}

fn coding(picture: &re_rav1d::dav1d::Picture, stated: Option<(u16, bool)>) -> Coding {
    let own = (
        picture.matrix_coefficients() as u16,
        picture.color_range() == pixel::YUVRange::Full,
    );
    let (matrix, full_range) = stated.unwrap_or(own);
    Coding {
        depth: picture.bit_depth() as u32,
        full_range,
        matrix,
    }
}

fn plane(picture: &re_rav1d::dav1d::Picture, which: PlanarImageComponent) -> Plane<re_rav1d::dav1d::Plane> {
    Plane {
        bytes: picture.plane(which),
        stride: picture.stride(which) as usize,
        wide: picture.bit_depth() > 8,
    }
}

fn chroma(
    picture: &re_rav1d::dav1d::Picture,
    which: PlanarImageComponent,
) -> Enlarged<re_rav1d::dav1d::Plane> {
    let (height, width) = (picture.height() as usize, picture.width() as usize);
    let halved = match picture.pixel_layout() {
        PixelLayout::I420 => [true, true],
        PixelLayout::I422 => [false, true],
        _ => [false, false],
    };
    let half = |size: usize, halved| if halved { size.div_ceil(2) } else { size };
    Enlarged {
        plane: plane(picture, which),
        size: [half(height, halved[0]), half(width, halved[1])],
        halved,
    }
}
