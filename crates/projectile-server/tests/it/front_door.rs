//! Names, methods, origins, tokens.

use projectile_server::{AllowedHosts, Options, Token};

use crate::support::{gray, options, plain, start};

#[test]
fn every_address_and_method_is_behind_the_host_check() {
    let server = start(
        [gray("g", 64, 64)],
        options(|options| options.hosts = AllowedHosts::loopback().and("tiles.example").unwrap()),
    );
    let port = server.address.port();
    for path in [
        "/",
        "/0/0/0.png",
        "/images",
        "/images/g",
        "/images/g/value?x=0&y=0",
        "/colormaps",
        "/healthz",
        "/viewer/a.js",
        "/nothing",
    ] {
        for method in ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "TRACE", "NONSENSE"] {
            for (host, expected) in [
                ("Host: evil.example\n".to_owned(), 421),
                (format!("Host: evil.example:{port}\n"), 421),
                ("Host: localhost.evil.example\n".to_owned(), 421),
                ("Host: 0.0.0.0\n".to_owned(), 421),
                (String::new(), 400),
                ("Host: \n".to_owned(), 400),
                ("Host: localhost\nHost: localhost\n".to_owned(), 400),
                ("Host: localhost\nHost: evil.example\n".to_owned(), 400),
                ("Host: user@localhost\n".to_owned(), 400),
                (format!("Host: {}\n", "a".repeat(8000)), 400),
            ] {
                let answer = server.send(&format!("{method} {path} HTTP/1.1\n{host}Connection: close\n\n"));
                assert_eq!(answer.status, expected, "{method} {path} {host}");
            }
        }
    }
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        &server.address.to_string(),
        "[::1]:80",
        "tiles.example",
    ] {
        let answer = server.send(&format!(
            "GET /healthz HTTP/1.1\nHost: {host}\nConnection: close\n\n"
        ));
        assert_eq!(answer.status, 200, "{host}");
    }
    let absolute = |target: &str| {
        server
            .send(&format!(
                "GET {target} HTTP/1.1\nHost: localhost\nConnection: close\n\n"
            ))
            .status
    };
    assert_eq!(
        (
            absolute("http://localhost/healthz"),
            absolute("http://evil.example/healthz")
        ),
        (200, 421)
    );
    assert_eq!(server.send("GET /healthz HTTP/1.0\n\n").status, 400);
}

#[test]
fn only_get_head_and_options() {
    let server = plain();
    for path in ["/", "/0/0/0.png", "/images", "/healthz"] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
            let answer = server.send(&format!(
                "{method} {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n"
            ));
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow").as_deref(), Some("GET, HEAD, OPTIONS"));
        }
        let answer = server.send(&format!(
            "OPTIONS {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n"
        ));
        assert_eq!(
            (answer.status, answer.header("allow").as_deref()),
            (204, Some("GET, HEAD, OPTIONS"))
        );
    }
}

#[test]
fn other_origins_can_read_nothing() {
    let server = plain();
    for path in [
        "/",
        "/0/0/0.png",
        "/images",
        "/images/plain",
        "/nothing",
        "/0/0/0/3.png",
        "/healthz",
    ] {
        for origin in ["https://evil.example", "null", "http://localhost:1"] {
            let answer = server.get_with(path, &format!("Origin: {origin}\n"));
            for name in [
                "access-control-allow-origin",
                "access-control-allow-credentials",
                "timing-allow-origin",
            ] {
                assert_eq!(answer.header(name), None, "{path}");
            }
            for (name, value) in [
                ("cross-origin-resource-policy", "same-origin"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
            ] {
                assert_eq!(answer.header(name).as_deref(), Some(value), "{path}");
            }
        }
    }
    let policy = server.get("/").header("content-security-policy").unwrap();
    assert!(
        policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'self'"),
        "{policy}"
    );
}

#[test]
fn a_token_in_the_address_becomes_a_cookie() {
    let token = Token::random(1).unwrap();
    let secret = token.secret().to_owned();
    let server = start(
        [gray("g", 64, 64)],
        options(|options: &mut Options| options.token = Some(token)),
    );
    for path in [
        "/",
        "/0/0/0.png",
        "/images",
        "/nothing",
        "/viewer/x.js",
        "/?token=wrong",
        "/?token=",
    ] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (401, None),
            "{path}"
        );
        assert!(!answer.text().contains(&secret));
    }
    assert_eq!(server.get("/healthz").status, 200);
    let exchange = server.get(&format!("/images?a=1&token={secret}&b=2"));
    assert_eq!(
        (exchange.status, exchange.header("location").as_deref()),
        (303, Some("./images?a=1&b=2"))
    );
    assert_eq!(exchange.header("referrer-policy").as_deref(), Some("no-referrer"));
    let cookie = exchange.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap();
    let header = format!("Cookie: {cookie}\n");
    let version = server.get_with("/images/g", &header).json()["version"].clone();
    let pinned = format!("/0/0/0.png?v={}", version.as_str().unwrap());
    let kept = server.get_with(&pinned, &header).header("cache-control");
    assert_eq!(kept.as_deref(), Some("private, max-age=31536000, immutable"));
    assert_eq!(
        server
            .get_with("/0/0/0.png", &format!("Cookie: a=b; {cookie}\n"))
            .status,
        200
    );
    assert_eq!(
        server
            .get_with("/0/0/0.png", &format!("Cookie: {cookie}0\n"))
            .status,
        401
    );
    assert_eq!(
        server
            .get_with("/images", &format!("Authorization: Bearer {secret}\n"))
            .status,
        200
    );
    // The name is checked before the token is.
    let foreign = format!("GET /?token={secret} HTTP/1.1\nHost: evil.example\nConnection: close\n\n");
    assert_eq!(server.send(&foreign).status, 421);
}
