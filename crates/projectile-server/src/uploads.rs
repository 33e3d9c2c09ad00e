//! Files that pages send, kept in a folder for as long as the server lives.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use projectile_core::sizes::to_u64;
use projectile_core::{Error, Image, Result};

use crate::error::Problem;
use crate::upload::Upload;

/// The longest name that a file is kept under, in characters.
const LONGEST_NAME: usize = 100;

type Open = dyn Fn(&Path) -> Result<Vec<Image>> + Send + Sync;

/// Where files are kept that pages send, how many bytes in all, and what opens them. Clones share everything.
#[derive(Clone)]
pub struct Uploads(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    limit: u64,
    used: AtomicU64,
    count: AtomicU64,
    open: Box<Open>,
}

impl std::fmt::Debug for Uploads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uploads")
            .field("folder", &self.0.folder)
            .field("limit", &self.0.limit)
            .field("used", &self.0.used)
            .finish_non_exhaustive()
    }
}

impl Uploads {
    /// Keeps at most `limit` bytes of files in `folder`, which is the caller's to remove; `open` makes images of one.
    pub fn new(
        folder: impl Into<PathBuf>,
        limit: u64,
        open: impl Fn(&Path) -> Result<Vec<Image>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            folder: folder.into(),
            limit,
            used: AtomicU64::new(0),
            count: AtomicU64::new(0),
            open: Box::new(open),
        }))
    }

    /// Bytes that all files together may have.
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// Keeps what is sent under (about) this name.
    ///
    /// # Errors
    /// 413 where there is no more room, and those of [`Upload::save`].
    pub(crate) async fn keep(&self, name: &str, upload: &mut Upload) -> std::result::Result<Kept, Problem> {
        let number = self.0.count.fetch_add(1, Ordering::Relaxed);
        // A folder for each, so that the image is called as the file was.
        let folder = self.0.folder.join(number.to_string());
        let file = folder.join(safe(name));
        let mut kept = Kept {
            inner: Arc::clone(&self.0),
            folder: folder.clone(),
            file: file.clone(),
            bytes: 0,
            stays: false,
        };
        let failed = |error: std::io::Error| {
            tracing::error!(%error, "an upload cannot be kept");
            Problem::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "the server cannot keep files; its log says more",
            )
        };
        tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
        let mut to = tokio::fs::File::create_new(&file).await.map_err(failed)?;
        upload
            .save(&mut to, failed, |count| kept.take(to_u64(count)))
            .await?;
        Ok(kept)
    }
}

/// A file that was sent. Dropping it removes it, unless it is to stay.
pub(crate) struct Kept {
    inner: Arc<Inner>,
    folder: PathBuf,
    file: PathBuf,
    bytes: u64,
    stays: bool,
}

impl Kept {
    /// Room for more bytes.
    fn take(&mut self, count: u64) -> std::result::Result<(), Problem> {
        self.bytes = self.bytes.saturating_add(count);
        let used = self
            .inner
            .used
            .fetch_add(count, Ordering::Relaxed)
            .saturating_add(count);
        if used <= self.inner.limit {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "all files together may have {} bytes here; start the server with a greater --allow-upload",
                self.inner.limit
            ),
        ))
    }

    /// The images in it; it stays. Blocks.
    ///
    /// # Errors
    /// What opening gives; then it is removed.
    pub(crate) fn open(mut self) -> Result<Vec<Image>> {
        let images = (self.inner.open)(&self.file).map_err(|error| {
            // Where it is kept is nobody's business.
            let place = format!("{}{}", self.folder.display(), std::path::MAIN_SEPARATOR);
            Error::new(error.kind(), error.message().replace(&place, ""))
        })?;
        self.stays = true;
        Ok(images)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        self.inner.used.fetch_sub(self.bytes, Ordering::Relaxed);
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::debug!(%error, "what is left of an upload cannot be removed");
        }
    }
}

/// A name that is one file's on every system, much like `name`.
fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .trim_start_matches(['.', ' '])
        .chars()
        .map(|letter| match letter {
            '.' | '_' | '-' | ' ' => letter,
            _ if letter.is_alphanumeric() => letter,
            _ => '_',
        })
        .collect();
    // The end says of which format it is.
    let surplus = kept.chars().count().saturating_sub(LONGEST_NAME);
    let kept: String = kept.chars().skip(surplus).collect();
    let kept = kept.trim_matches([' ', '.']);
    if kept.is_empty() {
        "upload".to_owned()
    } else {
        kept.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_elsewhere() {
        for (name, kept) in [
            ("scan 3.tiff", "scan 3.tiff"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.png", "a.png"),
            ("..", "upload"),
            ("", "upload"),
            (".hidden.npy", "hidden.npy"),
            ("a\u{0}b:c.png", "a_b_c.png"),
            ("größe.png", "größe.png"),
        ] {
            assert_eq!(safe(name), kept, "{name:?}");
        }
        let long = safe(&format!("{}.npy", "a".repeat(500)));
        assert_eq!(long.len(), LONGEST_NAME);
        assert_eq!(Path::new(&long).extension(), Some("npy".as_ref()));
    }
}
