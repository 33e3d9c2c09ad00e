//! Opens bytes as a file of some name, and reads a corner of all that is in it, within a small limit of memory.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use projectile_core::{Cancel, ReadRequest, Region, Selection};
use projectile_formats::{OpenOptions, open};

pub fn opened(ending: &str, bytes: &[u8]) {
    let mut file = tempfile::Builder::new().suffix(ending).tempfile().expect("a temporary file");
    std::io::Write::write_all(&mut file, bytes).expect("room for it");
    for whole_array_bytes in [0, 1 << 20] {
        let mut options = OpenOptions::default();
        options.limits.decoded_bytes = 16 << 20;
        options.limits.whole_array_bytes = whole_array_bytes;
        let Ok(sources) = open(file.path(), &options) else { continue };
        for named in sources.iter().take(4) {
            let axes = &named.source.info().axes;
            let request = ReadRequest {
                level: 0,
                region: Region { y: 0, x: 0, height: axes.height().min(20), width: axes.width().min(20) },
                step: 1,
                selection: Selection { indices: vec![0; axes.extra().count()], channels: Some(vec![0]) },
                cancel: Cancel::new(),
            };
            let _ = pin!(named.source.read(request)).poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}
