//! What tells one version of a file from another.

use std::fs::Metadata;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::UNIX_EPOCH;

/// A number that changes when the file's size, its modification time or the file itself does; never 0.
pub(crate) fn of(metadata: &Metadata) -> u64 {
    let mut hasher = DefaultHasher::new();
    metadata.len().hash(&mut hasher);
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    modified.map(|time| time.as_nanos()).hash(&mut hasher);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (metadata.dev(), metadata.ino()).hash(&mut hasher);
    }
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_file_and_another_file_are_other_versions() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        let version = |path: &std::path::Path| of(&std::fs::metadata(path).unwrap());
        std::fs::write(&a, "one").unwrap();
        let first = version(&a);
        assert_eq!(first, version(&a));
        std::fs::write(&a, "longer").unwrap();
        assert_ne!(first, version(&a));
        std::fs::write(&b, "longer").unwrap();
        assert_ne!(version(&a), version(&b));
    }
}
