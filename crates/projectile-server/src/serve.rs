//! A server's life, from its images to its end.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, OriginalUri, Request};
use axum::response::IntoResponse;
use bytes::Bytes;
use projectile_core::{Change, Image};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::connection::{self, Client};
use crate::live::Live;
use crate::options::Options;
use crate::payload::Payload;
use crate::security::AllowedHosts;
use crate::shutdown::{Shutdown, ShutdownHandle};
use crate::upload::Upload;

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
        let handler = move |parts: http::request::Parts, mut upload: Upload, client: Client| {
            let app = Arc::clone(&app);
            async move {
                let (peer, seat) = (Some(client.peer.ip()), Some(&client.seat));
                let reply = app.answer(&parts, &mut upload, peer, seat).await;
                (reply, upload)
            }
        };
        let limits = self.0.options().limits;
        self.0.watch(shutdown.clone());
        let mut ends = shutdown.clone();
        let farewell = async {
            ends.draining().await;
            // Pages listen for as long as they are let: the drain would wait for them.
            self.0.live().close();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = connection::run(listener, limits, shutdown, handler) => {}
            () = farewell => {}
        }
        self.0.stop();
    }

    /// Answers a request that did not come by a connection of this server's: an application's, say, which has decided
    /// that its client may come in; `peer` is the client's address, where it is known. It needs a Tokio runtime.
    pub async fn respond(
        &self,
        request: http::Request<Bytes>,
        peer: Option<IpAddr>,
    ) -> http::Response<Payload> {
        let (parts, body) = request.into_parts();
        let mut upload = Upload::new(http_body_util::Full::new(body));
        self.0.answer(&parts, &mut upload, peer, None).await
    }

    /// The ids of the images, in their order.
    pub fn ids(&self) -> Vec<String> {
        let entries = self.0.catalog().entries();
        entries.iter().map(|entry| entry.id.clone()).collect()
    }

    /// Serves more images, after those that there are. Pages hear of them. Answers their ids.
    pub fn add(&self, images: impl IntoIterator<Item = Image>) -> Vec<String> {
        let ids = self.0.catalog().add(images);
        self.0.live().listed(&[]);
        ids
    }

    /// Serves another image in the place of one: its file has changed, say. Pages that show it show the new one, where
    /// they are.
    ///
    /// # Errors
    /// [`NotFound`](projectile_core::ErrorKind::NotFound) for an id that is none.
    pub fn replace(&self, id: &str, image: Image) -> projectile_core::Result<()> {
        if !self.0.catalog().replace(id, image) {
            return Err(projectile_core::Error::not_found(format!("no image {id:?}")));
        }
        self.0.live().listed(&[id]);
        Ok(())
    }

    /// What is said between this server and the pages that show its images.
    pub fn live(&self) -> &Live {
        self.0.live()
    }

    /// Takes note that pixels of an image changed in place: pages fetch the tiles that show them, and nothing else.
    /// Answers the image's new revision.
    ///
    /// # Errors
    /// [`NotFound`](projectile_core::ErrorKind::NotFound) for an id that is none.
    pub fn refresh(&self, id: &str, change: Change) -> projectile_core::Result<u64> {
        let entry = self
            .0
            .catalog()
            .get(id)
            .ok_or_else(|| projectile_core::Error::not_found(format!("no image {id:?}")))?;
        Ok(self.0.live().refresh(id, &entry.image, change))
    }

    /// Ends the work that no request waits for, and lets listening pages go.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// The same server as a router, to be nested in an axum application at any path by
    /// [`nest_service`](Router::nest_service). Names and tokens are the
    /// application's to check: see [`router`].
    pub fn into_router(self) -> Router {
        Router::new().fallback(move |request: Request| {
            let app = Arc::clone(&self.0);
            async move {
                let (parts, body) = request.into_parts();
                if let Some(to) = missing_slash(&parts) {
                    return axum::response::Redirect::permanent(&to).into_response();
                }
                let peer: Option<IpAddr> = parts
                    .extensions
                    .get::<ConnectInfo<SocketAddr>>()
                    .map(|info| info.0.ip());
                let mut upload = Upload::new(body);
                app.answer(&parts, &mut upload, peer, None)
                    .await
                    .map(axum::body::Body::new)
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
