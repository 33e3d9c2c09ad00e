//! Questions that are asked by a body.

use projectile_core::Samples;
use projectile_server::Options;
use serde_json::{Value, json};

use crate::live::post;
use crate::support::{Running, array, start};

const JSON: &str = "Content-Type: application/json\r\n";

fn stack() -> Running {
    let samples: Vec<u16> = (0..3 * 2 * 400 * 500).map(|i| (i % 65_521) as u16).collect();
    start(
        [array(
            "stack",
            Samples::UInt16(samples.into()),
            &[3, 2, 1, 400, 500],
        )],
        Options::default(),
    )
}

fn ask(server: &Running, body: &Value) -> (u16, Value) {
    let (status, answer) = post(
        server,
        "/images/stack/statistics",
        JSON,
        body.to_string().as_bytes(),
    );
    (status, serde_json::from_str(&answer).unwrap())
}

/// Corners on a circle.
fn circle(corners: usize) -> Vec<[f64; 2]> {
    let turn = |corner: usize| std::f64::consts::TAU * corner as f64 / corners as f64;
    (0..corners)
        .map(|corner| {
            [
                250.0 + 180.0 * turn(corner).cos(),
                200.0 + 180.0 * turn(corner).sin(),
            ]
        })
        .collect()
}

#[test]
fn a_body_asks_what_an_address_asks() {
    let server = stack();
    let by_address = server
        .get("/images/stack/statistics?polygon=10,10.5,300,20,150.25,380&t=2&c=1")
        .json();
    assert_eq!(by_address["channels"].as_array().unwrap().len(), 1);
    for body in [
        json!({"polygon": [[10, 10.5], [300, 20], [150.25, 380]], "t": 2, "c": 1}),
        json!({"polygon": [10, 10.5, 300, 20, 150.25, 380], "t": 2, "c": [1]}),
        json!({"polygon": "10,10.5,300,20,150.25,380", "t": "2", "c": "1"}),
    ] {
        assert_eq!(ask(&server, &body), (200, by_address.clone()), "{body}");
    }
    let corners = json!({"polygon": [[10, 10.5], [300, 20], [150.25, 380]]}).to_string();
    let (status, both) = post(
        &server,
        "/images/stack/statistics?t=2&c=1",
        JSON,
        corners.as_bytes(),
    );
    assert_eq!((status, both), (200, by_address.to_string()));
    let whole = server.get("/images/stack/statistics").json();
    assert_eq!(ask(&server, &json!({})), (200, whole));
}

#[test]
fn as_many_corners_as_a_polygon_may_have_fit() {
    let server = stack();
    let (status, measured) = ask(&server, &json!({"polygon": circle(4096), "c": 0}));
    assert_eq!(status, 200, "{measured}");
    let pixels = measured["pixels"].as_f64().unwrap();
    let area = std::f64::consts::PI * 180.0 * 180.0;
    assert!((pixels - area).abs() < 200.0, "{pixels} pixels of {area}");
    let text: Vec<String> = circle(4096).concat().iter().map(f64::to_string).collect();
    let address = format!("/images/stack/statistics?polygon={}", text.join(","));
    assert_ne!(server.get(&address).status, 200, "it has no need of a body");
    let (status, problem) = ask(&server, &json!({"polygon": circle(4097)}));
    assert_eq!(
        (status, &problem["parameter"]),
        (400, &json!("polygon")),
        "{problem}"
    );
}

#[test]
fn what_is_wrong_with_a_body_is_named() {
    let server = stack();
    let corners = "[[1, 1], [9, 1], [9, 9]]";
    for (body, status, parameter) in [
        (String::new(), 400, None),
        ("polygon=1,1,9,1,9,9".to_owned(), 400, None),
        ("[1]".to_owned(), 400, None),
        ("{\"polygon\": null}".to_owned(), 400, Some("polygon")),
        (
            "{\"polygon\": {\"type\": \"Polygon\"}}".to_owned(),
            400,
            Some("polygon"),
        ),
        (
            "{\"polygon\": [[1, 1], [9, 1], [9]]}".to_owned(),
            400,
            Some("polygon"),
        ),
        ("{\"polygon\": [[1, 1], [9, 1]]}".to_owned(), 400, Some("polygon")),
        ("{\"polygon\": []}".to_owned(), 400, Some("polygon")),
        (format!("{{\"polygon\": {corners}, \"c\": 2}}"), 400, Some("c")),
        (format!("{{\"polygon\": {corners}, \"t\": 1.5}}"), 400, Some("t")),
        (
            format!("{{\"polygon\": {corners}{}}}", " ".repeat(256 << 10)),
            413,
            None,
        ),
    ] {
        let (found, said) = post(&server, "/images/stack/statistics", JSON, body.as_bytes());
        let start: String = body.chars().take(60).collect();
        assert_eq!(found, status, "{start}: {said}");
        let problem: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(
            problem.get("parameter").and_then(Value::as_str),
            parameter,
            "{start}: {said}"
        );
    }
    let body = format!("{{\"polygon\": {corners}}}");
    for (path, headers, status) in [
        ("/images/stack/statistics?polygon=1,1,9,1,9,9", JSON, 400),
        ("/images/nothing/statistics", JSON, 404),
        ("/images/stack/statistics", "Content-Type: text/plain\r\n", 415),
        ("/images/stack/statistics", "", 415),
        (
            "/images/stack/statistics",
            "Content-Type: application/json\r\nOrigin: https://evil.example\r\n",
            403,
        ),
        ("/images/stack/profile", JSON, 405),
        ("/images/stack", JSON, 405),
        ("/images/stack/statistics", JSON, 200),
    ] {
        let (found, said) = post(&server, path, headers, body.as_bytes());
        assert_eq!(found, status, "{path} {headers}: {said}");
    }
    let other =
        server.send("DELETE /images/stack/statistics HTTP/1.1\nHost: localhost\nConnection: close\n\n");
    assert_eq!(
        (other.status, other.header("allow").as_deref()),
        (405, Some("GET, HEAD, POST, OPTIONS"))
    );
}
