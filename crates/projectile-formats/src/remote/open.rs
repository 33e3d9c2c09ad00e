//! From an address to sources: by ranges where the format and the server can, else brought here.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

use super::address::RemoteUrl;
use super::blob::StoreBlob;
use super::connect::{Connection, connect};
use super::download;
use super::folder::StoreFolder;
use crate::blob::Blob;
use crate::folder::Folder;
use crate::format::NamedSource;
use crate::formats::FORMATS;
use crate::open::{OpenOptions, chosen, find, open};
use crate::zarr::is_zarr_name;

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
    if inner.starts_with('/') {
        // It was split where it was parsed.
        return None;
    }
    let options = OpenOptions {
        inner: Some(inner.to_owned()),
        ..options.clone()
    };
    Some((RemoteUrl::of_input(Path::new(address))?, options))
}

fn open_connected(url: &RemoteUrl, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    let (whole, inside) = url.split_inside();
    if let Some(inside) = inside {
        let options = OpenOptions {
            inner: Some(inside),
            ..options.clone()
        };
        return open_connected(&whole, &options);
    }
    let connection: Connection = connect(url, options.allowed.as_ref())?;
    // What is named like a folder is asked for as one first.
    let is_likely = url.path_names().any(|name| is_zarr_name(&name));
    if is_likely && let Some(sources) = open_folder(&connection, url, options)? {
        return Ok(sources);
    }
    // What is no object, or a page that a server shows of a folder, may have something under it; whatever is wrong with
    // that, the first error tells more.
    let under = |error: Error| {
        let found = if is_likely {
            None
        } else {
            open_folder(&connection, url, options).ok().flatten()
        };
        found.ok_or(error)
    };
    match open_object(&connection, url, options) {
        Ok(Ok(sources)) => Ok(sources),
        Ok(Err(unknown)) => under(unknown),
        Err(error) if error.kind() == ErrorKind::NotFound => under(error),
        Err(error) => Err(error),
    }
}

/// What lies under an address, if that is a format that is a folder.
fn open_folder(
    connection: &Connection,
    url: &RemoteUrl,
    options: &OpenOptions,
) -> Result<Option<Vec<NamedSource>>> {
    let folder: Arc<dyn Folder> = Arc::new(StoreFolder::new(connection, url));
    for format in FORMATS {
        if let Some(sources) = format.open_folder(&folder, options)? {
            return Ok(Some(sources));
        }
    }
    Ok(None)
}

/// What lies at an address itself; the inner error where no format knows it.
fn open_object(
    connection: &Connection,
    url: &RemoteUrl,
    options: &OpenOptions,
) -> Result<Result<Vec<NamedSource>>> {
    let Some(blob) = StoreBlob::open(connection, url, &options.cancel)? else {
        return match opened(&download::whole(connection, url, options)?, options) {
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            outcome => Ok(outcome),
        };
    };
    let head = blob.read_one(0..SNIFFED.min(blob.size()))?;
    let name = url.name();
    let Some(format) = find(&head, Path::new(&name)) else {
        return Ok(Err(Error::unsupported("no known format")));
    };
    let shared: Arc<dyn Blob> = Arc::new(blob.clone());
    if let Some(sources) = format.open_blob(&shared, options) {
        return sources
            .and_then(|sources| chosen(format, sources, options))
            .map(Ok);
    }
    opened(&download::ranged(&blob, url, options)?, options).map(Ok)
}

/// The sources of a file that goes when it is closed. Those that read on have it open.
fn opened(file: &NamedTempFile, options: &OpenOptions) -> Result<Vec<NamedSource>> {
    open(file.path(), options).map_err(|error| {
        let place = format!("{}: ", file.path().display());
        Error::new(error.kind(), error.message().replacen(&place, "", 1))
    })
}
