//! From what a store would hold to its answer: tiles behind each other, and of them only those that are wanted.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header::{CONTENT_LENGTH, VARY};
use http::request::Parts;
use http::{HeaderValue, Method};
use projectile_core::sizes::{to_u64, to_usize};
use projectile_core::{Cancel, DType, Damage, Effort, Error};

use super::App;
use crate::cache::{Key, Ready};
use crate::catalog::Entry;
use crate::compress;
use crate::error::Problem;
use crate::protocol::Object;
use crate::queue::Asker;
use crate::ranges::{self, Wanted};
use crate::respond::{self, Reply};

/// Tiles of one object that are made at a time: some, as those that are far away take their time, and not all, as
/// others have requests, too.
const TOGETHER: usize = 4;

impl App {
    pub(super) async fn object(
        &self,
        entry: Arc<Entry>,
        object: Object,
        parts: &Parts,
        peer: Option<IpAddr>,
    ) -> Result<Reply, Problem> {
        let (asker, image) = (Asker::new(peer), &entry.image);
        let version = image.version();
        let key = |request| Key::new(entry.number, (version, image.revision_of(&request)), request);
        let keys: Vec<Key> = object.tiles.into_iter().map(key).collect();
        let etag = respond::object_etag(&object.head, &keys);
        let gzipped_etag = respond::gzipped_etag(&etag);
        let known = [&etag, &gzipped_etag]
            .into_iter()
            .find_map(|etag| respond::unchanged_tile(etag, false, &parts.headers));
        if let Some(reply) = known {
            return Ok(as_object(reply));
        }
        let head = to_u64(object.head.len());
        let length = object
            .tile_bytes
            .saturating_mul(to_u64(keys.len()))
            .saturating_add(head);
        let mut answer = Ready {
            bytes: Bytes::new(),
            media_type: "application/octet-stream",
            provisional: false,
            samples: None,
            damage: None,
        };
        if parts.method == Method::HEAD {
            // What it would be is known; whether all of it can be read is not, and takes long to find out.
            let mut reply = as_object(respond::tile(answer, etag, false));
            reply
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
            return Ok(reply);
        }
        let wanted = ranges::wanted(parts, &etag, length);
        let range = match &wanted {
            Wanted::Whole => 0..length,
            Wanted::Part(range) => range.clone(),
            Wanted::Nothing => return Ok(ranges::unsatisfiable(length)),
        };
        let needed = needed(&range, head, object.tile_bytes);
        let first = to_u64(needed.start);
        let keys = keys.get(needed).unwrap_or_default().to_vec();
        self.check_pixels(&entry, keys.iter().map(Key::request))?;
        let is_alone = keys.len() == 1;
        let tiles = stream::iter(keys)
            .map(|key| self.samples(&entry, key, is_alone, asker))
            .buffered(TOGETHER)
            .try_collect();
        let tiles: Vec<Ready> = self.in_time(tiles).await?;
        answer.damage = damage(&tiles, object.dtype)?;
        let start = first.saturating_mul(object.tile_bytes).saturating_add(head);
        let pieces: Vec<(u64, Bytes)> = std::iter::once((0, object.head))
            .chain((0..).zip(tiles).map(|(number, tile): (u64, Ready)| {
                let at = start.saturating_add(number.saturating_mul(object.tile_bytes));
                (at, tile.bytes)
            }))
            .collect();
        answer.bytes = if pieces.len() <= 2 {
            cut(&range, &pieces)
        } else {
            // Megabytes, which are not copied where requests are taken.
            let range = range.clone();
            tokio::task::spawn_blocking(move || cut(&range, &pieces))
                .await
                .map_err(|error| Error::internal(error.to_string()))?
        };
        if wanted == Wanted::Whole
            && compress::takes_gzip(&parts.headers)
            && super::effort(peer, &parts.headers) != Effort::Stored
        {
            let bytes = answer.bytes.clone();
            let gzipped = self.on_pool(&entry, asker, move |_| Ok(compress::gzipped_samples(&bytes)));
            if let Some(gzipped) = gzipped.await? {
                answer.bytes = gzipped;
                let mut reply = as_object(respond::tile(answer, gzipped_etag, false));
                respond::is_gzipped(reply.headers_mut());
                return Ok(reply);
            }
        }
        let mut reply = as_object(respond::tile(answer, etag, false));
        if matches!(wanted, Wanted::Part(_)) {
            ranges::is_part(&mut reply, &range, length);
        }
        Ok(reply)
    }

    /// A tile of samples. A program takes them for what is there, so that it is given no draft: it waits for levels.
    async fn samples(
        &self,
        entry: &Arc<Entry>,
        key: Key,
        is_alone: bool,
        asker: Asker,
    ) -> Result<Ready, Problem> {
        /// Others build levels as well, who tell nobody here: Python, and other servers of the same image.
        const LOOK: Duration = Duration::from_millis(200);
        let mut asks = true;
        loop {
            // Before it is asked whether they are there, so that their end is not missed.
            let ended = self.builder.ended();
            if !entry.strikes.is_out() {
                let (image, cancel) = (&entry.image, Cancel::new());
                let are_missing = if std::mem::take(&mut asks) {
                    image.asks_for_levels(key.request(), &cancel)?
                } else {
                    image.waits_for_levels(key.request(), &cancel)?
                };
                if are_missing {
                    self.builder.check()?;
                    if image.wants_build() {
                        self.builder.wake(entry);
                    }
                    // Either way it is looked at again.
                    let _ = tokio::time::timeout(LOOK, ended).await;
                    continue;
                }
            }
            let tile = if is_alone {
                self.made(entry, key.clone(), asker).await?
            } else {
                // Each would be quick, all of them are not.
                self.kept(entry, key.clone(), asker).await?
            };
            if !tile.provisional {
                return Ok(tile);
            }
        }
    }
}

/// Says what is so of every object.
fn as_object(mut reply: Reply) -> Reply {
    ranges::are_taken(reply.headers_mut());
    reply
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept-Encoding"));
    reply
}

/// Which tiles of `tile_bytes` bytes each, behind a head of so many, a range of bytes touches.
fn needed(range: &Range<u64>, head: u64, tile_bytes: u64) -> Range<usize> {
    let behind = |at: u64| at.saturating_sub(head);
    let first = behind(range.start).checked_div(tile_bytes).unwrap_or(0);
    let end = behind(range.end)
        .checked_next_multiple_of(tile_bytes)
        .and_then(|end| end.checked_div(tile_bytes))
        .unwrap_or(0);
    to_usize(first.min(end))..to_usize(end)
}

/// The bytes of a range, from pieces that stand where they say.
fn cut(range: &Range<u64>, pieces: &[(u64, Bytes)]) -> Bytes {
    let mut parts = pieces.iter().filter_map(|(at, piece)| {
        let within = |place: u64| to_usize(place.saturating_sub(*at)).min(piece.len());
        let part = within(range.start)..within(range.end);
        (!part.is_empty()).then(|| piece.slice(part))
    });
    let Some(first) = parts.next() else {
        return Bytes::new();
    };
    let rest: Vec<Bytes> = parts.collect();
    if rest.is_empty() {
        return first;
    }
    let mut all = BytesMut::with_capacity(to_usize(range.end.saturating_sub(range.start)));
    all.extend_from_slice(&first);
    for part in &rest {
        all.extend_from_slice(part);
    }
    all.freeze()
}

/// What of tiles could not be read.
///
/// # Errors
/// The same, where the tile is of a type that has a value for it and the store is not: no reader would know.
fn damage(tiles: &[Ready], dtype: DType) -> projectile_core::Result<Option<Damage>> {
    let is_odd = |tile: &Ready| tile.samples.is_none_or(|(of, _)| of != dtype);
    let damage = tiles.iter().find_map(|tile| tile.damage.clone());
    if !tiles.iter().any(is_odd) {
        return Ok(damage);
    }
    Err(damage.map_or_else(
        || Error::internal("a tile of other samples than its store says"),
        |damage| Error::corrupt(damage.reason),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_range_is_cut_out_of_the_tiles_that_it_touches(
            head in 0u64..9, tile in 1u64..9, count in 1u64..9, from in 0u64..99, more in 1u64..99,
        ) {
            let length = head + tile * count;
            let range = from.min(length - 1)..(from.min(length - 1) + more).min(length);
            let all: Vec<u8> = (0..length as u8).collect();
            let place = |number: u64| head + tile * number;
            let needed = needed(&range, head, tile);
            let touched: Vec<usize> = (0..count)
                .filter(|&number| place(number) < range.end && place(number + 1) > range.start)
                .map(to_usize)
                .collect();
            prop_assert_eq!(needed.clone().collect::<Vec<_>>(), touched);
            let piece = |at: u64, bytes: u64| (at, Bytes::copy_from_slice(&all[at as usize..(at + bytes) as usize]));
            let pieces: Vec<(u64, Bytes)> = std::iter::once(piece(0, head))
                .chain(needed.map(|number| piece(place(number as u64), tile)))
                .collect();
            let cut = cut(&range, &pieces);
            prop_assert_eq!(&cut[..], &all[range.start as usize..range.end as usize]);
        }
    }
}
