//! The command, as built.
