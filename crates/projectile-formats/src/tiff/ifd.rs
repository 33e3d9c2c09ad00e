//! Headers and directories of TIFF and BigTIFF.

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

use projectile_core::{Cancel, Error, Result};

use crate::decode::input::{read_error, zeroed};
use crate::open::Limits;
use crate::sizes::to_usize;

/// Tags of all directories together: a directory has some twenty.
const MOST_TAGS: usize = 1 << 22;

/// Bytes of one tag's values: offsets of 16 million tiles.
const MOST_VALUE_BYTES: u64 = 128 << 20;

/// What directories are read from.
pub(crate) trait Stream: Read + Seek + Send {}

impl<T: Read + Seek + Send> Stream for T {}

/// An opened file: its byte order and kind, and where its directories are.
pub(crate) struct File {
    pub(crate) reader: Box<dyn Stream>,
    pub(crate) len: u64,
    pub(crate) big_endian: bool,
    pub(crate) big_tiff: bool,
    /// Tags that were read.
    tags: usize,
    /// Directories that are followed, and texts that are read: a file may have as many as it likes.
    pub(crate) limits: Limits,
}

/// One tag of a directory.
#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The values themselves where they fit, else where they lie.
    inline: [u8; 8],
}

/// The tags of one image.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    entries: Vec<Entry>,
}

impl Directory {
    pub(crate) fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|entry| entry.tag == tag)
    }
}

/// The values of an integer tag, which are not read yet: there may be millions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array {
    /// Bytes of a value.
    pub(crate) size: u64,
    pub(crate) count: u64,
    pub(crate) place: Place,
}

/// Where the values of a tag are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// In the directory itself.
    Inline([u8; 8]),
    /// At this offset.
    At(u64),
}

impl File {
    /// Reads the header; the offset is the first directory's.
    pub(crate) fn open(mut reader: impl Stream + 'static, len: u64, limits: Limits) -> Result<(Self, u64)> {
        let mut head = [0u8; 8];
        reader.read_exact(&mut head).map_err(|e| read_error(&e))?;
        let big_endian = match &head[..2] {
            b"II" => false,
            b"MM" => true,
            _ => return Err(Error::corrupt("it has no TIFF header")),
        };
        let mut file = Self {
            reader: Box::new(reader),
            len,
            big_endian,
            big_tiff: false,
            tags: 0,
            limits,
        };
        let [_, _, version @ .., a, b, c, d] = head;
        let first = match file.u16(version) {
            42 => file.u32([a, b, c, d]).into(),
            43 if file.u16([a, b]) == 8 => {
                file.big_tiff = true;
                file.read_u64()?
            }
            _ => return Err(Error::corrupt("it has no TIFF header")),
        };
        Ok((file, first))
    }

    /// Every directory of the chain that starts at `first`. A chain that bites its tail ends there.
    pub(crate) fn directories(&mut self, first: u64, cancel: &Cancel) -> Result<Vec<Directory>> {
        let (mut seen, mut found, mut at) = (HashSet::new(), Vec::new(), first);
        while at != 0 && seen.insert(at) {
            cancel.check()?;
            let most = self.limits.directories;
            if found.len() == most {
                return Err(Error::limit(format!("more than {most} pages")));
            }
            match self.directory(at) {
                Ok((directory, next)) => {
                    found.push(directory);
                    at = next;
                }
                Err(error) => return Err(error),
            }
        }
        if found.is_empty() {
            Err(Error::corrupt("it holds no image"))
        } else {
            Ok(found)
        }
    }

    /// The directory at an offset, and the offset of the next one.
    pub(crate) fn directory(&mut self, at: u64) -> Result<(Directory, u64)> {
        self.seek(at)?;
        let count = if self.big_tiff {
            self.read_u64()?
        } else {
            self.read_u16()?.into()
        };
        let size = if self.big_tiff { 20 } else { 12 };
        if count.saturating_mul(size) > self.len.min(MOST_VALUE_BYTES) {
            return Err(Error::corrupt(format!("a directory of {count} tags cannot be")));
        }
        self.tags = self.tags.saturating_add(to_usize(count));
        if self.tags > MOST_TAGS {
            return Err(Error::limit(format!("more than {MOST_TAGS} tags")));
        }
        let mut entries = Vec::with_capacity(to_usize(count));
        for _ in 0..count {
            let (tag, kind) = (self.read_u16()?, self.read_u16()?);
            let count = if self.big_tiff {
                self.read_u64()?
            } else {
                self.read_u32()?.into()
            };
            let mut inline = [0; 8];
            let room = if self.big_tiff {
                &mut inline[..]
            } else {
                &mut inline[..4]
            };
            self.reader.read_exact(room).map_err(|e| read_error(&e))?;
            entries.push(Entry {
                tag,
                kind,
                count,
                inline,
            });
        }
        let next = if self.big_tiff {
            self.read_u64()?
        } else {
            self.read_u32()?.into()
        };
        Ok((Directory { entries }, next))
    }

    /// The values of an integer tag, widened.
    pub(crate) fn integers(&mut self, directory: &Directory, tag: u16) -> Result<Option<Vec<u64>>> {
        let Some((kind, bytes)) = self.bytes(directory, tag)? else {
            return Ok(None);
        };
        Ok(Some(match kind {
            1 | 6 | 7 => bytes.into_iter().map(u64::from).collect(),
            3 | 8 => words(&bytes, |word| self.u16(word).into()),
            4 | 9 | 13 => words(&bytes, |word| self.u32(word).into()),
            16..=18 => words(&bytes, |word| self.u64(word)),
            _ => return Err(Error::corrupt(format!("tag {tag} is no integer"))),
        }))
    }

    /// The first value of an integer tag.
    pub(crate) fn integer(&mut self, directory: &Directory, tag: u16) -> Result<Option<u64>> {
        Ok(self
            .integers(directory, tag)?
            .and_then(|values| values.first().copied()))
    }

    /// The values of a tag of floating point numbers or fractions.
    pub(crate) fn numbers(&mut self, directory: &Directory, tag: u16) -> Result<Option<Vec<f64>>> {
        let Some((kind, bytes)) = self.bytes(directory, tag)? else {
            return Ok(None);
        };
        Ok(match kind {
            5 => Some(words::<8, _>(&bytes, |[a, b, c, d, under @ ..]| {
                f64::from(self.u32([a, b, c, d])) / f64::from(self.u32(under))
            })),
            11 => Some(words(&bytes, |word| f64::from(f32::from_bits(self.u32(word))))),
            12 => Some(words(&bytes, |word| f64::from_bits(self.u64(word)))),
            _ => None,
        })
    }

    /// Where the values of an integer tag are.
    pub(crate) fn array(&self, directory: &Directory, tag: u16) -> Result<Option<Array>> {
        let Some(entry) = directory.entries.iter().find(|entry| entry.tag == tag) else {
            return Ok(None);
        };
        let size = match entry.kind {
            3 => 2,
            4 | 13 => 4,
            16..=18 => 8,
            _ => return Err(Error::corrupt(format!("tag {tag} is no integer"))),
        };
        let length = entry.count.saturating_mul(size);
        if length <= self.room() {
            let place = Place::Inline(entry.inline);
            return Ok(Some(Array {
                size,
                count: entry.count,
                place,
            }));
        }
        let at = self.place(entry);
        if at.checked_add(length).is_none_or(|end| end > self.len) {
            return Err(Error::corrupt(format!(
                "the file is truncated: the values of tag {tag} lie beyond its end"
            )));
        }
        Ok(Some(Array {
            size,
            count: entry.count,
            place: Place::At(at),
        }))
    }

    /// The text of an ASCII tag, up to its first NUL.
    pub(crate) fn text(&mut self, directory: &Directory, tag: u16) -> Result<Option<String>> {
        Ok(self.bytes(directory, tag)?.map(|(_, bytes)| {
            let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(text).into_owned()
        }))
    }

    /// A tag's type and its values' bytes as stored.
    pub(crate) fn bytes(&mut self, directory: &Directory, tag: u16) -> Result<Option<(u16, Vec<u8>)>> {
        let Some(entry) = directory.entries.iter().find(|entry| entry.tag == tag).copied() else {
            return Ok(None);
        };
        let size: u64 = match entry.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => return Ok(None), // later revisions may add types: a reader skips what it does not know
        };
        let len = entry.count.saturating_mul(size);
        if len > self.len.min(MOST_VALUE_BYTES) {
            return Err(Error::corrupt(format!(
                "tag {tag} promises {} values",
                entry.count
            )));
        }
        if len <= self.room() {
            let bytes = entry.inline.into_iter().take(to_usize(len)).collect();
            return Ok(Some((entry.kind, bytes)));
        }
        self.seek(self.place(&entry))?;
        let mut bytes = zeroed(to_usize(len))?;
        self.reader.read_exact(&mut bytes).map_err(|e| read_error(&e))?;
        Ok(Some((entry.kind, bytes)))
    }

    /// Bytes of values that a directory has room for itself.
    fn room(&self) -> u64 {
        if self.big_tiff { 8 } else { 4 }
    }

    /// Where the values of a tag are that there is no room for.
    fn place(&self, entry: &Entry) -> u64 {
        let [a, b, c, d, ..] = entry.inline;
        if self.big_tiff {
            self.u64(entry.inline)
        } else {
            self.u32([a, b, c, d]).into()
        }
    }

    pub(crate) fn seek(&mut self, at: u64) -> Result<()> {
        self.reader
            .seek(SeekFrom::Start(at))
            .map(|_| ())
            .map_err(|e| read_error(&e))
    }

    fn read_u16(&mut self) -> Result<u16> {
        let mut bytes = [0; 2];
        self.reader.read_exact(&mut bytes).map_err(|e| read_error(&e))?;
        Ok(self.u16(bytes))
    }

    fn read_u32(&mut self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.reader.read_exact(&mut bytes).map_err(|e| read_error(&e))?;
        Ok(self.u32(bytes))
    }

    fn read_u64(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.reader.read_exact(&mut bytes).map_err(|e| read_error(&e))?;
        Ok(self.u64(bytes))
    }

    fn u16(&self, word: [u8; 2]) -> u16 {
        if self.big_endian {
            u16::from_be_bytes(word)
        } else {
            u16::from_le_bytes(word)
        }
    }

    fn u32(&self, word: [u8; 4]) -> u32 {
        if self.big_endian {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        }
    }

    fn u64(&self, word: [u8; 8]) -> u64 {
        if self.big_endian {
            u64::from_be_bytes(word)
        } else {
            u64::from_le_bytes(word)
        }
    }
}

/// What each word of `SIZE` bytes means.
fn words<const SIZE: usize, T>(bytes: &[u8], meant: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|&word| meant(word)).collect()
}
