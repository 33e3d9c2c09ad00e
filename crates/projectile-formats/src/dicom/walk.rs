//! The walk through a file: from element to element, into the few sequences that tell of pixels.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek, SeekFrom};

use projectile_core::{Error, Result};

use super::syntax::Syntax;
use super::tags::{self, Tag};
use crate::flat::header_error;
use crate::sizes::{to_u64, to_usize};

/// Bytes of a value beyond which it is none of those that are kept: tables of colours and of offsets are the longest.
const LONGEST: u64 = 64 << 20;
/// Sequences within sequences beyond which a file is broken.
const DEEPEST: usize = 16;
/// The length of what is ended by a mark.
const UNDEFINED: u32 = u32::MAX;

/// Where pixels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PixelData {
    /// As they are, from a byte on.
    Native { start: u64, length: u64 },
    /// In fragments, the first of which begins at a byte.
    Encapsulated { start: u64 },
}

/// The elements of a file that an image needs.
#[derive(Clone, Debug)]
pub struct Elements {
    pub(super) values: HashMap<Tag, Vec<u8>>,
    /// Elements that differ from frame to frame.
    pub(super) varying: HashSet<Tag>,
    /// Where its pixels are, and by which element.
    pub(super) pixels: Option<(Tag, PixelData)>,
    /// What kind of words the pixels are told to be of; empty where the file does not say.
    pub(super) pixel_words: [u8; 2],
    pub(super) syntax: Syntax,
    /// The transfer syntax by its number.
    pub(super) uid: String,
    /// Whether it has groups of elements for its frames, as enhanced images have.
    pub(super) has_groups: bool,
    /// Whether stored values are to be looked up in a table.
    pub(super) has_table: bool,
}

/// Reads the elements of a file up to its pixels.
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) for what is no DICOM file, or ends too early.
pub fn parse(mut reader: impl Read + Seek, size: u64) -> Result<Elements> {
    let mut walk = Walk::new(&mut reader, size, Syntax::EXPLICIT);
    let mut mark = [0; 4];
    if size >= 132 {
        walk.seek(128)?;
        walk.read(&mut mark)?;
    }
    if &mark == b"DICM" {
        walk.first_group()?;
    } else {
        // Some files lack the first group, or all that is before it.
        walk.seek(0)?;
        let mut begin = [0; 6];
        walk.read(&mut begin)?;
        walk.seek(0)?;
        let is_explicit = begin[4..].iter().all(u8::is_ascii_uppercase);
        match u16::from_le_bytes([begin[0], begin[1]]) {
            2 => walk.first_group()?,
            8 => {
                walk.elements.syntax = if is_explicit {
                    Syntax::EXPLICIT
                } else {
                    Syntax::IMPLICIT
                };
            }
            _ => return Err(Error::corrupt("it does not begin like a DICOM file")),
        }
    }
    if walk.elements.syntax.is_deflated {
        // What follows is unpacked first; it begins here.
        walk.elements.pixels = None;
        return Ok(walk.elements);
    }
    walk.all()?;
    Ok(walk.elements)
}

/// Where the compressed part of a deflated file begins.
pub(crate) fn after_first_group(mut reader: impl Read + Seek, size: u64) -> Result<u64> {
    let mut walk = Walk::new(&mut reader, size, Syntax::EXPLICIT);
    walk.seek(132)?;
    walk.first_group()?;
    Ok(walk.position)
}

/// Reads the elements of what was unpacked of a deflated file.
pub(crate) fn parse_deflated(mut reader: impl Read + Seek, size: u64) -> Result<Elements> {
    let mut walk = Walk::new(&mut reader, size, Syntax::EXPLICIT);
    walk.all()?;
    Ok(walk.elements)
}

struct Element {
    tag: Tag,
    kind: [u8; 2],
    length: u32,
}

/// Where the walk is.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    File,
    SharedGroups,
    FrameGroups,
    /// Something that is passed over.
    Other,
}

struct Walk<'a, R> {
    reader: &'a mut R,
    position: u64,
    size: u64,
    elements: Elements,
}

impl<'a, R: Read + Seek> Walk<'a, R> {
    fn new(reader: &'a mut R, size: u64, syntax: Syntax) -> Self {
        Self {
            reader,
            position: 0,
            size,
            elements: Elements {
                values: HashMap::new(),
                varying: HashSet::new(),
                pixels: None,
                pixel_words: [0; 2],
                syntax,
                uid: String::new(),
                has_groups: false,
                has_table: false,
            },
        }
    }

    fn seek(&mut self, to: u64) -> Result<()> {
        self.reader
            .seek(SeekFrom::Start(to))
            .map_err(|error| header_error(&error))?;
        self.position = to;
        Ok(())
    }

    /// Passes over `length` bytes, which must be there.
    fn skip(&mut self, length: u64) -> Result<()> {
        let to = self.position.saturating_add(length);
        if to > self.size {
            return Err(cut_short());
        }
        self.seek(to)
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.reader
            .read_exact(bytes)
            .map_err(|error| header_error(&error))?;
        self.position = self.position.saturating_add(to_u64(bytes.len()));
        Ok(())
    }

    fn short(&mut self) -> Result<u16> {
        let mut bytes = [0; 2];
        self.read(&mut bytes)?;
        Ok(if self.elements.syntax.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn long(&mut self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.read(&mut bytes)?;
        Ok(if self.elements.syntax.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    /// The next element's tag, kind and length.
    fn element(&mut self) -> Result<Element> {
        let tag = (self.short()?, self.short()?);
        if !self.elements.syntax.is_explicit || tag.0 == 0xfffe {
            return Ok(Element {
                tag,
                kind: [0; 2],
                length: self.long()?,
            });
        }
        let mut kind = [0; 2];
        self.read(&mut kind)?;
        let length = match &kind {
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT"
            | b"UV" => {
                self.short()?;
                self.long()?
            }
            kind if kind.iter().all(u8::is_ascii_uppercase) => u32::from(self.short()?),
            _ => {
                return Err(Error::corrupt(format!(
                    "element ({:04x},{:04x}) is of no known kind",
                    tag.0, tag.1
                )));
            }
        };
        Ok(Element { tag, kind, length })
    }

    /// The first group, which is always written explicitly, and what it says of the rest.
    fn first_group(&mut self) -> Result<()> {
        self.elements.syntax = Syntax::EXPLICIT;
        while self.position.saturating_add(8) <= self.size {
            let start = self.position;
            let mut group = [0; 2];
            self.read(&mut group)?;
            self.seek(start)?;
            if u16::from_le_bytes(group) != 2 {
                break;
            }
            let element = self.element()?;
            if element.tag == tags::TRANSFER_SYNTAX {
                self.value(element.tag, element.length, Inside::File)?;
            } else {
                self.skip(u64::from(element.length))?;
            }
        }
        let uid = self.elements.values.get(&tags::TRANSFER_SYNTAX);
        let uid = uid.map(|uid| {
            let text = String::from_utf8_lossy(uid);
            text.trim_matches(['\0', ' ']).to_owned()
        });
        self.elements.uid = uid.unwrap_or_default();
        self.elements.syntax = if self.elements.uid.is_empty() {
            Syntax::IMPLICIT
        } else {
            Syntax::of(&self.elements.uid)
        };
        // Some writers say that they are explicit, and are not.
        if self.elements.syntax.is_explicit && !self.elements.syntax.is_deflated {
            let start = self.position;
            let mut begin = [0; 6];
            if self.read(&mut begin).is_ok() && !begin[4..].iter().all(u8::is_ascii_uppercase) {
                self.elements.syntax.is_explicit = false;
            }
            self.seek(start)?;
        }
        Ok(())
    }

    /// Every element up to the pixels.
    fn all(&mut self) -> Result<()> {
        self.items_of(self.size, Inside::File, 0)
    }

    /// Elements up to `end` or to a mark.
    fn items_of(&mut self, end: u64, inside: Inside, depth: usize) -> Result<()> {
        if depth > DEEPEST {
            return Err(Error::corrupt("its sequences are nested too deep"));
        }
        // What is left over at the end of a file is padding.
        while self.position.saturating_add(8) <= end {
            let element = self.element()?;
            let tag = element.tag;
            if tag == tags::END_OF_ITEM || tag == tags::END_OF_SEQUENCE {
                return Ok(());
            }
            if inside == Inside::File
                && matches!(tag, tags::PIXELS | tags::FLOAT_PIXELS | tags::DOUBLE_PIXELS)
            {
                self.elements.pixel_words = element.kind;
                let start = self.position;
                self.elements.pixels = Some((
                    tag,
                    if element.length == UNDEFINED {
                        PixelData::Encapsulated { start }
                    } else {
                        PixelData::Native {
                            start,
                            length: u64::from(element.length),
                        }
                    },
                ));
                return Ok(());
            }
            let into = match (inside, tag) {
                (Inside::File, tags::SHARED_GROUPS) => Some(Inside::SharedGroups),
                (Inside::File, tags::FRAME_GROUPS) => Some(Inside::FrameGroups),
                (
                    Inside::SharedGroups | Inside::FrameGroups,
                    tags::PIXEL_MEASURES | tags::FRAME_WINDOW | tags::VALUE_TRANSFORMATION,
                ) => Some(inside),
                _ => None,
            };
            self.elements.has_groups |= tag == tags::SHARED_GROUPS || tag == tags::FRAME_GROUPS;
            self.elements.has_table |= inside == Inside::File && tag == tags::MODALITY_TABLE;
            if element.length == UNDEFINED {
                // What is of an unknown kind is written implicitly inside.
                let explicit = self.elements.syntax.is_explicit;
                self.elements.syntax.is_explicit &= &element.kind != b"UN";
                self.sequence(self.size, into.unwrap_or(Inside::Other), depth)?;
                self.elements.syntax.is_explicit = explicit;
            } else if let Some(into) = into {
                let end = self.position.saturating_add(u64::from(element.length));
                if end > self.size {
                    return Err(cut_short());
                }
                self.sequence(end, into, depth)?;
                self.seek(end)?;
            } else if inside != Inside::Other && tags::WANTED.contains(&tag) {
                self.value(tag, element.length, inside)?;
            } else {
                self.skip(u64::from(element.length))?;
            }
        }
        Ok(())
    }

    /// The items of a sequence, up to `end` or to a mark.
    fn sequence(&mut self, end: u64, inside: Inside, depth: usize) -> Result<()> {
        let deeper = depth.saturating_add(1);
        while self.position.saturating_add(8) <= end {
            let tag = (self.short()?, self.short()?);
            let length = self.long()?;
            match tag {
                tags::ITEM if length == UNDEFINED => self.items_of(end, inside, deeper)?,
                tags::ITEM => {
                    let item = self.position.saturating_add(u64::from(length));
                    if item > self.size {
                        return Err(cut_short());
                    }
                    if inside != Inside::Other {
                        self.items_of(item, inside, deeper)?;
                    }
                    self.seek(item)?;
                }
                tags::END_OF_SEQUENCE => return Ok(()),
                _ => return Err(Error::corrupt("a sequence holds what is no item")),
            }
        }
        Ok(())
    }

    /// Keeps a value.
    fn value(&mut self, tag: Tag, length: u32, inside: Inside) -> Result<()> {
        let length = u64::from(length);
        if length > LONGEST || self.position.saturating_add(length) > self.size {
            return Err(if length > LONGEST {
                Error::limit(format!("element ({:04x},{:04x}) is too long", tag.0, tag.1))
            } else {
                cut_short()
            });
        }
        let mut value = vec![0; to_usize(length)];
        self.read(&mut value)?;
        match self.elements.values.get(&tag) {
            Some(known) if inside == Inside::FrameGroups && *known != value => {
                self.elements.varying.insert(tag);
            }
            Some(_) => {}
            None => {
                self.elements.values.insert(tag, value);
            }
        }
        Ok(())
    }
}

fn cut_short() -> Error {
    Error::corrupt("the file is cut short: an element lies beyond its end")
}
