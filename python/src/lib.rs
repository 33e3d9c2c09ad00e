//! The part of the Python package that is in Rust: images of arrays, files and readers, and servers of them.
//!
//! What a person calls is in `projectile/`, in Python; this module is its engine. Whatever blocks here lets go of the
//! interpreter first, and whatever calls Python from a thread of ours does so only while there is an interpreter.

#![allow(
    clippy::needless_pass_by_value,
    reason = "arguments come from Python as values"
)]

mod array;
mod command;
mod error;
mod image;
mod interrupt;
mod lazy;
mod runtime;
mod server;
mod stay;

use pyo3::prelude::*;

/// Images and servers of them. Not declared for interpreters without a lock: none could be tested.
#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<image::PyImage>()?;
    module.add_class::<server::PyServer>()?;
    module.add(
        "UnsupportedError",
        module.py().get_type::<error::UnsupportedError>(),
    )?;
    module.add_function(wrap_pyfunction!(command::main, module)?)?;
    module.add_function(wrap_pyfunction!(image::open, module)?)?;
    module.add_function(wrap_pyfunction!(image::resamplings, module)?)?;
    module.add_function(wrap_pyfunction!(image::guess_axes, module)?)?;
    module.add_function(wrap_pyfunction!(image::colormaps, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::forked, module)?)?;
    module.add_function(wrap_pyfunction!(server::close_all, module)?)?;
    Ok(())
}
