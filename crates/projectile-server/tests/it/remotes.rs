//! Addresses that clients have opened.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use projectile_core::{Error, ErrorKind, Image};
use projectile_server::Remotes;
use serde_json::{Value, json};

use crate::live::{CLIENT, Page, post};
use crate::support::{Running, gray, gray_source, options, plain, start};

const JSON: &str = "Content-Type: application/json\r\n";

/// What lies under `https://here/` is an image of this version; what is anywhere else is not allowed.
fn opening(version: Arc<AtomicU64>) -> Running {
    let remotes = Remotes::new(move |url| {
        let Some(name) = url.strip_prefix("https://here/") else {
            return Ok(None);
        };
        match name {
            "missing" => Err(Error::not_found("https://here/missing: nothing is there")),
            "away" => Err(Error::new(ErrorKind::Unavailable, "https://here/away: no answer")),
            "wrong" => Err(Error::bad_request("url", "that is no address")),
            "panic" => panic!("on purpose"),
            _ => {
                let source = gray_source(30, 40, version.load(Ordering::SeqCst));
                Ok(Some(vec![Image::new(name, Arc::new(source))?]))
            }
        }
    });
    start(
        [gray("first", 64, 64)],
        options(|options| options.remotes = Some(remotes)),
    )
}

fn open(server: &Running, url: &str) -> (u16, Value) {
    let (status, body) = post(
        server,
        "/open",
        JSON,
        json!({ "url": url }).to_string().as_bytes(),
    );
    (status, serde_json::from_str(&body).unwrap_or_default())
}

#[test]
fn what_is_allowed_is_opened_once_and_served() {
    let version = Arc::new(AtomicU64::new(1));
    let server = opening(Arc::clone(&version));
    let mut page = Page::open(&server, CLIENT);
    assert_eq!(page.next().unwrap().0, "hello");
    assert_eq!(
        open(&server, "https://here/scan.npy"),
        (200, json!({"images": ["scan"]}))
    );
    assert_eq!(
        page.next().unwrap(),
        ("images".to_owned(), json!({"changed": []}))
    );
    assert_eq!(server.get("/images/scan/0/0/0.png").status, 200);
    let first = server.get("/images/scan").json();
    assert_eq!(first["width"], json!(40));
    // Once more is the same one, and what was rewritten takes its place.
    assert_eq!(
        open(&server, "https://here/scan.npy").1,
        json!({"images": ["scan"]})
    );
    assert_eq!(server.get("/images/scan").json()["version"], first["version"]);
    version.store(2, Ordering::SeqCst);
    assert_eq!(
        open(&server, "https://here/scan.npy").1,
        json!({"images": ["scan"]})
    );
    assert_ne!(server.get("/images/scan").json()["version"], first["version"]);
    assert_eq!(
        server.get("/images").json()["images"].as_array().unwrap().len(),
        2
    );
    assert_eq!(
        open(&server, "https://here/a/scan.npy").1,
        json!({"images": ["a-scan"]})
    );
}

#[test]
fn what_is_not_allowed_or_fails_is_told_and_nothing_is_served() {
    let server = opening(Arc::default());
    for (url, status) in [
        ("https://elsewhere/scan.npy", 403),
        ("file:///etc/passwd", 403),
        ("", 403),
        ("https://here/missing", 404),
        ("https://here/away", 503),
        ("https://here/wrong", 400),
        ("https://here/panic", 500),
    ] {
        let (found, problem) = open(&server, url);
        assert_eq!(found, status, "{url}: {problem}");
        assert_eq!(problem["status"], json!(status));
    }
    assert!(
        open(&server, "https://elsewhere/a").1["detail"]
            .as_str()
            .unwrap()
            .contains("--allow-remote")
    );
    let url = br#"{"url": "https://here/a"}"#;
    let long = vec![b' '; 20_000];
    for (headers, body, status) in [
        ("Content-Type: text/plain\r\n", &url[..], 415),
        ("", url, 415),
        (JSON, b"nonsense", 400),
        (JSON, br#"{"url": 3}"#, 400),
        (JSON, br#"{"url": "https://here/a", "more": 1}"#, 400),
        (JSON, &long, 413),
        (
            "Content-Type: application/json\r\nOrigin: http://evil.example\r\n",
            url,
            403,
        ),
        (
            "Content-Type: application/json\r\nSec-Fetch-Site: cross-site\r\n",
            url,
            403,
        ),
    ] {
        let (found, said) = post(&server, "/open", headers, body);
        assert_eq!(found, status, "{headers}: {said}");
    }
    assert_eq!(server.get("/open?url=https://here/a").status, 405);
    assert_eq!(
        server.get("/images").json()["images"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_server_that_was_not_told_to_opens_nothing() {
    let (status, problem) = open(&plain(), "https://here/a");
    assert_eq!(status, 403);
    assert!(
        problem["detail"].as_str().unwrap().contains("--allow-remote"),
        "{problem}"
    );
}

#[test]
fn no_more_are_kept_than_there_is_room_for() {
    let server = opening(Arc::default());
    for number in 0..256 {
        assert_eq!(
            open(&server, &format!("https://here/{number}")).0,
            200,
            "{number}"
        );
    }
    assert_eq!(open(&server, "https://here/256").0, 507);
    assert_eq!(open(&server, "https://here/255").0, 200, "it is open already");
}
