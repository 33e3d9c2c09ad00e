//! A zip archive as a folder: of members that are stored only what is wanted is read.

use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use projectile_core::{Cancel, Error, Residence, Result};
use zip::{CompressionMethod, ZipArchive};

use super::{Folder, Found, Part, Wanted, cut_short, sorted, too_long};
use crate::blob::{Blob, BlobReader, slice};
use crate::sizes::to_u64;

/// Members beyond which an archive is refused: its list is kept.
const MOST_MEMBERS: usize = 4 << 20;
/// Bytes of the list that are read at a time.
const PIECE: u64 = 256 << 10;
/// What stands before a member's bytes, without its name and what is added to it.
const HEADER: u64 = 30;
/// Bytes that are unpacked for a part of a deflated member, however large that is.
const MOST_INFLATED: u64 = 256 << 20;
/// Bytes of names and additions that are read with the header.
const SLACK: u64 = 256;

/// An archive whose list of members was read.
#[derive(Debug)]
pub(crate) struct ArchiveFolder {
    blob: Arc<dyn Blob>,
    members: HashMap<String, Member>,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    header: u64,
    compressed: u64,
    size: u64,
    is_deflated: bool,
}

impl ArchiveFolder {
    /// Reads the list of an archive's members.
    ///
    /// # Errors
    /// [`Corrupt`](projectile_core::ErrorKind::Corrupt) for what is no archive,
    /// [`Limit`](projectile_core::ErrorKind::Limit) for too many members.
    pub(crate) fn open(blob: &Arc<dyn Blob>) -> Result<Self> {
        let broken = |error: zip::result::ZipError| Error::corrupt(format!("a broken archive: {error}"));
        let archive = ZipArchive::new(BlobReader::new(Arc::clone(blob), PIECE)).map_err(broken)?;
        if archive.len() > MOST_MEMBERS {
            return Err(Error::limit(format!(
                "an archive of {} members: at most {MOST_MEMBERS} are read",
                archive.len()
            )));
        }
        let mut members = HashMap::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(broken)?;
            let is_deflated = match entry.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                _ => continue,
            };
            if entry.encrypted() {
                continue;
            }
            let Ok(name) = entry.name() else { continue };
            let member = Member {
                header: entry.header_start(),
                compressed: entry.compressed_size(),
                size: entry.size(),
                is_deflated,
            };
            members.insert(name.into_owned(), member);
        }
        Ok(Self {
            blob: Arc::clone(blob),
            members,
        })
    }

    /// Reads several members at a time.
    fn read(&self, wanted: &[(&Wanted, Member)], cancel: &Cancel) -> Result<Vec<Result<Found>>> {
        // How long its name and what is added to it are stands before a member: mostly little, so that both come
        // together.
        let size = self.blob.size();
        let spans: Vec<Range<u64>> = wanted
            .iter()
            .map(|(wanted, member)| {
                let start = member.header.min(size);
                // What is wrong with what is wanted is told of below.
                let bytes = member.reach(wanted).unwrap_or(0);
                let end = start
                    .saturating_add(HEADER + SLACK)
                    .saturating_add(to_u64(wanted.key.len()))
                    .saturating_add(bytes);
                start..end.min(size)
            })
            .collect();
        let brought = self.blob.read_while(&spans, cancel)?;
        Ok(wanted
            .iter()
            .zip(&spans)
            .zip(&brought)
            .map(|(((wanted, member), span), bytes)| self.one(wanted, *member, span, bytes, cancel))
            .collect())
    }

    /// What is wanted of a member, of which the first bytes are here.
    fn one(
        &self,
        wanted: &Wanted,
        member: Member,
        span: &Range<u64>,
        head: &Bytes,
        cancel: &Cancel,
    ) -> Result<Found> {
        let ranges = wanted.part.of(member.size)?;
        let length = |at: usize| {
            let bytes = head.get(at..)?.first_chunk()?;
            Some(u64::from(u16::from_le_bytes(*bytes)))
        };
        let start = head
            .starts_with(b"PK\x03\x04")
            .then(|| HEADER.checked_add(length(26)?)?.checked_add(length(28)?))
            .flatten()
            .ok_or_else(|| Error::corrupt("a broken archive: a member is not where its list says"))?;
        let at = |range: &Range<u64>| {
            let base = span.start.saturating_add(start);
            base.saturating_add(range.start)..base.saturating_add(range.end)
        };
        let bytes = if member.is_deflated {
            let packed = self.bytes(span, head, &[at(&(0..member.compressed))], cancel)?;
            let packed = packed.into_iter().next().unwrap_or_default();
            let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
            let most = match wanted.part {
                Part::Whole(most) => most,
                _ => MOST_INFLATED,
            };
            let inflated = inflated(&packed, member.size, end, most)?;
            ranges
                .iter()
                .map(|range| slice(&inflated, range.clone()).ok_or_else(|| cut_short(member.size, range.end)))
                .collect::<Result<_>>()?
        } else {
            let asked: Vec<Range<u64>> = ranges.iter().map(at).collect();
            self.bytes(span, head, &asked, cancel)?
        };
        Ok(Found {
            bytes,
            size: member.size,
            version: self.blob.version(),
        })
    }

    /// Ranges of the archive, of which `span` is here.
    fn bytes(
        &self,
        span: &Range<u64>,
        head: &Bytes,
        asked: &[Range<u64>],
        cancel: &Cancel,
    ) -> Result<Vec<Bytes>> {
        let within = |range: &Range<u64>| {
            let (start, end) = (
                range.start.checked_sub(span.start)?,
                range.end.checked_sub(span.start)?,
            );
            slice(head, start..end)
        };
        match asked.iter().map(within).collect() {
            Some(here) => Ok(here),
            None => self.blob.read_while(asked, cancel),
        }
    }
}

impl Member {
    /// How many bytes after its header are read with it.
    fn reach(&self, wanted: &Wanted) -> Result<u64> {
        /// Beyond this, what is wanted of it is read by itself.
        const MOST: u64 = 64 << 10;
        if self.is_deflated {
            return Ok(self.compressed);
        }
        let ranges = wanted.part.of(self.size)?;
        let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
        Ok(match wanted.part {
            Part::Whole(_) | Part::First(_) => end,
            _ if end <= MOST => end,
            _ => 0,
        })
    }
}

/// The first `end` bytes of a deflated member of `size` bytes: at most `most` are unpacked.
fn inflated(packed: &[u8], size: u64, end: u64, most: u64) -> Result<Bytes> {
    if end > most {
        return Err(Error::limit(format!(
            "a part of a deflated member is wanted, before which {end} bytes are unpacked: at most {most} are; members \
             that are stored are read in parts"
        )));
    }
    // One more tells that it is longer than it says.
    let wanted = if end == size { end.saturating_add(1) } else { end };
    let mut bytes = Vec::new();
    flate2::read::DeflateDecoder::new(packed)
        .take(wanted)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::corrupt(format!("a broken archive: {error}")))?;
    match to_u64(bytes.len()) {
        length if length > size => Err(too_long(length, size)),
        length if length < end => Err(cut_short(length, size)),
        _ => Ok(bytes.into()),
    }
}

impl Folder for ArchiveFolder {
    fn residence(&self) -> Residence {
        self.blob.residence()
    }

    fn get(&self, wanted: &[Wanted], cancel: &Cancel) -> Vec<Result<Option<Found>>> {
        let there: Vec<(&Wanted, Member)> = wanted
            .iter()
            .filter_map(|wanted| Some((wanted, *self.members.get(&wanted.key)?)))
            .collect();
        let mut read = match self.read(&there, cancel) {
            Ok(read) => read.into_iter(),
            Err(error) => return wanted.iter().map(|_| Err(error.clone())).collect(),
        };
        wanted
            .iter()
            .map(|wanted| {
                if !self.members.contains_key(&wanted.key) {
                    return Ok(None);
                }
                read.next().transpose()
            })
            .collect()
    }

    fn folders(&self, path: &str) -> Result<Option<Vec<String>>> {
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let names: BTreeSet<&str> = self
            .members
            .keys()
            .filter_map(|key| Some(key.strip_prefix(&prefix)?.split_once('/')?.0))
            .collect();
        Ok(Some(sorted(names.into_iter().map(str::to_owned).collect())))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::blob::FileBlob;
    use zip::write::SimpleFileOptions;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "a range is what is listed")]
    fn stored_and_deflated_members_are_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = zip::ZipWriter::new(file.reopen().unwrap());
        let long: Vec<u8> = (0..200_000u32).map(|i| (i >> 3) as u8).collect();
        for (name, method) in [
            ("a/stored", CompressionMethod::Stored),
            ("a/b/deflated", CompressionMethod::Deflated),
        ] {
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(name, options).unwrap();
            writer.write_all(&long).unwrap();
        }
        writer.finish().unwrap();
        let blob: Arc<dyn Blob> = Arc::new(FileBlob::open(file.path()).unwrap());
        let folder = ArchiveFolder::open(&blob).unwrap();
        assert_eq!(folder.folders("").unwrap().unwrap(), ["a"]);
        assert_eq!(folder.folders("a").unwrap().unwrap(), ["b"]);
        for key in ["a/stored", "a/b/deflated"] {
            for (part, expected) in [
                (Part::Whole(1 << 20), &long[..]),
                (Part::First(10), &long[..10]),
                (Part::Last(10), &long[199_990..]),
                (Part::Ranges(vec![150_000..160_000]), &long[150_000..160_000]),
            ] {
                let wanted = [
                    Wanted {
                        key: key.to_owned(),
                        part,
                    },
                    Wanted {
                        key: "none".to_owned(),
                        part: Part::Whole(1),
                    },
                    Wanted {
                        key: key.to_owned(),
                        part: Part::Whole(9),
                    },
                ];
                let got = folder.get(&wanted, &Cancel::new());
                assert_eq!(got[0].as_ref().unwrap().as_ref().unwrap().first(), expected);
                assert!(got[1].as_ref().unwrap().is_none());
                assert!(got[2].is_err());
            }
        }
        let (packed, whole) = ([99, 96, 100, 98, 102, 97, 5, 0], [0, 1, 2, 3, 4, 5]);
        assert_eq!(inflated(&packed, 6, 6, 6).unwrap(), &whole[..]);
        assert_eq!(inflated(&packed, 6, 3, 6).unwrap(), &whole[..3]);
        assert_eq!(inflated(&packed, 1 << 40, 6, 6).unwrap(), &whole[..]);
        for (size, end, most) in [(5, 5, 6), (7, 7, 9), (1 << 40, 1 << 40, 6)] {
            assert!(inflated(&packed, size, end, most).is_err(), "{end} of {size}");
        }
        std::fs::write(file.path(), b"PK\x03\x04 and nothing else").unwrap();
        let broken: Arc<dyn Blob> = Arc::new(FileBlob::open(file.path()).unwrap());
        assert!(ArchiveFolder::open(&broken).is_err());
    }
}
