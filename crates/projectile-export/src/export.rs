//! From an image and a path to a whole file, or folder.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use projectile_core::{Error, Image, Result};

use crate::options::ExportOptions;
use crate::output::{Output, Writer};
use crate::run;
use crate::store::Store;
use crate::writers::WRITERS;

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The name of the format.
    pub format: &'static str,
    /// How many pieces there are.
    pub pieces: u64,
    /// How many of them an export had written that was broken off.
    pub kept: u64,
    /// Bytes of all pieces.
    pub bytes: u64,
    /// What a person should know of it.
    pub notes: Vec<String>,
}

/// Writes an image to `path`, as its ending or the options say. What was written by the same export, before it was broken
/// off, is not written again. It blocks, and works on all cores.
///
/// # Errors
/// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for a format or an option that there is none of, and where
/// something is at `path` already; [`Corrupt`](projectile_core::ErrorKind::Corrupt) when what was written is not what is
/// read back; [`Cancelled`](projectile_core::ErrorKind::Cancelled); and what reading the image gives.
pub fn export(image: &Image, path: &Path, options: &ExportOptions) -> Result<Exported> {
    let writer = find(path, options.format.as_deref())?;
    let output = writer.plan(image, path, options)?;
    let output = &*output;
    refuse_what_is_there(path, output, options)?;
    let (threads, cancel) = (options.thread_count(), &options.cancel);
    let store = Store::open(output, fingerprint(image, output, options), threads, cancel)?;
    let kept = store.len();
    run::run(image, output, &store, options)?;
    store.verify(output, threads, cancel)?;
    let bytes = store.bytes();
    let plan = output.plan();
    store.finish(output)?;
    Ok(Exported {
        format: writer.name(),
        pieces: plan.count(),
        kept,
        bytes,
        notes: plan.notes.clone(),
    })
}

/// The writer of that name, or of the path's ending: the longest one that fits.
fn find(path: &Path, format: Option<&str>) -> Result<&'static dyn Writer> {
    if let Some(name) = format {
        return WRITERS
            .iter()
            .copied()
            .find(|writer| writer.name() == name)
            .ok_or_else(|| unknown("format", &format!("no format {name:?}")));
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let fitting = |writer: &&'static dyn Writer| {
        let endings = writer.endings().iter().filter(|ending| name.ends_with(*ending));
        endings.map(|ending| ending.len()).max()
    };
    WRITERS
        .iter()
        .copied()
        .filter(|writer| fitting(writer).is_some())
        .max_by_key(|writer| fitting(writer))
        .ok_or_else(|| {
            unknown(
                "out",
                &format!(
                    "{}: the ending names no format, and no --format does",
                    path.display()
                ),
            )
        })
}

fn unknown(parameter: &'static str, what: &str) -> Error {
    let known: Vec<_> = WRITERS
        .iter()
        .map(|writer| match writer.endings() {
            [] => writer.name().to_owned(),
            endings => format!("{} ({})", writer.name(), endings.join(", ")),
        })
        .collect();
    Error::bad_request(parameter, format!("{what}: there are {}", known.join(", ")))
}

/// Only what was asked to be replaced is, and of folders only those that an export made.
fn refuse_what_is_there(path: &Path, output: &dyn Output, options: &ExportOptions) -> Result<()> {
    let taken = |why: String| Err(Error::bad_request("out", why));
    let beside = output.beside();
    let there = [Some(output.target()), beside.as_deref()];
    for target in there.into_iter().flatten().filter(|target| target.exists()) {
        if target == path
            && target.is_dir()
            && target.read_dir().is_ok_and(|mut inside| inside.next().is_none())
        {
            continue;
        }
        if !options.overwrite {
            return taken(format!(
                "{}: is there already; --overwrite replaces it",
                target.display()
            ));
        }
        let marked = ["zarr.json", "tilejson.json"]
            .iter()
            .any(|mark| target.join(mark).is_file());
        if target.is_dir() && beside.is_none() && !marked {
            return taken(format!(
                "{}: is a folder that no export made, and is not replaced",
                target.display()
            ));
        }
    }
    Ok(())
}

/// Tells an export from any other: what it reads, and all that changes what it writes.
fn fingerprint(image: &Image, output: &dyn Output, options: &ExportOptions) -> u64 {
    let mut hasher = DefaultHasher::new();
    let plan = output.plan();
    image.version().hash(&mut hasher);
    format!("{} {:?}", image.info().axes, image.info().axes.shape()).hash(&mut hasher);
    format!("{:?} {:?}", plan.planes, plan.levels).hash(&mut hasher);
    format!("{:?} {options:?}", plan.resampling).hash(&mut hasher);
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    hasher.finish()
}
