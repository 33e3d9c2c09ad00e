//! What is left of files that are cut, changed, or made to ask for too much.

use std::path::Path;

use projectile_core::{ErrorKind, Residence};
use projectile_formats::{OpenOptions, open};

use crate::support::{expectations, fixtures, only, samples, written};

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
fn every_format_says_no_to_what_its_limit_does_not_allow() {
    let mut options = OpenOptions::default();
    options.limits.decoded_bytes = 700; // less than any fixture's pixels, but one
    let mut allowed = Vec::new();
    for name in expectations().into_keys().filter(|name| name != "one-pixel.png") {
        match open(&fixtures().join(&name), &options) {
            Err(error) if matches!(error.kind(), ErrorKind::Limit | ErrorKind::Unsupported) => {}
            // What is read by blocks is never decoded whole.
            Ok(sources) if sources.iter().all(|s| s.source.residence() != Residence::Memory) => {
                assert_eq!(name, "reduced-pages.tif");
            }
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
