//! Single flight: however many ask for the same thing at once, it is made once.
//!
//! The work belongs to the pool, not to whoever asked first. Waiters are counted; when the last one leaves, the
//! flight's [`Cancel`] is raised and its slot freed in the same step, so that nobody can join a flight that is being
//! called off.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use projectile_core::{Cancel, Error, Result};
use tokio::sync::watch;

/// The flights under way, by what they make.
#[derive(Debug)]
pub(crate) struct Flights<K, V> {
    slots: Mutex<HashMap<K, Arc<Flight<V>>>>,
}

#[derive(Debug)]
struct Flight<V> {
    cancel: Cancel,
    /// Changed under the slots' lock only.
    waiters: Mutex<usize>,
    outcome: watch::Sender<Option<Result<V>>>,
}

/// What [`Flights::join`] finds.
pub(crate) enum Joined<K: Hash + Eq, V> {
    /// It was there already.
    Ready(V),
    /// Wait for it.
    Waiting(Waiter<K, V>),
}

/// Somebody's seat on a flight. Dropping it leaves.
#[derive(Debug)]
pub(crate) struct Waiter<K: Hash + Eq, V> {
    flights: Arc<Flights<K, V>>,
    key: K,
    flight: Arc<Flight<V>>,
    outcome: watch::Receiver<Option<Result<V>>>,
}

/// The duty to end a flight. Dropped without [`land`](Self::land), the flight ends as cancelled.
#[derive(Debug)]
pub(crate) struct Pilot<K: Hash + Eq, V> {
    flights: Arc<Flights<K, V>>,
    key: K,
    flight: Arc<Flight<V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Flights<K, V> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            slots: Mutex::new(HashMap::new()),
        })
    }

    /// Flights under way.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Joins the flight for `key`. Where there is none, `lookup` is asked whether one has just landed (it kept what
    /// it made before it freed its slot), else `start` gets the duty to make it.
    pub(crate) fn join<E>(
        self: &Arc<Self>,
        key: K,
        lookup: impl FnOnce() -> Option<V>,
        start: impl FnOnce(Pilot<K, V>, Cancel) -> Result<(), E>,
    ) -> Result<Joined<K, V>, E> {
        let (flight, pilot) = {
            let mut slots = self.lock();
            if let Some(flight) = slots.get(&key) {
                let mut count = flight.count();
                *count = count.saturating_add(1);
                drop(count);
                (Arc::clone(flight), None)
            } else if let Some(value) = lookup() {
                return Ok(Joined::Ready(value));
            } else {
                let flight = Arc::new(Flight {
                    cancel: Cancel::new(),
                    waiters: Mutex::new(1),
                    outcome: watch::Sender::new(None),
                });
                slots.insert(key.clone(), Arc::clone(&flight));
                let pilot = Pilot {
                    flights: Arc::clone(self),
                    key: key.clone(),
                    flight: Arc::clone(&flight),
                };
                (flight, Some(pilot))
            }
        };
        let outcome = flight.outcome.subscribe();
        let waiter = Waiter {
            flights: Arc::clone(self),
            key,
            flight,
            outcome,
        };
        if let Some(pilot) = pilot {
            // On refusal `start` has dropped the pilot: whoever joined meanwhile is told, and the slot is free.
            start(pilot, waiter.flight.cancel.clone())?;
        }
        Ok(Joined::Waiting(waiter))
    }
}

impl<K: Hash + Eq, V> Flights<K, V> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Flight<V>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees the slot, unless another flight has taken it.
    fn remove(slots: &mut HashMap<K, Arc<Flight<V>>>, key: &K, flight: &Arc<Flight<V>>) {
        if slots.get(key).is_some_and(|found| Arc::ptr_eq(found, flight)) {
            slots.remove(key);
        }
    }
}

impl<V> Flight<V> {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V: Clone> Waiter<K, V> {
    /// What the flight brings.
    pub(crate) async fn outcome(mut self) -> Result<V> {
        match self.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(Error::cancelled())),
            Err(_) => Err(Error::cancelled()),
        }
    }
}

impl<K: Hash + Eq, V> Drop for Waiter<K, V> {
    fn drop(&mut self) {
        let mut slots = self.flights.lock();
        let mut waiters = self.flight.count();
        *waiters = waiters.saturating_sub(1);
        if *waiters == 0 {
            self.flight.cancel.cancel();
            Flights::remove(&mut slots, &self.key, &self.flight);
        }
    }
}

impl<K: Hash + Eq, V> Pilot<K, V> {
    /// Ends the flight with `outcome`, for all who wait.
    pub(crate) fn land(self, outcome: Result<V>) {
        self.flight.outcome.send_replace(Some(outcome));
    }
}

impl<K: Hash + Eq, V> Drop for Pilot<K, V> {
    fn drop(&mut self) {
        Flights::remove(&mut self.flights.lock(), &self.key, &self.flight);
        self.flight.outcome.send_if_modified(|outcome| {
            let missing = outcome.is_none();
            if missing {
                *outcome = Some(Err(Error::cancelled()));
            }
            missing
        });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use projectile_core::ErrorKind;

    use super::*;

    type Seat = Waiter<u32, u32>;

    /// Joins flight 1; the pilot, if one was made, goes to `pilots`.
    fn join(flights: &Arc<Flights<u32, u32>>, pilots: &RefCell<Vec<(Pilot<u32, u32>, Cancel)>>) -> Seat {
        let joined = flights.join(
            1,
            || None,
            |pilot, cancel| {
                pilots.borrow_mut().push((pilot, cancel));
                Ok::<_, ()>(())
            },
        );
        match joined {
            Ok(Joined::Waiting(waiter)) => waiter,
            _ => panic!("it must wait"),
        }
    }

    #[tokio::test]
    async fn many_share_one_flight_and_all_get_what_it_brings() {
        let (flights, pilots) = (Flights::new(), RefCell::default());
        let seats: Vec<_> = (0..100).map(|_| join(&flights, &pilots)).collect();
        assert_eq!((pilots.borrow().len(), flights.len()), (1, 1));
        pilots.take().remove(0).0.land(Ok(7));
        assert_eq!(flights.len(), 0);
        for seat in seats {
            assert_eq!(seat.outcome().await, Ok(7));
        }
    }

    #[tokio::test]
    async fn the_last_to_leave_calls_it_off_and_the_next_starts_afresh() {
        let (flights, pilots) = (Flights::new(), RefCell::default());
        let (first, second) = (join(&flights, &pilots), join(&flights, &pilots));
        drop(first);
        assert!(!pilots.borrow()[0].1.is_cancelled());
        drop(second);
        assert!(pilots.borrow()[0].1.is_cancelled());
        assert_eq!(flights.len(), 0);
        let third = join(&flights, &pilots);
        let mut pilots = pilots.take();
        let (fresh, cancel) = pilots.remove(1);
        assert!(!cancel.is_cancelled());
        // The flight that was called off ends late, and takes neither the slot nor the outcome of the new one.
        drop(pilots);
        assert_eq!(flights.len(), 1);
        fresh.land(Ok(8));
        assert_eq!(third.outcome().await, Ok(8));
    }

    #[tokio::test]
    async fn a_pilot_that_vanishes_leaves_nobody_waiting() {
        let (flights, pilots) = (Flights::new(), RefCell::default());
        let seat = join(&flights, &pilots);
        drop(pilots);
        assert_eq!(flights.len(), 0);
        assert_eq!(seat.outcome().await.unwrap_err().kind(), ErrorKind::Cancelled);
    }

    /// How the work of a flight ends.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum End {
        Lands,
        Fails,
        Panics,
        Vanishes,
    }

    /// Somebody who wants 7, as the server does: what was kept, else a seat, else the work on another thread.
    async fn wants(
        flights: Arc<Flights<u32, u32>>,
        kept: Arc<Mutex<(Option<u32>, usize)>>,
        end: End,
    ) -> Result<u32> {
        let works = Arc::clone(&kept);
        let start = move |pilot: Pilot<u32, u32>, cancel: Cancel| {
            works.lock().unwrap().1 += 1;
            std::thread::spawn(move || {
                std::thread::yield_now();
                if cancel.is_cancelled() {
                    return;
                }
                // What goes on there unwinds past the pilot.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || match end {
                    End::Lands => {
                        works.lock().unwrap().0 = Some(7);
                        pilot.land(Ok(7));
                    }
                    End::Fails => pilot.land(Err(Error::internal("on purpose"))),
                    End::Panics => {
                        let _pilot = pilot;
                        std::panic::resume_unwind(Box::new("on purpose"));
                    }
                    End::Vanishes => drop(pilot),
                }));
            });
            Ok::<_, ()>(())
        };
        match flights.join(1, || kept.lock().unwrap().0, start) {
            Ok(Joined::Ready(value)) => Ok(value),
            Ok(Joined::Waiting(waiter)) => waiter.outcome().await,
            Err(()) => panic!("nothing is refused"),
        }
    }

    /// Everything at once, many times: the first leaves at some moment, as does a client that goes or whose time is up.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn however_a_flight_ends_and_whoever_leaves_the_others_hear_of_it_and_nothing_is_left() {
        const FOLLOWERS: usize = 8;
        const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
        for end in [End::Lands, End::Fails, End::Panics, End::Vanishes] {
            for round in 0..200u32 {
                let (flights, kept) = (Flights::new(), Arc::default());
                let come = || tokio::spawn(wants(Arc::clone(&flights), Arc::clone(&kept), end));
                let leader = come();
                if round % 2 == 0 {
                    tokio::task::yield_now().await;
                }
                let followers: Vec<_> = (0..FOLLOWERS).map(|_| come()).collect();
                for _ in 0..round % 16 {
                    tokio::task::yield_now().await;
                }
                leader.abort();
                for follower in followers {
                    let heard = tokio::time::timeout(PATIENCE, follower).await;
                    let outcome = heard.expect("somebody waits for ever").unwrap();
                    let expected = match end {
                        End::Lands => outcome == Ok(7),
                        End::Fails => outcome.is_err_and(|error| error.kind() == ErrorKind::Internal),
                        End::Panics | End::Vanishes => {
                            outcome.is_err_and(|error| error.kind() == ErrorKind::Cancelled)
                        }
                    };
                    assert!(expected, "{end:?} {round}");
                }
                let _ = leader.await;
                let until = std::time::Instant::now() + PATIENCE;
                while flights.len() > 0 {
                    assert!(
                        std::time::Instant::now() < until,
                        "{end:?} {round}: a flight is left"
                    );
                    std::thread::yield_now();
                }
                let works = kept.lock().unwrap().1;
                // One that was called off when the first left, and the next.
                let most = if end == End::Lands { 2 } else { FOLLOWERS + 1 };
                assert!((1..=most).contains(&works), "{end:?} {round}: {works} works");
            }
        }
    }

    #[test]
    fn a_refused_start_frees_the_slot() {
        let flights: Arc<Flights<u32, u32>> = Flights::new();
        assert!(matches!(
            flights.join(1, || None, |_pilot, _| Err("full")),
            Err("full")
        ));
        assert_eq!(flights.len(), 0);
        assert!(matches!(
            flights.join(1, || Some(3), |_, _| Err("full")),
            Ok(Joined::Ready(3))
        ));
    }
}
