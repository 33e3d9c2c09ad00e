//! Projections: the planes along an axis made one, as a source of its own.

use std::ops::Range;
use std::sync::Arc;

use crate::array::{Axes, DType, Part, Pixels};
use crate::error::{Error, Result};
use crate::render::wait;
use crate::resample::{Resampling, Rules, Stack};
use crate::source::{ReadFuture, ReadRequest, Region, Residence, Selection, Source, SourceInfo};

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
        Ok(projector.finish()?.cast(self.info.dtype))
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
        let step = request.step.max(1);
        let mut parts = Vec::new();
        for row in (0..height).step_by(rows) {
            let start = row as u64 * step;
            let strip = ReadRequest {
                region: Region {
                    y: request.region.y + start,
                    height: (rows as u64 * step).min(request.region.height - start),
                    ..request.region
                },
                ..request.clone()
            };
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
