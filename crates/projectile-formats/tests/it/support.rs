//! Fixtures, and what is expected of them.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use projectile_core::{Cancel, DType, Pixels, ReadRequest, Region, Samples, Selection, Source};
use projectile_formats::NamedSource;
use serde_json::Value;

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images")
}

pub(crate) fn expectations() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(fixtures().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The answer of a source in memory, which is ready at once.
pub(crate) fn read(source: &dyn Source, indices: Vec<u64>) -> Pixels {
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
pub(crate) fn samples(source: &dyn Source) -> Vec<f64> {
    let frames = source.info().axes.extra().next().map_or(1, |axis| axis.size);
    let has_frames = source.info().axes.extra().count() > 0;
    (0..frames)
        .flat_map(|frame| read(source, if has_frames { vec![frame] } else { vec![] }).to_f64())
        .collect()
}

pub(crate) fn only(sources: Vec<NamedSource>) -> std::sync::Arc<dyn Source> {
    let [only]: [NamedSource; 1] = sources.try_into().unwrap();
    assert_eq!(only.name, "");
    only.source
}

pub(crate) fn to_f64(dtype: DType, bytes: &[u8]) -> Vec<f64> {
    let samples = Samples::from_bytes(dtype, bytes, false);
    let count = samples.len();
    Pixels::new(samples, 1, count, 1).unwrap().to_f64()
}

#[derive(Debug)]
pub(crate) struct Expected {
    dtype: DType,
    shape: Vec<u64>,
    axes: String,
    samples: Vec<f64>,
    max: f64,
    mean: f64,
}

impl Expected {
    pub(crate) fn of(facts: &Value) -> Self {
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
    pub(crate) fn fault(&self, source: &dyn Source) -> Option<String> {
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

/// `bytes` as a file of `name`'s ending.
pub(crate) fn written(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
