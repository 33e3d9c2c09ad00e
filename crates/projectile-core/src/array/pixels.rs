//! A rectangle of pixels, as a view into shared samples.

use super::samples::with_samples;
use super::{Buffer, DType, Sample, Samples};
use crate::error::{Error, Result};

/// A `(height, width, channels)` view into shared [`Samples`], with any strides: what a [`Source`](crate::Source)
/// answers with, at no copy where the samples are in memory.
#[derive(Clone, Debug)]
pub struct Pixels {
    samples: Samples,
    offset: usize,
    shape: [usize; 3],
    strides: [isize; 3],
}

impl Pixels {
    /// Pixels laid out as `(height, width, channels)` in C order.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) when `samples` are fewer than the shape needs.
    pub fn new(samples: Samples, height: usize, width: usize, channels: usize) -> Result<Self> {
        let row = width.saturating_mul(channels) as isize;
        Self::strided(samples, 0, [height, width, channels], [row, channels as isize, 1])
    }

    /// A view of shape `(height, width, channels)` that starts at `offset` and moves by `strides` (rows, columns,
    /// channels), all counted in samples. Strides may be negative or zero.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) when some element would lie outside `samples`.
    pub fn strided(samples: Samples, offset: usize, shape: [usize; 3], strides: [isize; 3]) -> Result<Self> {
        if shape.iter().all(|&size| size > 0) {
            let (mut low, mut high) = (offset as i128, offset as i128);
            for (size, stride) in shape.iter().zip(strides) {
                let reach = (*size as i128 - 1) * stride as i128;
                if reach < 0 { low += reach } else { high += reach }
            }
            if low < 0 || high >= samples.len() as i128 {
                return Err(Error::internal(format!(
                    "a view of shape {shape:?} and strides {strides:?} at {offset} leaves its {} samples",
                    samples.len()
                )));
            }
        }
        Ok(Self {
            samples,
            offset,
            shape,
            strides,
        })
    }

    /// The type of each sample.
    pub fn dtype(&self) -> DType {
        self.samples.dtype()
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.shape[0]
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.shape[1]
    }

    /// Channels of each pixel.
    pub fn channels(&self) -> usize {
        self.shape[2]
    }

    /// `(height, width, channels)`.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The shared samples that this looks at.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Where the sample of channel `c` of pixel (y, x) is in [`samples`](Self::samples).
    pub(super) fn index(&self, y: usize, x: usize, c: usize) -> usize {
        let [down, across, through] = self.strides;
        (self.offset as isize + y as isize * down + x as isize * across + c as isize * through) as usize
    }

    /// Each row's samples, of pixels that have whole rows; `samples` is the slice of [`samples`](Self::samples).
    pub(crate) fn rows<'a, T>(&self, samples: &'a [T]) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
        let (offset, stride, length) = (
            self.offset as isize,
            self.strides[0],
            self.shape[1] * self.shape[2],
        );
        (0..self.shape[0] as isize).map(move |y| &samples[(offset + y * stride) as usize..][..length])
    }

    /// Whether each row is one run of `width * channels` samples.
    pub fn has_whole_rows(&self) -> bool {
        let [_, width, channels] = self.shape;
        (channels <= 1 || self.strides[2] == 1) && (width <= 1 || self.strides[1] == channels as isize)
    }

    /// The same pixels with whole rows: itself if it has them, else a gathered copy.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal), never for a view that was built by this type.
    pub fn with_whole_rows(self) -> Result<Self> {
        if self.has_whole_rows() {
            Ok(self)
        } else {
            self.to_contiguous()
        }
    }

    /// A copy in C order.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal), never for a view that was built by this type.
    pub fn to_contiguous(&self) -> Result<Self> {
        let [height, width, channels] = self.shape;
        macro_rules! gathered {
            ($($variant:ident),*) => {
                match &self.samples {
                    $(Samples::$variant(buffer) => Samples::$variant(Buffer::from(self.gather(buffer.as_slice()))),)*
                }
            };
        }
        let samples = gathered!(
            Bool, UInt8, UInt16, UInt32, UInt64, Int8, Int16, Int32, Int64, Float16, Float32, Float64,
            Complex64, Complex128
        );
        Self::new(samples, height, width, channels)
    }

    fn gather<T: Copy>(&self, from: &[T]) -> Vec<T> {
        let [height, width, channels] = self.shape;
        let mut out = Vec::with_capacity(height * width * channels);
        for y in 0..height {
            let row = self.offset as isize + y as isize * self.strides[0];
            if self.has_whole_rows() {
                out.extend_from_slice(&from[row as usize..][..width * channels]);
                continue;
            }
            for x in 0..width {
                let pixel = row + x as isize * self.strides[1];
                out.extend((0..channels).map(|c| from[(pixel + c as isize * self.strides[2]) as usize]));
            }
        }
        out
    }

    /// The part of rows `y..y + height`, columns `x..x + width`, clipped to what there is, taking every `step`-th.
    #[must_use]
    pub fn crop(&self, y: usize, x: usize, height: usize, width: usize, step: usize) -> Self {
        let step = step.max(1);
        let (y, x) = (y.min(self.shape[0]), x.min(self.shape[1]));
        let rows = height.min(self.shape[0] - y).div_ceil(step);
        let columns = width.min(self.shape[1] - x).div_ceil(step);
        let offset = self.offset as isize + y as isize * self.strides[0] + x as isize * self.strides[1];
        Self {
            samples: self.samples.clone(),
            offset: if rows == 0 || columns == 0 {
                0
            } else {
                offset as usize
            },
            shape: [rows, columns, self.shape[2]],
            strides: [
                self.strides[0] * step as isize,
                self.strides[1] * step as isize,
                self.strides[2],
            ],
        }
    }

    /// Rows as columns and columns as rows: a view.
    pub(crate) fn transposed(self) -> Self {
        let ([height, width, channels], [down, across, through]) = (self.shape, self.strides);
        Self {
            shape: [width, height, channels],
            strides: [across, down, through],
            ..self
        }
    }

    /// The samples of each row as pixels of `channels` samples.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) where rows are not whole, or no such pixels.
    pub(crate) fn regrouped(self, channels: usize) -> Result<Self> {
        let samples = self.shape[1] * self.shape[2];
        if !self.has_whole_rows() || channels == 0 || !samples.is_multiple_of(channels) {
            return Err(Error::internal(format!(
                "rows of {:?} are no pixels of {channels} channels",
                self.shape
            )));
        }
        Ok(Self {
            shape: [self.shape[0], samples / channels, channels],
            strides: [self.strides[0], channels as isize, 1],
            ..self
        })
    }

    /// The given channels, in that order; all of them for `None`. Evenly spaced ones are a view, others a copy.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) when one does not exist.
    pub fn select(self, channels: Option<&[u64]>) -> Result<Self> {
        let Some(channels) = channels else { return Ok(self) };
        if let Some(c) = channels.iter().find(|&&c| c >= self.shape[2] as u64) {
            return Err(Error::bad_request(
                "c",
                format!("channel {c} is outside 0..{}", self.shape[2]),
            ));
        }
        let first = channels.first().copied().unwrap_or(0) as isize;
        let spacing = channels.get(1).map_or(1, |&second| second as isize - first);
        if channels
            .windows(2)
            .all(|pair| pair[1] as isize - pair[0] as isize == spacing)
        {
            let offset = (self.offset as isize + first * self.strides[2]) as usize;
            let shape = [self.shape[0], self.shape[1], channels.len()];
            let strides = [self.strides[0], self.strides[1], self.strides[2] * spacing];
            return Ok(Self {
                offset,
                shape,
                strides,
                ..self
            });
        }
        let planes: Vec<Self> = channels
            .iter()
            .map(|&c| {
                self.clone()
                    .select(Some(&[c]))
                    .and_then(|plane| plane.to_contiguous())
            })
            .collect::<Result<_>>()?;
        Self::interleave(&planes)
    }

    /// One-channel planes of one shape and dtype, as the channels of one image.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) when the planes differ.
    pub fn interleave(planes: &[Self]) -> Result<Self> {
        let Some(first) = planes.first() else {
            return Err(Error::internal("no planes to interleave"));
        };
        let [height, width, _] = first.shape;
        if planes
            .iter()
            .any(|plane| plane.shape != [height, width, 1] || plane.dtype() != first.dtype())
        {
            return Err(Error::internal(
                "planes of different shapes or dtypes cannot be interleaved",
            ));
        }
        macro_rules! interleaved {
            ($($variant:ident),*) => {
                match &first.samples {
                    $(Samples::$variant(_) => {
                        let gathered: Vec<_> = planes
                            .iter()
                            .filter_map(|plane| match &plane.samples {
                                Samples::$variant(buffer) => Some(plane.gather(buffer.as_slice())),
                                _ => None,
                            })
                            .collect();
                        let mut out = Vec::with_capacity(height * width * planes.len());
                        for i in 0..height * width {
                            out.extend(gathered.iter().map(|plane| plane[i]));
                        }
                        Samples::$variant(Buffer::from(out))
                    })*
                }
            };
        }
        let samples = interleaved!(
            Bool, UInt8, UInt16, UInt32, UInt64, Int8, Int16, Int32, Int64, Float16, Float32, Float64,
            Complex64, Complex128
        );
        Self::new(samples, height, width, planes.len())
    }

    /// No pixels, of `channels` channels each.
    pub(crate) fn empty(dtype: DType, channels: usize) -> Self {
        Self {
            samples: Samples::from_bytes(dtype, &[], false),
            offset: 0,
            shape: [0, 0, channels],
            strides: [0; 3],
        }
    }

    /// Each pixel repeated `times` a side, cut to `height × width`.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal), never for a view that was built by this type.
    pub(crate) fn repeat(self, times: usize, height: usize, width: usize) -> Result<Self> {
        if times <= 1 {
            return Ok(self);
        }
        let channels = self.shape[2];
        let pixels = self.to_contiguous()?;
        macro_rules! repeated {
            ($($variant:ident),*) => {
                match &pixels.samples {
                    $(Samples::$variant(buffer) => {
                        let mut out = Vec::with_capacity(height * width * channels);
                        let rows: Vec<&[_]> = buffer.as_slice().chunks_exact(pixels.shape[1] * channels).collect();
                        for y in 0..height {
                            let row = rows[y / times];
                            (0..width).for_each(|x| out.extend_from_slice(&row[x / times * channels..][..channels]));
                        }
                        Samples::$variant(Buffer::from(out))
                    })*
                }
            };
        }
        let samples = repeated!(
            Bool, UInt8, UInt16, UInt32, UInt64, Int8, Int16, Int32, Int64, Float16, Float32, Float64,
            Complex64, Complex128
        );
        Self::new(samples, height, width, channels)
    }

    /// The same values as `dtype`, rounded to nearest where it is an integer; a share of trues of a half is true.
    /// Complex pixels and dtypes stay as they are.
    #[must_use]
    pub fn cast(self, dtype: DType) -> Self {
        self.cast_with(dtype, None)
    }

    /// Like [`cast`](Self::cast), and what is not a number becomes `nodata`, which says the same.
    #[must_use]
    pub fn cast_with(self, dtype: DType, nodata: Option<f64>) -> Self {
        fn of<T: Sample>(values: Vec<f64>) -> Samples {
            T::wrap(values.into_iter().map(T::from_f64).collect())
        }
        let nodata = nodata.filter(|nodata| self.dtype().is_float() && !nodata.is_nan());
        let is_it = dtype == self.dtype() && nodata.is_none();
        if is_it || dtype.is_complex() || self.dtype().is_complex() {
            return self;
        }
        let mut values = self.to_f64();
        if let Some(nodata) = nodata {
            for value in values.iter_mut().filter(|value| value.is_nan()) {
                *value = nodata;
            }
        }
        let samples = match dtype {
            DType::Bool => Samples::Bool(
                values
                    .iter()
                    .map(|&v| u8::from(v >= 0.5))
                    .collect::<Vec<_>>()
                    .into(),
            ),
            DType::UInt8 => of::<u8>(values),
            DType::UInt16 => of::<u16>(values),
            DType::UInt32 => of::<u32>(values),
            DType::UInt64 => of::<u64>(values),
            DType::Int8 => of::<i8>(values),
            DType::Int16 => of::<i16>(values),
            DType::Int32 => of::<i32>(values),
            DType::Int64 => of::<i64>(values),
            DType::Float16 => of::<half::f16>(values),
            DType::Float32 => of::<f32>(values),
            DType::Float64 | DType::Complex64 | DType::Complex128 => of::<f64>(values),
        };
        Self::new(samples, self.shape[0], self.shape[1], self.shape[2]).unwrap_or(self)
    }

    /// Sample (y, x, c), exactly; it prints as numpy would, e.g. `0.25`, `nan`, `1+2j`.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) outside the pixels.
    pub fn value(&self, y: usize, x: usize, c: usize) -> Result<Value> {
        if y >= self.shape[0] || x >= self.shape[1] || c >= self.shape[2] {
            return Err(Error::not_found(format!(
                "no sample at ({y}, {x}, {c}) in shape {:?}",
                self.shape
            )));
        }
        let at = self.index(y, x, c);
        Ok(match &self.samples {
            Samples::Bool(b) => Value::Bool(b.as_slice()[at] != 0),
            Samples::UInt8(b) => Value::Integer(b.as_slice()[at].into()),
            Samples::UInt16(b) => Value::Integer(b.as_slice()[at].into()),
            Samples::UInt32(b) => Value::Integer(b.as_slice()[at].into()),
            Samples::UInt64(b) => Value::Integer(b.as_slice()[at].into()),
            Samples::Int8(b) => Value::Integer(b.as_slice()[at].into()),
            Samples::Int16(b) => Value::Integer(b.as_slice()[at].into()),
            Samples::Int32(b) => Value::Integer(b.as_slice()[at].into()),
            Samples::Int64(b) => Value::Integer(b.as_slice()[at].into()),
            Samples::Float16(b) => Value::Float(b.as_slice()[at].into()),
            Samples::Float32(b) => Value::Float32(b.as_slice()[at]),
            Samples::Float64(b) => Value::Float(b.as_slice()[at]),
            Samples::Complex64(b) => {
                let [re, im] = b.as_slice()[at];
                Value::Complex(re.into(), im.into())
            }
            Samples::Complex128(b) => {
                let [re, im] = b.as_slice()[at];
                Value::Complex(re, im)
            }
        })
    }

    /// Every sample as f64 in C order, complex as magnitude: for statistics and small regions.
    pub fn to_f64(&self) -> Vec<f64> {
        let magnitude = self.magnitude();
        let pixels = magnitude.as_ref().unwrap_or(self);
        with_samples!(
            &pixels.samples,
            slice => pixels.gather(slice).into_iter().map(Sample::to_f64).collect(),
            complex => Vec::new()
        )
    }

    /// The magnitude of complex pixels; `None` for real ones.
    pub fn magnitude(&self) -> Option<Self> {
        let samples = match &self.samples {
            Samples::Complex64(b) => Samples::Float32(
                self.gather(b.as_slice())
                    .into_iter()
                    .map(|[re, im]| re.hypot(im))
                    .collect::<Vec<_>>()
                    .into(),
            ),
            Samples::Complex128(b) => Samples::Float64(
                self.gather(b.as_slice())
                    .into_iter()
                    .map(|[re, im]| re.hypot(im))
                    .collect::<Vec<_>>()
                    .into(),
            ),
            _ => return None,
        };
        Self::new(samples, self.shape[0], self.shape[1], self.shape[2]).ok()
    }

    /// Little-endian bytes in C order, as a `.npy` file holds them.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal), never for a view that was built by this type.
    pub fn to_le_bytes(&self) -> Result<Vec<u8>> {
        let pixels = self.to_contiguous()?;
        if cfg!(target_endian = "big") {
            return Err(Error::internal("big-endian machines are not served yet"));
        }
        Ok(with_samples!(&pixels.samples, slice => bytemuck::cast_slice::<_, u8>(slice).to_vec()))
    }
}

/// One sample, exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A bool.
    Bool(bool),
    /// Any integer.
    Integer(i128),
    /// A float32, whose shortest text is its own.
    Float32(f32),
    /// A float16 or float64.
    Float(f64),
    /// Real and imaginary parts.
    Complex(f64, f64),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn float(value: f64) -> String {
            if value.is_nan() {
                "nan".into()
            } else {
                value.to_string()
            }
        }
        match *self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float32(value) if value.is_nan() => f.write_str("nan"),
            Self::Float32(value) => write!(f, "{value}"),
            Self::Float(value) => f.write_str(&float(value)),
            Self::Complex(re, im) => {
                let sign = if im.is_sign_negative() && !im.is_nan() {
                    ""
                } else {
                    "+"
                };
                write!(f, "{}{sign}{}j", float(re), float(im))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(height: usize, width: usize, channels: usize) -> Pixels {
        let samples: Vec<u16> = (0..height * width * channels).map(|i| i as u16).collect();
        Pixels::new(Samples::UInt16(samples.into()), height, width, channels).unwrap()
    }

    #[test]
    fn a_view_that_leaves_its_samples_is_refused() {
        let samples = || Samples::UInt8(vec![0; 12].into());
        assert!(Pixels::new(samples(), 3, 4, 1).is_ok());
        assert!(Pixels::new(samples(), 4, 4, 1).is_err());
        assert!(Pixels::strided(samples(), 11, [3, 4, 1], [-4, -1, 1]).is_ok());
        assert!(Pixels::strided(samples(), 10, [3, 4, 1], [-4, -1, 1]).is_err());
        assert!(Pixels::strided(samples(), 0, [usize::MAX, usize::MAX, 3], [1, 1, 1]).is_err());
    }

    #[test]
    fn cropping_steps_and_clips() {
        let part = counting(5, 6, 2).crop(1, 2, 10, 3, 2);
        assert_eq!(part.shape(), [2, 2, 2]);
        assert_eq!(part.to_f64(), [16.0, 17.0, 20.0, 21.0, 40.0, 41.0, 44.0, 45.0]);
        assert_eq!(counting(5, 6, 2).crop(9, 9, 3, 3, 1).shape(), [0, 0, 2]);
    }

    #[test]
    fn values_print_as_numpy_prints_them() {
        assert_eq!(Value::Float32(0.1).to_string(), "0.1");
        assert_eq!(Value::Float(f64::NAN).to_string(), "nan");
        assert_eq!(Value::Float(f64::NEG_INFINITY).to_string(), "-inf");
        assert_eq!(Value::Complex(1.0, -2.5).to_string(), "1-2.5j");
        assert_eq!(
            Value::Integer(u64::MAX.into()).to_string(),
            "18446744073709551615"
        );
    }
}
