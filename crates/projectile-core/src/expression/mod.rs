//! Arithmetic over channels: `(b2 - b1) / (b2 + b1)`, of one image or of several.

mod evaluate;
mod functions;
mod parse;
mod source;

pub(crate) use source::ExpressionSource;

use crate::error::Result;
use evaluate::Step;

/// The longest expression, in characters.
pub const LONGEST_EXPRESSION: usize = 1024;
/// The most channels that one expression is made of.
pub const MOST_INPUTS: usize = 16;

/// A parsed expression: what is made of the samples of each pixel, in float64.
///
/// Channels are `b1`, `b2`, … (counted from 1, as GDAL and rio-tiler do) or their name in quotes, `"DAPI"`; those of
/// another image are written after its id and a point, `other.b1` or `"other-id"."DAPI"`. There are `+ - * / % **`,
/// comparisons (1 or 0), `&` and `|`, parentheses, `pi` and `nan`, and numpy's functions by numpy's names.
///
/// ```
/// use projectile_core::Expression;
///
/// let index = Expression::parse("(b2 - b1) / (b2 + b1)")?;
/// assert_eq!(index.inputs().len(), 2);
/// let wrong = Expression::parse("(b2 - b1) / (b2 +* b1)").unwrap_err();
/// assert_eq!(wrong.message(), "expression, column 18: a value is missing before \"*\"");
/// # Ok::<(), projectile_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    steps: Vec<Step>,
    inputs: Vec<Input>,
}

/// One channel that an expression is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Input {
    /// The id of the image that it is of; `None` for the image that is asked for.
    pub image: Option<String>,
    /// Which of its channels.
    pub channel: Channel,
    /// Where the expression names it, counted in characters from 1.
    pub column: usize,
}

/// How an expression names a channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// By its number, from 0.
    Number(u64),
    /// By its name.
    Name(String),
}

impl Expression {
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) that says at which column what is wrong, and
    /// [`Limit`](crate::ErrorKind::Limit) for one that is too long, too deep, or of too many channels.
    pub fn parse(text: &str) -> Result<Self> {
        parse::parse(text)
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The channels that it is made of, each once.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// What it makes of the samples of its inputs: as many values as each has samples.
    pub(crate) fn evaluate(&self, inputs: &[Vec<f64>]) -> Vec<f64> {
        evaluate::evaluate(&self.steps, inputs)
    }
}

/// What is said of an expression that cannot be.
fn wrong(column: usize, why: impl std::fmt::Display) -> crate::error::Error {
    crate::error::Error::bad_request("expression", format!("expression, column {column}: {why}"))
}
