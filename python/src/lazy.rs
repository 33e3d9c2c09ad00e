//! Arrays that Python reads: zarr, h5py, dask, whatever can be sliced.

use projectile::{Block, BlockReader, Error, Result, Samples};
use pyo3::prelude::*;
use pyo3::types::{PyList, PySlice, PyTuple};

use crate::array;
use crate::error::{from_python, interpreter_ended};
use crate::stay::or_stay;

/// Reads blocks by a Python object's `read(list of tuples of slices)`, which answers with a list of numpy arrays in C
/// order and native byte order.
#[derive(Debug)]
pub(crate) struct Reader(pub(crate) Py<PyAny>);

impl BlockReader for Reader {
    fn read(&self, blocks: &[Block]) -> Vec<Result<Samples>> {
        let read = Python::try_attach(|py| {
            self.call(py, blocks)
                .unwrap_or_else(|exception| Err(from_python(py, &exception)))
        });
        match read.unwrap_or_else(|| Err(interpreter_ended())) {
            Ok(samples) => samples.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); blocks.len()],
        }
    }
}

impl Reader {
    fn call(&self, py: Python<'_>, blocks: &[Block]) -> PyResult<Result<Vec<Samples>>> {
        let keys: Vec<Bound<'_, PyTuple>> = blocks
            .iter()
            .map(|block| {
                let slices = block.0.iter().map(|range| {
                    let end = |value: u64| isize::try_from(value).unwrap_or(isize::MAX);
                    PySlice::new(py, end(range.start), end(range.end), 1)
                });
                PyTuple::new(py, slices.collect::<Vec<_>>())
            })
            .collect::<PyResult<_>>()?;
        let read = self.0.bind(py).getattr("read")?;
        let arguments = PyTuple::new(py, [PyList::new(py, keys)?])?;
        let arrays = or_stay(|| read.call1(&arguments))?;
        let mut samples = Vec::with_capacity(blocks.len());
        for read in arrays.try_iter()? {
            match array::samples(&read?)? {
                Ok(read) => samples.push(read),
                Err(error) => return Ok(Err(error)),
            }
        }
        if samples.len() == blocks.len() {
            Ok(Ok(samples))
        } else {
            Ok(Err(Error::corrupt(
                "the reader gave another number of blocks than it was asked for",
            )))
        }
    }
}
