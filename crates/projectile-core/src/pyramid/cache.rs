//! One budget for the levels that are built of many images.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::State;

/// Memory for built levels. Images that are given clones of it share its budget: what was used least recently goes
/// first, whichever image it is of. An image whose pixels are in memory keeps the levels that it used last, which take
/// up to a third of its own size, whatever the budget.
#[derive(Clone, Debug)]
pub struct LevelCache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes: u64,
    /// Counts uses, to tell what was used last.
    clock: AtomicU64,
    images: Mutex<Vec<Weak<Mutex<State>>>>,
}

impl LevelCache {
    /// Levels may take `bytes` bytes together; those that are used stay even if they take more.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(Shared {
            bytes,
            clock: AtomicU64::new(0),
            images: Mutex::default(),
        }))
    }

    /// Bytes that the levels of one plane of an image may take, so that a second one has room beside them.
    pub(crate) fn of_one_plane(&self) -> u64 {
        self.0.bytes / 2
    }

    pub(super) fn now(&self) -> u64 {
        self.0.clock.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn add(&self, image: &Arc<Mutex<State>>) {
        let mut images = self.0.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.retain(|image| image.strong_count() > 0);
        images.push(Arc::downgrade(image));
    }

    /// Lets go of what was used least recently, until `bytes` more fit into the budget beside what is kept.
    pub(super) fn make_room(&self, bytes: u64) {
        self.let_go(u64::MAX, self.0.bytes.saturating_sub(bytes));
    }

    /// Lets go of what was used least recently beyond the budget, but not of what was used at `now` or later.
    pub(super) fn shrink(&self, now: u64) {
        self.let_go(now, self.0.bytes);
    }

    fn let_go(&self, now: u64, most: u64) {
        // Held to the end, so that two threads do not both make room for the same.
        let images = self.0.images.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spare = Vec::new();
        for image in images.iter().filter_map(Weak::upgrade) {
            let all = image.lock().unwrap_or_else(PoisonError::into_inner).spare();
            spare.extend(
                all.into_iter()
                    .map(|(used, bytes, key)| (used, bytes as u64, key, Arc::clone(&image))),
            );
        }
        let mut taken: u64 = spare.iter().map(|(_, bytes, ..)| bytes).sum();
        spare.sort_unstable_by_key(|(used, ..)| *used);
        for (used, bytes, key, image) in spare {
            if taken <= most || used >= now {
                return;
            }
            image.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            taken -= bytes;
        }
    }
}

impl Default for LevelCache {
    /// 512 MiB.
    fn default() -> Self {
        Self::new(512 << 20)
    }
}
