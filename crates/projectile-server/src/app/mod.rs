//! From a request to its answer: the front door, the protocols, the cache, the pool.

mod object;
mod pages;
mod render;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::header::{ALLOW, CONTENT_TYPE, FORWARDED, HeaderName, LINK, VIA};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use projectile_core::sizes::to_u64;
use projectile_core::{Cancel, Effort, Image};
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::access;
use crate::address::Address;
use crate::api::answers::Status;
use crate::builder::Builder;
use crate::cache::{Cache, Key, Ready};
use crate::catalog::{Catalog, Entry};
use crate::error::Problem;
use crate::expressions::Expressions;
use crate::flight::Flights;
use crate::live::Live;
use crate::methods::Methods;
use crate::metrics::{self, Metrics};
use crate::options::Options;
use crate::pool::Pool;
use crate::protocol::{self, Call, Told, World};
use crate::question;
use crate::queue::Asker;
use crate::remotes;
use crate::respond::{self, Document, Reply};
use crate::security::token::Pass;
use crate::security::{headers, origin};
use crate::shutdown::Shutdown;
use crate::trace;
use crate::unsent::Seat;
use crate::upload::Upload;
use crate::uploads::Uploads;

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
        let catalog = Catalog::new(images, options.journal.clone());
        let live = Live::new()?;
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

    /// Answers a request. `peer` is the client's address, where it is known; `seat` its connection's, where it has one
    /// here.
    pub(crate) async fn answer(
        &self,
        parts: &Parts,
        upload: &mut Upload,
        peer: Option<IpAddr>,
        seat: Option<&Arc<Seat>>,
    ) -> Reply {
        let (began, id) = (Instant::now(), access::request_id(parts));
        let span = trace::request(parts, &id, peer);
        let mut protocol = "none";
        upload.wait_for(self.options.limits.body);
        let admitted = self.admit(parts, upload, peer, &mut protocol);
        let mut reply = match admitted.instrument(span.clone()).await {
            Ok(reply) => reply,
            Err(problem) => problem.reply(),
        };
        if let Some(seat) = seat.filter(|_| parts.method != Method::HEAD) {
            reply = seat.hold(reply);
        }
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
        let bytes = reply.body().whole().map_or(0, |bytes| to_u64(bytes.len()));
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
        let query = parts.uri.query().map_or(0, str::len);
        let length = parts.uri.path().len().saturating_add(query);
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
            let body = upload.read(self.options.limits.question).await?;
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
            Call::Object { entry, object } => self.object(entry, object, parts, peer).await,
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
                let told = (&self.catalog, &self.live, self.options.journal.as_ref());
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
            in_flight: (self.options.limits.in_flight).saturating_sub(self.in_flight.available_permits()),
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
