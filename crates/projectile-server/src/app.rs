//! From a request to its answer: the front door, the protocols, the cache, the pool.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::header::{ALLOW, FORWARDED, HeaderName, VIA};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use projectile_core::{Cancel, Effort, Error, ErrorKind, Image, Result, TileRequest};
use tokio::sync::{Semaphore, oneshot};

use crate::address::Address;
use crate::builder::Builder;
use crate::cache::{Cache, Key, Ready};
use crate::catalog::{Catalog, Entry};
use crate::error::Problem;
use crate::flight::{Flights, Joined};
use crate::options::{Options, Page};
use crate::pool::{Busy, Pool};
use crate::protocol::{self, Call, World};
use crate::respond::{self, Document, Reply};
use crate::security::headers;
use crate::security::token::Pass;
use crate::viewer;

/// The longest address that is read.
const LONGEST_ADDRESS: usize = 4 << 10;

/// Everything that answers requests.
#[derive(Debug)]
pub(crate) struct App {
    catalog: Catalog,
    options: Options,
    /// Shared with the jobs, which keep what they made before they tell of it.
    cache: Arc<Cache>,
    flights: Arc<Flights<Key, Ready>>,
    pool: Pool,
    builder: Arc<Builder>,
    in_flight: Semaphore,
}

impl App {
    pub(crate) fn new(images: impl IntoIterator<Item = Image>, options: Options) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Ok(Self {
            catalog: Catalog::new(images),
            cache: Arc::new(Cache::new(options.cache_bytes)),
            flights: Flights::new(),
            pool: Pool::new(options.threads.unwrap_or(cores), options.queue)?,
            builder: Arc::new(Builder::new(cores)?),
            in_flight: Semaphore::new(options.limits.in_flight),
            options,
        })
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Calls off work that no request waits for.
    pub(crate) fn stop(&self) {
        self.builder.stop();
    }

    /// Answers a request. `peer` is the client's address, where it is known.
    pub(crate) async fn answer(&self, parts: &Parts, peer: Option<IpAddr>) -> Reply {
        let mut reply = match self.admit(parts, peer).await {
            Ok(reply) => reply,
            Err(problem) => problem.reply(),
        };
        headers::everywhere(reply.headers_mut());
        if reply.status() == StatusCode::METHOD_NOT_ALLOWED || parts.method == Method::OPTIONS {
            reply
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
        }
        tracing::debug!(method = %parts.method, path = %parts.uri.path(), status = reply.status().as_u16(), "answered");
        respond::without_body(&parts.method, reply)
    }

    /// The front door: by which name, by which method, with which token, and whether there is room.
    async fn admit(&self, parts: &Parts, peer: Option<IpAddr>) -> Result<Reply, Problem> {
        self.options.hosts.check(&parts.uri, &parts.headers)?;
        match parts.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => {
                let mut reply = Reply::default();
                *reply.status_mut() = StatusCode::NO_CONTENT;
                return Ok(reply);
            }
            _ => {
                return Err(Problem::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "only GET, HEAD and OPTIONS",
                ));
            }
        }
        let length = parts.uri.path().len() + parts.uri.query().map_or(0, str::len);
        if length > LONGEST_ADDRESS {
            return Err(Problem::new(
                StatusCode::URI_TOO_LONG,
                "an address has at most 4096 characters",
            ));
        }
        if parts.uri.path() == "/healthz" {
            // Outside of token and limit: whoever asks must learn that a busy server lives.
            return self.reply(parts, peer).await;
        }
        if let Some(token) = &self.options.token
            && let Pass::Exchange(reply) = token.check(&parts.uri, &parts.headers)?
        {
            return Ok(*reply);
        }
        let _room = self.in_flight.try_acquire().map_err(|_| {
            Problem::busy(
                "more requests than this server answers at a time",
                std::time::Duration::from_secs(1),
            )
        })?;
        self.reply(parts, peer).await
    }

    async fn reply(&self, parts: &Parts, peer: Option<IpAddr>) -> Result<Reply, Problem> {
        let address = Address::parse(&parts.uri)?;
        if let Some(reply) = self.page(&address.path(), &parts.headers).await {
            return reply;
        }
        let world = World {
            catalog: &self.catalog,
            tile_size: self.options.tile_size,
            quality: self.options.quality,
            effort: self.options.png.unwrap_or_else(|| effort(peer, &parts.headers)),
        };
        match protocol::parse(&address, &world)? {
            Call::Tile {
                entry,
                request,
                pinned,
            } => self.tile(entry, request, pinned, &parts.headers).await,
            Call::Document(document) => Ok(respond::document(document, &parts.headers)),
            Call::Work { entry, work } => {
                let (image, builder) = (entry.image.clone(), Arc::clone(&self.builder));
                let document: Document = self.on_pool(move |cancel| work(&entry, cancel)).await?;
                // A description asks for the levels that it calls provisional.
                builder.wake(&image);
                Ok(respond::document(document, &parts.headers))
            }
        }
    }

    /// What is at `/` and under `/viewer`; `None` for any other path.
    async fn page(&self, path: &[&str], asked: &HeaderMap) -> Option<Result<Reply, Problem>> {
        let file = match path {
            [""] => "index.html".to_owned(),
            ["viewer", ..] => path.join("/"),
            _ => return None,
        };
        Some(match &self.options.page {
            Page::Client(template) if file == "index.html" => self.client_page(template).await,
            Page::Folder(folder) => viewer::from_folder(folder, &file, asked).await,
            Page::Client(_) | Page::Viewer => viewer::embedded(&file, asked),
        })
    }

    /// The user's own page, told of the colormap that was asked for, if any.
    async fn client_page(&self, template: &str) -> Result<Reply, Problem> {
        let chosen = self
            .catalog
            .first()
            .filter(|entry| entry.image.options().colormap.is_some());
        let cmap_string = match chosen {
            None => String::new(),
            Some(entry) => {
                let image = entry.image.clone();
                self.on_pool(move |cancel| {
                    let window = image.display(cancel)?.window;
                    let name = image.colormap().map_or("gray", |map| map.name);
                    Ok(format!("/{name}/{}/{}", window.vmin, window.vmax))
                })
                .await?
            }
        };
        Ok(viewer::client_page(
            template,
            self.options.tile_size,
            &cmap_string,
        ))
    }

    async fn tile(
        &self,
        entry: Arc<Entry>,
        request: TileRequest,
        pinned: bool,
        asked: &HeaderMap,
    ) -> Result<Reply, Problem> {
        let version = entry.image.version();
        let key = Key::new(entry.number, version, request);
        let etag = respond::tile_etag(&key, version);
        if let Some(reply) = respond::unchanged_tile(&etag, pinned, asked) {
            return Ok(reply);
        }
        if entry.image.is_quick(key.request()) {
            // Made here in less time than another thread takes to wake up, so it needs neither pool nor cache.
            let tile = caught(|| entry.image.render(key.request(), &Cancel::new()))?;
            return Ok(respond::tile(Ready::from(tile), etag, pinned));
        }
        let tile = match self.cache.get(&key) {
            Some(tile) => tile,
            None => self.render(&entry, key).await?,
        };
        Ok(respond::tile(tile, etag, pinned))
    }

    /// Renders a tile, or waits for whoever renders it already.
    async fn render(&self, entry: &Entry, key: Key) -> Result<Ready, Problem> {
        let start = |pilot: crate::flight::Pilot<Key, Ready>, cancel: Cancel| {
            let (image, key) = (entry.image.clone(), key.clone());
            let (cache, builder) = (Arc::clone(&self.cache), Arc::clone(&self.builder));
            let flag = cancel.clone();
            self.pool.submit(cancel, move || {
                let tile = caught(|| image.render(key.request(), &flag)).map(Ready::from);
                if let Ok(tile) = &tile {
                    if tile.provisional {
                        builder.wake(&image);
                    }
                    // Before the flight lands: who comes between the two finds it here.
                    cache.keep(key, tile);
                }
                pilot.land(tile);
            })
        };
        let joined = self.flights.join(key.clone(), || self.cache.get(&key), start);
        match joined.map_err(busy)? {
            Joined::Ready(tile) => Ok(tile),
            Joined::Waiting(waiter) => Ok(waiter.outcome().await?),
        }
    }

    /// Runs `job` on the pool; it is called off when this future is dropped.
    async fn on_pool<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        struct CallOff(Cancel);
        impl Drop for CallOff {
            fn drop(&mut self) {
                self.0.cancel();
            }
        }
        let cancel = CallOff(Cancel::new());
        let flag = cancel.0.clone();
        let (sender, outcome) = oneshot::channel();
        self.pool
            .submit(flag.clone(), move || {
                // Nobody may be there any more to hear it.
                let _ = sender.send(caught(|| job(&flag)));
            })
            .map_err(busy)?;
        let outcome = outcome.await.unwrap_or_else(|_| Err(Error::cancelled()));
        Ok(outcome?)
    }
}

fn busy(Busy { retry_after }: Busy) -> Problem {
    Problem::busy(
        "more tiles wait to be rendered than this server keeps in its queue",
        retry_after,
    )
}

/// A panic is an error of ours; the thread that it came to lives on.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic");
        Err(Error::new(
            ErrorKind::Internal,
            format!("a render panicked: {text}"),
        ))
    })
}

/// How hard PNG tiles are compressed for this client: not at all on this machine, where bytes cost nothing.
fn effort(peer: Option<IpAddr>, headers: &HeaderMap) -> Effort {
    const PROXIED: [HeaderName; 4] = [
        FORWARDED,
        VIA,
        HeaderName::from_static("x-forwarded-for"),
        HeaderName::from_static("x-real-ip"),
    ];
    let here = peer.is_some_and(|address| address.to_canonical().is_loopback());
    let proxied = PROXIED.iter().any(|name| headers.contains_key(name));
    if here && !proxied {
        Effort::Stored
    } else {
        Effort::Fast
    }
}
