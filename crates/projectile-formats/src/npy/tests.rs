//! Files written byte by byte, read whole and by region.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use projectile_core::{
    Cancel, DType, ErrorKind, Pixels, ReadRequest, Region, Residence, Result, Selection, Source,
};
use proptest::prelude::*;

use crate::open::{OpenOptions, open};
use crate::testing::{self, npy};

fn write(path: &Path, descr: &str, fortran_order: bool, shape: &[u64], data: &[u8]) {
    std::fs::write(path, npy(descr, fortran_order, shape, data)).unwrap();
}

fn options(whole: bool) -> OpenOptions {
    let mut options = OpenOptions::default();
    options.limits.whole_array_bytes = if whole { u64::MAX } else { 0 };
    options
}

fn source(path: &Path, options: &OpenOptions) -> Result<Arc<dyn Source>> {
    open(path, options).map(|mut sources| sources.remove(0).source)
}

fn read(
    source: &dyn Source,
    region: Region,
    step: u64,
    indices: Vec<u64>,
    channels: Option<Vec<u64>>,
) -> Result<Pixels> {
    let selection = Selection { indices, channels };
    let request = ReadRequest {
        level: 0,
        region,
        step,
        selection,
        cancel: Cancel::new(),
    };
    testing::read(source, request)
}

fn all(source: &dyn Source) -> Region {
    let axes = &source.info().axes;
    Region {
        y: 0,
        x: 0,
        height: axes.height(),
        width: axes.width(),
    }
}

fn noise(length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}

#[test]
fn every_dtype_and_byte_order_reads_the_same_by_region_as_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    for dtype in DType::ALL {
        for order in ['<', '>'] {
            let data = noise(6 * 7 * dtype.size());
            write(&path, &format!("{order}{}", dtype.code()), false, &[6, 7], &data);
            let (whole, region) = (
                source(&path, &options(true)).unwrap(),
                source(&path, &options(false)).unwrap(),
            );
            assert_eq!(
                (whole.residence(), region.residence()),
                (Residence::Memory, Residence::Local)
            );
            let bytes = |source: &dyn Source| {
                read(source, all(source), 1, vec![], None)
                    .unwrap()
                    .to_le_bytes()
                    .unwrap()
            };
            let expected: Vec<u8> = match dtype {
                DType::Bool => data.iter().map(|&b| u8::from(b != 0)).collect(),
                _ if order == '>' => data
                    .chunks(dtype.word())
                    .flat_map(|w| w.iter().rev().copied())
                    .collect(),
                _ => data,
            };
            assert_eq!(bytes(&*whole), expected, "{order}{dtype} whole");
            assert_eq!(bytes(&*region), expected, "{order}{dtype} by region");
            assert_eq!(whole.info().dtype, dtype);
        }
    }
}

#[test]
fn shapes_that_are_no_picture_are_refused_and_axes_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    for shape in [vec![], vec![64], vec![2, 2, 2, 2, 2, 2], vec![0, 64]] {
        write(&path, "|u1", false, &shape, &noise(64));
        assert_eq!(
            source(&path, &options(true)).unwrap_err().kind(),
            ErrorKind::Unsupported,
            "{shape:?}"
        );
    }
    write(&path, "|u1", false, &[2, 2, 2, 2, 2, 2], &noise(64));
    let named = OpenOptions {
        axes: Some("abtcyx".into()),
        ..options(true)
    };
    assert_eq!(source(&path, &named).unwrap().info().axes.extra().count(), 3);
}

#[test]
fn a_file_that_holds_less_than_it_promises_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.npy");
    write(&path, "<f4", false, &[10, 10], &noise(399));
    for whole in [true, false] {
        let error = source(&path, &options(whole)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(
            error.message().contains("short.npy") && error.message().contains("400"),
            "{error}"
        );
    }
}

#[test]
fn a_file_that_changes_while_it_is_served_is_an_error_and_never_zeros() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.npy");
    let changes: [fn(&Path); 3] = [
        |path| {
            std::fs::OpenOptions::new()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(1000)
                .unwrap();
        },
        |path| {
            std::fs::OpenOptions::new()
                .append(true)
                .open(path)
                .unwrap()
                .write_all(b"more")
                .unwrap();
        },
        |path| {
            // Same length, another time.
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        },
    ];
    for change in changes {
        write(&path, "|u1", false, &[100, 100], &noise(10_000));
        let source = source(&path, &options(false)).unwrap();
        assert!(read(&*source, all(&*source), 1, vec![], None).is_ok());
        change(&path);
        assert_eq!(
            read(&*source, all(&*source), 1, vec![], None).unwrap_err().kind(),
            ErrorKind::Gone
        );
    }
    // Another file under its name leaves the one that was opened as it was.
    write(&path, "|u1", false, &[100, 100], &noise(10_000));
    let source = source(&path, &options(false)).unwrap();
    std::fs::rename(&path, folder.path().join("moved.npy")).unwrap();
    assert!(read(&*source, all(&*source), 1, vec![], None).is_ok());
}

#[test]
fn a_cancelled_read_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    // Columns that are far apart, so that it takes many reads.
    write(&path, "|u1", true, &[4, 1 << 16], &noise(4 << 16));
    let source = source(&path, &options(false)).unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    let request = ReadRequest {
        level: 0,
        region: Region {
            y: 0,
            x: 0,
            height: 1,
            width: 1 << 16,
        },
        step: 1 << 13,
        selection: Selection::default(),
        cancel,
    };
    assert_eq!(
        testing::read(&*source, request).unwrap_err().kind(),
        ErrorKind::Cancelled
    );
}

#[test]
fn an_archive_shows_its_pictures_and_says_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.npz");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let deflated = zip::write::SimpleFileOptions::default();
    let stored = deflated.compression_method(zip::CompressionMethod::Stored);
    for (name, options, bytes) in [
        ("first.npy", deflated, npy("<u2", false, &[3, 4], &noise(24))),
        ("objects.npy", stored, npy("|O", false, &[3, 4], &noise(24))),
        ("second.npy", stored, npy("|u1", false, &[5, 6, 3], &noise(90))),
    ] {
        archive.start_file(name, options).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap();
    let sources = open(&path, &OpenOptions::default()).unwrap();
    assert_eq!(
        sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
        ["first", "second"]
    );
    assert!(
        sources[0]
            .source
            .info()
            .details
            .iter()
            .any(|(name, why)| name.contains("objects") && why.contains("pickle"))
    );
    let second = &*sources[1].source;
    assert_eq!(
        read(second, all(second), 1, vec![], None)
            .unwrap()
            .to_le_bytes()
            .unwrap(),
        noise(90)
    );

    let mut tight = OpenOptions::default();
    tight.limits.decoded_bytes = 100;
    assert_eq!(open(&path, &tight).unwrap_err().kind(), ErrorKind::Limit);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn regions_are_what_the_whole_array_has_there(
        shape in prop::collection::vec(1u64..9, 2..=5), fortran_order: bool, wide: bool,
        picks in prop::collection::vec(0.0f64..1.0, 8), step in 1u64..5, channels in prop::collection::vec(0.0f64..1.0, 0..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut shape = shape;
        if wide {
            // Far enough apart that reads are split.
            let last = shape.len() - 1;
            shape[last] = 9000;
        }
        let elements: u64 = shape.iter().product();
        write(&path, "<u2", fortran_order, &shape, &noise(elements as usize * 2));
        let (whole, region) = (source(&path, &options(true)).unwrap(), source(&path, &options(false)).unwrap());
        let axes = &whole.info().axes;
        let part = |length: u64, from: f64, part: f64| {
            let start = (from * length as f64) as u64;
            (start, 1 + (part * (length - start - 1) as f64) as u64)
        };
        let (y, height) = part(axes.height(), picks[0], picks[1]);
        let (x, width) = part(axes.width(), picks[2], picks[3]);
        let indices = axes.extra().zip(&picks[4..]).map(|(axis, p)| (p * axis.size as f64) as u64).collect::<Vec<_>>();
        let chosen = (!channels.is_empty())
            .then(|| channels.iter().map(|p| (p * axes.channels() as f64) as u64).collect::<Vec<_>>());
        let r = Region { y, x, height, width };
        let expected = read(&*whole, r, step, indices.clone(), chosen.clone()).unwrap();
        let got = read(&*region, r, step, indices, chosen).unwrap();
        prop_assert_eq!(got.shape(), expected.shape());
        prop_assert_eq!(got.to_le_bytes().unwrap(), expected.to_le_bytes().unwrap());
    }

    #[test]
    fn no_header_makes_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[{}()\\[\\]'a-z<f4,: 0-9TrueFals_]{0,80}") {
        let _ = super::parse_header(&bytes);
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((text.len() as u16).to_le_bytes());
        file.extend(text.bytes());
        let _ = super::parse_header(&file);
    }
}
