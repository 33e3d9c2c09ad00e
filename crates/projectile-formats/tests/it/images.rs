//! Every fixture against what an independent reader made of it, modes, and what a file says of itself.

use std::path::Path;

use projectile_core::Photometric::{Channels, Picture};
use projectile_core::{DType, ErrorKind};
use projectile_formats::{FORMATS, Mode, OpenOptions, open};

use crate::support::{Expected, expectations, fixtures, only, samples, written};

#[test]
fn every_fixture_is_what_an_independent_reader_makes_of_it() {
    let mut faults = Vec::new();
    let mut checked = 0;
    for (name, facts) in expectations() {
        let path = fixtures().join(&name);
        let fault = match open(&path, &OpenOptions::default()) {
            Ok(sources) => Expected::of(&facts).fault(&*only(sources)),
            Err(error) => Some(error.to_string()),
        };
        faults.extend(fault.map(|fault| format!("{name}: {fault}")));
        checked += 1;
    }
    assert!(checked > 200, "only {checked} fixtures");
    assert!(
        faults.is_empty(),
        "{} of {checked} are wrong:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn luma_is_pils_for_whatever_colours_the_file_has() {
    let luma = OpenOptions {
        mode: Some(Mode::Luma),
        ..Default::default()
    };
    for name in [
        "rgb8.png",
        "rgba8.png",
        "2x16.png",
        "rgb444.jpg",
        "gray8.png",
        "orientation6.jpg",
        "3be.pfm",
    ] {
        let own = only(open(&fixtures().join(name), &OpenOptions::default()).unwrap());
        let gray = only(open(&fixtures().join(name), &luma).unwrap());
        assert_eq!(gray.info().axes.to_string(), "yx", "{name}");
        assert_eq!(gray.info().dtype, own.info().dtype, "{name}");
        let channels = own.info().axes.channels() as usize;
        let expected: Vec<f64> = samples(&*own)
            .chunks_exact(channels)
            .map(|pixel| match (pixel, own.info().dtype) {
                ([r, g, b, ..], DType::UInt8) => {
                    f64::from((19595 * *r as u32 + 38470 * *g as u32 + 7471 * *b as u32 + 32768) >> 16)
                }
                ([r, g, b, ..], _) => f64::from(((19595.0 * r + 38470.0 * g + 7471.0 * b) / 65536.0) as f32),
                ([gray, ..], _) => *gray,
                _ => unreachable!(),
            })
            .collect();
        assert_eq!(samples(&*gray), expected, "{name}");
    }
}

#[test]
fn rgb_is_three_channels_of_whatever_the_file_has() {
    let rgb = OpenOptions {
        mode: Some(Mode::Rgb),
        ..Default::default()
    };
    for name in [
        "gray8.png",
        "gray-alpha8.png",
        "rgba8.png",
        "rgb8.png",
        "gray16.pgm",
        "gray.jpg",
    ] {
        let own = only(open(&fixtures().join(name), &OpenOptions::default()).unwrap());
        let colour = only(open(&fixtures().join(name), &rgb).unwrap());
        assert_eq!(colour.info().axes.channels(), 3, "{name}");
        assert_eq!(colour.info().dtype, own.info().dtype, "{name}");
        let channels = own.info().axes.channels() as usize;
        let expected: Vec<f64> = samples(&*own)
            .chunks_exact(channels)
            .flat_map(|pixel| {
                if channels < 3 {
                    [pixel[0]; 3]
                } else {
                    [pixel[0], pixel[1], pixel[2]]
                }
            })
            .collect();
        assert_eq!(samples(&*colour), expected, "{name}");
    }
}

#[test]
fn what_a_file_says_of_itself_is_told() {
    let info = |name: &str| {
        only(open(&fixtures().join(name), &OpenOptions::default()).unwrap())
            .info()
            .clone()
    };
    let detail = |name: &str, key: &str| {
        info(name)
            .details
            .into_iter()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value)
            .unwrap_or_default()
    };
    assert_eq!(info("nodata.tif").nodata, Some(-9999.0));
    assert_eq!(info("rgb8.png").nodata, None);
    assert_eq!(info("rgb8.png").format, "PNG");
    assert_ne!(info("rgb8.png").version, info("gray8.png").version);
    assert_eq!(
        info("layers.exr")
            .channels
            .into_iter()
            .map(|channel| channel.name)
            .collect::<Vec<_>>(),
        ["R", "G", "B", "depth.Z", "normal.X"]
    );
    assert_eq!(detail("orientation6.jpg", "EXIF orientation"), "6");
    assert_eq!(detail("profile.jpg", "ICC profile"), "present, not applied");
    assert_eq!(detail("strips-rgb-lzw.tif", "compression"), "LZW");
    assert_eq!(detail("big-be.tif", "variant"), "BigTIFF, big-endian");
    assert_eq!(detail("three-pages.tif", "pages"), "3");
    assert_eq!(detail("unequal-pages.tif", "pages"), "2, of which 1 shown");
    assert_eq!(detail("animated1.gif", "frames"), "3");
    assert_eq!(info("rgba.tif").photometric, Picture);
    assert_eq!(info("five-channels.tif").photometric, Channels);
    assert_eq!(info("layers.exr").photometric, Channels);
}

/// All that was told of a load.
#[derive(Default)]
struct Last(std::sync::Mutex<Vec<(u64, u64)>>);

impl projectile_formats::Progress for Last {
    fn update(&self, done: u64, total: u64) {
        self.0.lock().unwrap().push((done, total));
    }
}

#[test]
fn progress_reaches_the_end() {
    // Raw samples, so that the file is larger than the step in which progress is told.
    let dir = tempfile::tempdir().unwrap();
    let mut file = b"P5 2000 2000 255\n".to_vec();
    file.resize(file.len() + 4_000_000, 7);
    let path = written(dir.path(), "big.pgm", &file);
    let last = std::sync::Arc::new(Last::default());
    open(
        &path,
        &OpenOptions {
            progress: Some(last.clone()),
            ..Default::default()
        },
    )
    .unwrap();
    let told = last.0.lock().unwrap();
    assert!(told.len() >= 3, "{told:?}");
    assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "{told:?}");
    assert!(
        told.iter()
            .all(|&(done, total)| done <= total && total == file.len() as u64),
        "{told:?}"
    );
}

#[test]
fn every_file_of_the_folder_is_a_registered_format_with_a_fixture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/formats");
    let registry = std::fs::read_to_string(folder.join("mod.rs")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let stem = entry
            .unwrap()
            .path()
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        assert!(
            stem == "mod" || registry.contains(&format!("&{stem}::")),
            "{stem} is not in FORMATS"
        );
    }
    let mut names: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FORMATS.len(), "two formats of one name");
}

#[test]
fn what_pillow_reads_and_we_do_not_names_the_way() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes, words) in [
        (
            "a.sgi",
            &[1u8, 0xda, 1, 1][..],
            "through Pillow: pip install 'projectile[pillow]'",
        ),
        ("a.xbm", b"#define a_width 8", "through Pillow"),
        (
            "a.bin",
            b"\0\0\0\x1cftypavif",
            "AVIF images are opened by the Python package through Pillow",
        ),
        ("a.eps", b"%!PS-Adobe-3.0", "they are programs"),
        ("a.nc", b"CDF\x01\0\0\0\0", "netCDF4.Dataset(path)[name]"),
    ] {
        let error = open(&written(dir.path(), name, bytes), &OpenOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{name}");
        assert!(error.message().contains(words), "{name}: {error}");
    }
}
