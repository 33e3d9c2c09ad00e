//! ETag, 304, HEAD, versions, provisional tiles.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use projectile_core::Image;
use projectile_server::Options;

use crate::support::{Staged, gray_source, plain, start};

#[test]
fn who_has_the_tile_gets_304_before_any_work() {
    let (image, stage) = Staged::image(256);
    let server = start([image], Options::default());
    let answer = server.get("/0/0/0.png");
    let tag = answer.header("etag").unwrap();
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-cache"));
    // A fresh server has rendered nothing, and knows the tile all the same.
    let (image, fresh_stage) = Staged::image(256);
    let fresh = start([image], Options::default());
    for _ in 0..3 {
        let unchanged = fresh.get_with("/0/0/0.png", &format!("If-None-Match: {tag}\n"));
        assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
        assert_eq!(unchanged.header("etag").as_ref(), Some(&tag));
        assert_eq!(unchanged.header("content-length"), None);
    }
    assert_eq!(
        (
            stage.reads.load(Ordering::SeqCst),
            fresh_stage.reads.load(Ordering::SeqCst)
        ),
        (1, 0)
    );
    assert_eq!(
        fresh.get_with("/0/0/0.png", "If-None-Match: \"other\"\n").status,
        200
    );
    assert_eq!(fresh.get_with("/1/5/5.png", "If-None-Match: *\n").status, 404);
}

#[test]
fn a_tag_is_the_same_after_a_restart_and_another_for_another_version() {
    let tag = |version: u64| {
        let image = Image::new("a", Arc::new(gray_source(64, 64, version))).unwrap();
        start([image], Options::default())
            .get("/0/0/0.png")
            .header("etag")
            .unwrap()
    };
    assert_eq!(tag(1), tag(1));
    assert_ne!(tag(1), tag(2));
}

#[test]
fn the_right_version_in_the_address_makes_it_hold_for_ever() {
    let server = plain();
    let version = server.get("/images/plain").json()["version"]
        .as_str()
        .unwrap()
        .to_owned();
    let caching = |query: &str| {
        server
            .get(&format!("/0/0/0.png{query}"))
            .header("cache-control")
            .unwrap()
    };
    assert_eq!(
        caching(&format!("?v={version}")),
        "public, max-age=31536000, immutable"
    );
    for query in ["", "?v=", "?v=0", "?v=%2e%2e"] {
        assert_eq!(caching(query), "no-cache", "{query}");
    }
}

#[test]
fn head_is_get_without_its_body() {
    let server = plain();
    for path in [
        "/",
        "/0/0/0.png",
        "/images",
        "/images/plain",
        "/nothing",
        "/0/0/0/3.png",
        "/healthz",
        "/colormaps/gray.png",
    ] {
        let get = server.get(path);
        let head = server.send(&format!(
            "HEAD {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n"
        ));
        assert_eq!(head.status, get.status, "{path}");
        for name in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
}

#[test]
fn a_tile_is_rendered_once_and_then_kept_unless_nothing_is_kept() {
    for (bytes, reads) in [(1 << 20, 1), (0, 3)] {
        let (image, stage) = Staged::image(256);
        let server = start(
            [image],
            crate::support::options(|options| options.cache_bytes = bytes),
        );
        let bodies: Vec<_> = (0..3).map(|_| server.get("/0/0/0.png").body).collect();
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(stage.reads.load(Ordering::SeqCst), reads, "{bytes} bytes");
    }
}

#[test]
fn documents_are_revalidated_too() {
    let server = plain();
    for path in [
        "/images",
        "/images/plain",
        "/colormaps",
        "/colormaps/viridis.png",
        "/",
    ] {
        let tag = server
            .get(path)
            .header("etag")
            .unwrap_or_else(|| panic!("{path} has no tag"));
        assert_eq!(
            server.get_with(path, &format!("If-None-Match: {tag}\n")).status,
            304,
            "{path}"
        );
    }
}
