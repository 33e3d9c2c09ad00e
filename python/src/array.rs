//! A numpy array's own memory as samples, without a copy.
#![allow(unsafe_code, reason = "memory that Python owns is lent as slices")]

use half::f16;
use projectile::{ArraySource, Axes, Buffer, DType, Error, Result, Samples, SourceInfo};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Memory of an array that is kept alive by a reference to the array.
struct Borrowed<T> {
    first: *const T,
    length: usize,
    /// Never read: it keeps the memory there. Dropped without the interpreter, it is let go when Python runs next.
    _owner: Py<PyAny>,
}

// SAFETY: the memory is only read, and stays where it is for as long as `_owner` lives, which may be sent and shared.
unsafe impl<T: Send + Sync> Send for Borrowed<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Borrowed<T> {}

impl<T> AsRef<[T]> for Borrowed<T> {
    fn as_ref(&self) -> &[T] {
        // SAFETY: `layout` checked that the array spans `length` elements from `first`, aligned, and `_owner` keeps
        // them. Each bit pattern is a value of `T`. Python may write to the array meanwhile, as it may to whatever
        // shares numpy's memory: a sample is then seen before or after, or of two bytes one of each.
        unsafe { std::slice::from_raw_parts(self.first, self.length) }
    }
}

/// Where an array's elements are.
struct Layout {
    dtype: DType,
    /// The address of the lowest element.
    lowest: usize,
    /// Elements from there to the first, and to the end of the highest.
    offset: usize,
    length: usize,
    shape: Vec<u64>,
    /// In elements.
    strides: Vec<isize>,
}

/// Reads `array.__array_interface__`, version 3 of numpy's array interface protocol.
fn layout(array: &Bound<'_, PyAny>) -> PyResult<Result<Layout>> {
    let interface = array.getattr("__array_interface__")?;
    let interface = interface.cast::<PyDict>()?;
    let get = |name: &str| {
        interface
            .get_item(name)
            .map(|item| item.filter(|item| !item.is_none()))
    };
    let (Some(data), Some(code), Some(shape)) = (get("data")?, get("typestr")?, get("shape")?) else {
        return Ok(Err(Error::internal(
            "an array interface without data, typestr or shape",
        )));
    };
    let (address, _): (usize, bool) = data.extract()?;
    let code: String = code.extract()?;
    let shape: Vec<u64> = shape.extract()?;
    let bytes: Option<Vec<isize>> = get("strides")?.map(|strides| strides.extract()).transpose()?;
    Ok(plan(address, &code, shape, bytes))
}

/// Checks that every element lies, aligned, in one span of memory.
fn plan(address: usize, code: &str, shape: Vec<u64>, strides: Option<Vec<isize>>) -> Result<Layout> {
    let odd = |why: &str| Error::unsupported(format!("an array whose memory cannot be used as it is: {why}"));
    let native = if cfg!(target_endian = "little") {
        ['<', '|', '=']
    } else {
        ['>', '|', '=']
    };
    if !code.starts_with(native) {
        return Err(odd("another byte order"));
    }
    let dtype = DType::from_code(&code[1..]).ok_or_else(|| odd("its dtype"))?;
    let size = dtype.size();
    let strides = match strides {
        Some(bytes) if bytes.iter().any(|stride| stride % size as isize != 0) => {
            return Err(odd("its strides"));
        }
        Some(bytes) => bytes.iter().map(|stride| stride / size as isize).collect(),
        None => {
            let mut next = 1isize;
            let mut strides: Vec<isize> = shape
                .iter()
                .rev()
                .map(|&length| {
                    let stride = next;
                    next = next.saturating_mul(isize::try_from(length).unwrap_or(isize::MAX));
                    stride
                })
                .collect();
            strides.reverse();
            strides
        }
    };
    if strides.len() != shape.len() || shape.contains(&0) {
        return Err(odd("its shape"));
    }
    let (mut low, mut high) = (0i128, 0i128);
    for (&length, &stride) in shape.iter().zip(&strides) {
        let reach = (i128::from(length) - 1) * stride as i128;
        if reach < 0 { low += reach } else { high += reach }
    }
    let lowest = address as i128 + low * size as i128;
    let length = usize::try_from(high - low + 1).map_err(|_| odd("its extent"))?;
    let lowest = usize::try_from(lowest).map_err(|_| odd("its address"))?;
    let bytes = length
        .checked_mul(size)
        .filter(|&bytes| isize::try_from(bytes).is_ok());
    if lowest == 0 || lowest % dtype.word() != 0 || bytes.is_none() {
        return Err(odd("its alignment"));
    }
    Ok(Layout {
        dtype,
        lowest,
        offset: usize::try_from(-low).map_err(|_| odd("its strides"))?,
        length,
        shape,
        strides,
    })
}

fn lend(layout: &Layout, owner: &Bound<'_, PyAny>) -> Samples {
    macro_rules! lend {
        ($($variant:ident: $ty:ty),*) => {
            match layout.dtype {
                $(DType::$variant => Samples::$variant(Buffer::new(Borrowed::<$ty> {
                    first: layout.lowest as *const $ty,
                    length: layout.length,
                    _owner: owner.clone().unbind(),
                })),)*
            }
        };
    }
    lend!(
        Bool: u8, UInt8: u8, UInt16: u16, UInt32: u32, UInt64: u64, Int8: i8, Int16: i16, Int32: i32, Int64: i64,
        Float16: f16, Float32: f32, Float64: f64, Complex64: [f32; 2], Complex128: [f64; 2]
    )
}

/// An array as a source that looks at its memory, and the address where that begins. `info` says what its axes are.
pub(crate) fn source(
    array: &Bound<'_, PyAny>,
    info: impl FnOnce(DType, &[u64]) -> Result<SourceInfo>,
) -> PyResult<Result<(ArraySource, usize)>> {
    let layout = match layout(array)? {
        Ok(layout) => layout,
        Err(error) => return Ok(Err(error)),
    };
    let samples = lend(&layout, array);
    let lowest = layout.lowest;
    Ok(info(layout.dtype, &layout.shape)
        .and_then(|info| ArraySource::strided(samples, layout.offset, layout.strides, info))
        .map(|source| (source, lowest)))
}

/// The samples of an array in C order.
pub(crate) fn samples(array: &Bound<'_, PyAny>) -> PyResult<Result<Samples>> {
    let layout = match layout(array)? {
        Ok(layout) => layout,
        Err(error) => return Ok(Err(error)),
    };
    let mut next = 1;
    let in_order = layout
        .shape
        .iter()
        .zip(&layout.strides)
        .rev()
        .all(|(&length, &stride)| {
            let expected = next;
            next *= length as isize;
            length == 1 || stride == expected
        });
    if !in_order {
        return Ok(Err(Error::unsupported("a block that is not in C order")));
    }
    Ok(Ok(lend(&layout, array)))
}

/// The names of the axes, or those that the shape suggests.
pub(crate) fn axes(names: Option<&[String]>, shape: &[u64]) -> Result<Axes> {
    names.map_or_else(|| Axes::guess(shape), |names| Axes::with_names(names, shape))
}
