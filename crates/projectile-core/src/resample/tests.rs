//! Every kind against its definition, over whole blocks of the source.

use proptest::prelude::*;

use super::*;
use crate::array::{Sample, Samples};
use crate::source::{Cancel, Region};

fn levels(
    kind: Resampling,
    pixels: &Pixels,
    keep: std::ops::RangeInclusive<u32>,
    rules: Rules,
) -> Vec<Pixels> {
    let read =
        |r: Region| Ok(pixels.crop(r.y as usize, r.x as usize, r.height as usize, r.width as usize, 1));
    let job = Job {
        blocks: &read,
        size: (pixels.height() as u64, pixels.width() as u64),
        channels: pixels.channels(),
        dtype: pixels.dtype(),
        keep,
        rules,
        threads: 2,
        cancel: &Cancel::new(),
        rows: None,
    };
    kind.reduce(&job).unwrap()
}

fn random<T: Sample>(
    seed: u64,
    height: usize,
    width: usize,
    channels: usize,
    draw: impl Fn(u64) -> T,
) -> Pixels {
    let mut state = seed;
    let samples = (0..height * width * channels)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            draw(state >> 24)
        })
        .collect();
    Pixels::new(T::wrap(samples), height, width, channels).unwrap()
}

/// Valid samples of each block of `2^level` a side.
fn blocks(pixels: &Pixels, level: u32, nodata: Option<f64>) -> Vec<Vec<f64>> {
    let [height, width, channels] = pixels.shape();
    let all = pixels.to_f64();
    let side = 1usize << level;
    let mut blocks = Vec::new();
    for by in 0..height.div_ceil(side) {
        for bx in 0..width.div_ceil(side) {
            for c in 0..channels {
                let rows = by * side..height.min((by + 1) * side);
                let columns = || bx * side..width.min((bx + 1) * side);
                blocks.push(
                    rows.flat_map(|y| columns().map(move |x| (y, x)))
                        .map(|(y, x)| all[(y * width + x) * channels + c])
                        .filter(|v| !v.is_nan() && nodata != Some(*v))
                        .collect(),
                );
            }
        }
    }
    blocks
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance
}

#[test]
fn averages_of_bytes_are_rounded_once_however_deep() {
    for (height, width, channels) in [
        (1, 1, 1),
        (300, 1030, 3),
        (700, 2, 1),
        (257, 1025, 4),
        (1, 3000, 1),
    ] {
        let pixels = random(7, height, width, channels, |r| r as u8);
        let top = 64 - (height.max(width) as u64 - 1).leading_zeros();
        for (level, reduced) in (0..=top).zip(levels(Resampling::AVERAGE, &pixels, 0..=top, Rules::default()))
        {
            for (got, block) in reduced.to_f64().iter().zip(blocks(&pixels, level, None)) {
                let exact = block.iter().sum::<f64>() / block.len() as f64;
                assert!(
                    (got - exact).abs() <= 0.5 + 1e-9,
                    "{height}×{width} level {level}: {got} for {exact}"
                );
            }
        }
    }
}

#[test]
fn signed_averages_round_to_nearest_too() {
    let pixels = random(3, 64, 65, 1, |r| r as i16);
    for (level, reduced) in (0..=7).zip(levels(Resampling::AVERAGE, &pixels, 0..=7, Rules::default())) {
        for (got, block) in reduced.to_f64().iter().zip(blocks(&pixels, level, None)) {
            let exact = block.iter().sum::<f64>() / block.len() as f64;
            assert!(
                (got - exact).abs() <= 0.5 + 1e-9,
                "level {level}: {got} for {exact}"
            );
        }
    }
}

#[test]
fn not_a_number_is_never_mixed_in() {
    let pixels = random(5, 70, 530, 1, |r| {
        if r % 3 == 0 { f32::NAN } else { (r % 1000) as f32 }
    });
    for kind in [
        Resampling::AVERAGE,
        Resampling::named("max").unwrap(),
        Resampling::named("min").unwrap(),
    ] {
        for (level, reduced) in (1..=10).zip(levels(kind, &pixels, 1..=10, Rules::default())) {
            for (got, block) in reduced.to_f64().into_iter().zip(blocks(&pixels, level, None)) {
                let expected = match kind.name() {
                    "average" => block.iter().sum::<f64>() / block.len() as f64,
                    "max" => block.iter().copied().fold(f64::NAN, f64::max),
                    _ => block.iter().copied().fold(f64::NAN, f64::min),
                };
                assert!(
                    close(got, expected, 1e-3),
                    "{kind} level {level}: {got} for {expected}"
                );
            }
        }
    }
}

#[test]
fn nodata_is_left_out_and_a_block_of_nothing_else_is_nodata() {
    let rules = Rules {
        nodata: Some(255.0),
        alpha: false,
    };
    let pixels = random(9, 66, 67, 1, |r| if r % 2 == 0 { 255u8 } else { (r % 200) as u8 });
    for kind in Resampling::all().filter(|kind| !matches!(kind.name(), "nearest" | "mode")) {
        for (level, reduced) in (1..=7).zip(levels(kind, &pixels, 1..=7, rules)) {
            for (got, block) in reduced
                .to_f64()
                .into_iter()
                .zip(blocks(&pixels, level, Some(255.0)))
            {
                let empty = if kind.name() == "sum" { f64::NAN } else { 255.0 };
                let expected = match (block.is_empty(), kind.name()) {
                    (true, _) => empty,
                    (_, "average") => block.iter().sum::<f64>() / block.len() as f64,
                    (_, "max") => block.iter().copied().fold(f64::MIN, f64::max),
                    (_, "min") => block.iter().copied().fold(f64::MAX, f64::min),
                    _ => block.iter().sum(),
                };
                assert!(
                    close(got, expected, 0.5),
                    "{kind} level {level}: {got} for {expected}"
                );
            }
        }
    }
}

#[test]
fn colours_are_weighed_by_alpha_where_it_is_alpha() {
    let samples = Samples::UInt8(vec![200, 0, 0, 255, 0, 0, 0, 0].into());
    let pixels = Pixels::new(samples, 1, 2, 4).unwrap();
    let weighed = levels(
        Resampling::AVERAGE,
        &pixels,
        1..=1,
        Rules {
            nodata: None,
            alpha: true,
        },
    );
    assert_eq!(weighed[0].to_f64(), [200.0, 0.0, 0.0, 128.0]);
    let plain = levels(Resampling::AVERAGE, &pixels, 1..=1, Rules::default());
    assert_eq!(plain[0].to_f64(), [100.0, 0.0, 0.0, 128.0]);
}

#[test]
fn the_mode_is_the_commonest_of_each_step_and_the_least_of_equals() {
    let samples = |v: Vec<u32>| Pixels::new(Samples::UInt32(v.into()), 2, 2, 1).unwrap();
    for (block, expected) in [
        ([5, 5, 9, 9], 5.0),
        ([9, 5, 9, 7], 9.0),
        ([4, 3, 2, 1], 1.0),
        ([8, 8, 8, 8], 8.0),
    ] {
        let reduced = levels(
            Resampling::MODE,
            &samples(block.to_vec()),
            1..=1,
            Rules::default(),
        );
        assert_eq!(reduced[0].to_f64(), [expected]);
    }
    let odd = Pixels::new(Samples::UInt32(vec![7, 3].into()), 2, 1, 1).unwrap();
    assert_eq!(
        levels(Resampling::MODE, &odd, 1..=1, Rules::default())[0].to_f64(),
        [3.0]
    );
}

#[test]
fn bool_stays_bool_but_averages_to_its_share() {
    let pixels = Pixels::new(Samples::Bool(vec![1, 0, 0, 0].into()), 2, 2, 1).unwrap();
    let reduced = |name| levels(Resampling::named(name).unwrap(), &pixels, 1..=1, Rules::default()).remove(0);
    assert_eq!(
        (reduced("max").dtype(), reduced("max").to_f64()),
        (DType::Bool, vec![1.0])
    );
    assert_eq!(
        (reduced("average").dtype(), reduced("average").to_f64()),
        (DType::Float16, vec![0.25])
    );
}

#[test]
fn what_a_kind_says_it_gives_is_what_it_gives() {
    for kind in Resampling::all() {
        for dtype in DType::ALL.into_iter().filter(|dtype| !dtype.is_complex()) {
            let samples = Samples::from_bytes(dtype, &[0; 64], false);
            let pixels = Pixels::new(samples, 2, 2, 1).unwrap();
            assert_eq!(
                levels(kind, &pixels, 1..=1, Rules::default())[0].dtype(),
                kind.output(dtype),
                "{kind} {dtype}"
            );
        }
    }
}

#[test]
fn a_cancelled_job_ends_with_that_error() {
    let pixels = random(1, 10, 10, 1, |r| r as u8);
    let cancel = Cancel::new();
    cancel.cancel();
    let job = Job {
        blocks: &|_| Ok(pixels.clone()),
        size: (10, 10),
        channels: 1,
        dtype: DType::UInt8,
        keep: 1..=4,
        rules: Rules::default(),
        threads: 1,
        cancel: &cancel,
        rows: None,
    };
    assert_eq!(
        Resampling::AVERAGE.reduce(&job).unwrap_err().kind(),
        crate::ErrorKind::Cancelled
    );
}

#[test]
fn every_file_in_this_folder_is_registered() {
    const HELPERS: [&str; 9] = [
        "mod", "cascade", "extreme", "fit", "further", "project", "reduce", "tail", "tests",
    ];
    let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/resample"))
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
    let mut registered: Vec<String> = Resampling::all().map(|kind| kind.name().to_owned()).collect();
    files.sort();
    registered.sort();
    assert_eq!(files, registered);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn extremes_and_nearest_are_exact_at_every_level(
        height in 1usize..600, width in 1usize..1200, seed: u64, channels in 1usize..=3,
    ) {
        let pixels = random(seed, height, width, channels, |r| r as i32);
        let top = 64 - (height.max(width) as u64 - 1).leading_zeros();
        let all = pixels.to_f64();
        for name in ["max", "min", "nearest"] {
            let kind = Resampling::named(name).unwrap();
            for (level, reduced) in (0..=top).zip(levels(kind, &pixels, 0..=top, Rules::default())) {
                let expected: Vec<f64> = if name == "nearest" {
                    pixels.crop(0, 0, height, width, 1 << level).to_f64()
                } else {
                    let fold = if name == "max" { f64::max } else { f64::min };
                    blocks(&pixels, level, None).into_iter().map(|b| b.into_iter().reduce(fold).unwrap()).collect()
                };
                prop_assert_eq!(reduced.to_f64(), expected);
            }
        }
        prop_assert_eq!(all.len(), height * width * channels);
    }
}

/// Blocks of `2^steps` rows of one column, by a straight loop in f64.
fn column_blocks(pixels: &Pixels, steps: u32, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let [height, width, channels] = pixels.shape();
    let all = pixels.to_f64();
    let mut out = Vec::new();
    for top in (0..height).step_by(1 << steps) {
        for at in 0..width * channels {
            let bottom = (top + (1 << steps)).min(height);
            let block: Vec<f64> = (top..bottom).map(|y| all[y * width * channels + at]).collect();
            out.push(of(&block));
        }
    }
    out
}

#[test]
fn one_axis_alone_is_halved_over_its_own_blocks() {
    let cancel = Cancel::new();
    let pixels = random(5, 403, 37, 2, |r| f32::from(r as u8));
    let further = |name: &str, pixels: &Pixels, by| {
        let kind = Resampling::named(name).unwrap();
        kind.further(pixels.clone(), by, Rules::default(), &cancel)
            .unwrap()
    };
    let mean = |block: &[f64]| f64::from((block.iter().sum::<f64>() / block.len() as f64) as f32);
    for steps in [1, 3, 8, 9] {
        let down = further("average", &pixels, (steps, 0));
        assert_eq!(down.shape(), [403usize.div_ceil(1 << steps), 37, 2]);
        assert_eq!(down.to_f64(), column_blocks(&pixels, steps, mean));
        assert_eq!(
            further("max", &pixels, (steps, 0)).to_f64(),
            column_blocks(&pixels, steps, |block| block
                .iter()
                .copied()
                .fold(f64::MIN, f64::max))
        );
        let across = further("average", &pixels.clone().transposed(), (0, steps));
        assert_eq!(across.transposed().to_f64(), down.to_f64());
    }
}

#[test]
fn alpha_weighs_its_own_column_only() {
    // Columns: opaque 10 over transparent 90, and half transparent 40 over opaque 100.
    let samples: Vec<u8> = vec![10, 255, 40, 51, 90, 0, 100, 204];
    let pixels = Pixels::new(Samples::UInt8(samples.into()), 2, 2, 2).unwrap();
    let rules = Rules {
        nodata: None,
        alpha: true,
    };
    let halved = Resampling::AVERAGE
        .further(pixels, (1, 0), rules, &Cancel::new())
        .unwrap();
    assert_eq!(halved.to_f64(), [10.0, 128.0, 88.0, 128.0]);
}

#[test]
fn rows_given_band_by_band_are_those_of_levels_kept_whole() {
    for (height, width, channels) in [
        (1, 2, 1),
        (255, 300, 2),
        (256, 700, 1),
        (1300, 1030, 1),
        (600, 3, 3),
    ] {
        let pixels = random(7, height, width, channels, |r| r as u16);
        let last = (height.max(width) - 1).ilog2() + 1;
        for kind in Resampling::all() {
            let read = |r: Region| {
                Ok(pixels.crop(r.y as usize, r.x as usize, r.height as usize, r.width as usize, 1))
            };
            let streamed = std::sync::Mutex::new(vec![(0, Vec::new()); last as usize]);
            let take = |level: u32, y: u64, rows: Pixels| {
                let (known, samples) = &mut streamed.lock().unwrap()[level as usize - 1];
                assert_eq!(*known, y, "{kind}: level {level} out of order");
                *known += rows.height() as u64;
                samples.extend(rows.to_f64());
                Ok(())
            };
            let job = Job {
                blocks: &read,
                size: (height as u64, width as u64),
                channels,
                dtype: DType::UInt16,
                keep: 1..=last,
                rules: Rules::default(),
                threads: 2,
                cancel: &Cancel::new(),
                rows: Some(&take),
            };
            assert!(kind.reduce(&job).unwrap().is_empty());
            let whole = levels(kind, &pixels, 1..=last, Rules::default());
            for (whole, (rows, samples)) in whole.iter().zip(streamed.into_inner().unwrap()) {
                assert_eq!(
                    (whole.height() as u64, whole.to_f64()),
                    (rows, samples),
                    "{kind} {height} × {width}"
                );
            }
        }
    }
}
