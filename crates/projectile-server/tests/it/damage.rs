//! Data that is corrupt: what shows it is told of, and everything else goes on.

use std::sync::Arc;

use projectile_core::{ArraySource, Error, Image, ReadFuture, ReadRequest, Residence, Source, SourceInfo};
use projectile_server::Options;

use crate::support::{Running, eventually, gray, gray_source, start};

/// Bytes whose pixels of rows and columns 600 to 700 cannot be read.
#[derive(Debug)]
struct Corrupt(ArraySource);

impl Source for Corrupt {
    fn info(&self) -> &SourceInfo {
        self.0.info()
    }

    fn residence(&self) -> Residence {
        Residence::Local
    }

    fn read(&self, request: ReadRequest) -> ReadFuture<'_> {
        let part = request.region;
        let touches = |from: u64, length: u64| from < 700 && from + length > 600;
        if touches(part.y, part.height) && touches(part.x, part.width) {
            let error = Error::corrupt("block (2, 2) of /srv/private/scan.tif does not inflate");
            return Box::pin(std::future::ready(Err(error)));
        }
        self.0.read(request)
    }
}

fn server() -> Running {
    let corrupt = Corrupt(gray_source(2048, 2048, 3));
    let image = Image::new("corrupt", Arc::new(corrupt)).unwrap();
    start([image, gray("plain", 300, 500)], Options::default())
}

const REASON: &str = "block (2, 2) of scan.tif does not inflate";

#[test]
fn a_tile_of_corrupt_data_looks_like_an_error_and_says_why() {
    let server = server();
    for format in ["png", "jpg", "webp"] {
        let answer = server.get(&format!("/images/corrupt/3/2/2.{format}"));
        assert_eq!(answer.status, 422);
        assert!(answer.header("content-type").unwrap().starts_with("image/"));
        assert_eq!(answer.header("x-projectile-error").as_deref(), Some(REASON));
        assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
        assert_eq!(answer.header("etag"), None);
    }
    let png = server.get("/images/corrupt/3/2/2.png").body;
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png[..]))
        .read_info()
        .unwrap();
    let palette = reader.info().palette.clone().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    assert!(palette.windows(3).any(|colour| colour == [200, 32, 32]));
}

#[test]
fn samples_have_no_such_look_and_are_a_problem() {
    let server = server();
    for format in ["npy", "bin", "tif"] {
        let answer = server.get(&format!("/images/corrupt/3/2/2.{format}"));
        assert_eq!(answer.status, 422);
        assert_eq!(
            answer.header("content-type").as_deref(),
            Some("application/problem+json")
        );
        assert_eq!(answer.header("x-projectile-error").as_deref(), Some(REASON));
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("does not inflate")
        );
    }
}

#[test]
fn everything_else_goes_on() {
    let server = server();
    for path in [
        "/healthz",
        "/images/corrupt/3/0/0.png",
        "/images/corrupt/3/7/7.npy",
        "/images/plain/1/0/0.png",
        "/images/corrupt",
        "/images/corrupt/histogram",
        "/images/corrupt/value?x=0&y=0",
    ] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(server.get("/images/corrupt/value?x=650&y=650").status, 422);
    // Far out the rest is seen, once levels are built.
    let far_out = "/images/corrupt/0/0/0.png";
    eventually("levels around what is corrupt", || {
        server.get(far_out).status == 200
    });
    let answer = server.get(far_out);
    assert_eq!(answer.header("x-projectile-error").as_deref(), Some(REASON));
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    let samples = server.get("/images/corrupt/0/0/0.npy");
    assert_eq!(samples.header("x-projectile-dtype").as_deref(), Some("float16"));
    assert_eq!(samples.header("x-projectile-error").as_deref(), Some(REASON));
    let apart = server.get("/images/corrupt/1/1/1.npy");
    assert_eq!((apart.status, apart.header("x-projectile-error")), (200, None));
    assert_eq!(apart.header("x-projectile-dtype").as_deref(), Some("uint8"));
}
