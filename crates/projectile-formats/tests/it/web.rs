//! A server of one object on loopback, which answers in many manners.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use projectile_formats::RemoteUrl;

/// How the server answers.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a way to answer")]
pub(crate) struct Manner {
    /// The whole file is the answer to whatever range.
    pub(crate) no_ranges: bool,
    /// Without saying how long it is, in chunks.
    pub(crate) chunked: bool,
    pub(crate) no_tag: bool,
    pub(crate) weak_tag: bool,
    /// Takes no notice of `If-Match`.
    pub(crate) no_conditions: bool,
    /// So many answers are 503 first.
    pub(crate) failures: usize,
    /// So many answers break off half way first.
    pub(crate) breaks: usize,
    /// Milliseconds before each answer.
    pub(crate) takes: u64,
    /// What every answer is.
    pub(crate) status: Option<u16>,
    pub(crate) redirect: Option<String>,
}

pub(crate) struct Served {
    pub(crate) manner: Manner,
    pub(crate) body: Arc<Vec<u8>>,
    pub(crate) version: u32,
}

/// A server of one object, at whatever path.
pub(crate) struct Server {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) served: Arc<Mutex<Served>>,
    pub(crate) requests: Arc<Mutex<Vec<HashMap<String, String>>>>,
    /// The most that were answered at a time.
    pub(crate) most: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn new(body: Vec<u8>, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            served: Arc::new(Mutex::new(Served {
                manner,
                body: Arc::new(body),
                version: 1,
            })),
            requests: Arc::default(),
            most: Arc::default(),
        };
        let (served, requests) = (Arc::clone(&server.served), Arc::clone(&server.requests));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&server.most));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (served, requests) = (Arc::clone(&served), Arc::clone(&requests));
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                std::thread::spawn(move || {
                    // A client that leaves ends this connection alone.
                    let _ = serve(&stream, &served, &requests, (&now, &most));
                });
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> RemoteUrl {
        RemoteUrl::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Served)) {
        change(&mut self.served.lock().unwrap());
    }
}

fn serve(
    stream: &TcpStream,
    served: &Mutex<Served>,
    requests: &Mutex<Vec<HashMap<String, String>>>,
    (now, most): (&AtomicUsize, &AtomicUsize),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut head: HashMap<String, String> = HashMap::new();
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        head.insert(String::new(), line.trim().to_owned());
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(": ") else {
                break;
            };
            head.insert(name.to_lowercase(), value.to_owned());
        }
        requests.lock().unwrap().push(head.clone());
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let takes = served.lock().unwrap().manner.takes;
        std::thread::sleep(Duration::from_millis(takes));
        // Before the answer, after which the client may ask the next at once.
        now.fetch_sub(1, Ordering::SeqCst);
        answer(stream, &head, served)?;
    }
}

fn answer(
    mut stream: &TcpStream,
    head: &HashMap<String, String>,
    served: &Mutex<Served>,
) -> std::io::Result<()> {
    let (manner, body, tag, fails, breaks) = {
        let mut served = served.lock().unwrap();
        let fails = served.manner.failures > 0;
        served.manner.failures -= usize::from(fails);
        let breaks = !fails && served.manner.breaks > 0;
        served.manner.breaks -= usize::from(breaks);
        let weak = if served.manner.weak_tag { "W/" } else { "" };
        let tag = format!("{weak}\"v{}\"", served.version);
        (
            served.manner.clone(),
            Arc::clone(&served.body),
            tag,
            fails,
            breaks,
        )
    };
    let plain = |status: u16, more: &str| format!("HTTP/1.1 {status} X\r\n{more}Content-Length: 0\r\n\r\n");
    if fails {
        return stream.write_all(plain(503, "").as_bytes());
    }
    if let Some(status) = manner.status {
        return stream.write_all(plain(status, "").as_bytes());
    }
    if let Some(to) = manner.redirect
        && !head[""].contains("/there")
    {
        return stream.write_all(plain(302, &format!("Location: {to}\r\n")).as_bytes());
    }
    let matches = head
        .get("if-match")
        .is_none_or(|wanted| *wanted == tag && !manner.weak_tag);
    if !matches && !manner.no_conditions {
        return stream.write_all(plain(412, "").as_bytes());
    }
    let range = head
        .get("range")
        .filter(|_| !manner.no_ranges)
        .and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let range = range.map(|(first, last)| {
        let last: usize = last.parse().unwrap();
        first.parse().unwrap()..(last + 1).min(body.len())
    });
    let mut text = if let Some(range) = &range {
        if range.start >= body.len() {
            return stream.write_all(plain(416, "").as_bytes());
        }
        let (first, last) = (range.start, range.end - 1);
        format!(
            "HTTP/1.1 206 X\r\nContent-Range: bytes {first}-{last}/{}\r\n",
            body.len()
        )
    } else {
        "HTTP/1.1 200 X\r\n".to_owned()
    };
    if !manner.no_tag {
        text = format!("{text}ETag: {tag}\r\n");
    }
    let sent = &body[range.unwrap_or(0..body.len())];
    if manner.chunked {
        write!(stream, "{text}Transfer-Encoding: chunked\r\n\r\n")?;
        for chunk in sent.chunks(10_000) {
            write!(stream, "{:x}\r\n", chunk.len())?;
            stream.write_all(chunk)?;
            stream.write_all(b"\r\n")?;
        }
        return stream.write_all(b"0\r\n\r\n");
    }
    write!(stream, "{text}Content-Length: {}\r\n\r\n", sent.len())?;
    if breaks {
        stream.write_all(&sent[..sent.len() / 2])?;
        return stream.shutdown(std::net::Shutdown::Both);
    }
    stream.write_all(sent)
}
