//! `--watch`: files that change are opened anew, and pages show them.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{Image, Result, Server};

use super::complain;

/// How often files are looked at. Asking the system to tell works on few file systems of clusters.
const EVERY: Duration = Duration::from_millis(500);

/// What of a file is another when it was written: time, length, and which file it is.
pub(crate) type Mark = (Option<SystemTime>, u64, u64);

/// A file, the ids of its images, and how far it was seen.
pub(crate) struct Watched {
    file: PathBuf,
    /// How many images it had.
    count: usize,
    ids: Vec<String>,
    /// As it was when its images were opened.
    shown: Option<Mark>,
    /// As it was at the last look.
    seen: Option<Mark>,
    /// Whether it is a link to another folder, which whoever named it wants to be followed.
    leads_out: bool,
}

impl Watched {
    /// A file that had `count` images when it was as `mark` says.
    pub(crate) fn new(file: PathBuf, mark: Option<Mark>, count: usize) -> Self {
        Self {
            leads_out: leads_out(&file),
            file,
            count,
            ids: Vec::new(),
            shown: mark,
            seen: mark,
        }
    }
}

/// Looks at `files` for ever, whose images have `ids`, one file's after the other's. What `reload` makes of one that has
/// changed is served in the old one's place; of one that it cannot open the old images stay.
pub(crate) async fn files(
    mut watched: Vec<Watched>,
    ids: &[String],
    server: &Server,
    reload: impl Fn(&Path) -> Result<Vec<Image>>,
) {
    let mut ids = ids.iter().cloned();
    for each in &mut watched {
        each.ids = ids.by_ref().take(each.count).collect();
    }
    let mut clock = tokio::time::interval(EVERY);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        for each in &mut watched {
            let now = mark(&each.file);
            let rests = now == each.seen;
            each.seen = now;
            // A file that is gone may be about to come back; one that grows is still being written.
            if now.is_none() || !rests || now == each.shown {
                continue;
            }
            each.shown = now;
            if !each.leads_out && leads_out(&each.file) {
                complain(&format!(
                    "{}: it is a link to another folder now, which is not followed",
                    each.file.display()
                ));
                continue;
            }
            match reload(&each.file) {
                Ok(images) => replace(each, images, server),
                Err(error) => complain(error.message()),
            }
        }
    }
}

fn leads_out(file: &Path) -> bool {
    file.parent()
        .is_some_and(|folder| projectile_formats::leads_out(folder, file))
}

fn replace(watched: &mut Watched, images: Vec<Image>, server: &Server) {
    let mut images = images.into_iter();
    for id in &watched.ids {
        let Some(image) = images.next() else {
            complain(&format!(
                "{}: {id} is not in it any more, and stays as it was",
                watched.file.display()
            ));
            continue;
        };
        if let Err(error) = server.replace(id, image) {
            complain(error.message());
        }
    }
    watched.ids.extend(server.add(images));
}

/// What tells that a file was written; `None` where there is none. Of a folder that is an image, such as a Zarr, and of
/// what is in one, the documents that tell of it are looked at.
pub(crate) fn mark(file: &Path) -> Option<Mark> {
    let (whole, _) = projectile_formats::split_inner(file);
    let metadata = std::fs::metadata(&whole).ok()?;
    let mut mark = (metadata.modified().ok(), metadata.len(), number(&metadata));
    if metadata.is_dir() {
        let documents = projectile_formats::folder_marks().map(|name| whole.join(name));
        for document in documents.filter_map(|document| std::fs::metadata(document).ok()) {
            mark.0 = mark.0.max(document.modified().ok());
            mark.1 = mark.1.wrapping_add(document.len());
        }
    }
    Some(mark)
}

#[cfg(unix)]
fn number(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number(_metadata: &Metadata) -> u64 {
    0
}
