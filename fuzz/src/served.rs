//! A server of two small images, and what it answers to a request.

use std::sync::LazyLock;

use bytes::Bytes;
use projectile_core::{Image, Samples};
use projectile_server::{Options, Server};
use tokio::runtime::Runtime;

static SERVER: LazyLock<(Runtime, Server)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("threads");
    let server = {
        let _inside = runtime.enter();
        Server::new([gray(), stack()], Options::default()).expect("threads")
    };
    (runtime, server)
});

/// `(height, width)` of bytes.
fn gray() -> Image {
    let samples: Vec<u8> = (0..40 * 50).map(|at| (at % 251) as u8).collect();
    Image::from_array("gray", Samples::UInt8(samples.into()), &[40, 50]).expect("an image")
}

/// `(time, height, width, channels)` of floats.
fn stack() -> Image {
    let samples: Vec<f32> = (0..3 * 20 * 30 * 3).map(|at| at as f32 / 7.0).collect();
    Image::from_array("stack", Samples::Float32(samples.into()), &[3, 20, 30, 3]).expect("an image")
}

/// Asks it; an answer that tells of a fault of its own is one.
pub(crate) fn ask(request: http::Request<Bytes>) {
    let described = format!("{} {}", request.method(), request.uri());
    let (runtime, server) = &*SERVER;
    let status = runtime.block_on(server.respond(request, None)).status().as_u16();
    assert!(
        status < 500 || status == 503,
        "{status} is a fault of the server's: {described}"
    );
}
