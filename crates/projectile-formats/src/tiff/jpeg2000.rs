//! Chunks in JPEG 2000: a codestream each.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use projectile_core::{DType, Error, Result};

use super::page::{Page, Photometric};
use crate::decode::input::zeroed;
use crate::sizes::{product, to_u64, to_usize};

/// The compression in which Aperio stores luma and chroma without saying so in the codestream.
const APERIO_YCBCR: u64 = 33003;

/// The samples of a chunk, row by row, in the byte order of the file.
pub(super) fn decoded(stored: &[u8], page: &Page, rows: u64, big_endian: bool) -> Result<Vec<u8>> {
    let broken = |reason: String| Error::corrupt(format!("a JPEG 2000 chunk cannot be decoded: {reason}"));
    if !matches!(page.dtype, DType::UInt8 | DType::UInt16) {
        return Err(Error::unsupported(format!(
            "JPEG 2000 of {} is not read in TIFF files: pip install tifffile imagecodecs, then projectile.show(array)",
            page.dtype
        )));
    }
    // A codestream ends with a marker; what is missing of one that was cut would be made up.
    let end = stored.rchunks(64).next().unwrap_or_default();
    if !end.windows(2).any(|pair| pair == [0xff, 0xd9]) {
        return Err(broken("it was cut".to_owned()));
    }
    let settings = DecodeSettings {
        resolve_palette_indices: false,
        strict: true,
        target_resolution: None,
    };
    let image = Image::new(stored, &settings).map_err(|e| broken(e.to_string()))?;
    let (width, height) = (u64::from(image.width()), u64::from(image.height()));
    if width != page.chunk_width || height < rows || height > page.chunk_height {
        return Err(broken(format!("it holds {width} × {height} pixels")));
    }
    let mut context = DecoderContext::default();
    let image = image.decode(&mut context).map_err(|e| broken(e.to_string()))?;
    let components = image.components();
    let count = to_usize(page.chunk_samples());
    let pixels = width.checked_mul(height);
    if components.len() != count
        || components.iter().any(|component| {
            Some(to_u64(component.samples().len())) != pixels || u32::from(component.bit_depth()) > page.bits
        })
    {
        return Err(broken(format!(
            "it holds {} components, or some of fewer pixels or more bits than the file says",
            components.len()
        )));
    }
    // Only bytes and words are stored as such; other depths would have to be packed again.
    let size = page.dtype.size();
    if !page.is_unpacked() {
        return Err(Error::unsupported(format!(
            "JPEG 2000 of {} bits is not read in TIFF files",
            page.bits
        )));
    }
    let bytes = product(&[width, height, page.chunk_samples(), to_u64(size)]);
    let mut samples: Vec<u8> = zeroed(to_usize(bytes.unwrap_or(u64::MAX)))?;
    for (c, component) in components.iter().enumerate() {
        let depth = u32::from(component.bit_depth());
        let top = f32::from(u16::MAX.unbounded_shr(16u32.saturating_sub(depth)));
        let places = samples.chunks_exact_mut(size).skip(c).step_by(count);
        for (to, value) in places.zip(component.samples()) {
            #[expect(
                clippy::as_conversions,
                reason = "it was rounded, and clamped to what 16 bits hold"
            )]
            let word = (value.round().clamp(0.0, top) as u16).to_be_bytes();
            match (to, big_endian) {
                ([byte], _) => *byte = word[1],
                (to, true) => to.copy_from_slice(&word),
                ([low, high], false) => [*high, *low] = word,
                _ => {}
            }
        }
    }
    // Where the chroma is subsampled the decoder takes it for what it is; else nobody has converted it.
    let is_luma = page.compression == APERIO_YCBCR || page.photometric == Photometric::YCbCr;
    if is_luma && count == 3 && size == 1 && !is_subsampled(stored) {
        super::colour::to_rgb(&mut samples);
    }
    Ok(samples)
}

/// Whether the codestream's second component has fewer pixels than its first.
fn is_subsampled(stored: &[u8]) -> bool {
    /// Where the sizes of components begin, behind the start of the stream and the marker of sizes.
    const COMPONENTS: usize = 42;
    let second = stored.get(COMPONENTS + 4..COMPONENTS + 6);
    stored.starts_with(&[0xff, 0x4f, 0xff, 0x51]) && second.is_some_and(|resolution| resolution != [1, 1])
}
