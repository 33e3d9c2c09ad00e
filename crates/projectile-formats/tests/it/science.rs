//! Scientific files: read whole, by region and by blocks, and what is left of damaged ones.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Instant;

use projectile_core::{
    Cancel, ErrorKind, Pixels, ReadFuture, ReadRequest, Region, Residence, Result, Selection, Source,
};
use projectile_formats::{OpenOptions, open, open_url};

use crate::support::written;
use crate::web::{Manner, Server};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/science")
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() > 9);
    names
}

/// The answer of a source that keeps nobody waiting but the thread that asks.
fn poll(future: ReadFuture<'_>) -> Result<Pixels> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("a source of a file is ready when it has read"),
    }
}

/// Every sample of a part of each plane, as bits.
fn part(source: &dyn Source, region: Region, step: u64) -> Result<Vec<u64>> {
    let axes = &source.info().axes;
    let sizes: Vec<u64> = axes.extra().map(|axis| axis.size).collect();
    let planes: u64 = sizes.iter().product();
    let mut all = Vec::new();
    for plane in 0..planes {
        let mut rest = plane;
        let mut indices: Vec<u64> = sizes
            .iter()
            .rev()
            .map(|size| {
                let index = rest % size;
                rest /= size;
                index
            })
            .collect();
        indices.reverse();
        let request = ReadRequest {
            level: 0,
            region,
            step,
            selection: Selection {
                indices,
                channels: None,
            },
            cancel: Cancel::new(),
        };
        all.extend(
            poll(source.read(request))?
                .to_f64()
                .iter()
                .map(|value| value.to_bits()),
        );
    }
    Ok(all)
}

fn everything(source: &dyn Source) -> Result<Vec<u64>> {
    let axes = &source.info().axes;
    let region = Region {
        y: 0,
        x: 0,
        height: axes.height(),
        width: axes.width(),
    };
    part(source, region, 1)
}

/// The samples of all that a file holds.
fn opened(path: &Path, options: &OpenOptions) -> Result<Vec<u64>> {
    let mut all = Vec::new();
    for source in open(path, options)? {
        all.extend(everything(&*source.source)?);
    }
    Ok(all)
}

fn by_region() -> OpenOptions {
    let mut options = OpenOptions::default();
    options.limits.whole_array_bytes = 0;
    options
}

#[test]
fn whole_by_region_and_far_away_they_are_the_same() {
    for name in names() {
        let path = folder().join(&name);
        let whole = open(&path, &OpenOptions::default()).unwrap();
        let parts = open(&path, &by_region()).unwrap();
        let server = Server::new(std::fs::read(&path).unwrap(), Manner::default());
        let far = open_url(&server.url(&format!("/{name}")), &by_region()).unwrap();
        assert_eq!((whole.len(), parts.len(), far.len()), (1, 1, 1), "{name}");
        let [whole, parts, far] = [&whole[0], &parts[0], &far[0]].map(|named| &*named.source);
        assert_eq!(parts.residence(), Residence::Local, "{name}");
        let is_brought = matches!(name.as_str(), "rle.dcm" | "volume.nii.gz");
        assert_eq!(far.residence() == Residence::Local, is_brought, "{name}");
        for (a, b) in [(parts, whole), (far, whole)] {
            assert_eq!(a.info().axes, b.info().axes, "{name}");
            assert_eq!(a.info().dtype, b.info().dtype, "{name}");
            assert_eq!(a.info().dimensions, b.info().dimensions, "{name}");
        }
        assert_eq!(everything(parts).unwrap(), everything(whole).unwrap(), "{name}");
        assert_eq!(everything(far).unwrap(), everything(whole).unwrap(), "{name}");
        for (y, x, height, width, step) in [(3, 5, 11, 17, 1), (0, 0, 20, 30, 3), (19, 0, 1, 30, 1)] {
            let region = Region { y, x, height, width };
            let wanted = part(whole, region, step).unwrap();
            assert_eq!(part(parts, region, step).unwrap(), wanted, "{name}");
            assert_eq!(part(far, region, step).unwrap(), wanted, "{name}");
        }
    }
}

#[test]
fn what_is_named_inside_is_opened_alone() {
    let path = folder().join("chunked.h5");
    let of = |inner: &str| {
        let path = format!("{}::{inner}", path.display());
        open(Path::new(&path), &OpenOptions::default())
    };
    for inner in ["/deep/cube", "deep/cube", "deep", "/", ""] {
        assert_eq!(of(inner).unwrap()[0].name, "deep/cube", "{inner}");
    }
    for inner in ["/deeper", "cube", "/deep/cub"] {
        assert_eq!(of(inner).unwrap_err().kind(), ErrorKind::NotFound, "{inner}");
    }
    // A file whose name is the whole is that file.
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(folder().join("cube.fits"), dir.path().join("a.fits")).unwrap();
    let odd = dir.path().join("a.fits::b.fits");
    std::fs::copy(folder().join("cube.fits"), &odd).unwrap();
    assert_eq!(open(&odd, &OpenOptions::default()).unwrap().len(), 1);
    std::fs::remove_file(&odd).unwrap();
    assert_eq!(
        open(&odd, &OpenOptions::default()).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

fn is_known(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Limit
    )
}

#[test]
fn cut_files_are_refused_or_shown_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut faults = Vec::new();
    for name in names() {
        let path = folder().join(&name);
        let whole = opened(&path, &OpenOptions::default()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let cuts = (0..40).map(|i| bytes.len() * i / 40);
        for cut in cuts.chain([1, 4, 131, 347, bytes.len() - 1, bytes.len() - 9]) {
            let path = written(dir.path(), &name, &bytes[..cut]);
            for options in [OpenOptions::default(), by_region()] {
                match opened(&path, &options) {
                    Ok(samples) if samples == whole => {}
                    Err(error) if is_known(error.kind()) => {}
                    // Without its first extension, what is left has no image.
                    Ok(_) => faults.push(format!("{name} cut at {cut} of {} is shown", bytes.len())),
                    Err(error) => faults.push(format!("{name} cut at {cut}: {:?} {error}", error.kind())),
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
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
    let mut seed = 0x1234_5678_9abc_def1;
    for name in names() {
        let bytes = std::fs::read(folder().join(&name)).unwrap();
        for round in 0..150 {
            let mut damaged = bytes.clone();
            for _ in 0..=round % 4 {
                // Headers are where the trouble is: most of the hits go there.
                let range = if noise(&mut seed).is_multiple_of(4) {
                    bytes.len()
                } else {
                    bytes.len().min(1400)
                };
                let at = noise(&mut seed) as usize % range;
                let byte = noise(&mut seed);
                damaged[at] = match byte & 0x300 {
                    0 => 0xff,
                    // Texts of numbers stay such.
                    0x100 if damaged[at].is_ascii_digit() => b'0' + (byte % 10) as u8,
                    _ => byte as u8,
                };
            }
            let path = written(dir.path(), &name, &damaged);
            let mut options = if round % 2 == 0 {
                OpenOptions::default()
            } else {
                by_region()
            };
            options.limits.decoded_bytes = 64 << 20;
            let start = Instant::now();
            match open(&path, &options) {
                Err(error) => assert!(is_known(error.kind()), "{name}: {:?} {error}", error.kind()),
                Ok(sources) => {
                    for source in sources {
                        let axes = &source.source.info().axes;
                        let region = Region {
                            y: 0,
                            x: 0,
                            height: axes.height().min(50),
                            width: axes.width().min(50),
                        };
                        let request = ReadRequest {
                            level: 0,
                            region,
                            step: 1,
                            selection: Selection {
                                indices: vec![0; axes.extra().count()],
                                channels: Some(vec![0]),
                            },
                            cancel: Cancel::new(),
                        };
                        if let Err(error) = poll(source.source.read(request)) {
                            assert!(is_known(error.kind()), "{name}: {:?} {error}", error.kind());
                        }
                    }
                }
            }
            assert!(
                start.elapsed().as_secs() < 5,
                "{name}, round {round}: {:?}",
                start.elapsed()
            );
        }
    }
}

/// A fixture with some of its bytes replaced.
fn patched(name: &str, from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = std::fs::read(folder().join(name)).unwrap();
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn small_files_that_ask_for_much_memory_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut nifti = std::fs::read(folder().join("volume.nii")).unwrap();
    nifti[42..48].fill(0x7f);
    let mut mrc = std::fs::read(folder().join("volume.mrc")).unwrap();
    for at in [2, 6, 10] {
        mrc[at] = 0x7f;
    }
    let bombs = [
        (
            "a.fits",
            patched(
                "cube.fits",
                b"NAXIS1  =                   30",
                b"NAXIS1  =          30000000000",
            ),
        ),
        (
            "b.fits",
            patched(
                "rice.fits",
                b"ZNAXIS1 =                   30",
                b"ZNAXIS1 =          30000000000",
            ),
        ),
        (
            "c.fits",
            patched(
                "rice.fits",
                b"ZTILE2  =                   10",
                b"ZTILE2  =         3000000000 ",
            ),
        ),
        ("a.nii", nifti),
        ("a.mrc", mrc),
        (
            "a.dcm",
            patched(
                "frames.dcm",
                b"\x28\0\x08\0IS\x02\x003 ",
                b"\x28\0\x08\0IS\x02\x0099",
            ),
        ),
        (
            "b.dcm",
            patched(
                "rle.dcm",
                b"\x28\0\x10\0US\x02\0\x14\0",
                b"\x28\0\x10\0US\x02\0\xff\xff",
            ),
        ),
        (
            "c.dcm",
            patched(
                "frames.dcm",
                b"\x28\0\x52\x10DS",
                b"\x28\0\x52\x10UT\0\0\xff\xff\xff\xf0",
            ),
        ),
    ];
    for (name, bytes) in bombs {
        let start = Instant::now();
        let error = opened(&written(dir.path(), name, &bytes), &OpenOptions::default()).unwrap_err();
        assert!(is_known(error.kind()), "{name}: {error}");
        assert!(start.elapsed().as_secs() < 2, "{name} took {:?}", start.elapsed());
    }
    // Packed zeros without end.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut head = std::fs::read(folder().join("volume.nii")).unwrap();
    head.resize(100 << 20, 0);
    std::io::Write::write_all(&mut packed, &head).unwrap();
    let path = written(dir.path(), "a.nii.gz", &packed.finish().unwrap());
    let mut options = OpenOptions::default();
    options.limits.decoded_bytes = 10 << 20;
    assert_eq!(open(&path, &options).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn a_raised_flag_cancels_what_is_long() {
    let options = OpenOptions::default();
    options.cancel.cancel();
    for name in ["cube.fits", "chunked.h5", "volume.nii.gz", "volume.mrc"] {
        let error = open(&folder().join(name), &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{name}");
    }
}
