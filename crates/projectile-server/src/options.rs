//! What can be set, and what it is when it is not.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::journal::Journal;
use crate::remotes::Remotes;
use crate::security::{AllowedHosts, AllowedOrigins, Token};
use crate::uploads::Uploads;

/// How long connections may take, and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; more are answered 503 at once.
    pub connections: usize,
    /// Requests in flight at a time, `/healthz` aside; more are answered 503 at once.
    pub in_flight: usize,
    /// Bytes of a request's head; a longer one is answered 431. hyper takes no less than 8 KiB.
    pub head_bytes: usize,
    /// Headers of a request; one with more is answered 431.
    pub headers: usize,
    /// Bytes of a request's path and query; a longer address is answered 414.
    pub address: usize,
    /// How long a request's head may take, from the connection or its first byte on.
    pub head: Duration,
    /// Bytes of a body that asks something, such as a polygon; a longer one is answered 413.
    pub question: usize,
    /// How long a body may take, and a piece of a file that is sent.
    pub body: Duration,
    /// Pixels of a tile or of what is made to size; more are answered 422. At most 2^24, which is what it is without.
    pub pixels: u64,
    /// How long a connection may stay without a request.
    pub idle: Duration,
    /// How long a client may take nothing of its answer.
    pub stall: Duration,
    /// Bytes of answers that wait for their readers. Beyond it those are cut who took nothing for longest, and large
    /// answers are 503.
    pub unsent: u64,
    /// How long the end of the server waits for requests in flight.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            in_flight: 4_096,
            head_bytes: 16 << 10,
            headers: 64,
            address: 4 << 10,
            head: Duration::from_secs(10),
            question: 256 << 10,
            body: Duration::from_secs(10),
            pixels: projectile_core::geometry::MOST_PIXELS,
            idle: Duration::from_mins(1),
            stall: Duration::from_secs(30),
            unsent: 256 << 20,
            drain: Duration::from_secs(10),
        }
    }
}

/// How a server behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Where it listens. An address that other machines reach needs a [`token`](Self::token) or a network that keeps
    /// strangers out.
    pub address: SocketAddr,
    /// Pixels a side of a tile whose address does not say: a power of 2.
    pub tile_size: u32,
    /// Lossy quality of tiles whose address does not say.
    pub quality: Option<u8>,
    /// How hard PNG tiles are compressed; `None`: stored for this machine, fast for others.
    pub png: Option<projectile_core::Effort>,
    /// Bytes of encoded tiles to keep.
    pub cache_bytes: u64,
    /// Render threads; `None` for one a core.
    pub threads: Option<usize>,
    /// Tiles that may wait for a render thread. Less than 8 for each core turns away a viewer's own burst.
    pub queue: usize,
    /// How long a request may wait for its tile, or for what else is worked on; `None` for as long as that takes. It is
    /// answered 503 then, and the work is called off where nobody else waits for it.
    pub deadline: Option<Duration>,
    /// Connections and time.
    pub limits: Limits,
    /// The names that the server answers to.
    pub hosts: AllowedHosts,
    /// The token that clients must know.
    pub token: Option<Token>,
    /// What is at `/`.
    pub page: Page,
    /// Where files are kept that pages send; `None` where they may not.
    pub uploads: Option<Uploads>,
    /// What opens addresses that clients give; `None` where they may not.
    pub remotes: Option<Remotes>,
    /// The sites whose pages may read the answers.
    pub origins: AllowedOrigins,
    /// Where clients reach the server, e.g. `https://example.org/maps`, for documents that have to say it; where the
    /// request came to if `None`.
    pub public_url: Option<String>,
    /// Whether pages of this machine, such as notebooks, may show the viewer in a frame.
    pub framed_by_notebooks: bool,
    /// Where it is written what is being worked on, for whoever starts the process again; `None` where nobody does.
    pub journal: Option<Arc<Journal>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            tile_size: 256,
            quality: None,
            png: None,
            cache_bytes: 256 << 20,
            threads: None,
            queue: 256,
            deadline: Some(Duration::from_secs(30)),
            limits: Limits::default(),
            hosts: AllowedHosts::loopback(),
            token: None,
            page: Page::Viewer,
            uploads: None,
            remotes: None,
            origins: AllowedOrigins::default(),
            public_url: None,
            framed_by_notebooks: false,
            journal: None,
        }
    }
}

impl Options {
    /// The same, for a server that is bound to `address` and answers to it.
    #[must_use]
    pub fn bound_to(mut self, address: SocketAddr) -> Self {
        self.hosts = self.hosts.and_bound_to(address);
        self.address = address;
        self
    }
}

/// What is at `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The built-in viewer.
    #[default]
    Viewer,
    /// A viewer's built files, read from this folder at each request.
    Folder(PathBuf),
    /// A page of one's own; `{{ tile_size }}` and `{{ cmap_string }}` in it are filled in.
    Client(String),
}
