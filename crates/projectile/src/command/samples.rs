//! The images that need no file of the user's.

use std::path::Path;

use crate::Result;
use projectile_formats::{NamedSource, OpenOptions, SAMPLES, SampleOptions, demo, open, sample};

/// The sources of the sample that `input` names; `None` where it names none, as a path such as `./demo` does.
pub(crate) fn named(input: &Path) -> Option<&str> {
    input
        .to_str()
        .filter(|name| *name == "demo" || SAMPLES.contains(name))
}

/// Opens a sample.
pub(crate) fn open_sample(name: &str, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    if name == "demo" {
        return Ok(demo());
    }
    let progress = options.progress.clone();
    let path = sample(
        name,
        &SampleOptions {
            progress,
            ..SampleOptions::default()
        },
    )?;
    let mut sources = open(&path, options)?;
    for source in &mut sources {
        name.clone_into(&mut source.name);
    }
    Ok(sources)
}
