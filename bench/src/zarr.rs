//! OME-Zarr, here and 50 ms away, beside zarr-python that reads the same regions.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Instant;

use crate::client::{get, load};
use crate::measures::{CONNECTIONS, Fixtures, median, progress};
use crate::program::Program;
use crate::report::Row;
use crate::{Options, Result};

/// The rows that [`measure`] adds.
pub(crate) const ROWS: usize = 4;
/// Milliseconds that each request takes at least.
const LATENCY: &str = "50";

pub(crate) fn measure(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    let bench = std::env::current_exe().map_err(|error| error.to_string())?;
    let store = fixtures.file("image.zarr");
    let folder = store.parent().ok_or("no folder of fixtures")?;
    let far = Program::start(
        bench,
        &[OsStr::new("files"), folder.as_os_str(), OsStr::new(LATENCY)],
    )?;
    let address = format!("http://{}/image.zarr", far.address);
    for (what, store) in [
        ("local", store.to_string_lossy().into_owned()),
        ("over HTTP with 50 ms of latency", address),
    ] {
        progress(&format!("OME-Zarr {what}"));
        let tiles = tiles(fixtures.zarr_side(), if options.quick { 24 } else { 192 });
        let (mut firsts, mut rates, mut their_firsts, mut their_rates) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..fixtures.rounds.min(3) {
            let server = Program::start(&options.projectile, &[&store, "-p", "0"])?;
            let answer = get(server.address, &path(fixtures.zarr_side(), tiles[0]))?;
            firsts.push(server.started.elapsed().as_secs_f64() * 1e3);
            if answer.status != 200 {
                return Err(format!("a tile of {store}: status {}", answer.status));
            }
            let paths: Vec<String> = tiles
                .iter()
                .map(|tile| path(fixtures.zarr_side(), *tile))
                .collect();
            rates.push(tiles.len() as f64 / load(server.address, &paths, CONNECTIONS)?.seconds);
            drop(server);
            let (first, rate) = theirs(options, &store, &tiles)?;
            their_firsts.push(first);
            their_rates.push(rate);
        }
        let (first, their_first) = (median(firsts), median(their_firsts));
        rows.push(Row {
            what: format!("exec to first tile of an OME-Zarr {what}"),
            ours: format!("{first:.0} ms"),
            against: format!("zarr-python, the same region: {their_first:.0} ms"),
            ratio: first / their_first,
            budget: None,
        });
        let (rate, their_rate) = (median(rates), median(their_rates));
        rows.push(Row {
            what: format!("tiles a second of an OME-Zarr {what}, raw"),
            ours: format!("{rate:.0}/s"),
            against: format!("zarr-python, the same regions: {their_rate:.0}/s"),
            ratio: rate / their_rate,
            budget: None,
        });
    }
    Ok(())
}

/// Milliseconds to the first region of a new process of Python, and regions a second then.
fn theirs(options: &Options, store: &str, tiles: &[(usize, usize)]) -> Result<(f64, f64)> {
    let script = options.serve_python.with_file_name("zarr_regions.py");
    let started = Instant::now();
    let mut command = Command::new(&options.python);
    command.arg(script).arg(store).arg(CONNECTIONS.to_string());
    command.args(tiles.iter().map(|(x, y)| format!("{x},{y}")));
    let output = command.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let all = started.elapsed().as_secs_f64();
    let seconds: Option<f64> = text.trim().parse().ok();
    match seconds {
        Some(seconds) if output.status.success() => Ok(((all - seconds) * 1e3, tiles.len() as f64 / seconds)),
        _ => Err(format!(
            "zarr-python: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

fn path(side: usize, (x, y): (usize, usize)) -> String {
    let zoom = side.next_power_of_two().ilog2() - 8;
    format!("/{zoom}/{x}/{y}.npy")
}

/// Tiles all over an array, none of them twice.
fn tiles(side: usize, count: usize) -> Vec<(usize, usize)> {
    let across = side / 256;
    (0..across * across)
        // By a step that has no factor in common with a power of two.
        .map(|index| index * 37 % (across * across))
        .map(|index| (index % across, index / across))
        .take(count)
        .collect()
}
