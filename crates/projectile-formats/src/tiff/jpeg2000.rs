//! Chunks in JPEG 2000: a codestream each.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use projectile_core::{DType, Error, Result};

use super::page::{Page, Photometric};

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
    if !stored[stored.len().saturating_sub(64)..]
        .windows(2)
        .any(|pair| pair == [0xff, 0xd9])
    {
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
    let count = page.chunk_samples() as usize;
    let pixels = (width * height) as usize;
    if components.len() != count
        || components.iter().any(|component| {
            component.samples().len() != pixels || u32::from(component.bit_depth()) > page.bits
        })
    {
        return Err(broken(format!(
            "it holds {} components, or some of fewer pixels or more bits than the file says",
            components.len()
        )));
    }
    // Only bytes and words are stored as such; other depths would have to be packed again.
    let size = page.dtype.size();
    if page.bits as usize != size * 8 {
        return Err(Error::unsupported(format!(
            "JPEG 2000 of {} bits is not read in TIFF files",
            page.bits
        )));
    }
    let mut samples = vec![0; pixels * count * size];
    for (c, component) in components.iter().enumerate() {
        let top = ((1u32 << component.bit_depth()) - 1) as f32;
        let places = samples.chunks_exact_mut(size).skip(c).step_by(count);
        for (to, value) in places.zip(component.samples()) {
            let value = value.round().clamp(0.0, top) as u16;
            match (size, big_endian) {
                (1, _) => to[0] = value as u8,
                (_, true) => to.copy_from_slice(&value.to_be_bytes()),
                (_, false) => to.copy_from_slice(&value.to_le_bytes()),
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
