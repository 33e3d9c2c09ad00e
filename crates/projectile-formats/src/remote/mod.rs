//! What lies elsewhere: on servers that speak HTTP, and in the stores of clouds.
//!
//! [`open_url`] is to an address what [`open`](crate::open()) is to a path.

mod address;
mod allowed;
mod blob;
mod client;
mod connect;
mod download;
mod error;
mod folder;
mod open;
mod ranges;
mod runtime;

pub use address::RemoteUrl;
pub use allowed::AllowedPrefixes;
pub(crate) use download::fetch;
pub use open::{open_anywhere, open_url};
pub(crate) use ranges::GAP;

/// How often what failed is asked for once more.
const RETRIES: usize = 3;
