//! TIFF files that are read by blocks: the same pixels as of those that are decoded whole, and errors block by block.

use std::path::Path;

use projectile_core::{Cancel, Error, ErrorKind, ReadRequest, Region, Residence, Result, Selection, Source};
use projectile_formats::{OpenOptions, open};

use crate::support::{Expected, expectations, fixtures, only, samples, written};

/// Options by which nothing is small enough to be decoded whole.
fn in_blocks() -> OpenOptions {
    let mut options = OpenOptions::default();
    options.limits.whole_array_bytes = 0;
    options
}

fn tiffs() -> Vec<String> {
    expectations().into_keys().filter(|name| is_tiff(name)).collect()
}

fn is_tiff(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "tif")
}

/// The samples of a part of each level of each plane, or why they cannot be read.
fn looked_at(source: &dyn Source) -> Result<Vec<f64>> {
    let info = source.info();
    let mut all = Vec::new();
    let planes = info.axes.extra().next().map_or(1, |axis| axis.size).min(4);
    for (level, size) in info.levels.iter().enumerate() {
        for plane in 0..planes {
            let request = ReadRequest {
                level,
                region: Region {
                    y: 0,
                    x: 0,
                    height: size.height.min(300),
                    width: size.width.min(300),
                },
                step: 1,
                selection: Selection {
                    indices: vec![plane; info.axes.extra().count()],
                    channels: Some((0..info.axes.channels().min(8)).collect()),
                },
                cancel: Cancel::new(),
            };
            let future = std::pin::pin!(source.read(request));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            match std::future::Future::poll(future, &mut context) {
                std::task::Poll::Ready(read) => all.extend(read?.to_f64()),
                std::task::Poll::Pending => panic!("it waits on the thread that asks"),
            }
        }
    }
    Ok(all)
}

fn is_of_the_file(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Limit
    )
}

#[test]
fn every_fixture_is_the_same_in_blocks() {
    let (mut faults, mut in_parts) = (Vec::new(), 0);
    for (name, facts) in expectations() {
        if !is_tiff(&name) {
            continue;
        }
        let Ok(whole) = open(&fixtures().join(&name), &OpenOptions::default()) else {
            assert!(open(&fixtures().join(&name), &in_blocks()).is_err(), "{name}");
            continue;
        };
        let source = only(open(&fixtures().join(&name), &in_blocks()).unwrap());
        in_parts += usize::from(source.residence() == Residence::Local);
        let expected = Expected::of(&facts);
        if let Some(fault) = expected.fault(&*source) {
            faults.push(format!("{name}: {fault}"));
        }
        let (one, two) = (only(whole), source);
        for (one, two) in [
            (
                format!("{:?}", one.info().photometric),
                format!("{:?}", two.info().photometric),
            ),
            (
                format!("{:?}", one.info().nodata),
                format!("{:?}", two.info().nodata),
            ),
        ] {
            if one != two {
                faults.push(format!("{name}: {two} instead of {one}"));
            }
        }
    }
    assert!(in_parts > 80, "only {in_parts} were read in blocks");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What a damaged file may be: refused with a reason, at once or where it is damaged, or as it was.
fn refused_or_whole(path: &Path, whole: &[f64]) -> std::result::Result<(), String> {
    let read = open(path, &in_blocks()).and_then(|sources| looked_at(&*only(sources)));
    match read {
        Err(error) if is_of_the_file(&error) => Ok(()),
        Err(error) => Err(format!("an error of another kind, {:?}: {error}", error.kind())),
        Ok(read)
            if read
                .iter()
                .map(|v| v.to_bits())
                .eq(whole.iter().map(|v| v.to_bits())) =>
        {
            Ok(())
        }
        Ok(read) => {
            let same = read.iter().zip(whole).filter(|(a, b)| a == b).count();
            Err(format!("{same} of {} samples right", whole.len()))
        }
    }
}

#[test]
fn a_truncated_file_is_refused_or_whole_in_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let (mut faults, mut tried) = (Vec::new(), 0);
    for name in tiffs() {
        let Ok(sources) = open(&fixtures().join(&name), &in_blocks()) else {
            continue;
        };
        let whole = looked_at(&*only(sources)).unwrap();
        let bytes = std::fs::read(fixtures().join(&name)).unwrap();
        let cuts = (0..10)
            .map(|i| bytes.len() * i / 10)
            .chain([9, 30, bytes.len() - 1]);
        for cut in cuts {
            tried += 1;
            let path = written(dir.path(), &name, &bytes[..cut]);
            if let Err(fault) = refused_or_whole(&path, &whole) {
                faults.push(format!("{name} cut at {cut} of {}: {fault}", bytes.len()));
            }
        }
    }
    assert!(tried > 900, "only {tried} were tried");
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn flipped_bytes_end_in_an_error_or_a_picture_in_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut options = in_blocks();
    options.limits.decoded_bytes = 64 << 20;
    for name in tiffs() {
        let bytes = std::fs::read(fixtures().join(&name)).unwrap();
        // Directories are at the end of what some writers write.
        let directory = u64::from_le_bytes(bytes[..8].try_into().unwrap()) >> 32;
        let directory = (directory as usize).min(bytes.len().saturating_sub(200));
        for round in 0..24 {
            let mut damaged = bytes.clone();
            for _ in 0..=round % 3 {
                let (from, length) = match noise() % 3 {
                    0 => (directory, 200),
                    1 => (0, 16),
                    _ => (0, bytes.len()),
                };
                let at = from + noise() as usize % length.min(bytes.len() - from);
                damaged[at] = noise() as u8;
            }
            let path = written(dir.path(), &name, &damaged);
            let start = std::time::Instant::now();
            let sources = match open(&path, &options) {
                Ok(sources) => sources,
                Err(error) => {
                    assert!(is_of_the_file(&error), "{name}: {:?} {error}", error.kind());
                    continue;
                }
            };
            for source in sources {
                if let Err(error) = looked_at(&*source.source) {
                    assert!(is_of_the_file(&error), "{name}: {:?} {error}", error.kind());
                }
            }
            assert!(
                start.elapsed().as_secs() < 10,
                "{name} round {round}: {:?}",
                start.elapsed()
            );
        }
    }
}

#[test]
fn chunks_that_were_never_written_are_no_data_in_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(fixtures().join("nodata.tif")).unwrap();
    let whole = samples(&*only(
        open(&fixtures().join("nodata.tif"), &in_blocks()).unwrap(),
    ));
    let first = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let tags = usize::from(u16::from_le_bytes([bytes[first], bytes[first + 1]]));
    let offsets = (0..tags)
        .map(|i| first + 2 + i * 12)
        .find(|&entry| bytes[entry..entry + 2] == 273u16.to_le_bytes())
        .unwrap();
    let at = u32::from_le_bytes(bytes[offsets + 8..offsets + 12].try_into().unwrap()) as usize;
    let size = if bytes[offsets + 2] == 3 { 2 } else { 4 };
    bytes[at..at + size].fill(0);
    let source = only(open(&written(dir.path(), "a.tif", &bytes), &in_blocks()).unwrap());
    assert_eq!(source.residence(), Residence::Local);
    let sparse = samples(&*source);
    let strip = 7 * 37;
    assert!(sparse[..strip].iter().all(|&value| value == -9999.0));
    assert_eq!(sparse[strip..], whole[strip..]);
}

/// A stack of 200 × 200 bytes in PackBits, each page with tiles of this height and width, and with this predictor.
fn tiled(pages: &[(u32, u32, u32)]) -> Vec<u8> {
    const SIDE: u32 = 200;
    let word = u32::to_le_bytes;
    let mut file = b"II*\0".to_vec();
    file.extend(word(0));
    let mut link = 4;
    for (page, &(height, width, predictor)) in (0u32..).zip(pages) {
        let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
        for top in (0..SIDE).step_by(height as usize) {
            for left in (0..SIDE).step_by(width as usize) {
                let start = file.len();
                for y in top..top + height {
                    let row: Vec<u8> = (left..left + width)
                        .map(|x| (y * 7 + x * 3 + page) as u8)
                        .collect();
                    for run in row.chunks(128) {
                        file.push(run.len() as u8 - 1);
                        file.extend(run);
                    }
                }
                offsets.extend(word(start as u32));
                lengths.extend(word((file.len() - start) as u32));
            }
        }
        let tiles = offsets.len() as u32 / 4;
        let at = file.len() as u32;
        file.extend(offsets);
        file.extend(lengths);
        let directory = word(file.len() as u32);
        file[link..link + 4].copy_from_slice(&directory);
        let tags = [
            (256, 1, SIDE),
            (257, 1, SIDE),
            (258, 1, 8),
            (259, 1, 32773),
            (262, 1, 1),
            (317, 1, predictor),
            (322, 1, width),
            (323, 1, height),
            (324, tiles, at),
            (325, tiles, at + tiles * 4),
        ];
        file.extend((tags.len() as u16).to_le_bytes());
        for (tag, count, value) in tags {
            file.extend(u16::to_le_bytes(tag));
            file.extend(4u16.to_le_bytes());
            file.extend(word(count));
            file.extend(word(value));
        }
        link = file.len();
        file.extend(word(0));
    }
    file
}

#[test]
fn planes_may_be_stored_otherwise_than_the_first_but_not_unreadably() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(
        dir.path(),
        "unlike.tif",
        &tiled(&[(128, 128, 1), (192, 144, 1), (64, 160, 2)]),
    );
    let read = |options| looked_at(&*only(open(&path, &options).unwrap())).unwrap();
    assert_eq!(read(in_blocks()), read(OpenOptions::default()));
    let path = written(dir.path(), "unknown.tif", &tiled(&[(128, 128, 1), (128, 128, 9)]));
    let error = looked_at(&*only(open(&path, &in_blocks()).unwrap())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}
