//! The header of a `.npy` file (NumPy's NPY format, versions 1.0, 2.0 and 3.0).

use std::io::Read;

use projectile_core::{DType, Error, ErrorKind, Result};

use super::dtype;
use super::literal::{self, Literal};
use crate::flat::{FlatArray, bytes_of};
use crate::sizes::{to_u64, to_usize};

/// Bytes of a header beyond which it is none; numpy itself stops at 10,000.
const MAX_LENGTH: usize = 64 * 1024;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The type of each element.
    pub dtype: DType,
    /// Whether elements are big-endian.
    pub big_endian: bool,
    /// Whether the first axis is the fastest.
    pub fortran_order: bool,
    /// Elements along each axis.
    pub shape: Vec<u64>,
    /// Bytes before the first element.
    pub length: u64,
}

impl Header {
    /// Bytes that the elements take.
    ///
    /// # Errors
    /// [`Limit`](projectile_core::ErrorKind::Limit) when that is beyond any file.
    pub fn data_bytes(&self) -> Result<u64> {
        bytes_of(self.dtype, &self.shape)
    }

    /// Where the elements are.
    ///
    /// # Errors
    /// As of [`data_bytes`](Self::data_bytes).
    pub(crate) fn array(&self) -> Result<FlatArray> {
        FlatArray::ordered(
            self.dtype,
            self.big_endian,
            self.length,
            &self.shape,
            self.fortran_order,
        )
    }
}

/// Reads the header at the start of a `.npy` file.
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) for anything that numpy would not have written;
/// [`Unsupported`](projectile_core::ErrorKind::Unsupported) for dtypes that are no numbers.
///
/// ```
/// let mut file = b"\x93NUMPY\x01\x00\x3b\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }\n".to_vec();
/// file[8] = (file.len() - 10) as u8;
/// assert_eq!(projectile_formats::parse_header(&file)?.shape, [3, 4]);
/// # Ok::<(), projectile_core::Error>(())
/// ```
pub fn parse_header(bytes: &[u8]) -> Result<Header> {
    read_header(&mut &*bytes)
}

/// Reads the header that `reader` is about to give, and no byte more.
pub(crate) fn read_header(reader: &mut impl Read) -> Result<Header> {
    let mut magic = [0; 8];
    read(reader, &mut magic)?;
    let [0x93, b'N', b'U', b'M', b'P', b'Y', major, minor] = magic else {
        return Err(Error::corrupt("it does not begin like a .npy file"));
    };
    let (prefix, length) = match (major, minor) {
        (1, 0) => {
            let mut length = [0; 2];
            read(reader, &mut length)?;
            (10, usize::from(u16::from_le_bytes(length)))
        }
        (2 | 3, 0) => {
            let mut length = [0; 4];
            read(reader, &mut length)?;
            (12, to_usize(u32::from_le_bytes(length).into()))
        }
        _ => {
            return Err(Error::unsupported(format!(
                "version {major}.{minor} of .npy: there are 1.0, 2.0 and 3.0"
            )));
        }
    };
    if length > MAX_LENGTH {
        return Err(Error::corrupt(format!(
            "broken .npy header: its length is {length} bytes, at most {MAX_LENGTH} are read"
        )));
    }
    let mut bytes = vec![0; length];
    read(reader, &mut bytes)?;
    let text = if major == 3 {
        String::from_utf8(bytes).map_err(|_| Error::corrupt("broken .npy header: no valid UTF-8"))?
    } else {
        // Latin-1: each byte is the character of its number.
        bytes.into_iter().map(char::from).collect()
    };
    interpret(
        &literal::parse(&text, major < 3)?,
        to_u64(length).saturating_add(prefix),
    )
}

fn read(reader: &mut impl Read, buffer: &mut [u8]) -> Result<()> {
    reader.read_exact(buffer).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::corrupt("the file is cut short in its header"),
        _ => Error::new(ErrorKind::Unavailable, format!("cannot be read: {error}")),
    })
}

fn interpret(literal: &Literal, length: u64) -> Result<Header> {
    let wrong = |why: &str| Error::corrupt(format!("broken .npy header: {why}"));
    let Literal::Dict(entries) = literal else {
        return Err(wrong("it is no dictionary"));
    };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    for (key, value) in entries {
        // As in Python, of equal keys the last counts.
        match key {
            Literal::Text(key) if key == "descr" => descr = Some(value),
            Literal::Text(key) if key == "fortran_order" => fortran_order = Some(value),
            Literal::Text(key) if key == "shape" => shape = Some(value),
            _ => return Err(wrong("it has other keys than descr, fortran_order and shape")),
        }
    }
    let Some(Literal::Bool(fortran_order)) = fortran_order else {
        return Err(wrong("fortran_order is neither True nor False"));
    };
    let Some(Literal::Tuple(sizes)) = shape else {
        return Err(wrong("shape is no tuple"));
    };
    let shape = sizes
        .iter()
        .map(|size| match size {
            Literal::Integer(size) => u64::try_from(*size).ok(),
            _ => None,
        })
        .collect::<Option<Vec<u64>>>()
        .ok_or_else(|| wrong("shape holds something else than sizes"))?;
    let (dtype, big_endian) = dtype::parse(descr.ok_or_else(|| wrong("it has no descr"))?)?;
    Ok(Header {
        dtype,
        big_endian,
        fortran_order: *fortran_order,
        shape,
        length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, dict: &str) -> Vec<u8> {
        let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
        if version == 1 {
            bytes.extend((dict.len() as u16).to_le_bytes());
        } else {
            bytes.extend((dict.len() as u32).to_le_bytes());
        }
        bytes.extend(dict.bytes());
        bytes
    }

    #[test]
    fn all_three_versions_are_read() {
        for version in 1..=3 {
            let bytes = file(
                version,
                "{'descr': '>i2', 'fortran_order': True, 'shape': (5, 6, 7), }   \n",
            );
            let header = parse_header(&bytes).unwrap();
            assert_eq!(header.length, bytes.len() as u64);
            assert_eq!(
                (header.dtype, header.big_endian, header.fortran_order),
                (DType::Int16, true, true)
            );
            assert_eq!(
                (header.shape.as_slice(), header.data_bytes().unwrap()),
                ([5, 6, 7].as_slice(), 420)
            );
        }
        assert!(
            parse_header(&file(
                1,
                "{'descr': '<f4', 'fortran_order': False, 'shape': (10L, 2L), }"
            ))
            .is_ok()
        );
        assert!(
            parse_header(&file(
                3,
                "{'descr': '<f4', 'fortran_order': False, 'shape': (10L, 2L), }"
            ))
            .is_err()
        );
    }

    #[test]
    fn what_numpy_would_refuse_is_refused() {
        for dict in [
            "",
            "[]",
            "{}",
            "{'descr': '<f4', 'fortran_order': False}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': [1]}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5, 2)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        ] {
            assert_eq!(
                parse_header(&file(1, dict)).unwrap_err().kind(),
                ErrorKind::Corrupt,
                "{dict}"
            );
        }
        let mut long = file(2, "{}");
        long[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(parse_header(&long).unwrap_err().message().contains("4294967295"));
        assert!(parse_header(b"\x93NUMPY\x04\x00").is_err());
        assert!(parse_header(b"\x93NUM").is_err());
    }

    #[test]
    fn sizes_that_no_file_has_are_refused_without_overflow() {
        let header = |shape: &str| {
            parse_header(&file(
                1,
                &format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"),
            ))
            .unwrap()
        };
        assert!(header("(4294967296, 4294967296)").data_bytes().is_err());
        assert_eq!(header("(4294967296, 4294967296, 0)").data_bytes().unwrap(), 0);
    }
}
