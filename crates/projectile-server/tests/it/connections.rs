//! Slow, silent, stalled and too many connections; and the server's end.

use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use projectile_server::{Limits, Options};

use crate::support::{Running, Staged, eventually, gray, open_for, options, plain, read_answer, start};

const HEAD: Duration = Duration::from_millis(400);
const IDLE: Duration = Duration::from_millis(900);

fn hasty() -> Running {
    start(
        [gray("g", 64, 64)],
        options(|options| {
            options.limits = Limits {
                head: HEAD,
                idle: IDLE,
                ..Limits::default()
            }
        }),
    )
}

fn between(low: Duration, open: Duration, high: Duration) {
    assert!(
        low <= open && open <= high,
        "open for {open:?}, not {low:?} to {high:?}"
    );
}

#[test]
fn a_silent_connection_is_closed_on_time() {
    let server = hasty();
    between(HEAD / 2, open_for(&mut server.connect()), HEAD * 3);
}

#[test]
fn half_a_head_is_closed_on_time_however_it_trickles() {
    let server = hasty();
    let mut stream = server.connect();
    stream.write_all(b"GET /0/0/0.png HTTP/1.1\r\nHost: loc").unwrap();
    between(HEAD / 2, open_for(&mut stream), HEAD * 3);
    let mut stream = server.connect();
    let mut trickle = stream.try_clone().unwrap();
    let writer = thread::spawn(move || {
        for byte in b"GET /0/0/0.png HTTP/1.1\r\nHost: localhost\r\nX: "
            .iter()
            .chain(std::iter::repeat(&b'a'))
            .take(200)
        {
            if trickle.write_all(&[*byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    between(HEAD / 2, open_for(&mut stream), HEAD * 3);
    writer.join().unwrap();
}

#[test]
fn an_idle_connection_stays_longer_than_a_head_may_take_but_not_for_ever() {
    let server = hasty();
    let mut stream = server.connect();
    for _ in 0..3 {
        stream
            .write_all(b"GET /0/0/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        assert_eq!(read_answer(&mut stream, false).status, 200);
        thread::sleep(HEAD + HEAD / 4);
    }
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(read_answer(&mut stream, false).status, 200);
    between(IDLE * 2 / 3, open_for(&mut stream), IDLE * 3);
    // Half of a second head is held to the head's time, not to the idle one.
    let mut stream = server.connect();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea")
        .unwrap();
    assert_eq!(read_answer(&mut stream, false).status, 200);
    between(HEAD / 2, open_for(&mut stream), IDLE + HEAD * 2);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = hasty();
    let mut stream = server.connect();
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let all = ["/healthz", "/nothing", "/images", "/0/0/0/64.png"]
        .map(one)
        .concat();
    stream.write_all(all.as_bytes()).unwrap();
    let statuses: Vec<_> = (0..4).map(|_| read_answer(&mut stream, false).status).collect();
    assert_eq!(statuses, [200, 404, 200, 200]);
}

#[test]
fn a_reader_that_stalls_is_cut() {
    const STALL: Duration = Duration::from_millis(500);
    let limits = Limits {
        stall: STALL,
        ..Limits::default()
    };
    let server = start(
        [gray("big", 4096, 4096)],
        options(|options| options.limits = limits),
    );
    let ask = "GET /0/0/0/4096.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stream = server.connect();
    stream.write_all(ask.as_bytes()).unwrap();
    thread::sleep(STALL * 4);
    let mut got = Vec::new();
    // Reset or ended: either way it is less than the tile.
    let _ = stream.read_to_end(&mut got);
    assert!(got.len() < 4096 * 4096, "{} bytes came", got.len());
    // A reader that is slow but reads gets all of it.
    let mut stream = server.connect();
    stream.write_all(ask.as_bytes()).unwrap();
    let mut got = 0;
    let mut buffer = vec![0; 1 << 20];
    while got < 4096 * 4096 {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => got += count,
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert!(got >= 4096 * 4096, "{got} bytes came");
}

#[test]
fn heads_addresses_and_bodies_have_limits() {
    let server = hasty();
    let headers = |count: usize, size: usize| {
        (0..count)
            .map(|i| format!("X-{i}: {}\n", "a".repeat(size)))
            .collect::<Vec<_>>()
            .concat()
    };
    assert_eq!(server.get_with("/healthz", &headers(50, 10)).status, 200);
    assert_eq!(server.get_with("/healthz", &headers(64, 10)).status, 431);
    assert_eq!(server.get_with("/healthz", &headers(10, 4000)).status, 431);
    assert_eq!(server.get(&format!("/{}", "a".repeat(4000))).status, 404);
    assert_eq!(server.get(&format!("/{}", "a".repeat(4100))).status, 414);
    assert_eq!(server.get(&format!("/healthz?{}", "a".repeat(4100))).status, 414);
    let body = server.send("GET /healthz HTTP/1.1\nHost: localhost\nContent-Length: 5\n\nhello");
    assert_eq!(
        (body.status, body.header("connection").as_deref()),
        (413, Some("close"))
    );
    let both =
        "GET /healthz HTTP/1.1\nHost: localhost\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n";
    assert!(matches!(server.send(both).status, 400 | 413));
    for broken in [
        "GET\n\n",
        "GET /\n\n",
        "G\u{0}T / HTTP/1.1\n\n",
        "GET / HTTP/9.9\nHost: localhost\n\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let status = server.send(broken).status;
        assert!(matches!(status, 0 | 400 | 505), "{broken:?}: {status}");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn connections_beyond_the_limit_are_told_so() {
    let server = start(
        [gray("g", 64, 64)],
        options(|options| options.limits.connections = 3),
    );
    let held: Vec<_> = (0..3).map(|_| server.connect()).collect();
    thread::sleep(Duration::from_millis(100));
    let answer = read_answer(&mut server.connect(), false);
    assert_eq!(
        (answer.status, answer.header("retry-after").as_deref()),
        (503, Some("1"))
    );
    drop(held);
    eventually("there is room again", || {
        let mut stream = server.connect();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        read_answer(&mut stream, false).status == 200
    });
}

#[test]
fn with_nothing_in_flight_it_leaves_at_once() {
    let server = start([gray("g", 64, 64)], Options::default());
    let mut idle = server.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(read_answer(&mut idle, false).status, 200);
    let mut silent = server.connect();
    thread::sleep(Duration::from_millis(100));
    server.shutdown.drain();
    let took = server
        .ends_within(Duration::from_secs(5))
        .expect("it never ended");
    assert!(took < Duration::from_millis(300), "{took:?}");
    assert!(open_for(&mut idle) < Duration::from_millis(300));
    assert!(open_for(&mut silent) < Duration::from_millis(300));
}

#[test]
fn requests_in_flight_are_answered_before_the_end() {
    let (image, stage) = Staged::image(256);
    stage.takes.store(400, Ordering::SeqCst);
    let server = start([image], Options::default());
    let mut stream = server.connect();
    stream
        .write_all(b"GET /0/0/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    eventually("it renders", || stage.reads.load(Ordering::SeqCst) == 1);
    server.shutdown.drain();
    let answer = read_answer(&mut stream, false);
    assert_eq!(
        (answer.status, answer.header("connection").as_deref()),
        (200, Some("close"))
    );
    assert!(server.ends_within(Duration::from_secs(2)).is_some());
    assert!(
        std::net::TcpStream::connect(server.address).is_err(),
        "it still listens"
    );
}

#[test]
fn what_was_on_its_way_when_the_end_began_is_answered_and_told_that_it_is_the_last() {
    let server = plain();
    let health = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut kept = server.connect();
    kept.write_all(health).unwrap();
    let answer = read_answer(&mut kept, false);
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    let mut ready = server.connect();
    server.shutdown.drain();
    // Behind the system's back: neither has been read, the second not even been accepted, when the end begins.
    let mut late = server.connect();
    kept.write_all(health).unwrap();
    late.write_all(health).unwrap();
    ready
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    for (stream, status) in [(&mut kept, 200), (&mut late, 200), (&mut ready, 503)] {
        let answer = read_answer(stream, false);
        assert_eq!(
            (answer.status, answer.header("connection").as_deref()),
            (status, Some("close"))
        );
    }
    assert!(server.ends_within(Duration::from_secs(1)).is_some());
}

#[test]
fn what_does_not_end_is_cut_at_the_deadline_and_at_once_when_asked_twice() {
    let drain = Duration::from_millis(500);
    for twice in [false, true] {
        let (image, stage) = Staged::image(4096);
        stage.held.store(true, Ordering::SeqCst);
        let limits = Limits {
            drain,
            ..Limits::default()
        };
        let server = start([image], options(|options| options.limits = limits));
        let mut waiting = server.connect();
        waiting
            .write_all(b"GET /0/0/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut partial = server.connect();
        partial.write_all(b"GET /0/0/0.png HT").unwrap();
        eventually("it renders", || stage.reads.load(Ordering::SeqCst) >= 1);
        let started = Instant::now();
        server.shutdown.step();
        if twice {
            server.shutdown.step();
        }
        assert!(
            server.ends_within(Duration::from_secs(5)).is_some(),
            "it never ended"
        );
        let took = started.elapsed();
        if twice {
            assert!(took < Duration::from_millis(200), "{took:?}");
        } else {
            between(drain, took, drain * 2);
        }
    }
}
