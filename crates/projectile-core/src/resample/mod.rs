//! How blocks of pixels become one. One file a kind.
//!
//! To add one: write `name.rs` here with a unit type that implements [`Kind`] over a `Reduction`, and add a line to
//! [`RESAMPLINGS`].

mod average;
mod cascade;
mod extreme;
mod fit;
mod further;
mod max;
mod min;
mod mode;
mod nearest;
mod project;
mod reduce;
mod sum;
mod tail;

use std::fmt;
use std::hash::{Hash, Hasher};

pub use project::{Projector, Stack};
pub use reduce::{Blocks, Job, Rows, Rules, in_parallel};

use crate::array::{DType, Pixels};
use crate::error::{Error, Result};

/// Every kind, in the order in which menus show them.
pub static RESAMPLINGS: &[&dyn Kind] = &[
    &average::Average,
    &max::Max,
    &min::Min,
    &nearest::Nearest,
    &mode::Mode,
    &sum::Sum,
];

/// One way to make a pixel of a block of pixels.
pub trait Kind: Sync {
    /// GDAL's name for it, e.g. `average`.
    fn name(&self) -> &'static str;

    /// What it does, in a line.
    fn about(&self) -> &'static str;

    /// Whether reduced samples are values of the image's own dtype, but for rounding.
    fn keeps_dtype(&self) -> bool {
        true
    }

    /// How parts of pixels become one, where sizes are not halved.
    fn blend(&self) -> Blend {
        Blend::Nearest
    }

    /// The type of a reduced sample of `dtype` (never complex: that is reduced as magnitude).
    fn output(&self, dtype: DType) -> DType;

    /// Reduces the job's region, to each of the levels that it keeps.
    ///
    /// # Errors
    /// What reading gives, and [`Cancelled`](crate::ErrorKind::Cancelled).
    fn reduce(&self, job: &Job<'_>) -> Result<Vec<Pixels>>;

    /// The type that samples of `dtype` (not complex) have once planes of them are made one along an axis, and what
    /// then stands for no data, beside NaN, where `nodata` did; `None` where the kind reduces blocks alone.
    fn projected(&self, dtype: DType, nodata: Option<f64>) -> Option<(DType, Option<f64>)> {
        let _ = (dtype, nodata);
        None
    }

    /// Makes the planes of `stack` one, along an axis.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where the kind reduces blocks alone.
    fn projector(&self, stack: &Stack) -> Result<Box<dyn Projector>> {
        let _ = stack;
        Err(Error::unsupported(format!(
            "{} reduces no planes along an axis",
            self.name()
        )))
    }
}

/// How parts of pixels become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blend {
    /// Their mean, each by its share.
    Mean,
    /// Their sum, each by its share.
    Sum,
    /// The greatest.
    Greatest,
    /// The least.
    Least,
    /// The one in the middle.
    Nearest,
}

/// A kind of resampling, by reference to its entry in [`RESAMPLINGS`]; two are equal when their names are.
#[derive(Clone, Copy)]
pub struct Resampling(&'static dyn Kind);

impl Resampling {
    /// The mean of the valid pixels.
    pub const AVERAGE: Self = Self(&average::Average);
    /// The greatest valid pixel.
    pub const MAX: Self = Self(&max::Max);
    /// The block's top left pixel.
    pub const NEAREST: Self = Self(&nearest::Nearest);
    /// The commonest valid value.
    pub const MODE: Self = Self(&mode::Mode);

    /// Every kind, in menu order.
    pub fn all() -> impl Iterator<Item = Self> {
        RESAMPLINGS.iter().map(|kind| Self(*kind))
    }

    /// The kind of that name.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest), naming the kinds there are.
    pub fn named(name: &str) -> Result<Self> {
        Self::all().find(|kind| kind.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(|kind| kind.name()).collect();
            Error::bad_request(
                "resampling",
                format!("no resampling {name:?}: there are {}", names.join(", ")),
            )
        })
    }
}

impl std::ops::Deref for Resampling {
    type Target = dyn Kind;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for Resampling {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Resampling {}

impl Hash for Resampling {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Resampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resampling({})", self.name())
    }
}

impl fmt::Display for Resampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Runs `$body` with the type alias `$T` set to the Rust type of `$dtype`, which is not complex. Bool is `u8`.
macro_rules! with_type {
    ($dtype:expr, $T:ident => $body:expr) => {{
        use $crate::array::DType as D;
        macro_rules! run {
            ($ty:ty) => {{
                type $T = $ty;
                $body
            }};
        }
        match $dtype {
            D::Bool | D::UInt8 => run!(u8),
            D::UInt16 => run!(u16),
            D::UInt32 => run!(u32),
            D::UInt64 => run!(u64),
            D::Int8 => run!(i8),
            D::Int16 => run!(i16),
            D::Int32 => run!(i32),
            D::Int64 => run!(i64),
            D::Float16 => run!(half::f16),
            D::Float32 => run!(f32),
            D::Float64 => run!(f64),
            D::Complex64 | D::Complex128 => Err($crate::error::Error::internal(
                "complex samples are reduced as magnitudes",
            )),
        }
    }};
}
pub(crate) use with_type;

#[cfg(test)]
mod tests;
