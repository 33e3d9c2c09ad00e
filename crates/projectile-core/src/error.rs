//! What can go wrong, by meaning: the server turns a kind into a status, Python into an exception.

use std::borrow::Cow;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The meaning of an [`Error`], from which status codes, exceptions and exit codes follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was asked for does not exist: a tile outside the grid, an image of no such name.
    NotFound,
    /// The request itself is wrong; [`Error::parameter`] names what is to blame.
    BadRequest,
    /// A valid file or request that this build cannot serve.
    Unsupported,
    /// A broken file.
    Corrupt,
    /// A size beyond what the limits allow.
    Limit,
    /// The data changed or went away after it was opened.
    Gone,
    /// Cannot be answered now; the same request may succeed later.
    Unavailable,
    /// Nobody waits for the answer any more.
    Cancelled,
    /// A fault of ours.
    Internal,
}

/// What happened, to which parameter, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    parameter: Option<Cow<'static, str>>,
}

impl Error {
    /// An error of `kind` that tells a person what happened and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            parameter: None,
        }
    }

    /// A malformed request, and the parameter that is to blame.
    pub fn bad_request(parameter: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::BadRequest,
            message: message.into(),
            parameter: Some(parameter.into()),
        }
    }

    /// Something that does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Something valid that this build cannot do.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// A broken file.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// A size beyond what is allowed.
    pub fn limit(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    /// A fault of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The error that a cancelled job ends with.
    pub fn cancelled() -> Self {
        Self::new(
            ErrorKind::Cancelled,
            "cancelled: nobody waits for the answer any more",
        )
    }

    /// The same error, its message opened with `context` (a file, an image).
    #[must_use]
    pub fn context(mut self, context: impl std::fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// What the error means.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The text for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The parameter of the request that is to blame, where one is.
    pub fn parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }
}
