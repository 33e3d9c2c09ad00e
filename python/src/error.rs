//! Which Python exception an error is: the only such table.

use projectile::{Error, ErrorKind};
use pyo3::exceptions::{
    PyFileNotFoundError, PyMemoryError, PyNotImplementedError, PyOSError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;

pyo3::create_exception!(
    projectile,
    UnsupportedError,
    PyValueError,
    "A file or an array of a kind that projectile does not show."
);

/// The exception, with the error's own words.
pub(crate) fn exception(error: &Error) -> PyErr {
    let message = error.message().to_owned();
    match error.kind() {
        ErrorKind::NotFound => PyFileNotFoundError::new_err(message),
        ErrorKind::BadRequest | ErrorKind::Corrupt => PyValueError::new_err(message),
        ErrorKind::Unsupported => UnsupportedError::new_err(message),
        ErrorKind::Limit => PyMemoryError::new_err(message),
        ErrorKind::Gone | ErrorKind::Unavailable => PyOSError::new_err(message),
        ErrorKind::Internal | ErrorKind::Cancelled => PyRuntimeError::new_err(message),
        _ => PyNotImplementedError::new_err(message),
    }
}

/// An exception of Python's as an error of ours: what a reader in Python failed by.
pub(crate) fn from_python(py: Python<'_>, exception: &PyErr) -> Error {
    let kind = if exception.is_instance_of::<PyOSError>(py) {
        ErrorKind::Unavailable
    } else {
        ErrorKind::Corrupt
    };
    let name = exception
        .get_type(py)
        .name()
        .map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
    Error::new(
        kind,
        format!("reading the array failed: {name}: {}", exception.value(py)),
    )
}

/// What the interpreter's end leaves undone.
pub(crate) fn interpreter_ended() -> Error {
    Error::new(ErrorKind::Unavailable, "the Python interpreter has ended")
}
