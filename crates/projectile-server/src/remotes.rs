//! Addresses that clients have opened: only those that the server's owner allows.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, StatusCode};
use projectile_core::{Error, Image, Result};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::api::answers::Opened;
use crate::app::needs_type;
use crate::catalog::Catalog;
use crate::error::Problem;
use crate::journal::Journal;
use crate::live::Live;
use crate::respond::{self, Document, Reply};
use crate::strikes;
use crate::upload::Upload;

/// Addresses that are kept open, all together.
const MOST: usize = 256;
/// Addresses that are opened at a time.
const AT_A_TIME: usize = 4;
/// The greatest body that gives an address.
const ADDRESS_BYTES: usize = 16 << 10;

type Open = dyn Fn(&str) -> Result<Option<Vec<Image>>> + Send + Sync;

/// What opens addresses for clients. Clones share everything.
#[derive(Clone)]
pub struct Remotes(Arc<Inner>);

struct Inner {
    open: Box<Open>,
    /// The ids of the images of each address that was opened.
    opened: Mutex<HashMap<String, Vec<String>>>,
    room: Semaphore,
}

impl fmt::Debug for Remotes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remotes").finish_non_exhaustive()
    }
}

impl Remotes {
    /// `open` makes images of what lies at an address; `None` where clients may not have it opened.
    pub fn new(open: impl Fn(&str) -> Result<Option<Vec<Image>>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            open: Box::new(open),
            opened: Mutex::default(),
            room: Semaphore::new(AT_A_TIME),
        }))
    }

    /// Waits for a turn to open an address.
    ///
    /// # Errors
    /// 503 when too many others wait, 507 when no more are kept.
    fn admit(&self, url: &str) -> Result<Turn<'_>, Problem> {
        let opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= MOST && !opened.contains_key(url) {
            return Err(Problem::new(
                StatusCode::INSUFFICIENT_STORAGE,
                format!("{MOST} addresses are open here, and no more are kept"),
            ));
        }
        drop(opened);
        self.0.room.try_acquire().map(Turn).map_err(|_| {
            Problem::busy(
                "other addresses are being opened",
                std::time::Duration::from_secs(1),
            )
        })
    }

    /// Serves the images of an address; answers their ids, and those whose images are others by now. An address that was
    /// opened before keeps its ids.
    fn serve(&self, url: &str, images: Vec<Image>, catalog: &Catalog) -> (Vec<String>, Vec<String>) {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = opened.entry(url.to_owned()).or_default();
        let mut images = images.into_iter();
        let mut replaced = Vec::new();
        for id in ids.iter() {
            let Some(image) = images.next() else { break };
            let is_same = catalog
                .get(id)
                .is_some_and(|entry| entry.image.version() == image.version());
            if !is_same && catalog.replace(id, image) {
                replaced.push(id.clone());
            }
        }
        ids.extend(catalog.add(images));
        (ids.clone(), replaced)
    }
}

/// While it lives, an address is being opened.
struct Turn<'a>(#[expect(dead_code, reason = "held, not used")] SemaphorePermit<'a>);

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    url: String,
}

/// Opens the address that a client sends, serves the images there, and answers their ids.
///
/// # Errors
/// 403 where that is not allowed, 415 and 400 for what is no address, and what opening it gives.
pub(crate) async fn open(
    remotes: Option<&Remotes>,
    headers: &HeaderMap,
    upload: &mut Upload,
    (catalog, live, journal): (&Catalog, &Live, Option<&Arc<Journal>>),
) -> Result<Reply, Problem> {
    let refused = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "this server does not open that address; start it with --allow-remote and the address's beginning",
        )
    };
    let remotes = remotes.ok_or_else(refused)?;
    // A type that another site's page cannot send without asking first, which is refused.
    needs_type(headers, "application/json")?;
    let bytes = upload.read(ADDRESS_BYTES).await?;
    let Asked { url } = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!("the body is no {{\"url\": …}}: {error}"),
        )
    })?;
    let _turn = remotes.admit(&url)?;
    let (opener, asked, journal) = (remotes.clone(), url.clone(), journal.cloned());
    let opened = tokio::task::spawn_blocking(move || {
        // Not the address itself, which may hold a password.
        strikes::once(journal.as_ref(), "an address that a client gave", || {
            (opener.0.open)(&asked)
        })
    })
    .await;
    let images = opened
        .map_err(|error| Error::internal(error.to_string()))??
        .ok_or_else(refused)?;
    let (ids, replaced) = remotes.serve(&url, images, catalog);
    let replaced: Vec<&str> = replaced.iter().map(String::as_str).collect();
    live.listed(&replaced);
    let document = Document::json(&Opened { images: ids })?;
    Ok(respond::document(document, headers))
}
