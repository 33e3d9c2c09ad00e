//! Encoded tiles, kept by weight: the least useful go first.

use std::sync::Arc;

use bytes::Bytes;
use projectile_core::{DType, Damage, Tile, TileRequest};

/// An image's version, and the last revision that touched a tile.
pub(crate) type Version = (u64, u64);

/// What names a tile: the image, its version and revision, and the canonical request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(Arc<(usize, Version, TileRequest)>);

impl Key {
    pub(crate) fn new(image: usize, version: Version, request: TileRequest) -> Self {
        Self(Arc::new((image, version, request)))
    }

    pub(crate) fn version(&self) -> Version {
        self.0.1
    }

    pub(crate) fn request(&self) -> &TileRequest {
        &self.0.2
    }
}

/// A tile that is ready to be sent, shared by all who ask for it.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) bytes: Bytes,
    pub(crate) media_type: &'static str,
    pub(crate) provisional: bool,
    pub(crate) samples: Option<(DType, [usize; 3])>,
    pub(crate) damage: Option<Damage>,
}

impl From<Tile> for Ready {
    fn from(tile: Tile) -> Self {
        Self {
            bytes: Bytes::from(tile.bytes),
            media_type: tile.media_type,
            provisional: tile.provisional,
            samples: tile.samples,
            damage: tile.damage,
        }
    }
}

/// What an entry takes beside its bytes: key, request, bookkeeping. An estimate, so that empty tiles weigh too.
const OVERHEAD: usize = 512;

/// The tiles.
#[derive(Debug)]
pub(crate) struct Cache {
    tiles: moka::sync::Cache<Key, Ready>,
}

impl Cache {
    /// A cache of at most `bytes`; 0 keeps nothing.
    pub(crate) fn new(bytes: u64) -> Self {
        let tiles = moka::sync::Cache::builder()
            .max_capacity(bytes)
            .weigher(|_, tile: &Ready| {
                u32::try_from(tile.bytes.len().saturating_add(OVERHEAD)).unwrap_or(u32::MAX)
            })
            .build();
        Self { tiles }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Ready> {
        self.tiles.get(key)
    }

    /// Bytes that are kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.tiles.weighted_size()
    }

    /// Keeps a tile; a provisional or damaged one never, as a better one may take its place.
    pub(crate) fn keep(&self, key: Key, tile: &Ready) {
        if !tile.provisional && tile.damage.is_none() {
            self.tiles.insert(key, tile.clone());
        }
    }
}
