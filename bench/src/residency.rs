//! How much memory a server takes that is asked for tiles all over an array much larger than memory.

use std::path::Path;

use crate::client::load;
use crate::measures::{CONNECTIONS, MEBIBYTE, NO_MEMORY, progress, serve};
use crate::report::{Budget, Row};
use crate::{Options, Result};

/// The rows that [`measure`] adds.
pub(crate) const ROWS: usize = 2;

/// Side of the array of float32: 102 GB.
const SIDE: u64 = 160_000;
/// What the server may keep, in MiB, and what it may take beside that.
const KEPT: u32 = 1024;
const BESIDE: u32 = 300;

/// Random tiles of random zooms; for two tiles in three these are raw, which are large.
pub(crate) fn measure(options: &Options, file: &Path, rows: &mut Vec<Row>) -> Result<()> {
    // Among all the other benchmarks; by itself there are many more.
    tiles_of(options, file, if options.quick { 500 } else { 1000 }, rows)
}

fn tiles_of(options: &Options, file: &Path, count: usize, rows: &mut Vec<Row>) -> Result<()> {
    progress(&format!("memory while {count} random tiles of 102 GB are seen"));
    let server = serve(options, file, &["--memory", &format!("{KEPT}M")])?;
    let before = server.resident_memory().ok_or(NO_MEMORY)?;
    let done = load(server.address, &tiles(count), CONNECTIONS)?;
    let peak = server.peak_memory().ok_or(NO_MEMORY)? / MEBIBYTE;
    let most = f64::from(KEPT + BESIDE);
    rows.push(Row {
        what: format!("peak memory: {count} random tiles of a .npy of 102 GB, `--memory {KEPT}M`"),
        ours: format!("{peak:.0} MiB"),
        against: format!("budget: {KEPT} + {BESIDE} MiB"),
        ratio: peak / most,
        budget: Some(Budget::AtMost(1.0)),
    });
    rows.push(Row {
        what: "the same: random tiles a second, while levels are built".to_owned(),
        ours: format!("{:.0}/s", count as f64 / done.seconds),
        against: format!("memory at the start: {:.0} MiB", before / MEBIBYTE),
        ratio: before / MEBIBYTE / peak,
        budget: None,
    });
    Ok(())
}

/// The same alone, of an array that is made where there is none: sparse, so that it takes no room on the disk.
pub(crate) fn alone(options: &Options) -> Result<Vec<Row>> {
    let file = options.work.join("memory").join("hundred.npy");
    make(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut rows = Vec::new();
    let count = if options.quick { 500 } else { 20_000 };
    tiles_of(options, &file, count, &mut rows)?;
    Ok(rows)
}

fn make(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let dictionary = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({SIDE}, {SIDE}), }}");
    let head = [
        &b"\x93NUMPY\x01\x00v\x00"[..],
        format!("{dictionary:<117}\n").as_bytes(),
    ]
    .concat();
    std::fs::write(file, &head)?;
    let array = std::fs::OpenOptions::new().write(true).open(file)?;
    array.set_len(head.len() as u64 + SIDE * SIDE * 4)
}

fn tiles(count: usize) -> Vec<String> {
    let deepest = SIDE.next_power_of_two().ilog2() - 8;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    // The same ones each time, so that runs can be compared (xorshift, by Marsaglia).
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let one = |index: usize| {
        let z = random(u64::from(deepest) + 1) as u32;
        let across = SIDE.div_ceil(256 << (deepest - z));
        let ending = if index.is_multiple_of(3) { "png" } else { "npy" };
        format!("/{z}/{}/{}.{ending}", random(across), random(across))
    };
    (0..count).map(one).collect()
}
