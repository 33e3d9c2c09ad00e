//! The front door: who may speak to this server, under which name, and what browsers are told about its answers.

mod cors;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod origin;
pub(crate) mod token;

pub use cors::AllowedOrigins;
pub use host::AllowedHosts;
pub use token::Token;
