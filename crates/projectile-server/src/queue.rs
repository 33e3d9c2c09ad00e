//! The jobs that wait, and whose turn it is: each client's by turns, however many it has; of a client's own the newest
//! first, but none for ever last.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use projectile_core::Cancel;

/// How long a job waits before its turn comes as often as that of the newest: whoever asks for much at a time would
/// otherwise get the rest of it when nobody asks for anything any more.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// For whom a job is; those whose address is not known are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Asker(Option<IpAddr>);

impl Asker {
    /// A client's address. Of the newer ones each network counts as one, as it has more than can be counted.
    pub(crate) fn new(peer: Option<IpAddr>) -> Self {
        Self(peer.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            address @ IpAddr::V4(_) => address,
        }))
    }
}

pub(crate) struct Job {
    asker: Asker,
    since: Instant,
    pub(crate) cancel: Cancel,
    pub(crate) run: Box<dyn FnOnce() + Send>,
}

impl Job {
    pub(crate) fn new(asker: Asker, cancel: Cancel, run: impl FnOnce() + Send + 'static) -> Self {
        Self {
            asker,
            since: Instant::now(),
            cancel,
            run: Box::new(run),
        }
    }
}

#[derive(Default)]
pub(crate) struct Queue {
    /// The newest at the back.
    jobs: VecDeque<Job>,
    /// Which turn was the last one of each client that had one and waits for the next.
    turns: HashMap<Asker, u64>,
    turn: u64,
    /// Whether the last job that was taken was the oldest one.
    took_oldest: bool,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(crate) fn add(&mut self, job: Job) {
        self.jobs.push_back(job);
    }

    /// Of the client that had no turn for longest, the newest job, or by turns the oldest where it has waited long.
    pub(crate) fn take(&mut self) -> Option<Job> {
        let askers = self.jobs.iter().map(|job| job.asker);
        let next = askers.min_by_key(|asker| self.turns.get(asker))?;
        let is_its = |job: &Job| job.asker == next;
        let oldest = self.jobs.iter().position(is_its)?;
        let waits = self.jobs.get(oldest)?.since.elapsed() >= PATIENCE;
        self.took_oldest = waits && !self.took_oldest;
        let at = if self.took_oldest {
            oldest
        } else {
            self.jobs.iter().rposition(is_its)?
        };
        let job = self.jobs.remove(at);
        self.turn = self.turn.saturating_add(1);
        if self.jobs.iter().any(is_its) {
            self.turns.insert(next, self.turn);
        } else {
            self.turns.remove(&next);
        }
        job
    }

    /// Takes out what nobody waits for, else the oldest job of who has most, if that is more than `asker` would have.
    pub(crate) fn make_room(&mut self, asker: Asker) -> Vec<Job> {
        let (mut gone, kept): (Vec<Job>, Vec<Job>) =
            self.jobs.drain(..).partition(|job| job.cancel.is_cancelled());
        self.jobs = VecDeque::from(kept);
        if gone.is_empty() {
            let mut counts = HashMap::<Asker, usize>::new();
            for job in &self.jobs {
                let count = counts.entry(job.asker).or_default();
                *count = count.saturating_add(1);
            }
            let own = counts.get(&asker).copied().unwrap_or_default();
            let most = counts.into_iter().max_by_key(|(_, count)| *count);
            if let Some((greediest, count)) = most
                && count > own.saturating_add(1)
                && let Some(at) = self.jobs.iter().position(|job| job.asker == greediest)
            {
                gone.extend(self.jobs.remove(at));
            }
        }
        self.turns
            .retain(|asker, _| self.jobs.iter().any(|job| job.asker == *asker));
        gone
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn asker(number: u8) -> Asker {
        Asker::new(Some(IpAddr::from([192, 0, 2, number])))
    }

    /// What jobs tell when they are run in their turn, or dropped.
    fn queue(jobs: &[(u8, u32)]) -> (Queue, mpsc::Receiver<u32>) {
        let (sender, told) = mpsc::channel();
        let mut queue = Queue::default();
        for &(client, number) in jobs {
            let sender = sender.clone();
            queue.add(Job::new(asker(client), Cancel::new(), move || {
                sender.send(number).unwrap();
            }));
        }
        (queue, told)
    }

    fn run(mut queue: Queue) {
        while let Some(job) = queue.take() {
            (job.run)();
        }
        assert!(queue.turns.is_empty());
    }

    #[test]
    fn clients_have_turns_and_of_each_the_newest_is_first() {
        let (queue, told) = queue(&[(1, 10), (1, 11), (1, 12), (2, 20), (1, 13), (3, 30), (3, 31)]);
        run(queue);
        assert_eq!(told.iter().collect::<Vec<_>>(), [13, 20, 31, 12, 30, 11, 10]);
    }

    #[test]
    fn a_full_queue_has_room_for_who_has_less_than_another() {
        let (mut queue, told) = queue(&[(1, 10), (1, 11), (1, 12), (2, 20)]);
        assert!(queue.make_room(asker(1)).is_empty());
        assert_eq!(queue.make_room(asker(3)).len(), 1);
        assert!(queue.make_room(asker(2)).is_empty(), "both would have two");
        run(queue);
        assert_eq!(told.iter().collect::<Vec<_>>(), [12, 20, 11]);
    }

    #[test]
    fn a_network_of_the_newer_addresses_is_one_client() {
        let [a, b, c] =
            ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"].map(|text| Asker::new(text.parse().ok()));
        assert!(a == b && a != c);
        assert_eq!(Asker::new("::ffff:192.0.2.7".parse().ok()), asker(7));
    }
}
