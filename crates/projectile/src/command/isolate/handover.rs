//! What goes from a worker to the next.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The variable that tells a process that it is the worker, and where the [`Handover`] is.
pub(super) const VARIABLE: &str = "PROJECTILE_ISOLATED";

/// What one worker leaves for the next, in a folder that only this user reads.
#[derive(Clone, Debug)]
pub(super) struct Handover(pub(super) PathBuf);

impl Handover {
    /// What is being worked on.
    pub(super) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// There once a worker has begun to serve.
    pub(super) fn serving(&self) -> PathBuf {
        self.0.join("serving")
    }

    /// The secret of the server's token, which the first worker makes.
    pub(super) fn token(&self) -> PathBuf {
        self.0.join("token")
    }

    /// For a worker's own files.
    pub(super) fn scratch(&self) -> PathBuf {
        self.0.join("scratch")
    }

    /// How often a worker ended while something was worked on.
    pub(super) fn strikes(&self) -> HashMap<String, u32> {
        let text = std::fs::read(self.0.join("strikes.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(super) fn set_strikes(&self, strikes: &HashMap<String, u32>) -> std::io::Result<()> {
        std::fs::write(self.0.join("strikes.json"), serde_json::to_vec(strikes)?)
    }
}

/// What the opening of a file is called in the journal.
pub(super) fn opening(file: &Path) -> String {
    format!("opening {}", file.display())
}
