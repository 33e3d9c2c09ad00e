//! What is made of an image: projections and expressions, each an image of its own, so that all that can be asked of an
//! image can be asked of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::image::Image;
use super::request::Style;
use crate::error::{Error, Result};
use crate::expression::{Expression, ExpressionSource, Input};
use crate::projection::{ProjectedSource, Projection};

/// Projections of one image that are kept: their levels, and what is known of their values.
const KEPT: usize = 8;

/// The projections of one image that were used last.
#[derive(Debug, Default)]
pub(super) struct Projections(Mutex<Vec<(String, Projection, Image)>>);

impl Projections {
    fn lock(&self) -> MutexGuard<'_, Vec<(String, Projection, Image)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each, with the axis that it lacks.
    pub(super) fn all(&self) -> Vec<(String, Image)> {
        let kept = self.lock();
        kept.iter()
            .map(|(axis, _, image)| (axis.clone(), image.clone()))
            .collect()
    }

    /// The projection along an axis; what `make` makes where there is none.
    fn get(
        &self,
        axis: &str,
        projection: &Projection,
        make: impl FnOnce() -> Result<Image>,
    ) -> Result<Image> {
        let mut kept = self.lock();
        let known = kept
            .iter()
            .position(|(name, known, _)| name == axis && known == projection);
        let entry = match known {
            Some(at) => kept.remove(at),
            None => (axis.to_owned(), projection.clone(), make()?),
        };
        let image = entry.2.clone();
        kept.push(entry);
        if kept.len() > KEPT {
            kept.remove(0);
        }
        Ok(image)
    }
}

impl Image {
    /// The image that a style shows, and what of the style is said of that: where it asks for projections they are an
    /// image of their own, without those axes; `None` where it asks for none.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for an axis or planes that are not there,
    /// [`Limit`](crate::ErrorKind::Limit) for too many planes.
    pub fn projected(&self, style: &Style) -> Result<Option<(Self, Style)>> {
        if style.projections.is_empty() {
            return Ok(None);
        }
        for (name, _) in &style.projections {
            self.info().axes.extra_axis(name)?;
            if style.indices.iter().any(|(axis, _)| axis == name) {
                return Err(Error::bad_request(
                    name.clone(),
                    format!("{name} is an index or a projection, not both"),
                ));
            }
        }
        let axes: Vec<String> = self.info().axes.extra().map(|axis| axis.name.clone()).collect();
        let mut image = self.clone();
        for axis in axes.iter().rev() {
            let asked = style.projections.iter().find(|(name, _)| name == axis);
            if let Some((_, projection)) = asked {
                image = image
                    .projections()
                    .get(axis, projection, || image.along(axis, projection))?;
            }
        }
        let style = Style {
            projections: Vec::new(),
            ..style.clone()
        };
        Ok(Some((image, style)))
    }

    /// What an expression makes of this image and of those that `other` finds for it: an image of its own, of one
    /// channel of float64.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for channels that are not there and images of another size, and
    /// what `other` gives.
    pub fn expressed(
        &self,
        expression: Expression,
        other: impl FnMut(&Input) -> Result<Self>,
    ) -> Result<Self> {
        let source = ExpressionSource::new(self, expression, other)?;
        let mut options = self.options().clone();
        // What was chosen for samples does not suit what is made of them.
        options.window = None;
        Self::with_options(self.name(), Arc::new(source), options)
    }

    fn along(&self, axis: &str, projection: &Projection) -> Result<Self> {
        let source = ProjectedSource::new(
            self.source(),
            axis,
            projection.clone(),
            self.rules(),
            self.kind().alpha_channels() > 0,
        )?;
        let mut options = self.options().clone();
        if !projection.kind.keeps_dtype() {
            // What was chosen for samples does not suit their sums.
            options.window = None;
        }
        Ok(self.derived(Arc::new(source), options))
    }
}
