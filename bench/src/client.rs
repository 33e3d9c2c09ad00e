//! A small HTTP/1.1 client over kept connections: it costs little, so that the server is what is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::Result;

const PATIENCE: Duration = Duration::from_mins(1);

/// One kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) provisional: bool,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
        let set = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(PATIENCE)));
        set.map_err(|error| error.to_string())?;
        Ok(Self {
            address,
            stream: BufReader::with_capacity(1 << 16, stream),
        })
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn send(&mut self, path: &str) -> Result<()> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .map_err(|error| format!("{path}: {error}"))
    }

    /// Asks and waits for the whole answer, whose body replaces what is in `body`.
    pub(crate) fn ask(&mut self, path: &str, body: &mut Vec<u8>) -> Result<(u16, bool)> {
        self.send(path)?;
        self.receive(body).map_err(|why| format!("{path}: {why}"))
    }

    fn receive(&mut self, body: &mut Vec<u8>) -> Result<(u16, bool)> {
        let failed = |error: std::io::Error| error.to_string();
        let (mut line, mut status, mut length, mut chunked, mut provisional) =
            (String::new(), 0, 0, false, false);
        self.stream.read_line(&mut line).map_err(failed)?;
        if let Some(code) = line.split(' ').nth(1).and_then(|code| code.parse().ok()) {
            status = code;
        }
        if status == 0 {
            return Err(format!("no HTTP answer: {line:?}"));
        }
        loop {
            line.clear();
            self.stream.read_line(&mut line).map_err(failed)?;
            let header = line.trim_end().to_ascii_lowercase();
            match header.split_once(':').map(|(name, value)| (name, value.trim())) {
                None => break,
                Some(("content-length", value)) => {
                    length = value.parse().map_err(|_| "bad length".to_owned())?;
                }
                Some(("transfer-encoding", value)) => chunked = value == "chunked",
                Some(("x-projectile-provisional", value)) => provisional = value == "1",
                Some(_) => {}
            }
        }
        body.clear();
        if !chunked {
            body.resize(length, 0);
            self.stream.read_exact(body).map_err(failed)?;
            return Ok((status, provisional));
        }
        loop {
            line.clear();
            self.stream.read_line(&mut line).map_err(failed)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(|_| "bad chunk".to_owned())?;
            let start = body.len();
            body.resize(start + size + 2, 0);
            self.stream.read_exact(&mut body[start..]).map_err(failed)?;
            body.truncate(start + size);
            if size == 0 {
                return Ok((status, provisional));
            }
        }
    }
}

/// Asks once over a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    let mut body = Vec::new();
    let (status, provisional) = Connection::open(address)?.ask(path, &mut body)?;
    Ok(Answer {
        status,
        provisional,
        body,
    })
}

/// Asks until the tile is there and final.
pub(crate) fn get_final(address: SocketAddr, path: &str) -> Result<Answer> {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = get(address, path)?;
        match answer.status {
            200 if !answer.provisional => return Ok(answer),
            200 | 503 if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            status => {
                return Err(format!(
                    "{path}: status {status}, provisional: {}",
                    answer.provisional
                ));
            }
        }
    }
}

/// What a load came to.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) seconds: f64,
    /// The size of each body, in the order of the paths.
    pub(crate) sizes: Vec<usize>,
}

/// Asks for all `paths` over `connections` kept connections, each path once, and waits for all of them.
pub(crate) fn load(address: SocketAddr, paths: &[String], connections: usize) -> Result<Load> {
    let next = AtomicUsize::new(0);
    let mut opened: Vec<Connection> = (0..connections)
        .map(|_| Connection::open(address))
        .collect::<Result<_>>()?;
    let started = Instant::now();
    let parts: Vec<Result<Vec<(usize, usize)>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = opened
            .iter_mut()
            .map(|connection| scope.spawn(|| work(connection, paths, &next)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| "a worker died".to_owned())?)
            .collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    let mut sizes = vec![0; paths.len()];
    for part in parts {
        for (index, size) in part? {
            sizes[index] = size;
        }
    }
    Ok(Load { seconds, sizes })
}

fn work(connection: &mut Connection, paths: &[String], next: &AtomicUsize) -> Result<Vec<(usize, usize)>> {
    let (mut body, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(path) = paths.get(index) else {
            return Ok(sizes);
        };
        let (mut status, _) = connection.ask(path, &mut body)?;
        let mut tries = 0;
        while status == 503 && tries < 200 {
            std::thread::sleep(Duration::from_millis(10));
            (status, _) = connection.ask(path, &mut body)?;
            tries += 1;
        }
        if status != 200 {
            return Err(format!(
                "{path}: status {status}: {}",
                String::from_utf8_lossy(&body)
            ));
        }
        sizes.push((index, body.len()));
    }
}
