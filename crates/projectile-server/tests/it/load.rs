//! Herds, aborts, full queues, panics: limits that bite, and work that is done once or not at all.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use projectile_core::{Area, Cancel, Encoding, Image, Samples, Style, TileRequest};

use crate::support::{Staged, eventually, gray, options, read_answer, start};

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
    for _ in 0..2 {
        let answer = server.get("/0/0/0.png");
        assert_eq!(answer.status, 500);
        assert!(!answer.text().contains("on purpose"), "{}", answer.text());
    }
    stage.panics.store(false, Ordering::SeqCst);
    assert_eq!(server.get("/0/0/0.png").status, 200);
}

#[test]
fn an_image_that_panics_three_times_is_not_read_any_more_and_others_are() {
    let (image, stage) = Staged::image(256);
    stage.panics.store(true, Ordering::SeqCst);
    let server = start([image, gray("other", 64, 64)], options(|_| {}));
    let tile = "/images/staged/0/0/0.png";
    for _ in 0..3 {
        assert_eq!(server.get(tile).status, 500);
    }
    let reads = stage.reads.load(Ordering::SeqCst);
    // A tile, a description, a value, samples: whatever would read it says why it does not.
    for path in [
        tile,
        "/images/staged",
        "/images/staged/value?x=1&y=1",
        "/images/staged/0/0/0.npy",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 422, "{path}");
        assert!(answer.header("x-projectile-error").is_some(), "{path}");
        assert!(!answer.text().contains("on purpose"), "{path}");
    }
    assert_eq!(stage.reads.load(Ordering::SeqCst), reads);
    assert_eq!(server.get("/images/other/0/0/0.png").status, 200);
    // The file was written anew: what takes its place starts afresh.
    let (image, _) = Staged::image(256);
    server.server.replace("staged", image).unwrap();
    assert_eq!(server.get(tile).status, 200);
}

#[test]
fn what_takes_longer_than_a_request_may_is_a_503_and_called_off() {
    let (image, stage) = Staged::image(1024);
    stage.held.store(true, Ordering::SeqCst);
    let deadline = Duration::from_millis(300);
    let server = start(
        [image],
        options(|options| (options.threads, options.deadline) = (Some(1), Some(deadline))),
    );
    for path in ["/2/0/0.png", "/images/staged/value?x=1&y=1"] {
        let started = Instant::now();
        let answer = server.get(path);
        let took = started.elapsed();
        assert_eq!(
            (answer.status, answer.header("retry-after").as_deref()),
            (503, Some("1"))
        );
        assert!(took >= deadline && took < deadline * 5, "{path}: {took:?}");
        eventually("it is called off", || {
            server
                .get("/metrics")
                .text()
                .contains("projectile_pool_running 0")
        });
    }
    assert_eq!(stage.cancelled.load(Ordering::SeqCst), 2);
    stage.held.store(false, Ordering::SeqCst);
    assert_eq!(server.get("/2/0/0.png").status, 200);
}

#[test]
fn whoever_came_later_still_gets_what_the_first_could_not_wait_for() {
    let (image, stage) = Staged::image(256);
    stage.held.store(true, Ordering::SeqCst);
    let deadline = Duration::from_millis(600);
    let server = start([image], options(|options| options.deadline = Some(deadline)));
    let (mut first, mut second) = (server.connect(), server.connect());
    first.write_all(TILE.as_bytes()).unwrap();
    thread::sleep(deadline / 2);
    second.write_all(TILE.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut first, false).status, 503);
    stage.held.store(false, Ordering::SeqCst);
    assert_eq!(read_answer(&mut second, false).status, 200);
    assert_eq!(
        (
            stage.reads.load(Ordering::SeqCst),
            stage.cancelled.load(Ordering::SeqCst)
        ),
        (1, 0)
    );
}

#[test]
fn a_chunk_waits_for_levels_whoever_builds_them() {
    let samples = Samples::UInt8(vec![7; 5000 * 5000].into());
    let image = Image::from_array("large", samples, &[5000, 5000]).unwrap();
    let tile = TileRequest {
        area: Area::Tile {
            z: 0,
            x: 0,
            y: 0,
            size: 256,
        },
        style: Style::default(),
        encoding: Encoding::by_extension("bin").unwrap(),
    };
    let cancel = Cancel::new();
    assert!(image.asks_for_levels(&tile, &cancel).unwrap());
    // As Python's `Image.tile` does: the server's own builder finds nothing to do.
    let build = image.next_build().unwrap();
    let server = start([image], options(|options| options.deadline = None));
    let mut client = server.connect();
    write!(
        client,
        "GET /zarr/large.zarr/5/c/0/0 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    .unwrap();
    client.set_nonblocking(true).unwrap();
    thread::sleep(Duration::from_millis(300));
    let early = client.read(&mut [0]).unwrap_err();
    assert_eq!(
        early.kind(),
        std::io::ErrorKind::WouldBlock,
        "a draft was answered"
    );
    client.set_nonblocking(false).unwrap();
    build.run(1, &cancel).unwrap();
    let answer = read_answer(&mut client, false);
    assert_eq!(answer.status, 200);
    // 157 pixels a side, and what fills the chunk.
    assert_eq!(
        answer.body.iter().map(|&byte| u32::from(byte)).sum::<u32>(),
        7 * 157 * 157
    );
    assert_eq!(answer.header("accept-ranges").as_deref(), Some("bytes"));
}

#[test]
fn a_chunk_whose_levels_are_called_off_is_no_answer_and_no_hang() {
    let samples = Samples::UInt8(vec![7; 5000 * 5000].into());
    let image = Image::from_array("large", samples, &[5000, 5000]).unwrap();
    let server = start([image], options(|options| options.deadline = None));
    server.server.stop();
    let answer = server.get("/zarr/large.zarr/5/c/0/0");
    assert_eq!(answer.status, 503);
    assert_eq!(server.get("/zarr/large.zarr/0/c/0/0").status, 200);
}
