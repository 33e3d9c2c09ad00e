//! The command `projectile`, as the Python package installs it.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use projectile::{NamedSource, Photometric, Result, Source, SourceInfo};
use pyo3::prelude::*;

use crate::error::{from_python, interpreter_ended};
use crate::{array, image};

/// Runs the command line and answers with its exit code. `fallback(path)` opens a file that no format in Rust knows:
/// `(array, axes, format)`, or `None`.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>, fallback: Py<PyAny>) -> u8 {
    let open = |path: &Path| -> Option<Result<Vec<NamedSource>>> {
        Python::try_attach(|py| fall_back(py, &fallback, path))
            .unwrap_or_else(|| Some(Err(interpreter_ended())))
    };
    py.detach(|| projectile::command::run(arguments, &open))
}

fn fall_back(py: Python<'_>, fallback: &Py<PyAny>, path: &Path) -> Option<Result<Vec<NamedSource>>> {
    let opened = match fallback.call1(py, (path,)) {
        Ok(opened) => opened.into_bound(py),
        Err(exception) => return Some(Err(from_python(py, &exception))),
    };
    if opened.is_none() {
        return None;
    }
    let source = opened
        .extract::<(Bound<'_, PyAny>, Vec<String>, String)>()
        .and_then(|(pixels, names, format)| {
            array::source(&pixels, |dtype, shape| {
                let mut info = SourceInfo::new(dtype, array::axes(Some(&names), shape)?, format);
                info.photometric = Photometric::Picture;
                info.version = image::file_version(path);
                Ok(info)
            })
        });
    let opened = source.unwrap_or_else(|exception| Err(from_python(py, &exception)));
    Some(opened.map(|(source, _)| {
        let source: Arc<dyn Source> = Arc::new(source);
        let name = String::new();
        vec![NamedSource { name, source }]
    }))
}
