//! Images of arrays, readers and files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use projectile::{
    Area, BlockCache, ChannelInfo, ChunkedOptions, ChunkedSource, Coordinates, DType, Dimension, Division,
    Encoding, Error, Image, ImageOptions, NamedSource, OpenOptions, Photometric, ReadFuture, ReadRequest,
    Resampling, Residence, Result, Source, SourceInfo, Style, TileRequest, colormap,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::array;
use crate::error::exception;
use crate::interrupt::interruptible;
use crate::lazy::Reader;

/// An image that can be asked for tiles.
#[pyclass(name = "Image", module = "projectile._native", frozen)]
#[derive(Debug)]
pub(crate) struct PyImage {
    pub(crate) image: Image,
    /// The address of the lowest sample, where it looks at an array's own memory.
    address: Option<usize>,
}

/// What is known of an array beside its samples, as keyword arguments.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Facts {
    #[pyo3(default)]
    axes: Option<Vec<String>>,
    #[pyo3(default)]
    dimensions: Vec<(Option<String>, Option<String>, Option<Along>)>,
    #[pyo3(default)]
    channel_names: Vec<String>,
    #[pyo3(default)]
    details: Vec<(String, String)>,
    format: String,
    #[pyo3(default)]
    nodata: Option<f64>,
    #[pyo3(default)]
    photometric: Option<String>,
    #[pyo3(default)]
    version: u64,
    #[pyo3(default)]
    colormap: Option<String>,
    #[pyo3(default)]
    window: Option<(f64, f64)>,
    #[pyo3(default)]
    resampling: Option<String>,
}

/// Coordinates: numbers or texts.
#[derive(FromPyObject)]
enum Along {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

impl Facts {
    fn info(&self, dtype: DType, shape: &[u64]) -> Result<SourceInfo> {
        let axes = array::axes(self.axes.as_deref(), shape)?;
        let mut info = SourceInfo::new(dtype, axes, self.format.as_str());
        info.dimensions = self
            .dimensions
            .iter()
            .map(|(label, unit, coordinates)| Dimension {
                label: label.clone(),
                unit: unit.clone(),
                coordinates: coordinates.as_ref().map(|along| match along {
                    Along::Numbers(numbers) => Coordinates::of(numbers.clone()),
                    Along::Texts(texts) => Coordinates::Texts(texts.clone()),
                }),
            })
            .collect();
        info.channels = self.channel_names.iter().map(ChannelInfo::named).collect();
        info.details.clone_from(&self.details);
        info.nodata = self.nodata;
        info.version = self.version;
        info.photometric = self.photometric()?.unwrap_or(Photometric::Auto);
        Ok(info)
    }

    fn photometric(&self) -> Result<Option<Photometric>> {
        Ok(Some(match self.photometric.as_deref() {
            None => return Ok(None),
            Some("picture") => Photometric::Picture,
            Some("labels") => Photometric::Labels,
            Some("channels") => Photometric::Channels,
            Some(other) => {
                return Err(Error::bad_request(
                    "photometric",
                    format!("{other:?}: picture, labels or channels"),
                ));
            }
        }))
    }

    fn options(&self) -> Result<ImageOptions> {
        Ok(ImageOptions {
            colormap: self.colormap.clone(),
            window: self.window,
            resampling: self.resampling.as_deref().map(Resampling::named).transpose()?,
            ..ImageOptions::default()
        })
    }

    fn of(keywords: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        keywords
            .ok_or_else(|| PyTypeError::new_err("the keyword format is missing"))?
            .extract()
    }
}

fn image(name: &str, source: Arc<dyn Source>, facts: &Facts) -> Result<PyImage> {
    Image::with_options(name, source, facts.options()?).map(PyImage::from)
}

impl From<Image> for PyImage {
    fn from(image: Image) -> Self {
        Self { image, address: None }
    }
}

#[pymethods]
impl PyImage {
    /// An image that looks at a numpy array's own memory.
    #[staticmethod]
    #[pyo3(signature = (array, name, **keywords))]
    fn from_array(
        array: &Bound<'_, PyAny>,
        name: &str,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let facts = Facts::of(keywords)?;
        let shown =
            array::source(array, |dtype, shape| facts.info(dtype, shape))?.and_then(|(source, address)| {
                let shown = image(name, Arc::new(source), &facts)?;
                Ok(Self {
                    address: Some(address),
                    ..shown
                })
            });
        shown.map_err(|error| exception(&error))
    }

    /// An image that is read block by block by `reader.read(list of tuples of slices)`.
    #[staticmethod]
    #[pyo3(signature = (reader, name, *, dtype, shape, chunks, remote, cache_bytes, **keywords))]
    #[expect(clippy::too_many_arguments, reason = "keywords, in Python")]
    fn from_reader(
        reader: Py<PyAny>,
        name: &str,
        dtype: &str,
        shape: Vec<u64>,
        chunks: Vec<Vec<u64>>,
        remote: bool,
        cache_bytes: u64,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        /// In which the requests of one view come together.
        const GATHER: Duration = Duration::from_millis(10);
        let facts = Facts::of(keywords)?;
        let dtype = DType::from_code(dtype)
            .ok_or_else(|| PyTypeError::new_err(format!("an array of dtype {dtype} cannot be shown")))?;
        let divisions = chunks
            .into_iter()
            .map(|edges| match edges[..] {
                [length] => Division::Even(length),
                _ => Division::At(edges),
            })
            .collect();
        let options = ChunkedOptions {
            residence: if remote {
                Residence::Remote
            } else {
                Residence::Local
            },
            cache: BlockCache::new(cache_bytes),
            gather: if remote { GATHER } else { Duration::ZERO },
        };
        facts
            .info(dtype, &shape)
            .and_then(|info| ChunkedSource::new(info, divisions, Box::new(Reader(reader)), &options))
            .and_then(|source| image(name, Arc::new(source), &facts))
            .map_err(|error| exception(&error))
    }

    /// The address of the lowest sample, where it looks at an array's own memory.
    #[getter]
    fn address(&self) -> Option<usize> {
        self.address
    }

    #[getter]
    fn name(&self) -> &str {
        self.image.name()
    }

    #[getter]
    fn shape(&self) -> Vec<u64> {
        self.image.info().axes.shape()
    }

    #[getter]
    fn axes(&self) -> Vec<String> {
        self.image
            .info()
            .axes
            .iter()
            .map(|axis| axis.name.clone())
            .collect()
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        self.image.info().dtype.name()
    }

    #[getter]
    fn kind(&self) -> &'static str {
        self.image.kind().name()
    }

    #[getter]
    fn max_zoom(&self) -> u32 {
        self.image.max_zoom()
    }

    /// The display window that suits the values as they are now.
    fn auto_window(&self, py: Python<'_>) -> PyResult<(f64, f64)> {
        let image = self.image.clone();
        interruptible(py, move |cancel| image.fresh_window(cancel))?.map_err(|error| exception(&error))
    }

    /// Renders one tile, exactly: the encoded bytes.
    #[pyo3(signature = (z, x, y, size, format, *, colormap=None, vmin=None, vmax=None, resampling=None, channels=None, indices=Vec::new()))]
    #[expect(clippy::too_many_arguments, reason = "keywords, in Python")]
    fn tile<'py>(
        &self,
        py: Python<'py>,
        z: u32,
        x: u64,
        y: u64,
        size: u32,
        format: &str,
        colormap: Option<&str>,
        vmin: Option<f64>,
        vmax: Option<f64>,
        resampling: Option<&str>,
        channels: Option<Vec<u64>>,
        indices: Vec<(String, u64)>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let request = || -> Result<TileRequest> {
            let style = Style {
                colormap: colormap.map(self::colormap).transpose()?,
                vmin,
                vmax,
                resampling: resampling.map(Resampling::named).transpose()?,
                channels,
                indices,
                ..Style::default()
            };
            Ok(TileRequest {
                area: Area::Tile { z, x, y, size },
                style,
                encoding: Encoding::by_extension(format)?,
            })
        };
        let request = request().map_err(|error| exception(&error))?;
        let image = self.image.clone();
        let tile = interruptible(py, move |cancel| image.render_final(&request, 1, cancel))?
            .map_err(|error| exception(&error))?;
        Ok(PyBytes::new(py, &tile.bytes))
    }
}

/// The images of a file, or of what lies at an address, called by `name`, else by its own.
#[pyfunction]
#[pyo3(signature = (path, name=None, **keywords))]
pub(crate) fn open(
    py: Python<'_>,
    path: PathBuf,
    name: Option<String>,
    keywords: Option<&Bound<'_, PyDict>>,
) -> PyResult<Vec<PyImage>> {
    let facts = Facts::of(keywords)?;
    let options = OpenOptions {
        axes: facts.axes.as_ref().map(|axes| axes.concat()),
        ..OpenOptions::default()
    };
    let name = name.unwrap_or_else(|| projectile::name(&path));
    let opened = interruptible(py, move |_| projectile::open_sources(&path, &options))?;
    let images = opened.and_then(|sources| {
        sources
            .into_iter()
            .map(|NamedSource { name: member, source }| {
                let full = if member.is_empty() {
                    name.clone()
                } else {
                    format!("{name}/{member}")
                };
                image(&full, Arc::new(Described::new(source, &facts)?), &facts)
            })
            .collect()
    });
    images.map_err(|error| exception(&error))
}

/// A file's source, of which the person knows better.
#[derive(Debug)]
struct Described {
    source: Arc<dyn Source>,
    info: SourceInfo,
}

impl Described {
    fn new(source: Arc<dyn Source>, facts: &Facts) -> Result<Self> {
        let mut info = source.info().clone();
        if let Some(photometric) = facts.photometric()? {
            info.photometric = photometric;
        }
        info.nodata = facts.nodata.or(info.nodata);
        Ok(Self { source, info })
    }
}

impl Source for Described {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn residence(&self) -> Residence {
        self.source.residence()
    }

    fn forget(&self) {
        self.source.forget();
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        self.source.read(request)
    }
}

/// The names of the axes that a shape suggests.
#[pyfunction]
pub(crate) fn guess_axes(shape: Vec<u64>) -> PyResult<Vec<String>> {
    let axes = array::axes(None, &shape).map_err(|error| exception(&error))?;
    Ok(axes.iter().map(|axis| axis.name.clone()).collect())
}

/// The names of the ways to reduce pixels.
#[pyfunction]
pub(crate) fn resamplings() -> Vec<&'static str> {
    Resampling::all().map(|kind| kind.name()).collect()
}

/// The names of the colormaps.
#[pyfunction]
pub(crate) fn colormaps() -> Vec<&'static str> {
    projectile::COLORMAPS.iter().map(|map| map.name).collect()
}

/// Tells a file's content from what it was: its size and when it changed.
pub(crate) fn file_version(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| {
        let changed = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let nanoseconds = changed.unwrap_or_default().as_nanos() as u64;
        nanoseconds ^ metadata.len().rotate_left(32)
    })
}
