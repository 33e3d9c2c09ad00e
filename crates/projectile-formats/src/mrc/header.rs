//! A header of 1024 bytes (MRC2014: Cheng et al., J. Struct. Biol. 192 (2015), 146–150).

use projectile_core::{DType, Error, Result};

use crate::sizes::to_u64;

/// Bytes of a header.
pub(crate) const LENGTH: usize = 1024;

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Whether the file is big-endian.
    pub big_endian: bool,
    /// The type of each element.
    pub dtype: DType,
    /// `(sections, rows, columns)`.
    pub shape: [u64; 3],
    /// Sections of each volume of a stack of volumes.
    pub volume: Option<u64>,
    /// Whether the sections are images that have nothing to do with each other.
    pub is_image_stack: bool,
    /// From one element to the next along sections, rows and columns, in Å; 0 where it is not known.
    pub steps: [f64; 3],
    /// Where sections, rows and columns begin, in elements.
    pub starts: [f64; 3],
    /// Least and greatest value, where the header knows them.
    pub range: Option<(f64, f64)>,
    /// The byte of the first element.
    pub start: u64,
    /// Texts for people.
    pub labels: Vec<String>,
}

struct Words<'a> {
    bytes: &'a [u8; LENGTH],
    big_endian: bool,
}

impl Words<'_> {
    /// The word that begins at a byte of the header.
    fn word(&self, at: usize) -> [u8; 4] {
        let word = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        word.copied().unwrap_or_default()
    }

    fn integer(&self, at: usize) -> i32 {
        if self.big_endian {
            i32::from_be_bytes(self.word(at))
        } else {
            i32::from_le_bytes(self.word(at))
        }
    }

    fn real(&self, at: usize) -> f64 {
        f64::from(f32::from_bits(self.integer(at).cast_unsigned()))
    }

    /// Whether sizes and mode are such as a file has.
    fn is_plausible(&self) -> bool {
        [0, 4, 8]
            .into_iter()
            .all(|at| (1..1 << 24).contains(&self.integer(at)))
            && matches!(self.integer(12), 0..=6 | 12 | 16 | 101)
    }
}

/// Whether a file begins like one that says so. Old ones do not, and are known by their name.
pub(crate) fn is_header(head: &[u8]) -> bool {
    head.first_chunk().is_some_and(|bytes: &[u8; LENGTH]| {
        let words = |big_endian| Words { bytes, big_endian };
        bytes[208..212] == *b"MAP " && (words(false).is_plausible() || words(true).is_plausible())
    })
}

/// Reads the header that a file begins with; of `bytes` no more than 1024 are looked at.
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) when it is none,
/// [`Unsupported`](projectile_core::ErrorKind::Unsupported) for modes that are not read.
pub fn parse_header(bytes: &[u8]) -> Result<Header> {
    let bytes: &[u8; LENGTH] = bytes
        .first_chunk()
        .ok_or_else(|| Error::corrupt("the file is cut short in its header"))?;
    let words = |big_endian| Words { bytes, big_endian };
    // The stamp of the machine is often wrong: what makes sense decides first.
    let big_endian = match (words(false).is_plausible(), words(true).is_plausible()) {
        (true, false) => false,
        (false, true) => true,
        (true, true) => bytes[212] == 0x11,
        (false, false) => {
            return Err(Error::corrupt(
                "its header has no valid sizes and mode in either byte order: it is no MRC file",
            ));
        }
    };
    let words = words(big_endian);
    let [nx, ny, nz] = [0, 4, 8].map(|at| u64::from(words.integer(at).unsigned_abs()));
    let extended = u64::try_from(words.integer(92))
        .map_err(|_| Error::corrupt("its header has an extended header of negative length"))?;
    let group = words.integer(88);
    let volume = (group >= 401)
        .then(|| u64::try_from(words.integer(36)).ok())
        .flatten()
        .filter(|&sections| sections > 0 && nz.is_multiple_of(sections));
    // Along x, y and z.
    let steps = [(40, 28), (44, 32), (48, 36)].map(|(length, parts)| {
        let (length, parts) = (words.real(length), f64::from(words.integer(parts)));
        let step = length / parts;
        if parts > 0.0 && length > 0.0 && step.is_finite() {
            step
        } else {
            0.0
        }
    });
    // Which of x, y and z columns, rows and sections are.
    let order = [64, 68, 72].map(|at| words.integer(at));
    let mut sorted = order;
    sorted.sort_unstable();
    let [columns, rows, sections] = if sorted == [1, 2, 3] {
        order.map(|axis| match axis {
            1 => steps[0],
            2 => steps[1],
            _ => steps[2],
        })
    } else {
        steps
    };
    let [x, y, z] = [16, 20, 24].map(|at| f64::from(words.integer(at)));
    let range = (words.real(76), words.real(80));
    Ok(Header {
        big_endian,
        dtype: dtype(&words)?,
        shape: [nz, ny, nx],
        volume,
        is_image_stack: group == 0,
        steps: [sections, rows, columns],
        starts: [z, y, x],
        range: (range.0.is_finite() && range.1.is_finite() && range.0 < range.1).then_some(range),
        start: to_u64(LENGTH).saturating_add(extended),
        labels: bytes[224..]
            .chunks_exact(80)
            .take(usize::try_from(words.integer(220)).unwrap_or(0))
            .map(|text| {
                String::from_utf8_lossy(text)
                    .trim_matches(|c: char| c.is_whitespace() || c == '\0')
                    .to_owned()
            })
            .filter(|label| !label.is_empty())
            .collect(),
    })
}

fn dtype(words: &Words<'_>) -> Result<DType> {
    /// By what IMOD knows its own files, in which the bytes of mode 0 are unsigned unless a flag says otherwise.
    const IMOD: i32 = 1_146_047_817;
    let door = "pip install projectile mrcfile, then projectile.show(mrcfile.read(path))";
    Ok(match words.integer(12) {
        0 if words.integer(152) == IMOD && words.integer(156) & 1 == 0 => DType::UInt8,
        0 => DType::Int8,
        1 => DType::Int16,
        2 => DType::Float32,
        4 => DType::Complex64,
        6 => DType::UInt16,
        12 => DType::Float16,
        3 => {
            return Err(Error::unsupported(format!(
                "complex numbers of 16-bit integers (mode 3) are not read: {door}"
            )));
        }
        mode => {
            return Err(Error::unsupported(format!("mode {mode} is not read: {door}")));
        }
    })
}
