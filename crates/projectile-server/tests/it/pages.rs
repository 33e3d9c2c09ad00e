//! What is at `/`, and the server inside an application.

use projectile_core::{Image, ImageOptions};
use projectile_server::Page;

use crate::support::{gray, gray_source, options, start};

const CLIENT: &str = "<script>var s = {{ tile_size }}, c = '{{cmap_string}}';</script>";

#[test]
fn a_page_of_ones_own_is_filled_in() {
    let page = |options: &mut projectile_server::Options| {
        options.page = Page::Client(CLIENT.to_owned());
        options.tile_size = 128;
    };
    let server = start([gray("g", 64, 64)], options(page));
    let answer = server.get("/");
    assert_eq!(answer.text(), "<script>var s = 128, c = '';</script>");
    assert_eq!(
        answer.header("content-type").as_deref(),
        Some("text/html; charset=utf-8")
    );
    // Its scripts may run.
    assert_eq!(
        answer.header("content-security-policy").as_deref(),
        Some("frame-ancestors 'self'")
    );
    let shown = ImageOptions {
        colormap: Some("viridis".to_owned()),
        ..ImageOptions::default()
    };
    let image = Image::with_options("g", std::sync::Arc::new(gray_source(64, 64, 1)), shown.clone()).unwrap();
    let server = start([image], options(page));
    assert_eq!(
        server.get("/").text(),
        "<script>var s = 128, c = '/viridis/0/255';</script>"
    );
    assert_eq!(server.get("/0/0/0/128/viridis/0/255.png").status, 200);
    let shown = ImageOptions {
        window: Some((-1.5, 1e-3)),
        ..shown
    };
    let image = Image::with_options("g", std::sync::Arc::new(gray_source(64, 64, 1)), shown).unwrap();
    let server = start([image], options(page));
    assert_eq!(
        server.get("/").text(),
        "<script>var s = 128, c = '/viridis/-1.5/0.001';</script>"
    );
}

#[test]
fn the_built_in_viewer_needs_nothing_from_elsewhere_and_its_assets_hold_for_ever() {
    let server = start([gray("g", 64, 64)], options(|_| {}));
    let page = server.get("/");
    assert_eq!(
        (page.status, page.header("cache-control").as_deref()),
        (200, Some("no-cache"))
    );
    let text = page.text();
    assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
    // A build without a viewer has no assets.
    for asset in text.split('"').filter_map(|part| part.strip_prefix("./viewer/")) {
        let answer = server.get(&format!("/viewer/{asset}"));
        assert_eq!(answer.status, 200, "{asset}");
        let caching = answer.header("cache-control").unwrap();
        assert!(caching.contains("immutable"), "{asset}: {caching}");
        assert_ne!(
            answer.header("content-type").as_deref(),
            Some("application/octet-stream"),
            "{asset}"
        );
    }
}

#[test]
fn a_viewers_folder_is_served_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("dist");
    std::fs::create_dir_all(inside.join("viewer")).unwrap();
    std::fs::write(inside.join("index.html"), "hello").unwrap();
    std::fs::write(inside.join("viewer/a-1.js"), "1").unwrap();
    std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let server = start(
        [gray("g", 64, 64)],
        options(|options| options.page = Page::Folder(inside)),
    );
    assert_eq!(server.get("/").text(), "hello");
    let script = server.get("/viewer/a-1.js");
    assert_eq!(
        (script.text().as_str(), script.header("content-type").as_deref()),
        ("1", Some("text/javascript; charset=utf-8"))
    );
    for path in [
        "/viewer/../../secret.txt",
        "/viewer/%2e%2e/%2e%2e/secret.txt",
        "/viewer/..%2f..%2fsecret.txt",
        "/viewer/",
        "/viewer",
        "/viewer/b.js",
        "/viewer/..\\..\\secret.txt",
    ] {
        let answer = server.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(
            !answer.text().contains("secret\n") && answer.text() != "secret",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_router_lives_under_any_path_of_an_application() {
    use tower::ServiceExt;
    let router = projectile_server::router([gray("g", 64, 64)]).unwrap();
    let app = axum::Router::new().nest_service("/a/b", router);
    for (path, status) in [
        // The viewer's own addresses are relative: they need the slash.
        ("/a/b", 308),
        ("/a/b/0/0/0.png", 200),
        ("/a/b/", 200),
        ("/a/b/images/g", 200),
        ("/a/b/nothing", 404),
        ("/0/0/0.png", 404),
    ] {
        let request = axum::http::Request::get(path)
            .header("host", "public.example")
            .body(axum::body::Body::empty());
        let answer = app.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let location = answer
            .headers()
            .get("location")
            .map(|value| value.to_str().unwrap());
        assert_eq!(location, (status == 308).then_some("b/"), "{path}");
    }
}
