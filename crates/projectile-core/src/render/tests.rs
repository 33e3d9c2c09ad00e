//! The whole road, against what the seed says of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::supply::Levelling;
use super::*;
use crate::array::{ArraySource, Axes, DType, Pixels, Samples};
use crate::encode::Effort::{Fast, Stored};
use crate::encode::Encoding;
use crate::error::{ErrorKind, Result};
use crate::resample::Resampling;
use crate::source::{Cancel, Level, ReadFuture, ReadRequest, Residence, Selection, Source, SourceInfo};

fn request(z: u32, x: u64, y: u64, size: u32, extension: &str) -> TileRequest {
    TileRequest {
        area: Area::Tile { z, x, y, size },
        style: Style::default(),
        encoding: Encoding::by_extension(extension).unwrap(),
    }
}

fn bytes(image: &Image, request: &TileRequest) -> Vec<u8> {
    image.render(request, &Cancel::new()).unwrap().bytes
}

fn bytes_image(height: u64, width: u64) -> Image {
    let samples: Vec<u8> = (0..height * width).map(|i| (i % 251) as u8).collect();
    Image::from_array("test", Samples::UInt8(samples.into()), &[height, width]).unwrap()
}

#[test]
fn a_tile_of_samples_of_many_channels_is_bounded() {
    let samples = vec![0.5f64; 600 * 4 * 4];
    let axes = Axes::named("yxc", &[4, 4, 600]).unwrap();
    let source = ArraySource::new(Samples::Float64(samples.into()), axes).unwrap();
    let image = Image::new("deep", Arc::new(source)).unwrap();
    let large = image.render(&request(0, 0, 0, 4096, "npy"), &Cancel::new());
    assert_eq!(large.unwrap_err().kind(), ErrorKind::Limit);
    let small = image
        .render(&request(0, 0, 0, 16, "npy"), &Cancel::new())
        .unwrap();
    assert_eq!(small.samples, Some((DType::Float64, [16, 16, 600])));
}

#[test]
fn a_native_tile_is_the_slice_of_the_array() {
    let image = bytes_image(600, 700);
    let tile = image
        .render(&request(2, 1, 1, 256, "bin"), &Cancel::new())
        .unwrap();
    assert_eq!(tile.samples, Some((DType::UInt8, [256, 256, 1])));
    let expected: Vec<u8> = (256..512)
        .flat_map(|y| (256..512).map(move |x| ((y * 700 + x) % 251) as u8))
        .collect();
    assert_eq!(tile.bytes, expected);
}

#[test]
fn past_native_resolution_pixels_are_repeated() {
    let image = bytes_image(4, 4);
    assert_eq!(
        bytes(&image, &request(1, 1, 0, 4, "bin")),
        [2, 2, 3, 3, 2, 2, 3, 3, 6, 6, 7, 7, 6, 6, 7, 7]
    );
    assert_eq!(bytes(&image, &request(2, 3, 0, 2, "bin")), [3; 4]);
}

#[test]
fn a_tile_beyond_the_image_is_empty_and_one_outside_the_grid_is_not_found() {
    let image = bytes_image(300, 200);
    let empty = image
        .render(&request(1, 1, 1, 256, "npy"), &Cancel::new())
        .unwrap();
    assert_eq!(empty.samples, Some((DType::UInt8, [0, 0, 1])));
    assert!(!bytes(&image, &request(1, 1, 1, 256, "png")).is_empty());
    let outside = image
        .render(&request(1, 2, 0, 256, "png"), &Cancel::new())
        .unwrap_err();
    assert_eq!(outside.kind(), ErrorKind::NotFound);
}

#[test]
fn large_images_answer_at_once_and_exactly_once_built() {
    let image = bytes_image(5000, 5000);
    let tile = image
        .render(&request(0, 0, 0, 256, "bin"), &Cancel::new())
        .unwrap();
    assert!(
        tile.provisional,
        "5000² bytes are more than is reduced while a request waits"
    );
    assert!(
        image
            .levels()
            .iter()
            .any(|level| level.state == LevelState::Provisional)
    );
    image.next_build().unwrap().run(2, &Cancel::new()).unwrap();
    assert!(image.next_build().is_none());
    assert!(
        image
            .levels()
            .iter()
            .all(|level| level.state != LevelState::Provisional)
    );
    let tile = image
        .render(&request(0, 0, 0, 256, "bin"), &Cancel::new())
        .unwrap();
    assert!(!tile.provisional);
    let block: f64 = (0..32u64)
        .flat_map(|y| (0..32).map(move |x| ((y * 5000 + x) % 251) as f64))
        .sum::<f64>()
        / 1024.0;
    assert!((f64::from(tile.bytes[0]) - block).abs() <= 0.5);
}

#[test]
fn a_build_that_is_dropped_can_be_asked_for_again() {
    let image = bytes_image(5000, 5000);
    image.levels();
    drop(image.next_build().unwrap());
    image.levels();
    let cancel = Cancel::new();
    cancel.cancel();
    assert_eq!(
        image.next_build().unwrap().run(1, &cancel).unwrap_err().kind(),
        ErrorKind::Cancelled
    );
    image.levels();
    let selection = Selection::first(&image.info().axes);
    assert!(Levelling::of(&image, Resampling::AVERAGE, &selection).is_pending());
}

#[test]
fn rendering_to_the_end_never_gives_a_sample() {
    let tile = bytes_image(5000, 5000)
        .render_final(&request(0, 0, 0, 64, "bin"), 2, &Cancel::new())
        .unwrap();
    assert!(!tile.provisional);
}

#[test]
fn who_comes_while_levels_are_built_waits_for_them() {
    let (image, cancel) = (bytes_image(5000, 5000), Cancel::new());
    let exact = bytes_image(5000, 5000)
        .render_final(&request(0, 0, 0, 64, "bin"), 2, &cancel)
        .unwrap();
    assert!(
        image
            .asks_for_levels(&request(0, 0, 0, 64, "bin"), &cancel)
            .unwrap()
    );
    let build = image.next_build().unwrap();
    std::thread::scope(|scope| {
        let waits = ["bin", "png"].map(|format| {
            let (image, cancel) = (&image, &cancel);
            scope.spawn(move || image.render_final(&request(0, 0, 0, 64, format), 1, cancel))
        });
        // Both have found it taken by then, or will: either way none may answer with a sample.
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(waits.iter().all(|waits| !waits.is_finished()));
        build.run(1, &cancel).unwrap();
        let [samples, picture] = waits.map(|waits| waits.join().unwrap().unwrap());
        assert_eq!(samples, exact);
        assert!(!picture.provisional);
    });
    assert!(
        !image
            .waits_for_levels(&request(0, 0, 0, 64, "bin"), &cancel)
            .unwrap()
    );
}

#[test]
fn wide_integers_keep_their_dtype_in_tiles_of_samples_but_not_their_rounding_in_pictures() {
    // One count in four pixels: rounded to an integer its mean is 0.
    let image = Image::from_array("counts", Samples::Int32(vec![1, 0, 0, 0].into()), &[2, 2]).unwrap();
    let tile = image.render(&request(0, 0, 0, 1, "bin"), &Cancel::new()).unwrap();
    assert_eq!(
        (tile.samples, tile.bytes),
        (Some((DType::Int32, [1, 1, 1])), vec![0; 4])
    );
    let mut gray = request(0, 0, 0, 1, "png");
    (gray.style.vmin, gray.style.vmax) = (Some(0.0), Some(1.0));
    gray.style.bits = Some(16);
    let png = bytes(&image, &gray);
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut sample = [0; 2];
    reader.next_frame(&mut sample).unwrap();
    assert_eq!(u16::from_be_bytes(sample), 16384);
}

#[test]
fn axes_and_channels_are_selected_by_name() {
    let samples: Vec<u16> = (0..2 * 3 * 4 * 4).collect();
    let axes = Axes::named("tcyx", &[2, 3, 4, 4]).unwrap();
    let source = crate::ArraySource::new(Samples::UInt16(samples.into()), axes).unwrap();
    let image = Image::new("stack", Arc::new(source)).unwrap();
    assert_eq!(image.kind(), Kind::Channels);
    let mut tile = request(0, 0, 0, 4, "bin");
    tile.style.indices = vec![("t".into(), 1)];
    tile.style.channels = Some(vec![2, 0]);
    let got = bytes(&image, &tile);
    assert_eq!(got[..4], [80, 0, 48, 0]);
    for (axis, index) in [("t", 2), ("z", 0)] {
        tile.style.indices = vec![(axis.into(), index)];
        assert_eq!(
            image.render(&tile, &Cancel::new()).unwrap_err().parameter(),
            Some(axis)
        );
    }
    tile.style.indices.clear();
    tile.style.channels = Some(vec![3]);
    assert_eq!(
        image.render(&tile, &Cancel::new()).unwrap_err().parameter(),
        Some("c")
    );
    let values = image
        .value(
            1,
            2,
            &Style {
                indices: vec![("t".into(), 1)],
                ..Style::default()
            },
            &Cancel::new(),
        )
        .unwrap()
        .1;
    assert_eq!(
        values.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["54", "70", "86"]
    );
}

#[test]
fn tiles_of_samples_hold_every_channel_and_composites_the_first_few() {
    let samples: Vec<u16> = (0..6 * 25).collect();
    let image = Image::from_array("six", Samples::UInt16(samples.into()), &[6, 5, 5]).unwrap();
    assert_eq!(image.kind(), Kind::Channels);
    let tile = image.render(&request(0, 0, 0, 8, "bin"), &Cancel::new()).unwrap();
    assert_eq!(tile.samples, Some((DType::UInt16, [5, 5, 6])));
    assert_eq!(image.display(&Cancel::new()).unwrap().visible, [0, 1, 2, 3]);
}

#[test]
fn a_colormap_wants_one_channel() {
    let image = Image::from_array("rgb", Samples::UInt8(vec![0; 12].into()), &[2, 2, 3]).unwrap();
    let mut tile = request(0, 0, 0, 2, "png");
    tile.style.colormap = Some(crate::colormap("viridis").unwrap());
    assert_eq!(
        image.render(&tile, &Cancel::new()).unwrap_err().parameter(),
        Some("colormap")
    );
    tile.style.channels = Some(vec![1]);
    assert!(image.render(&tile, &Cancel::new()).is_ok());
}

#[test]
fn complex_samples_are_shown_as_magnitude_and_told_exactly() {
    let samples = Samples::Complex64(vec![[3.0, 4.0], [0.0, -1.0]].into());
    let image = Image::from_array("waves", samples, &[1, 2]).unwrap();
    let tile = image.render(&request(0, 0, 0, 1, "npy"), &Cancel::new()).unwrap();
    assert_eq!(tile.samples, Some((DType::Float32, [1, 1, 1])));
    assert_eq!(tile.bytes[tile.bytes.len() - 4..], 3.0f32.to_le_bytes());
    assert_eq!(
        image.value(0, 1, &Style::default(), &Cancel::new()).unwrap().1[0].to_string(),
        "0-1j"
    );
}

#[test]
fn default_windows_are_the_dtypes_for_bytes_and_the_datas_for_the_rest() {
    let window = |samples: Samples| {
        let image = Image::from_array("w", samples, &[10, 101]).unwrap();
        let display = image.display(&Cancel::new()).unwrap();
        (
            display.window.vmin,
            display.window.vmax,
            display.window_from.name(),
        )
    };
    assert_eq!(
        window(Samples::UInt8(vec![7; 1010].into())),
        (0.0, 255.0, "dtype")
    );
    let ramp: Vec<f32> = (0..1010).map(|i| i as f32).collect();
    assert_eq!(
        window(Samples::Float32(ramp.into())),
        (5.0, 1004.0, "percentiles")
    );
}

/// A source on "disk" that counts the samples it gives, with overviews of its own.
#[derive(Debug)]
struct Counting {
    info: SourceInfo,
    given: AtomicU64,
}

impl Counting {
    fn image(side: u64, overviews: u32) -> (Arc<Self>, Image) {
        Self::image_of((side, side), overviews)
    }

    fn image_of((height, width): (u64, u64), overviews: u32) -> (Arc<Self>, Image) {
        let mut info = SourceInfo::new(DType::UInt8, Axes::guess(&[height, width]).unwrap(), "test");
        info.levels = (0..=overviews)
            .map(|k| Level {
                factor: 1 << k,
                height: height >> k,
                width: width >> k,
            })
            .collect();
        info.resampling = Some(Resampling::AVERAGE);
        let source = Arc::new(Self {
            info,
            given: AtomicU64::new(0),
        });
        (Arc::clone(&source), Image::new("counting", source).unwrap())
    }
}

impl Source for Counting {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        Residence::Local
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        let (height, width) = request.output_size();
        self.given.fetch_add((height * width) as u64, Ordering::Relaxed);
        let level = request.level as u8;
        let answer: Result<Pixels> = Pixels::new(
            Samples::UInt8(vec![level; height * width].into()),
            height,
            width,
            1,
        );
        Box::pin(std::future::ready(answer))
    }
}

#[test]
fn own_overviews_are_used_and_nothing_is_read_beyond_the_tile() {
    let (source, image) = Counting::image(1 << 40, 40);
    let tile = image
        .render(&request(0, 0, 0, 256, "bin"), &Cancel::new())
        .unwrap();
    assert!(!tile.provisional);
    assert!(tile.bytes.iter().all(|&level| level == 32));
    assert_eq!(source.given.load(Ordering::Relaxed), 256 * 256);
    // No one could read it whole for another resampling, so its overviews stand for it.
    let mut max = request(3, 0, 0, 256, "bin");
    max.style.resampling = Some(Resampling::named("max").unwrap());
    assert!(!image.render(&max, &Cancel::new()).unwrap().provisional);
}

#[test]
fn the_first_tile_of_a_huge_source_reads_only_a_sample() {
    let (source, image) = Counting::image(200_000, 0);
    let tile = image
        .render(&request(0, 0, 0, 256, "bin"), &Cancel::new())
        .unwrap();
    assert!(tile.provisional);
    assert!(source.given.load(Ordering::Relaxed) <= 128 * 128);
    assert_eq!(tile.samples.unwrap().1, [196, 196, 1]);
}

#[test]
fn levels_fit_their_budget_however_narrow_the_image() {
    for (height, width) in [(1 << 19, 1 << 19), (1 << 33, 37), (37, 1 << 33), (1 << 37, 1)] {
        let (_, image) = Counting::image_of((height, width), 0);
        let plane = Selection {
            indices: Vec::new(),
            channels: None,
        };
        let levelling = Levelling::of(&image, Resampling::AVERAGE, &plane);
        let halved = |length: u64, level: u32| length.div_ceil(1 << level);
        let bytes = |level| -> u64 {
            (level..=image.max_zoom())
                .map(|level| halved(height, level) * halved(width, level))
                .sum()
        };
        let (first, budget) = (levelling.first_built(), 256 << 20);
        assert!(bytes(first) <= budget, "{height} × {width}");
        assert!(bytes(first - 1) > budget, "{height} × {width}");
    }
}

#[test]
fn no_tile_of_an_endless_source_is_made_of_more_than_a_sample() {
    let (source, image) = Counting::image(1_000_000_000_000, 0);
    for z in [0, 8, 16, 24] {
        let tile = image
            .render(&request(z, 0, 0, 256, "bin"), &Cancel::new())
            .unwrap();
        // Its levels are never built, so there is nothing to wait for.
        assert!(!tile.provisional && !image.wants_build(), "{z}");
    }
    assert!(source.given.load(Ordering::Relaxed) <= 4 * 128 * 128);
}

#[test]
fn only_small_tiles_that_are_at_hand_and_copied_are_quick() {
    let image = bytes_image(5000, 5000);
    let with = |z, extension, effort| {
        let mut request = request(z, 0, 0, 256, extension);
        request.encoding.options.effort = effort;
        request
    };
    assert!(image.is_quick(&with(5, "png", Stored)));
    assert!(image.is_quick(&with(5, "npy", Fast)));
    assert!(!image.is_quick(&with(5, "png", Fast)));
    assert!(!image.is_quick(&with(0, "png", Stored)), "its level is not built");
    image.levels();
    image.next_build().unwrap().run(2, &Cancel::new()).unwrap();
    assert!(image.is_quick(&with(0, "png", Stored)));
    let (_, elsewhere) = Counting::image(5000, 0);
    assert!(!elsewhere.is_quick(&with(5, "png", Stored)));
}

#[test]
fn a_tile_that_is_exact_but_costly_asks_for_its_level_too() {
    let image = bytes_image(1500, 1500);
    let tile = image
        .render(&request(0, 0, 0, 256, "bin"), &Cancel::new())
        .unwrap();
    assert!(!tile.provisional && image.wants_build());
    image.next_build().unwrap().run(2, &Cancel::new()).unwrap();
    assert_eq!(
        image
            .render(&request(0, 0, 0, 256, "bin"), &Cancel::new())
            .unwrap(),
        tile
    );
    let small = bytes_image(400, 400);
    small
        .render(&request(0, 0, 0, 256, "bin"), &Cancel::new())
        .unwrap();
    assert!(!small.wants_build());
}
