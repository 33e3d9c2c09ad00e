//! From a tile's request to the tile: the cache, the flight, the pool.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use projectile_core::geometry::MOST_PIXELS;
use projectile_core::{Cancel, Error, ErrorKind, Image, Residence, Result, Tile, TileRequest};
use tokio::sync::oneshot;

use super::App;
use crate::cache::{Key, Ready};
use crate::catalog::Entry;
use crate::error::Problem;
use crate::flight::Joined;
use crate::pool::{Busy, Pool};
use crate::queue::Asker;
use crate::respond::{self, Reply};
use crate::trace;

/// Threads that wait for sources far away: more than cores, as they mostly wait.
const WAITING_THREADS: usize = 32;

impl App {
    pub(super) async fn tile(
        &self,
        entry: Arc<Entry>,
        request: TileRequest,
        pinned: Option<u64>,
        (asked, asker): (&HeaderMap, Asker),
    ) -> Result<Reply, Problem> {
        self.check_pixels(&entry, std::iter::once(&request))?;
        // Before a pixel is read: what changes meanwhile belongs to a later revision.
        let revision = entry.image.revision_of(&request);
        let pinned = pinned.is_some_and(|named| (revision..=entry.image.revision()).contains(&named));
        let key = Key::new(entry.number, (entry.image.version(), revision), request);
        let etag = respond::tile_etag(&key);
        if let Some(reply) = respond::unchanged_tile(&etag, pinned, asked) {
            return Ok(reply);
        }
        let tile = self.made(&entry, key, asker).await?;
        Ok(respond::tile(tile, etag, pinned))
    }

    /// A tile, from wherever it is had soonest.
    pub(super) async fn made(&self, entry: &Arc<Entry>, key: Key, asker: Asker) -> Result<Ready, Problem> {
        if entry.image.is_quick(key.request()) {
            // Made here in less time than another thread takes to wake up, so it needs neither pool nor cache.
            let tile = entry
                .strikes
                .guard(|| entry.image.render(key.request(), &Cancel::new()));
            self.metrics.renders.ended(&tile);
            return Ok(Ready::from(tile?));
        }
        self.kept(entry, key, asker).await
    }

    /// A tile that was kept, or else is rendered on the pool.
    pub(super) async fn kept(&self, entry: &Arc<Entry>, key: Key, asker: Asker) -> Result<Ready, Problem> {
        if let Some(tile) = self.cache.get(&key) {
            self.metrics.cache_hits.inc();
            return Ok(tile);
        }
        self.metrics.cache_misses.inc();
        self.render(entry, key, asker).await
    }

    /// That no more pixels are asked for than this server gives.
    pub(super) fn check_pixels<'a>(
        &self,
        entry: &Entry,
        requests: impl ExactSizeIterator<Item = &'a TileRequest>,
    ) -> Result<()> {
        let most = self.options.limits.pixels;
        if most >= MOST_PIXELS && requests.len() == 1 {
            // Nobody has more.
            return Ok(());
        }
        let pixels = |request: &TileRequest| {
            let (rows, columns) = request.area.place(entry.image.grid())?.size;
            Ok(u64::from(rows).saturating_mul(columns.into()))
        };
        let asked = requests.map(pixels).try_fold(0, |all: u64, one: Result<u64>| {
            one.map(|one| all.saturating_add(one))
        })?;
        if asked <= most {
            return Ok(());
        }
        Err(Error::limit(format!(
            "{asked} pixels are asked for, and at most {most} are given at a time"
        )))
    }

    /// Renders a tile, or waits for whoever renders it already.
    async fn render(&self, entry: &Arc<Entry>, key: Key, asker: Asker) -> Result<Ready, Problem> {
        let start = |pilot: crate::flight::Pilot<Key, Ready>, cancel: Cancel| {
            let (entry, key) = (Arc::clone(entry), key.clone());
            let (cache, builder) = (Arc::clone(&self.cache), Arc::clone(&self.builder));
            let (flag, span) = (cancel.clone(), trace::render());
            let renders = self.metrics.renders.clone();
            self.pool_for(&entry.image.clone())
                .submit(asker, cancel, move || {
                    let _span = span.entered();
                    let tile = entry
                        .strikes
                        .guard(|| rendered(&entry.image, key.request(), &flag))
                        .map(Ready::from);
                    renders.ended(&tile);
                    // One that failed may have asked for levels, too.
                    if entry.image.wants_build() {
                        builder.wake(&entry);
                    }
                    if let Ok(tile) = &tile {
                        // Before the flight lands: who comes between the two finds it here.
                        cache.keep(key, tile);
                    }
                    pilot.land(tile);
                })
        };
        let joined = self.flights.join(key.clone(), || self.cache.get(&key), start);
        match joined.map_err(busy)? {
            Joined::Ready(tile) => Ok(tile),
            Joined::Waiting(waiter) => self.in_time(waiter.outcome()).await,
        }
    }

    /// The threads that work on an image.
    pub(super) fn pool_for(&self, image: &Image) -> &Pool {
        if image.residence() != Residence::Remote {
            return &self.pool;
        }
        let waiting = self.waiting.get_or_init(|| {
            Pool::new(WAITING_THREADS, self.options.queue)
                .inspect_err(|error| tracing::error!(%error, "no threads to wait with"))
                .ok()
        });
        waiting.as_ref().unwrap_or(&self.pool)
    }

    /// Runs `job` on the pool for `image`; it is called off when this future is dropped.
    pub(super) async fn on_pool<T: Send + 'static>(
        &self,
        entry: &Arc<Entry>,
        asker: Asker,
        job: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        struct CallOff(Cancel);
        impl Drop for CallOff {
            fn drop(&mut self) {
                self.0.cancel();
            }
        }
        let cancel = CallOff(Cancel::new());
        let (flag, span) = (cancel.0.clone(), trace::render());
        let (sender, outcome) = oneshot::channel();
        let seen = Arc::clone(entry);
        self.pool_for(&entry.image)
            .submit(asker, flag.clone(), move || {
                let _span = span.entered();
                // Nobody may be there any more to hear it.
                let _ = sender.send(seen.strikes.guard(|| job(&flag)));
            })
            .map_err(busy)?;
        self.in_time(async { outcome.await.unwrap_or_else(|_| Err(Error::cancelled())) })
            .await
    }

    /// Waits for work on a pool for as long as a request may. What waits is dropped then, which calls the work off where
    /// nobody else waits for it.
    pub(super) async fn in_time<T, E>(
        &self,
        outcome: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Problem>
    where
        Problem: From<E>,
    {
        let Some(deadline) = self.options.deadline else {
            return Ok(outcome.await?);
        };
        match tokio::time::timeout(deadline, outcome).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(Problem::busy(
                format!(
                    "it is not ready after {} s, the longest that a request may take",
                    deadline.as_secs_f64()
                ),
                Duration::from_secs(1),
            )),
        }
    }
}

/// A tile, or where what it shows is corrupt one that says so.
fn rendered(image: &Image, request: &TileRequest, cancel: &Cancel) -> Result<Tile> {
    match image.render(request, cancel) {
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            tracing::warn!(
                image = image.name(),
                area = ?request.area,
                error = error.message(),
                "a tile cannot be read"
            );
            image.error_tile(request, error)
        }
        rendered => rendered,
    }
}

fn busy(Busy { retry_after }: Busy) -> Problem {
    Problem::busy(
        "more tiles wait to be rendered than this server keeps in its queue",
        retry_after,
    )
}
