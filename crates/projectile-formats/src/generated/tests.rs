use projectile_core::{Cancel, DType, ErrorKind, Photometric, Region, Selection};

use super::*;
use crate::testing::read;

fn source(name: &str) -> Arc<dyn Source> {
    demo()
        .into_iter()
        .find(|image| image.name == name)
        .unwrap()
        .source
}

fn request(source: &dyn Source, level: usize, region: [u64; 4]) -> ReadRequest {
    let [y, x, height, width] = region;
    ReadRequest {
        level,
        region: Region { y, x, height, width },
        step: 1,
        selection: Selection::first(&source.info().axes),
        cancel: Cancel::new(),
    }
}

/// A place with something to see in each image.
const LOOK: [(&str, u64, u64); 5] = [
    ("mandelbrot", 0x1e66_6666_6666, 0x2000_0000_0000),
    ("terrain", 5000, 7000),
    ("cells", 900, 1000),
    ("labels", 1000, 1000),
    ("contacts", 3900, 4000),
];

#[test]
fn they_are_what_they_say() {
    for (name, shape, dtype, levels, photometric) in [
        (
            "mandelbrot",
            vec![1 << 46, 1 << 46],
            DType::Float32,
            47,
            Photometric::Auto,
        ),
        (
            "terrain",
            vec![16384, 16384],
            DType::Float32,
            15,
            Photometric::Auto,
        ),
        (
            "cells",
            vec![4, 5, 8, 2048, 2048],
            DType::UInt16,
            3,
            Photometric::Channels,
        ),
        ("labels", vec![4096, 4096], DType::Int32, 1, Photometric::Labels),
        (
            "contacts",
            vec![8192, 8192],
            DType::Int32,
            1,
            Photometric::Channels,
        ),
    ] {
        let source = source(name);
        let info = source.info();
        assert_eq!(
            (info.axes.shape(), info.dtype, info.levels.len()),
            (shape, dtype, levels),
            "{name}"
        );
        assert_eq!(info.photometric, photometric, "{name}");
        assert_ne!(info.version, 0);
        assert_eq!(source.residence(), Residence::Local);
        for level in &info.levels {
            assert_eq!(level.width, info.axes.width().div_ceil(level.factor));
            assert_eq!(level.height, info.axes.height().div_ceil(level.factor));
        }
    }
}

#[test]
fn making_them_takes_no_time() {
    let start = std::time::Instant::now();
    drop(demo());
    assert!(start.elapsed().as_millis() <= 5, "{:?}", start.elapsed());
}

#[test]
fn values_do_not_depend_on_how_a_region_is_cut() {
    for (name, y, x) in LOOK {
        let source = source(name);
        for level in [0, source.info().levels.len() / 2] {
            let factor = source.info().levels[level].factor;
            let room = source.info().levels[level];
            let (y, x) = (
                (y / factor).min(room.height - 40),
                (x / factor).min(room.width - 90),
            );
            let mut asked = request(&*source, level, [y, x, 40, 90]);
            asked.selection.indices.iter_mut().for_each(|index| *index = 2);
            let whole = read(&*source, asked.clone()).unwrap();
            assert_eq!(whole.shape(), [40, 90, source.info().axes.channels() as usize]);
            for part in [
                [0, 0, 1, 1],
                [13, 17, 20, 30],
                [39, 89, 1, 1],
                [5, 0, 2, 90],
                [0, 33, 40, 1],
            ] {
                let [dy, dx, height, width] = part.map(|n| n as usize);
                asked.region = Region {
                    y: y + part[0],
                    x: x + part[1],
                    height: part[2],
                    width: part[3],
                };
                let got = read(&*source, asked.clone()).unwrap().to_f64();
                assert_eq!(
                    got,
                    whole.crop(dy, dx, height, width, 1).to_f64(),
                    "{name} level {level} {part:?}"
                );
            }
            asked.region = Region {
                y,
                x,
                height: 40,
                width: 90,
            };
            asked.step = 7;
            let stepped = read(&*source, asked.clone()).unwrap();
            assert_eq!(
                stepped.to_f64(),
                whole.crop(0, 0, 40, 90, 7).to_f64(),
                "{name} level {level} step 7"
            );
            if whole.channels() > 1 {
                asked.step = 1;
                asked.selection.channels = Some(vec![3, 0, 3]);
                let some = read(&*source, asked).unwrap();
                assert_eq!(some.to_f64(), whole.select(Some(&[3, 0, 3])).unwrap().to_f64());
            }
        }
    }
}

#[test]
fn values_never_change() {
    // Whoever changes them on purpose raises REVISION.
    const MEANS: [f64; 5] = [
        5.106_072_369_962_931,
        589.959_876_988_257_7,
        2_196.062_890_625,
        260.648_437_5,
        2.655_273_437_5,
    ];
    for ((name, y, x), mean) in LOOK.into_iter().zip(MEANS) {
        let source = source(name);
        let level = source.info().levels.len() / 2;
        let factor = source.info().levels[level].factor;
        let values = read(
            &*source,
            request(&*source, level, [y / factor, x / factor, 32, 32]),
        )
        .unwrap()
        .to_f64();
        let found = values.iter().sum::<f64>() / values.len() as f64;
        // Mathematical functions differ by a bit from one system to another.
        assert!(
            (found - mean).abs() < 1e-4 * mean.abs(),
            "{name}: {found}, once {mean}"
        );
    }
}

#[test]
fn coarse_levels_are_about_what_averaging_would_give() {
    for (name, level, tolerance) in [
        ("terrain", 3, 30.0),
        ("terrain", 6, 60.0),
        ("cells", 1, 0.06),
        ("cells", 2, 0.12),
    ] {
        let source = source(name);
        let factor = source.info().levels[level].factor;
        let coarse = read(
            &*source,
            request(
                &*source,
                level,
                [640 / factor, 512 / factor, 512 / factor, 512 / factor],
            ),
        );
        let coarse = coarse.unwrap();
        let fine = read(&*source, request(&*source, 0, [640, 512, 512, 512])).unwrap();
        let (n, f) = (512 / factor as usize, factor as usize);
        for c in 0..fine.channels() {
            let channel = |pixels: &Pixels| pixels.clone().select(Some(&[c as u64])).unwrap();
            let (fine, coarse) = (channel(&fine), channel(&coarse).to_f64());
            let (mut error, mut scale) = (0.0, 0.0);
            for y in 0..n {
                for x in 0..n {
                    let block = fine.crop(y * f, x * f, f, f, 1).to_f64();
                    let mean = block.iter().sum::<f64>() / (f * f) as f64;
                    error += (mean - coarse[y * n + x]).abs() / (n * n) as f64;
                    scale += mean.abs() / (n * n) as f64;
                }
            }
            let found = if name == "cells" { error / scale } else { error };
            assert!(found < tolerance, "{name} level {level} channel {c}: {found}");
        }
    }
}

#[test]
fn terrain_has_sea_and_mountains() {
    let source = source("terrain");
    let values = read(&*source, request(&*source, 6, [0, 0, 256, 256]))
        .unwrap()
        .to_f64();
    let (low, high) = values
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    assert!(
        (-1500.0..-200.0).contains(&low) && (2000.0..4500.0).contains(&high),
        "{low}..{high}"
    );
    let sea = values.iter().filter(|&&v| v < 0.0).count();
    assert!(
        (values.len() / 8..values.len() * 5 / 8).contains(&sea),
        "{sea} of {}",
        values.len()
    );
}

#[test]
fn cells_change_with_time_depth_and_channel() {
    let source = source("cells");
    let plane = |t: u64, z: u64| {
        let mut asked = request(&*source, 0, [900, 1000, 128, 128]);
        asked.selection.indices = vec![t, z];
        read(&*source, asked).unwrap()
    };
    let base = plane(0, 3).to_f64();
    assert_ne!(base, plane(1, 3).to_f64());
    assert_ne!(base, plane(0, 6).to_f64());
    // A sharp plane has more contrast than one out of focus.
    let spread = |pixels: Pixels| {
        let values = pixels.select(Some(&[2])).unwrap().to_f64();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
    };
    assert!(spread(plane(0, 3)) > 1.5 * spread(plane(0, 7)));
}

#[test]
fn labels_are_whole_regions_with_background_between() {
    let source = source("labels");
    let values = read(&*source, request(&*source, 0, [0, 0, 1024, 1024]))
        .unwrap()
        .to_f64();
    let background = values.iter().filter(|&&v| v == 0.0).count() as f64 / values.len() as f64;
    assert!((0.1..0.5).contains(&background), "{background}");
    let mut labels: Vec<i64> = values.iter().map(|&v| v as i64).filter(|&v| v > 0).collect();
    labels.sort_unstable();
    assert!(*labels.last().unwrap() <= 4096);
    labels.dedup();
    assert!(
        (50..=90).contains(&labels.len()),
        "{} labels in 8 x 8 grid cells",
        labels.len()
    );
    // Two different labels never touch.
    for pair in values.chunks(512).flat_map(|row| row.windows(2)) {
        assert!(pair[0] == pair[1] || pair[0] == 0.0 || pair[1] == 0.0, "{pair:?}");
    }
}

#[test]
fn contacts_are_symmetric_and_mostly_zero() {
    let source = source("contacts");
    let at = |y, x, n: u64| read(&*source, request(&*source, 0, [y, x, n, n])).unwrap();
    let (a, b) = (at(100, 3000, 64), at(3000, 100, 64));
    let diagonal = at(4000, 4000, 64);
    for y in 0..64 {
        for x in 0..64 {
            assert_eq!(a.value(y, x, 0).unwrap(), b.value(x, y, 0).unwrap());
            assert_eq!(diagonal.value(y, x, 0).unwrap(), diagonal.value(x, y, 0).unwrap());
        }
    }
    let far = at(1000, 5000, 512).to_f64();
    let zeros = far.iter().filter(|&&v| v == 0.0).count();
    assert!(
        zeros > far.len() * 9 / 10 && zeros < far.len(),
        "{zeros} of {}",
        far.len()
    );
    assert!(diagonal.to_f64().iter().sum::<f64>() > 64.0 * 64.0);
}

#[test]
fn requests_outside_are_errors_and_cancelled_work_stops() {
    let source = source("cells");
    let ask = |change: fn(&mut ReadRequest)| {
        let mut asked = request(&*source, 0, [0, 0, 8, 8]);
        change(&mut asked);
        read(&*source, asked).map(|pixels| pixels.shape())
    };
    assert_eq!(ask(|_| ()).unwrap(), [8, 8, 5]);
    assert_eq!(ask(|asked| asked.region.height = 0).unwrap(), [0, 8, 5]);
    assert_eq!(ask(|asked| asked.region.width = 0).unwrap(), [8, 0, 5]);
    assert_eq!(
        ask(|asked| asked.level = 9).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        ask(|asked| asked.region.x = 2048).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        ask(|asked| asked.selection.indices = vec![0, 8])
            .unwrap_err()
            .parameter(),
        Some("z")
    );
    assert_eq!(
        ask(|asked| asked.selection.channels = Some(vec![5]))
            .unwrap_err()
            .parameter(),
        Some("c")
    );
    assert_eq!(
        ask(|asked| asked.cancel.cancel()).unwrap_err().kind(),
        ErrorKind::Cancelled
    );
    let giant = self::source("mandelbrot");
    let all = request(&*giant, 0, [0, 0, 1 << 46, 1 << 46]);
    assert_eq!(read(&*giant, all).unwrap_err().kind(), ErrorKind::Limit);
}
