//! A server of files that takes its time, as one far away does.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::Result;

/// Serves the files of `folder`, whole or by ranges, each answer after `latency` milliseconds, until it is ended.
pub(crate) fn serve(folder: &Path, latency: u64) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let state = (folder.to_owned(), Duration::from_millis(latency));
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        println!("http://{address}/");
        axum::serve(listener, Router::new().fallback(answer).with_state(state))
            .await
            .map_err(|error| error.to_string())
    })
}

async fn answer(
    State((folder, latency)): State<(PathBuf, Duration)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    tokio::time::sleep(latency).await;
    let path = Path::new(uri.path().trim_start_matches('/'));
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    let file = folder.join(path);
    if !is_inside || !file.is_file() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(bytes) = std::fs::read(&file).map(Bytes::from) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let size = bytes.len();
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let Some((first, last)) = asked.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) else {
        return bytes.into_response();
    };
    let (start, end) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => (first, (last + 1).min(size)),
        (Ok(first), Err(_)) => (first, size),
        (Err(_), Ok(count)) => (size.saturating_sub(count), size),
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    if start >= end {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let range = format!("bytes {start}-{}/{size}", end - 1);
    let headers = [(header::CONTENT_RANGE, range)];
    (StatusCode::PARTIAL_CONTENT, headers, bytes.slice(start..end)).into_response()
}
