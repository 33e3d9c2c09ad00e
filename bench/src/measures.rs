//! What is measured.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::client::{Connection, get, get_final, load};
use crate::program::Program;
use crate::report::{Budget, Row};
use crate::{Options, Result, cog, export, python, residency, zarr};

/// How many rows there must be.
const ROWS: usize = 31 + python::ROWS + residency::ROWS + cog::ROWS + zarr::ROWS + export::ROWS;
pub(crate) const CONNECTIONS: usize = 8;
pub(crate) const NO_MEMORY: &str = "this system does not tell how much memory a process has had";
pub(crate) const MEBIBYTE: f64 = 1_048_576.0;

/// The files that are served, made by `fixtures.py`, and their sizes.
pub(crate) struct Fixtures {
    folder: PathBuf,
    /// Side of the arrays in memory.
    side: usize,
    /// Side of the decoded pictures.
    pub(crate) picture: usize,
    /// Side of the array of about a gigabyte (in small: less).
    large: usize,
    /// Side of the sparse one of 40 GB.
    sparse: usize,
    pub(crate) rounds: usize,
}

impl Fixtures {
    fn make(options: &Options) -> Result<Self> {
        let folder = options.work.join(if options.quick { "quick" } else { "full" });
        let (side, picture, large, rounds) = if options.quick {
            (1024, 512, 4096, 1)
        } else {
            (4096, 4096, 32768, 5)
        };
        let fixtures = Self {
            folder,
            side,
            picture,
            large,
            sparse: 200_000,
            rounds,
        };
        let sides =
            [fixtures.side, fixtures.picture, fixtures.large, fixtures.sparse].map(|side| side.to_string());
        let made = Command::new(&options.python)
            .arg(&options.fixtures)
            .arg(&fixtures.folder)
            .args(sides)
            .status();
        match made {
            Ok(status) if status.success() => Ok(fixtures),
            other => Err(format!("the fixtures could not be made: {other:?}")),
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Side of the OME-Zarr.
    pub(crate) fn zarr_side(&self) -> usize {
        self.side * 2
    }

    /// The same several times over, so that a round takes a while.
    pub(crate) fn many_tiles(&self, tail: &str) -> Vec<String> {
        let tiles = self.tiles(tail);
        let times = if self.rounds > 1 { 8 } else { 2 };
        tiles.iter().cycle().take(tiles.len() * times).cloned().collect()
    }

    /// Every tile of the full resolution of an array in memory, `tail` after `z/x/y`.
    fn tiles(&self, tail: &str) -> Vec<String> {
        let z = (self.side / 256).ilog2();
        let count = self.side / 256;
        (0..count * count)
            .map(|index| format!("/{z}/{}/{}{tail}", index % count, index / count))
            .collect()
    }
}

/// Measures everything, in order.
pub(crate) fn all(options: &Options) -> Result<Vec<Row>> {
    let fixtures = Fixtures::make(options)?;
    let mut rows = Vec::new();
    throughput(options, &fixtures, &mut rows)?;
    against_seed(options, &fixtures, &mut rows)?;
    python::measure(options, &fixtures, &mut rows)?;
    first_tiles(options, &fixtures, &mut rows)?;
    sizes(options, &fixtures, &mut rows)?;
    storm(options, &fixtures, &mut rows)?;
    residency::measure(options, &fixtures.file("hundred.npy"), &mut rows)?;
    cog::measure(options, &fixtures, &mut rows)?;
    zarr::measure(options, &fixtures, &mut rows)?;
    export::measure(options, &fixtures, &mut rows)?;
    match rows.iter().find(|row| !row.ratio.is_finite()) {
        Some(row) => Err(format!("{}: nothing was measured", row.what)),
        None if rows.len() != ROWS => Err(format!("{} rows of {ROWS}", rows.len())),
        None => Ok(rows),
    }
}

pub(crate) fn progress(what: &str) {
    println!("… {what}");
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Serves one file; `extra` are more arguments.
pub(crate) fn serve(options: &Options, file: &Path, extra: &[&str]) -> Result<Program> {
    let file = file.to_string_lossy();
    let mut arguments = vec![&*file, "-p", "0"];
    arguments.extend(extra);
    Program::start(&options.projectile, &arguments)
}

/// A server that keeps no tile, its levels built and its threads awake: each tile that it gives is made anew.
fn uncached(options: &Options, file: &Path) -> Result<Program> {
    let server = serve(options, file, &["--cache", "0"])?;
    get_final(server.address, "/0/0/0.png")?;
    warm(server.address)?;
    Ok(server)
}

/// Lets threads and allocators start before the clock does.
fn warm(address: SocketAddr) -> Result<()> {
    let paths: Vec<String> = (0..64)
        .map(|index| format!("/0/0/0/{}.png", 1 << (index % 8)))
        .collect();
    load(address, &paths, CONNECTIONS).map(drop)
}

fn throughput(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    let bench = std::env::current_exe().map_err(|error| error.to_string())?;
    let floor = Program::start(bench, &["floor"])?;
    let kinds = [
        ("plain RGB, PNG stored", "rgb.npy", ".png?effort=stored"),
        ("plain RGB, PNG fast", "rgb.npy", ".png?effort=fast"),
        ("gray, PNG stored", "gray.npy", ".png?effort=stored"),
        ("colormapped, palette PNG", "field.npy", "/256/viridis/-1/1.png"),
        ("raw float32, .npy", "field.npy", ".npy"),
    ];
    let mut per_second = Vec::new();
    for (what, file, tail) in kinds {
        progress(what);
        let paths = fixtures.many_tiles(tail);
        let server = uncached(options, &fixtures.file(file))?;
        let (mut ours, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..fixtures.rounds {
            let here = load(server.address, &paths, CONNECTIONS)?;
            let same: Vec<String> = here.sizes.iter().map(|size| format!("/{size}")).collect();
            load(floor.address, &same[..same.len().min(64)], CONNECTIONS)?;
            let there = load(floor.address, &same, CONNECTIONS)?;
            ours.push(paths.len() as f64 / here.seconds);
            bare.push(paths.len() as f64 / there.seconds);
            ratios.push(there.seconds / here.seconds);
        }
        let ours = median(ours);
        per_second.push(ours);
        let budget = tail.contains("effort=stored").then_some(Budget::AtLeast(0.7));
        rows.push(Row {
            what: format!("tiles a second, uncached: {what}"),
            ours: format!("{ours:.0}/s"),
            against: format!("bare axum, same bytes: {:.0}/s", median(bare)),
            ratio: median(ratios),
            budget,
        });
    }
    rows.push(Row {
        what: "time of a colormapped tile".into(),
        ours: format!("{:.0} µs", 1e6 / per_second[3]),
        against: format!("RGB tile, PNG fast: {:.0} µs", 1e6 / per_second[1]),
        ratio: per_second[1] / per_second[3],
        budget: Some(Budget::AtMost(0.5)),
    });
    Ok(())
}

/// The original's algorithm, in the same run.
fn against_seed(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    let kinds = [
        ("plain RGB", "rgb.npy", "/256.png"),
        ("gray", "gray.npy", "/256.png"),
        ("colormapped", "field.npy", "/256/viridis/-1/1.png"),
    ];
    for (what, file, tail) in kinds {
        progress(&format!("the original: {what}"));
        let path = fixtures.file(file);
        let seed = Program::start(&options.python, &[options.seed.as_os_str(), path.as_os_str()])?;
        let paths = fixtures.many_tiles(tail);
        let server = uncached(options, &path)?;
        let few = &paths[..paths.len().min(if options.quick { 8 } else { 48 })];
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..fixtures.rounds.min(3) {
            theirs.push(few.len() as f64 / load(seed.address, few, CONNECTIONS)?.seconds);
            ours.push(paths.len() as f64 / load(server.address, &paths, CONNECTIONS)?.seconds);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        rows.push(Row {
            what: format!("tiles a second, uncached: {what}"),
            ours: format!("{ours:.0}/s"),
            against: format!("the original's algorithm: {theirs:.1}/s"),
            ratio: ours / theirs,
            budget: None,
        });
        let whole = format!("/0/0/0{tail}");
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..fixtures.rounds.min(3) {
            ours.push(time_of(server.address, &whole)?);
            theirs.push(time_of(seed.address, &whole)?);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        rows.push(Row {
            what: format!("zoom-0 tile, uncached: {what}"),
            ours: format!("{ours:.2} ms"),
            against: format!("the original's algorithm: {theirs:.0} ms"),
            ratio: ours / theirs,
            budget: None,
        });
    }
    Ok(())
}

fn time_of(address: SocketAddr, path: &str) -> Result<f64> {
    let mut connection = Connection::open(address)?;
    let mut body = Vec::new();
    let started = Instant::now();
    let (status, _) = connection.ask(path, &mut body)?;
    let taken = milliseconds(started);
    if status == 200 {
        Ok(taken)
    } else {
        Err(format!("{path}: status {status}"))
    }
}

/// Milliseconds from exec to the first byte-complete tile (whatever its quality), and the most memory so far.
fn first(options: &Options, file: &Path, tile: &str) -> Result<(f64, f64)> {
    let server = serve(options, file, &[])?;
    let answer = get(server.address, tile)?;
    let taken = milliseconds(server.started);
    if answer.status != 200 || answer.body.is_empty() {
        return Err(format!("{tile} of {}: status {}", file.display(), answer.status));
    }
    get_final(server.address, "/0/0/0.png")?;
    let peak = server.peak_memory().ok_or(NO_MEMORY)?;
    Ok((taken, peak))
}

fn first_tiles(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    progress("first tiles and memory");
    let start: Vec<f64> = (0..fixtures.rounds.max(3))
        .map(|_| {
            let server = serve(options, &fixtures.file("dot.npy"), &[])?;
            get(server.address, "/healthz")?;
            Ok(milliseconds(server.started))
        })
        .collect::<Result<_>>()?;
    limit(
        rows,
        "exec to first answer, nothing to load",
        median(start),
        20.0,
        "ms",
    );

    let native = |side: usize| {
        let deepest = side.next_power_of_two().ilog2() - 8;
        format!("/{deepest}/{0}/{0}.png", side / 512)
    };
    for (kind, file, side) in [
        ("", "large.npy", fixtures.large),
        ("sparse ", "sparse.npy", fixtures.sparse),
    ] {
        let name = format!("{kind}.npy of {:.2} GB", (side * side) as f64 / 1e9);
        for (which, tile) in [("native tile", native(side)), ("zoom 0", "/0/0/0.png".to_owned())] {
            let (mut times, mut peaks, mut note) = (Vec::new(), Vec::new(), "");
            for _ in 0..fixtures.rounds {
                let server = serve(options, &fixtures.file(file), &[])?;
                let answer = get(server.address, &tile)?;
                times.push(milliseconds(server.started));
                peaks.push(server.peak_memory().ok_or(NO_MEMORY)? / MEBIBYTE);
                if answer.status != 200 {
                    return Err(format!("{tile} of {name}: status {}", answer.status));
                }
                note = if answer.provisional { " (provisional)" } else { "" };
            }
            let (taken, peak) = (median(times), median(peaks));
            limit(
                rows,
                &format!("exec to first tile: {name}, {which}{note}"),
                taken,
                50.0,
                "ms",
            );
            limit(
                rows,
                &format!("peak memory by then: {name}, {which}"),
                peak,
                300.0,
                "MiB",
            );
        }
    }
    let pixels = (fixtures.picture * fixtures.picture * 3) as f64;
    for (name, file) in [
        ("PNG", "picture.png"),
        ("JPEG", "picture.jpg"),
        ("TIFF", "picture.tif"),
    ] {
        let path = fixtures.file(file);
        let (taken, peak) = first(options, &path, "/0/0/0.png")?;
        let pillow = pillow_time(options, &path)?;
        rows.push(Row {
            what: format!("exec to first tile: {name} of {0} × {0}", fixtures.picture),
            ours: format!("{taken:.0} ms"),
            against: format!("Pillow decodes it: {pillow:.0} ms"),
            ratio: taken / pillow,
            budget: None,
        });
        memory(rows, name, peak, pixels, 1.6);
    }
    let bytes = (fixtures.side * fixtures.side * 3) as f64;
    let (_, peak) = first(options, &fixtures.file("rgb.npy"), "/0/0/0.png")?;
    memory(rows, "array in memory", peak, bytes, 1.4);
    Ok(())
}

fn memory(rows: &mut Vec<Row>, name: &str, peak: f64, pixels: f64, most: f64) {
    rows.push(Row {
        what: format!("peak memory, pyramid built: {name}"),
        ours: format!("{:.0} MiB", peak / MEBIBYTE),
        against: format!("its pixels: {:.0} MiB", pixels / MEBIBYTE),
        ratio: peak / pixels,
        budget: Some(Budget::AtMost(most)),
    });
}

/// A row that is held to a number rather than to a rival.
fn limit(rows: &mut Vec<Row>, what: &str, value: f64, most: f64, unit: &str) {
    rows.push(Row {
        what: what.into(),
        ours: format!("{value:.1} {unit}"),
        against: format!("budget: {most:.0} {unit}"),
        ratio: value / most,
        budget: Some(Budget::AtMost(1.0)),
    });
}

fn pillow_time(options: &Options, path: &Path) -> Result<f64> {
    let script = "import sys, time; from PIL import Image; Image.MAX_IMAGE_PIXELS = None; \
                  t = time.perf_counter(); Image.open(sys.argv[1]).load(); print((time.perf_counter() - t) * 1e3)";
    let output = Command::new(&options.python)
        .args(["-c", script])
        .arg(path)
        .output();
    let output = output.map_err(|error| error.to_string())?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .map_err(|_| "Pillow could not decode a fixture".into())
}

/// What a zoom-0 tile costs, against the size of the image. A window that nobody asked for before keeps each uncached.
fn sizes(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    progress("zoom 0 against the image's size");
    let asked = if options.quick { 20 } else { 200 };
    let servers = ["size1.npy", "size10.npy", "size100.npy"]
        .map(|file| serve(options, &fixtures.file(file), &[]))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let mut times = vec![Vec::new(); servers.len()];
    for server in &servers {
        get_final(server.address, "/0/0/0.npy")?;
        warm(server.address)?;
    }
    for turn in 0..asked {
        for (server, times) in servers.iter().zip(&mut times) {
            times.push(time_of(
                server.address,
                &format!("/0/0/0/256/viridis/0/{}.png", 100 + turn),
            )?);
        }
    }
    let times: Vec<f64> = times.into_iter().map(median).collect();
    for (name, time) in [("10", times[1]), ("100", times[2])] {
        rows.push(Row {
            what: format!("zoom-0 tile of an image {name} times the size"),
            ours: format!("{time:.2} ms"),
            against: format!("once the size: {:.2} ms", times[0]),
            ratio: time / times[0],
            budget: Some(Budget::AtMost(1.3)),
        });
    }
    Ok(())
}

/// 400 requests whose clients go away, then 20 tiles that somebody wants.
fn storm(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    progress("pan storm");
    let (mut calm, mut stormy) = (Vec::new(), Vec::new());
    let wanted: Vec<String> = fixtures
        .tiles("/256/plasma/-1/1.png")
        .into_iter()
        .take(20)
        .collect();
    let tiles = fixtures.tiles("");
    let storm: Vec<String> = (0..400)
        .map(|index| {
            format!(
                "{}/1024/viridis/-2/{}.png?effort=small",
                tiles[index % tiles.len()],
                2 + index
            )
        })
        .collect();
    let count = storm.len();
    for turn in 0..fixtures.rounds * 2 {
        let server = serve(options, &fixtures.file("field.npy"), &[])?;
        get_final(server.address, "/0/0/0.npy")?;
        warm(server.address)?;
        if turn % 2 == 1 {
            for path in &storm {
                Connection::open(server.address)?.send(path)?;
            }
        }
        let taken = load(server.address, &wanted, 6)?.seconds * 1e3;
        (if turn % 2 == 1 { &mut stormy } else { &mut calm }).push(taken);
    }
    let (calm, stormy) = (median(calm), median(stormy));
    rows.push(Row {
        what: format!("20 new tiles after {count} requests whose clients left"),
        ours: format!("{stormy:.1} ms"),
        against: format!("the same without the {count}: {calm:.1} ms"),
        ratio: stormy / calm,
        budget: None,
    });
    Ok(())
}
