//! The original's sample images, downloaded once from the USC-SIPI image database and kept.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use projectile_core::{Error, ErrorKind, Result};

use crate::open::{OpenOptions, Progress, open};
use crate::remote::{RemoteUrl, fetch};

/// What can be asked for by name.
pub const SAMPLES: [&str; 2] = ["sanfran", "pentagon"];

/// Where the database gives its images out.
const DATABASE: &str = "https://sipi.usc.edu/database/download.php";
/// Bytes beyond which an answer is none of its images: they have at most 3 MB.
const MOST_BYTES: u64 = 64 << 20;

/// Where samples come from and go to.
#[derive(Clone, Default)]
pub struct SampleOptions {
    /// The folder that keeps them; `None` for the user's cache folder.
    pub cache: Option<PathBuf>,
    /// The address of the download page, without its query; `None` for the database's own, or what the environment
    /// variable `PROJECTILE_SAMPLES_URL` says.
    pub url: Option<String>,
    /// How long a download may take; `None` for a minute.
    pub timeout: Option<Duration>,
    /// Told how far the download is, in bytes.
    pub progress: Option<Arc<dyn Progress>>,
}

impl std::fmt::Debug for SampleOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SampleOptions")
            .field("cache", &self.cache)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// An image of the database, volume *aerials*.
struct Sample {
    name: &'static str,
    number: &'static str,
    /// `(height, width, channels)`.
    shape: [u64; 3],
}

const IMAGES: [Sample; 2] = [
    Sample {
        name: "sanfran",
        number: "2.2.17",
        shape: [1024, 1024, 3],
    },
    Sample {
        name: "pentagon",
        number: "3.2.25",
        shape: [1024, 1024, 1],
    },
];

/// The file of the sample `name`, one of [`SAMPLES`]: from the cache if it is there and whole, else downloaded.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) for another name; [`Unavailable`](ErrorKind::Unavailable) when it cannot be
/// downloaded; [`Corrupt`](ErrorKind::Corrupt) when what came is not the image.
pub fn sample(name: &str, options: &SampleOptions) -> Result<PathBuf> {
    let sample = IMAGES.iter().find(|sample| sample.name == name).ok_or_else(|| {
        Error::not_found(format!("no sample {name:?}: there are {}", SAMPLES.join(" and ")))
    })?;
    let folder = options.cache.clone().or_else(user_cache).ok_or_else(|| {
        Error::new(
            ErrorKind::Unavailable,
            "no cache folder: set the environment variable XDG_CACHE_HOME",
        )
    })?;
    let kept = folder.join(format!("{name}.tiff"));
    // A file that is no longer the image (a full disk, a cut copy) is fetched again.
    if check(&kept, sample).is_ok() {
        return Ok(kept);
    }
    download(sample, &folder, &kept, options)
        .map(|()| kept)
        .map_err(|error| {
            Error::new(
                error.kind(),
                format!(
                    "the sample {name} could not be downloaded to {}: {}. `projectile demo` needs no network",
                    folder.display(),
                    error.message()
                ),
            )
        })
}

/// The user's cache folder for this program, by the platform's convention.
fn user_cache() -> Option<PathBuf> {
    let from = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = if cfg!(windows) {
        from("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Caches"))
    } else {
        from("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| from("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("projectile"))
}

fn unavailable(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unavailable, what.to_string())
}

fn download(sample: &Sample, folder: &Path, kept: &Path, options: &SampleOptions) -> Result<()> {
    let url = options
        .url
        .clone()
        .or_else(|| std::env::var("PROJECTILE_SAMPLES_URL").ok());
    let url = format!(
        "{}?vol=aerials&img={}",
        url.as_deref().unwrap_or(DATABASE),
        sample.number
    );
    std::fs::create_dir_all(folder).map_err(unavailable)?;
    // In the same folder, so that renaming it is one step: nobody ever sees half a file under its name, and of two
    // downloads at once either is whole.
    let mut partial = tempfile::Builder::new()
        .prefix(".partial-")
        .tempfile_in(folder)
        .map_err(unavailable)?;
    let patience = options.timeout.unwrap_or(Duration::from_mins(1));
    let mut bounded = OpenOptions {
        progress: options.progress.clone(),
        ..OpenOptions::default()
    };
    bounded.limits.download_bytes = MOST_BYTES;
    fetch(&RemoteUrl::parse(&url)?, &mut partial, patience, &bounded).map_err(|error| {
        match error.kind() {
            // The sample is known; it is the database that has moved.
            ErrorKind::NotFound => unavailable(error.message()),
            _ => error,
        }
    })?;
    partial.flush().map_err(unavailable)?;
    check(partial.path(), sample)?;
    partial.persist(kept).map_err(|error| unavailable(error.error))?;
    Ok(())
}

/// Whether the file decodes to an image of the right shape.
fn check(path: &Path, sample: &Sample) -> Result<()> {
    let wrong = |what: String| Error::corrupt(format!("what came is not the image: {what}"));
    let sources = open(path, &OpenOptions::default()).map_err(|error| wrong(error.message().to_owned()))?;
    let info = sources
        .first()
        .map(|source| source.source.info())
        .ok_or_else(|| wrong("it is empty".to_owned()))?;
    let shape = [info.axes.height(), info.axes.width(), info.axes.channels()];
    if (info.format.as_str(), shape) == ("TIFF", sample.shape) {
        Ok(())
    } else {
        Err(wrong(format!(
            "{} of shape {shape:?} instead of TIFF of shape {:?}",
            info.format, sample.shape
        )))
    }
}
