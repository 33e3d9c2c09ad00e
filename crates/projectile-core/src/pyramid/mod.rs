//! Levels built in memory, for images whose files bring none.
//!
//! A pyramid belongs to one resampling and one plane of the extra axes. It is asked for by the first tile that needs
//! it, built in the background, and published whole; until then such tiles are made from a sample.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::array::Pixels;
use crate::resample::Resampling;

/// Which pyramid: how its levels are reduced, and the index along each extra axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) resampling: Resampling,
    pub(crate) indices: Vec<u64>,
}

/// Built levels: `levels[i]` is the plane reduced by `2^(first + i)`, all channels.
#[derive(Debug)]
pub(crate) struct Levels {
    pub(crate) first: u32,
    pub(crate) levels: Vec<Pixels>,
}

impl Levels {
    /// The plane reduced by `2^reduction`, where it was kept.
    pub(crate) fn get(&self, reduction: u32) -> Option<&Pixels> {
        self.levels.get(reduction.checked_sub(self.first)? as usize)
    }

    fn bytes(&self) -> usize {
        self.levels
            .iter()
            .map(|level| level.samples().len() * level.dtype().size())
            .sum()
    }
}

#[derive(Debug)]
enum Slot {
    Wanted,
    Building,
    Ready {
        levels: Arc<Levels>,
        used: u64,
    },
    /// It could not be built; asking again would fail again.
    Failed,
}

/// The pyramids of one image, within a budget.
#[derive(Debug)]
pub(crate) struct Pyramids {
    state: Mutex<State>,
    /// Bytes that all pyramids together may take; the last one is kept whatever it takes.
    budget: usize,
}

#[derive(Debug, Default)]
struct State {
    slots: HashMap<Key, Slot>,
    /// Counts uses, to tell which pyramid was used last.
    clock: u64,
}

impl Pyramids {
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            state: Mutex::default(),
            budget,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pyramid, if it is built.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Levels>> {
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        match state.slots.get_mut(key)? {
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

    /// Whether it is wanted or on its way.
    #[cfg(test)]
    pub(crate) fn is_pending(&self, key: &Key) -> bool {
        matches!(self.lock().slots.get(key), Some(Slot::Wanted | Slot::Building))
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
        *slot = Slot::Building;
        Some(key.clone())
    }

    /// Publishes a built pyramid, and lets go of those least recently used beyond the budget.
    pub(crate) fn publish(&self, key: Key, levels: Levels) {
        let mut state = self.lock();
        state.clock += 1;
        let used = state.clock;
        state.slots.insert(
            key,
            Slot::Ready {
                levels: Arc::new(levels),
                used,
            },
        );
        loop {
            let ready = || {
                state.slots.iter().filter_map(|(key, slot)| match slot {
                    Slot::Ready { levels, used } => Some((*used, levels.bytes(), key)),
                    _ => None,
                })
            };
            if ready().count() < 2 || ready().map(|(_, bytes, _)| bytes).sum::<usize>() <= self.budget {
                return;
            }
            let Some(oldest) = ready()
                .min_by_key(|(used, ..)| *used)
                .map(|(.., key)| key.clone())
            else {
                return;
            };
            state.slots.remove(&oldest);
        }
    }

    /// Gives a build up: for good, or so that it can be asked for again.
    pub(crate) fn give_up(&self, key: &Key, for_good: bool) {
        let mut state = self.lock();
        if for_good {
            state.slots.insert(key.clone(), Slot::Failed);
        } else {
            state.slots.remove(key);
        }
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
            levels: vec![level],
        }
    }

    #[test]
    fn a_pyramid_is_built_by_one_and_only_when_wanted() {
        let pyramids = Pyramids::new(100);
        assert_eq!(pyramids.take_wanted(), None);
        pyramids.want(&key(0));
        pyramids.want(&key(0));
        assert_eq!(pyramids.take_wanted(), Some(key(0)));
        assert_eq!(pyramids.take_wanted(), None);
        assert!(pyramids.is_pending(&key(0)));
        pyramids.give_up(&key(0), true);
        pyramids.want(&key(0));
        assert_eq!(pyramids.take_wanted(), None);
    }

    #[test]
    fn the_least_recently_used_go_when_the_budget_is_spent() {
        let pyramids = Pyramids::new(100);
        (0..2).for_each(|i| pyramids.publish(key(i), levels(50)));
        assert!(pyramids.get(&key(0)).is_some());
        pyramids.publish(key(2), levels(50));
        assert!(pyramids.get(&key(0)).is_some());
        assert!(pyramids.get(&key(1)).is_none());
        pyramids.publish(key(3), levels(500));
        assert!(
            pyramids.get(&key(3)).is_some(),
            "the last one stays whatever it takes"
        );
        assert!(pyramids.get(&key(2)).is_none());
    }
}
