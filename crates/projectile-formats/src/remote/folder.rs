//! What lies under an address as a folder of objects.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore};
use projectile_core::{Cancel, Error, ErrorKind, Residence, Result};

use super::address::{Cloud, Place, RemoteUrl};
use super::blob::{PATIENCE, body, length, pause, version};
use super::connect::Connection;
use super::{error, ranges, runtime};
use crate::blob::slice;
use crate::folder::{Folder, Found, Part, Wanted, cut_short, too_long};
use crate::sizes::to_u64;

/// Bytes of an object that is brought whole because its server gives no parts.
const MOST_WHOLE: u64 = 256 << 20;

/// The objects under an address.
#[derive(Clone, Debug)]
pub(super) struct StoreFolder {
    connection: Connection,
    url: RemoteUrl,
    /// Whether something of it could be read.
    is_open: Arc<AtomicBool>,
}

impl StoreFolder {
    pub(super) fn new(connection: &Connection, url: &RemoteUrl) -> Self {
        Self {
            connection: connection.clone(),
            url: url.clone(),
            is_open: Arc::default(),
        }
    }

    fn path(&self, key: &str) -> Result<Path> {
        let base = self.connection.path.as_ref();
        let whole = if base.is_empty() {
            key.to_owned()
        } else {
            format!("{base}/{key}")
        };
        Path::parse(whole).map_err(|_| Error::bad_request("path", format!("{key:?} is no key of a store")))
    }

    async fn one(&self, wanted: &Wanted) -> Result<Option<Found>> {
        let path = self.path(&wanted.key)?;
        let found = match &wanted.part {
            Part::Whole(most) => self.run(&path, None, *most).await,
            Part::First(length) => {
                self.run(&path, Some(GetRange::Bounded(0..*length)), *length)
                    .await
            }
            Part::Last(length) => self.last(&path, *length).await,
            Part::Ranges(wanted) => self.ranges(&path, wanted).await,
        };
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.context(format!("{}/{}", self.url, wanted.key))),
        }
    }

    /// One run of bytes, tried again when it breaks off.
    async fn run(&self, path: &Path, range: Option<GetRange>, most: u64) -> Result<Found> {
        // Closed never.
        let _lane = self.connection.lanes.acquire().await;
        let bring = async {
            let mut attempt = 0;
            loop {
                match self.try_run(path, range.clone(), most).await {
                    Err(error) if error.kind() == ErrorKind::Unavailable && attempt < super::RETRIES => {
                        pause(&mut attempt).await;
                    }
                    outcome => return outcome,
                }
            }
        };
        tokio::time::timeout(PATIENCE, bring)
            .await
            .unwrap_or_else(|_| Err(error::late()))
    }

    async fn try_run(&self, path: &Path, range: Option<GetRange>, most: u64) -> Result<Found> {
        let asked = range.clone();
        let options = GetOptions {
            range,
            ..GetOptions::default()
        };
        let answer = match self.connection.store.get_opts(path, options).await {
            Ok(answer) => answer,
            Err(error) if asked.is_some() && error::is_no_range(&error) => {
                return self.cut_from_whole(path, asked.as_ref(), most).await;
            }
            // The range begins beyond the end.
            Err(error) if asked.is_some() && error::status(&error) == Some(416) => {
                return Err(cut_short(0, most));
            }
            Err(error) => return Err(error::explain(&error, &self.url)),
        };
        self.found(answer, most).await
    }

    async fn found(&self, answer: GetResult, most: u64) -> Result<Found> {
        let (meta, length) = (answer.meta.clone(), length(&answer.range));
        if length > most {
            return Err(too_long(length, most));
        }
        let bytes = body(answer, length, &self.url).await?;
        Ok(self.of(&meta, vec![bytes]))
    }

    fn of(&self, meta: &ObjectMeta, bytes: Vec<Bytes>) -> Found {
        Found {
            bytes,
            size: meta.size,
            version: version(&self.url, meta),
        }
    }

    /// Of a server that gives no parts.
    async fn cut_from_whole(&self, path: &Path, range: Option<&GetRange>, most: u64) -> Result<Found> {
        let answer = self.connection.store.get_opts(path, GetOptions::default()).await;
        let answer = answer.map_err(|error| error::explain(&error, &self.url))?;
        let whole = self.found(answer, MOST_WHOLE).await?;
        let part = match range {
            Some(GetRange::Bounded(range)) => range.clone(),
            Some(GetRange::Suffix(length)) => whole.size.saturating_sub(*length)..whole.size,
            _ => 0..whole.size.min(most),
        };
        let bytes = whole.first();
        let end = part.end;
        let part = slice(&bytes, part).ok_or_else(|| cut_short(to_u64(bytes.len()), end))?;
        Ok(Found {
            bytes: vec![part],
            ..whole
        })
    }

    async fn last(&self, path: &Path, length: u64) -> Result<Found> {
        let azure = Cloud::Azure;
        let counts_back = !matches!(&self.url.place, Place::Bucket { cloud, .. } if *cloud == azure);
        if counts_back {
            return self.run(path, Some(GetRange::Suffix(length)), length).await;
        }
        // Azure counts from the front alone.
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        let answer = self.connection.store.get_opts(path, options).await;
        let size = answer
            .map_err(|error| error::explain(&error, &self.url))?
            .meta
            .size;
        let range = GetRange::Bounded(size.saturating_sub(length)..size);
        self.run(path, Some(range), length).await
    }

    /// Ranges of one object, neighbours together.
    async fn ranges(&self, path: &Path, wanted: &[Range<u64>]) -> Result<Found> {
        let pieces = ranges::pieces(wanted);
        let asking = pieces.iter().cloned().map(|piece| {
            let length = length(&piece);
            self.run(path, Some(GetRange::Bounded(piece)), length)
        });
        let found = try_join_all(asking).await?;
        let Some(first) = found.first() else {
            return Err(Error::internal("no bytes are wanted of an object"));
        };
        if found.iter().any(|other| other.version != first.version) {
            return Err(error::changed());
        }
        let brought: Vec<Bytes> = found.iter().map(Found::first).collect();
        for (piece, bytes) in pieces.iter().zip(&brought) {
            if to_u64(bytes.len()) != length(piece) {
                return Err(cut_short(first.size, piece.end));
            }
        }
        Ok(Found {
            bytes: wanted
                .iter()
                .map(|range| ranges::cut(range, &pieces, &brought))
                .collect::<Result<_>>()?,
            size: first.size,
            version: first.version,
        })
    }
}

impl Folder for StoreFolder {
    fn residence(&self) -> Residence {
        Residence::Remote
    }

    fn get(&self, wanted: &[Wanted], cancel: &Cancel) -> Vec<Result<Option<Found>>> {
        let (folder, all) = (self.clone(), wanted.to_vec());
        let one = move |wanted: Wanted| {
            let folder = folder.clone();
            async move { folder.one(&wanted).await }
        };
        let bring = async move { join_all(all.into_iter().map(one)).await };
        let mut got: Vec<Result<Option<Found>>> = runtime::wait(cancel, bring)
            .unwrap_or_else(|error| wanted.iter().map(|_| Err(error.clone())).collect());
        // Who may not list a store's objects is not told which there are: what is missing is refused then.
        if got.iter().any(|found| matches!(found, Ok(Some(_)))) {
            self.is_open.store(true, Ordering::Relaxed);
        }
        if self.is_open.load(Ordering::Relaxed) {
            for found in &mut got {
                if found.as_ref().is_err_and(error::is_refusal) {
                    *found = Ok(None);
                }
            }
        }
        got
    }

    fn folders(&self, path: &str) -> Result<Option<Vec<String>>> {
        if self.connection.web.is_some() {
            // A web server gives what it is asked for, and tells of nothing else.
            return Ok(None);
        }
        let prefix = if path.is_empty() {
            self.connection.path.clone()
        } else {
            self.path(path)?
        };
        let (store, url) = (self.connection.store.clone(), self.url.clone());
        let listed = runtime::wait(&Cancel::new(), async move {
            let listing = store.list_with_delimiter(Some(&prefix));
            tokio::time::timeout(PATIENCE, listing)
                .await
                .map_err(|_| error::late())?
                .map_err(|error| error::explain(&error, &url))
        })??;
        let names = listed.common_prefixes.iter();
        let names = names.filter_map(|folder| folder.filename().map(str::to_owned));
        Ok(Some(crate::folder::sorted(names.collect())))
    }
}
