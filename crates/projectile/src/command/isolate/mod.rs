//! `--isolate`: what serves is a process of its own, and when a file ends it, another takes its place at once.
//!
//! A decoder that overflows its stack or asks for memory that there is not ends its whole process, and nothing in that
//! process can help it. So one that reads no file keeps the listening socket, starts the one that does the work, and
//! starts it again when it ends by a signal. A [journal](crate::Journal) tells it what was being worked on.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod handover;
#[cfg(unix)]
mod supervisor;
#[cfg(unix)]
mod worker;

#[cfg(not(unix))]
pub(crate) use elsewhere::{Worker, run};
#[cfg(unix)]
pub(crate) use {supervisor::run, worker::Worker};
