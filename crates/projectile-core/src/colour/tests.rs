//! Colours against restatements of their definitions. The whole of matplotlib is compared in the oracle tests.

use proptest::prelude::*;

use super::*;
use crate::array::Samples;

fn row<T: crate::array::Sample>(samples: Vec<T>) -> Pixels {
    let width = samples.len();
    Pixels::new(T::wrap(samples), 1, width, 1).unwrap()
}

/// matplotlib's arithmetic for float32, as numpy does it.
fn entry_of_float32(x: f32, vmin: f64, vmax: f64, entries: f64) -> usize {
    let shifted = (f64::from(x) - vmin) as f32;
    let ratio = (f64::from(shifted) / (vmax - vmin)) as f32;
    let scaled = f64::from(ratio * entries as f32);
    if scaled >= entries {
        entries as usize - 1
    } else {
        scaled.max(0.0) as usize
    }
}

#[test]
fn there_is_every_map_of_matplotlib() {
    assert_eq!(COLORMAPS.len(), 182);
    assert_eq!(colormap("twilight").unwrap().table.len(), 510);
    assert_eq!(colormap("tab10").unwrap().table[1], [255, 127, 14]);
    assert_eq!(colormap("nothing").unwrap_err().parameter(), Some("colormap"));
}

#[test]
fn bad_samples_are_transparent_even_when_every_colour_is_taken() {
    let mut samples: Vec<f32> = (0..512).map(|i| i as f32).collect();
    samples.push(f32::NAN);
    let window = Window::new(0.0, 511.0).unwrap();
    let map = colormap("gray").unwrap();
    let raster = paint(&row(samples), &Painter::Colormap { map, window }, None).unwrap();
    assert_eq!(raster.layout, Layout::Rgba);
    assert_eq!(raster.data[512 * 4..], [0; 4]);
    assert_eq!(raster.data[511 * 4..512 * 4], [255; 4]);

    let few = paint(
        &row(vec![1.0f32, f32::NAN]),
        &Painter::Colormap { map, window },
        None,
    )
    .unwrap();
    assert_eq!(few.layout, Layout::Indexed);
    assert_eq!(few.to_rgba().data[4..], [0; 4]);
}

#[test]
fn a_window_that_is_a_point_maps_to_the_first_colour_as_in_matplotlib() {
    let map = colormap("viridis").unwrap();
    let window = Window::new(3.0, 3.0).unwrap();
    let raster = paint(
        &row(vec![1.0f32, 3.0, 9.0, f32::NAN]),
        &Painter::Colormap { map, window },
        None,
    )
    .unwrap();
    assert_eq!(
        raster
            .to_rgba()
            .data
            .chunks(4)
            .filter(|p| *p == [68, 1, 84, 255])
            .count(),
        4
    );
}

#[test]
fn windows_are_finite_and_in_order() {
    assert!(Window::new(1.0, 0.0).is_err());
    assert!(Window::new(f64::NAN, 0.0).is_err());
    assert!(Window::new(0.0, f64::INFINITY).is_err());
}

#[test]
fn linear_windows_round_to_nearest_and_hide_what_is_not_a_number() {
    let painter = Painter::Linear {
        windows: vec![Window::new(0.0, 1.0).unwrap()],
        bits: 8,
    };
    let raster = paint(&row(vec![0.0f32, 0.5, 1.0, 2.0, -1.0]), &painter, None).unwrap();
    assert_eq!(
        (raster.layout, raster.data),
        (Layout::Gray, vec![0, 128, 255, 255, 0])
    );
    let raster = paint(&row(vec![1.0f32, f32::NAN]), &painter, None).unwrap();
    assert_eq!(
        (raster.layout, raster.data),
        (Layout::GrayAlpha, vec![255, 255, 0, 0])
    );
    let deep = Painter::Linear {
        windows: vec![Window::new(0.0, 65535.0).unwrap()],
        bits: 16,
    };
    assert_eq!(
        paint(&row(vec![0x1234u16]), &deep, None).unwrap().data,
        [0x12, 0x34]
    );
}

#[test]
fn bytes_that_float_in_0_to_1_come_back_as_they_were() {
    let painter = Painter::Linear {
        windows: vec![Window::new(0.0, 1.0).unwrap()],
        bits: 8,
    };
    let samples: Vec<f32> = (0..=255u8).map(|b| f32::from(b) / 255.0).collect();
    assert_eq!(
        paint(&row(samples), &painter, None).unwrap().data,
        (0..=255).collect::<Vec<u8>>()
    );
}

#[test]
fn channels_add_up_in_their_colours() {
    let pixels = Pixels::new(Samples::UInt8(vec![255, 128].into()), 1, 1, 2).unwrap();
    let parts = vec![
        ([255, 0, 0], Window::of_bytes()),
        ([0, 255, 255], Window::of_bytes()),
    ];
    assert_eq!(
        paint(&pixels, &Painter::Composite(parts), None).unwrap().data,
        [255, 128, 128]
    );
}

#[test]
fn labels_keep_their_colours_and_zero_is_transparent() {
    let raster = paint(&row(vec![0i32, 7, 7, 8]), &Painter::Labels, None).unwrap();
    let pixels: Vec<_> = raster.data.chunks(4).collect();
    assert_eq!(pixels[0], [0; 4]);
    assert_eq!(pixels[1], pixels[2]);
    assert_ne!(pixels[1], pixels[3]);
    let distinct: std::collections::HashSet<_> = (1..=200).map(label_colour).collect();
    assert!(distinct.len() > 195);
}

#[test]
fn placing_pads_with_transparency_and_repeats_pixels() {
    let raster = paint(&row(vec![10u8, 20]), &Painter::AsIs, None)
        .unwrap()
        .place(2, (4, 4));
    assert_eq!(raster.layout, Layout::GrayAlpha);
    let gray = |v: u8| [v, 255];
    let shown = [gray(10), gray(10), gray(20), gray(20)].concat();
    assert_eq!(raster.data, [shown.clone(), shown, vec![0; 16]].concat());
}

#[test]
fn flattening_shows_the_background_where_there_is_no_pixel() {
    let raster = Raster::empty(1, 1).flatten([1, 2, 3]);
    assert_eq!((raster.layout, raster.data), (Layout::Rgb, vec![1, 2, 3]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    /// The multiplication and the exact way must meet at every boundary.
    #[test]
    fn float32_takes_the_entry_that_numpy_gives_it(
        vmin in prop_oneof![-1e6f64..1e6, -3.0f64..3.0], span in prop_oneof![1e-6f64..1e7, 0.5f64..300.0], picks in prop::collection::vec(-0.1f64..1.1, 100),
        map in prop::sample::select(vec!["viridis", "twilight", "tab10"]),
    ) {
        let map = colormap(map).unwrap();
        let entries = map.table.len() as f64;
        let vmax = vmin + span;
        // Random places, and places next to the boundaries between entries.
        let samples: Vec<f32> = picks
            .iter()
            .flat_map(|&p| [p, (p * entries).round() / entries])
            .map(|p| (vmin + p * span) as f32)
            .flat_map(|x| [x, x.next_up(), x.next_down()])
            .collect();
        let painter = Painter::Colormap { map, window: Window { vmin, vmax } };
        let raster = paint(&row(samples.clone()), &painter, None).unwrap().to_rgba();
        for (x, got) in samples.iter().zip(raster.data.chunks(4)) {
            let expected = map.table[entry_of_float32(*x, vmin, vmax, entries)];
            prop_assert_eq!(&got[..3], &expected, "x = {}", x);
        }
    }
}
