//! A server to talk to, a client that sends exactly what it is told, and sources that count, wait and fail.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use projectile_core::{
    ArraySource, Axes, Image, Pixels, ReadFuture, ReadRequest, Residence, Result, Samples, Source, SourceInfo,
};
use projectile_server::{Options, Server, Shutdown, ShutdownHandle};

/// A server that runs on its own runtime until it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: ShutdownHandle,
    pub(crate) server: Server,
    ended: mpsc::Receiver<()>,
    _runtime: tokio::runtime::Runtime,
}

pub(crate) fn start(images: impl IntoIterator<Item = Image>, options: Options) -> Running {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(images, options.bound_to(address)).unwrap();
    let served = server.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (shutdown, watched) = Shutdown::new();
    let (end, ended) = mpsc::channel();
    let guard = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    drop(guard);
    runtime.spawn(async move {
        served.run(listener, watched).await;
        end.send(()).unwrap();
    });
    Running {
        address,
        shutdown,
        server,
        ended,
        _runtime: runtime,
    }
}

/// A server of one gray image.
pub(crate) fn plain() -> Running {
    start([gray("plain", 300, 500)], Options::default())
}

/// Options, changed.
pub(crate) fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

impl Running {
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends `head` with `\n` as line ends, and reads one answer.
    pub(crate) fn send(&self, head: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(head.replace('\n', "\r\n").as_bytes()).unwrap();
        read_answer(&mut stream, head.starts_with("HEAD"))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    /// GET with further header lines, each with its `\n`.
    pub(crate) fn get_with(&self, path: &str, headers: &str) -> Answer {
        self.send(&format!(
            "GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n{headers}\n"
        ))
    }

    /// How long the server takes to end, if it does within `patience`.
    pub(crate) fn ends_within(&self, patience: Duration) -> Option<Duration> {
        let started = Instant::now();
        self.ended.recv_timeout(patience).ok().map(|()| started.elapsed())
    }
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The header's value; all of them, where it is there more than once.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let found: Vec<_> = self
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .collect();
        (!found.is_empty()).then(|| found.join("|"))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// One answer, of known length; status 0 when the connection ends before it.
pub(crate) fn read_answer(stream: &mut TcpStream, to_head: bool) -> Answer {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => {
                return Answer {
                    status: 0,
                    headers: Vec::new(),
                    body: Vec::new(),
                };
            }
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, v)| v.parse().unwrap());
    let mut body = vec![
        0;
        if to_head || status == 304 || status == 204 {
            0
        } else {
            length
        }
    ];
    stream.read_exact(&mut body).unwrap();
    Answer {
        status,
        headers,
        body,
    }
}

/// How long the server leaves the connection open, up to 20 s.
pub(crate) fn open_for(stream: &mut TcpStream) -> Duration {
    let started = Instant::now();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return started.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("still open"),
            Err(_) => return started.elapsed(),
        }
    }
}

/// An array of `height × width` bytes that count up.
pub(crate) fn gray(name: &str, height: u64, width: u64) -> Image {
    Image::new(name, Arc::new(gray_source(height, width, 7))).unwrap()
}

pub(crate) fn gray_source(height: u64, width: u64, version: u64) -> ArraySource {
    let samples: Vec<u8> = (0..height * width).map(|i| (i % 251) as u8).collect();
    let axes = Axes::guess(&[height, width]).unwrap();
    let mut info = SourceInfo::new(projectile_core::DType::UInt8, axes, "array");
    info.version = version;
    ArraySource::with_info(Samples::UInt8(samples.into()), info).unwrap()
}

pub(crate) fn array(name: &str, samples: Samples, shape: &[u64]) -> Image {
    Image::from_array(name, samples, shape).unwrap()
}

/// What a [`Staged`] source has seen, and what it does.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    /// Reads begun.
    pub(crate) reads: AtomicUsize,
    /// Reads that ended because nobody waited.
    pub(crate) cancelled: AtomicUsize,
    /// While up, reads wait, until it is down or they are cancelled.
    pub(crate) held: AtomicBool,
    /// Milliseconds that each read takes.
    pub(crate) takes: AtomicUsize,
    /// While up, reads panic.
    pub(crate) panics: AtomicBool,
}

/// A source of bytes that reads as its stage says.
#[derive(Debug)]
pub(crate) struct Staged {
    array: ArraySource,
    stage: Arc<Stage>,
}

impl Staged {
    pub(crate) fn image(side: u64) -> (Image, Arc<Stage>) {
        let stage = Arc::<Stage>::default();
        let source = Self {
            array: gray_source(side, side, 1),
            stage: Arc::clone(&stage),
        };
        (Image::new("staged", Arc::new(source)).unwrap(), stage)
    }

    fn act(&self, request: &ReadRequest) -> Result<()> {
        let stage = &self.stage;
        stage.reads.fetch_add(1, Ordering::SeqCst);
        assert!(!stage.panics.load(Ordering::SeqCst), "on purpose");
        std::thread::sleep(Duration::from_millis(stage.takes.load(Ordering::SeqCst) as u64));
        while stage.held.load(Ordering::SeqCst) {
            if let Err(error) = request.cancel.check() {
                stage.cancelled.fetch_add(1, Ordering::SeqCst);
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Source for Staged {
    fn info(&self) -> &SourceInfo {
        self.array.info()
    }

    fn residence(&self) -> Residence {
        // It takes its time, as reading a file does.
        Residence::Local
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        match self.act(&request) {
            Ok(()) => self.array.read(request),
            Err(error) => Box::pin(std::future::ready(Err::<Pixels, _>(error))),
        }
    }
}

/// Waits until `done`, at most 5 s.
pub(crate) fn eventually(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(5), "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A source that is far away: each read waits, and the most that waited at a time is counted.
#[derive(Debug)]
pub(crate) struct Far {
    array: ArraySource,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Far {
    pub(crate) fn new(side: u64) -> (Self, Arc<AtomicUsize>) {
        let most = Arc::<AtomicUsize>::default();
        let source = Self {
            array: gray_source(side, side, 1),
            now: Arc::default(),
            most: Arc::clone(&most),
        };
        (source, most)
    }
}

impl Source for Far {
    fn info(&self) -> &SourceInfo {
        self.array.info()
    }

    fn residence(&self) -> Residence {
        Residence::Remote
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(300));
        self.now.fetch_sub(1, Ordering::SeqCst);
        self.array.read(request)
    }
}
