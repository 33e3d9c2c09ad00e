//! The floor: a bare axum server that answers `/{n}` with n bytes from memory.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use crate::Result;

const LARGEST: usize = 8 << 20;

/// Serves until it is ended, its address on standard output.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let body = Bytes::from(vec![b'x'; LARGEST]);
        let answer = move |Path(size): Path<usize>| {
            let body = body.clone();
            async move { respond(&body, size) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        println!("http://{address}/");
        axum::serve(listener, Router::new().route("/{size}", get(answer)))
            .await
            .map_err(|error| error.to_string())
    })
}

fn respond(body: &Bytes, size: usize) -> Response {
    if size > body.len() {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(header::CONTENT_TYPE, "image/png")], body.slice(..size)).into_response()
}
