//! What lies on servers: a real one on loopback, which gives ranges or none, fails, dawdles, changes and lies.

use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use projectile_core::{Cancel, ErrorKind, ReadRequest, Region, Residence, Result, Selection, Source};
use projectile_formats::{AllowedPrefixes, NamedSource, OpenOptions, Progress, RemoteUrl, open, open_url};

use crate::support::{only, read, written};
use crate::web::{Manner, Server};

/// A `.npy` of 16-bit samples that count up.
fn npy(height: usize, width: usize) -> Vec<u8> {
    let mut header = format!("{{'descr': '<u2', 'fortran_order': False, 'shape': ({height}, {width}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend((0..height * width).flat_map(|i| (i as u16).to_le_bytes()));
    file
}

/// A gray PNM, which is read whole.
fn pgm() -> Vec<u8> {
    let mut file = b"P5\n40 30\n255\n".to_vec();
    file.extend((0..1200u32).map(|i| (i % 256) as u8));
    file
}

const HEIGHT: usize = 2000;
const WIDTH: usize = 2048;

fn opened(server: &Server) -> Arc<dyn Source> {
    only(
        open_url(
            &server.url("/a/big.npy?signature=secret"),
            &OpenOptions::default(),
        )
        .unwrap(),
    )
}

fn region(source: &dyn Source, y: u64, x: u64, height: u64, width: u64) -> Result<Vec<f64>> {
    let request = ReadRequest {
        level: 0,
        region: Region { y, x, height, width },
        step: 1,
        selection: Selection::default(),
        cancel: Cancel::new(),
    };
    let future = std::pin::pin!(source.read(request));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::future::Future::poll(future, &mut context) {
        std::task::Poll::Ready(read) => read.map(|pixels| pixels.to_f64()),
        std::task::Poll::Pending => panic!("it waits on the thread that asks"),
    }
}

fn expected(y: usize, x: usize, height: usize, width: usize) -> Vec<f64> {
    (y..y + height)
        .flat_map(|y| (x..x + width).map(move |x| f64::from((y * WIDTH + x) as u16)))
        .collect()
}

fn failure(server: &Server, path: &str) -> projectile_core::Error {
    open_url(&server.url(path), &OpenOptions::default()).unwrap_err()
}

#[test]
fn an_array_is_read_by_ranges_each_once() {
    for manner in [
        Manner::default(),
        Manner {
            no_tag: true,
            ..Manner::default()
        },
        Manner {
            weak_tag: true,
            ..Manner::default()
        },
    ] {
        let server = Server::new(npy(HEIGHT, WIDTH), manner.clone());
        let source = opened(&server);
        assert_eq!(server.requests(), 1, "{manner:?}: the first bytes tell all");
        assert_eq!(source.residence(), Residence::Remote);
        assert_eq!(
            region(&*source, 700, 300, 256, 256).unwrap(),
            expected(700, 300, 256, 256)
        );
        assert_eq!(server.requests(), 2, "neighbouring blocks come together");
        assert_eq!(
            region(&*source, 710, 1000, 100, 900).unwrap(),
            expected(710, 1000, 100, 900)
        );
        assert_eq!(server.requests(), 2, "what is here is not asked for again");
        assert_eq!(
            region(&*source, 1999, 2047, 1, 1).unwrap(),
            expected(1999, 2047, 1, 1)
        );
    }
}

#[test]
fn what_is_far_apart_is_asked_for_at_a_time_but_not_too_much() {
    // Rows of 600 kB, of which a column of tiles takes little.
    let (height, width) = (64, 300_000);
    let manner = Manner {
        takes: 50,
        ..Manner::default()
    };
    let server = Server::new(npy(height, width), manner);
    let source = opened(&server);
    let started = Instant::now();
    let read = region(&*source, 0, 150_000, 64, 16).unwrap();
    let took = started.elapsed();
    assert_eq!(read[17], f64::from((width + 150_001) as u16));
    let requests = server.requests() - 1;
    assert!((16..=64).contains(&requests), "{requests}");
    let most = server.most.load(Ordering::SeqCst);
    assert!((8..=32).contains(&most), "{most} at a time");
    assert!(took < Duration::from_millis(50 * requests as u64 / 2), "{took:?}");
}

#[test]
fn a_server_without_ranges_gives_the_whole_once() {
    for manner in [
        Manner {
            no_ranges: true,
            ..Manner::default()
        },
        Manner {
            no_ranges: true,
            chunked: true,
            no_tag: true,
            ..Manner::default()
        },
        Manner {
            no_ranges: true,
            failures: 2,
            ..Manner::default()
        },
    ] {
        let failures = manner.failures;
        let server = Server::new(npy(HEIGHT, WIDTH), manner);
        let source = opened(&server);
        let asked = server.requests();
        assert!(asked <= 2 + failures, "{asked}");
        assert_eq!(region(&*source, 9, 8, 7, 6).unwrap(), expected(9, 8, 7, 6));
        assert_eq!(server.requests(), asked);
    }
}

#[test]
fn what_is_read_whole_is_brought_here_and_leaves_nothing() {
    #[derive(Default)]
    struct Told(Mutex<Vec<(u64, u64)>>);
    impl Progress for Told {
        fn update(&self, done: u64, total: u64) {
            self.0.lock().unwrap().push((done, total));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let local = only(open(&written(folder.path(), "a.pgm", &pgm()), &OpenOptions::default()).unwrap());
    for no_ranges in [false, true] {
        let manner = Manner {
            no_ranges,
            ..Manner::default()
        };
        let server = Server::new(pgm(), manner);
        let told = Arc::<Told>::default();
        let options = OpenOptions {
            progress: Some(Arc::clone(&told) as Arc<dyn Progress>),
            ..OpenOptions::default()
        };
        let path = format!("/left-{}.pgm", std::process::id());
        let source = only(open_url(&server.url(&path), &options).unwrap());
        assert_eq!(read(&*source, vec![]).to_f64(), read(&*local, vec![]).to_f64());
        let size = pgm().len() as u64;
        assert_eq!(told.0.lock().unwrap().first(), Some(&(size, size)));
        let mut limited = OpenOptions::default();
        limited.limits.download_bytes = size - 1;
        let error = open_url(&server.url(&path), &limited).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    }
    let left = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let left: Vec<_> = left
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("projectile-") && name.ends_with(&format!("-left_{}.pgm", std::process::id()))
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_fails_is_asked_for_again() {
    for manner in [
        Manner {
            failures: 2,
            ..Manner::default()
        },
        Manner {
            breaks: 2,
            ..Manner::default()
        },
        Manner {
            breaks: 2,
            no_tag: true,
            ..Manner::default()
        },
    ] {
        let patient = Manner {
            failures: 0,
            breaks: 0,
            ..manner.clone()
        };
        let server = Server::new(npy(HEIGHT, WIDTH), patient);
        let source = opened(&server);
        server.change(|served| served.manner = manner.clone());
        let read = region(&*source, 5, 6, 300, 8).unwrap_or_else(|error| panic!("{manner:?}: {error}"));
        assert_eq!(read, expected(5, 6, 300, 8), "{manner:?}");
        let server = Server::new(npy(HEIGHT, WIDTH), manner.clone());
        assert_eq!(
            region(&*opened(&server), 5, 6, 300, 8).unwrap(),
            expected(5, 6, 300, 8),
            "{manner:?}"
        );
    }
    let server = Server::new(npy(HEIGHT, WIDTH), Manner::default());
    let source = opened(&server);
    server.change(|served| served.manner.failures = 1000);
    let error = region(&*source, 0, 0, 900, 9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("503"), "{error}");
    server.change(|served| served.manner.failures = 0);
    assert_eq!(
        region(&*source, 0, 0, 900, 9).unwrap(),
        expected(0, 0, 900, 9),
        "and it lives on"
    );
}

#[test]
fn an_object_that_changed_is_gone_and_never_a_mixture() {
    for manner in [
        Manner::default(),
        Manner {
            no_conditions: true,
            ..Manner::default()
        },
        Manner {
            weak_tag: true,
            ..Manner::default()
        },
    ] {
        let server = Server::new(npy(HEIGHT, WIDTH), manner.clone());
        let source = opened(&server);
        let first = source.info().version;
        let before = region(&*source, 0, 0, 10, 10).unwrap();
        server.change(|served| {
            served.version = 2;
            Arc::make_mut(&mut served.body)
                .iter_mut()
                .skip(200)
                .for_each(|byte| *byte ^= 1);
        });
        let error = region(&*source, 1500, 0, 10, 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gone, "{manner:?}: {error}");
        assert!(!error.message().contains("secret"), "{error}");
        assert_eq!(
            region(&*source, 0, 0, 10, 10).unwrap(),
            before,
            "what is here is of the old one"
        );
        assert_ne!(opened(&server).info().version, first);
    }
    // Without a tag, the size tells; and what was removed is gone too.
    let manner = Manner {
        no_tag: true,
        ..Manner::default()
    };
    let server = Server::new(npy(HEIGHT, WIDTH), manner);
    let source = opened(&server);
    server.change(|served| Arc::make_mut(&mut served.body).push(0));
    assert_eq!(
        region(&*source, 0, 0, 900, 9).unwrap_err().kind(),
        ErrorKind::Gone
    );
    server.change(|served| Arc::make_mut(&mut served.body).truncate(5000));
    assert_eq!(
        region(&*source, 1000, 0, 9, 9).unwrap_err().kind(),
        ErrorKind::Gone
    );
    server.change(|served| served.manner.status = Some(404));
    assert_eq!(
        region(&*source, 500, 0, 9, 9).unwrap_err().kind(),
        ErrorKind::Gone
    );
}

#[test]
fn refusals_are_told_in_words_without_secrets() {
    for (status, kind, word) in [
        (404, ErrorKind::NotFound, "nothing"),
        (403, ErrorKind::Unavailable, "refuses"),
        (401, ErrorKind::Unavailable, "who asks"),
        (500, ErrorKind::Unavailable, "500"),
        (400, ErrorKind::Unavailable, "400"),
    ] {
        let server = Server::new(
            pgm(),
            Manner {
                status: Some(status),
                ..Manner::default()
            },
        );
        let error = failure(&server, "/x/a.npy?token=secret");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(word), "{error}");
        assert!(error.message().contains("/x/a.npy"), "{error}");
        assert!(!error.message().contains("secret"), "{error}");
    }
    let empty = Server::new(Vec::new(), Manner::default());
    assert!(failure(&empty, "/a.npy").message().contains("empty"));
    let nonsense = Server::new(b"nonsense".to_vec(), Manner::default());
    assert_eq!(failure(&nonsense, "/a").kind(), ErrorKind::Unsupported);
    // Megabytes of what is not opened anyway stay where they are.
    let mut grib = b"GRIB".to_vec();
    grib.resize(1 << 20, 0);
    let grib = Server::new(grib, Manner::default());
    assert_eq!(failure(&grib, "/a.grib").kind(), ErrorKind::Unsupported);
    assert_eq!(grib.requests(), 1);
    let cut = Server::new(npy(HEIGHT, WIDTH)[..100_000].to_vec(), Manner::default());
    let error = failure(&cut, "/a.npy");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    // A port where nobody listens.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = RemoteUrl::parse(&format!("http://{free}/a.npy")).unwrap();
    let error = open_url(&nobody, &OpenOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("no connection"), "{error}");
}

#[test]
fn a_slow_server_is_waited_for_until_nobody_wants_it() {
    let server = Server::new(npy(HEIGHT, WIDTH), Manner::default());
    let source = opened(&server);
    server.change(|served| served.manner.takes = 400);
    assert_eq!(region(&*source, 0, 0, 300, 3).unwrap(), expected(0, 0, 300, 3));
    server.change(|served| served.manner.takes = 60_000);
    let options = OpenOptions::default();
    let cancel = options.cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        cancel.cancel();
    });
    let started = Instant::now();
    let error = open_url(&server.url("/b.npy"), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn who_asks_is_told_to_the_server_and_to_no_other() {
    let server = Server::new(pgm(), Manner::default());
    let address = server.address;
    let url = RemoteUrl::parse(&format!("http://user:pass%21@{address}/a.pgm")).unwrap();
    assert!(open_url(&url, &OpenOptions::default()).is_ok());
    let asked = server.requests.lock().unwrap().clone();
    assert!(
        asked
            .iter()
            .all(|head| head["authorization"] == "Basic dXNlcjpwYXNzIQ=="),
        "{asked:?}"
    );
    let elsewhere = Manner {
        redirect: Some(format!("http://localhost:{}/there.pgm", address.port())),
        ..Manner::default()
    };
    server.change(|served| served.manner = elsewhere);
    server.requests.lock().unwrap().clear();
    // Where localhost is another address, nobody answers; what matters is what was told.
    let _ = open_url(&url, &OpenOptions::default());
    let asked = server.requests.lock().unwrap().clone();
    for head in asked.iter().filter(|head| head["host"].starts_with("localhost")) {
        assert!(!head.contains_key("authorization"), "{head:?}");
    }
}

#[test]
fn redirections_are_followed_but_not_out_of_what_is_allowed() {
    let server = Server::new(pgm(), Manner::default());
    let other = Server::new(pgm(), Manner::default());
    let address = server.address;
    let allowed = AllowedPrefixes::new([format!("http://{address}/open/")]).unwrap();
    let guarded = OpenOptions {
        allowed: Some(Arc::new(allowed)),
        ..OpenOptions::default()
    };
    let goes = |to: &str, options: &OpenOptions| -> Result<Vec<NamedSource>> {
        server.change(|served| served.manner.redirect = Some(to.to_owned()));
        open_url(&server.url("/open/a.pgm"), options)
    };
    for to in ["/open/there.pgm", "there.pgm"] {
        assert!(goes(to, &guarded).is_ok(), "{to}");
    }
    let there = format!("http://{}/open/there.pgm", other.address);
    for to in [
        "/elsewhere/there.pgm",
        "../there.pgm",
        &there,
        "file:///etc/passwd",
        "http://169.254.169.254/",
    ] {
        let error = goes(to, &guarded).unwrap_err();
        assert!(!error.message().contains("169.254"), "{error}");
    }
    assert_eq!(other.requests(), 0);
    assert!(goes(&there, &OpenOptions::default()).is_ok());
    assert!(other.requests() > 0);
    let round = goes("/open/again", &OpenOptions::default()).unwrap_err();
    assert!(round.message().contains("redirect"), "{round}");
}
