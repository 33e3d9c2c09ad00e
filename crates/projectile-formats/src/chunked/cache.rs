//! What is kept of the blocks that were read: one budget for many arrays.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;
use projectile_core::Samples;

use super::Block;

/// Blocks of arrays, within a budget of bytes. Clones share it.
#[derive(Clone, Debug)]
pub struct BlockCache {
    kept: Cache<(u64, Block), Samples>,
    owners: Arc<AtomicU64>,
}

impl BlockCache {
    /// Keeps up to `bytes` bytes of samples, the ones that are asked for most.
    pub fn new(bytes: u64) -> Self {
        let weigh = |_: &(u64, Block), samples: &Samples| {
            u32::try_from(samples.len().saturating_mul(samples.dtype().size())).unwrap_or(u32::MAX)
        };
        Self {
            kept: Cache::builder()
                .max_capacity(bytes)
                .weigher(weigh)
                .support_invalidation_closures()
                .build(),
            owners: Arc::default(),
        }
    }

    /// What the blocks of one more array go by.
    pub(super) fn owner(&self) -> u64 {
        self.owners.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn get(&self, owner: u64, block: &Block) -> Option<Samples> {
        self.kept.get(&(owner, block.clone()))
    }

    pub(super) fn insert(&self, owner: u64, block: Block, samples: Samples) {
        self.kept.insert((owner, block), samples);
    }

    /// Forgets the blocks of one array.
    pub(super) fn forget(&self, owner: u64) {
        // Never an error: the cache was built with support for it.
        let _ = self.kept.invalidate_entries_if(move |(of, _), _| *of == owner);
    }
}

impl Default for BlockCache {
    /// 256 MiB.
    fn default() -> Self {
        Self::new(256 << 20)
    }
}
