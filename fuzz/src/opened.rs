//! Opens bytes as a file, and reads a corner of all that is in it, within a small limit of memory.

use std::future::Future;
use std::io::Write;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use projectile_core::{Cancel, Error, ReadRequest, Region, Residence, Result, Selection, Source};
use projectile_formats::{Blob, BlockCache, FORMATS, OpenOptions, open};

/// Bytes that may be decoded of a file.
const DECODED_BYTES: u64 = 16 << 20;

/// The bytes as a file of a name with that ending: read whole, and by region or blocks where that can be.
pub(crate) fn opened(ending: &str, bytes: &[u8]) {
    let mut file = tempfile::Builder::new()
        .suffix(ending)
        .tempfile()
        .expect("a temporary file");
    file.write_all(bytes).expect("room for it");
    for whole_array_bytes in [0, 1 << 20] {
        let mut options = OpenOptions::default();
        options.limits.decoded_bytes = DECODED_BYTES;
        options.limits.whole_array_bytes = whole_array_bytes;
        for named in open(file.path(), &options).unwrap_or_default().iter().take(4) {
            read_middles(&*named.source);
        }
    }
}

/// The bytes as an object in a store, read by a format that reads by blocks.
pub(crate) fn by_blocks(format: &str, bytes: &Arc<Memory>) {
    let format = FORMATS.iter().find(|known| known.name() == format);
    let format = format.expect("one of the formats that are read");
    let mut options = OpenOptions {
        cache: BlockCache::new(1 << 20),
        ..OpenOptions::default()
    };
    options.limits.whole_array_bytes = 0;
    options.limits.decoded_bytes = DECODED_BYTES;
    let blob: Arc<dyn Blob> = Arc::clone(bytes) as _;
    if let Some(Ok(sources)) = format.open_blob(&blob, &options) {
        for named in sources.iter().take(4) {
            read_middles(&*named.source);
        }
    }
}

/// The middle of each level.
fn read_middles(source: &dyn Source) {
    let info = source.info();
    for (level, size) in info.levels.iter().enumerate().take(4) {
        let region = Region {
            y: size.height / 2,
            x: size.width / 2,
            height: size.height.div_ceil(2).min(64),
            width: size.width.div_ceil(2).min(64),
        };
        let request = ReadRequest {
            level,
            region,
            step: 1,
            selection: Selection {
                indices: info
                    .axes
                    .extra()
                    .map(|axis| axis.size.saturating_sub(1))
                    .collect(),
                channels: Some(vec![0]),
            },
            cancel: Cancel::new(),
        };
        // What is on this machine answers at once; what does not is no fault of its bytes.
        let _ = pin!(source.read(request)).poll(&mut Context::from_waker(Waker::noop()));
    }
}

/// Bytes as if they were an object in a store.
#[derive(Debug)]
pub(crate) struct Memory(Bytes);

impl Memory {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl Blob for Memory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn version(&self) -> u64 {
        1
    }

    fn residence(&self) -> Residence {
        Residence::Local
    }

    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let is_inside = |range: &Range<u64>| range.start <= range.end && range.end <= self.size();
        if !ranges.iter().all(is_inside) {
            return Err(Error::corrupt("beyond the end"));
        }
        let cut = |range: &Range<u64>| self.0.slice(range.start as usize..range.end as usize);
        Ok(ranges.iter().map(cut).collect())
    }
}
