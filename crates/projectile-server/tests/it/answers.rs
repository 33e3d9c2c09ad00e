//! Every address, and every error that the contract names.

use projectile_core::Samples;
use projectile_server::Options;

use crate::support::{Running, array, gray, options, plain, start};

/// An image of 3 planes and 2 channels of float32, a gray one, and an RGB one.
fn gallery() -> Running {
    let planes: Vec<f32> = (0..3 * 2 * 40 * 50).map(|i| i as f32 / 100.0).collect();
    let colours = vec![200u8; 40 * 50 * 3];
    start(
        [
            gray("first image.tif", 300, 500),
            array("stack.npy", Samples::Float32(planes.into()), &[3, 2, 1, 40, 50]),
            array("stack.npy", Samples::UInt8(colours.into()), &[40, 50, 3]),
        ],
        Options::default(),
    )
}

#[test]
fn tiles_have_every_form_of_the_seed_at_the_root_and_under_the_image() {
    let server = plain();
    for prefix in ["", "/images/plain"] {
        for (tail, side) in [
            ("/0/0/0.png", 256),
            ("/3/1/0/64.png", 64),
            ("/0/0/0/128/viridis/-1/1e2.png", 128),
        ] {
            let answer = server.get(&format!("{prefix}{tail}"));
            assert_eq!(answer.status, 200, "{prefix}{tail}: {}", answer.text());
            assert_eq!(answer.header("content-type").as_deref(), Some("image/png"));
            let size = [u32::to_be_bytes(side); 2].concat();
            assert_eq!(answer.body[16..24], size, "{tail}");
        }
        for (format, media_type) in [
            ("jpg", "image/jpeg"),
            ("jpeg", "image/jpeg"),
            ("webp", "image/webp"),
            ("bin", "application/octet-stream"),
        ] {
            let answer = server.get(&format!("{prefix}/1/0/0/16.{format}"));
            assert_eq!(
                (answer.status, answer.header("content-type").as_deref()),
                (200, Some(media_type)),
                "{format}"
            );
        }
    }
}

#[test]
fn data_tiles_tell_their_type_and_shape_and_are_clipped() {
    let server = plain();
    let answer = server.get("/1/1/1/256.npy");
    assert_eq!(answer.header("x-projectile-dtype").as_deref(), Some("uint8"));
    // Tiles of 256 source pixels: rows 256..300, columns 256..500.
    assert_eq!(answer.header("x-projectile-shape").as_deref(), Some("44,244,1"));
    assert!(answer.body.starts_with(b"\x93NUMPY"));
    let empty = server.get("/9/0/511/256.bin");
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    assert!(empty.header("x-projectile-shape").unwrap().contains('0'));
}

#[test]
fn descriptions_follow_the_contract() {
    let server = gallery();
    let list = server.get("/images").json();
    assert_eq!(
        (&list["version"], &list["tile_size"]),
        (&env!("CARGO_PKG_VERSION").into(), &256.into())
    );
    let ids: Vec<_> = list["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| image["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["first-image", "stack", "stack-2"]);
    let image = server.get("/images/stack").json();
    for key in [
        "id",
        "name",
        "version",
        "format",
        "width",
        "height",
        "shape",
        "axes",
        "dtype",
        "kind",
        "channels",
        "extra_axes",
        "max_zoom",
        "tile_size",
        "native_zoom",
        "levels",
        "provisional",
        "resampling",
        "resamplings",
        "colormap",
        "window",
        "statistics",
        "nodata",
        "details",
    ] {
        assert!(image.get(key).is_some(), "{key}: {image}");
    }
    assert_eq!(image["axes"].as_array().unwrap().len(), 5);
    assert_eq!(
        image["statistics"]["percentiles"]["50"]
            .as_f64()
            .map(f64::is_finite),
        Some(true),
        "{image}"
    );
    assert_eq!(server.get("/images/first-image").json()["max_zoom"], 9);
    assert_eq!(server.get("/images/first-image").json()["native_zoom"], 1);
    assert_eq!(server.get("/images/stack-2").json()["kind"], "rgb");
    assert_eq!(server.get("/healthz").json()["status"], "ok");
    let maps = server.get("/colormaps").json();
    assert!(maps["colormaps"].as_array().unwrap().len() > 150);
    let strip = server.get("/colormaps/viridis.png");
    assert_eq!(
        (strip.status, &strip.body[16..24]),
        (200, &[0, 0, 1, 0, 0, 0, 0, 1][..])
    );
    assert_eq!(server.get("/colormaps/tab10.png").status, 200);
}

#[test]
fn values_are_those_of_the_array() {
    let server = gallery();
    let value = server.get("/images/first-image/value?x=10&y=20").json();
    assert_eq!(value["values"][0], (20 * 500 + 10) % 251);
    assert_eq!(
        (&value["x"], &value["dtype"], &value["channels"][0]),
        (&10.into(), &"uint8".into(), &"0".into())
    );
    for (query, status) in [
        ("x=500&y=0", 404),
        ("x=0&y=300", 404),
        ("x=0", 400),
        ("y=0", 400),
        ("x=-1&y=0", 400),
        ("x=1.5&y=0", 400),
        ("x=&y=", 400),
        ("x=18446744073709551615&y=18446744073709551615", 404),
    ] {
        assert_eq!(
            server.get(&format!("/images/first-image/value?{query}")).status,
            status,
            "{query}"
        );
    }
}

#[test]
fn wide_numbers_and_strange_floats_are_exact() {
    let wide = Samples::UInt64(vec![u64::MAX, 1, 2, 3].into());
    let strange = Samples::Float64(vec![f64::NAN, f64::INFINITY, -0.5, 1e300].into());
    let server = start(
        [array("wide", wide, &[2, 2]), array("strange", strange, &[2, 2])],
        Options::default(),
    );
    assert_eq!(
        server.get("/images/wide/value?x=0&y=0").json()["values"][0],
        "18446744073709551615"
    );
    for (x, y, expected) in [
        (0, 0, serde_json::json!("nan")),
        (1, 0, "inf".into()),
        (0, 1, (-0.5).into()),
        (1, 1, 1e300.into()),
    ] {
        let value = server.get(&format!("/images/strange/value?x={x}&y={y}")).json();
        assert_eq!(value["values"][0], expected, "{x}, {y}");
    }
    assert_eq!(server.get("/images/strange").status, 200);
}

#[test]
fn every_error_is_a_problem_that_names_what_is_wrong() {
    let server = gallery();
    for (path, status, parameter) in [
        ("/0/0/0/300.png", 400, Some("s")),
        ("/0/0/0/0.png", 400, Some("s")),
        ("/0/0/0/8192.png", 400, Some("s")),
        ("/0/0/0/1048576.png", 400, Some("s")),
        ("/0/0/0/99999999999.png", 400, Some("s")),
        ("/+1/0/0.png", 400, Some("z")),
        ("/01/0/0.png", 400, Some("z")),
        ("/1/-1/0.png", 400, Some("x")),
        ("/1/0/%D9%A1.png", 400, Some("y")),
        ("/1/0/99999999999999999999999.png", 400, Some("y")),
        ("/1/a/0.png", 400, Some("x")),
        ("/0/1/0.png", 404, None),
        ("/1/2/0.png", 404, None),
        ("/10/0/0.png", 404, None),
        ("/4294967296/0/0.png", 404, None),
        ("/18446744073709551615/0/0.png", 404, None),
        ("/0/0/0.gif", 404, None),
        ("/0/0/0", 404, None),
        ("/0/0", 404, None),
        ("/0/0/0/256/nosuchmap/0/1.png", 400, Some("colormap")),
        ("/0/0/0/256/viridis/nan/1.png", 400, Some("vmin")),
        ("/0/0/0/256/viridis/0/inf.png", 400, Some("vmax")),
        ("/0/0/0/256/viridis/0/1e999.png", 400, Some("vmax")),
        ("/0/0/0/256/viridis//1.png", 400, Some("vmin")),
        ("/0/0/0.png?colormap=x", 400, Some("colormap")),
        ("/0/0/0.png?vmin=x", 400, Some("vmin")),
        ("/0/0/0.png?vmax=", 400, Some("vmax")),
        ("/0/0/0.png?resampling=cubic", 400, Some("resampling")),
        ("/0/0/0.png?c=1", 400, Some("c")),
        ("/0/0/0.png?c=", 400, Some("c")),
        ("/0/0/0.png?c=0,,1", 400, Some("c")),
        ("/0/0/0.png?quality=0", 400, Some("quality")),
        ("/0/0/0.jpg?quality=101", 400, Some("quality")),
        ("/0/0/0.png?effort=9", 400, Some("effort")),
        ("/0/0/0.png?bits=12", 400, Some("bits")),
        ("/0/0/0.jpg?background=fff", 400, Some("background")),
        ("/0/0/0.jpg?background=gggggg", 400, Some("background")),
        ("/0/0/0.png?vmin=1&vmin=2", 400, Some("vmin")),
        ("/images/stack/0/0/0.png?t=3", 400, Some("t")),
        ("/images/stack/0/0/0.png?t=x", 400, Some("t")),
        (
            "/images/stack-2/0/0/0.png?colormap=viridis",
            400,
            Some("colormap"),
        ),
        ("/images/nothing/0/0/0.png", 404, None),
        ("/images/nothing", 404, None),
        ("/images/nothing/value?x=0&y=0", 404, None),
        ("/images/", 404, None),
        ("/images/%2e%2e/0/0/0.png", 404, None),
        ("/images/..%2f..%2fetc%2fpasswd", 400, None),
        ("/images/stack%00", 400, None),
        ("/images/stack/", 404, None),
        ("/colormaps/nosuch.png", 404, None),
        ("/colormaps/viridis", 404, None),
        ("/nothing", 404, None),
        ("//", 404, None),
        ("/viewer/../../etc/passwd", 404, None),
        ("/%", 400, None),
        ("/%ff", 400, None),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert_eq!(
            answer.header("content-type").as_deref(),
            Some("application/problem+json"),
            "{path}"
        );
        let problem = answer.json();
        assert_eq!(
            (&problem["type"], &problem["status"]),
            (&"about:blank".into(), &status.into()),
            "{path}"
        );
        assert!(
            problem["detail"].as_str().is_some_and(|detail| detail.len() > 5),
            "{path}: {problem}"
        );
        assert_eq!(
            problem.get("parameter").and_then(|name| name.as_str()),
            parameter,
            "{path}: {problem}"
        );
    }
}

#[test]
fn parameters_change_the_tile_and_unknown_ones_do_not() {
    let server = gallery();
    let tag = |path: &str| {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.header("etag").unwrap()
    };
    let stack = "/images/stack/0/0/0.png";
    let same = tag(stack);
    for query in [
        "?nonsense=1",
        "?t=0",
        "?quality=50",
        "?resampling=average",
        "?bits=8",
        "?background=000000",
    ] {
        assert_eq!(tag(&format!("{stack}{query}")), same, "{query}");
    }
    for query in [
        "?t=1",
        "?c=1",
        "?c=0,1",
        "?vmin=1",
        "?vmax=1e9",
        "?resampling=max",
        "?c=0&colormap=magma",
        "?effort=small",
    ] {
        assert_ne!(tag(&format!("{stack}{query}")), same, "{query}");
    }
    assert_eq!(
        tag("/0/0/0/64/viridis/0/1e2.png"),
        tag("/0/0/0/64.png?colormap=viridis&vmin=-0&vmax=100.0")
    );
    assert_ne!(tag("/0/0/0.jpg?background=000000"), tag("/0/0/0.jpg"));
}

#[test]
fn png_is_stored_for_this_machine_only() {
    let server = plain();
    let size = |path: &str, headers: &str| server.get_with(path, headers).body.len();
    let stored = size("/0/0/0.png", "");
    assert!(stored > 256 * 128, "{stored}");
    for header in [
        "X-Forwarded-For: 10.0.0.1\n",
        "Forwarded: for=10.0.0.1\n",
        "Via: 1.1 proxy\n",
        "X-Real-IP: 10.0.0.1\n",
    ] {
        assert!(size("/0/0/0.png", header) < stored, "{header}");
    }
    assert!(size("/0/0/0.png?effort=small", "") < stored);
    let small = start(
        [gray("g", 300, 500)],
        options(|options| options.png = Some(projectile_core::Effort::Small)),
    );
    assert!(small.get("/0/0/0.png").body.len() < stored);
}

#[test]
fn a_server_without_images_says_so() {
    let server = start([], Options::default());
    assert_eq!(server.get("/0/0/0.png").status, 404);
    assert_eq!(server.get("/images").json()["images"], serde_json::json!([]));
    assert_eq!(server.get("/").status, 200);
}
