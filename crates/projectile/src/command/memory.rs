//! How memory is shared by all that is kept: built levels, blocks of files, encoded tiles.

use std::sync::OnceLock;

use crate::{BlockCache, LevelCache};

/// What is kept, within one budget.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// Of images whose files bring no levels.
    pub(crate) levels: LevelCache,
    /// Of files that are read by blocks.
    pub(crate) blocks: BlockCache,
    /// Bytes of the greatest array that is read whole, where that is not left to its format.
    pub(crate) whole: Option<u64>,
}

impl Memory {
    /// A budget of `bytes`, of which encoded tiles take `tiles`.
    ///
    /// Levels are dearest to make, and blocks are what everything else is made of: they halve what is left.
    pub(crate) fn of(bytes: u64, tiles: u64) -> Self {
        let half = bytes.saturating_sub(tiles) / 2;
        Self {
            levels: LevelCache::new(half),
            blocks: BlockCache::new(half),
            whole: None,
        }
    }
}

/// Bytes for encoded tiles where nobody said how many: they are small, and soon made again.
pub(crate) fn tiles_of(bytes: u64) -> u64 {
    (bytes / 8).min(1 << 30)
}

/// A quarter of what there is.
pub(crate) fn default_budget() -> u64 {
    all() / 4
}

/// Half of what there is.
pub(crate) fn half() -> u64 {
    all() / 2
}

/// What the machine has, or what it lets this process have; asked for once, as each file that is opened wants to know.
fn all() -> u64 {
    static ALL: OnceLock<u64> = OnceLock::new();
    *ALL.get_or_init(told)
}

fn told() -> u64 {
    /// Where the machine does not tell.
    const UNKNOWN: u64 = 4 << 30;
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let granted = system.cgroup_limits().map(|limits| limits.total_memory);
    let all = [Some(system.total_memory()), granted];
    let all = all.into_iter().flatten().filter(|&bytes| bytes > 0).min();
    all.unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_a_quarter_of_what_there_is() {
        let budget = default_budget();
        assert!((16 << 20..1 << 44).contains(&budget), "{budget}");
    }
}
