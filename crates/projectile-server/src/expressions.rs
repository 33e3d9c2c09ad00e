//! Images that are made of others by an expression in the address.

use std::sync::{Arc, Mutex, PoisonError};

use projectile_core::{Error, Expression, Result};

use crate::address::shown;
use crate::catalog::{Catalog, Entry};

/// Images that are kept: their levels, and what is known of their values.
const KEPT: usize = 16;

/// What an expression was made of: every image's number and revision.
type Inputs = Vec<(usize, u64)>;

/// The expressions that were asked for last.
#[derive(Debug, Default)]
pub(crate) struct Expressions(Mutex<Vec<Made>>);

#[derive(Debug)]
struct Made {
    text: String,
    inputs: Inputs,
    entry: Arc<Entry>,
}

impl Expressions {
    /// What the expression `text` makes of an image and those that it names. It goes by the id of the image.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) that says at which column what is wrong, and
    /// [`Limit`](projectile_core::ErrorKind::Limit).
    pub(crate) fn of(&self, catalog: &Catalog, own: &Arc<Entry>, text: &str) -> Result<Arc<Entry>> {
        let expression = Expression::parse(text)?;
        let named = expression.inputs().iter().map(|input| match &input.image {
            None => Ok(Arc::clone(own)),
            Some(id) => catalog.get(id).ok_or_else(|| {
                Error::bad_request(
                    "expression",
                    format!(
                        "expression, column {}: there is no image {:?}",
                        input.column,
                        shown(id)
                    ),
                )
            }),
        });
        let named: Vec<Arc<Entry>> = named.collect::<Result<_>>()?;
        let revision = |entry: &Arc<Entry>| (entry.number, entry.image.revision());
        let inputs: Inputs = std::iter::once(own).chain(&named).map(revision).collect();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept
            .iter()
            .position(|made| made.text == text && made.inputs == inputs);
        let made = if let Some(at) = known {
            kept.remove(at)
        } else {
            let mut images = expression.inputs().to_vec().into_iter().zip(&named);
            let image = own.image.expressed(expression, |asked| {
                let found = images.find(|(input, _)| input == asked);
                found
                    .map(|(_, entry)| entry.image.clone())
                    .ok_or_else(|| Error::internal("an expression's image was lost"))
            })?;
            Made {
                text: text.to_owned(),
                inputs,
                entry: catalog.unlisted(own.id.clone(), image),
            }
        };
        let entry = Arc::clone(&made.entry);
        kept.push(made);
        if kept.len() > KEPT {
            kept.remove(0);
        }
        Ok(entry)
    }
}
