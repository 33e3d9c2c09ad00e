//! Files that pages send.

use std::io::Write;
use std::path::Path;

use projectile_core::{Error, Image, Result};
use projectile_server::Uploads;
use serde_json::{Value, json};

use crate::live::{CLIENT, Page, post};
use crate::support::{Running, eventually, gray, open_for, options, plain, start};

const BYTES: &str = "Content-Type: application/octet-stream\r\n";

/// A file of this format is its own height and width, in text.
fn open(file: &Path) -> Result<Vec<Image>> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let sizes: Vec<u64> = text
        .split(' ')
        .filter_map(|part| part.trim().parse().ok())
        .collect();
    match sizes[..] {
        [height, width] => Ok(vec![gray(
            &file.file_name().unwrap().to_string_lossy(),
            height,
            width,
        )]),
        _ if text.contains("panic") => panic!("on purpose"),
        _ => Err(Error::bad_request(
            "file",
            format!("{}: no image", file.display()),
        )),
    }
}

fn taking(folder: &Path, limit: u64) -> Running {
    let uploads = Uploads::new(folder, limit, open);
    start(
        [gray("first", 64, 64)],
        options(|options| options.uploads = Some(uploads)),
    )
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_file_is_kept_opened_served_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let server = taking(folder.path(), 100);
    assert_eq!(server.get("/images").json()["upload"], json!({"limit": 100}));
    let mut page = Page::open(&server, CLIENT);
    assert_eq!(page.next().unwrap().0, "hello");
    let (status, body) = post(&server, "/upload?name=a%20scan.txt", BYTES, b"30 40");
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({"images": ["a-scan"]})
    );
    assert_eq!(
        page.next().unwrap(),
        ("images".to_owned(), json!({"changed": []}))
    );
    let described = server.get("/images/a-scan").json();
    assert_eq!(
        (&described["name"], &described["width"]),
        (&json!("a scan.txt"), &json!(40))
    );
    assert_eq!(server.get("/images/a-scan/0/0/0.png").status, 200);
    let (_, body) = post(&server, "/upload?name=a%20scan.txt", BYTES, b"3 4");
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({"images": ["a-scan-2"]})
    );
    assert_eq!(
        server.get("/images").json()["images"].as_array().unwrap().len(),
        3
    );
    assert_eq!(files(folder.path()), 2);
}

#[test]
fn what_is_refused_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = taking(folder.path(), 100);
    let long = "9".repeat(101);
    for (path, headers, body, status, word) in [
        ("/upload?name=a", BYTES, "nonsense", 400, "no image"),
        ("/upload?name=a", BYTES, "panic", 500, ""),
        ("/upload?name=a", BYTES, long.as_str(), 413, "--allow-upload"),
        ("/upload", BYTES, "1 1", 400, "name"),
        (
            "/upload?name=a",
            "Content-Type: text/plain\r\n",
            "1 1",
            415,
            "octet-stream",
        ),
        (
            "/upload?name=a",
            "Content-Type: application/octet-stream\r\nOrigin: http://evil.example\r\n",
            "1 1",
            403,
            "page",
        ),
        (
            "/upload?name=a",
            "Content-Type: application/octet-stream\r\nSec-Fetch-Site: cross-site\r\n",
            "1 1",
            403,
            "page",
        ),
    ] {
        let (found, said) = post(&server, path, headers, body.as_bytes());
        assert_eq!(found, status, "{body:?}: {said}");
        assert!(said.contains(word), "{said}");
        assert!(!said.contains(folder.path().to_str().unwrap()), "{said}");
    }
    assert_eq!(files(folder.path()), 0);
    // Room that was given back is there again.
    for _ in 0..5 {
        assert_eq!(post(&server, "/upload?name=a", BYTES, &[b'x'; 90]).0, 400);
    }
    assert_eq!(post(&server, "/upload?name=a", BYTES, b"5 5").0, 200);
    assert_eq!(server.get("/upload?name=a").status, 405);
}

#[test]
fn who_leaves_half_way_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = taking(folder.path(), 100);
    let mut stream = server.connect();
    write!(
        stream,
        "POST /upload?name=a HTTP/1.1\r\nHost: localhost\r\n{BYTES}Content-Length: 50\r\n\r\n1 "
    )
    .unwrap();
    eventually("it has begun", || files(folder.path()) == 1);
    drop(stream);
    eventually("it is removed", || files(folder.path()) == 0);
    let mut silent = server.connect();
    write!(
        silent,
        "POST /upload?name=a HTTP/1.1\r\nHost: localhost\r\n{BYTES}Content-Length: 50\r\n\r\n1 "
    )
    .unwrap();
    assert!(open_for(&mut silent).as_secs() < 30);
    eventually("it is removed", || files(folder.path()) == 0);
}

#[test]
fn a_server_that_was_not_told_to_takes_none() {
    let server = plain();
    assert_eq!(server.get("/images").json()["upload"], json!(null));
    let (status, said) = post(&server, "/upload?name=a", BYTES, b"1 1");
    assert_eq!(status, 403);
    assert!(said.contains("--allow-upload"), "{said}");
}
