//! TIFF: samples in their own dtype, uncompressed, as one strip (TIFF revision 6.0, Adobe 1992; complex samples and
//! halves as in Technical Note 3 and its successors).

use super::{Content, ContentKind, EncodeOptions, Encoder};
use crate::array::{DType, Pixels};
use crate::error::{Error, Result};

/// `.tif`: chunky samples of `(height, width, channels)`. Three or four channels of 8- or 16-bit integers are colours.
pub(super) struct Tiff;

/// Where the directory starts: after the 8 bytes of the head.
const DIRECTORY: u32 = 8;

impl Encoder for Tiff {
    fn extensions(&self) -> &'static [&'static str] {
        &["tif", "tiff"]
    }

    fn media_type(&self) -> &'static str {
        "image/tiff"
    }

    fn content(&self) -> ContentKind {
        ContentKind::Samples
    }

    fn encode(&self, content: Content<'_>, _options: &EncodeOptions) -> Result<Vec<u8>> {
        let pixels = content.samples()?;
        let [height, width, channels] = pixels.shape();
        if height == 0 || width == 0 {
            return Err(Error::not_found(
                "a TIFF has at least one pixel, and here there is none",
            ));
        }
        let samples = pixels.to_le_bytes()?;
        let narrow = |number: usize| {
            u32::try_from(number)
                .map_err(|_| Error::limit("a TIFF holds less than 4 GiB: choose a smaller region"))
        };
        let channels_short = u16::try_from(channels)
            .map_err(|_| Error::limit(format!("{channels} channels: a TIFF has at most 65535")))?;
        let mut fields = Fields::default();
        fields.long(256, narrow(width)?);
        fields.long(257, narrow(height)?);
        fields.shorts(258, &vec![bits(pixels.dtype()); channels]);
        fields.shorts(259, &[1]);
        let colours = colours(pixels);
        fields.shorts(262, &[if colours == 3 { 2 } else { 1 }]);
        let offset_of_samples = fields.strip_offset();
        fields.shorts(277, &[channels_short]);
        fields.long(278, narrow(height)?);
        fields.long(279, narrow(samples.len())?);
        fields.shorts(284, &[1]);
        match channels - colours {
            0 => {}
            // Beside red, green and blue a fourth is straight alpha.
            extra => fields.shorts(338, &vec![if colours == 3 { 2 } else { 0 }; extra]),
        }
        fields.shorts(339, &vec![sample_format(pixels.dtype()); channels]);
        let mut bytes = fields.finish(offset_of_samples);
        narrow(bytes.len() + samples.len())?;
        bytes.extend_from_slice(&samples);
        Ok(bytes)
    }
}

/// How many of the channels are what the photometric interpretation says: all of a colour, else the first.
fn colours(pixels: &Pixels) -> usize {
    let small = matches!(pixels.dtype(), DType::UInt8 | DType::UInt16);
    if small && matches!(pixels.channels(), 3 | 4) {
        3
    } else {
        1
    }
}

fn bits(dtype: DType) -> u16 {
    8 * dtype.size() as u16
}

/// Unsigned, signed, IEEE 754, complex IEEE 754.
fn sample_format(dtype: DType) -> u16 {
    if dtype.is_complex() {
        6
    } else if dtype.is_float() {
        3
    } else if dtype.range().is_some_and(|(low, _)| low < 0.0) {
        2
    } else {
        1
    }
}

/// The fields of a directory, in the order of their tags, and the values that do not fit into them.
#[derive(Default)]
struct Fields {
    fields: Vec<(u16, u16, u32, Value)>,
    beyond: Vec<u8>,
}

enum Value {
    Here([u8; 4]),
    /// Beyond the directory, at this place among such values.
    Beyond(u32),
}

impl Fields {
    fn long(&mut self, tag: u16, value: u32) {
        self.fields.push((tag, 4, 1, Value::Here(value.to_le_bytes())));
    }

    fn shorts(&mut self, tag: u16, values: &[u16]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let value = match bytes[..] {
            [a, b] => Value::Here([a, b, 0, 0]),
            [a, b, c, d] => Value::Here([a, b, c, d]),
            _ => {
                let at = self.beyond.len() as u32;
                self.beyond.extend_from_slice(&bytes);
                Value::Beyond(at)
            }
        };
        self.fields.push((tag, 3, values.len() as u32, value));
    }

    /// The field whose value is known only when all others are; its place.
    fn strip_offset(&mut self) -> usize {
        self.long(273, 0);
        self.fields.len() - 1
    }

    /// Head, directory and values; the samples follow, aligned to their words.
    fn finish(self, offset_of_samples: usize) -> Vec<u8> {
        let after = DIRECTORY + 2 + 12 * self.fields.len() as u32 + 4;
        let samples = (after + self.beyond.len() as u32).next_multiple_of(16);
        let mut bytes = Vec::with_capacity(samples as usize);
        bytes.extend_from_slice(b"II\x2a\x00");
        bytes.extend(DIRECTORY.to_le_bytes());
        bytes.extend((self.fields.len() as u16).to_le_bytes());
        for (place, (tag, kind, count, value)) in self.fields.into_iter().enumerate() {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend(match value {
                _ if place == offset_of_samples => samples.to_le_bytes(),
                Value::Here(value) => value,
                Value::Beyond(at) => (after + at).to_le_bytes(),
            });
        }
        bytes.extend([0; 4]);
        bytes.extend_from_slice(&self.beyond);
        bytes.resize(samples as usize, 0);
        bytes
    }
}
