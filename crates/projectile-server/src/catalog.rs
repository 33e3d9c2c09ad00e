//! The images that are served, and the ids under which addresses know them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use projectile_core::Image;

/// The longest id that a name gives.
const LONGEST: usize = 64;

/// One image and its id.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) image: Image,
    /// Its place in the catalog: what the cache knows it by.
    pub(crate) number: usize,
}

/// All images, in the order in which they were given.
#[derive(Debug)]
pub(crate) struct Catalog {
    entries: Vec<Arc<Entry>>,
    by_id: HashMap<String, usize>,
}

impl Catalog {
    pub(crate) fn new(images: impl IntoIterator<Item = Image>) -> Self {
        let images: Vec<_> = images.into_iter().collect();
        let ids = ids(images.iter().map(Image::name));
        let by_id = ids.iter().cloned().zip(0..).collect();
        let entries = ids
            .into_iter()
            .zip(images)
            .enumerate()
            .map(|(number, (id, image))| Arc::new(Entry { id, image, number }))
            .collect();
        Self { entries, by_id }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Entry>> {
        self.by_id.get(id).and_then(|&number| self.entries.get(number))
    }

    /// The image whose tiles are at the root.
    pub(crate) fn first(&self) -> Option<&Arc<Entry>> {
        self.entries.first()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }
}

/// An id for each name: a name's own, numbered from the second of its kind on.
fn ids<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    names
        .map(|name| {
            let slug = slug(name);
            let mut id = slug.clone();
            let mut number = 2u32;
            while !taken.insert(id.clone()) {
                id = format!("{slug}-{number}");
                number += 1;
            }
            id
        })
        .collect()
}

/// What of `name` can stand in an address: letters, digits, `.`, `_` and `-`, without a file name's ending.
fn slug(name: &str) -> String {
    let is_ending = |ending: &str| {
        ending.len() <= 5
            && ending.starts_with(|first: char| first.is_ascii_alphabetic())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && is_ending(ending) => stem,
        _ => name,
    };
    let mut slug = String::with_capacity(stem.len().min(LONGEST));
    for letter in stem.chars() {
        let plain = letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_');
        match (plain, slug.ends_with('-')) {
            (true, _) => slug.push(letter),
            (false, false) => slug.push('-'),
            (false, true) => {}
        }
        if slug.len() == LONGEST {
            break;
        }
    }
    match slug.trim_matches(['-', '.']) {
        "" => "image".to_owned(),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids_that_are_safe_and_unique() {
        for (name, id) in [
            ("terrain.npy", "terrain"),
            ("scan 3 (final).tiff", "scan-3-final"),
            ("archive.tar.gz", "archive.tar"),
            ("v1.2", "v1.2"),
            ("../../etc/passwd", "etc-passwd"),
            (".hidden", "hidden"),
            ("arrays.npz/mask", "arrays.npz-mask"),
            ("\u{202e}gpj.exe", "gpj"),
            ("größe.png", "gr-e"),
            ("\r\n", "image"),
            ("", "image"),
            ("日本.png", "image"),
        ] {
            assert_eq!(slug(name), id, "{name:?}");
        }
        assert_eq!(slug(&"a".repeat(1000)).len(), LONGEST);
        let names = ["a.png", "a.npy", "a-2", "b/a", "a"];
        assert_eq!(ids(names.into_iter()), ["a", "a-2", "a-2-2", "b-a", "a-3"]);
    }
}
