//! Serving: the address, the end, ports, galleries, tokens.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{command, gray, run, text};

/// The command, serving. It is ended when this is dropped.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self {
            child,
            url: url.trim_end().to_owned(),
        }
    }

    fn address(&self) -> &str {
        self.url
            .strip_prefix("http://")
            .unwrap()
            .split('/')
            .next()
            .unwrap()
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
        (status, answer.split_off(end + 4))
    }

    /// Sends a signal, and says with which code it ended, how soon, and what it said on standard error.
    fn signal(mut self, name: &str) -> (Option<i32>, Duration, String) {
        let started = Instant::now();
        Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        let status = self.child.wait().unwrap();
        let took = started.elapsed();
        let mut said = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        (status.code(), took, said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_prints_its_address_serves_and_leaves_at_once_with_success() {
    let folder = tempfile::tempdir().unwrap();
    let file = gray(folder.path(), "a.pgm");
    for signal in ["-INT", "-TERM"] {
        let serving = Serving::start(&[text(&file), "-p", "0"]);
        assert!(
            serving.url.starts_with("http://127.0.0.1:") && serving.url.ends_with('/'),
            "{}",
            serving.url
        );
        let (status, body) = serving.get("/0/0/0/64.bin");
        assert_eq!((status, body.len()), (200, 1200));
        assert_eq!(serving.get("/").0, 200);
        // A keep-alive connection of a browser does not hold it.
        let _idle = TcpStream::connect(serving.address()).unwrap();
        let (code, took, said) = serving.signal(signal);
        assert_eq!(code, Some(0), "{signal}");
        assert!(took < Duration::from_millis(700), "{signal}: {took:?}");
        // No progress bar on a pipe, no chatter.
        assert_eq!(said, "", "{signal}");
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_only_if_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = gray(folder.path(), "a.pgm");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (code, out, err) = run(&[text(&file), "-p", &port.to_string()]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains(&port.to_string()) && err.contains("taken") && err.lines().count() == 1,
        "{err}"
    );
    let (first, second) = (Serving::start(&[text(&file)]), Serving::start(&[text(&file)]));
    assert_ne!(first.address(), second.address());
    assert_eq!((first.get("/healthz").0, second.get("/healthz").0), (200, 200));
}

#[test]
fn a_folder_is_a_gallery_of_what_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.pgm", "a.pgm"] {
        gray(folder.path(), name);
    }
    std::fs::write(folder.path().join("broken.pgm"), "P5\n40 30\n255\nshort").unwrap();
    std::fs::write(folder.path().join("readme.md"), "# no image").unwrap();
    std::fs::create_dir(folder.path().join("deeper")).unwrap();
    gray(&folder.path().join("deeper"), "c.pgm");
    let ids = |serving: &Serving| -> Vec<String> {
        let list: serde_json::Value = serde_json::from_slice(&serving.get("/images").1).unwrap();
        list["images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| image["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let serving = Serving::start(&[text(folder.path()), "-p", "0"]);
    assert_eq!(ids(&serving), ["a", "b"]);
    let (_, _, said) = serving.signal("-TERM");
    assert!(said.contains("broken.pgm") && said.lines().count() == 1, "{said}");
    let path = |name: &str| folder.path().join(name);
    let serving = Serving::start(&[text(&path("b.pgm")), text(&path("a.pgm")), "-p", "0"]);
    assert_eq!(ids(&serving), ["b", "a"]);
    assert_eq!(run(&[text(&path("broken.pgm"))]).0, 1);
    let empty = tempfile::tempdir().unwrap();
    let (code, _, err) = run(&[text(empty.path())]);
    assert_eq!((code, err.lines().count()), (1, 1), "{err}");
}

#[test]
fn other_machines_need_the_token_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let file = gray(folder.path(), "a.pgm");
    let serving = Serving::start(&[text(&file), "-p", "0", "--host", "0.0.0.0"]);
    let url = serving.url.clone();
    let (address, token) = url.split_once("/?token=").unwrap();
    assert_eq!(token.len(), 32);
    let port = address.rsplit(':').next().unwrap().to_owned();
    let here = Serving {
        url: format!("http://127.0.0.1:{port}/"),
        child: dummy(),
    };
    assert_eq!(
        (
            here.get("/images").0,
            here.get(&format!("/images?token={token}")).0
        ),
        (401, 303)
    );
    let (_, _, said) = serving.signal("-TERM");
    assert!(!said.contains(&token[..8]), "{said}");
    let serving = Serving::start(&[text(&file), "-p", "0", "--host", "0.0.0.0", "--no-auth"]);
    assert!(!serving.url.contains("token"));
    let (_, _, said) = serving.signal("-TERM");
    assert!(said.contains("--no-auth"), "{said}");
}

/// A child that has ended.
fn dummy() -> Child {
    Command::new("true").spawn().unwrap()
}

#[test]
fn a_client_page_and_the_sample_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("client.html");
    std::fs::write(&page, "{{ tile_size }}|{{ cmap_string }}").unwrap();
    let serving = Serving::start(&[
        "demo",
        "-p",
        "0",
        "--client",
        text(&page),
        "-c",
        "viridis",
        "--vmin",
        "-1",
        "--vmax",
        "1",
        "-t",
        "128",
    ]);
    assert_eq!(serving.get("/").1, b"128|/viridis/-1/1");
    assert_eq!(serving.get("/0/0/0/128/viridis/-1/1.png").0, 200);
}

#[test]
fn the_first_tile_of_a_small_file_comes_soon_after_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = gray(folder.path(), "a.pgm");
    let started = Instant::now();
    let serving = Serving::start(&[text(&file), "-p", "0"]);
    assert_eq!(serving.get("/0/0/0.png").0, 200);
    // Generous: the budget is held by the benchmarks, on a quiet machine and a release build.
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
}

/// The version of the first image, once it is another than `before`.
fn version_after(serving: &Serving, before: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (status, body) = serving.get("/images");
        assert_eq!(status, 200);
        let listed: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let version = listed["images"][0]["version"].as_str().unwrap().to_owned();
        if version != before {
            return version;
        }
        assert!(Instant::now() < deadline, "it is never another");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_watched_file_is_shown_anew_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = gray(folder.path(), "a.pgm");
    let serving = Serving::start(&[text(&path), "--watch", "-p", "0"]);
    let first = version_after(&serving, "");
    // Half of a file, which is no image: the old one stays, and the person at the terminal hears of it.
    std::fs::write(&path, b"P5 2 2 255\n\x01").unwrap();
    std::thread::sleep(Duration::from_millis(1600));
    assert_eq!(serving.get("/images/a").0, 200);
    assert_eq!(version_after(&serving, ""), first);
    std::fs::write(&path, b"P5 3 2 255\n\x01\x02\x03\x04\x05\x06").unwrap();
    let second = version_after(&serving, &first);
    let (_, body) = serving.get("/images/a");
    let described: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (described["width"].as_u64(), described["height"].as_u64()),
        (Some(3), Some(2))
    );
    assert_eq!(serving.get("/images/a/value?x=2&y=1").0, 200);
    // As editors save: another file under the name.
    let other = folder.path().join("other.pgm");
    std::fs::write(&other, b"P5 3 2 255\n\x09\x02\x03\x04\x05\x06").unwrap();
    std::fs::rename(&other, &path).unwrap();
    version_after(&serving, &second);
    let (_, body) = serving.get("/images/a/value?x=0&y=0");
    assert!(
        String::from_utf8_lossy(&body).contains("[9]"),
        "{}",
        String::from_utf8_lossy(&body)
    );
    let (_, _, said) = serving.signal("-INT");
    assert!(said.contains("a.pgm"), "{said}");
}

#[test]
fn the_view_that_was_asked_for_is_in_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = gray(folder.path(), "a.pgm");
    for view in [
        "#x=1&y=2&zoom=3",
        "x=1&y=2&zoom=3",
        "http://localhost:1/#x=1&y=2&zoom=3",
    ] {
        let serving = Serving::start(&[text(&path), "-p", "0", "--view", view]);
        assert!(serving.url.ends_with("/#x=1&y=2&zoom=3"), "{}", serving.url);
    }
    for view in ["", "#", "x=1 y=2", "nothing"] {
        let (code, _, said) = run(&[text(&path), "-p", "0", "--view", view]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("--view"), "{said}");
    }
}
