//! Many planes made one: each pixel is reduced along an axis, by the states that blocks of pixels are reduced by.

use super::Rules;
use super::cascade::{Counts, Reduction};
use super::reduce::typed;
use crate::array::{DType, Pixels, Sample, Samples, with_samples};
use crate::error::{Error, Result};

/// Planes that are to be made one.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    /// The type of their samples; not complex.
    pub dtype: DType,
    /// `(height, width, channels)` of each.
    pub shape: [usize; 3],
    /// Which samples count.
    pub rules: Rules,
}

/// Makes one plane of many, which it is given one after the other: it keeps as much as one takes, however many there are.
pub trait Projector: Send {
    /// Takes one more plane.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) for one of another shape or dtype.
    fn add(&mut self, plane: Pixels) -> Result<()>;

    /// The plane that they make.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) where there was none.
    fn finish(self: Box<Self>) -> Result<Pixels>;
}

/// A reduction along an axis.
struct Along<R: Reduction> {
    kind: R,
    stack: Stack,
    states: Vec<R::State>,
    planes: u64,
}

/// A projector by `kind`.
pub(super) fn along<R: Reduction + 'static>(kind: R, stack: &Stack) -> Box<dyn Projector> {
    Box::new(Along {
        kind,
        stack: *stack,
        states: Vec::new(),
        planes: 0,
    })
}

impl<R: Reduction> Projector for Along<R> {
    fn add(&mut self, plane: Pixels) -> Result<()> {
        if plane.shape() != self.stack.shape || plane.dtype() != self.stack.dtype {
            return Err(Error::internal(format!(
                "a plane of {} and shape {:?} came, of {} and {:?} were asked for",
                plane.dtype(),
                plane.shape(),
                self.stack.dtype,
                self.stack.shape
            )));
        }
        let plane = plane.with_whole_rows()?;
        let [_, width, channels] = self.stack.shape;
        let mut next = Vec::with_capacity(width * channels);
        let added: Result<()> = with_samples!(plane.samples(), slice => {
            let rows = plane.rows(typed::<_, R::Input>(slice)?);
            if self.planes == 0 {
                rows.for_each(|row| self.kind.load(row, channels, &mut self.states));
            } else {
                for (row, states) in rows.zip(self.states.chunks_exact_mut((width * channels).max(1))) {
                    next.clear();
                    self.kind.load(row, channels, &mut next);
                    for (state, &next) in states.iter_mut().zip(&next) {
                        *state = self.kind.merge(*state, next);
                    }
                }
            }
            Ok(())
        });
        self.planes += 1;
        added
    }

    fn finish(self: Box<Self>) -> Result<Pixels> {
        let [height, width, channels] = self.stack.shape;
        let mut out = Vec::with_capacity(self.states.len());
        let counts = Counts {
            inner: self.planes,
            last: self.planes,
        };
        if !self.states.is_empty() {
            self.kind.store(&self.states, counts, channels, &mut out);
        }
        let samples = match (R::Output::wrap(out), self.stack.dtype) {
            // Bool shares bytes with uint8 inside.
            (Samples::UInt8(bytes), DType::Bool) => Samples::Bool(bytes),
            (samples, _) => samples,
        };
        Pixels::new(samples, height, width, channels)
    }
}
