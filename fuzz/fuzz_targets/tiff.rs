//! Any bytes as a TIFF: directories, OME-XML, GeoTIFF's keys, and the pixels of each image and level.
#![no_main]

use std::future::Future;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use projectile_core::{Cancel, Error, ReadRequest, Region, Residence, Result, Selection};
use projectile_formats::{Blob, BlockCache, FORMATS, OpenOptions};

/// The input, as if it were an object in a store.
#[derive(Debug)]
struct Memory(Bytes);

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

fuzz_target!(|data: &[u8]| {
    let Some(format) = FORMATS.iter().find(|format| format.name() == "TIFF") else {
        panic!("TIFF is gone");
    };
    let blob: Arc<dyn Blob> = Arc::new(Memory(Bytes::copy_from_slice(data)));
    let mut options = OpenOptions {
        cache: BlockCache::new(1 << 20),
        ..OpenOptions::default()
    };
    // All that can be is read by blocks, and never more than a little of it.
    options.limits.whole_array_bytes = 0;
    options.limits.decoded_bytes = 16 << 20;
    let Some(Ok(sources)) = format.open_blob(&blob, &options) else {
        return;
    };
    for source in sources.iter().take(4) {
        let info = source.source.info();
        for (level, size) in info.levels.iter().enumerate().take(4) {
            let request = ReadRequest {
                level,
                region: Region {
                    y: size.height / 2,
                    x: size.width / 2,
                    height: size.height.div_ceil(2).min(64),
                    width: size.width.div_ceil(2).min(64),
                },
                step: 1,
                selection: Selection {
                    indices: info.axes.extra().map(|axis| axis.size - 1).collect(),
                    channels: Some(vec![0]),
                },
                cancel: Cancel::new(),
            };
            // A chunk may be large whatever is wanted of it.
            let _ = pin!(source.source.read(request)).poll(&mut Context::from_waker(Waker::noop()));
        }
    }
});
