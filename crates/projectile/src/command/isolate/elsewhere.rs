//! Where a socket cannot be handed to another process as its input.

use std::convert::Infallible;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Journal, Result, Token};

use super::super::Failure;

/// There is none.
#[derive(Debug)]
pub(crate) struct Worker(Infallible);

impl Worker {
    pub(crate) fn of_this_process() -> std::result::Result<Option<Self>, Failure> {
        Ok(None)
    }

    pub(crate) fn listener() -> std::io::Result<TcpListener> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn journal(&self) -> Arc<Journal> {
        match self.0 {}
    }

    pub(crate) fn scratch(&self) -> std::io::Result<PathBuf> {
        match self.0 {}
    }

    pub(crate) fn token(&self, _port: u16) -> std::io::Result<Token> {
        match self.0 {}
    }

    pub(crate) fn serves(&self) -> std::io::Result<bool> {
        match self.0 {}
    }

    pub(crate) fn open<T>(&self, _file: &Path, _open: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.0 {}
    }
}

pub(crate) fn run(_listener: &TcpListener) -> std::result::Result<(), Failure> {
    Err("--isolate is to be had on Unix alone: the worker is handed its socket as its input".into())
}
