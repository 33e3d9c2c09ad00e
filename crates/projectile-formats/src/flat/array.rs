//! Where the elements of a flat array are.

use projectile_core::{DType, Error, Result};

use super::Meaning;
use crate::sizes::{product, to_u64};

/// Elements of one dtype in a file or object, from `start` on.
#[derive(Clone, Debug)]
pub(crate) struct FlatArray {
    /// The type of each element, as it is stored.
    pub(crate) dtype: DType,
    /// Whether elements are big-endian.
    pub(crate) big_endian: bool,
    /// The byte where the first element begins.
    pub(crate) start: u64,
    /// Elements from one index to the next, for each axis in storage order.
    pub(crate) strides: Vec<u64>,
    /// Elements along each axis, in storage order.
    pub(crate) shape: Vec<u64>,
    /// What the elements stand for.
    pub(crate) meaning: Meaning,
}

impl FlatArray {
    /// An array whose last axis is the fastest.
    ///
    /// # Errors
    /// [`Limit`](projectile_core::ErrorKind::Limit) when it is larger than any file.
    pub(crate) fn new(dtype: DType, big_endian: bool, start: u64, shape: &[u64]) -> Result<Self> {
        Self::ordered(dtype, big_endian, start, shape, false)
    }

    /// An array whose first axis is the fastest (`fortran_order`), or its last.
    ///
    /// # Errors
    /// [`Limit`](projectile_core::ErrorKind::Limit) when it is larger than any file.
    pub(crate) fn ordered(
        dtype: DType,
        big_endian: bool,
        start: u64,
        shape: &[u64],
        fortran_order: bool,
    ) -> Result<Self> {
        bytes_of(dtype, shape)?
            .checked_add(start)
            .ok_or_else(|| too_large(shape))?;
        // Every stride is at most the number of elements, which is known to be one. Of an array without elements
        // the strides mean nothing.
        let mut next = 1u64;
        let stride = |&size: &u64| {
            let own = next;
            next = own.saturating_mul(size);
            own
        };
        let strides = if fortran_order {
            shape.iter().map(stride).collect()
        } else {
            let mut strides: Vec<u64> = shape.iter().rev().map(stride).collect();
            strides.reverse();
            strides
        };
        Ok(Self {
            dtype,
            big_endian,
            start,
            strides,
            shape: shape.to_vec(),
            meaning: Meaning::default(),
        })
    }

    /// The type of the elements that are read.
    pub(crate) fn read_dtype(&self) -> DType {
        self.meaning.dtype(self.dtype)
    }

    /// The bytes that the elements take, which a file of `size` bytes must hold.
    ///
    /// # Errors
    /// [`Corrupt`](projectile_core::ErrorKind::Corrupt) when it is too short.
    pub(crate) fn present(&self, size: u64) -> Result<u64> {
        let (promised, present) = (
            bytes_of(self.dtype, &self.shape)?,
            size.saturating_sub(self.start),
        );
        if promised > present {
            return Err(Error::corrupt(format!(
                "the file is cut short: its header promises {promised} bytes of elements, it holds {present}"
            )));
        }
        Ok(promised)
    }
}

/// Bytes that an array takes.
///
/// # Errors
/// [`Limit`](projectile_core::ErrorKind::Limit) when that is beyond any file.
pub(crate) fn bytes_of(dtype: DType, shape: &[u64]) -> Result<u64> {
    let zero = shape.contains(&0);
    product(shape.iter().chain([&to_u64(dtype.size())]))
        .filter(|&bytes| i64::try_from(bytes).is_ok())
        .or(zero.then_some(0))
        .ok_or_else(|| too_large(shape))
}

pub(super) fn too_large(shape: &[u64]) -> Error {
    Error::limit(format!("an array of shape {shape:?} is larger than any file"))
}
