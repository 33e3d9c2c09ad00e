//! An N-dimensional array in memory, as a source.

use super::{Axes, Pixels, Samples};
use crate::error::{Error, Result};
use crate::source::{ReadFuture, ReadRequest, Residence, Source, SourceInfo};

/// An array in memory: reads are views, nothing is copied.
#[derive(Debug)]
pub struct ArraySource {
    samples: Samples,
    offset: usize,
    /// Samples from one element to the next, for each axis in storage order.
    strides: Vec<isize>,
    info: SourceInfo,
}

impl ArraySource {
    /// An array in C order whose dimensions `axes` names.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when `samples` are fewer than the axes need.
    pub fn new(samples: Samples, axes: Axes) -> Result<Self> {
        let info = SourceInfo::new(samples.dtype(), axes, "array");
        Self::with_info(samples, info)
    }

    /// An array in C order, and all that is known of it. Its levels are set to the one there is.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when `samples` are fewer than the axes need.
    pub fn with_info(samples: Samples, info: SourceInfo) -> Result<Self> {
        let mut strides = vec![1isize; info.axes.iter().count()];
        let shape = info.axes.shape();
        for i in (1..shape.len()).rev() {
            strides[i - 1] = isize::try_from(shape[i])
                .ok()
                .and_then(|size| strides[i].checked_mul(size))
                .ok_or_else(|| Error::limit(format!("an array of shape {shape:?} is beyond this machine")))?;
        }
        Self::strided(samples, 0, strides, info)
    }

    /// An array of any strides, counted in samples, one for each axis in storage order.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when some element would lie outside `samples`.
    pub fn strided(
        samples: Samples,
        offset: usize,
        strides: Vec<isize>,
        mut info: SourceInfo,
    ) -> Result<Self> {
        let (mut low, mut high) = (offset as i128, offset as i128);
        for (axis, &stride) in info.axes.iter().zip(&strides) {
            let reach = (i128::from(axis.size) - 1) * stride as i128;
            if reach < 0 { low += reach } else { high += reach }
        }
        if low < 0 || high >= samples.len() as i128 {
            return Err(Error::corrupt(format!(
                "the array holds {} samples, fewer than its shape {:?} needs",
                samples.len(),
                info.axes.shape()
            )));
        }
        info.dtype = samples.dtype();
        info.levels = SourceInfo::new(info.dtype, info.axes.clone(), "").levels;
        Ok(Self {
            samples,
            offset,
            strides,
            info,
        })
    }

    fn view(&self, request: &ReadRequest) -> Result<Pixels> {
        let axes = &self.info.axes;
        let stride = |name: &str| axes.position(name).map_or(0, |at| self.strides[at]);
        let mut offset = self.offset as isize;
        let mut indices = request.selection.indices.iter();
        for (axis, &stride) in axes.iter().zip(&self.strides) {
            if !matches!(axis.name.as_str(), "c" | "y" | "x") {
                let index = indices.next().copied().unwrap_or(0);
                if index >= axis.size {
                    return Err(Error::bad_request(
                        axis.name.clone(),
                        format!("{} = {index} is outside 0..{}", axis.name, axis.size),
                    ));
                }
                offset += index as isize * stride;
            }
        }
        let channels = axes.channels();
        let plane = Pixels::strided(
            self.samples.clone(),
            offset as usize,
            [axes.height() as usize, axes.width() as usize, channels as usize],
            [stride("y"), stride("x"), stride("c")],
        )?;
        let region = request.region;
        plane
            .crop(
                region.y as usize,
                region.x as usize,
                region.height as usize,
                region.width as usize,
                request.step as usize,
            )
            .select(request.selection.channels.as_deref())
    }
}

impl Source for ArraySource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        Residence::Memory
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        Box::pin(std::future::ready(self.view(&request)))
    }
}
