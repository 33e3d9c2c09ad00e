//! Herds, aborts, full queues, panics: limits that bite, and work that is done once or not at all.

use std::collections::HashSet;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Staged, eventually, options, read_answer, start};

const TILE: &str = "GET /0/0/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn a_thousand_who_want_one_tile_cost_one_render() {
    projectile_server::raise_open_files();
    let (image, stage) = Staged::image(256);
    stage.held.store(true, Ordering::SeqCst);
    let server = start([image], options(|_| {}));
    let mut clients: Vec<_> = (0..1000).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.write_all(TILE.as_bytes()).unwrap();
    }
    eventually("the render starts", || stage.reads.load(Ordering::SeqCst) == 1);
    // Some leave, the first among them; the rest still get the tile.
    let left: Vec<_> = clients.drain(..100).collect();
    drop(left);
    thread::sleep(Duration::from_millis(300));
    stage.held.store(false, Ordering::SeqCst);
    let bodies: HashSet<Vec<u8>> = clients
        .iter_mut()
        .map(|client| {
            let answer = read_answer(client, false);
            assert_eq!(answer.status, 200);
            answer.body
        })
        .collect();
    assert_eq!((bodies.len(), stage.reads.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(stage.cancelled.load(Ordering::SeqCst), 0);
}

#[test]
fn work_that_nobody_waits_for_is_called_off_or_never_begun() {
    let (image, stage) = Staged::image(1024);
    stage.held.store(true, Ordering::SeqCst);
    let server = start([image], options(|options| options.threads = Some(2)));
    let mut clients = Vec::new();
    for (x, y) in (0..4).flat_map(|x| (0..4).map(move |y| (x, y))) {
        let mut client = server.connect();
        write!(client, "GET /2/{x}/{y}.png HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        clients.push(client);
    }
    eventually("two renders run", || stage.reads.load(Ordering::SeqCst) == 2);
    drop(clients);
    let started = Instant::now();
    eventually("both are called off", || {
        stage.cancelled.load(Ordering::SeqCst) >= 2
    });
    assert!(
        started.elapsed() < Duration::from_millis(500),
        "{:?}",
        started.elapsed()
    );
    thread::sleep(Duration::from_millis(100));
    // At most the one that was taken from the queue in the same instant.
    assert!(
        stage.reads.load(Ordering::SeqCst) <= 4,
        "{}",
        stage.reads.load(Ordering::SeqCst)
    );
    stage.held.store(false, Ordering::SeqCst);
    for (x, y) in [(0, 0), (3, 3)] {
        assert_eq!(server.get(&format!("/2/{x}/{y}.png")).status, 200);
    }
}

#[test]
fn a_full_queue_answers_503_at_once_and_says_when_to_come_back() {
    let (image, stage) = Staged::image(1024);
    stage.held.store(true, Ordering::SeqCst);
    let server = start(
        [image],
        options(|options| (options.threads, options.queue) = (Some(1), 1)),
    );
    let mut waiting = Vec::new();
    for x in 0..2 {
        let mut client = server.connect();
        write!(client, "GET /2/{x}/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        waiting.push(client);
        eventually("the first runs", || stage.reads.load(Ordering::SeqCst) == 1);
    }
    thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    let answer = server.get("/2/2/0.png");
    assert_eq!(answer.status, 503);
    assert!(
        started.elapsed() < Duration::from_millis(200),
        "{:?}",
        started.elapsed()
    );
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(answer.json()["status"], 503);
    // Health and lists need no render thread.
    assert_eq!(
        (server.get("/healthz").status, server.get("/images").status),
        (200, 200)
    );
    stage.held.store(false, Ordering::SeqCst);
    for client in &mut waiting {
        assert_eq!(read_answer(client, false).status, 200);
    }
    assert_eq!(server.get("/2/2/0.png").status, 200);
}

#[test]
fn more_requests_than_the_limit_are_turned_away_but_health_is_not() {
    let (image, stage) = Staged::image(1024);
    stage.held.store(true, Ordering::SeqCst);
    let server = start([image], options(|options| options.limits.in_flight = 3));
    let mut clients: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for (x, client) in clients.iter_mut().enumerate() {
        write!(client, "GET /2/{x}/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }
    eventually("they are in flight", || server.get("/images").status == 503);
    assert_eq!(server.get("/images").header("retry-after").as_deref(), Some("1"));
    assert_eq!(server.get("/healthz").status, 200);
    stage.held.store(false, Ordering::SeqCst);
    for client in &mut clients {
        assert_eq!(read_answer(client, false).status, 200);
    }
    eventually("there is room again", || server.get("/images").status == 200);
}

#[test]
fn a_panic_in_a_render_is_a_500_and_the_next_request_is_answered() {
    let (image, stage) = Staged::image(256);
    stage.panics.store(true, Ordering::SeqCst);
    let server = start([image], options(|options| options.threads = Some(1)));
    for _ in 0..3 {
        let answer = server.get("/0/0/0.png");
        assert_eq!(answer.status, 500);
        assert!(!answer.text().contains("on purpose"), "{}", answer.text());
    }
    stage.panics.store(false, Ordering::SeqCst);
    assert_eq!(server.get("/0/0/0.png").status, 200);
}
