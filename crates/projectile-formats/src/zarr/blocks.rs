//! Chunks as blocks: each an object of its own, or a part of a shard whose index is kept.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::sync::Cache;
use projectile_core::{Cancel, Error, ErrorKind, Residence, Result, Samples};

use super::array::Layout;
use super::shards::{Index, Shards};
use crate::chunked::{Block, BlockReader};
use crate::folder::{Folder, Found, Part, Wanted, join};
use crate::sizes::to_u64;

/// Bytes of the shards' indexes that are kept of an array.
const INDEXES: u64 = 16 << 20;
/// How long an array far away is taken to be the one that was opened, without asking.
const TRUST: Duration = Duration::from_secs(5);

/// The chunks of one array.
#[derive(Debug)]
pub(super) struct ZarrBlocks {
    folder: Arc<dyn Folder>,
    path: String,
    layout: Arc<Layout>,
    /// The array's document, as it was when it was opened.
    stamp: Option<(String, Bytes)>,
    /// When it was last found to be that.
    checked: Mutex<Instant>,
    indexes: Cache<Vec<u64>, Arc<Known>>,
}

/// The index of a shard, and of which version of it.
#[derive(Debug)]
struct Known {
    version: u64,
    size: u64,
    index: Index,
}

/// A chunk that is to be read, and where its samples go.
type Missing<'a> = (&'a Block, &'a mut Option<Result<Samples>>);

impl Known {
    /// Where the chunk of this number is, which takes `most` bytes at most; `None` for one that is not stored.
    fn range(&self, number: usize, most: u64) -> Result<Option<Range<u64>>> {
        let range = self.index.get(number).cloned();
        let range =
            range.ok_or_else(|| Error::corrupt("the index of a shard has fewer chunks than the shard"))?;
        let leads_out =
            |range: &Range<u64>| range.end > self.size || range.end.saturating_sub(range.start) > most;
        if range.as_ref().is_some_and(leads_out) {
            return Err(Error::corrupt("the index of a shard points out of it"));
        }
        Ok(range)
    }
}

impl ZarrBlocks {
    pub(super) fn new(
        folder: Arc<dyn Folder>,
        path: String,
        layout: Arc<Layout>,
        stamp: Option<(String, Bytes)>,
    ) -> Self {
        let weigh = |_: &Vec<u64>, known: &Arc<Known>| {
            let bytes = size_of_val(known.index.as_slice());
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self {
            folder,
            path,
            layout,
            stamp,
            checked: Mutex::new(Instant::now()),
            indexes: Cache::builder().max_capacity(INDEXES).weigher(weigh).build(),
        }
    }

    /// The document is asked for with what else is asked for, so that nobody waits for it alone.
    fn stamp_wanted(&self) -> Option<Wanted> {
        let (key, bytes) = self.stamp.as_ref()?;
        let is_far = self.folder.residence() == Residence::Remote;
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = !is_far || checked.elapsed() >= TRUST;
        is_due.then(|| Wanted {
            key: key.clone(),
            part: Part::Whole(to_u64(bytes.len())),
        })
    }

    /// What is wanted, if the array is still the one that was opened.
    fn get(&self, mut wanted: Vec<Wanted>) -> Result<Vec<Result<Option<Found>>>> {
        let stamp = self.stamp_wanted();
        let is_checked = stamp.is_some();
        wanted.extend(stamp);
        let mut got = self.folder.get(&wanted, &Cancel::new());
        if is_checked {
            let now = got.pop();
            let is_same = match (now, &self.stamp) {
                (Some(Ok(Some(found))), Some((_, opened))) => found.first() == *opened,
                // Longer than it was.
                (Some(Err(error)), _) if error.kind() != ErrorKind::Corrupt => return Err(error),
                _ => false,
            };
            if !is_same {
                return Err(Error::new(
                    ErrorKind::Gone,
                    "the array was written anew or removed since it was opened: open it again",
                ));
            }
            *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        Ok(got)
    }

    fn key(&self, place: &[u64]) -> Result<String> {
        join(&self.path, &self.layout.key(place))
    }

    fn sample(&self, bytes: Option<&Bytes>, block: &Block) -> Result<Samples> {
        match bytes {
            None => Ok(self.layout.filled(block)),
            Some(bytes) => self
                .layout
                .decode(bytes, block)
                .map_err(|error| error.context(format!("chunk {:?}", self.layout.place(block)))),
        }
    }

    fn read_chunks(&self, blocks: &[Block]) -> Result<Vec<Result<Samples>>> {
        let most = self.layout.most_encoded();
        let wanted = blocks
            .iter()
            .map(|block| {
                Ok(Wanted {
                    key: self.key(&self.layout.place(block))?,
                    part: Part::Whole(most),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let got = self.get(wanted)?;
        Ok(blocks
            .iter()
            .zip(got)
            .map(|(block, found)| self.sample(found?.map(|found| found.first()).as_ref(), block))
            .collect())
    }

    fn read_shards(&self, blocks: &[Block], shards: &Shards) -> Result<Vec<Result<Samples>>> {
        let mut read: Vec<Option<Result<Samples>>> = blocks.iter().map(|_| None).collect();
        // Once more for those whose shard was written anew since its index was read.
        for is_last in [false, true] {
            let missing = blocks.iter().zip(&mut read);
            let missing: Vec<_> = missing.filter(|(_, samples)| samples.is_none()).collect();
            if missing.is_empty() {
                break;
            }
            self.read_indexed(missing, shards, is_last)?;
        }
        let lost = || Err(Error::internal("a chunk of a shard was not read"));
        Ok(read
            .into_iter()
            .map(|samples| samples.unwrap_or_else(lost))
            .collect())
    }

    /// Reads the blocks `missing`; leaves those unread whose index is outdated, unless this is the last try.
    fn read_indexed(&self, missing: Vec<Missing<'_>>, shards: &Shards, is_last: bool) -> Result<()> {
        let mut by_shard: HashMap<Vec<u64>, Vec<(usize, Missing<'_>)>> = HashMap::new();
        for (block, samples) in missing {
            let (shard, number) = shards.place(&self.layout.place(block));
            by_shard
                .entry(shard)
                .or_default()
                .push((number, (block, samples)));
        }
        let (places, chunks): (Vec<_>, Vec<_>) = by_shard.into_iter().unzip();
        let indexes = self.indexes(&places, shards)?;
        let (mut wanted, mut asked) = (Vec::new(), Vec::new());
        let most = self.layout.most_encoded();
        for ((place, chunks), known) in places.into_iter().zip(chunks).zip(indexes) {
            let mut ranges = Vec::new();
            let mut of_ranges = Vec::new();
            for (number, (block, samples)) in chunks {
                let range = match &known {
                    Err(error) => Err(error.clone()),
                    Ok(None) => Ok(None),
                    Ok(Some(known)) => known.range(number, most),
                };
                match range {
                    Err(error) => *samples = Some(Err(error)),
                    Ok(None) => *samples = Some(self.sample(None, block)),
                    Ok(Some(range)) => {
                        ranges.push(range);
                        of_ranges.push((block, samples));
                    }
                }
            }
            if let Ok(Some(known)) = known
                && !ranges.is_empty()
            {
                wanted.push(Wanted {
                    key: self.key(&place)?,
                    part: Part::Ranges(ranges),
                });
                asked.push((place, known.version, of_ranges));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        for (found, (place, version, of_ranges)) in self.get(wanted)?.into_iter().zip(asked) {
            let is_outdated = match &found {
                Ok(found) => found.as_ref().is_none_or(|found| found.version != version),
                Err(error) => matches!(error.kind(), ErrorKind::Gone | ErrorKind::Corrupt),
            };
            if is_outdated {
                self.indexes.invalidate(&place);
                if !is_last {
                    continue;
                }
            }
            let found = match found {
                Ok(Some(found)) if !is_outdated => Ok(found),
                Ok(_) => Err(Error::new(
                    ErrorKind::Gone,
                    "a shard is being written anew: ask again",
                )),
                Err(error) => Err(error),
            };
            for (number, (block, samples)) in of_ranges.into_iter().enumerate() {
                *samples = Some(match &found {
                    Ok(found) => self.sample(found.bytes.get(number), block),
                    Err(error) => Err(error.clone()),
                });
            }
        }
        Ok(())
    }

    /// The index of each shard; `None` for one that is not stored.
    fn indexes(&self, places: &[Vec<u64>], shards: &Shards) -> Result<Vec<Result<Option<Arc<Known>>>>> {
        let kept: Vec<Option<Arc<Known>>> = places.iter().map(|place| self.indexes.get(place)).collect();
        let wanted = places
            .iter()
            .zip(&kept)
            .filter(|(_, kept)| kept.is_none())
            .map(|(place, _)| {
                Ok(Wanted {
                    key: self.key(place)?,
                    part: if shards.index_is_first {
                        Part::First(shards.index_bytes)
                    } else {
                        Part::Last(shards.index_bytes)
                    },
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let mut got = if wanted.is_empty() {
            Vec::new()
        } else {
            self.get(wanted)?
        }
        .into_iter();
        Ok(places
            .iter()
            .zip(kept)
            .map(|(place, kept)| {
                if kept.is_some() {
                    return Ok(kept);
                }
                let Some(found) = got.next().transpose()?.flatten() else {
                    return Ok(None);
                };
                let known = Arc::new(Known {
                    version: found.version,
                    size: found.size,
                    index: shards.decode(&found.first())?,
                });
                self.indexes.insert(place.clone(), Arc::clone(&known));
                Ok(Some(known))
            })
            .collect())
    }
}

impl BlockReader for ZarrBlocks {
    fn read(&self, blocks: &[Block]) -> Vec<Result<Samples>> {
        let read = match &self.layout.shards {
            None => self.read_chunks(blocks),
            Some(shards) => self.read_shards(blocks, shards),
        };
        read.unwrap_or_else(|error| blocks.iter().map(|_| Err(error.clone())).collect())
    }
}
