//! Image file directories of TIFF 6.0 and `BigTIFF`, little-endian.

/// A value of a field.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// 16-bit numbers.
    Short(Vec<u16>),
    /// 32-bit numbers.
    Long(Vec<u32>),
    /// Numbers of 32 bits in TIFF, and of 64 in `BigTIFF`: offsets and lengths.
    Offset(Vec<u64>),
    /// Text.
    Ascii(String),
}

/// A directory, its fields by ascending tag.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    fields: Vec<(u16, Value)>,
}

/// TIFF, or `BigTIFF` for files beyond 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Classic,
    Big,
}

impl Flavour {
    /// Bytes of an offset, which are also what a value that stands in its field takes at most.
    fn word(self) -> usize {
        match self {
            Self::Classic => 4,
            Self::Big => 8,
        }
    }

    /// Bytes before the first directory.
    pub(crate) fn header_length(self) -> u64 {
        match self {
            Self::Classic => 8,
            Self::Big => 16,
        }
    }

    /// The bytes before the first directory, which follows.
    pub(crate) fn header(self) -> Vec<u8> {
        match self {
            Self::Classic => b"II\x2a\0\x08\0\0\0".to_vec(),
            Self::Big => b"II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec(),
        }
    }

    fn offset(self, value: u64, out: &mut Vec<u8>) {
        match self {
            Self::Classic => out.extend((value as u32).to_le_bytes()),
            Self::Big => out.extend(value.to_le_bytes()),
        }
    }

    fn count(self, value: usize, out: &mut Vec<u8>) {
        self.offset(value as u64, out);
    }
}

impl Value {
    fn encode(&self, flavour: Flavour) -> (u16, usize, Vec<u8>) {
        match self {
            Self::Short(values) => (
                3,
                values.len(),
                values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ),
            Self::Long(values) => (
                4,
                values.len(),
                values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ),
            Self::Offset(values) => {
                let mut bytes = Vec::with_capacity(values.len() * flavour.word());
                for &value in values {
                    flavour.offset(value, &mut bytes);
                }
                let kind = match flavour {
                    Flavour::Classic => 4,
                    Flavour::Big => 16,
                };
                (kind, values.len(), bytes)
            }
            Self::Ascii(text) => {
                let mut bytes = text.replace('\0', " ").into_bytes();
                bytes.push(0);
                (2, bytes.len(), bytes)
            }
        }
    }
}

impl Directory {
    /// Sets a field.
    pub(crate) fn set(&mut self, tag: u16, value: Value) {
        match self.fields.binary_search_by_key(&tag, |(tag, _)| *tag) {
            Ok(at) => self.fields[at].1 = value,
            Err(at) => self.fields.insert(at, (tag, value)),
        }
    }

    /// Sets a field of one 16-bit number.
    pub(crate) fn short(&mut self, tag: u16, value: u16) {
        self.set(tag, Value::Short(vec![value]));
    }

    /// Bytes of the directory with the values that do not stand in their fields; even.
    pub(crate) fn length(&self, flavour: Flavour) -> u64 {
        // The values are as long wherever it begins.
        self.bytes(flavour, 0, 0).len() as u64
    }

    /// The directory as it stands at `at`, with the next one at `next`; 0 for none.
    pub(crate) fn bytes(&self, flavour: Flavour, at: u64, next: u64) -> Vec<u8> {
        let word = flavour.word();
        let (count, field) = match flavour {
            Flavour::Classic => (2, 12),
            Flavour::Big => (8, 20),
        };
        let head = count + field * self.fields.len() + word;
        let mut values = Vec::new();
        let mut out = Vec::with_capacity(head);
        match flavour {
            Flavour::Classic => out.extend((self.fields.len() as u16).to_le_bytes()),
            Flavour::Big => out.extend((self.fields.len() as u64).to_le_bytes()),
        }
        for (tag, value) in &self.fields {
            let (kind, count, mut bytes) = value.encode(flavour);
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            flavour.count(count, &mut out);
            if bytes.len() <= word {
                bytes.resize(word, 0);
                out.extend(bytes);
            } else {
                flavour.offset(at + (head + values.len()) as u64, &mut out);
                values.extend(bytes);
                values.resize(values.len().next_multiple_of(8), 0);
            }
        }
        flavour.offset(next, &mut out);
        out.extend(values);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }
}
