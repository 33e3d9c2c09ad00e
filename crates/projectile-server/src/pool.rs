//! A bounded pool of render threads: the newest job first, but none for ever last, what nobody waits for never, and a
//! clear "busy" when the queue is full.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use projectile_core::Cancel;

/// Decoders recurse and keep blocks on the stack; threads touch only what they use of it.
const STACK_BYTES: usize = 8 << 20;

/// What a job takes until one has been measured.
const FIRST_GUESS: Duration = Duration::from_millis(20);

/// How long a job waits before its turn comes as often as that of the newest: whoever asks for much at a time would
/// otherwise get the rest of it when nobody asks for anything any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// Threads that run jobs. Dropping it ends them when their current job is done; what is queued is dropped.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    capacity: usize,
    threads: usize,
    running: AtomicUsize,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("capacity", &self.capacity)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

struct State {
    /// The newest at the back.
    queue: VecDeque<Job>,
    /// Whether the last job that was taken was the oldest one.
    took_oldest: bool,
    /// A moving average of what a job takes.
    job_time: Duration,
    closed: bool,
}

struct Job {
    since: Instant,
    cancel: Cancel,
    run: Box<dyn FnOnce() + Send>,
}

/// The queue is full; it should be empty after this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy {
    pub(crate) retry_after: Duration,
}

impl Pool {
    /// A pool of `threads` threads, in front of which at most `capacity` jobs wait.
    pub(crate) fn new(threads: usize, capacity: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let state = State {
            queue: VecDeque::new(),
            took_oldest: false,
            job_time: FIRST_GUESS,
            closed: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            capacity: capacity.max(1),
            threads,
            running: AtomicUsize::new(0),
        });
        let mut pool = Self {
            shared: Arc::clone(&shared),
            threads: Vec::new(),
        };
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new()
                .name(format!("render-{number}"))
                .stack_size(STACK_BYTES)
                .spawn(move || shared.work())?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Queues `run`, which is dropped unrun if `cancel` is raised before its turn.
    pub(crate) fn submit(&self, cancel: Cancel, run: impl FnOnce() + Send + 'static) -> Result<(), Busy> {
        let dropped;
        {
            let mut state = self.shared.lock();
            dropped = if state.queue.len() >= self.shared.capacity {
                state.forget_cancelled()
            } else {
                Vec::new()
            };
            if state.queue.len() >= self.shared.capacity {
                let waiting = u32::try_from(state.queue.len()).unwrap_or(u32::MAX);
                let retry_after = state.job_time.saturating_mul(waiting) / self.shared.threads as u32;
                return Err(Busy { retry_after });
            }
            state.queue.push_back(Job {
                since: Instant::now(),
                cancel,
                run: Box::new(run),
            });
        }
        self.shared.work.notify_one();
        // Outside the lock: a dropped job tells those who waited for it.
        drop(dropped);
        Ok(())
    }

    /// Jobs that run now.
    pub(crate) fn running(&self) -> usize {
        self.shared.running.load(Ordering::Relaxed)
    }

    /// Jobs that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.lock().queue.len()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let queue = {
            let mut state = self.shared.lock();
            state.closed = true;
            std::mem::take(&mut state.queue)
        };
        drop(queue);
        self.shared.work.notify_all();
        // Not joined: a job that does not look at its flag must not hold up the end of the process.
        self.threads.clear();
    }
}

impl State {
    /// The newest job, or by turns the oldest where it has waited long.
    fn take(&mut self) -> Option<Job> {
        let waits = self
            .queue
            .front()
            .is_some_and(|job| job.since.elapsed() >= PATIENCE);
        self.took_oldest = waits && !self.took_oldest;
        if self.took_oldest {
            self.queue.pop_front()
        } else {
            self.queue.pop_back()
        }
    }

    fn forget_cancelled(&mut self) -> Vec<Job> {
        let (gone, kept) = self
            .queue
            .drain(..)
            .partition(|job: &Job| job.cancel.is_cancelled());
        self.queue = VecDeque::from(kept);
        gone
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Jobs run outside the lock, so a poisoned one holds nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            match state.take() {
                Some(job) => return Some(job),
                None => state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            if job.cancel.is_cancelled() {
                continue;
            }
            self.running.fetch_add(1, Ordering::Relaxed);
            let started = Instant::now();
            if catch_unwind(AssertUnwindSafe(job.run)).is_err() {
                tracing::error!("a render job panicked; its thread goes on");
            }
            let took = started.elapsed();
            self.running.fetch_sub(1, Ordering::Relaxed);
            let mut state = self.lock();
            state.job_time = (state.job_time * 7 + took) / 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Occupies the pool's only thread until the sender is dropped.
    fn occupy(pool: &Pool) -> mpsc::Sender<()> {
        let (release, wait) = mpsc::channel::<()>();
        let (started, is_started) = mpsc::channel();
        pool.submit(Cancel::new(), move || {
            started.send(()).unwrap();
            let _ = wait.recv();
        })
        .unwrap();
        is_started.recv().unwrap();
        release
    }

    #[test]
    fn the_newest_job_runs_first_and_a_cancelled_one_never() {
        let pool = Pool::new(1, 8).unwrap();
        let release = occupy(&pool);
        let (sender, order) = mpsc::channel();
        let gone = Cancel::new();
        for number in 0..4 {
            let sender = sender.clone();
            let cancel = if number == 2 { gone.clone() } else { Cancel::new() };
            pool.submit(cancel, move || sender.send(number).unwrap()).unwrap();
        }
        gone.cancel();
        drop((release, sender));
        assert_eq!(order.iter().collect::<Vec<_>>(), [3, 1, 0]);
    }

    #[test]
    fn whoever_has_waited_long_gets_every_second_turn() {
        let pool = Pool::new(1, 16).unwrap();
        let release = occupy(&pool);
        let (sender, order) = mpsc::channel();
        let submit = |number: i32| {
            let sender = sender.clone();
            pool.submit(Cancel::new(), move || sender.send(number).unwrap())
                .unwrap();
        };
        (0..2).for_each(&submit);
        std::thread::sleep(PATIENCE);
        (2..6).for_each(&submit);
        drop((release, sender));
        assert_eq!(order.iter().collect::<Vec<_>>(), [0, 5, 1, 4, 3, 2]);
    }

    #[test]
    fn a_full_queue_is_busy_until_a_waiting_job_is_cancelled() {
        let pool = Pool::new(1, 2).unwrap();
        let _release = occupy(&pool);
        let gone = Cancel::new();
        pool.submit(gone.clone(), || ()).unwrap();
        pool.submit(Cancel::new(), || ()).unwrap();
        assert!(pool.submit(Cancel::new(), || ()).unwrap_err().retry_after > Duration::ZERO);
        gone.cancel();
        pool.submit(Cancel::new(), || ()).unwrap();
        assert_eq!((pool.running(), pool.waiting()), (1, 2));
    }

    #[test]
    fn a_panic_leaves_the_thread_alive() {
        let pool = Pool::new(1, 8).unwrap();
        let (sender, receiver) = mpsc::channel();
        pool.submit(Cancel::new(), || panic!("on purpose")).unwrap();
        pool.submit(Cancel::new(), move || sender.send(7).unwrap())
            .unwrap();
        assert_eq!(receiver.recv(), Ok(7));
    }
}
