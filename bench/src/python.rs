//! The Python package: `run(array)` and the handler for Tornado.

use std::ffi::OsStr;

use crate::client::load;
use crate::measures::{CONNECTIONS, Fixtures, median, progress};
use crate::program::Program;
use crate::report::Row;
use crate::{Options, Result};

/// The rows that [`measure`] adds.
pub(crate) const ROWS: usize = 4;

/// `run(array)` beside the original's algorithm in Python, and the Tornado handler beside `run(array)`.
pub(crate) fn measure(options: &Options, fixtures: &Fixtures, rows: &mut Vec<Row>) -> Result<()> {
    for (what, file) in [("RGB", "rgb.npy"), ("gray", "gray.npy")] {
        progress(&format!("from Python: {what}"));
        let path = fixtures.file(file);
        let start = |how: &str| {
            let arguments = [
                options.serve_python.as_os_str(),
                OsStr::new(how),
                path.as_os_str(),
            ];
            Program::start(&options.python, &arguments)
        };
        let (run, tornado) = (start("run")?, start("tornado")?);
        let seed = Program::start(&options.python, &[options.seed.as_os_str(), path.as_os_str()])?;
        let paths = fixtures.many_tiles("/256.png");
        let few = |most: usize| &paths[..paths.len().min(if options.quick { 8 } else { most })];
        // Whoever comes first waits for the levels to be built; nobody is measured by that.
        for program in [&run, &tornado] {
            load(program.address, few(64), CONNECTIONS)?;
        }
        let (mut by_run, mut by_tornado, mut by_seed) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..fixtures.rounds.min(3) {
            by_run.push(paths.len() as f64 / load(run.address, &paths, CONNECTIONS)?.seconds);
            by_tornado.push(few(1024).len() as f64 / load(tornado.address, few(1024), CONNECTIONS)?.seconds);
            by_seed.push(few(48).len() as f64 / load(seed.address, few(48), CONNECTIONS)?.seconds);
        }
        let (by_run, by_tornado, by_seed) = (median(by_run), median(by_tornado), median(by_seed));
        rows.push(Row {
            what: format!("tiles a second, `run(array)` in Python: {what}"),
            ours: format!("{by_run:.0}/s"),
            against: format!("the original's algorithm: {by_seed:.1}/s"),
            ratio: by_run / by_seed,
            budget: None,
        });
        rows.push(Row {
            what: format!("tiles a second, Tornado's `TileHandler`: {what}"),
            ours: format!("{by_tornado:.0}/s"),
            against: format!("`run(array)`: {by_run:.0}/s"),
            ratio: by_tornado / by_run,
            budget: None,
        });
    }
    Ok(())
}
