//! From an address to sources: by ranges where the format and the server can, else brought here.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

use super::address::RemoteUrl;
use super::blob::StoreBlob;
use super::connect::{Connection, connect};
use super::download;
use crate::blob::Blob;
use crate::format::NamedSource;
use crate::open::{OpenOptions, chosen, find, open};

/// Bytes by which formats are known.
const SNIFFED: u64 = 4096;

/// Opens what lies at `url`. What its format reads by ranges stays there; anything else is brought here whole, up to
/// [`Limits::download_bytes`](crate::Limits::download_bytes).
///
/// # Errors
/// [`NotFound`](projectile_core::ErrorKind::NotFound) when nothing is there,
/// [`Unavailable`](projectile_core::ErrorKind::Unavailable) when the server does not give it, and what the format says;
/// with the address in front, without its secrets.
pub fn open_url(url: &RemoteUrl, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    open_connected(url, options).map_err(|error| {
        // What comes from the blob says where it is.
        let shown = url.to_string();
        if error.message().starts_with(&shown) {
            error
        } else {
            error.context(shown)
        }
    })
}

/// Opens what `input` names: what lies at an address (`https://…`), or a file; of either, after `::`, what is called so
/// inside of it.
///
/// # Errors
/// Those of [`open_url`] and of [`open`](crate::open()).
pub fn open_anywhere(input: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    match RemoteUrl::of_input(input) {
        Some(url) => open_url(&url?, options).or_else(|error| match inside(input, options) {
            // Only where nothing has the whole name.
            Some((url, options)) if error.kind() == ErrorKind::NotFound => open_url(&url?, &options),
            _ => Err(error),
        }),
        None => open(input, options),
    }
}

/// The address of `address::name`, and options that say what is meant inside of it.
fn inside(input: &Path, options: &OpenOptions) -> Option<(Result<RemoteUrl>, OpenOptions)> {
    let (address, inner) = input.to_str()?.rsplit_once("::")?;
    let options = OpenOptions {
        inner: Some(inner.to_owned()),
        ..options.clone()
    };
    Some((RemoteUrl::of_input(Path::new(address))?, options))
}

fn open_connected(url: &RemoteUrl, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let connection: Connection = connect(url, options.allowed.as_ref())?;
    let Some(blob) = StoreBlob::open(&connection, url, &options.cancel)? else {
        return opened(&download::whole(&connection, url, options)?, options);
    };
    let head = blob.read_one(0..SNIFFED.min(blob.size()))?;
    let name = url.name();
    let format = find(&head, Path::new(&name)).ok_or_else(|| Error::unsupported("no known format"))?;
    let shared: Arc<dyn Blob> = Arc::new(blob.clone());
    if let Some(sources) = format.open_blob(&shared, options) {
        return sources.and_then(|sources| chosen(sources, options));
    }
    opened(&download::ranged(&blob, url, options)?, options)
}

/// The sources of a file that goes when it is closed. Those that read on have it open.
fn opened(file: &NamedTempFile, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    open(file.path(), options).map_err(|error| {
        let place = format!("{}: ", file.path().display());
        Error::new(error.kind(), error.message().replacen(&place, "", 1))
    })
}
