//! A folder of objects that are read by their keys: a directory, what lies under an address, or an archive.

mod archive;
mod local;

use std::fmt::Debug;
use std::ops::Range;

use bytes::Bytes;
use projectile_core::{Cancel, Error, Residence, Result};

pub(crate) use archive::ArchiveFolder;
pub(crate) use local::LocalFolder;

/// Objects by their keys, e.g. `0/zarr.json`: parts between slashes, none of them empty, `.` or `..`.
pub trait Folder: Send + Sync + Debug {
    /// What a read costs.
    fn residence(&self) -> Residence;

    /// Each object, or the parts of it that are wanted; `None` where there is none of that key. What keeps one from
    /// being read leaves the others as they are. All are asked for at a time. Blocks the thread.
    fn get(&self, wanted: &[Wanted], cancel: &Cancel) -> Vec<Result<Option<Found>>>;

    /// The names of the folders in the folder `path`, those of numbers in their order; `None` where a server tells no
    /// names.
    ///
    /// # Errors
    /// [`Unavailable`](projectile_core::ErrorKind::Unavailable) when it cannot be read.
    fn folders(&self, path: &str) -> Result<Option<Vec<String>>>;
}

/// An object that is wanted, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its key.
    pub key: String,
    /// What of it.
    pub part: Part,
}

/// What of an object is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it, unless it has more bytes than this.
    Whole(u64),
    /// Its first bytes.
    First(u64),
    /// Its last bytes.
    Last(u64),
    /// The bytes of some ranges, each by itself.
    Ranges(Vec<Range<u64>>),
}

/// What was read of an object.
#[derive(Clone, Debug)]
pub struct Found {
    /// The bytes: one run, or one for each range.
    pub bytes: Vec<Bytes>,
    /// Bytes of the whole object.
    pub size: u64,
    /// What tells this version of it from any other.
    pub version: u64,
}

impl Found {
    /// The first run of bytes.
    pub fn first(&self) -> Bytes {
        self.bytes.first().cloned().unwrap_or_default()
    }
}

impl Part {
    /// The ranges of an object of `size` bytes.
    ///
    /// # Errors
    /// [`Limit`](projectile_core::ErrorKind::Limit) and [`Corrupt`](projectile_core::ErrorKind::Corrupt) where it has
    /// other bytes than are wanted.
    fn of(&self, size: u64) -> Result<Vec<Range<u64>>> {
        let one = |run: Range<u64>| std::iter::once(run).collect();
        let runs: Vec<Range<u64>> = match self {
            Self::Whole(most) if size > *most => return Err(too_long(size, *most)),
            Self::Whole(_) => one(0..size),
            Self::First(length) => one(0..*length),
            Self::Last(length) => one(size.saturating_sub(*length)..size),
            Self::Ranges(ranges) => ranges.clone(),
        };
        if let Some(beyond) = runs.iter().find(|run| run.end > size || run.start > run.end) {
            return Err(cut_short(size, beyond.end));
        }
        Ok(runs)
    }
}

pub(crate) fn too_long(size: u64, most: u64) -> Error {
    Error::corrupt(format!(
        "it has {size} bytes or more, where at most {most} can be meant"
    ))
}

pub(crate) fn cut_short(size: u64, end: u64) -> Error {
    Error::corrupt(format!(
        "it is cut short: it has {size} bytes, and bytes up to {end} are asked for"
    ))
}

/// The key of what `path` names in the folder `base`.
///
/// # Errors
/// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for what leads out of it.
pub(crate) fn join(base: &str, path: &str) -> Result<String> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                return Err(Error::bad_request(
                    "path",
                    format!("{path:?} leads out of the folder"),
                ));
            }
            part if part.contains(['\\', '\0']) => {
                return Err(Error::bad_request(
                    "path",
                    format!("{path:?} is no path of a folder"),
                ));
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Names of numbers in their order, then the others in theirs.
pub(crate) fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_by_cached_key(|name| (name.parse::<u64>().unwrap_or(u64::MAX), name.clone()));
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_their_folder() {
        assert_eq!(join("", "a/b").unwrap(), "a/b");
        assert_eq!(join("a", "/b//./c/").unwrap(), "a/b/c");
        assert_eq!(join("a/b", "").unwrap(), "a/b");
        for path in ["..", "a/../b", "a/..", "a\\..\\b", "a\0"] {
            assert!(join("x", path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn numbers_come_in_their_order() {
        let names = ["10", "b", "2", "a", "0"].map(str::to_owned).to_vec();
        assert_eq!(sorted(names), ["0", "2", "10", "a", "b"]);
    }

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "a range is what is listed")]
    fn parts_are_checked_against_the_size() {
        assert_eq!(Part::Whole(9).of(9).unwrap(), [0..9]);
        assert!(Part::Whole(9).of(10).is_err());
        assert_eq!(Part::Last(4).of(10).unwrap(), [6..10]);
        assert_eq!(Part::Last(40).of(10).unwrap(), [0..10]);
        assert_eq!(Part::First(4).of(10).unwrap(), [0..4]);
        assert!(Part::First(40).of(10).is_err());
        assert!(Part::Ranges(vec![0..1, 9..11]).of(10).is_err());
    }
}
