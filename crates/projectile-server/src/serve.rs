//! A server's life, from its images to its end.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, OriginalUri, Request};
use axum::response::IntoResponse;
use projectile_core::Image;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::connection;
use crate::options::Options;
use crate::security::AllowedHosts;
use crate::shutdown::{Shutdown, ShutdownHandle};

/// Images, and all that it takes to serve them. Clones share everything.
#[derive(Clone, Debug)]
pub struct Server(Arc<App>);

impl Server {
    /// A server of `images`; the first is the one at the root. It starts its render threads.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn new(images: impl IntoIterator<Item = Image>, options: Options) -> std::io::Result<Self> {
        App::new(images, options).map(|app| Self(Arc::new(app)))
    }

    /// Serves `listener` until `shutdown`. It answers to [`Options::hosts`] only, which the listener's address may
    /// not be one of: [`serve`] adds it.
    pub async fn run(&self, listener: TcpListener, shutdown: Shutdown) {
        let app = Arc::clone(&self.0);
        let handler = move |parts: http::request::Parts, peer: SocketAddr| {
            let app = Arc::clone(&app);
            async move { app.answer(&parts, Some(peer.ip())).await }
        };
        let limits = self.0.options().limits;
        connection::run(listener, limits, shutdown, handler).await;
        self.0.stop();
    }

    /// The same server as a router, to be nested in an axum application at any path by
    /// [`nest_service`](Router::nest_service). Names and tokens are the
    /// application's to check: see [`router`].
    pub fn into_router(self) -> Router {
        Router::new().fallback(move |request: Request| {
            let app = Arc::clone(&self.0);
            async move {
                let (parts, _) = request.into_parts();
                if let Some(to) = missing_slash(&parts) {
                    return axum::response::Redirect::permanent(&to).into_response();
                }
                let peer: Option<IpAddr> = parts
                    .extensions
                    .get::<ConnectInfo<SocketAddr>>()
                    .map(|info| info.0.ip());
                app.answer(&parts, peer)
                    .await
                    .map(axum::body::Body::from)
                    .into_response()
            }
        })
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    shutdown: ShutdownHandle,
    task: JoinHandle<()>,
}

impl Serving {
    /// Where it listens; the port is the one that was found where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it: requests in flight are answered, within the drain deadline.
    pub async fn stop(self) {
        self.shutdown.drain();
        // It ends only by having ended: a panic in it was logged where it happened.
        let _ = self.task.await;
    }
}

/// Serves `images` at [`Options::address`] in the background, on the Tokio runtime of the caller.
///
/// # Errors
/// When the address is taken, or the system gives no threads.
pub async fn serve(images: impl IntoIterator<Item = Image>, options: Options) -> std::io::Result<Serving> {
    let listener = TcpListener::bind(options.address).await?;
    let address = listener.local_addr()?;
    let server = Server::new(images, options.bound_to(address))?;
    let (shutdown, watched) = Shutdown::new();
    let task = tokio::spawn(async move { server.run(listener, watched).await });
    Ok(Serving {
        address,
        shutdown,
        task,
    })
}

/// Where to go from the path that the router is nested at, when the slash at its end is missing: the viewer's own
/// addresses are relative to it.
fn missing_slash(parts: &http::request::Parts) -> Option<String> {
    let OriginalUri(original) = parts.extensions.get()?;
    let last = original
        .path()
        .rsplit('/')
        .next()
        .filter(|last| !last.is_empty())?;
    (parts.uri.path() == "/").then(|| format!("{last}/"))
}

/// `images` as a router, to be nested in an axum application at any path by
/// [`nest_service`](Router::nest_service).
///
/// It answers to any `Host` and asks for no token: the application decides who may come in.
///
/// # Errors
/// When the system gives no threads.
pub fn router(images: impl IntoIterator<Item = Image>) -> std::io::Result<Router> {
    let options = Options {
        hosts: AllowedHosts::any(),
        ..Options::default()
    };
    Server::new(images, options).map(Server::into_router)
}

/// Raises the limit of open files to the system's, as each connection is one. Answers how many there may be.
pub fn raise_open_files() -> u64 {
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024)
}
