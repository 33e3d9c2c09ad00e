//! Projections: the planes along an axis made one, as a source of its own.

use std::ops::Range;
use std::sync::Arc;

use crate::array::{Axes, DType, Part, Pixels};
use crate::error::{Error, Result};
use crate::render::wait;
use crate::resample::{Resampling, Rules, Stack};
use crate::source::{ReadFuture, ReadRequest, Residence, Selection, Source, SourceInfo};

/// Planes that one plane is made of, at most.
pub(crate) const MOST_PLANES: u64 = 1 << 15;
/// Samples whose states are held at a time: a larger answer is made strip by strip.
const STRIP: usize = 1 << 20;
/// Planes that are waited for at a time, where a read mostly waits.
const AT_A_TIME: u64 = 8;

/// How an axis is made one plane: `z=max`, or `z=3:10:max` of some planes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Projection {
    /// What is made of the samples of a pixel.
    pub kind: Resampling,
    /// Of which planes, from the first to before the last.
    pub planes: Range<u64>,
}

impl Projection {
    /// The kind of a name, for an axis: those of [`Resampling`] that reduce along an axis, and `mean` for `average`.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest), naming the kinds there are.
    pub fn kind_named(axis: &str, name: &str) -> Result<Resampling> {
        let own = if name == "mean" { "average" } else { name };
        let mut kinds = Resampling::all().filter(|kind| kind.projected(DType::UInt8, None).is_some());
        kinds.find(|kind| kind.name() == own).ok_or_else(|| {
            let all = Resampling::all().filter(|kind| kind.projected(DType::UInt8, None).is_some());
            let names: Vec<_> = all.map(|kind| kind.name()).collect();
            Error::bad_request(
                axis.to_owned(),
                format!(
                    "{axis} = {name:?} is no index and no projection: {}, of all planes or as in 3:10:max",
                    names.join(", ")
                ),
            )
        })
    }
}

/// A source whose planes along one axis are made one.
#[derive(Debug)]
pub(crate) struct ProjectedSource {
    source: Arc<dyn Source>,
    projection: Projection,
    /// Where the axis stands among the extra axes.
    at: usize,
    rules: Rules,
    /// The type of the samples that are projected.
    dtype: DType,
    info: SourceInfo,
}

impl ProjectedSource {
    /// A projection of `source` along the extra axis `name`. `rules`: which of its samples count. `has_alpha`: whether its
    /// last channel is alpha, whose range is that of its dtype.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for an axis that is not there and planes that are not,
    /// [`Limit`](crate::ErrorKind::Limit) for more planes than are read for one.
    pub(crate) fn new(
        source: Arc<dyn Source>,
        name: &str,
        projection: Projection,
        rules: Rules,
        has_alpha: bool,
    ) -> Result<Self> {
        let info = source.info();
        let (at, axis) = info.axes.extra_axis(name)?;
        let planes = &projection.planes;
        if planes.start >= planes.end || planes.end > axis.size {
            return Err(Error::bad_request(
                name.to_owned(),
                format!(
                    "{name} = {}:{} are no planes: from 0 to {}",
                    planes.start, planes.end, axis.size
                ),
            ));
        }
        let count = (planes.end - planes.start).saturating_mul(source.planes());
        if count > MOST_PLANES {
            return Err(Error::limit(format!(
                "a projection of {count} planes: at most {MOST_PLANES} are made one; choose some, as in {name}=0:100:{}",
                projection.kind
            )));
        }
        let dtype = info.dtype.magnitude();
        let (projected, nodata) = projection.kind.projected(dtype, info.nodata).ok_or_else(|| {
            Error::bad_request(
                name.to_owned(),
                format!("{} reduces no planes along an axis", projection.kind),
            )
        })?;
        let (projected, nodata) = if has_alpha && projection.kind.keeps_dtype() {
            (dtype, info.nodata)
        } else {
            (projected, nodata)
        };
        let position = info.axes.position(name).unwrap_or_default();
        let others = || info.axes.iter().filter(|axis| axis.name != name);
        let names: Vec<&str> = others().map(|axis| axis.name.as_str()).collect();
        let shape: Vec<u64> = others().map(|axis| axis.size).collect();
        let mut info = SourceInfo {
            dtype: projected,
            axes: Axes::with_names(&names, &shape)?,
            nodata,
            ..info.clone()
        };
        if position < info.dimensions.len() {
            info.dimensions.remove(position);
        }
        if projection.kind.keeps_dtype() {
            // Means of bytes are shown as bytes are.
            let bytes = matches!(dtype, DType::UInt8 | DType::Bool) && projected != dtype;
            info.window = info.window.or(if bytes { dtype.range() } else { None });
        } else {
            // What suits samples does not suit their sums.
            info.window = None;
            info.channels.iter_mut().for_each(|channel| channel.window = None);
        }
        Ok(Self {
            source,
            projection,
            at,
            rules,
            dtype,
            info,
        })
    }

    /// What to ask for one plane.
    fn of_plane(&self, request: &ReadRequest, plane: u64) -> ReadRequest {
        let mut indices = request.selection.indices.clone();
        indices.insert(self.at.min(indices.len()), plane);
        ReadRequest {
            selection: Selection {
                indices,
                channels: request.selection.channels.clone(),
            },
            ..request.clone()
        }
    }

    async fn strip(&self, request: &ReadRequest) -> Result<Pixels> {
        let (height, width) = request.output_size();
        let channels = request.selection.channel_count(self.info.axes.channels());
        let all = request.selection.channels.is_none();
        let mut projector = self.projection.kind.projector(&Stack {
            dtype: self.dtype,
            shape: [height, width, channels],
            // Alpha weighs the channels that it comes with.
            rules: Rules {
                alpha: self.rules.alpha && all,
                ..self.rules
            },
        })?;
        let mut add = |plane: Pixels| projector.add(plane.magnitude().unwrap_or(plane));
        if self.source.residence() == Residence::Remote {
            let mut plane = self.projection.planes.start;
            while plane < self.projection.planes.end {
                request.cancel.check()?;
                let end = (plane + AT_A_TIME).min(self.projection.planes.end);
                self.together(request, plane..end)?
                    .into_iter()
                    .try_for_each(&mut add)?;
                plane = end;
            }
        } else {
            for plane in self.projection.planes.clone() {
                request.cancel.check()?;
                add(self.source.read(self.of_plane(request, plane)).await?)?;
            }
        }
        Ok(projector.finish()?.cast_with(self.info.dtype, self.info.nodata))
    }

    /// Some planes, waited for together.
    fn together(&self, request: &ReadRequest, planes: Range<u64>) -> Result<Vec<Pixels>> {
        std::thread::scope(|scope| {
            let reads: Vec<_> = planes
                .map(|plane| scope.spawn(move || wait(self.source.read(self.of_plane(request, plane)))))
                .collect();
            reads
                .into_iter()
                .map(|read| {
                    read.join()
                        .unwrap_or_else(|_| Err(Error::internal("reading a plane panicked")))
                })
                .collect()
        })
    }

    async fn gather(&self, request: ReadRequest) -> Result<Pixels> {
        let (height, width) = request.output_size();
        let channels = request.selection.channel_count(self.info.axes.channels());
        let rows = (STRIP / (width * channels).max(1)).max(1);
        if rows >= height {
            return self.strip(&request).await;
        }
        let mut parts = Vec::new();
        for (row, strip) in request.strips(rows) {
            parts.push(Part {
                at: [row, 0, 0],
                pixels: self.strip(&strip).await?,
            });
        }
        Pixels::mosaic(self.info.dtype, [height, width, channels], &parts)
    }
}

impl Source for ProjectedSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        match self.source.residence() {
            // No view any more, but computed.
            Residence::Memory => Residence::Local,
            other => other,
        }
    }

    fn planes(&self) -> u64 {
        (self.projection.planes.end - self.projection.planes.start).saturating_mul(self.source.planes())
    }

    fn forget(&self) {
        self.source.forget();
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        Box::pin(self.gather(request))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::array::{ArraySource, Sample, Samples};
    use crate::error::ErrorKind;
    use crate::source::{Cancel, Region};

    fn source(samples: Samples, letters: &str, shape: &[u64], nodata: Option<f64>) -> Arc<dyn Source> {
        let mut info = SourceInfo::new(samples.dtype(), Axes::named(letters, shape).unwrap(), "array");
        info.nodata = nodata;
        Arc::new(ArraySource::with_info(samples, info).unwrap())
    }

    fn by(name: &str, planes: Range<u64>) -> Projection {
        Projection {
            kind: Projection::kind_named("z", name).unwrap(),
            planes,
        }
    }

    fn projected(source: &Arc<dyn Source>, projection: Projection) -> Result<ProjectedSource> {
        let rules = Rules {
            nodata: source.info().nodata,
            alpha: false,
        };
        ProjectedSource::new(Arc::clone(source), "z", projection, rules, false)
    }

    fn read(source: &ProjectedSource, step: u64) -> Vec<f64> {
        let axes = &source.info().axes;
        let request = ReadRequest {
            level: 0,
            region: Region {
                y: 0,
                x: 0,
                height: axes.height(),
                width: axes.width(),
            },
            step,
            selection: Selection::first(axes),
            cancel: Cancel::new(),
        };
        wait(source.read(request)).unwrap().to_f64()
    }

    #[test]
    fn nodata_is_left_out_and_marked() {
        // Of three planes of four pixels: all valid, some, one that is the mean's own nodata, none.
        let samples = vec![1i16, -9, -10, -9, 3, 5, -8, -9, 8, -9, -9, -9];
        let stack = source(Samples::Int16(samples.into()), "zyx", &[3, 1, 4], Some(-9.0));
        let of = |name| {
            let source = projected(&stack, by(name, 0..3)).unwrap();
            (read(&source, 1), source.info().dtype, source.info().nodata)
        };
        assert_eq!(of("max"), (vec![8.0, 5.0, -8.0, -9.0], DType::Int16, Some(-9.0)));
        assert_eq!(of("min"), (vec![1.0, 5.0, -10.0, -9.0], DType::Int16, Some(-9.0)));
        let (means, dtype, nodata) = of("mean");
        assert_eq!(
            (&means[..3], dtype, nodata),
            (&[4.0, 5.0, -9.0][..], DType::Float64, None)
        );
        assert!(means[3].is_nan());
        let (sums, ..) = of("sum");
        assert_eq!(sums[..3], [12.0, 5.0, -18.0]);
        assert!(sums[3].is_nan());
    }

    #[test]
    fn wide_integers_keep_every_digit() {
        let samples = vec![u64::MAX - 1, 3, u64::MAX, 2];
        let stack = source(Samples::UInt64(samples.into()), "zyx", &[2, 1, 2], None);
        let request = ReadRequest {
            level: 0,
            region: Region {
                y: 0,
                x: 0,
                height: 1,
                width: 2,
            },
            step: 1,
            selection: Selection::default(),
            cancel: Cancel::new(),
        };
        let source = projected(&stack, by("max", 0..2)).unwrap();
        let pixels = wait(source.read(request)).unwrap();
        assert_eq!(pixels.value(0, 0, 0).unwrap().to_string(), u64::MAX.to_string());
    }

    #[test]
    fn what_is_no_projection_is_refused() {
        let stack = source(
            Samples::UInt8(vec![0; 40_000].into()),
            "zyx",
            &[40_000, 1, 1],
            None,
        );
        for (planes, kind) in [
            (0..0, ErrorKind::BadRequest),
            (Range { start: 5, end: 3 }, ErrorKind::BadRequest),
            (0..40_001, ErrorKind::BadRequest),
            (0..40_000, ErrorKind::Limit),
        ] {
            let error = projected(&stack, by("max", planes.clone())).unwrap_err();
            assert_eq!(error.kind(), kind, "{planes:?}");
        }
        assert!(projected(&stack, by("max", 0..MOST_PLANES)).is_ok());
        for name in ["mode", "nearest", "", "Max"] {
            let error = Projection::kind_named("z", name).unwrap_err();
            assert_eq!(error.parameter(), Some("z"), "{name}");
        }
    }

    proptest! {
        #[test]
        fn projections_are_those_of_each_pixel(
            planes in 1usize..40, height in 1usize..5, width in 1usize..9, step in 1u64..4, seed in 0u64..1000
        ) {
            let count = planes * height * width;
            let samples: Vec<u16> = (0..count as u64)
                .map(|i| ((i * 2_654_435_761 + seed * 97) >> 7) as u16)
                .collect();
            let shape = [planes as u64, height as u64, width as u64];
            let stack = source(Samples::UInt16(samples.clone().into()), "zyx", &shape, None);
            let pixel = |y: usize, x: usize| (0..planes).map(move |z| (z * height + y) * width + x);
            let positions = || {
                (0..height)
                    .step_by(step as usize)
                    .flat_map(move |y| (0..width).step_by(step as usize).map(move |x| (y, x)))
            };
            let all = 0..planes as u64;
            let max: Vec<f64> = positions()
                .map(|(y, x)| pixel(y, x).map(|i| samples[i]).max().unwrap().to_f64())
                .collect();
            prop_assert_eq!(read(&projected(&stack, by("max", all.clone())).unwrap(), step), max);
            let mean: Vec<f64> = positions()
                .map(|(y, x)| pixel(y, x).map(|i| f64::from(samples[i])).sum::<f64>() / planes as f64)
                .collect();
            prop_assert_eq!(read(&projected(&stack, by("average", all)).unwrap(), step), mean);
        }
    }
}
