//! Every fixture against what an independent reader made of it, and what is left of each when it is damaged.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use projectile_core::Photometric::{Channels, Picture};
use projectile_core::{Cancel, DType, ErrorKind, Pixels, ReadRequest, Region, Samples, Selection, Source};
use projectile_formats::{FORMATS, Mode, NamedSource, OpenOptions, open};
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images")
}

fn expectations() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(fixtures().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The answer of a source in memory, which is ready at once.
fn read(source: &dyn Source, indices: Vec<u64>) -> Pixels {
    let axes = &source.info().axes;
    let request = ReadRequest {
        level: 0,
        region: Region {
            y: 0,
            x: 0,
            height: axes.height(),
            width: axes.width(),
        },
        step: 1,
        selection: Selection {
            indices,
            channels: None,
        },
        cancel: Cancel::new(),
    };
    let mut future = pin!(source.read(request));
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(pixels) => pixels.unwrap(),
        Poll::Pending => panic!("a source in memory keeps nobody waiting"),
    }
}

/// Every sample, frame by frame.
fn samples(source: &dyn Source) -> Vec<f64> {
    let frames = source.info().axes.extra().next().map_or(1, |axis| axis.size);
    let has_frames = source.info().axes.extra().count() > 0;
    (0..frames)
        .flat_map(|frame| read(source, if has_frames { vec![frame] } else { vec![] }).to_f64())
        .collect()
}

fn only(sources: Vec<NamedSource>) -> std::sync::Arc<dyn Source> {
    let [only]: [NamedSource; 1] = sources.try_into().unwrap();
    assert_eq!(only.name, "");
    only.source
}

fn to_f64(dtype: DType, bytes: &[u8]) -> Vec<f64> {
    let samples = Samples::from_bytes(dtype, bytes, false);
    let count = samples.len();
    Pixels::new(samples, 1, count, 1).unwrap().to_f64()
}

#[derive(Debug)]
struct Expected {
    dtype: DType,
    shape: Vec<u64>,
    axes: String,
    samples: Vec<f64>,
    max: f64,
    mean: f64,
}

impl Expected {
    fn of(facts: &Value) -> Self {
        let text = |key: &str| facts[key].as_str().unwrap();
        let dtype = DType::ALL
            .into_iter()
            .find(|dtype| dtype.name() == text("dtype"))
            .unwrap();
        let bytes = std::fs::read(fixtures().join("expected").join(text("pixels"))).unwrap();
        Self {
            dtype,
            shape: facts["shape"]
                .as_array()
                .unwrap()
                .iter()
                .map(|size| size.as_u64().unwrap())
                .collect(),
            axes: text("axes").to_owned(),
            samples: to_f64(dtype, &bytes),
            max: facts["max"].as_f64().unwrap(),
            mean: facts["mean"].as_f64().unwrap(),
        }
    }

    /// What is wrong with `source`, if anything.
    fn fault(&self, source: &dyn Source) -> Option<String> {
        let info = source.info();
        let (axes, shape) = (info.axes.to_string(), info.axes.shape());
        if info.dtype != self.dtype || axes != self.axes || shape != self.shape {
            return Some(format!(
                "{} {axes} {shape:?} instead of {} {} {:?}",
                info.dtype, self.dtype, self.axes, self.shape
            ));
        }
        let samples = samples(source);
        if samples.len() != self.samples.len() {
            return Some(format!(
                "{} samples instead of {}",
                samples.len(),
                self.samples.len()
            ));
        }
        let differences = samples
            .iter()
            .zip(&self.samples)
            .map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() });
        let (worst, sum) = differences.fold((0.0f64, 0.0), |(worst, sum), d| (worst.max(d), sum + d));
        let mean = sum / samples.len() as f64;
        // A NaN is no less than anything, so it fails as well.
        let close = worst <= self.max && mean <= self.mean;
        (!close).then(|| {
            format!(
                "off by up to {worst}, {mean:.3} on average; allowed {} and {}",
                self.max, self.mean
            )
        })
    }
}

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

/// `bytes` as a file of `name`'s ending.
fn written(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What a damaged file may be: refused with a reason, or shown whole.
fn refused_or_whole(path: &Path, whole: &[f64]) -> Result<(), String> {
    match open(path, &OpenOptions::default()) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Limit
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(format!("an error of another kind, {:?}: {error}", error.kind())),
        Ok(sources) => {
            let samples = samples(&*only(sources));
            if samples
                .iter()
                .map(|v| v.to_bits())
                .eq(whole.iter().map(|v| v.to_bits()))
            {
                Ok(())
            } else {
                let same = samples.iter().zip(whole).filter(|(a, b)| a == b).count();
                Err(format!("opened with {same} of {} samples right", whole.len()))
            }
        }
    }
}

#[test]
fn a_truncated_file_is_refused_or_shown_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (mut faults, mut refused) = (Vec::new(), 0);
    for name in expectations().keys() {
        let Ok(sources) = open(&fixtures().join(name), &OpenOptions::default()) else {
            continue;
        };
        let whole = samples(&*only(sources));
        let bytes = std::fs::read(fixtures().join(name)).unwrap();
        let cuts =
            (0..20)
                .map(|i| bytes.len() * i / 20)
                .chain([1, 4, 9, 30, bytes.len() - 1, bytes.len() - 3]);
        for cut in cuts.filter(|&cut| cut < bytes.len()) {
            // Of a plain netpbm file the last number may be cut to a shorter one, and nobody can tell.
            if name.starts_with("plain.") && cut + 4 > bytes.len() {
                continue;
            }
            let path = written(dir.path(), name, &bytes[..cut]);
            match refused_or_whole(&path, &whole) {
                Ok(()) => refused += 1,
                Err(fault) => faults.push(format!("{name} cut at {cut} of {}: {fault}", bytes.len())),
            }
        }
    }
    assert!(refused > 4000, "only {refused} were looked at");
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// A generator of numbers that are the same in every run.
fn noise(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[test]
fn flipped_bytes_end_in_an_error_or_a_picture_and_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = OpenOptions::default();
    options.limits.decoded_bytes = 64 << 20;
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let mut slow = Vec::new();
    for name in expectations().keys() {
        let bytes = std::fs::read(fixtures().join(name)).unwrap();
        for round in 0..12 {
            let mut damaged = bytes.clone();
            for _ in 0..=round % 4 {
                // Headers are where the trouble is: half of the hits go there.
                let range = if noise(&mut seed) & 1 == 0 {
                    bytes.len().min(200)
                } else {
                    bytes.len()
                };
                let at = noise(&mut seed) as usize % range;
                damaged[at] = noise(&mut seed) as u8;
            }
            let path = written(dir.path(), name, &damaged);
            let start = std::time::Instant::now();
            let opened = open(&path, &options);
            if let Err(error) = &opened {
                let known = matches!(
                    error.kind(),
                    ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Limit
                );
                assert!(known, "{name}: {:?} {error}", error.kind());
            }
            if start.elapsed().as_secs() >= 5 {
                slow.push(format!("{name}, round {round}: {:?}", start.elapsed()));
            }
        }
    }
    assert!(slow.is_empty(), "too slow:\n{}", slow.join("\n"));
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
        info("layers.exr").channel_names,
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

#[test]
fn every_format_says_no_to_what_its_limit_does_not_allow() {
    let mut options = OpenOptions::default();
    options.limits.decoded_bytes = 700; // less than any fixture's pixels, but one
    let mut allowed = Vec::new();
    for name in expectations().into_keys().filter(|name| name != "one-pixel.png") {
        match open(&fixtures().join(&name), &options) {
            Err(error) if matches!(error.kind(), ErrorKind::Limit | ErrorKind::Unsupported) => {}
            other => allowed.push(format!("{name}: {:?}", other.map(|_| "opened"))),
        }
    }
    assert!(allowed.is_empty(), "{}", allowed.join("\n"));
}

#[test]
fn stacks_beyond_the_limit_show_their_first_picture() {
    let mut options = OpenOptions::default();
    for (name, key) in [
        ("three-pages.tif", "pages"),
        ("animated1.gif", "frames"),
        ("animated.webp", "frames"),
    ] {
        let all = only(open(&fixtures().join(name), &OpenOptions::default()).unwrap());
        // One and a half frames; a GIF's are RGBA while they are composed.
        let frame = 26 * 37 * if name.ends_with("tif") { 2 } else { 4 };
        options.limits.decoded_bytes = frame * 3 / 2;
        let first = only(open(&fixtures().join(name), &options).unwrap());
        assert_eq!(first.info().axes.extra().count(), 0, "{name}");
        assert!(
            first
                .info()
                .details
                .iter()
                .any(|(k, value)| k == key && value.starts_with('3')),
            "{name}"
        );
        let count = samples(&*first).len();
        assert_eq!(samples(&*first), samples(&*all)[..count], "{name}");
    }
}

#[test]
fn a_raised_flag_cancels_every_format() {
    let options = OpenOptions::default();
    options.cancel.cancel();
    for name in [
        "rgb8.png",
        "rgb444.jpg",
        "tiles-rgb-lzw.tif",
        "lossy.webp",
        "rgb.jxl",
        "rgb.jp2",
        "rgb-half.exr",
    ] {
        assert_eq!(
            open(&fixtures().join(name), &options).unwrap_err().kind(),
            ErrorKind::Cancelled,
            "{name}"
        );
    }
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

/// A fixture with some of its bytes replaced.
fn patched(name: &str, patches: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = std::fs::read(fixtures().join(name)).unwrap();
    for (at, patch) in patches {
        bytes[*at..*at + patch.len()].copy_from_slice(patch);
    }
    bytes
}

#[test]
fn small_files_that_ask_for_much_memory_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let jpeg = std::fs::read(fixtures().join("rgb444.jpg")).unwrap();
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 5;
    let bombs = [
        ("a.jpg", patched("rgb444.jpg", &[(frame, &[0xff; 4])])),
        ("a.gif", patched("palette.gif", &[(6, &[0x30, 0x75, 0x30, 0x75])])),
        ("a.pgm", b"P5 60000 60000 255\nabc".to_vec()),
        ("b.pgm", b"P5 4294967295 4294967295 255\nabc".to_vec()),
        ("a.pfm", b"PF 4000000000 4000000000 -1\nabc".to_vec()),
        ("a.ff", patched("rgba16.ff", &[(8, &[0xff; 8])])),
        ("a.qoi", patched("rgb.qoi", &[(4, &[0xff; 8])])),
        (
            "a.psd",
            patched("rgb.psd", &[(14, &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff])]),
        ),
        (
            "a.bmp",
            patched(
                "rgb.bmp",
                &[(18, &[0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f])],
            ),
        ),
    ];
    for (name, bytes) in bombs {
        let start = std::time::Instant::now();
        let error = open(&written(dir.path(), name, &bytes), &OpenOptions::default()).unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::Corrupt | ErrorKind::Limit | ErrorKind::Unsupported
            ),
            "{name}: {error}"
        );
        assert!(start.elapsed().as_secs() < 2, "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn a_tiff_whose_directories_run_in_a_circle_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(fixtures().join("strips-uint8.tif")).unwrap();
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let first = word(&bytes, 4);
    let tags = usize::from(u16::from_le_bytes([
        bytes[first as usize],
        bytes[first as usize + 1],
    ]));
    let next = first as usize + 2 + tags * 12;
    assert_eq!(word(&bytes, next), 0);
    bytes[next..next + 4].copy_from_slice(&first.to_le_bytes());
    let source = only(open(&written(dir.path(), "a.tif", &bytes), &OpenOptions::default()).unwrap());
    assert_eq!(source.info().axes.to_string(), "yx");
}

#[test]
fn chunks_that_were_never_written_are_no_data() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(fixtures().join("nodata.tif")).unwrap();
    let whole = samples(&*only(
        open(&fixtures().join("nodata.tif"), &OpenOptions::default()).unwrap(),
    ));
    let first = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let tags = usize::from(u16::from_le_bytes([bytes[first], bytes[first + 1]]));
    let lengths = (0..tags)
        .map(|i| first + 2 + i * 12)
        .find(|&entry| bytes[entry..entry + 2] == 279u16.to_le_bytes())
        .unwrap();
    let [size, count] = [bytes[lengths + 2], bytes[lengths + 4]];
    assert!(size == 3 || size == 4);
    let at = u32::from_le_bytes(bytes[lengths + 8..lengths + 12].try_into().unwrap()) as usize;
    assert!(count > 1);
    bytes[at..at + if size == 3 { 2 } else { 4 }].fill(0);
    let sparse = samples(&*only(
        open(&written(dir.path(), "a.tif", &bytes), &OpenOptions::default()).unwrap(),
    ));
    let strip = 7 * 37;
    assert!(sparse[..strip].iter().all(|&value| value == -9999.0));
    assert_eq!(sparse[strip..], whole[strip..]);
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
        ("a.h5", b"\x89HDF\r\n\x1a\n", "h5py.File(path)[name]"),
    ] {
        let error = open(&written(dir.path(), name, bytes), &OpenOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{name}");
        assert!(error.message().contains(words), "{name}: {error}");
    }
}
