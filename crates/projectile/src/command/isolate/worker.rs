//! The process that does the work.

use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, Journal, Result, Token};

use super::super::Failure;
use super::handover::{Handover, VARIABLE, opening};

/// What the worker was given.
#[derive(Debug)]
pub(crate) struct Worker {
    handover: Handover,
    journal: Arc<Journal>,
}

impl Worker {
    /// Whether this process is one.
    ///
    /// # Errors
    /// When what it was given is not there.
    pub(crate) fn of_this_process() -> std::result::Result<Option<Self>, Failure> {
        let Some(folder) = std::env::var_os(VARIABLE) else {
            return Ok(None);
        };
        let handover = Handover(PathBuf::from(folder));
        // It must not serve on when nobody is left who would start it again or end it.
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
        let journal = Journal::create(&handover.journal(), handover.strikes())?;
        Ok(Some(Self {
            handover,
            journal: Arc::new(journal),
        }))
    }

    /// The socket that it serves, which is in the place of its input.
    pub(crate) fn listener() -> std::io::Result<TcpListener> {
        Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
    }

    pub(crate) fn journal(&self) -> Arc<Journal> {
        Arc::clone(&self.journal)
    }

    /// An empty folder for what is not to be left behind, however it ends.
    pub(crate) fn scratch(&self) -> std::io::Result<PathBuf> {
        let folder = self.handover.scratch();
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// The server's token, the same for all workers: browsers have its cookie.
    pub(crate) fn token(&self, port: u16) -> std::io::Result<Token> {
        let path = self.handover.token();
        if let Ok(secret) = std::fs::read_to_string(&path) {
            return Ok(Token::known(secret, port));
        }
        let token = Token::random(port)?;
        std::fs::write(path, token.secret())?;
        Ok(token)
    }

    /// Says that it serves from now on. Whether it is the first that does.
    pub(crate) fn serves(&self) -> std::io::Result<bool> {
        let path = self.handover.serving();
        let is_first = !path.exists();
        std::fs::write(path, [])?;
        Ok(is_first)
    }

    /// Opens a file by `open`, unless that has ended a worker.
    ///
    /// # Errors
    /// Those of `open`, and of a file that ended one.
    pub(crate) fn open<T>(&self, file: &Path, open: impl FnOnce() -> Result<T>) -> Result<T> {
        let name = opening(file);
        if self.journal.strikes(&name) > 0 {
            return Err(Error::corrupt(format!(
                "{}: the process that opened it ended: it is left out",
                file.display()
            )));
        }
        let _under_way = self.journal.begin(&name);
        open()
    }
}
