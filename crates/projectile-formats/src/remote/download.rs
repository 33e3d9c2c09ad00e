//! What is not read by ranges, or not given by ranges, is brought here whole, into a file that goes with its reader.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use projectile_core::{Error, ErrorKind, Result};
use reqwest::Response;
use tempfile::NamedTempFile;

use super::address::RemoteUrl;
use super::blob::{StoreBlob, pause};
use super::connect::{Connection, connect};
use super::{error, runtime};
use crate::blob::Blob;
use crate::open::OpenOptions;
use crate::sizes::to_u64;

/// Bytes between two looks at the cancel flag, brought by several requests at a time.
const BATCH: u64 = 32 << 20;

/// A file of about the object's name, as its ending may tell the format.
fn file(url: &RemoteUrl) -> Result<NamedTempFile> {
    const LONGEST: usize = 80;
    let name: Vec<char> = url
        .name()
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || letter == '.' {
                letter
            } else {
                '_'
            }
        })
        .collect();
    let end: String = name.iter().skip(name.len().saturating_sub(LONGEST)).collect();
    tempfile::Builder::new()
        .prefix("projectile-")
        .suffix(&format!("-{end}"))
        .tempfile()
        .map_err(|error| unwritable(&error))
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "it cannot be kept in {}: {error}; TMPDIR says where else",
            std::env::temp_dir().display()
        ),
    )
}

fn too_large(bytes: u64, options: &OpenOptions) -> Result<()> {
    let most = options.limits.download_bytes;
    if bytes <= most {
        return Ok(());
    }
    Err(Error::limit(format!(
        "it has {bytes} bytes or more and would have to be brought here whole; at most {most} are"
    )))
}

/// Brings an object that is given by ranges.
pub(super) fn ranged(blob: &StoreBlob, url: &RemoteUrl, options: &OpenOptions) -> Result<NamedTempFile> {
    let size = blob.size();
    too_large(size, options)?;
    let mut file = file(url)?;
    let mut done = 0;
    while done < size {
        let batch = done..done.saturating_add(BATCH).min(size);
        let bytes = blob.read_while(std::slice::from_ref(&batch), &options.cancel)?;
        for bytes in bytes {
            file.write_all(&bytes).map_err(|error| unwritable(&error))?;
        }
        done = batch.end;
        tell(options, done, size);
    }
    file.flush().map_err(|error| unwritable(&error))?;
    Ok(file)
}

/// Brings an object of a server that gives it whole only.
pub(super) fn whole(
    connection: &Connection,
    url: &RemoteUrl,
    options: &OpenOptions,
) -> Result<NamedTempFile> {
    // It takes longer than a part does, and so do the pauses.
    let mut attempt = 1;
    loop {
        let mut file = file(url)?;
        match once(connection, url, &mut file, None, options) {
            Err(error) if error.kind() == ErrorKind::Unavailable && attempt <= super::RETRIES => {
                let pause = pause(&mut attempt);
                runtime::wait(&options.cancel, pause)?;
            }
            outcome => return outcome.map(|()| file),
        }
    }
}

/// Brings what lies at `url` into `file`, once, within `patience`.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound), [`Unavailable`](ErrorKind::Unavailable), and [`Limit`](ErrorKind::Limit) beyond
/// [`Limits::download_bytes`](crate::Limits::download_bytes).
pub(crate) fn fetch(
    url: &RemoteUrl,
    file: &mut impl Write,
    patience: Duration,
    options: &OpenOptions,
) -> Result<()> {
    let connection = connect(url, options.allowed.as_ref())?;
    once(
        &connection,
        url,
        file,
        Instant::now().checked_add(patience),
        options,
    )
}

fn once(
    connection: &Connection,
    url: &RemoteUrl,
    file: &mut impl Write,
    deadline: Option<Instant>,
    options: &OpenOptions,
) -> Result<()> {
    let (client, address) = connection
        .web
        .clone()
        .ok_or_else(|| Error::unsupported("the store gives no ranges"))?;
    let (lanes, from) = (Arc::clone(&connection.lanes), url.clone());
    let asking = async move {
        // Closed never.
        let lane = lanes.acquire_owned().await;
        let answer = client.get(address).send().await;
        let answer = answer.map_err(|error| error::of_client(&error))?;
        match answer.status() {
            status if status.is_success() => Ok((answer, lane)),
            status => Err(error::of_status(status.as_u16(), &from)),
        }
    };
    let (answer, _lane): (Response, _) = runtime::wait(&options.cancel, before(deadline, asking))??;
    let total = answer.content_length();
    too_large(total.unwrap_or(0), options)?;
    let mut stream = Box::pin(answer.bytes_stream());
    let mut done = 0;
    loop {
        let next = async move {
            let next = stream.next().await.transpose();
            next.map(|next| (stream, next))
                .map_err(|error| error::of_client(&error))
        };
        let (rest, next) = runtime::wait(&options.cancel, before(deadline, next))??;
        stream = rest;
        let Some(bytes) = next else { return Ok(()) };
        done = to_u64(bytes.len()).saturating_add(done);
        too_large(done, options)?;
        file.write_all(&bytes).map_err(|error| unwritable(&error))?;
        tell(options, done, total.unwrap_or(0).max(done));
    }
}

/// What `future` gives, if it does in time.
async fn before<T>(deadline: Option<Instant>, future: impl Future<Output = Result<T>>) -> Result<T> {
    match deadline {
        None => future.await,
        Some(deadline) => tokio::time::timeout_at(deadline.into(), future)
            .await
            .unwrap_or_else(|_| Err(error::late())),
    }
}

fn tell(options: &OpenOptions, done: u64, total: u64) {
    if let Some(progress) = &options.progress {
        progress.update(done, total);
    }
}
