//! Display windows: which values are black and which white.

use crate::error::{Error, Result};

/// What lies between the ends of a colour scale: `vmin` at the first colour, `vmax` at the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Shown as the first colour, as is all below.
    pub vmin: f64,
    /// Shown as the last colour, as is all above.
    pub vmax: f64,
}

/// Where a window came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowFrom {
    /// The range of the dtype.
    Dtype,
    /// Robust percentiles of a sample of the whole image.
    Percentiles,
    /// The file, or whoever opened it, said so.
    Given,
}

impl WindowFrom {
    /// `dtype`, `percentiles` or `given`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dtype => "dtype",
            Self::Percentiles => "percentiles",
            Self::Given => "given",
        }
    }
}

impl Window {
    /// A window from `vmin` to `vmax`.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) when either is not finite or `vmin` is beyond `vmax`.
    pub fn new(vmin: f64, vmax: f64) -> Result<Self> {
        for (name, value) in [("vmin", vmin), ("vmax", vmax)] {
            if !value.is_finite() {
                return Err(Error::bad_request(
                    name,
                    format!("{name} = {value} is no finite number"),
                ));
            }
        }
        if vmin > vmax {
            return Err(Error::bad_request(
                "vmin",
                format!(
                    "vmin = {vmin} is beyond vmax = {vmax}; for a reversed scale use a colormap ending in _r"
                ),
            ));
        }
        Ok(Self { vmin, vmax })
    }

    /// 0 to 255.
    pub(crate) const fn of_bytes() -> Self {
        Self {
            vmin: 0.0,
            vmax: 255.0,
        }
    }

    /// What a value is multiplied by, after `vmin` is taken off, to span 0 to `full`; 0 where the window is a point.
    pub(crate) fn scale(self, full: f64) -> f64 {
        if self.vmax > self.vmin {
            full / (self.vmax - self.vmin)
        } else {
            0.0
        }
    }
}
