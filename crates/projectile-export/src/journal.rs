//! What is written so far, so that an export that was broken off can go on.
//!
//! A file of records of one length, appended to after each piece is stored. The first one tells which export it is of. A
//! record that was cut short, or whose check does not fit, ends it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use projectile_core::{Error, Result};

use crate::store::failed;

/// A piece that is stored: where, and what tells that it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The piece's number.
    pub(crate) key: u64,
    /// Where it begins, in a target of one file.
    pub(crate) offset: u64,
    /// Its bytes.
    pub(crate) length: u64,
    /// Their CRC-32.
    pub(crate) crc: u32,
}

/// Bytes of a record: three numbers, a CRC-32, and the CRC-32 of these.
const RECORD: usize = 32;
/// The key of the first record.
const BEGIN: u64 = u64::from_le_bytes(*b"export 1");

impl Record {
    fn to_bytes(self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[..8].copy_from_slice(&self.key.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.offset.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.length.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.crc.to_le_bytes());
        let check = crc32fast::hash(&bytes[..28]);
        bytes[28..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD]) -> Option<Self> {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let last = word(24);
        let record = Self {
            key: word(0),
            offset: word(8),
            length: word(16),
            crc: last as u32,
        };
        (crc32fast::hash(&bytes[..28]) == (last >> 32) as u32).then_some(record)
    }
}

/// The file of records, which nobody else writes meanwhile.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal of the export that `fingerprint` names, and what it tells; `None` in place of that where there
    /// is none, or one of another export: it begins anew.
    pub(crate) fn open(path: &Path, fingerprint: u64) -> Result<(Self, Option<Vec<Record>>)> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| failed(path, &error))?;
        if file.try_lock().is_err() {
            return Err(Error::bad_request(
                "out",
                format!("{}: another export is writing it", path.display()),
            ));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| failed(path, &error))?;
        let mut records = bytes.as_chunks().0.iter().map_while(Record::from_bytes);
        let begin = Record {
            key: BEGIN,
            offset: fingerprint,
            length: 0,
            crc: 0,
        };
        let known = (records.next() == Some(begin)).then(|| records.collect::<Vec<_>>());
        let whole = known.as_ref().map_or(0, |known| (known.len() + 1) * RECORD);
        file.set_len(whole as u64)
            .and_then(|()| file.seek(SeekFrom::Start(whole as u64)))
            .map_err(|error| failed(path, &error))?;
        if known.is_none() {
            file.write_all(&begin.to_bytes())
                .map_err(|error| failed(path, &error))?;
        }
        Ok((Self { file }, known))
    }

    /// Takes note of a piece that is stored.
    pub(crate) fn append(&mut self, record: &Record) -> std::io::Result<()> {
        self.file.write_all(&record.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_is_read_again_up_to_what_was_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let record = |key| Record {
            key,
            offset: key * 7,
            length: 5,
            crc: 0xdead_beef,
        };
        let (mut journal, known) = Journal::open(&path, 1).unwrap();
        assert_eq!(known, None);
        assert!(Journal::open(&path, 1).is_err(), "two write the same");
        (0..3).for_each(|key| journal.append(&record(key)).unwrap());
        drop(journal);
        let length = std::fs::metadata(&path).unwrap().len();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(length - 1)
            .unwrap();
        let (mut journal, known) = Journal::open(&path, 1).unwrap();
        assert_eq!(known, Some(vec![record(0), record(1)]));
        journal.append(&record(9)).unwrap();
        drop(journal);
        assert_eq!(
            Journal::open(&path, 1).unwrap().1,
            Some(vec![record(0), record(1), record(9)])
        );
        assert_eq!(Journal::open(&path, 2).unwrap().1, None, "another export's");
    }
}
