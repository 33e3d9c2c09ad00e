//! From what was named on the command line to images, with a progress bar where somebody watches.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{
    AllowedPrefixes, Cancel, Error, ErrorKind, Image, ImageOptions, Mode, OpenOptions, Progress, RemoteUrl,
    Result, Source, name,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use projectile_formats::{Limits, NamedSource};

use super::args::{ImageArgs, ModeName};
use super::memory::{self, Memory};
use super::watch::{self, Mark};
use super::{Fallback, samples};

/// A file, and the images in it.
pub(crate) struct Loaded {
    pub(crate) file: PathBuf,
    /// As it was before it was opened.
    pub(crate) mark: Option<Mark>,
    pub(crate) images: Vec<Image>,
}

/// The images of every input, by file, as `open` opens one. What cannot be opened is told of on `warn`, unless nothing can.
pub(crate) fn all(
    inputs: &[PathBuf],
    open: impl Fn(&Path) -> Result<Vec<Image>>,
    mut warn: impl FnMut(&Error),
) -> Result<Vec<Loaded>> {
    let (mut loaded, mut errors) = (Vec::new(), Vec::new());
    let mut files = Vec::new();
    for input in inputs {
        files.append(&mut expand(input, &mut errors)?);
    }
    for file in files {
        let mark = watch::mark(&file);
        match open(&file) {
            Ok(images) if images.is_empty() => {}
            Ok(images) => loaded.push(Loaded { file, mark, images }),
            Err(error) => errors.push(error),
        }
    }
    match (loaded.is_empty(), errors.pop()) {
        (false, last) => {
            errors.iter().chain(&last).for_each(&mut warn);
            Ok(loaded)
        }
        (true, Some(last)) => {
            errors.iter().for_each(&mut warn);
            Err(last)
        }
        (true, None) => Err(Error::not_found(
            "no image and no array: nothing there is of a format that is known",
        )),
    }
}

/// The images of one file, address or sample.
pub(crate) fn one(
    input: &Path,
    args: &ImageArgs,
    memory: &Memory,
    fallback: Fallback<'_>,
) -> Result<Vec<Image>> {
    let sample = samples::named(input);
    let sources = read(input, args, memory, |options| match sample {
        Some(sample) => samples::open_sample(sample, options),
        None => projectile_formats::open_anywhere(input, options).or_else(|error| {
            // Who falls back knows files alone.
            let is_unknown = error.kind() == ErrorKind::Unsupported && RemoteUrl::of_input(input).is_none();
            is_unknown
                .then(|| fallback(input))
                .flatten()
                .unwrap_or(Err(error))
        }),
    })?;
    let file = if sample.is_some() {
        String::new()
    } else {
        name(input)
    };
    all_shown(&file, sources, args, memory)
}

/// The images at an address that a client gave; `None` where that is not allowed.
pub(crate) fn remote(
    url: &str,
    args: &ImageArgs,
    memory: &Memory,
    allowed: &Arc<AllowedPrefixes>,
) -> Result<Option<Vec<Image>>> {
    let Some(url) = allowed.admit(url)? else {
        return Ok(None);
    };
    let mut options = options(args, memory);
    options.allowed = Some(Arc::clone(allowed));
    all_shown(
        &url.name(),
        projectile_formats::open_url(&url, &options)?,
        args,
        memory,
    )
    .map(Some)
}

/// The images of sources of one file.
fn all_shown(file: &str, sources: Vec<NamedSource>, args: &ImageArgs, memory: &Memory) -> Result<Vec<Image>> {
    sources
        .into_iter()
        .map(|NamedSource { name: member, source }| {
            let name = match (file.is_empty(), member.is_empty()) {
                (_, true) => file.to_owned(),
                (true, false) => member,
                (false, false) => format!("{file}/{member}"),
            };
            shown(&name, &source, args, memory)
        })
        .collect()
}

/// What `open` opens, with a progress bar where that takes long.
fn read(
    input: &Path,
    args: &ImageArgs,
    memory: &Memory,
    open: impl FnOnce(&OpenOptions) -> Result<Vec<NamedSource>>,
) -> Result<Vec<NamedSource>> {
    let bar = bar(input);
    let mut options = options(args, memory);
    options.progress = Some(Arc::new(Bar {
        bar: bar.clone(),
        started: Instant::now(),
    }));
    let opened = open(&options);
    bar.finish_and_clear();
    opened
}

/// How files are read, as the flags say.
fn options(args: &ImageArgs, memory: &Memory) -> OpenOptions {
    let mut limits = Limits::default();
    if let Some(bytes) = memory.whole {
        limits.whole_array_bytes = bytes;
    }
    limits.decoded_bytes = limits.decoded_bytes.min(memory::half());
    args.limits.over(&mut limits);
    OpenOptions {
        limits,
        axes: args.axes.clone(),
        mode: args.mode.map(|mode| match mode {
            ModeName::Rgb => Mode::Rgb,
            ModeName::L => Mode::Luma,
        }),
        cache: memory.blocks.clone(),
        ..OpenOptions::default()
    }
}

/// The image, shown as the flags say. Of a window of which they give one end, the other is the image's own.
fn shown(name: &str, source: &Arc<dyn Source>, args: &ImageArgs, memory: &Memory) -> Result<Image> {
    let mut options = ImageOptions {
        colormap: args.cmap.clone(),
        window: args.vmin.zip(args.vmax),
        resampling: args.resampling,
        levels: memory.levels.clone(),
    };
    let image = Image::with_options(name, Arc::clone(source), options.clone())?;
    if args.vmin.is_some() == args.vmax.is_some() {
        return Ok(image);
    }
    let own = image.display(&Cancel::new())?.window;
    options.window = Some((args.vmin.unwrap_or(own.vmin), args.vmax.unwrap_or(own.vmax)));
    Image::with_options(name, Arc::clone(source), options)
}

/// The files and folders in a folder that some format knows, sorted; anything else as it is, a folder of such a format
/// too. Links that lead out of the folder are not followed, which is told of in `errors`.
fn expand(input: &Path, errors: &mut Vec<Error>) -> Result<Vec<PathBuf>> {
    let is_one = RemoteUrl::of_input(input).is_some()
        || !input.is_dir()
        || projectile_formats::is_folder_format(input);
    if is_one || samples::named(input).is_some() {
        return Ok(vec![input.to_owned()]);
    }
    let failed = |error: std::io::Error| {
        Error::not_found(format!("{}: the folder cannot be read: {error}", input.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(input).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_symlink() && projectile_formats::leads_out(input, &path) {
            errors.push(Error::unsupported(format!(
                "{}: a link that leads out of the folder; give it by itself to show what it leads to",
                path.display()
            )));
        } else if projectile_formats::is_known(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A bar on a terminal; hidden on a pipe.
fn bar(input: &Path) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} % {eta:>4}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let name = name(input).replace(super::moves, "?");
    ProgressBar::with_draw_target(Some(0), target)
        .with_style(style)
        .with_message(name)
}

struct Bar {
    bar: ProgressBar,
    started: Instant,
}

impl Progress for Bar {
    fn update(&self, done: u64, total: u64) {
        /// Loads that are over sooner show nothing.
        const PATIENCE: Duration = Duration::from_millis(300);
        if self.started.elapsed() >= PATIENCE {
            self.bar.set_length(total);
            self.bar.set_position(done);
        }
    }
}
