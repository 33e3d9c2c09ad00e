//! An object in a store as a blob: every answer is checked to be of the version that was opened.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore};
use projectile_core::{Cancel, Error, ErrorKind, Residence, Result};

use super::address::RemoteUrl;
use super::connect::Connection;
use super::{error, ranges, runtime};
use crate::blob::{Blob, slice};
use crate::sizes::{to_u64, to_usize};

/// Bytes that are asked for first: headers are there.
const HEAD: u64 = 64 << 10;
/// How long one request may take in all, however it drips.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// One version of an object that is read by ranges.
#[derive(Clone, Debug)]
pub(crate) struct StoreBlob(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Connection,
    url: RemoteUrl,
    /// As it was when it was opened: what tells a change.
    opened: ObjectMeta,
    /// Its first bytes.
    head: Bytes,
    version: u64,
}

impl StoreBlob {
    /// Asks for the object's first bytes; `None` where the server gives no ranges.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) or [`Unavailable`](ErrorKind::Unavailable).
    pub(super) fn open(connection: &Connection, url: &RemoteUrl, cancel: &Cancel) -> Result<Option<Self>> {
        let asked = connection.clone();
        let from = url.clone();
        let first = runtime::wait(cancel, async move { first(&asked, &from).await })??;
        Ok(first.map(|(opened, head)| {
            let version = version(url, &opened);
            Self(Arc::new(Inner {
                connection: connection.clone(),
                url: url.clone(),
                opened,
                head,
                version,
            }))
        }))
    }
}

/// What the store says of the object, and its first bytes.
async fn first(connection: &Connection, url: &RemoteUrl) -> Result<Option<(ObjectMeta, Bytes)>> {
    let options = GetOptions {
        range: Some(GetRange::Bounded(0..HEAD)),
        ..GetOptions::default()
    };
    let mut attempt = 0;
    loop {
        let answer = get(connection, options.clone()).await?;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error::is_no_range(&error) && connection.web.is_some() => return Ok(None),
            Err(error) => return Err(error::explain(&error, url)),
        };
        let (meta, range) = (answer.meta.clone(), answer.range.clone());
        match body(answer, length(&range), url).await {
            Ok(bytes) => return Ok(Some((meta, bytes))),
            Err(error) if attempt == super::RETRIES || meta.e_tag.is_some() => return Err(error),
            Err(_) => pause(&mut attempt).await,
        }
    }
}

impl Inner {
    /// One request, once there is a lane.
    async fn piece(&self, range: Range<u64>) -> Result<Bytes> {
        // Closed never.
        let _lane = self.connection.lanes.acquire().await;
        let bring = async {
            let mut attempt = 0;
            loop {
                match self.try_piece(range.clone()).await {
                    // What has a tag was tried again below.
                    Err(error)
                        if error.kind() == ErrorKind::Unavailable
                            && attempt < super::RETRIES
                            && self.opened.e_tag.is_none() =>
                    {
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

    async fn try_piece(&self, range: Range<u64>) -> Result<Bytes> {
        let strong = |tag: &&String| !tag.starts_with("W/");
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            // Of a weak tag the condition would never hold.
            if_match: self.opened.e_tag.as_ref().filter(strong).cloned(),
            ..GetOptions::default()
        };
        let answer = get(&self.connection, options).await?.map_err(|error| {
            match error::explain(&error, &self.url) {
                gone if gone.kind() == ErrorKind::NotFound => error::changed(),
                _ if error::status(&error) == Some(416) || error::is_no_range(&error) => error::changed(),
                other => other,
            }
        })?;
        if !is_same(&self.opened, &answer.meta) {
            return Err(error::changed());
        }
        body(answer, length(&range), &self.url).await
    }
}

async fn get(
    connection: &Connection,
    options: GetOptions,
) -> Result<std::result::Result<GetResult, object_store::Error>> {
    let asking = connection.store.get_opts(&connection.path, options);
    tokio::time::timeout(PATIENCE, asking)
        .await
        .map_err(|_| error::late())
}

/// All of an answer, which must have `length` bytes.
pub(super) async fn body(answer: GetResult, length: u64, url: &RemoteUrl) -> Result<Bytes> {
    let broken = |error| error::explain(&error, url);
    let mut stream = answer.into_stream();
    let Some(first) = stream.next().await.transpose().map_err(broken)? else {
        return if length == 0 {
            Ok(Bytes::new())
        } else {
            Err(short())
        };
    };
    if to_u64(first.len()) == length {
        return Ok(first);
    }
    let mut all = BytesMut::with_capacity(to_usize(length));
    all.extend_from_slice(&first);
    while let Some(more) = stream.try_next().await.map_err(broken)? {
        all.extend_from_slice(&more);
        if to_u64(all.len()) > length {
            break;
        }
    }
    if to_u64(all.len()) == length {
        Ok(all.freeze())
    } else {
        Err(short())
    }
}

pub(super) fn short() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the server sent another number of bytes than it said",
    )
}

/// Bytes of a range; what ends before it begins has none.
pub(super) fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// Waits a while, longer each time, and not as long as others do.
pub(super) fn pause(attempt: &mut usize) -> impl Future<Output = ()> + Send + use<> {
    let mut hasher = DefaultHasher::new();
    (std::time::Instant::now(), *attempt).hash(&mut hasher);
    let chance = (hasher.finish() % 100).saturating_add(50);
    let pause = Duration::from_millis(chance << *attempt);
    *attempt = attempt.saturating_add(1);
    async move { tokio::time::sleep(pause).await }
}

/// Whether an answer is of the version that was opened.
fn is_same(opened: &ObjectMeta, now: &ObjectMeta) -> bool {
    opened.size == now.size
        && match (&opened.e_tag, &now.e_tag) {
            (Some(opened), Some(now)) => opened == now,
            (None, None) => opened.last_modified == now.last_modified,
            _ => false,
        }
}

pub(super) fn version(url: &RemoteUrl, meta: &ObjectMeta) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Without signatures, which are others each time.
    (url.to_string(), meta.size, &meta.e_tag, meta.last_modified).hash(&mut hasher);
    hasher.finish().max(1)
}

impl Blob for StoreBlob {
    fn size(&self) -> u64 {
        self.0.opened.size
    }

    fn version(&self) -> u64 {
        self.0.version
    }

    fn residence(&self) -> Residence {
        Residence::Remote
    }

    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.read_while(ranges, &Cancel::new())
    }

    fn read_while(&self, ranges: &[Range<u64>], cancel: &Cancel) -> Result<Vec<Bytes>> {
        let inner = &self.0;
        for range in ranges {
            if range.start > range.end || range.end > self.size() {
                return Err(Error::corrupt(format!(
                    "it has {} bytes, and bytes {} to {} are asked for",
                    self.size(),
                    range.start,
                    range.end
                )));
            }
        }
        let is_here = |range: &Range<u64>| range.end <= to_u64(inner.head.len());
        let missing: Vec<_> = ranges.iter().filter(|range| !is_here(range)).cloned().collect();
        let pieces = ranges::pieces(&missing);
        let brought = if pieces.is_empty() {
            Vec::new()
        } else {
            let (inner, pieces) = (Arc::clone(inner), pieces.clone());
            let bring = async move { try_join_all(pieces.into_iter().map(|piece| inner.piece(piece))).await };
            runtime::wait(cancel, bring)?.map_err(|error| error.context(&self.0.url))?
        };
        let cut = |range: &Range<u64>| {
            if is_here(range) {
                slice(&inner.head, range.clone()).ok_or_else(short)
            } else {
                ranges::cut(range, &pieces, &brought)
            }
        };
        ranges.iter().map(cut).collect()
    }
}
