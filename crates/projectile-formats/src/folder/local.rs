//! A directory on a local disk.

use std::io::ErrorKind as Io;
use std::path::{Path, PathBuf};

use projectile_core::{Cancel, Error, ErrorKind, Residence, Result};

use super::{Folder, Found, Wanted, sorted};
use crate::blob::{Blob, FileBlob};
use crate::regular;

/// Entries beyond which a directory is no list of images.
const MOST: usize = 1 << 16;

/// A directory.
#[derive(Debug)]
pub(crate) struct LocalFolder(PathBuf);

impl LocalFolder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn one(&self, wanted: &Wanted) -> Result<Option<Found>> {
        let unreadable =
            |error: std::io::Error| Error::new(ErrorKind::Unavailable, format!("cannot be read: {error}"));
        let file = match regular::open_in(&self.0, &wanted.key) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), Io::NotFound | Io::NotADirectory | Io::IsADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(unreadable(error)),
        };
        let blob = FileBlob::of(file)?;
        let bytes = blob.read(&wanted.part.of(blob.size())?)?;
        Ok(Some(Found {
            bytes,
            size: blob.size(),
            version: blob.version(),
        }))
    }
}

impl Folder for LocalFolder {
    fn residence(&self) -> Residence {
        Residence::Local
    }

    fn get(&self, wanted: &[Wanted], cancel: &Cancel) -> Vec<Result<Option<Found>>> {
        wanted
            .iter()
            .map(|wanted| {
                cancel.check()?;
                match self.one(wanted) {
                    // Written at this moment: what is there now is whole, or is told of.
                    Err(error) if error.kind() == ErrorKind::Gone => self.one(wanted),
                    outcome => outcome,
                }
            })
            .collect()
    }

    fn folders(&self, path: &str) -> Result<Option<Vec<String>>> {
        let unreadable =
            |error: std::io::Error| Error::new(ErrorKind::Unavailable, format!("cannot be listed: {error}"));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.0.join(path))
            .map_err(unreadable)?
            .take(MOST)
        {
            let entry = entry.map_err(unreadable)?;
            if let Ok(name) = entry.file_name().into_string()
                && entry.path().is_dir()
                && !(entry.path().is_symlink() && regular::leads_out(&self.0, &entry.path()))
            {
                names.push(name);
            }
        }
        Ok(Some(sorted(names)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Part;
    use super::*;

    #[test]
    fn what_is_there_is_read_and_what_is_not_is_none() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("a/10")).unwrap();
        std::fs::create_dir_all(dir.path().join("a/9")).unwrap();
        std::fs::write(dir.path().join("a/bytes"), b"0123456789").unwrap();
        let folder = LocalFolder::new(dir.path());
        assert_eq!(folder.folders("a").unwrap().unwrap(), ["9", "10"]);
        let wanted = |key: &str, part| Wanted {
            key: key.to_owned(),
            part,
        };
        let got = folder.get(
            &[
                wanted("a/bytes", Part::Last(3)),
                wanted("a/none", Part::Whole(10)),
                wanted("a/bytes/x", Part::Whole(10)),
                wanted("a/9", Part::Whole(10)),
                wanted("a/bytes", Part::Whole(9)),
                wanted("a/bytes", Part::Ranges(vec![8..10, 0..2])),
            ],
            &Cancel::new(),
        );
        assert_eq!(got[0].as_ref().unwrap().as_ref().unwrap().first(), b"789"[..]);
        for none in &got[1..4] {
            assert!(none.as_ref().unwrap().is_none());
        }
        assert_eq!(got[4].as_ref().unwrap_err().kind(), ErrorKind::Corrupt);
        let parts = got[5].as_ref().unwrap().as_ref().unwrap();
        assert_eq!(parts.bytes, [&b"89"[..], b"01"]);
        assert_eq!(parts.size, 10);
    }
}
