//! Levels built in memory, for images whose files bring none.
//!
//! A pyramid belongs to one resampling and one plane of the extra axes. It is asked for by the first tile that needs
//! it, built in the background, and published whole; until then such tiles are made from a sample.

mod cache;

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use cache::LevelCache;

use crate::array::Pixels;
use crate::error::{Error, ErrorKind, Result};
use crate::render::Holes;
use crate::resample::Resampling;
use crate::source::{Cancel, Region};

/// Which pyramid: how its levels are reduced, and the index along each extra axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) resampling: Resampling,
    pub(crate) indices: Vec<u64>,
}

/// Built levels: `reduced[i]` is the plane reduced by `2^(first + i)`, all channels.
#[derive(Debug)]
pub(crate) struct Levels {
    pub(crate) first: u32,
    pub(crate) reduced: Vec<Pixels>,
    /// What could not be read and is no data, where there is such; the levels then have a dtype that says so.
    pub(crate) holes: Option<Holes>,
}

impl Levels {
    /// The plane reduced by `2^reduction`, where it was kept.
    pub(crate) fn get(&self, reduction: u32) -> Option<&Pixels> {
        self.reduced.get(reduction.checked_sub(self.first)? as usize)
    }

    /// Why some of a region of a level is missing, if it is.
    pub(crate) fn missing(&self, reduction: u32, region: Region) -> Option<String> {
        self.holes.as_ref()?.within(Region {
            y: region.y << reduction,
            x: region.x << reduction,
            height: region.height << reduction,
            width: region.width << reduction,
        })
    }

    fn bytes(&self) -> usize {
        self.reduced
            .iter()
            .map(|level| level.samples().len() * level.dtype().size())
            .sum()
    }
}

#[derive(Debug)]
enum Slot {
    Wanted,
    Building {
        /// The pixels changed since it began.
        outdated: bool,
    },
    Ready {
        levels: Arc<Levels>,
        used: u64,
    },
    /// Why it could not be built.
    Failed(Error),
}

impl Slot {
    /// Whether it can be built by whoever insists. What something could not be reached for may be had later.
    fn is_free(&self) -> bool {
        match self {
            Self::Wanted => true,
            Self::Failed(error) => error.kind() == ErrorKind::Unavailable,
            Self::Building { .. } | Self::Ready { .. } => false,
        }
    }
}

/// The pyramids of one image, within the budget of a [`LevelCache`].
#[derive(Debug)]
pub(crate) struct Pyramids {
    state: Arc<Mutex<State>>,
    /// Told when a build ends, however it does.
    ended: Condvar,
    cache: LevelCache,
}

#[derive(Debug, Default)]
pub(super) struct State {
    slots: HashMap<Key, Slot>,
    /// Whether the pyramid that was used last stays whatever it takes.
    keeps_last: bool,
}

impl State {
    /// What is built and may be let go of: when it was used last, its bytes, and its key.
    pub(super) fn spare(&self) -> Vec<(u64, usize, Key)> {
        let mut ready: Vec<(u64, usize, Key)> = self
            .slots
            .iter()
            .filter_map(|(key, slot)| match slot {
                Slot::Ready { levels, used } => Some((*used, levels.bytes(), key.clone())),
                _ => None,
            })
            .collect();
        ready.sort_unstable_by_key(|(used, ..)| *used);
        if self.keeps_last {
            ready.pop();
        }
        ready
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.slots.remove(key);
    }
}

impl Pyramids {
    /// `keeps_last`: whether the pyramid that was used last stays whatever it takes.
    pub(crate) fn new(cache: &LevelCache, keeps_last: bool) -> Self {
        let state = Arc::new(Mutex::new(State {
            keeps_last,
            ..State::default()
        }));
        cache.add(&state);
        Self {
            state,
            ended: Condvar::new(),
            cache: cache.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pyramid, if it is built.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Levels>> {
        let now = self.cache.now();
        match self.lock().slots.get_mut(key)? {
            Slot::Ready { levels, used } => {
                *used = now;
                Some(Arc::clone(levels))
            }
            _ => None,
        }
    }

    /// Asks for a pyramid, unless it is there, on its way, or known to fail.
    pub(crate) fn want(&self, key: &Key) {
        self.lock().slots.entry(key.clone()).or_insert(Slot::Wanted);
    }

    /// Asks for a pyramid on behalf of somebody who takes nothing else: what may be had later is tried again.
    pub(crate) fn insist(&self, key: &Key) {
        let mut state = self.lock();
        let slot = state.slots.entry(key.clone()).or_insert(Slot::Wanted);
        if slot.is_free() {
            *slot = Slot::Wanted;
        }
    }

    /// Why it cannot be had, where that is known.
    pub(crate) fn failure(&self, key: &Key) -> Option<Error> {
        match self.lock().slots.get(key)? {
            Slot::Failed(error) => Some(error.clone()),
            _ => None,
        }
    }

    /// Takes a pyramid that nobody builds; from now on the caller does.
    pub(crate) fn take(&self, key: &Key) -> bool {
        let mut state = self.lock();
        let slot = state.slots.entry(key.clone()).or_insert(Slot::Wanted);
        let is_free = slot.is_free();
        if is_free {
            *slot = Slot::Building { outdated: false };
        }
        is_free
    }

    /// Waits while somebody builds a pyramid.
    ///
    /// # Errors
    /// What kept it from being built, and [`Cancelled`](crate::ErrorKind::Cancelled).
    pub(crate) fn wait_for(&self, key: &Key, cancel: &Cancel) -> Result<()> {
        /// Between two looks at the flag, which wakes nobody.
        const LOOK: Duration = Duration::from_millis(if cfg!(test) { 60_000 } else { 20 });
        let mut state = self.lock();
        loop {
            match state.slots.get(key) {
                Some(Slot::Building { .. }) => cancel.check()?,
                Some(Slot::Failed(error)) => return Err(error.clone()),
                _ => return Ok(()),
            }
            let waited = self.ended.wait_timeout(state, LOOK);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether it is wanted or on its way.
    #[cfg(test)]
    pub(crate) fn is_pending(&self, key: &Key) -> bool {
        matches!(
            self.lock().slots.get(key),
            Some(Slot::Wanted | Slot::Building { .. })
        )
    }

    /// Whether some pyramid is wanted that nobody builds.
    pub(crate) fn is_anything_wanted(&self) -> bool {
        self.lock()
            .slots
            .values()
            .any(|slot| matches!(slot, Slot::Wanted))
    }

    /// A pyramid that is wanted and that nobody builds; from now on the caller does.
    pub(crate) fn take_wanted(&self) -> Option<Key> {
        let mut state = self.lock();
        let (key, slot) = state
            .slots
            .iter_mut()
            .find(|(_, slot)| matches!(slot, Slot::Wanted))?;
        *slot = Slot::Building { outdated: false };
        Some(key.clone())
    }

    /// Lets go of pyramids whose pixels changed; those on their way will have to be built once more, and those that are
    /// wanted are built of what is there then.
    pub(crate) fn outdate(&self, changed: impl Fn(&Key) -> bool) {
        self.lock().slots.retain(|key, slot| {
            if !changed(key) {
                return true;
            }
            if let Slot::Building { outdated } = slot {
                *outdated = true;
            }
            matches!(slot, Slot::Wanted | Slot::Building { .. })
        });
    }

    /// Makes room for a pyramid of so many bytes, before it is built: what is built counts, too.
    pub(crate) fn make_room(&self, bytes: u64) {
        self.cache.make_room(bytes);
    }

    /// Publishes a built pyramid, and lets go of those least recently used, of whatever image, beyond the budget. One
    /// whose pixels changed while it was built is wanted once more instead.
    pub(crate) fn publish(&self, key: Key, levels: Levels) {
        let mut state = self.lock();
        self.ended.notify_all();
        if let Some(slot @ Slot::Building { outdated: true }) = state.slots.get_mut(&key) {
            *slot = Slot::Wanted;
            return;
        }
        let used = self.cache.now();
        let levels = Arc::new(levels);
        state.slots.insert(key, Slot::Ready { levels, used });
        drop(state);
        self.cache.shrink(used);
    }

    /// Gives a build up: for good, for that reason, or so that it can be asked for again.
    pub(crate) fn give_up(&self, key: &Key, for_good: Option<Error>) {
        let mut state = self.lock();
        self.ended.notify_all();
        match for_good {
            Some(error) => state.slots.insert(key.clone(), Slot::Failed(error)),
            None => state.slots.remove(key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Samples;

    fn key(index: u64) -> Key {
        Key {
            resampling: Resampling::AVERAGE,
            indices: vec![index],
        }
    }

    fn levels(bytes: usize) -> Levels {
        let level = Pixels::new(Samples::UInt8(vec![0; bytes].into()), 1, bytes, 1).unwrap();
        Levels {
            first: 1,
            reduced: vec![level],
            holes: None,
        }
    }

    #[test]
    fn a_pyramid_is_built_by_one_and_only_when_wanted() {
        let pyramids = Pyramids::new(&LevelCache::new(100), true);
        assert_eq!(pyramids.take_wanted(), None);
        pyramids.want(&key(0));
        pyramids.want(&key(0));
        assert_eq!(pyramids.take_wanted(), Some(key(0)));
        assert_eq!(pyramids.take_wanted(), None);
        assert!(pyramids.is_pending(&key(0)));
        pyramids.give_up(&key(0), Some(Error::corrupt("broken")));
        assert_eq!(pyramids.failure(&key(0)), Some(Error::corrupt("broken")));
        pyramids.want(&key(0));
        assert_eq!(pyramids.take_wanted(), None);
    }

    #[test]
    fn what_could_not_be_reached_is_tried_again_by_who_comes_later() {
        let pyramids = Pyramids::new(&LevelCache::new(100), true);
        assert!(pyramids.take(&key(0)));
        pyramids.give_up(
            &key(0),
            Some(Error::new(ErrorKind::Unavailable, "the server is away")),
        );
        let failed = pyramids.wait_for(&key(0), &Cancel::new()).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::Unavailable);
        pyramids.want(&key(0));
        assert_eq!(
            pyramids.take_wanted(),
            None,
            "drafts do: nothing is read again for them"
        );
        pyramids.insist(&key(0));
        assert_eq!(pyramids.failure(&key(0)), None);
        pyramids.outdate(|_| true);
        assert_eq!(pyramids.take_wanted(), Some(key(0)), "it is still wanted");
    }

    #[test]
    fn who_waits_hears_of_the_end_whichever_it_is() {
        let (cancel, began) = (Cancel::new(), std::time::Instant::now());
        let wait = |end: fn(&Pyramids)| {
            let pyramids = Pyramids::new(&LevelCache::new(100), true);
            assert!(pyramids.take(&key(0)));
            assert!(!pyramids.take(&key(0)), "somebody builds it");
            std::thread::scope(|scope| {
                let waits = scope.spawn(|| pyramids.wait_for(&key(0), &cancel));
                std::thread::sleep(Duration::from_millis(20));
                end(&pyramids);
                waits.join().unwrap()
            })
        };
        assert_eq!(wait(|pyramids| pyramids.publish(key(0), levels(50))), Ok(()));
        assert_eq!(wait(|pyramids| pyramids.give_up(&key(0), None)), Ok(()));
        let broken = wait(|pyramids| pyramids.give_up(&key(0), Some(Error::corrupt("broken"))));
        assert_eq!(broken, Err(Error::corrupt("broken")));
        assert!(began.elapsed() < Duration::from_secs(50), "nobody was told");
        cancel.cancel();
        let pyramids = Pyramids::new(&LevelCache::new(100), true);
        assert!(pyramids.take(&key(0)));
        assert_eq!(pyramids.wait_for(&key(0), &cancel), Err(Error::cancelled()));
    }

    #[test]
    fn what_changed_is_built_again_even_when_it_was_being_built() {
        let pyramids = Pyramids::new(&LevelCache::new(100), true);
        pyramids.publish(key(0), levels(50));
        pyramids.publish(key(1), levels(50));
        pyramids.want(&key(2));
        assert_eq!(pyramids.take_wanted(), Some(key(2)));
        pyramids.outdate(|key| key.indices[0] != 1);
        assert!(pyramids.get(&key(0)).is_none());
        assert!(pyramids.get(&key(1)).is_some());
        pyramids.publish(key(2), levels(10));
        assert!(
            pyramids.get(&key(2)).is_none(),
            "built of pixels that are no more"
        );
        assert_eq!(pyramids.take_wanted(), Some(key(2)));
        pyramids.publish(key(2), levels(10));
        assert!(pyramids.get(&key(2)).is_some());
    }

    #[test]
    fn the_least_recently_used_go_when_the_budget_is_spent() {
        let pyramids = Pyramids::new(&LevelCache::new(100), false);
        (0..2).for_each(|i| pyramids.publish(key(i), levels(50)));
        assert!(pyramids.get(&key(0)).is_some());
        pyramids.publish(key(2), levels(50));
        assert!(pyramids.get(&key(0)).is_some());
        assert!(pyramids.get(&key(1)).is_none());
        pyramids.publish(key(3), levels(500));
        assert!(
            pyramids.get(&key(3)).is_some(),
            "the one that was asked for stays whatever it takes"
        );
        assert!(pyramids.get(&key(2)).is_none());
        pyramids.publish(key(4), levels(50));
        assert!(pyramids.get(&key(3)).is_none());
    }

    #[test]
    fn room_is_made_before_a_pyramid_is_built() {
        let pyramids = Pyramids::new(&LevelCache::new(100), false);
        (0..2).for_each(|i| pyramids.publish(key(i), levels(50)));
        pyramids.make_room(40);
        assert!(pyramids.get(&key(0)).is_none());
        assert!(pyramids.get(&key(1)).is_some());
        pyramids.make_room(50);
        assert!(pyramids.get(&key(1)).is_some());
        pyramids.make_room(1000);
        assert!(pyramids.get(&key(1)).is_none());
    }

    #[test]
    fn images_share_a_budget_but_those_in_memory_keep_their_last_pyramid() {
        let cache = LevelCache::new(100);
        let (file, other) = (Pyramids::new(&cache, false), Pyramids::new(&cache, false));
        let array = Pyramids::new(&cache, true);
        array.publish(key(0), levels(5000));
        file.publish(key(0), levels(60));
        assert!(file.get(&key(0)).is_some());
        other.publish(key(0), levels(60));
        assert!(file.get(&key(0)).is_none());
        assert!(array.get(&key(0)).is_some());
        array.publish(key(1), levels(20));
        assert!(array.get(&key(0)).is_none(), "only the last one");
        assert!(array.get(&key(1)).is_some());
        drop(other);
        file.publish(key(1), levels(90));
        file.publish(key(2), levels(10));
        assert!(
            file.get(&key(1)).is_some(),
            "what went with its image takes nothing"
        );
    }
}
