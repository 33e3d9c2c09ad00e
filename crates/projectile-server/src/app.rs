//! From a request to its answer: the front door, the protocols, the cache, the pool.

use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::header::{ALLOW, CONTENT_TYPE, FORWARDED, HeaderName, LINK, VIA};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use projectile_core::{Cancel, Effort, Error, ErrorKind, Image, Residence, Result, Tile, TileRequest};
use tokio::sync::{Semaphore, oneshot};
use tracing::Instrument;

use crate::access;
use crate::address::Address;
use crate::api::answers::{Opened, Status};
use crate::builder::Builder;
use crate::cache::{Cache, Key, Ready};
use crate::catalog::{Catalog, Entry};
use crate::error::Problem;
use crate::expressions::Expressions;
use crate::flight::{Flights, Joined};
use crate::live::Live;
use crate::methods::Methods;
use crate::metrics::{self, Metrics};
use crate::options::{Options, Page};
use crate::pool::{Busy, Pool};
use crate::protocol::{self, Call, Told, World};
use crate::question;
use crate::queue::Asker;
use crate::remotes;
use crate::respond::{self, Document, Reply};
use crate::security::token::Pass;
use crate::security::{headers, origin};
use crate::shutdown::Shutdown;
use crate::strikes;
use crate::trace;
use crate::upload::Upload;
use crate::uploads::Uploads;
use crate::viewer;

/// Threads that wait for sources far away: more than cores, as they mostly wait.
const WAITING_THREADS: usize = 32;
/// The greatest state that a page tells, and the greatest picture that it sends.
const STATE_BYTES: usize = 64 << 10;
const PICTURE_BYTES: usize = 32 << 20;

/// Everything that answers requests.
#[derive(Debug)]
pub(crate) struct App {
    catalog: Catalog,
    expressions: Expressions,
    options: Options,
    /// Shared with the jobs, which keep what they made before they tell of it.
    cache: Arc<Cache>,
    flights: Arc<Flights<Key, Ready>>,
    pool: Pool,
    /// For images that are far away: made for the first one, as most servers have none.
    waiting: OnceLock<Option<Pool>>,
    builder: Arc<Builder>,
    live: Live,
    in_flight: Semaphore,
    /// What tells that it is to end, while it runs.
    shutdown: Mutex<Option<Shutdown>>,
    metrics: Metrics,
}

impl App {
    pub(crate) fn new(images: impl IntoIterator<Item = Image>, options: Options) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (catalog, live) = (Catalog::new(images), Live::new()?);
        Ok(Self {
            catalog,
            expressions: Expressions::default(),
            cache: Arc::new(Cache::new(options.cache_bytes)),
            flights: Flights::new(),
            pool: Pool::new(options.threads.unwrap_or(cores), options.queue)?,
            waiting: OnceLock::new(),
            builder: Arc::new(Builder::new(cores, live.clone())?),
            live,
            in_flight: Semaphore::new(options.limits.in_flight),
            shutdown: Mutex::default(),
            metrics: Metrics::new(),
            options,
        })
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    /// From now on it is not ready for more once `shutdown` has begun.
    pub(crate) fn watch(&self, shutdown: Shutdown) {
        *self.shutdown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shutdown);
    }

    /// Calls off work that no request waits for.
    pub(crate) fn stop(&self) {
        self.live.close();
        self.builder.stop();
    }

    /// Answers a request. `peer` is the client's address, where it is known.
    pub(crate) async fn answer(&self, parts: &Parts, upload: &mut Upload, peer: Option<IpAddr>) -> Reply {
        let (began, id) = (Instant::now(), access::request_id(parts));
        let span = trace::request(parts, &id, peer);
        let mut protocol = "none";
        let admitted = self.admit(parts, upload, peer, &mut protocol);
        let mut reply = match admitted.instrument(span.clone()).await {
            Ok(reply) => reply,
            Err(problem) => problem.reply(),
        };
        headers::everywhere(reply.headers_mut());
        self.options
            .origins
            .tell(&parts.method, &parts.headers, reply.headers_mut());
        if self.options.framed_by_notebooks {
            headers::framed_by_notebooks(reply.headers_mut());
        }
        if self.options.token.is_some() {
            respond::keep_private(reply.headers_mut());
        }
        if reply.status() == StatusCode::METHOD_NOT_ALLOWED || parts.method == Method::OPTIONS {
            reply.headers_mut().insert(
                ALLOW,
                HeaderValue::from_static(Methods::of(parts.uri.path()).names()),
            );
        }
        let mut reply = respond::without_body(&parts.method, reply);
        let (took, status) = (began.elapsed(), reply.status().as_u16());
        let bytes = reply.body().whole().map_or(0, |bytes| bytes.len() as u64);
        self.metrics.answered(protocol, status, took, bytes);
        let line = access::Line {
            parts,
            id: &id,
            peer,
            protocol,
            status,
            bytes,
            took,
        };
        line.log();
        trace::answered(&span, parts, protocol, status, bytes);
        reply.headers_mut().insert(access::REQUEST_ID, id);
        reply
    }

    /// The front door: by which name, by which method, with which token, and whether there is room.
    async fn admit(
        &self,
        parts: &Parts,
        upload: &mut Upload,
        peer: Option<IpAddr>,
        protocol: &mut &'static str,
    ) -> Result<Reply, Problem> {
        self.options.hosts.check(&parts.uri, &parts.headers)?;
        let methods = Methods::of(parts.uri.path());
        if !methods.take(&parts.method) {
            return Err(Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("only {}", methods.names()),
            ));
        }
        match parts.method {
            Method::POST => origin::check(&parts.headers)?,
            Method::OPTIONS => return Ok(respond::done()),
            _ => {}
        }
        let length = parts.uri.path().len() + parts.uri.query().map_or(0, str::len);
        let longest = self.options.limits.address;
        if length > longest {
            return Err(Problem::new(
                StatusCode::URI_TOO_LONG,
                format!("an address has at most {longest} characters"),
            ));
        }
        if matches!(parts.uri.path(), "/healthz" | "/readyz") {
            // Outside of token and limit: whoever asks must learn that a busy server lives.
            return self.reply(parts, upload, peer, protocol).await;
        }
        if let Some(token) = &self.options.token
            && let Pass::Exchange(reply) = token.check(&parts.uri, &parts.headers)?
        {
            return Ok(*reply);
        }
        let _room = self.in_flight.try_acquire().map_err(|_| {
            Problem::busy(
                "more requests than this server answers at a time",
                Duration::from_secs(1),
            )
        })?;
        self.reply(parts, upload, peer, protocol).await
    }

    async fn reply(
        &self,
        parts: &Parts,
        upload: &mut Upload,
        peer: Option<IpAddr>,
        protocol: &mut &'static str,
    ) -> Result<Reply, Problem> {
        let mut address = Address::parse(&parts.uri)?;
        let mut geojson = None;
        if parts.method == Method::POST && Methods::of(parts.uri.path()) == Methods::GetOrPost {
            let is_geojson = needs_type(&parts.headers, "application/geo+json").is_ok();
            if !is_geojson {
                needs_type(&parts.headers, "application/json")?;
            }
            let body = upload.read(question::LONGEST).await?;
            if is_geojson {
                geojson = Some(body);
            } else {
                for (name, value) in question::parameters(&body)? {
                    address.add(name, value)?;
                }
            }
        }
        if let Some(reply) = self.page(&address.path(), &parts.headers).await {
            *protocol = "viewer";
            return reply;
        }
        let world = World {
            catalog: &self.catalog,
            expressions: &self.expressions,
            tile_size: self.options.tile_size,
            uploads: self.options.uploads.as_ref().map(Uploads::limit),
            quality: self.options.quality,
            effort: self.options.png.unwrap_or_else(|| effort(peer, &parts.headers)),
            parts,
            geojson,
            public_url: self.options.public_url.as_deref(),
        };
        match protocol::parse(&address, &world, protocol)? {
            Call::Tile {
                entry,
                request,
                pinned,
                link,
            } => {
                let mut reply = self
                    .tile(entry, request, pinned, (&parts.headers, Asker::new(peer)))
                    .await?;
                if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
                    reply.headers_mut().insert(LINK, link);
                }
                Ok(reply)
            }
            Call::Elsewhere(address) => Ok(respond::elsewhere(&address)),
            Call::Document(document) => Ok(respond::document(document, &parts.headers)),
            Call::Work { entry, work } => {
                let seen = Arc::clone(&entry);
                let work = move |cancel: &Cancel| {
                    let document: Document = work(&seen, cancel)?;
                    let hash = document.hash();
                    Ok((document, hash))
                };
                let (document, hash) = self.on_pool(&entry, Asker::new(peer), work).await?;
                // A description asks for the levels that it calls provisional.
                self.builder.wake(&entry);
                Ok(respond::hashed_document(document, hash, &parts.headers))
            }
            Call::Fetch { entry, block, style } => {
                let (pool, cancel) = (self.pool_for(&entry.image), Cancel::new());
                let seen = Arc::clone(&entry);
                // Nothing depends on it: where there is no room, or it fails, the tiles will say so.
                let _ = pool.submit(Asker::new(peer), cancel.clone(), move || {
                    let fetch = || seen.image.fetch(&block, &style, &cancel);
                    if let Err(error) = seen.strikes.guard(fetch) {
                        tracing::debug!(error = error.message(), "could not read ahead");
                    }
                });
                Ok(respond::done())
            }
            Call::Events { client } => {
                let revision = |entry: &Arc<Entry>| (entry.id.clone(), entry.image.revision().into());
                let revisions = self.catalog.entries().iter().map(revision).collect();
                Ok(respond::events(self.live.subscribe(&client, &revisions)?))
            }
            Call::Metrics => {
                let document = Document {
                    media_type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
                    bytes: self.metrics.text(self.state_now()).into(),
                };
                Ok(respond::document(document, &parts.headers))
            }
            Call::Readiness => self.readiness(&parts.headers),
            Call::Told(Told::File { name }) => self.file(&name, &parts.headers, upload).await,
            Call::Told(Told::Address) => {
                let told = (&self.catalog, &self.live);
                remotes::open(self.options.remotes.as_ref(), &parts.headers, upload, told).await
            }
            Call::Told(Told::State) => self.state(&parts.headers, upload).await,
            Call::Told(Told::Picture { request }) => self.picture(&request, &parts.headers, upload).await,
        }
    }

    fn state_now(&self) -> metrics::State {
        let pools = || std::iter::once(&self.pool).chain(self.waiting.get().and_then(Option::as_ref));
        metrics::State {
            cache_bytes: self.cache.bytes(),
            running: pools().map(Pool::running).sum(),
            waiting: pools().map(Pool::waiting).sum(),
            in_flight: self.options.limits.in_flight - self.in_flight.available_permits(),
            images: self.catalog.entries().len(),
        }
    }

    /// Whether a request would be taken.
    fn readiness(&self, headers: &HeaderMap) -> Result<Reply, Problem> {
        let shutdown = self.shutdown.lock().unwrap_or_else(PoisonError::into_inner);
        if shutdown.as_ref().is_some_and(Shutdown::is_draining) {
            return Err(Problem::busy("this server is ending", Duration::from_secs(1)));
        }
        let is_full = self.in_flight.available_permits() == 0 || self.pool.waiting() >= self.options.queue;
        if is_full {
            return Err(Problem::busy(
                "there is no room for more requests",
                Duration::from_secs(1),
            ));
        }
        let status = Status { status: "ok".into() };
        Ok(respond::document(Document::json(&status)?, headers))
    }

    /// Takes note of where a page is.
    async fn state(&self, headers: &HeaderMap, upload: &mut Upload) -> Result<Reply, Problem> {
        needs_type(headers, "application/json")?;
        let bytes = upload.read(STATE_BYTES).await?;
        let page: crate::live::PageState = serde_json::from_slice(&bytes).map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                format!("that is no state of a page: {error}"),
            )
        })?;
        if self.catalog.get(&page.image).is_none() {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "the state is of no image here",
            ));
        }
        self.live.told(page);
        Ok(respond::done())
    }

    /// Hands a page's picture on to whoever asked for it.
    async fn picture(
        &self,
        request: &str,
        headers: &HeaderMap,
        upload: &mut Upload,
    ) -> Result<Reply, Problem> {
        needs_type(headers, "image/png")?;
        if !self.live.expects_picture(request) {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "nobody asked for this picture",
            ));
        }
        let png = upload.read(PICTURE_BYTES).await?;
        if !png.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "that is no PNG"));
        }
        self.live.picture(request, png);
        Ok(respond::done())
    }

    /// Keeps a page's file, and serves the images in it.
    async fn file(&self, name: &str, headers: &HeaderMap, upload: &mut Upload) -> Result<Reply, Problem> {
        let Some(uploads) = &self.options.uploads else {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "this server takes no files; start it with --allow-upload",
            ));
        };
        // A type that another site's page cannot send without asking first, which is refused.
        needs_type(headers, "application/octet-stream")?;
        let kept = uploads.keep(name, upload).await?;
        let opened = tokio::task::spawn_blocking(move || strikes::once(|| kept.open())).await;
        let images = opened.map_err(|error| Error::internal(error.to_string()))??;
        let ids = self.catalog.add(images);
        self.live.listed(&[]);
        let document = Document::json(&Opened { images: ids })?;
        Ok(respond::document(document, headers))
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
                self.on_pool(&entry, Asker::default(), move |cancel| {
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
        pinned: Option<u64>,
        (asked, asker): (&HeaderMap, Asker),
    ) -> Result<Reply, Problem> {
        // Before a pixel is read: what changes meanwhile belongs to a later revision.
        let revision = entry.image.revision_of(&request);
        let pinned = pinned.is_some_and(|named| (revision..=entry.image.revision()).contains(&named));
        let key = Key::new(entry.number, (entry.image.version(), revision), request);
        let etag = respond::tile_etag(&key);
        if let Some(reply) = respond::unchanged_tile(&etag, pinned, asked) {
            return Ok(reply);
        }
        if entry.image.is_quick(key.request()) {
            // Made here in less time than another thread takes to wake up, so it needs neither pool nor cache.
            let tile = entry
                .strikes
                .guard(|| entry.image.render(key.request(), &Cancel::new()));
            self.metrics.renders.ended(&tile);
            let tile = tile?;
            return Ok(respond::tile(Ready::from(tile), etag, pinned));
        }
        let tile = if let Some(tile) = self.cache.get(&key) {
            self.metrics.cache_hits.inc();
            tile
        } else {
            self.metrics.cache_misses.inc();
            self.render(&entry, key, asker).await?
        };
        Ok(respond::tile(tile, etag, pinned))
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
    fn pool_for(&self, image: &Image) -> &Pool {
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
    async fn on_pool<T: Send + 'static>(
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
    async fn in_time<T>(&self, outcome: impl Future<Output = Result<T>>) -> Result<T, Problem> {
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

/// A page of somebody else's cannot send such a type without asking first, which is refused.
pub(crate) fn needs_type(headers: &HeaderMap, media_type: &str) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok());
    let bare = given.and_then(|given| given.split(';').next()).map(str::trim);
    if bare.is_some_and(|bare| bare.eq_ignore_ascii_case(media_type)) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("this address takes {media_type}"),
    ))
}

fn busy(Busy { retry_after }: Busy) -> Problem {
    Problem::busy(
        "more tiles wait to be rendered than this server keeps in its queue",
        retry_after,
    )
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
