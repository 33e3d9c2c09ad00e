//! A cloud-optimised GeoTIFF, here and behind 50 ms of network, beside rio-tiler reading the same tiles.

use std::path::Path;
use std::process::Command;

use crate::client::{get_final, load};
use crate::measures::{CONNECTIONS, Fixtures, median, progress, serve};
use crate::program::Program;
use crate::report::Row;
use crate::{Options, Result};

/// The rows that [`measure`] adds.
pub(crate) const ROWS: usize = 4;

/// How late each answer of the network is, in milliseconds.
const LATENCY: &str = "50";

/// First tile and tiles a second. A tile is of 256 × 256 stored pixels, raw, and no tile is asked for twice.
pub(crate) fn measure(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    let (side, count, rounds) = if options.quick {
        (2048, 24, 1)
    } else {
        (8192, 1024, 3)
    };
    let file = fixtures.file(&format!("cog-{side}.tif"));
    python(options, &["make", &file.to_string_lossy(), &side.to_string()])?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let script = options.read_cog.as_os_str();
    let web = Program::start(
        &options.python,
        &[script, "serve".as_ref(), folder.as_os_str(), LATENCY.as_ref()],
    )?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let far = format!("http://{}/{name}", web.address);
    let near = file.to_string_lossy().into_owned();
    for (how, place) in [("local", near), ("HTTP, 50 ms late", far)] {
        progress(&format!("a COG: {how}"));
        let (mut first, mut rate) = (Vec::new(), Vec::new());
        let (mut their_first, mut their_rate) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            // No window is looked for: rio-tiler's tiles are raw, too.
            let server = serve(options, Path::new(&place), &["--vmin", "0", "--vmax", "65535"])?;
            get_final(server.address, &tile(side, 0, 0))?;
            first.push(server.started.elapsed().as_secs_f64() * 1e3);
            let paths: Vec<String> = places(count, side).map(|(x, y)| tile(side, x, y)).collect();
            rate.push(count as f64 / load(server.address, &paths, CONNECTIONS)?.seconds);
            let connections = CONNECTIONS.to_string();
            let said = python(options, &["read", &place, &connections, &count.to_string()])?;
            let mut numbers = said.split_whitespace().map(str::parse::<f64>);
            let (Some(Ok(milliseconds)), Some(Ok(tiles))) = (numbers.next(), numbers.next()) else {
                return Err(format!("rio-tiler said {said:?}"));
            };
            their_first.push(milliseconds);
            their_rate.push(tiles);
        }
        let (first, their_first) = (median(first), median(their_first));
        rows.push(Row {
            what: format!("exec to first tile: COG of {side} × {side}, {how}"),
            ours: format!("{first:.0} ms"),
            against: format!("rio-tiler opens and reads it: {their_first:.0} ms"),
            ratio: first / their_first,
            budget: None,
        });
        let (rate, their_rate) = (median(rate), median(their_rate));
        rows.push(Row {
            what: format!("tiles a second, each a new one: COG of {side} × {side}, {how}"),
            ours: format!("{rate:.0}/s"),
            against: format!("rio-tiler, {CONNECTIONS} threads: {their_rate:.0}/s"),
            ratio: rate / their_rate,
            budget: None,
        });
    }
    Ok(())
}

/// The address of a tile of stored pixels.
fn tile(side: usize, x: usize, y: usize) -> String {
    let zoom = (side / 256).ilog2();
    format!("/{zoom}/{x}/{y}.npy")
}

/// The tiles that `read_cog.py` reads, in its order.
fn places(count: usize, side: usize) -> impl Iterator<Item = (usize, usize)> {
    let across = side / 256;
    (0..count).map(move |i| (7 * i % across, (3 * i + i / across) % across))
}

/// What the script says.
fn python(options: &Options, arguments: &[&str]) -> Result<String> {
    let done = Command::new(&options.python)
        .arg(&options.read_cog)
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        Err(format!(
            "read_cog.py failed: {}",
            String::from_utf8_lossy(&done.stderr)
        ))
    }
}
