//! Encoders against decoders of other hands where this crate has one; the oracle tests decode the rest.

use super::*;
use crate::array::{DType, Samples};
use crate::colour::Layout;

fn raster(layout: Layout, bits: u8, height: usize, width: usize) -> Raster {
    let length = height * width * layout.channels() * usize::from(bits / 8);
    let data = (0..length).map(|i| (i * 37 % 251) as u8).collect();
    let palette = match layout {
        Layout::Indexed => (0..251)
            .map(|i| [i, 255 - i, 7, if i == 3 { 0 } else { 255 }])
            .collect(),
        _ => Vec::new(),
    };
    Raster {
        layout,
        bits,
        height,
        width,
        data,
        palette,
    }
}

fn decode_png(bytes: &[u8]) -> (::png::OutputInfo, Vec<u8>) {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    (info, data)
}

#[test]
fn png_holds_the_same_samples_at_every_effort() {
    use Layout::{Gray, GrayAlpha, Indexed, Rgb, Rgba};
    for (layout, bits) in [
        (Gray, 8),
        (Gray, 16),
        (GrayAlpha, 8),
        (GrayAlpha, 16),
        (Rgb, 8),
        (Rgb, 16),
        (Rgba, 8),
        (Rgba, 16),
        (Indexed, 8),
    ] {
        // Large ones need several stored blocks.
        for (height, width) in [(1, 1), (3, 5), (256, 256), (64, 1024)] {
            let picture = raster(layout, bits, height, width);
            for (_, effort) in Effort::ALL {
                let options = EncodeOptions {
                    effort,
                    ..EncodeOptions::default()
                };
                let bytes = png::Png.encode(Content::Colours(&picture), &options).unwrap();
                let (info, data) = decode_png(&bytes);
                assert_eq!((info.height as usize, info.width as usize), (height, width));
                assert_eq!(data, picture.data, "{layout:?} {bits} {effort:?}");
            }
        }
    }
}

#[test]
fn npy_pads_its_header_and_says_the_shape() {
    let pixels = Pixels::new(Samples::UInt16(vec![1, 2, 3, 4, 5, 6].into()), 2, 3, 1).unwrap();
    let bytes = npy::Npy
        .encode(Content::Samples(&pixels), &EncodeOptions::default())
        .unwrap();
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + length) % 64, 0);
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(
        header.starts_with("{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }"),
        "{header}"
    );
    assert!(header.ends_with('\n'));
    assert_eq!(bytes[10 + length..], [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
}

#[test]
fn bare_samples_have_the_dtype_of_the_pixels() {
    for dtype in DType::ALL {
        let bytes: Vec<u8> = (0..2 * dtype.size())
            .map(|i| u8::from(dtype != DType::Bool || i > 0))
            .collect();
        let pixels = Pixels::new(Samples::from_bytes(dtype, &bytes, false), 1, 2, 1).unwrap();
        let encoded = bin::Bin
            .encode(Content::Samples(&pixels), &EncodeOptions::default())
            .unwrap();
        assert_eq!(encoded, bytes, "{dtype}");
    }
}

#[test]
fn lossy_encoders_mind_the_quality() {
    let picture = raster(Layout::Rgb, 8, 64, 64);
    for extension in ["jpg", "webp"] {
        let mut encoding = Encoding::by_extension(extension).unwrap();
        let mut length = |quality| {
            encoding.options.quality = Some(quality);
            encoding
                .encoder
                .encode(Content::Colours(&picture), &encoding.options)
                .unwrap()
                .len()
        };
        assert!(length(10) < length(95), "{extension}");
    }
}

#[test]
fn an_unknown_format_is_not_found() {
    assert_eq!(
        Encoding::by_extension("tga").unwrap_err().kind(),
        crate::ErrorKind::NotFound
    );
    assert_eq!(Encoding::by_extension("jpeg").unwrap().encoder.name(), "jpg");
}

#[test]
fn every_file_in_this_folder_is_registered() {
    const HELPERS: [&str; 3] = ["mod", "stored", "tests"];
    let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/encode"))
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| !HELPERS.contains(&name.as_str()))
        .collect();
    let mut registered: Vec<String> = ENCODERS
        .iter()
        .map(|encoder| encoder.extensions().last().unwrap_or(&"").to_string())
        .collect();
    files.sort();
    registered.sort();
    assert_eq!(files, registered);
}
