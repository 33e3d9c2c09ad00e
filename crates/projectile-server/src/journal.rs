//! What is being worked on, written where it outlives this process: whoever started it reads there what ended it.

use projectile_core::sizes::to_u64;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Bytes for one name, the last of which is 0. A longer one is known by as much of it.
const SLOT: usize = 256;

/// Names of what is being worked on, in a file; and how often the process ended while it was.
#[derive(Debug)]
pub struct Journal {
    slots: Mutex<Slots>,
    strikes: HashMap<String, u32>,
}

#[derive(Debug)]
struct Slots {
    file: File,
    is_taken: Vec<bool>,
}

/// Work that is under way. Dropping it says that it ended.
#[derive(Debug)]
pub struct UnderWay<'a> {
    journal: &'a Journal,
    slot: usize,
}

impl Journal {
    /// A journal in the file at `path`, which is emptied. `strikes` tells how often the process ended while something
    /// was worked on, by its [`key`](Self::key).
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, strikes: HashMap<String, u32>) -> std::io::Result<Self> {
        let slots = Slots {
            file: File::create(path)?,
            is_taken: Vec::new(),
        };
        Ok(Self {
            slots: Mutex::new(slots),
            strikes,
        })
    }

    /// What was under way by the journal at `path`, each once.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn under_way(path: &Path) -> std::io::Result<Vec<String>> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        let mut names: Vec<String> = bytes
            .chunks(SLOT)
            .filter_map(|slot| slot.split(|&byte| byte == 0).next())
            .filter(|name| !name.is_empty())
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// As much of a name as a journal holds.
    pub fn key(name: &str) -> &str {
        let name = name.split('\0').next().unwrap_or_default();
        name.split_at(name.floor_char_boundary(SLOT - 1)).0
    }

    /// How often the process ended while this was worked on.
    pub fn strikes(&self, name: &str) -> u32 {
        self.strikes.get(Self::key(name)).copied().unwrap_or_default()
    }

    /// Says that work on `name` begins.
    pub fn begin(&self, name: &str) -> UnderWay<'_> {
        let mut text = Self::key(name).as_bytes().to_vec();
        text.resize(SLOT, 0);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.take();
        slots.write(slot, &text);
        UnderWay { journal: self, slot }
    }
}

impl Slots {
    fn take(&mut self) -> usize {
        let mut slots = self.is_taken.iter_mut().enumerate();
        if let Some((slot, is_taken)) = slots.find(|(_, is_taken)| !**is_taken) {
            *is_taken = true;
            return slot;
        }
        self.is_taken.push(true);
        self.is_taken.len().saturating_sub(1)
    }

    fn write(&mut self, slot: usize, text: &[u8]) {
        let place = SeekFrom::Start(to_u64(slot.saturating_mul(SLOT)));
        // Without it nobody will know whom to blame, but the work is none the worse.
        let _ = self.file.seek(place).and_then(|_| self.file.write_all(text));
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut slots = self.journal.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(is_taken) = slots.is_taken.get_mut(self.slot) {
            *is_taken = false;
        }
        slots.write(self.slot, &[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_in_the_file_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::create(&path, HashMap::from([("b".to_owned(), 2)])).unwrap();
        assert_eq!((journal.strikes("a"), journal.strikes("b")), (0, 2));
        assert!(Journal::under_way(&path).unwrap().is_empty());
        let first = journal.begin("a");
        let (_second, _again) = (journal.begin("b"), journal.begin("b"));
        assert_eq!(Journal::under_way(&path).unwrap(), ["a", "b"]);
        drop(first);
        assert_eq!(Journal::under_way(&path).unwrap(), ["b"]);
        // The room of what ended is used again.
        let _third = journal.begin("c");
        assert_eq!(Journal::under_way(&path).unwrap(), ["b", "c"]);
        assert_eq!(std::fs::metadata(&path).unwrap().len() as usize, 3 * SLOT);
    }

    #[test]
    fn a_long_name_is_known_by_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let long = "é".repeat(200);
        let journal = Journal::create(&path, HashMap::from([(Journal::key(&long).to_owned(), 1)])).unwrap();
        let _work = journal.begin(&long);
        assert_eq!(Journal::under_way(&path).unwrap(), ["é".repeat(127)]);
        assert_eq!(journal.strikes(&long), 1);
        assert_eq!(Journal::key("a\0b"), "a");
    }
}
