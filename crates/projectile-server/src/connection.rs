//! Connections: accepting them, watching over them, letting them go.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{HeaderValue, StatusCode, request::Parts};
use hyper::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::error::Problem;
use crate::guard::{Answer, Deadlines, Guarded, Phase};
use crate::options::Limits;
use crate::respond::Reply;
use crate::shutdown::Shutdown;
use crate::unsent::{Seat, Unsent};
use crate::upload::Upload;

/// hyper panics where it is to read less.
const LEAST_HEAD: usize = 8 << 10;

/// Connections beyond the limit that are told so at a time, and for how long at most; more are just closed.
const TURNED_AWAY: usize = 64;
const TURNING_AWAY: Duration = Duration::from_secs(1);

/// How long a server that ends still takes requests, so that none is lost that was on its way: each is told that it is the
/// last one of its connection.
const LAST_CALL: Duration = Duration::from_millis(150);

/// Answers to connections beyond the limit: there is no room to read what they ask.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Who asks.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) peer: SocketAddr,
    /// Its connection's part in what waits to be sent.
    pub(crate) seat: Arc<Seat>,
}

/// Serves `listener` until `shutdown`, answering each request by `handler`. It ends when every connection has ended,
/// at the latest [`Limits::drain`] after the shutdown began.
pub(crate) async fn run<H, F>(listener: TcpListener, limits: Limits, mut shutdown: Shutdown, handler: H)
where
    H: Fn(Parts, Upload, Client) -> F + Send + Sync + 'static,
    F: Future<Output = (Reply, Upload)> + Send + 'static,
{
    let handler = Arc::new(handler);
    let unsent = Unsent::new(limits.unsent);
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    let mut connections = JoinSet::new();
    let mut backoff = Backoff::default();
    let mut last_call = std::pin::pin!(last_call(shutdown.clone()));
    let mut draining = shutdown.clone();
    loop {
        tokio::select! {
            biased;
            () = last_call.as_mut() => break,
            () = draining.draining(), if connections.is_empty() => break,
            () = shutdown.leaving() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (stream, peer) = accept(&listener, &mut backoff) => {
                if connections.len() >= limits.connections {
                    if let Ok(seat) = Arc::clone(&turned_away).try_acquire_owned() {
                        tokio::spawn(turn_away(stream, seat));
                    }
                    continue;
                }
                let (handler, unsent) = (Arc::clone(&handler), Arc::clone(&unsent));
                connections.spawn(connection(stream, peer, limits, shutdown.clone(), handler, unsent));
            }
        }
    }
    // Those that wait at the door were let in by the system already, and what they ask may be there.
    for (stream, peer) in waiting(listener) {
        let (handler, unsent) = (Arc::clone(&handler), Arc::clone(&unsent));
        connections.spawn(connection(
            stream,
            peer,
            limits,
            shutdown.clone(),
            handler,
            unsent,
        ));
    }
    tokio::select! {
        () = async { while connections.join_next().await.is_some() {} } => {}
        () = tokio::time::sleep(limits.drain) => tracing::warn!("cut {} connections at the drain deadline", connections.len()),
        () = shutdown.leaving() => {}
    }
    connections.shutdown().await;
}

/// Ends when a server that ends takes no more requests.
async fn last_call(mut shutdown: Shutdown) {
    shutdown.draining().await;
    tokio::time::sleep(LAST_CALL).await;
}

/// The connections that nobody has accepted yet; there will be no more.
fn waiting(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else {
        return Vec::new();
    };
    let accepted = std::iter::from_fn(|| listener.accept().ok());
    accepted
        .filter_map(|(stream, peer)| {
            stream.set_nonblocking(true).ok()?;
            Some((TcpStream::from_std(stream).ok()?, peer))
        })
        .collect()
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
                backoff.wait = backoff.wait.saturating_mul(2).clamp(FIRST, LAST);
                if backoff.spoke.is_none_or(|at| at.elapsed() >= LAST) {
                    tracing::warn!(%error, "cannot accept a connection; trying again");
                    backoff.spoke = Some(tokio::time::Instant::now());
                }
                tokio::time::sleep(backoff.wait).await;
            }
        }
    }
}

/// Tells a client that there is no room. What it sends is read until it has gone: a connection that is closed before is
/// reset, and the client may never see the answer.
async fn turn_away(mut stream: TcpStream, _seat: OwnedSemaphorePermit) {
    let telling = async {
        stream.write_all(FULL).await?;
        stream.shutdown().await?;
        let mut space = [0; 1024];
        while stream.read(&mut space).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    // However it ends, there is nobody to tell.
    let _ = tokio::time::timeout(TURNING_AWAY, telling).await;
}

async fn connection<H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    limits: Limits,
    shutdown: Shutdown,
    handler: Arc<H>,
    unsent: Arc<Unsent>,
) where
    H: Fn(Parts, Upload, Client) -> F + Send + Sync + 'static,
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
    let seat = unsent.seat();
    let io = TokioIo::new(Guarded::new(stream, phase.clone(), Arc::clone(&seat), deadlines));
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        phase.busy();
        let (handler, phase) = (Arc::clone(&handler), phase.clone());
        let (seat, shutdown) = (Arc::clone(&seat), shutdown.clone());
        // On the heap while it lasts: a connection that is idle would keep the room for it.
        Box::pin(async move {
            let mut reply = answer(&*handler, request, Client { peer, seat }, &phase).await;
            if shutdown.is_draining() {
                reply
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(reply.map(|payload| Answer::new(payload, phase)))
        })
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // The guard is stricter. This one makes hyper read on between requests, so that the guard is asked.
        .header_read_timeout(limits.head.saturating_add(limits.idle))
        .max_buf_size(limits.head_bytes.max(LEAST_HEAD))
        .max_headers(limits.headers)
        .half_close(false);
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    let ended = tokio::select! {
        // What has come is read before it ends.
        biased;
        ended = connection.as_mut() => ended,
        () = last_call(shutdown.clone()) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

async fn answer<H, F>(
    handler: &H,
    request: hyper::Request<hyper::body::Incoming>,
    client: Client,
    phase: &Phase,
) -> Reply
where
    H: Fn(Parts, Upload, Client) -> F,
    F: Future<Output = (Reply, Upload)>,
{
    let (parts, body) = request.into_parts();
    let has_body = !body.is_end_stream();
    let is_chunked = parts.headers.contains_key(TRANSFER_ENCODING);
    let answering = std::panic::AssertUnwindSafe(handler(parts, Upload::new(body), client)).catch_unwind();
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
        phase.leave_unread();
        if reply.status().is_success() {
            reply = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "this address takes no body").reply();
        }
    }
    if is_unread || is_chunked {
        // Where chunks end is not followed by what watches over heads: nothing comes after them.
        reply
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}
