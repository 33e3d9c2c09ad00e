//! Blocks on their way: each is read once for all who wait for it, together with those that are wanted at a time.

use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use projectile_core::{Cancel, Error, Result, Samples};

use super::cache::BlockCache;
use crate::sizes::to_u64;

/// Which elements: a range for each axis, in storage order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Block(pub Vec<Range<u64>>);

impl Block {
    /// How many samples it holds.
    pub fn samples(&self) -> u64 {
        self.lengths().fold(1, u64::saturating_mul)
    }

    /// How many elements it has along each axis.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|range| range.end.saturating_sub(range.start))
    }
}

/// Gives the samples of blocks.
pub trait BlockReader: Send + Sync + Debug {
    /// The samples of each block, in C order, in the order of `blocks`, or what keeps it from being read. Blocks the
    /// thread.
    fn read(&self, blocks: &[Block]) -> Vec<Result<Samples>>;
}

/// A block that somebody waits for.
#[derive(Debug, Default)]
struct Seat {
    outcome: Mutex<Option<Result<Samples>>>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    /// Wanted or being read.
    seats: HashMap<Block, Arc<Seat>>,
    /// Wanted, and nobody reads it yet.
    wanted: Vec<Block>,
    /// Whether somebody is about to take what is wanted.
    is_gathering: bool,
    /// How often the samples changed.
    generation: u64,
}

/// The blocks of one array.
#[derive(Debug)]
pub(super) struct Blocks {
    reader: Box<dyn BlockReader>,
    cache: BlockCache,
    /// What the blocks go by in the cache.
    owner: u64,
    queue: Mutex<Queue>,
    /// How long to wait for others before reading.
    gather: Duration,
}

impl Blocks {
    /// `cache`: where they are kept. `gather`: how long to wait for others before reading.
    pub(super) fn new(reader: Box<dyn BlockReader>, cache: BlockCache, gather: Duration) -> Self {
        Self {
            reader,
            owner: cache.owner(),
            cache,
            queue: Mutex::default(),
            gather,
        }
    }

    /// Forgets blocks, whose samples changed.
    pub(super) fn forget(&self) {
        let mut queue = self.lock();
        queue.generation = queue.generation.wrapping_add(1);
        // Who comes from now on must not get what is being read of the old ones.
        let Queue { seats, wanted, .. } = &mut *queue;
        seats.retain(|block, _| wanted.contains(block));
        self.cache.forget(self.owner);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The samples of each block, or what keeps it from being read.
    pub(super) fn get(&self, blocks: &[Block], cancel: &Cancel) -> Vec<Result<Samples>> {
        enum Place {
            Here(Samples),
            Coming(Arc<Seat>),
        }
        let mut leads = false;
        let places: Vec<Place> = {
            let mut queue = self.lock();
            let places = blocks
                .iter()
                .map(|block| {
                    if let Some(samples) = self.cache.get(self.owner, block) {
                        return Place::Here(samples);
                    }
                    if let Some(seat) = queue.seats.get(block) {
                        return Place::Coming(Arc::clone(seat));
                    }
                    let seat = Arc::<Seat>::default();
                    queue.seats.insert(block.clone(), Arc::clone(&seat));
                    queue.wanted.push(block.clone());
                    Place::Coming(seat)
                })
                .collect();
            if !queue.wanted.is_empty() && !queue.is_gathering {
                queue.is_gathering = true;
                leads = true;
            }
            places
        };
        if leads {
            self.read_wanted();
        }
        places
            .into_iter()
            .map(|place| match place {
                Place::Here(samples) => Ok(samples),
                Place::Coming(seat) => seat.wait(cancel),
            })
            .collect()
    }

    /// Reads what is wanted by now, after a moment in which others may join.
    fn read_wanted(&self) {
        if !self.gather.is_zero() {
            std::thread::sleep(self.gather);
        }
        let (generation, batch): (u64, Vec<(Block, Arc<Seat>)>) = {
            let mut queue = self.lock();
            queue.is_gathering = false;
            let wanted = std::mem::take(&mut queue.wanted);
            let taken = wanted.into_iter().filter_map(|block| {
                let seat = Arc::clone(queue.seats.get(&block)?);
                Some((block, seat))
            });
            (queue.generation, taken.collect())
        };
        let blocks: Vec<Block> = batch.iter().map(|(block, _)| block.clone()).collect();
        // Whatever happens in there, nobody is left waiting.
        let reading = std::panic::AssertUnwindSafe(|| self.reader.read(&blocks));
        let read = std::panic::catch_unwind(reading);
        let of_all = |error: &Error| blocks.iter().map(|_| Err(error.clone())).collect();
        let read: Vec<Result<Samples>> = match read {
            Ok(read) if read.len() == blocks.len() => read,
            Ok(_) => of_all(&Error::internal("not every block came that was asked for")),
            Err(_) => of_all(&Error::internal("reading blocks panicked")),
        };
        let mut queue = self.lock();
        for ((block, seat), read) in batch.into_iter().zip(read) {
            let outcome = read.and_then(|samples| {
                if to_u64(samples.len()) == block.samples() {
                    Ok(samples)
                } else {
                    Err(Error::corrupt(
                        "a block came with another size than it was asked for",
                    ))
                }
            });
            if let Ok(samples) = &outcome
                && queue.generation == generation
            {
                self.cache.insert(self.owner, block.clone(), samples.clone());
            }
            if queue
                .seats
                .get(&block)
                .is_some_and(|known| Arc::ptr_eq(known, &seat))
            {
                queue.seats.remove(&block);
            }
            seat.arrive(outcome);
        }
    }
}

impl Seat {
    fn lock(&self) -> MutexGuard<'_, Option<Result<Samples>>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrive(&self, outcome: Result<Samples>) {
        *self.lock() = Some(outcome);
        self.arrived.notify_all();
    }

    fn wait(&self, cancel: &Cancel) -> Result<Samples> {
        /// How often to look whether anybody still wants it.
        const LOOK: Duration = Duration::from_millis(20);
        let mut outcome = self.lock();
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            cancel.check()?;
            outcome = self
                .arrived
                .wait_timeout(outcome, LOOK)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(outcome, _)| outcome);
        }
    }
}
