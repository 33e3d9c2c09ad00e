//! `projectile export` beside `vips dzsave`: the same picture, the same tiles.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::measures::{Fixtures, MEBIBYTE, NO_MEMORY, median, progress};
use crate::report::{Budget, Row};
use crate::{Options, Result};

/// The rows that [`measure`] adds.
pub(crate) const ROWS: usize = 4;

/// Deep Zoom by either, in PNG and JPEG.
pub(crate) fn measure(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    let source = fixtures.file("export.tif");
    let side = fixtures.picture * 2;
    for (kind, ending, ours, theirs) in [
        ("PNG", "png", vec!["--compression", "png"], ".png"),
        (
            "JPEG",
            "jpg",
            vec!["--compression", "jpeg", "--quality", "85"],
            ".jpg[Q=85]",
        ),
    ] {
        progress(&format!("exports to Deep Zoom of {kind}"));
        let (mut here, mut there, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let (mut peak_here, mut peak_there) = (0.0, 0.0);
        for _ in 0..fixtures.rounds.min(3) {
            let out = fixtures.file("export");
            clear(&out)?;
            let mut command = Command::new(&options.projectile);
            command.arg("export").arg(&source).arg(out.join("ours.dzi"));
            command.args(["--tile-size", "254", "--overlap", "1"]).args(&ours);
            let (ours, peak) = timed(&mut command)?;
            peak_here = f64::max(peak_here, peak);
            let mut command = Command::new(&options.vips);
            command.arg("dzsave").arg(&source).arg(out.join("theirs"));
            command.args(["--tile-size", "254", "--overlap", "1", "--suffix", theirs]);
            let (theirs, peak) = timed(&mut command)?;
            peak_there = f64::max(peak_there, peak);
            let counts = ["ours_files", "theirs_files"].map(|folder| tiles(&out.join(folder), ending));
            if counts[0] == 0 || counts[0] != counts[1] {
                return Err(format!("{kind}: {counts:?} tiles of projectile and of vips"));
            }
            here.push(ours);
            there.push(theirs);
            ratios.push(ours / theirs);
            clear(&out)?;
        }
        rows.push(Row {
            what: format!("export {side} × {side} RGB to Deep Zoom, {kind}"),
            ours: format!("{:.2} s", median(here)),
            against: format!("vips dzsave: {:.2} s", median(there)),
            ratio: median(ratios),
            budget: Some(Budget::AtMost(1.0)),
        });
        rows.push(Row {
            what: format!("the same: peak memory, {kind}"),
            ours: format!("{:.0} MiB", peak_here / MEBIBYTE),
            against: format!("vips dzsave: {:.0} MiB", peak_there / MEBIBYTE),
            ratio: peak_here / peak_there,
            budget: Some(Budget::AtMost(1.0)),
        });
    }
    Ok(())
}

fn clear(folder: &Path) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder).map_err(failed)
}

/// Seconds that a command takes, and the most memory that it has had.
fn timed(command: &mut Command) -> Result<(f64, f64)> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    loop {
        if let Ok(text) = std::fs::read_to_string(&status)
            && let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:"))
            && let Some(kib) = line
                .split_whitespace()
                .nth(1)
                .and_then(|word| word.parse::<f64>().ok())
        {
            peak = Some(kib * 1024.0);
        }
        match child.try_wait().map_err(|error| format!("{name}: {error}"))? {
            Some(done) if done.success() => break,
            Some(done) => return Err(format!("{name}: {done}")),
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    Ok((started.elapsed().as_secs_f64(), peak.ok_or(NO_MEMORY)?))
}

/// Files below a folder that end so.
fn tiles(folder: &Path, ending: &str) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                tiles(&path, ending)
            } else {
                usize::from(path.extension().is_some_and(|found| found == ending))
            }
        })
        .sum()
}
