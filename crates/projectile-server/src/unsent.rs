//! Answers that wait for their readers: how many bytes of them there may be, and who is cut when others need the room.

use projectile_core::sizes::to_u64;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::error::Problem;
use crate::respond::Reply;

/// Answers below it are not counted: they lie in the system's buffers at once.
const SMALL: usize = 16 << 10;
/// Answers below it are sent whatever waits: a page's tiles do not suffer from what others do not read.
const LARGE: usize = 1 << 20;
/// A reader that took nothing for so long is cut when others need the room. It has
/// [`Limits::stall`](crate::Limits::stall) when they don't.
const STALLED: Duration = Duration::from_secs(1);

/// What is held for all readers.
#[derive(Debug)]
pub(crate) struct Unsent {
    limit: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    next: u64,
    readers: HashMap<u64, Reader>,
}

/// A connection that was given more than a little.
#[derive(Debug, Default)]
struct Reader {
    bytes: u64,
    stalled: Option<Instant>,
    is_cut: bool,
    waker: Option<Waker>,
}

/// A connection's part in it.
#[derive(Debug)]
pub(crate) struct Seat {
    unsent: Arc<Unsent>,
    number: u64,
}

/// Bytes that count until they are sent, or their connection is gone.
struct Held {
    bytes: Bytes,
    seat: Arc<Seat>,
}

impl Unsent {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit,
            state: Mutex::default(),
        })
    }

    /// For a new connection.
    pub(crate) fn seat(self: &Arc<Self>) -> Arc<Seat> {
        let mut state = self.lock();
        state.next = state.next.saturating_add(1);
        Arc::new(Seat {
            unsent: Arc::clone(self),
            number: state.next,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Numbers only, each of them whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Cuts readers, those first that took nothing for longest, until `bytes` more are within `limit`, if that can be.
    fn make_room(&mut self, bytes: u64, limit: u64) -> bool {
        if self.bytes.saturating_add(bytes) <= limit {
            return true;
        }
        let cut: u64 = self
            .readers
            .values()
            .filter(|reader| reader.is_cut)
            .map(|reader| reader.bytes)
            .sum();
        let mut expected = self.bytes.saturating_sub(cut).saturating_add(bytes);
        while expected > limit {
            let longest = self
                .readers
                .values_mut()
                .filter(|reader| !reader.is_cut)
                .filter_map(|reader| Some((reader.stalled?, reader)))
                .min_by_key(|(since, _)| *since);
            let Some((_, reader)) = longest.filter(|(since, _)| since.elapsed() >= STALLED) else {
                // What is larger than the limit goes alone.
                return expected == bytes;
            };
            reader.is_cut = true;
            expected = expected.saturating_sub(reader.bytes);
            if let Some(waker) = reader.waker.take() {
                waker.wake();
            }
        }
        true
    }
}

impl Seat {
    /// The answer, counted until it is sent; or that there is no room for it.
    pub(crate) fn hold(self: &Arc<Self>, reply: Reply) -> Reply {
        let bytes = match reply.body().whole() {
            Some(bytes) if bytes.len() >= SMALL => bytes.clone(),
            _ => return reply,
        };
        let length = to_u64(bytes.len());
        {
            let mut state = self.unsent.lock();
            if !state.make_room(length, self.unsent.limit) && bytes.len() >= LARGE {
                let why = "more of answers waits for its readers than this server keeps";
                return Problem::busy(why, STALLED).reply();
            }
            state.bytes = state.bytes.saturating_add(length);
            let reader = state.readers.entry(self.number).or_default();
            reader.bytes = reader.bytes.saturating_add(length);
        }
        let seat = Arc::clone(self);
        reply.map(|_| Bytes::from_owner(Held { bytes, seat }).into())
    }

    /// The client took something.
    pub(crate) fn moves(&self) {
        if let Some(reader) = self.unsent.lock().readers.get_mut(&self.number) {
            reader.stalled = None;
        }
    }

    /// The client takes nothing now. Whether it has to go; if not, `context` is woken when it has.
    pub(crate) fn is_cut_while_stalled(&self, context: &Context<'_>) -> bool {
        let mut state = self.unsent.lock();
        let Some(reader) = state.readers.get_mut(&self.number) else {
            return false;
        };
        reader.stalled.get_or_insert_with(Instant::now);
        reader.waker = Some(context.waker().clone());
        reader.is_cut
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (length, number) = (to_u64(self.bytes.len()), self.seat.number);
        let mut state = self.seat.unsent.lock();
        state.bytes = state.bytes.saturating_sub(length);
        if let Some(reader) = state.readers.get_mut(&number) {
            reader.bytes = reader.bytes.saturating_sub(length);
            if reader.bytes == 0 {
                state.readers.remove(&number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    const MIB: usize = 1 << 20;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn answer(bytes: usize) -> Reply {
        Reply::new(Bytes::from(vec![0; bytes]).into())
    }

    #[test]
    fn bytes_count_until_they_are_dropped_and_small_ones_never() {
        let unsent = Unsent::new(8 * MIB as u64);
        let seat = unsent.seat();
        let held: Vec<Reply> = [1000, 2 * MIB, 3 * MIB]
            .map(|bytes| seat.hold(answer(bytes)))
            .into();
        assert_eq!(unsent.lock().bytes, 5 * MIB as u64);
        assert_eq!(held[2].body().whole().unwrap().len(), 3 * MIB);
        drop(held);
        let state = unsent.lock();
        assert_eq!((state.bytes, state.readers.len()), (0, 0));
    }

    #[test]
    fn a_large_answer_is_refused_where_there_is_no_room_but_a_tile_and_what_goes_alone_are_not() {
        let unsent = Unsent::new(4 * MIB as u64);
        let (first, second) = (unsent.seat(), unsent.seat());
        let alone = first.hold(answer(9 * MIB));
        assert_eq!(alone.status(), 200);
        let refused = second.hold(answer(MIB));
        assert_eq!(
            (
                refused.status().as_u16(),
                refused.headers()["retry-after"].as_bytes()
            ),
            (503, &b"1"[..])
        );
        assert_eq!(second.hold(answer(MIB - 1)).status(), 200);
        drop(alone);
        assert_eq!(second.hold(answer(MIB)).status(), 200);
    }

    #[test]
    fn who_took_nothing_for_longest_is_cut_where_others_need_the_room() {
        let unsent = Unsent::new(4 * MIB as u64);
        let (slow, slower, new) = (unsent.seat(), unsent.seat(), unsent.seat());
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let context = Context::from_waker(&waker);
        let held = [slow.hold(answer(2 * MIB)), slower.hold(answer(2 * MIB))];
        assert!(!slower.is_cut_while_stalled(&context));
        std::thread::sleep(STALLED);
        assert!(!slow.is_cut_while_stalled(&context));
        assert_eq!(new.hold(answer(2 * MIB)).status(), 200);
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(slower.is_cut_while_stalled(&context) && !slow.is_cut_while_stalled(&context));
        // The room of one that was cut is given once; one that takes something is not cut.
        slow.moves();
        let another = new.hold(answer(2 * MIB));
        assert_eq!(another.status(), 200);
        assert_eq!(new.hold(answer(MIB)).status(), 503);
        drop((held, another));
        assert_eq!(unsent.lock().bytes, 0);
    }
}
