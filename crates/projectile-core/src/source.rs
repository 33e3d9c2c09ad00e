//! Where pixels come from: the trait that every format, store and generator answers through.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::array::{Axes, DType, Dimension, Pixels, Samples};
use crate::error::{Error, Result};
use crate::resample::Resampling;

/// A boxed future, so that [`Source`] is a trait object without a runtime.
pub type ReadFuture<'a> = Pin<Box<dyn Future<Output = Result<Pixels>> + Send + 'a>>;

/// Gives pixels as they are stored.
///
/// One implementor stands for one image: its axes, its levels (the full-resolution one first, then the file's own
/// overviews), and the pixels of any region of them.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// What the image is. It never changes for one source.
    fn info(&self) -> &SourceInfo;

    /// What a read costs, which decides where it runs.
    fn residence(&self) -> Residence;

    /// The pixels of `request.region` at `request.level`, for the selected extra indexes and channels:
    /// `(ceil(region.height / step), ceil(region.width / step), channels)`. The caller keeps the region inside the
    /// level and the selection inside the axes.
    ///
    /// Errors are [`Gone`](crate::ErrorKind::Gone) when the data changed under our feet (never zeros instead),
    /// [`Corrupt`](crate::ErrorKind::Corrupt), [`Cancelled`](crate::ErrorKind::Cancelled).
    fn read(&self, request: ReadRequest) -> ReadFuture<'_>;

    /// How many stored planes are read for one of its own: more than one where planes are projected.
    fn planes(&self) -> u64 {
        1
    }

    /// Forgets what it keeps of what it read: the samples changed. What has no such memory does nothing.
    fn forget(&self) {}
}

/// What a read costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residence {
    /// In memory: reading is taking a view, and the future is ready at once.
    Memory,
    /// Computed or read from a local disk: the future blocks its thread, so it is polled on a render thread.
    Local,
    /// Far away, or computed elsewhere: a read mostly waits, so that many may wait at a time.
    Remote,
}

impl Residence {
    /// The name in descriptions, e.g. `memory`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

/// One resolution of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Full-resolution pixels per pixel of this level, along each axis: a power of two, 1 at full resolution.
    pub factor: u64,
    /// Rows: `ceil(height / factor)`.
    pub height: u64,
    /// Columns: `ceil(width / factor)`.
    pub width: u64,
}

/// How an image's samples are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Photometric {
    /// Let the shape and dtype decide.
    Auto,
    /// Red, green, blue and perhaps straight alpha; or gray and alpha. Averages weigh colours by their alpha.
    Picture,
    /// Integer labels, in stable colours; reduced by `mode`.
    Labels,
    /// Each channel is data of its own.
    Channels,
}

/// What a source says of its image.
#[derive(Clone, Debug)]
pub struct SourceInfo {
    /// The type of each sample.
    pub dtype: DType,
    /// The axes of the stored array, in storage order.
    pub axes: Axes,
    /// What is known of each axis, in storage order; empty where nothing is.
    pub dimensions: Vec<Dimension>,
    /// The resolutions that can be read, full resolution first.
    pub levels: Vec<Level>,
    /// How the samples are meant.
    pub photometric: Photometric,
    /// The value that stands for "no data", where the file has one. NaN is never data.
    pub nodata: Option<f64>,
    /// What is known of each channel, in order; empty where nothing is.
    pub channels: Vec<ChannelInfo>,
    /// Resampling that suits the image, where its maker knows (and by which its own overviews were made).
    pub resampling: Option<Resampling>,
    /// A colormap that suits the image, where its maker knows.
    pub colormap: Option<String>,
    /// A display window (vmin, vmax) that suits the image, where its maker knows.
    pub window: Option<(f64, f64)>,
    /// What it was read from, e.g. `npy` or `TIFF`.
    pub format: String,
    /// Other facts worth showing, by name.
    pub details: Vec<(String, String)>,
    /// How many rows are read together at least, where reading fewer costs as much: those of a chunk.
    pub chunk_rows: Option<u64>,
    /// What tells this version of the data from any other: a file's size and modification time, say. 0 lets
    /// [`Image`](crate::Image) choose one that no other image of the process has.
    pub version: u64,
}

impl SourceInfo {
    /// The value that stands for "no data" where a sample can have it: none of uint8 is −9999, whatever a file says.
    pub fn nodata_of_samples(&self) -> Option<f64> {
        let nodata = self.nodata?;
        let sample = Pixels::new(Samples::Float64(vec![nodata].into()), 1, 1, 1).ok()?;
        let held = sample.cast(self.dtype.magnitude()).to_f64();
        (held.first() == Some(&nodata)).then_some(nodata)
    }

    /// What is known of an array alone: one level, everything else left to the shape and dtype.
    pub fn new(dtype: DType, axes: Axes, format: impl Into<String>) -> Self {
        let level = Level {
            factor: 1,
            height: axes.height(),
            width: axes.width(),
        };
        Self {
            dtype,
            axes,
            dimensions: Vec::new(),
            levels: vec![level],
            photometric: Photometric::Auto,
            nodata: None,
            channels: Vec::new(),
            resampling: None,
            colormap: None,
            window: None,
            format: format.into(),
            details: Vec::new(),
            chunk_rows: None,
            version: 0,
        }
    }

    /// What to call a channel: its name, or its number where it has none.
    pub fn channel_name(&self, channel: usize) -> String {
        self.channels
            .get(channel)
            .filter(|known| !known.name.is_empty())
            .map_or_else(|| channel.to_string(), |known| known.name.clone())
    }
}

/// What a file says of one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelInfo {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its colour in a composite.
    pub colour: Option<[u8; 3]>,
    /// Its display window (vmin, vmax).
    pub window: Option<(f64, f64)>,
    /// Whether a composite shows it at first; `None` where the file does not say.
    pub visible: Option<bool>,
}

impl ChannelInfo {
    /// A channel of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// A rectangle of pixels of one level: rows `y..y + height`, columns `x..x + width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// First row.
    pub y: u64,
    /// First column.
    pub x: u64,
    /// Rows.
    pub height: u64,
    /// Columns.
    pub width: u64,
}

/// Which plane of the extra axes, and which channels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// An index for each of [`Axes::extra`], in that order.
    pub indices: Vec<u64>,
    /// The channels, in the order they are wanted; `None` for all.
    pub channels: Option<Vec<u64>>,
}

impl Selection {
    /// The first plane, all channels.
    pub fn first(axes: &Axes) -> Self {
        Self {
            indices: vec![0; axes.extra().count()],
            channels: None,
        }
    }

    /// How many channels are selected of `available`.
    pub fn channel_count(&self, available: u64) -> usize {
        self.channels.as_ref().map_or(available as usize, Vec::len)
    }
}

/// What to read.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// Index into [`SourceInfo::levels`].
    pub level: usize,
    /// Which part of the level, inside it.
    pub region: Region,
    /// Take every `step`-th row and column, from the region's first: 1 for all.
    pub step: u64,
    /// Which plane and channels.
    pub selection: Selection,
    /// Looked at during long work.
    pub cancel: Cancel,
}

impl ReadRequest {
    /// `(rows, columns)` of the answer.
    pub fn output_size(&self) -> (usize, usize) {
        let step = self.step.max(1);
        (
            self.region.height.div_ceil(step) as usize,
            self.region.width.div_ceil(step) as usize,
        )
    }

    /// The same in strips of so many rows of the answer, from the top: the first row of each, and what to ask for it.
    pub(crate) fn strips(&self, rows: usize) -> impl Iterator<Item = (usize, Self)> {
        let step = self.step.max(1);
        (0..self.output_size().0).step_by(rows.max(1)).map(move |row| {
            let start = row as u64 * step;
            let region = Region {
                y: self.region.y + start,
                height: (rows as u64 * step).min(self.region.height - start),
                ..self.region
            };
            let strip = Self {
                region,
                ..self.clone()
            };
            (row, strip)
        })
    }
}

/// A flag that is raised when nobody waits for the answer any more. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is down.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises it.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is up.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// For loops of long work.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) once the flag is up.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            Err(Error::cancelled())
        } else {
            Ok(())
        }
    }
}
