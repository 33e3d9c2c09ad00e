//! Connections: accepting them, watching over them, letting them go.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::CONNECTION;
use http::{HeaderValue, StatusCode, request::Parts};
use hyper::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::error::Problem;
use crate::guard::{Answer, Deadlines, Guarded, Phase};
use crate::options::Limits;
use crate::respond::Reply;
use crate::shutdown::Shutdown;
use crate::upload::Upload;

/// The greatest head that hyper reads; it takes no less than 8 KiB.
const HEAD_BYTES: usize = 16 << 10;
const HEADERS: usize = 64;

/// Answers to connections beyond the limit: there is no room to read what they ask.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Serves `listener` until `shutdown`, answering each request by `handler`. It ends when every connection has ended,
/// at the latest [`Limits::drain`] after the shutdown began.
pub(crate) async fn run<H, F>(listener: TcpListener, limits: Limits, mut shutdown: Shutdown, handler: H)
where
    H: Fn(Parts, Upload, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = (Reply, Upload)> + Send + 'static,
{
    let handler = Arc::new(handler);
    let mut connections = JoinSet::new();
    let mut backoff = Backoff::default();
    loop {
        tokio::select! {
            biased;
            () = shutdown.draining() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (stream, peer) = accept(&listener, &mut backoff) => {
                if connections.len() >= limits.connections {
                    let _ = stream.try_write(FULL);
                    continue;
                }
                connections.spawn(connection(stream, peer, limits, shutdown.clone(), Arc::clone(&handler)));
            }
        }
    }
    drop(listener);
    tokio::select! {
        () = async { while connections.join_next().await.is_some() {} } => {}
        () = tokio::time::sleep(limits.drain) => tracing::warn!("cut {} connections at the drain deadline", connections.len()),
        () = shutdown.leaving() => {}
    }
    connections.shutdown().await;
}

/// Waits after errors that repeat, and speaks of them at most once a second.
#[derive(Debug, Default)]
struct Backoff {
    wait: Duration,
    spoke: Option<tokio::time::Instant>,
}

/// The next connection. An error (too many open files, say) is waited out: it never ends the loop.
async fn accept(listener: &TcpListener, backoff: &mut Backoff) -> (TcpStream, SocketAddr) {
    const FIRST: Duration = Duration::from_millis(50);
    const LAST: Duration = Duration::from_secs(1);
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                backoff.wait = Duration::ZERO;
                return accepted;
            }
            // The client left before we got to it.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                backoff.wait = (backoff.wait * 2).clamp(FIRST, LAST);
                if backoff.spoke.is_none_or(|at| at.elapsed() >= LAST) {
                    tracing::warn!(%error, "cannot accept a connection; trying again");
                    backoff.spoke = Some(tokio::time::Instant::now());
                }
                tokio::time::sleep(backoff.wait).await;
            }
        }
    }
}

async fn connection<H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    limits: Limits,
    mut shutdown: Shutdown,
    handler: Arc<H>,
) where
    H: Fn(Parts, Upload, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = (Reply, Upload)> + Send,
{
    // A tile's last packet must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let phase = Phase::new();
    let deadlines = Deadlines {
        head: limits.head,
        idle: limits.idle,
        stall: limits.stall,
    };
    let io = TokioIo::new(Guarded::new(stream, phase.clone(), deadlines));
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        phase.busy();
        let (handler, phase) = (Arc::clone(&handler), phase.clone());
        async move {
            let reply = answer(&*handler, request, peer).await;
            Ok::<_, Infallible>(reply.map(|payload| Answer::new(payload, phase)))
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // The guard is stricter. This one makes hyper read on between requests, so that the guard is asked.
        .header_read_timeout(limits.head + limits.idle)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .half_close(false);
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.draining() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

async fn answer<H, F>(handler: &H, request: hyper::Request<hyper::body::Incoming>, peer: SocketAddr) -> Reply
where
    H: Fn(Parts, Upload, SocketAddr) -> F,
    F: Future<Output = (Reply, Upload)>,
{
    let (parts, body) = request.into_parts();
    let has_body = !body.is_end_stream();
    let answering = std::panic::AssertUnwindSafe(handler(parts, Upload::new(body), peer)).catch_unwind();
    let (mut reply, is_unread) = answering.await.map_or_else(
        |_| {
            tracing::error!("a request's handler panicked");
            let problem = Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the server failed on this request; its log says more",
            );
            (problem.reply(), has_body)
        },
        |(reply, upload)| (reply, upload.is_unread()),
    );
    // Closing after a body that nobody read leaves no doubt where the next request would begin.
    if is_unread {
        if reply.status().is_success() {
            reply = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "this address takes no body").reply();
        }
        reply
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}
