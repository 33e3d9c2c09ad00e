//! The images that are served, and the ids under which addresses know them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use projectile_core::Image;

use crate::journal::Journal;
use crate::strikes::Strikes;

/// The longest id that a name gives.
const LONGEST: usize = 64;

/// One image and its id.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) image: Image,
    /// Its own for ever: what the cache knows it by.
    pub(crate) number: usize,
    pub(crate) strikes: Strikes,
}

/// All images, in the order in which they came. Requests see it as it was when they looked.
#[derive(Debug)]
pub(crate) struct Catalog {
    listing: RwLock<Arc<Listing>>,
}

#[derive(Clone, Debug, Default)]
struct Listing {
    entries: Vec<Arc<Entry>>,
    by_id: HashMap<String, usize>,
    /// Entries that there ever were.
    counted: usize,
    journal: Option<Arc<Journal>>,
}

impl Listing {
    fn entry(&mut self, id: String, image: Image, strikes: Strikes) -> Arc<Entry> {
        let number = self.counted;
        self.counted = self.counted.saturating_add(1);
        Arc::new(Entry {
            id,
            image,
            number,
            strikes,
        })
    }

    fn new_entry(&mut self, id: String, image: Image) -> Arc<Entry> {
        let strikes = Strikes::told_of(self.journal.as_ref(), &id);
        self.entry(id, image, strikes)
    }

    fn add(&mut self, image: Image) -> String {
        let id = free_id(image.name(), |id| self.by_id.contains_key(id));
        let entry = self.new_entry(id.clone(), image);
        self.by_id.insert(id.clone(), self.entries.len());
        self.entries.push(entry);
        id
    }
}

impl Catalog {
    /// A catalog of `images`; work on them is told to `journal`.
    pub(crate) fn new(images: impl IntoIterator<Item = Image>, journal: Option<Arc<Journal>>) -> Self {
        let listing = Listing {
            journal,
            ..Listing::default()
        };
        let catalog = Self {
            listing: RwLock::new(Arc::new(listing)),
        };
        catalog.add(images);
        catalog
    }

    fn listing(&self) -> Arc<Listing> {
        // No lock is held over anything that can fail half-way.
        Arc::clone(&self.listing.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Listing) -> T) -> T {
        let mut listing = self.listing.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut listing))
    }

    /// More images; answers their ids.
    pub(crate) fn add(&self, images: impl IntoIterator<Item = Image>) -> Vec<String> {
        // Outside of the lock, as whoever gives them may take its time.
        let images: Vec<_> = images.into_iter().collect();
        self.change(|listing| images.into_iter().map(|image| listing.add(image)).collect())
    }

    /// Another image in the place of that of the id. False when there is none of it.
    pub(crate) fn replace(&self, id: &str, image: Image) -> bool {
        self.change(|listing| {
            let Some(&place) = listing.by_id.get(id) else {
                return false;
            };
            let strikes = Strikes::afresh(listing.journal.as_ref(), id);
            let entry = listing.entry(id.to_owned(), image, strikes);
            match listing.entries.get_mut(place) {
                Some(old) => *old = entry,
                None => return false,
            }
            true
        })
    }

    /// An entry of its own that no listing shows.
    pub(crate) fn unlisted(&self, id: String, image: Image) -> Arc<Entry> {
        self.change(|listing| listing.new_entry(id, image))
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Entry>> {
        let listing = self.listing();
        let place = listing.by_id.get(id)?;
        listing.entries.get(*place).cloned()
    }

    /// The image whose tiles are at the root.
    pub(crate) fn first(&self) -> Option<Arc<Entry>> {
        self.listing().entries.first().cloned()
    }

    /// As it is now.
    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        self.listing().entries.clone()
    }
}

/// An id for a name: the name's own, numbered from the second of its kind on.
fn free_id(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let slug = slug(name);
    let numbered = (2u64..).map(|number| format!("{slug}-{number}"));
    std::iter::once(slug.clone())
        .chain(numbered)
        .find(|id| !is_taken(id))
        .unwrap_or_default()
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
        let mut ids: Vec<String> = Vec::new();
        for name in names {
            let id = free_id(name, |id| ids.iter().any(|taken| taken == id));
            ids.push(id);
        }
        assert_eq!(ids, ["a", "a-2", "a-2-2", "b-a", "a-3"]);
    }
}
