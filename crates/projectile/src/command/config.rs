//! The command line, checked: what the server is to do.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use crate::{AllowedHosts, AllowedOrigins, Options, Page, raise_open_files};

use super::Failure;
use super::args::ServeArgs;
use super::memory::{self, Memory};

/// A server's options, all but the address that it will be found to have; and where what it shows is kept.
pub(crate) fn options(args: &ServeArgs) -> Result<(Options, Memory), Failure> {
    let budget = args.memory.unwrap_or_else(memory::default_budget);
    let tiles = args.cache.unwrap_or_else(|| memory::tiles_of(budget));
    let mut options = Options::default();
    options.tile_size = args.tile_size;
    options.quality = args.quality;
    options.png = args.png;
    options.cache_bytes = tiles;
    options.threads = args.threads.map(usize::from);
    options.queue = args.queue as usize;
    options.deadline = (args.deadline > 0).then(|| Duration::from_secs(args.deadline.into()));
    // Files and sockets of our own need some too.
    let most = usize::try_from(raise_open_files()).unwrap_or(usize::MAX);
    options.limits.connections = options.limits.connections.min(most / 5 * 4);
    args.limits.over(&mut options.limits);
    options.hosts = args
        .allow_host
        .iter()
        .try_fold(AllowedHosts::loopback(), |hosts, name| hosts.and(name))?;
    options.page = page(args)?;
    options.origins = AllowedOrigins::new(&args.cors).map_err(|why| format!("--cors {why}"))?;
    options.public_url.clone_from(&args.public_url);
    Ok((options, Memory::of(budget, tiles)))
}

fn page(args: &ServeArgs) -> Result<Page, Failure> {
    if let Some(path) = &args.client {
        let page = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: the client page cannot be read: {error}", path.display()))?;
        return Ok(Page::Client(page));
    }
    match &args.viewer_dir {
        Some(folder) if !folder.join("index.html").is_file() => {
            Err(format!("{}: a viewer's folder holds an index.html", folder.display()).into())
        }
        Some(folder) => Ok(Page::Folder(folder.clone())),
        None => Ok(Page::Viewer),
    }
}

/// The addresses to try, in order.
pub(crate) fn addresses(args: &ServeArgs) -> Result<Vec<SocketAddr>, Failure> {
    /// Ports tried after the first, where none was asked for.
    const FREE: u16 = 100;
    const FIRST: u16 = 8000;
    let ip = ip(&args.host)?;
    let ports = match args.port {
        Some(port) => port..=port,
        None => FIRST..=FIRST + FREE,
    };
    Ok(ports.map(|port| SocketAddr::new(ip, port)).collect())
}

fn ip(host: &str) -> Result<IpAddr, Failure> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = bare.parse() {
        return Ok(address);
    }
    let found = (host, 0)
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next());
    found.map(|address| address.ip()).ok_or_else(|| {
        format!("--host {host}: no address of this machine; give one as 127.0.0.1 or 0.0.0.0").into()
    })
}
