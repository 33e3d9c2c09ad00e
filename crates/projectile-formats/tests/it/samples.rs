//! Samples from a real HTTP server on loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use projectile_core::ErrorKind;
use projectile_formats::{SampleOptions, sample};

/// An uncompressed gray TIFF of 1024 × 1024 pixels, as small writers make them.
fn pentagon() -> Vec<u8> {
    let entries: [(u16, u16, u32); 8] = [
        (256, 4, 1024),        // width
        (257, 4, 1024),        // height
        (258, 3, 8),           // bits a sample
        (259, 3, 1),           // no compression
        (262, 3, 1),           // black is zero
        (273, 4, 8),           // where the strip lies
        (278, 4, 1024),        // rows of a strip
        (279, 4, 1024 * 1024), // its bytes
    ];
    let mut file = b"II*\0".to_vec();
    file.extend((8u32 + 1024 * 1024).to_le_bytes());
    file.extend((0..1024 * 1024).map(|i: u32| (i % 253) as u8));
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(1u32.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend(0u32.to_le_bytes());
    file
}

/// Answers each request by `answer`, which is given the request line; counts them.
fn server(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/database/download.php", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            count.fetch_add(1, Ordering::Relaxed);
            answer(&request, &mut stream);
        }
    });
    (url, asked)
}

fn ok(stream: &mut TcpStream, body: &[u8], promised: usize) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\nConnection: close\r\n\r\n");
    // A client that has had enough closes early.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

fn options(cache: &Path, url: &str) -> SampleOptions {
    SampleOptions {
        cache: Some(cache.to_owned()),
        url: Some(url.to_owned()),
        timeout: Some(Duration::from_secs(20)),
        progress: None,
    }
}

#[test]
fn a_sample_is_downloaded_once_and_then_used_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let (url, asked) = server(|request, stream| {
        assert_eq!(
            request,
            "GET /database/download.php?vol=aerials&img=3.2.25 HTTP/1.1"
        );
        let body = pentagon();
        ok(stream, &body, body.len());
    });
    let first = sample("pentagon", &options(folder.path(), &url)).unwrap();
    assert_eq!(std::fs::read(&first).unwrap(), pentagon());
    assert_eq!(
        sample("pentagon", &options(folder.path(), "http://127.0.0.1:1/")).unwrap(),
        first
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1);

    std::fs::write(&first, b"cut").unwrap();
    assert_eq!(sample("pentagon", &options(folder.path(), &url)).unwrap(), first);
    assert_eq!(asked.load(Ordering::Relaxed), 2, "a broken file is fetched again");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing else is left behind"
    );
}

#[test]
fn what_is_not_the_image_is_refused_and_not_kept() {
    type Answer = fn(&mut TcpStream);
    let cases: [(&str, Answer, ErrorKind); 5] = [
        (
            "404",
            |stream| drop(stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")),
            ErrorKind::Unavailable,
        ),
        (
            "a page",
            |stream| ok(stream, b"<html>sorry</html>", 18),
            ErrorKind::Corrupt,
        ),
        (
            "cut short",
            |stream| ok(stream, &pentagon()[..5000], pentagon().len()),
            ErrorKind::Unavailable,
        ),
        (
            "cut and not said",
            |stream| ok(stream, &pentagon()[..5000], 5000),
            ErrorKind::Corrupt,
        ),
        (
            "too much",
            |stream| ok(stream, &vec![0; 65 << 20], 65 << 20),
            ErrorKind::Limit,
        ),
    ];
    for (case, answer, kind) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (url, _) = server(move |_, stream| answer(stream));
        let error = sample("pentagon", &options(folder.path(), &url)).unwrap_err();
        assert_eq!(error.kind(), kind, "{case}: {error}");
        assert!(error.message().contains("projectile demo"), "{case}: {error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{case}");
    }
    // The other image under this one's name.
    let folder = tempfile::tempdir().unwrap();
    let (url, _) = server(|_, stream| ok(stream, &pentagon(), pentagon().len()));
    assert_eq!(
        sample("sanfran", &options(folder.path(), &url))
            .unwrap_err()
            .kind(),
        ErrorKind::Corrupt
    );
}

#[test]
fn offline_it_says_so_and_names_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let error = sample("sanfran", &options(folder.path(), "http://127.0.0.1:1/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.message().contains("projectile demo") && error.message().contains("sanfran"),
        "{error}"
    );
    assert_eq!(
        sample("atlantis", &options(folder.path(), ""))
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn a_server_that_stalls_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _) = server(|_, stream| {
        ok(stream, b"II*\0", 1000);
        std::thread::sleep(Duration::from_secs(30));
    });
    let options = SampleOptions {
        timeout: Some(Duration::from_millis(300)),
        ..options(folder.path(), &url)
    };
    assert_eq!(
        sample("pentagon", &options).unwrap_err().kind(),
        ErrorKind::Unavailable
    );
}

#[test]
fn two_downloads_at_once_leave_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _) = server(|_, stream| ok(stream, &pentagon(), pentagon().len()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| sample("pentagon", &options(folder.path(), &url)).unwrap());
        }
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
