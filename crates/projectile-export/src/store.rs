//! Where pieces are kept until the whole is there: a folder, or a file that they are appended to.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use projectile_core::resample::in_parallel;
use projectile_core::{Cancel, Error, ErrorKind, Result};

use crate::journal::{Journal, Record};
use crate::output::Output;
use crate::plan::Piece;

/// The pieces of an export that are stored. What it writes has a name that ends in `.partial`, beside the target.
#[derive(Debug)]
pub struct Store {
    target: PathBuf,
    partial: PathBuf,
    journal_path: PathBuf,
    journal: Mutex<Journal>,
    records: Mutex<HashMap<u64, Record>>,
    /// The file that pieces are appended to, and its length; `None` where each is a file of its own.
    spool: Option<Mutex<(File, u64)>>,
}

/// What a file cannot be written for.
pub(crate) fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("{}: cannot be written: {error}", path.display()),
    )
}

/// The path with more at its end.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens what an export with this fingerprint has stored so far, and forgets what any other has. Pieces that are
    /// not as they were stored are forgotten, too.
    pub(crate) fn open(
        output: &dyn Output,
        fingerprint: u64,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<Self> {
        let target = output.target().to_owned();
        let partial = with_ending(&target, ".partial");
        let journal_path = with_ending(&target, ".partial.journal");
        if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
        }
        let (journal, known) = Journal::open(&journal_path, fingerprint)?;
        let is_new = known.is_none();
        let known = known.unwrap_or_default();
        let plan = output.plan();
        let is_folder = plan
            .all()
            .next()
            .is_some_and(|piece| output.file(&piece).is_some());
        let spool = if is_folder {
            if is_new {
                remove(&partial)?;
            }
            std::fs::create_dir_all(&partial).map_err(|error| failed(&partial, &error))?;
            None
        } else {
            let file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(is_new)
                .open(&partial)
                .map_err(|error| failed(&partial, &error))?;
            let end = known
                .iter()
                .map(|record| record.offset.saturating_add(record.length))
                .max();
            Some(Mutex::new((file, end.unwrap_or(0))))
        };
        let store = Self {
            target,
            partial,
            journal_path,
            journal: Mutex::new(journal),
            records: Mutex::new(known.into_iter().map(|record| (record.key, record)).collect()),
            spool,
        };
        let damaged = store.damaged(output, threads, cancel)?;
        lock(&store.records).retain(|key, _| !damaged.contains(key));
        Ok(store)
    }

    /// How many pieces are stored.
    pub(crate) fn len(&self) -> u64 {
        lock(&self.records).len() as u64
    }

    /// Whether a piece is stored.
    pub(crate) fn has(&self, key: u64) -> bool {
        lock(&self.records).contains_key(&key)
    }

    /// Stores a piece.
    pub(crate) fn put(&self, output: &dyn Output, piece: &Piece, bytes: &[u8]) -> Result<()> {
        let mut record = Record {
            key: output.plan().key(piece),
            offset: 0,
            length: bytes.len() as u64,
            crc: crc32fast::hash(bytes),
        };
        match &self.spool {
            _ if bytes.is_empty() => {}
            Some(spool) => {
                let (file, end) = &mut *lock(spool);
                file.seek(SeekFrom::Start(*end))
                    .and_then(|_| file.write_all(bytes))
                    .map_err(|error| failed(&self.partial, &error))?;
                record.offset = *end;
                *end += record.length;
            }
            None => {
                let path = self.path(output, piece);
                let written = std::fs::write(&path, bytes).or_else(|error| match path.parent() {
                    Some(parent) if error.kind() == std::io::ErrorKind::NotFound => {
                        std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, bytes))
                    }
                    _ => Err(error),
                });
                written.map_err(|error| failed(&path, &error))?;
            }
        }
        lock(&self.journal)
            .append(&record)
            .map_err(|error| failed(&self.journal_path, &error))?;
        lock(&self.records).insert(record.key, record);
        Ok(())
    }

    fn path(&self, output: &dyn Output, piece: &Piece) -> PathBuf {
        self.partial.join(output.file(piece).unwrap_or_default())
    }

    /// Bytes of a piece; 0 for one that needs none.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal) for one that is not stored.
    pub fn length(&self, key: u64) -> Result<u64> {
        self.record(key).map(|record| record.length)
    }

    /// Bytes of all pieces.
    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.records).values().map(|record| record.length).sum()
    }

    fn record(&self, key: u64) -> Result<Record> {
        lock(&self.records)
            .get(&key)
            .copied()
            .ok_or_else(|| Error::internal(format!("piece {key} was not written")))
    }

    /// The bytes of a piece, as they were stored.
    ///
    /// # Errors
    /// [`Corrupt`](ErrorKind::Corrupt) when they are others now.
    pub fn read(&self, key: u64) -> Result<Vec<u8>> {
        let record = self.record(key)?;
        let mut bytes = Vec::new();
        if let Some(spool) = &self.spool {
            let (file, _) = &mut *lock(spool);
            file.seek(SeekFrom::Start(record.offset))
                .and_then(|_| file.take(record.length).read_to_end(&mut bytes))
                .map_err(|error| failed(&self.partial, &error))?;
        }
        if bytes.len() as u64 == record.length && crc32fast::hash(&bytes) == record.crc {
            return Ok(bytes);
        }
        Err(changed(&self.partial))
    }

    /// The pieces that are not as they were stored.
    fn damaged(&self, output: &dyn Output, threads: usize, cancel: &Cancel) -> Result<Vec<u64>> {
        let mut records: Vec<Record> = lock(&self.records).values().copied().collect();
        records.sort_unstable_by_key(|record| (record.offset, record.key));
        let damaged = Mutex::new(Vec::new());
        in_parallel(records.len(), threads, cancel, |at| {
            let record = records[at];
            let is_whole = if self.spool.is_some() {
                self.read(record.key).is_ok()
            } else {
                record.length == 0
                    || output.plan().piece(record.key).is_some_and(|piece| {
                        std::fs::read(self.path(output, &piece)).is_ok_and(|bytes| {
                            bytes.len() as u64 == record.length && crc32fast::hash(&bytes) == record.crc
                        })
                    })
            };
            if !is_whole {
                lock(&damaged).push(record.key);
            }
            Ok(())
        })?;
        Ok(damaged.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads every piece back that is a file of its own. Those that are appended to one file are read when the whole is
    /// put together.
    pub(crate) fn verify(&self, output: &dyn Output, threads: usize, cancel: &Cancel) -> Result<()> {
        if self.spool.is_none() && !self.damaged(output, threads, cancel)?.is_empty() {
            return Err(changed(&self.partial));
        }
        Ok(())
    }

    /// Puts the rest to the pieces, and gives the whole its name.
    pub(crate) fn finish(self, output: &dyn Output) -> Result<()> {
        let whole = if self.spool.is_some() {
            with_ending(&self.target, ".partial.whole")
        } else {
            self.partial.clone()
        };
        output.finish(&self, &whole)?;
        if self.target.is_dir() {
            remove(&self.target)?;
        }
        std::fs::rename(&whole, &self.target).map_err(|error| failed(&self.target, &error))?;
        output.seal()?;
        drop(self.spool);
        remove(&self.partial)?;
        remove(&self.journal_path)
    }
}

fn changed(path: &Path) -> Error {
    Error::corrupt(format!(
        "{}: what was written is not what is there: a disk that fails, or another program; run it again",
        path.display()
    ))
}

/// Removes a file, or a folder with what is in it; nothing where there is neither.
fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

/// Writes a small file whole: under another name first.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = with_ending(path, ".partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .map_err(|error| failed(path, &error))
}
