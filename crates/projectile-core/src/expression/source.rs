//! What an expression makes of an image, as a source of its own.

use std::sync::Arc;

use super::{Channel, Expression, Input, wrong};
use crate::array::{Axes, DType, Pixels, Samples};
use crate::error::Result;
use crate::render::{Image, hash};
use crate::source::{ChannelInfo, ReadFuture, ReadRequest, Residence, Selection, Source, SourceInfo};

/// Samples that are worked on at a time: a larger answer is made strip by strip.
const STRIP: usize = 1 << 20;

/// A source of one channel of float64, NaN where one of its inputs is no data.
#[derive(Debug)]
pub(crate) struct ExpressionSource {
    expression: Expression,
    feeds: Vec<Feed>,
    info: SourceInfo,
}

/// What is read of one image.
#[derive(Debug)]
struct Feed {
    source: Arc<dyn Source>,
    /// The inputs that it gives, each from the channel beside it.
    inputs: Vec<(usize, u64)>,
    /// The channel that says where there is something at all.
    alpha: Option<u64>,
    /// Whether it has the extra axes of the image that is asked for; else it is the same for each of their planes.
    has_planes: bool,
}

impl ExpressionSource {
    /// What `expression` makes of `own`; `other` finds the images that it names.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for channels that are not there and images of another size, and
    /// what `other` gives.
    pub(crate) fn new(
        own: &Image,
        expression: Expression,
        mut other: impl FnMut(&Input) -> Result<Image>,
    ) -> Result<Self> {
        let mut images: Vec<(Option<String>, Image)> = Vec::new();
        let mut feeds: Vec<Feed> = Vec::new();
        for (at, input) in expression.inputs().iter().enumerate() {
            let known = images.iter().position(|(name, _)| *name == input.image);
            if known.is_none() {
                let image = if input.image.is_some() {
                    other(input)?
                } else {
                    own.clone()
                };
                feeds.push(feed(own.info(), &image, input)?);
                images.push((input.image.clone(), image));
            }
            let index = known.unwrap_or(images.len() - 1);
            let channel = channel(images[index].1.info(), input)?;
            feeds[index].inputs.push((at, channel));
        }
        let info = info(own.info(), &expression, &images);
        Ok(Self {
            expression,
            feeds,
            info: info?,
        })
    }

    async fn strip(&self, request: &ReadRequest) -> Result<Pixels> {
        let (height, width) = request.output_size();
        let mut inputs: Vec<Vec<f64>> = vec![Vec::new(); self.expression.inputs().len()];
        for feed in &self.feeds {
            request.cancel.check()?;
            feed.read(request, &mut inputs).await?;
        }
        let made = self.expression.evaluate(&inputs);
        Pixels::new(Samples::Float64(made.into()), height, width, 1)?
            .select(request.selection.channels.as_deref())
    }

    async fn gather(&self, request: ReadRequest) -> Result<Pixels> {
        let (height, width) = request.output_size();
        let rows = (STRIP / (width * self.expression.inputs().len()).max(1)).max(1);
        if rows >= height {
            return self.strip(&request).await;
        }
        let channels = request.selection.channel_count(1);
        let mut parts = Vec::new();
        for (row, strip) in request.strips(rows) {
            parts.push(crate::array::Part {
                at: [row, 0, 0],
                pixels: self.strip(&strip).await?,
            });
        }
        Pixels::mosaic(DType::Float64, [height, width, channels], &parts)
    }
}

/// An image that has inputs to give, once it fits the one that is asked for.
fn feed(own: &SourceInfo, image: &Image, input: &Input) -> Result<Feed> {
    let info = image.info();
    let size = |info: &SourceInfo| (info.axes.width(), info.axes.height());
    let shape = |info: &SourceInfo| info.axes.extra().cloned().collect::<Vec<_>>();
    if size(info) != size(own) {
        let ((width, height), (own_width, own_height)) = (size(info), size(own));
        return Err(wrong(
            input.column,
            format!(
                "{:?} is {width} × {height} pixels, not {own_width} × {own_height}",
                image.name()
            ),
        ));
    }
    let has_planes = shape(info) == shape(own);
    if !has_planes && info.axes.extra().count() > 0 {
        return Err(wrong(
            input.column,
            format!("{:?} has other axes beyond y, x and c", image.name()),
        ));
    }
    let alpha = (image.kind().alpha_channels() > 0).then(|| info.axes.channels() - 1);
    Ok(Feed {
        source: image.source(),
        inputs: Vec::new(),
        alpha,
        has_planes,
    })
}

fn channel(info: &SourceInfo, input: &Input) -> Result<u64> {
    let count = info.axes.channels();
    match &input.channel {
        Channel::Number(number) if *number < count => Ok(*number),
        Channel::Number(number) => Err(wrong(
            input.column,
            format!("there is no channel b{}: the last one is b{count}", number + 1),
        )),
        Channel::Name(name) => {
            let found = (0..count).find(|channel| info.channel_name(*channel as usize) == *name);
            found.ok_or_else(|| {
                let names: Vec<String> = (0..count.min(16))
                    .map(|channel| info.channel_name(channel as usize))
                    .collect();
                wrong(
                    input.column,
                    format!("there is no channel {name:?}, but {}", names.join(", ")),
                )
            })
        }
    }
}

fn info(own: &SourceInfo, expression: &Expression, images: &[(Option<String>, Image)]) -> Result<SourceInfo> {
    let kept: Vec<usize> = own
        .axes
        .iter()
        .enumerate()
        .filter(|(_, axis)| axis.name != "c")
        .map(|(at, _)| at)
        .collect();
    let axes: Vec<_> = own.axes.iter().collect();
    let names: Vec<&str> = kept.iter().map(|&at| axes[at].name.as_str()).collect();
    let shape: Vec<u64> = kept.iter().map(|&at| axes[at].size).collect();
    let mut info = SourceInfo::new(
        DType::Float64,
        Axes::with_names(&names, &shape)?,
        own.format.clone(),
    );
    info.dimensions = kept
        .iter()
        .filter_map(|&at| own.dimensions.get(at).cloned())
        .collect();
    if images.iter().all(|(name, _)| name.is_none()) {
        // Overviews of several images need not be of the same factors.
        info.levels.clone_from(&own.levels);
    }
    info.channels = vec![ChannelInfo::named(expression.text())];
    info.details.clone_from(&own.details);
    info.details.push(("expression".into(), expression.text().into()));
    let versions = images
        .iter()
        .map(|(_, image)| (image.version(), image.revision()));
    let named = versions.fold(expression.text().to_owned(), |named, version| {
        format!("{named}|{version:?}")
    });
    info.version = hash(&named).max(1);
    Ok(info)
}

impl Feed {
    /// Gives its inputs the samples of a request of the whole.
    async fn read(&self, request: &ReadRequest, inputs: &mut [Vec<f64>]) -> Result<()> {
        let mut channels: Vec<u64> = self.inputs.iter().map(|(_, channel)| *channel).collect();
        channels.extend(self.alpha);
        let count = channels.len();
        let indices = if self.has_planes {
            request.selection.indices.clone()
        } else {
            Vec::new()
        };
        let request = ReadRequest {
            selection: Selection {
                indices,
                channels: Some(channels),
            },
            ..request.clone()
        };
        let samples = self.source.read(request).await?.to_f64();
        let nodata = self.source.info().nodata;
        for (at, (input, _)) in self.inputs.iter().enumerate() {
            inputs[*input] = samples
                .chunks_exact(count)
                .map(|pixel| {
                    let hidden = self.alpha.is_some() && pixel[count - 1] == 0.0;
                    if hidden || Some(pixel[at]) == nodata {
                        f64::NAN
                    } else {
                        pixel[at]
                    }
                })
                .collect();
        }
        Ok(())
    }
}

impl Source for ExpressionSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        let far = |feed: &Feed| feed.source.residence() == Residence::Remote;
        if self.feeds.iter().any(far) {
            Residence::Remote
        } else {
            // No view any more, but computed.
            Residence::Local
        }
    }

    fn planes(&self) -> u64 {
        let planes = self.feeds.iter().map(|feed| feed.source.planes());
        planes.max().unwrap_or(1)
    }

    fn forget(&self) {
        for feed in &self.feeds {
            feed.source.forget();
        }
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        Box::pin(self.gather(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::ArraySource;
    use crate::error::{Error, ErrorKind};
    use crate::render::wait;
    use crate::source::{Cancel, Region};

    fn image(name: &str, samples: Samples, letters: &str, shape: &[u64]) -> Image {
        let mut info = SourceInfo::new(samples.dtype(), Axes::named(letters, shape).unwrap(), "array");
        info.nodata = Some(9.0);
        info.channels = vec![ChannelInfo::named("red"), ChannelInfo::named("nir")];
        Image::new(name, Arc::new(ArraySource::with_info(samples, info).unwrap())).unwrap()
    }

    fn made(own: &Image, others: &[Image], text: &str) -> Result<Vec<f64>> {
        let source = ExpressionSource::new(own, Expression::parse(text)?, |input| {
            let name = input.image.clone().unwrap_or_default();
            let found = others.iter().find(|image| image.name() == name);
            found.cloned().ok_or_else(|| Error::not_found(name))
        })?;
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
                indices: axes.extra().map(|axis| axis.size - 1).collect(),
                channels: None,
            },
            cancel: Cancel::new(),
        };
        Ok(wait(source.read(request))?.to_f64())
    }

    #[test]
    fn channels_and_images_are_put_together_and_no_data_stays_that() {
        let samples: Vec<u8> = vec![1, 2, 3, 9, 5, 6, 7, 8];
        let own = image("a", Samples::UInt8(samples.into()), "cyx", &[2, 2, 2]);
        let other = image(
            "b",
            Samples::Float32(vec![10.0f32, 20.0, 30.0, 40.0].into()),
            "yx",
            &[2, 2],
        );
        let others = std::slice::from_ref(&other);
        let sum = made(&own, others, "b1 + 10 * \"nir\"").unwrap();
        assert_eq!(sum[..3], [51.0, 62.0, 73.0]);
        assert!(sum[3].is_nan());
        let both = made(&own, others, "b.b1 - b2").unwrap();
        assert_eq!(both, [5.0, 14.0, 23.0, 32.0]);
    }

    #[test]
    fn the_planes_of_extra_axes_stay_what_they_are() {
        let stack = image("s", Samples::UInt8(vec![1, 2, 3, 4].into()), "tyx", &[2, 1, 2]);
        let flat = image("f", Samples::UInt8(vec![10, 20].into()), "yx", &[1, 2]);
        let found = made(&stack, std::slice::from_ref(&flat), "b1 + f.b1").unwrap();
        assert_eq!(found, [13.0, 24.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused_at_its_column() {
        let own = image("a", Samples::UInt8(vec![0; 8].into()), "cyx", &[2, 2, 2]);
        let small = image("s", Samples::UInt8(vec![0; 2].into()), "yx", &[1, 2]);
        let planes = image("t", Samples::UInt8(vec![0; 8].into()), "tyx", &[2, 2, 2]);
        let others = [small, planes];
        for (text, column) in [
            ("b1 + b3", 6),
            ("\"blue\"", 1),
            ("b1 + s.b1", 6),
            ("t.b1 + b1", 1),
        ] {
            let error = made(&own, &others, text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BadRequest, "{text}");
            assert!(
                error.message().contains(&format!("column {column}:")),
                "{}",
                error.message()
            );
        }
        assert_eq!(
            made(&own, &others, "x.b1").unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }

    #[test]
    fn large_answers_are_made_in_strips() {
        let samples: Vec<u16> = (0..2048u32 * 1200).map(|i| (i % 65_521) as u16).collect();
        let own = image("a", Samples::UInt16(samples.clone().into()), "yx", &[1200, 2048]);
        let found = made(&own, &[], "b1 * 2").unwrap();
        let is_twice = |(found, sample): (&f64, &u16)| *sample == 9 || *found == 2.0 * f64::from(*sample);
        assert!(found.iter().zip(&samples).all(is_twice));
        assert_eq!(found.len(), samples.len());
    }
}
