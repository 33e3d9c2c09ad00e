//! `projectile FILE…`: serves until Ctrl-C.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use crate::{AllowedPrefixes, RemoteUrl, Remotes, Server, Shutdown, Token, Uploads};

use super::args::ServeArgs;
use super::isolate::{self, Worker};
use super::{Failure, Fallback, complain, config, load, log, say, watch};

pub(crate) fn run(args: &ServeArgs, fallback: Fallback<'_>) -> Result<(), Failure> {
    let worker = if args.isolate {
        Worker::of_this_process()?
    } else {
        None
    };
    let listener = match &worker {
        Some(_) => Worker::listener()?,
        // Before the files are read, which may take long: a port that is taken is told of at once.
        None => bind(&config::addresses(args)?, args.port.is_some())?,
    };
    if args.isolate && worker.is_none() {
        return isolate::run(&listener);
    }
    let _log = log::start(args)?;
    let (mut options, memory) = config::options(args)?;
    options.journal = worker.as_ref().map(Worker::journal);
    let address = listener.local_addr()?;
    let open_door = !address.ip().is_loopback();
    if open_door && !args.no_auth {
        let token = |worker: &Worker| worker.token(address.port());
        let token = worker
            .as_ref()
            .map_or_else(|| Token::random(address.port()), token);
        options.token = Some(token?);
    }
    let mut url = url(address, options.token.as_ref());
    if let Some(view) = &args.view {
        url.push('#');
        url.push_str(view);
    }
    let allowed =
        AllowedPrefixes::new(&args.allow_remote).map_err(|error| error.context("--allow-remote"))?;
    options.remotes = (!allowed.is_empty()).then(|| {
        let (allowed, shown, memory) = (Arc::new(allowed), args.image.clone(), memory.clone());
        Remotes::new(move |url| load::remote(url, &shown, &memory, &allowed))
    });
    let open = |file: &Path| {
        let open = || load::one(file, &args.image, &memory, fallback);
        match &worker {
            Some(worker) => worker.open(file, open),
            None => open(),
        }
    };
    let loaded = load::all(&args.inputs, open, |error| complain(error.message()))?;
    let scratch = worker
        .as_ref()
        .map_or_else(|| Ok(std::env::temp_dir()), Worker::scratch)?;
    let kept = args
        .allow_upload
        .map(|limit| Ok::<_, std::io::Error>((limit, tempfile::tempdir_in(scratch)?)))
        .transpose()?;
    options.uploads = kept.as_ref().map(|(limit, folder)| {
        let (shown, memory) = (args.image.clone(), memory.clone());
        // What the fallback opens is not taken: it may belong to the thread that runs the command.
        Uploads::new(folder.path(), *limit, move |file| {
            load::one(file, &shown, &memory, &|_| None)
        })
    });
    let mut images = Vec::new();
    let mut watched = Vec::new();
    for load::Loaded {
        file,
        mark,
        images: found,
    } in loaded
    {
        if args.watch && RemoteUrl::of_input(&file).is_some() {
            complain("what lies elsewhere is not watched");
        }
        watched.push(watch::Watched::new(file, mark, found.len()));
        images.extend(found);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::on_signals()?;
        let server = Server::new(images, options.bound_to(address))?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        if worker.as_ref().map_or(Ok(true), Worker::serves)? {
            greet(&url, args, open_door);
        }
        let ids = server.ids();
        let running = tokio::spawn({
            let server = server.clone();
            async move { server.run(listener, shutdown).await }
        });
        tokio::select! {
            // A panic in it was told of where it happened.
            _ = running => {}
            () = watch::files(watched, &ids, &server, open), if args.watch => {}
        }
        Ok::<_, Failure>(())
    })?;
    // Work that does not look at its flag must not hold up the end.
    runtime.shutdown_background();
    Ok(())
}

/// Tells where it serves.
fn greet(url: &str, args: &ServeArgs, open_door: bool) {
    say(url);
    if open_door && args.no_auth {
        complain("anyone who reaches this machine can see the images: --no-auth was given");
    }
    if args.open && open::that_detached(url).is_err() {
        complain("no browser could be opened");
    }
}

/// The first of the addresses that is free. Where one was asked for, no other will do.
fn bind(addresses: &[SocketAddr], asked: bool) -> Result<TcpListener, Failure> {
    let mut taken = String::new();
    for &address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                taken = format!(
                    "port {} is taken; give another, or 0 for any: -p 0",
                    address.port()
                );
            }
            Err(error) => return Err(format!("cannot listen on {address}: {error}").into()),
        }
    }
    if asked {
        Err(taken.into())
    } else {
        Err("no port from 8000 to 8100 is free; give one, or 0 for any: -p 0".into())
    }
}

/// What to open in a browser.
fn url(address: SocketAddr, token: Option<&Token>) -> String {
    let mut shown = address;
    if address.ip().is_unspecified() {
        shown.set_ip(outward().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
    token.map_or(format!("http://{shown}/"), |token| {
        format!("http://{shown}/?token={}", token.secret())
    })
}

/// The address by which other machines know this one: that from which a packet would leave. None is sent.
fn outward() -> Option<IpAddr> {
    const DOCUMENTATION: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(DOCUMENTATION).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}
