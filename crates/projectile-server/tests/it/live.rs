//! Pages and their server in step: events, refreshed regions, and what pages tell.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use projectile_core::{Change, Image, Region};
use projectile_server::Options;
use serde_json::{Value, json};

use crate::support::{Running, eventually, gray, plain, read_answer, start};

pub(crate) const CLIENT: &str = "0123456789abcdef";

/// A page that listens.
pub(crate) struct Page(BufReader<TcpStream>);

impl Page {
    pub(crate) fn open(server: &Running, client: &str) -> Self {
        let mut stream = server.connect();
        write!(
            stream,
            "GET /events?client={client} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(
            head.to_lowercase().contains("content-type: text/event-stream"),
            "{head}"
        );
        Self(reader)
    }

    /// The next event; `None` at the end. Lines of the chunked encoding are passed over.
    pub(crate) fn next(&mut self) -> Option<(String, Value)> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(event) = line.trim_end().strip_prefix("event: ") {
                event.clone_into(&mut name);
            }
            if let Some(data) = line.trim_end().strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
    }
}

pub(crate) fn post(server: &Running, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
    let mut stream = server.connect();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let answer = read_answer(&mut stream, false);
    (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
}

fn state(image: &str, zoom: f64) -> Vec<u8> {
    let state = json!({
        "client": CLIENT, "image": image, "center": [20.5, 10.0], "zoom": zoom, "size": [640, 480],
        "window": [0.0, 255.0], "colormap": "gray", "resampling": "average", "channels": null, "axes": {},
        "selection": {"y": 1, "x": 2, "height": 3, "width": 4},
    });
    state.to_string().into_bytes()
}

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn a_refresh_reaches_every_page_and_changes_only_the_tiles_it_touches() {
    let server = start([gray("plain", 1024, 1024)], Options::default());
    let mut pages = [
        Page::open(&server, CLIENT),
        Page::open(&server, "fedcba9876543210"),
    ];
    for page in &mut pages {
        let (name, hello) = page.next().unwrap();
        assert_eq!(
            (name.as_str(), &hello["revisions"]["plain"]),
            ("hello", &json!(0))
        );
    }
    let info = server.get("/images/plain").json();
    let version = info["version"].as_str().unwrap();
    assert_eq!(info["revision"], 0);
    let immutable = |tail: &str| {
        let answer = server.get(&format!("/images/plain/2/{tail}.png?v={version}"));
        (
            answer.header("cache-control").unwrap().contains("immutable"),
            answer.header("etag").unwrap(),
        )
    };
    let (touched, other) = (immutable("0/1"), immutable("3/3"));
    assert!(touched.0 && other.0);

    let region = Region {
        y: 300,
        x: 10,
        height: 4,
        width: 4,
    };
    let change = Change {
        region,
        indices: Vec::new(),
    };
    assert_eq!(server.server.refresh("plain", change).unwrap(), 1);
    for page in &mut pages {
        let (name, data) = page.next().unwrap();
        assert_eq!(name, "refresh");
        let expected = json!({
            "image": "plain", "revision": 1, "indices": {},
            "region": {"y": 300, "x": 10, "height": 4, "width": 4},
        });
        assert_eq!(data, expected);
    }
    let now = immutable("0/1");
    assert!(!now.0, "the old address holds for ever no more");
    assert_ne!(now.1, touched.1);
    assert_eq!(immutable("3/3"), other, "not touched");
    assert!(immutable_of(&server, &format!("0/1.png?v={version}&r=1")));
    assert!(
        !immutable_of(&server, &format!("0/1.png?v={version}&r=2")),
        "a revision that is yet to come"
    );
    assert_eq!(server.get("/images/plain").json()["revision"], 1);
    let nobody = Change {
        region,
        indices: Vec::new(),
    };
    assert!(server.server.refresh("nobody", nobody).is_err());
}

fn immutable_of(server: &Running, tail: &str) -> bool {
    let answer = server.get(&format!("/images/plain/2/{tail}"));
    assert_eq!(answer.status, 200);
    answer.header("cache-control").unwrap().contains("immutable")
}

#[test]
fn pages_tell_where_they_are_to_our_own_pages_only() {
    let server = plain();
    server.server.live().listen();
    let mut page = Page::open(&server, CLIENT);
    assert_eq!(page.next().unwrap().1["live"], true);
    assert_eq!(post(&server, "/live/state", JSON, &state("plain", 1.5)).0, 204);
    let told = server.server.live().state().unwrap();
    assert_eq!((told.zoom, told.selection.unwrap().width), (1.5, 4));
    for (headers, body, status) in [
        (JSON, state("nobody", 1.0), 404),
        (JSON, b"{}".to_vec(), 400),
        (JSON, b"\xff".to_vec(), 400),
        (JSON, vec![b' '; 65 << 10], 413),
        ("Content-Type: text/plain\r\n", state("plain", 9.0), 415),
        ("", state("plain", 9.0), 415),
    ] {
        let answer = post(&server, "/live/state", headers, &body);
        assert_eq!(answer.0, status, "{headers:?} {}", answer.1);
    }
    for foreign in [
        "Origin: https://evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: null\r\n",
    ] {
        let answer = post(
            &server,
            "/live/state",
            &format!("{JSON}{foreign}"),
            &state("plain", 9.0),
        );
        assert_eq!(answer.0, 403, "{foreign}");
    }
    assert_eq!(
        post(
            &server,
            "/live/state",
            &format!("{JSON}Origin: http://localhost\r\n"),
            &state("plain", 2.0)
        )
        .0,
        204
    );
    assert_eq!(
        server.server.live().state().unwrap().zoom,
        2.0,
        "what was refused changed nothing"
    );
    let get = server.get("/live/state");
    assert_eq!(
        (get.status, get.header("allow").as_deref()),
        (405, Some("POST, OPTIONS"))
    );
    assert_eq!(post(&server, "/images", JSON, b"{}").0, 405);
}

#[test]
fn a_page_that_leaves_frees_its_seat_and_the_end_lets_all_go() {
    let server = plain();
    let mut stays = Page::open(&server, CLIENT);
    let leaves = Page::open(&server, "fedcba9876543210");
    assert_eq!(server.server.live().pages(), 2);
    drop(leaves);
    // A socket that is closed shows when something is written to it.
    eventually("the seat is free", || {
        server.server.live().set("plain", &serde_json::Map::new());
        server.server.live().pages() == 1
    });
    server.shutdown.drain();
    let took = server
        .ends_within(Duration::from_secs(5))
        .expect("it waits for listening pages");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let mut last = None;
    while let Some((name, _)) = stays.next() {
        last = Some(name);
    }
    assert_eq!(last.as_deref(), Some("closed"));
}

#[test]
fn a_picture_is_taken_only_when_it_was_asked_for() {
    let server = plain();
    let mut page = Page::open(&server, CLIENT);
    page.next().unwrap();
    let png = b"\x89PNG\r\n\x1a\nrest".as_slice();
    let to = |request: &str| format!("/live/screenshot?request={request}");
    let kind = "Content-Type: image/png\r\n";
    assert_eq!(
        post(&server, &to("00000000000000000000000000000000"), kind, png).0,
        404
    );
    assert_eq!(post(&server, &to("xyz"), kind, png).0, 400);
    let live = server.server.live().clone();
    let asking = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(live.screenshot(Duration::from_secs(10)))
    });
    let (name, data) = page.next().unwrap();
    assert_eq!((name.as_str(), &data["client"]), ("screenshot", &json!(CLIENT)));
    let request = data["request"].as_str().unwrap();
    assert_eq!(post(&server, &to(request), kind, b"GIF89a").0, 422);
    assert_eq!(post(&server, &to(request), kind, png).0, 204);
    assert_eq!(asking.join().unwrap().unwrap(), png);
}

#[test]
fn malformed_names_of_pages_are_refused() {
    let server = plain();
    for client in ["", "?client=", "?client=0123", "?client=zzzzzzzzzzzzzzzz"] {
        let answer = server.get(&format!("/events{client}"));
        assert_eq!(answer.status, 400, "{client}");
        assert_eq!(answer.json()["parameter"], "client");
    }
    let hint = server.get("/images/plain/fetch?z=1&x0=0&y0=0&x1=2&y1=1");
    assert_eq!(hint.status, 204, "{}", hint.text());
    for (tail, status) in [
        ("z=1&x0=0&y0=0&x1=0&y1=1", 400),
        ("z=1&x0=0&y0=0&x1=3&y1=1", 404),
        ("z=1", 400),
    ] {
        assert_eq!(
            server.get(&format!("/images/plain/fetch?{tail}")).status,
            status,
            "{tail}"
        );
    }
}

/// An image that is told of as far away has threads of its own, so that many may wait at a time.
#[test]
fn images_far_away_wait_side_by_side() {
    use std::sync::Arc;

    use crate::support::Far;
    let (source, most) = Far::new(2048);
    let image = Image::new("far", Arc::new(source)).unwrap();
    let server = start([image], Options::default());
    let mut streams: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
    for (x, stream) in streams.iter_mut().enumerate() {
        write!(stream, "GET /3/{x}/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }
    for stream in &mut streams {
        assert_eq!(read_answer(stream, false).status, 200);
    }
    let most = most.load(std::sync::atomic::Ordering::SeqCst);
    assert!(most >= 6, "at most {most} reads waited at a time");
}
