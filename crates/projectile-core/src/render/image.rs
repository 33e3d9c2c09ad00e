//! An image that can be asked for tiles: a source, how it is shown, and the levels built for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::build::Build;
use super::changes::{Change, Changes};
use super::display::{Display, Kind, default_colormap, default_window};
use super::project::Projections;
use super::request::{Style, TileRequest};
use super::supply::Levelling;
use super::wait::wait;
use crate::array::{ArraySource, Axes, DType, Pixels, Samples, Value};
use crate::colour::{Colormap, Window, WindowFrom};
use crate::error::{Error, Result};
use crate::geometry::Grid;
use crate::pyramid::{LevelCache, Pyramids};
use crate::resample::{Resampling, Rules};
use crate::source::{Cancel, Photometric, ReadRequest, Region, Residence, Selection, Source, SourceInfo};
use crate::statistics::Statistics;

/// How an image is shown and kept; whatever is `None` is left to the image.
#[derive(Clone, Debug, Default)]
pub struct ImageOptions {
    /// A colormap for one channel.
    pub colormap: Option<String>,
    /// A display window (vmin, vmax).
    pub window: Option<(f64, f64)>,
    /// How pixels are reduced.
    pub resampling: Option<Resampling>,
    /// Where built levels are kept. Images that share one share its budget.
    pub levels: LevelCache,
}

/// An image that can be asked for tiles. Clones share everything.
///
/// ```
/// use projectile_core::{Area, Cancel, Encoding, Image, Samples, Style, TileRequest};
///
/// let gray = Samples::UInt8((0..=255).collect::<Vec<u8>>().into());
/// let image = Image::from_array("ramp", gray, &[16, 16])?;
/// let tile = image.render(
///     &TileRequest {
///         area: Area::Tile { z: 0, x: 0, y: 0, size: 256 },
///         style: Style::default(),
///         encoding: Encoding::by_extension("png")?,
///     },
///     &Cancel::new(),
/// )?;
/// assert_eq!(tile.media_type, "image/png");
/// # Ok::<(), projectile_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Image(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    source: Arc<dyn Source>,
    options: ImageOptions,
    kind: Kind,
    colormap: Option<&'static Colormap>,
    resampling: Resampling,
    version: u64,
    pyramids: Pyramids,
    statistics: OnceLock<Statistics>,
    display: OnceLock<Display>,
    changes: Changes,
    projections: Projections,
}

/// One resolution of an image, and whether its tiles are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelInfo {
    /// Base-2 logarithm of [`factor`](Self::factor).
    pub level: u32,
    /// Full-resolution pixels per pixel, a side.
    pub factor: u64,
    /// Rows.
    pub height: u64,
    /// Columns.
    pub width: u64,
    /// Whether its tiles are final.
    pub state: LevelState,
}

/// Where a level's tiles come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelState {
    /// Stored in the file or built.
    Ready,
    /// Reduced exactly, on request.
    Computed,
    /// A sample, until the level is built.
    Provisional,
}

impl LevelState {
    /// The name in descriptions, e.g. `ready`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Computed => "computed",
            Self::Provisional => "provisional",
        }
    }
}

impl Image {
    /// An image of `source`, shown as suits it.
    ///
    /// # Errors
    /// As [`with_options`](Self::with_options).
    pub fn new(name: impl Into<String>, source: Arc<dyn Source>) -> Result<Self> {
        Self::with_options(name, source, ImageOptions::default())
    }

    /// An image of `source`, shown as `options` say.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for an unknown colormap or a window that is none.
    pub fn with_options(
        name: impl Into<String>,
        source: Arc<dyn Source>,
        options: ImageOptions,
    ) -> Result<Self> {
        let info = source.info();
        let kind = Kind::of(info);
        let colormap = default_colormap(options.colormap.as_deref(), info)?;
        if let Some((vmin, vmax)) = options.window {
            Window::new(vmin, vmax)?;
        }
        let by_kind = if kind == Kind::Labels {
            Resampling::MODE
        } else {
            Resampling::AVERAGE
        };
        let resampling = options.resampling.or(info.resampling).unwrap_or(by_kind);
        let version = version(info, &options);
        let pyramids = Pyramids::new(&options.levels, source.residence() == Residence::Memory);
        Ok(Self(Arc::new(Inner {
            name: name.into(),
            kind,
            colormap,
            resampling,
            version,
            pyramids,
            options,
            source,
            statistics: OnceLock::new(),
            display: OnceLock::new(),
            changes: Changes::default(),
            projections: Projections::default(),
        })))
    }

    /// An image of the same thing, whose pixels are another source's: shown alike, as far as its dtype lets it.
    pub(super) fn derived(&self, source: Arc<dyn Source>, options: ImageOptions) -> Self {
        let own = Kind::of(source.info());
        // Labels are whole numbers; colours stay colours, whatever their means are kept as.
        let kind = if self.0.kind == Kind::Labels {
            own
        } else {
            self.0.kind
        };
        Self(Arc::new(Inner {
            name: self.0.name.clone(),
            kind,
            colormap: self.0.colormap,
            resampling: self.0.resampling,
            version: self.0.version,
            pyramids: Pyramids::new(&options.levels, false),
            options,
            source,
            statistics: OnceLock::new(),
            display: OnceLock::new(),
            changes: Changes::default(),
            projections: Projections::default(),
        }))
    }

    /// An image of an array in C order, its axes named by [`Axes::guess`].
    ///
    /// # Errors
    /// What [`Axes::guess`] says of the shape; [`Corrupt`](crate::ErrorKind::Corrupt) for too few samples.
    pub fn from_array(name: impl Into<String>, samples: Samples, shape: &[u64]) -> Result<Self> {
        Self::new(name, Arc::new(ArraySource::new(samples, Axes::guess(shape)?)?))
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What its source says of it.
    pub fn info(&self) -> &SourceInfo {
        self.0.source.info()
    }

    /// What reading it costs.
    pub fn residence(&self) -> Residence {
        self.0.source.residence()
    }

    /// Tells this image, as it is shown, from any other: the same across processes for an unchanged file.
    pub fn version(&self) -> u64 {
        self.0.version
    }

    /// Its tile grid.
    pub fn grid(&self) -> Grid {
        Grid::new(self.info().axes.height(), self.info().axes.width())
    }

    /// The zoom at which a tile covers one source pixel.
    pub fn max_zoom(&self) -> u32 {
        self.grid().max_zoom()
    }

    /// What its channels are.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// How its pixels are reduced unless a request says otherwise.
    pub fn resampling(&self) -> Resampling {
        self.0.resampling
    }

    /// The colormap of its one channel, or of one chosen, unless a request says otherwise.
    pub fn colormap(&self) -> Option<&'static Colormap> {
        self.0.colormap
    }

    /// How it was asked to be shown.
    pub fn options(&self) -> &ImageOptions {
        &self.0.options
    }

    pub(crate) fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.0.source)
    }

    pub(super) fn projections(&self) -> &Projections {
        &self.0.projections
    }

    /// How many stored planes are read for one of its own.
    pub(super) fn planes(&self) -> u64 {
        self.0.source.planes().max(1)
    }

    pub(super) fn pyramids(&self) -> &Pyramids {
        &self.0.pyramids
    }

    /// Which samples count, and how. Only a picture's alpha weighs its colours: an array's channels are data.
    pub(super) fn rules(&self) -> Rules {
        let info = self.info();
        let alpha = info.photometric == Photometric::Picture && self.kind().alpha_channels() > 0;
        Rules {
            nodata: info.nodata,
            alpha,
        }
    }

    /// How it is shown unless a request says otherwise. Blocks while a sample is read, the first time.
    ///
    /// # Errors
    /// What reading the sample gives.
    pub fn display(&self, cancel: &Cancel) -> Result<&Display> {
        if self.0.display.get().is_none() {
            let display = Display::of(self, cancel)?;
            return Ok(self.0.display.get_or_init(|| display));
        }
        self.0
            .display
            .get()
            .ok_or_else(|| Error::internal("the display vanished"))
    }

    /// The default window of a channel, or of the image as a whole.
    pub(super) fn window(&self, channel: Option<usize>, cancel: &Cancel) -> Result<(Window, WindowFrom)> {
        if let Some((vmin, vmax)) = self.0.options.window {
            return Ok((Window { vmin, vmax }, WindowFrom::Given));
        }
        default_window(self.info(), self.kind(), channel, || {
            self.statistics(cancel).cloned()
        })
    }

    /// Whether the display windows that a style needs are known without reading a sample.
    pub(super) fn window_is_known(&self, style: &Style) -> bool {
        let given = style.vmin.is_some() && style.vmax.is_some();
        let fixed = self.0.options.window.is_some() || self.info().window.is_some();
        let by_dtype = matches!(self.info().dtype, DType::UInt8 | DType::Bool);
        given || fixed || by_dtype || self.0.statistics.get().is_some()
    }

    /// What a sample of the whole image says of its values. Blocks while it is read, the first time.
    ///
    /// # Errors
    /// What reading the sample gives.
    pub fn statistics(&self, cancel: &Cancel) -> Result<&Statistics> {
        if self.0.statistics.get().is_none() {
            let statistics = self.sample_statistics(cancel)?;
            return Ok(self.0.statistics.get_or_init(|| statistics));
        }
        self.0
            .statistics
            .get()
            .ok_or_else(|| Error::internal("the statistics vanished"))
    }

    fn sample_statistics(&self, cancel: &Cancel) -> Result<Statistics> {
        /// Pixels looked at where that is cheap, and where each may cost a read.
        const IN_MEMORY: u64 = 1 << 18;
        const ELSEWHERE: u64 = 1 << 14;
        const MOST_PLANES: u64 = 4;
        /// Pixels that tell something however many planes each is made of.
        const FEWEST: u64 = 1 << 12;
        /// Channels beyond which fewer pixels are looked at, of each of which all channels are read.
        const MANY_CHANNELS: u64 = 64;
        let info = self.info();
        let (height, width) = (info.axes.height(), info.axes.width());
        let sizes: Vec<u64> = info.axes.extra().map(|axis| axis.size).collect();
        let planes = sizes
            .iter()
            .fold(1u64, |product, &size| product.saturating_mul(size));
        let taken = planes.min(MOST_PLANES);
        let budget = if self.residence() == Residence::Memory {
            IN_MEMORY
        } else {
            ELSEWHERE
        } / taken;
        let budget = match self.planes() {
            1 => budget,
            planes => (budget / planes).max(FEWEST / taken),
        };
        let channels = info.axes.channels().max(MANY_CHANNELS);
        let budget = (budget * MANY_CHANNELS / channels).max(1);
        let step = (height as f64 * width as f64 / budget as f64)
            .sqrt()
            .ceil()
            .max(1.0) as u64;
        // Of an image that is long and narrow, so many steps along its longer side are all there are.
        let step = if step > height.min(width) {
            step.max(height.max(width).div_ceil(budget))
        } else {
            step
        };
        // From the middle of the first step, so that the sample is not the image's border.
        let start = |length: u64| (step / 2).min(length - 1);
        let (y, x) = (start(height), start(width));
        let region = Region {
            y,
            x,
            height: height - y,
            width: width - x,
        };
        let sampled: Vec<Pixels> = (0..taken)
            .map(|i| {
                let mut plane = (u128::from(planes) * u128::from(i) / u128::from(taken)) as u64;
                let mut indices = vec![0; sizes.len()];
                for (index, size) in indices.iter_mut().zip(&sizes).rev() {
                    *index = plane % size;
                    plane /= size;
                }
                let selection = Selection {
                    indices,
                    channels: None,
                };
                self.read_sample(&ReadRequest {
                    level: 0,
                    region,
                    step,
                    selection,
                    cancel: cancel.clone(),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Statistics::of(
            &sampled,
            self.kind().alpha_channels(),
            info.nodata,
            step > 1 || taken < planes,
        ))
    }

    /// Reads from the source, waiting for it.
    pub(super) fn read(&self, request: ReadRequest) -> Result<Pixels> {
        request.cancel.check()?;
        wait(self.0.source.read(request))
    }

    /// The exact sample of each channel of full-resolution pixel (y, x), of the plane or projection that `style` chooses,
    /// and their dtype. Blocks.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) outside the image, [`BadRequest`](crate::ErrorKind::BadRequest) for an axis or index
    /// that is not there, and what reading gives.
    pub fn value(&self, y: u64, x: u64, style: &Style, cancel: &Cancel) -> Result<(DType, Vec<Value>)> {
        if let Some((image, style)) = self.projected(style)? {
            return image.value(y, x, &style, cancel);
        }
        let axes = &self.info().axes;
        if y >= axes.height() || x >= axes.width() {
            return Err(Error::not_found(format!(
                "pixel x = {x}, y = {y} is outside the image of {} × {} pixels",
                axes.width(),
                axes.height()
            )));
        }
        let style = Style {
            indices: style.indices.clone(),
            ..Style::default()
        };
        let selection = super::display::selection(self.info(), &style)?;
        let region = Region {
            y,
            x,
            height: 1,
            width: 1,
        };
        let pixels = self.read(ReadRequest {
            level: 0,
            region,
            step: 1,
            selection,
            cancel: cancel.clone(),
        })?;
        let values = (0..pixels.channels()).map(|c| pixels.value(0, 0, c));
        Ok((self.info().dtype, values.collect::<Result<_>>()?))
    }

    /// Every resolution down to one pixel, and whether its tiles are final, for the first plane and the image's own
    /// resampling. Asks for levels that are worth building, so that [`next_build`](Self::next_build) gives them.
    pub fn levels(&self) -> Vec<LevelInfo> {
        let selection = Selection::first(&self.info().axes);
        let levelling = Levelling::of(self, self.resampling(), &selection);
        let grid = self.grid();
        (0..=self.max_zoom())
            .map(|level| {
                let (height, width) = grid.reduced(level);
                let state = levelling.state(level);
                if state == LevelState::Provisional {
                    levelling.want();
                }
                LevelInfo {
                    level,
                    factor: 1 << level,
                    height,
                    width,
                    state,
                }
            })
            .collect()
    }

    /// Whether [`next_build`](Self::next_build) has something to give.
    pub fn wants_build(&self) -> bool {
        let projections = || self.0.projections.all();
        self.0.pyramids.is_anything_wanted() || projections().iter().any(|(_, image)| image.wants_build())
    }

    /// A pyramid that some tile asked for and nobody builds yet; from now on the caller is to build it.
    pub fn next_build(&self) -> Option<Build> {
        if let Some(key) = self.0.pyramids.take_wanted() {
            return Some(Build::of(self.clone(), key));
        }
        let projections = self.0.projections.all();
        projections.iter().find_map(|(_, image)| image.next_build())
    }

    /// A display window (vmin, vmax) that suits the values as they are now. Blocks while a sample is read.
    ///
    /// # Errors
    /// What reading the sample gives.
    pub fn fresh_window(&self, cancel: &Cancel) -> Result<(f64, f64)> {
        Ok(self.sample_statistics(cancel)?.all.robust_window())
    }

    /// Takes note that pixels changed in place: what was built of them is built again, and tiles that show them are
    /// of a new revision, which is the answer. The display window stays what it was.
    pub fn refresh(&self, change: Change) -> u64 {
        // Before the revision: nothing that is made for the new one may come from old levels.
        self.outdate(&change);
        self.0.changes.record(change)
    }

    fn outdate(&self, change: &Change) {
        let extra: Vec<String> = self.info().axes.extra().map(|axis| axis.name.clone()).collect();
        self.0.source.forget();
        self.0.pyramids.outdate(|key| {
            let indices: Vec<_> = extra.iter().cloned().zip(key.indices.iter().copied()).collect();
            change.touches_plane(&indices)
        });
        for (axis, image) in self.0.projections.all() {
            image.outdate(&change.along(&axis));
        }
    }

    /// How often it was [refreshed](Self::refresh).
    pub fn revision(&self) -> u64 {
        self.0.changes.last()
    }

    /// The last revision that touched what a request shows: 0 where the tile is as it was first.
    pub fn revision_of(&self, request: &TileRequest) -> u64 {
        self.0.changes.revision(self.grid(), request)
    }
}

/// FNV-1a over what decides an image's tiles: stable across processes, which the standard hasher is not.
fn version(info: &SourceInfo, options: &ImageOptions) -> u64 {
    static UNNAMED: AtomicU64 = AtomicU64::new(0);
    let source = match info.version {
        0 => {
            // Nothing outside tells this image from those of other processes, so time does.
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default();
            now.as_nanos() as u64 ^ UNNAMED.fetch_add(1, Ordering::Relaxed).rotate_left(48)
        }
        version => version,
    };
    let shown = format!(
        "{source}|{:?}|{:?}|{:?}|{}|{}|{:?}|{}",
        options.colormap,
        options.window,
        options.resampling,
        info.dtype,
        info.axes,
        info.photometric,
        env!("CARGO_PKG_VERSION")
    );
    hash(&shown)
}

/// FNV-1a: the same everywhere and always, as what is called by it is kept elsewhere.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
