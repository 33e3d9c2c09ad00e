//! A bounded pool of render threads: each client's jobs by turns, what nobody waits for never, and a clear "busy" when
//! the queue is full.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use projectile_core::Cancel;

use crate::queue::{Asker, Job, Queue};

/// Decoders recurse and keep blocks on the stack; threads touch only what they use of it.
const STACK_BYTES: usize = 8 << 20;

/// What a job takes until one has been measured.
const FIRST_GUESS: Duration = Duration::from_millis(20);

/// How long a job may go on that nobody waits for, until another thread takes the place of its own.
const LOST: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5_000 });

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
    /// Threads that were ever started.
    started: AtomicUsize,
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
    queue: Queue,
    /// A moving average of what a job takes.
    job_time: Duration,
    at_work: Vec<Working>,
    closed: bool,
}

/// A thread that has a job.
struct Working {
    thread: usize,
    cancel: Cancel,
    /// When it was first seen to go on although nobody waits for it.
    unwanted: Option<Instant>,
    is_replaced: bool,
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
            queue: Queue::default(),
            job_time: FIRST_GUESS,
            at_work: Vec::new(),
            closed: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            capacity: capacity.max(1),
            threads,
            running: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
        });
        let mut pool = Self {
            shared: Arc::clone(&shared),
            threads: Vec::new(),
        };
        for _ in 0..threads {
            pool.threads.push(Shared::start_thread(&shared)?);
        }
        Ok(pool)
    }

    /// Queues `run` for a client. It is dropped unrun if `cancel` is raised before its turn, or when another client needs
    /// its place that has fewer.
    pub(crate) fn submit(
        &self,
        asker: Asker,
        cancel: Cancel,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), Busy> {
        let (dropped, is_thread_lost, taken);
        {
            let mut state = self.shared.lock();
            is_thread_lost = state.loses_thread(self.shared.threads);
            dropped = if state.queue.len() >= self.shared.capacity {
                state.queue.make_room(asker)
            } else {
                Vec::new()
            };
            taken = if state.queue.len() >= self.shared.capacity {
                let waiting = u32::try_from(state.queue.len()).unwrap_or(u32::MAX);
                let threads = u32::try_from(self.shared.threads).unwrap_or(u32::MAX);
                let all = state.job_time.saturating_mul(waiting);
                let retry_after = all.checked_div(threads).unwrap_or(all);
                Err(Busy { retry_after })
            } else {
                state.queue.add(Job::new(asker, cancel, run));
                Ok(())
            };
        }
        if is_thread_lost {
            tracing::error!("work that was called off does not end; another thread takes its place");
            if let Err(error) = Shared::start_thread(&self.shared) {
                tracing::error!(%error, "no other thread can be had");
            }
        }
        self.shared.work.notify_one();
        // Outside the lock: a dropped job tells those who waited for it.
        drop(dropped);
        taken
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
    /// Looks for a thread whose job goes on although nobody waits for it, and has for long. True once for each; as many
    /// may be lost at a time as there should be.
    fn loses_thread(&mut self, threads: usize) -> bool {
        let replaced = self.at_work.iter().filter(|working| working.is_replaced).count();
        for working in &mut self.at_work {
            if working.is_replaced || !working.cancel.is_cancelled() {
                continue;
            }
            let since = *working.unwanted.get_or_insert_with(Instant::now);
            if since.elapsed() >= LOST && replaced < threads {
                working.is_replaced = true;
                return true;
            }
        }
        false
    }

    /// Takes note that a thread's job is done. Answers whether another thread has taken its place.
    fn done(&mut self, thread: usize) -> bool {
        let at = self.at_work.iter().position(|working| working.thread == thread);
        at.is_some_and(|at| self.at_work.swap_remove(at).is_replaced)
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
            match state.queue.take() {
                Some(job) => return Some(job),
                None => state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn start_thread(this: &Arc<Self>) -> std::io::Result<JoinHandle<()>> {
        let (shared, number) = (Arc::clone(this), this.started.fetch_add(1, Ordering::Relaxed));
        std::thread::Builder::new()
            .name(format!("render-{number}"))
            .stack_size(STACK_BYTES)
            .spawn(move || shared.work(number))
    }

    /// Does jobs, until there is no pool any more or a job took so long that this thread was given up.
    fn work(&self, thread: usize) {
        while let Some(job) = self.next() {
            if job.cancel.is_cancelled() {
                continue;
            }
            self.lock().at_work.push(Working {
                thread,
                cancel: job.cancel.clone(),
                unwanted: None,
                is_replaced: false,
            });
            self.running.fetch_add(1, Ordering::Relaxed);
            let started = Instant::now();
            if catch_unwind(AssertUnwindSafe(job.run)).is_err() {
                tracing::error!("a render job panicked; its thread goes on");
            }
            let took = started.elapsed();
            self.running.fetch_sub(1, Ordering::Relaxed);
            let mut state = self.lock();
            if state.done(thread) {
                return;
            }
            let eight = state.job_time.saturating_mul(7).saturating_add(took);
            state.job_time = eight.checked_div(8).unwrap_or(took);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::queue::PATIENCE;

    /// Occupies the pool's only thread until the sender is dropped.
    fn occupy(pool: &Pool) -> mpsc::Sender<()> {
        let (release, wait) = mpsc::channel::<()>();
        let (started, is_started) = mpsc::channel();
        pool.submit(Asker::default(), Cancel::new(), move || {
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
            pool.submit(Asker::default(), cancel, move || sender.send(number).unwrap())
                .unwrap();
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
            pool.submit(Asker::default(), Cancel::new(), move || {
                sender.send(number).unwrap();
            })
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
        pool.submit(Asker::default(), gone.clone(), || ()).unwrap();
        pool.submit(Asker::default(), Cancel::new(), || ()).unwrap();
        assert!(
            pool.submit(Asker::default(), Cancel::new(), || ())
                .unwrap_err()
                .retry_after
                > Duration::ZERO
        );
        gone.cancel();
        pool.submit(Asker::default(), Cancel::new(), || ()).unwrap();
        assert_eq!((pool.running(), pool.waiting()), (1, 2));
    }

    #[test]
    fn a_thread_whose_job_ignores_that_it_was_called_off_is_replaced() {
        let pool = Pool::new(1, 8).unwrap();
        let (release, wait) = mpsc::channel::<()>();
        let (started, is_started) = mpsc::channel();
        let gone = Cancel::new();
        pool.submit(Asker::default(), gone.clone(), move || {
            started.send(()).unwrap();
            let _ = wait.recv();
        })
        .unwrap();
        is_started.recv().unwrap();
        gone.cancel();
        let (sender, order) = mpsc::channel();
        let submit = |number: i32| {
            let sender = sender.clone();
            pool.submit(Asker::default(), Cancel::new(), move || {
                sender.send(number).unwrap();
            })
            .unwrap();
        };
        submit(0);
        assert!(order.recv_timeout(LOST).is_err(), "the only thread is held");
        std::thread::sleep(LOST);
        submit(1);
        let done: Vec<_> = order.iter().take(2).collect();
        assert_eq!(done, [1, 0]);
        // The thread that was given up ends with its job.
        while pool.shared.lock().at_work.len() > 1 {
            std::thread::yield_now();
        }
        drop(release);
        while pool.running() > 0 || !pool.shared.lock().at_work.is_empty() {
            std::thread::yield_now();
        }
        submit(2);
        assert_eq!(order.recv(), Ok(2));
    }

    #[test]
    fn a_panic_leaves_the_thread_alive() {
        let pool = Pool::new(1, 8).unwrap();
        let (sender, receiver) = mpsc::channel();
        pool.submit(Asker::default(), Cancel::new(), || panic!("on purpose"))
            .unwrap();
        pool.submit(Asker::default(), Cancel::new(), move || sender.send(7).unwrap())
            .unwrap();
        assert_eq!(receiver.recv(), Ok(7));
    }
}
