//! Blocks against the whole array that they are of.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use projectile_core::{
    ArraySource, Axes, Cancel, DType, Error, ErrorKind, Pixels, ReadRequest, Region, Residence, Samples,
    Selection, Source, SourceInfo,
};
use proptest::prelude::*;

use super::*;

/// Samples that count up in C order, and how they were read.
#[derive(Debug, Clone)]
struct Counting {
    shape: Vec<u64>,
    reads: Arc<Mutex<Vec<Vec<Block>>>>,
    slow: Duration,
    fails: Arc<AtomicBool>,
}

impl Counting {
    fn new(shape: &[u64]) -> Self {
        Self {
            shape: shape.to_vec(),
            reads: Arc::default(),
            slow: Duration::ZERO,
            fails: Arc::default(),
        }
    }

    fn source(&self, axes: &str, divisions: Vec<Division>, options: &ChunkedOptions) -> ChunkedSource {
        let info = SourceInfo::new(DType::UInt32, Axes::named(axes, &self.shape).unwrap(), "test");
        ChunkedSource::new(info, divisions, Box::new(self.clone()), options).unwrap()
    }

    fn whole(&self, axes: &str) -> ArraySource {
        let count = self.shape.iter().product::<u64>() as u32;
        let samples = Samples::UInt32((0..count).collect::<Vec<u32>>().into());
        ArraySource::new(samples, Axes::named(axes, &self.shape).unwrap()).unwrap()
    }

    fn blocks_read(&self) -> Vec<Block> {
        self.reads.lock().unwrap().concat()
    }
}

impl BlockReader for Counting {
    fn read(&self, blocks: &[Block]) -> Vec<projectile_core::Result<Samples>> {
        self.reads.lock().unwrap().push(blocks.to_vec());
        std::thread::sleep(self.slow);
        if self.fails.load(Ordering::SeqCst) {
            let away = Error::new(ErrorKind::Unavailable, "the store is away");
            return vec![Err(away); blocks.len()];
        }
        let samples = blocks.iter().map(|block| {
            let mut values = vec![0u32];
            for (range, &size) in block.0.iter().zip(&self.shape) {
                values = values
                    .iter()
                    .flat_map(|value| range.clone().map(move |i| value * size as u32 + i as u32))
                    .collect();
            }
            Ok(Samples::UInt32(values.into()))
        });
        samples.collect()
    }
}

fn request(region: [u64; 4], step: u64, selection: Selection) -> ReadRequest {
    let [y, x, height, width] = region;
    ReadRequest {
        level: 0,
        region: Region { y, x, height, width },
        step,
        selection,
        cancel: Cancel::new(),
    }
}

/// Sources here are ready at the first poll.
fn read(source: &dyn Source, request: ReadRequest) -> projectile_core::Result<Pixels> {
    let mut future = source.read(request);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(outcome) => outcome,
        std::task::Poll::Pending => panic!("not ready"),
    }
}

fn values(pixels: &Pixels) -> Vec<u32> {
    let Samples::UInt32(buffer) = pixels.to_contiguous().unwrap().samples().clone() else {
        panic!("another type")
    };
    buffer.as_slice().to_vec()
}

fn division(size: u64) -> impl Strategy<Value = Division> {
    let cuts = proptest::collection::btree_set(1..size.max(2), 0..4);
    let at = cuts.prop_map(move |cuts| {
        let inner = cuts.into_iter().filter(|&cut| cut < size);
        Division::At([0].into_iter().chain(inner).chain([size]).collect())
    });
    prop_oneof![(1..=size + 3).prop_map(Division::Even), at]
}

proptest! {
    #[test]
    fn any_region_of_any_blocks_is_that_of_the_array(
        (divisions, region, step, t, channels, order) in (
            (division(3), division(4), division(23), division(17)),
            (0u64..23, 0u64..17, 1u64..24, 1u64..18),
            1u64..6,
            0u64..3,
            proptest::option::of(proptest::collection::vec(0u64..4, 1..4)),
            proptest::sample::select(vec!["tcyx", "tyxc", "ytxc", "cxyt"]),
        )
    ) {
        let sizes = |letter| match letter { 't' => 3, 'c' => 4, 'y' => 23, _ => 17 };
        let division = |letter| match letter {
            't' => divisions.0.clone(),
            'c' => divisions.1.clone(),
            'y' => divisions.2.clone(),
            _ => divisions.3.clone(),
        };
        let reader = Counting::new(&order.chars().map(sizes).collect::<Vec<u64>>());
        let source = reader.source(order, order.chars().map(division).collect(), &ChunkedOptions::default());
        let (y, x, height, width) = region;
        let region = [y, x, height.min(23 - y), width.min(17 - x)];
        let selection = Selection { indices: vec![t], channels };
        let expected = read(&reader.whole(order), request(region, step, selection.clone())).unwrap();
        let found = read(&source, request(region, step, selection)).unwrap();
        prop_assert_eq!(found.shape(), expected.shape());
        // Of more blocks than that a sample leaves some out; it never reads more.
        let touched = |letter, from: u64, length: u64| {
            let blocks = (from..from + length).step_by(step as usize).map(|at| division(letter).block_of(at));
            blocks.collect::<HashSet<_>>().len()
        };
        if step == 1 || touched('y', region[0], region[2]) * touched('x', region[1], region[3]) <= 25 {
            prop_assert_eq!(values(&found), values(&expected));
        }
        let blocks = reader.blocks_read();
        let once: HashSet<&Block> = blocks.iter().collect();
        prop_assert_eq!(once.len(), blocks.len(), "a block was read twice");
    }
}

#[test]
fn only_the_blocks_of_a_region_are_read_and_only_once() {
    let reader = Counting::new(&[1000, 1000]);
    let source = reader.source(
        "yx",
        vec![Division::Even(100), Division::Even(50)],
        &ChunkedOptions::default(),
    );
    for _ in 0..3 {
        read(&source, request([150, 120, 100, 20], 1, Selection::default())).unwrap();
    }
    assert_eq!(
        reader.blocks_read(),
        [Block(vec![100..200, 100..150]), Block(vec![200..300, 100..150])]
    );
    assert_eq!(reader.reads.lock().unwrap().len(), 1, "both in one read");
    source.forget();
    read(&source, request([150, 120, 1, 1], 1, Selection::default())).unwrap();
    assert_eq!(reader.blocks_read().len(), 3);
}

#[test]
fn a_sample_of_a_great_array_reads_few_blocks() {
    let reader = Counting::new(&[60_000, 60_000]);
    let source = reader.source(
        "yx",
        vec![Division::Even(1000), Division::Even(1000)],
        &ChunkedOptions::default(),
    );
    let sample = read(
        &source,
        request([0, 0, 60_000, 60_000], 512, Selection::default()),
    )
    .unwrap();
    assert_eq!(sample.shape(), [118, 118, 1]);
    let bytes = reader.blocks_read().iter().map(Block::samples).sum::<u64>() * 4;
    assert!((1 << 24..=64 << 20).contains(&bytes), "{bytes} bytes were read");
}

#[test]
fn what_is_wanted_at_a_time_is_read_together() {
    let reader = Counting::new(&[1024, 1024]);
    let options = ChunkedOptions {
        residence: Residence::Remote,
        gather: Duration::from_millis(100),
        ..ChunkedOptions::default()
    };
    let source = reader.source("yx", vec![Division::Even(128), Division::Even(128)], &options);
    std::thread::scope(|scope| {
        for x in 0..8 {
            let source = &source;
            scope.spawn(move || {
                let pixels = read(source, request([0, x * 120, 256, 120], 1, Selection::default())).unwrap();
                assert_eq!(pixels.shape(), [256, 120, 1]);
            });
        }
    });
    let reads = reader.reads.lock().unwrap();
    assert_eq!(reads.len(), 1, "{} reads", reads.len());
    assert_eq!(reads[0].len(), 16);
}

#[test]
fn a_failed_read_fails_all_who_wait_and_the_next_tries_again() {
    let reader = Counting {
        slow: Duration::from_millis(100),
        ..Counting::new(&[64, 64])
    };
    reader.fails.store(true, Ordering::SeqCst);
    let source = reader.source(
        "yx",
        vec![Division::Even(64), Division::Even(64)],
        &ChunkedOptions::default(),
    );
    let failed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let error = read(&source, request([0, 0, 8, 8], 1, Selection::default())).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unavailable);
                failed.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    assert_eq!(failed.load(Ordering::SeqCst), 4);
    reader.fails.store(false, Ordering::SeqCst);
    assert!(read(&source, request([0, 0, 8, 8], 1, Selection::default())).is_ok());
}

#[test]
fn what_changed_while_it_was_read_is_read_again() {
    let reader = Counting {
        slow: Duration::from_millis(200),
        ..Counting::new(&[64, 64])
    };
    let source = reader.source(
        "yx",
        vec![Division::Even(64), Division::Even(64)],
        &ChunkedOptions::default(),
    );
    std::thread::scope(|scope| {
        let early = scope.spawn(|| read(&source, request([0, 0, 8, 8], 1, Selection::default())));
        std::thread::sleep(Duration::from_millis(50));
        source.forget();
        assert!(read(&source, request([0, 0, 8, 8], 1, Selection::default())).is_ok());
        assert!(early.join().unwrap().is_ok());
    });
    assert_eq!(
        reader.blocks_read().len(),
        2,
        "once before it changed, once after"
    );
    read(&source, request([0, 0, 8, 8], 1, Selection::default())).unwrap();
    assert_eq!(reader.blocks_read().len(), 2, "what was read after is kept");
}

#[test]
fn who_leaves_does_not_wait_and_who_stays_gets_it() {
    let reader = Counting {
        slow: Duration::from_millis(300),
        ..Counting::new(&[64, 64])
    };
    let source = reader.source(
        "yx",
        vec![Division::Even(64), Division::Even(64)],
        &ChunkedOptions::default(),
    );
    std::thread::scope(|scope| {
        let stays = scope.spawn(|| read(&source, request([0, 0, 8, 8], 1, Selection::default())));
        std::thread::sleep(Duration::from_millis(50));
        let leaves = request([0, 0, 8, 8], 1, Selection::default());
        leaves.cancel.cancel();
        let started = std::time::Instant::now();
        assert_eq!(read(&source, leaves).unwrap_err().kind(), ErrorKind::Cancelled);
        assert!(started.elapsed() < Duration::from_millis(150));
        assert!(stays.join().unwrap().is_ok());
    });
}

#[test]
fn a_block_that_cannot_be_read_keeps_no_other_from_being_read() {
    #[derive(Debug)]
    struct Holed;
    impl BlockReader for Holed {
        fn read(&self, blocks: &[Block]) -> Vec<projectile_core::Result<Samples>> {
            let one = |block: &Block| {
                if block.0[1].start == 0 {
                    return Err(Error::corrupt("a hole"));
                }
                Ok(Samples::UInt8(vec![7; block.samples() as usize].into()))
            };
            blocks.iter().map(one).collect()
        }
    }
    let info = SourceInfo::new(DType::UInt8, Axes::named("yx", &[8, 16]).unwrap(), "test");
    let divisions = vec![Division::Even(8), Division::Even(8)];
    let options = ChunkedOptions {
        residence: Residence::Remote,
        gather: Duration::from_millis(100),
        ..ChunkedOptions::default()
    };
    let source = ChunkedSource::new(info, divisions, Box::new(Holed), &options).unwrap();
    std::thread::scope(|scope| {
        let bad = scope.spawn(|| read(&source, request([0, 0, 8, 8], 1, Selection::default())));
        let good = scope.spawn(|| read(&source, request([0, 8, 8, 8], 1, Selection::default())));
        assert_eq!(bad.join().unwrap().unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(good.join().unwrap().unwrap().to_f64(), [7.0; 64]);
    });
}

#[test]
fn arrays_that_share_a_cache_keep_their_own_blocks() {
    let (one, two) = (Counting::new(&[8, 8]), Counting::new(&[8, 8]));
    let options = ChunkedOptions::default();
    let divisions = || vec![Division::Even(8), Division::Even(8)];
    let (first, second) = (
        one.source("yx", divisions(), &options),
        two.source("yx", divisions(), &options),
    );
    let all = || request([0, 0, 8, 8], 1, Selection::default());
    for source in [&first, &second, &first, &second] {
        read(source, all()).unwrap();
    }
    assert_eq!((one.blocks_read().len(), two.blocks_read().len()), (1, 1));
    first.forget();
    read(&first, all()).unwrap();
    read(&second, all()).unwrap();
    assert_eq!((one.blocks_read().len(), two.blocks_read().len()), (2, 1));
}

#[test]
fn levels_are_as_large_as_they_are_said_to_be() {
    let axes = Axes::named("yx", &[9, 7]).unwrap();
    let mut info = SourceInfo::new(DType::UInt32, axes, "test");
    info.levels.push(projectile_core::Level {
        factor: 2,
        height: 5,
        width: 4,
    });
    let (full, half) = (Counting::new(&[9, 7]), Counting::new(&[4, 3]));
    let options = ChunkedOptions::default();
    let divisions = || vec![Division::Even(2), Division::Even(2)];
    let levels = || {
        vec![
            full.source("yx", divisions(), &options),
            half.source("yx", divisions(), &options),
        ]
    };
    let source = LeveledSource::new(info.clone(), levels()).unwrap();
    let at = |level, region| ReadRequest {
        level,
        ..request(region, 1, Selection::default())
    };
    let whole = read(&source, at(0, [0, 0, 9, 7])).unwrap();
    assert_eq!(whole.to_f64(), (0..63).map(f64::from).collect::<Vec<_>>());
    // The writer rounded down: what it left out is as what is beside it.
    let half = read(&source, at(1, [2, 1, 3, 3])).unwrap();
    assert_eq!(half.to_f64(), [7.0, 8.0, 8.0, 10.0, 11.0, 11.0, 10.0, 11.0, 11.0]);
    let corner = read(&source, at(1, [4, 3, 1, 1])).unwrap();
    assert_eq!(corner.to_f64(), [11.0]);
    info.levels[1].height = 6;
    assert_eq!(
        LeveledSource::new(info, levels()).unwrap_err().kind(),
        ErrorKind::BadRequest
    );
}
