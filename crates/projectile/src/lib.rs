//! Any image or array in the browser, at once: a tile-on-demand server, as a library.
//!
//! [`open`] makes images of a file, [`Image::from_array`] one of an array in memory. [`serve`] serves them,
//! [`router`] puts them into an [axum](https://docs.rs/axum) application, and [`Image::render`] makes single tiles
//! without any server.
//!
//! ```
//! use projectile::{Image, Options, Samples};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let ramp: Vec<f32> = (0..512 * 512).map(|i| (i % 512) as f32).collect();
//! let image = Image::from_array("ramp", Samples::Float32(ramp.into()), &[512, 512])?;
//!
//! let mut options = Options::default();
//! options.address = ([127, 0, 0, 1], 0).into(); // any free port
//! let serving = projectile::serve([image], options).await?;
//! println!("http://{}/", serving.address());
//! # let tile = projectile::doctest_get(serving.address(), "/0/0/0.png").await;
//! # assert!(tile.starts_with("HTTP/1.1 200"), "{tile}");
//! serving.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! Inside an application of one's own:
//!
//! ```
//! use projectile::{Image, Samples};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let gray = Samples::UInt8(vec![128; 64 * 64].into());
//! let image = Image::from_array("gray", gray, &[64, 64])?;
//! let app: axum::Router = axum::Router::new()
//!     .route("/", axum::routing::get(|| async { "my application" }))
//!     .nest("/pictures", projectile::router([image])?);
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?;
//! # tokio::spawn(async move { axum::serve(listener, app).await });
//! // Its tiles are at /pictures/{z}/{x}/{y}.png
//! # let tile = projectile::doctest_get(address, "/pictures/0/0/0/64.png").await;
//! # assert!(tile.starts_with("HTTP/1.1 200"), "{tile}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
#![forbid(unsafe_code)]

use std::path::Path;

pub use projectile_core::{
    Area, ArraySource, Axes, Buffer, COLORMAPS, Cancel, Colormap, DType, ENCODERS, Effort, Encoding, Error, ErrorKind,
    Image, ImageOptions, RESAMPLINGS, ReadFuture, ReadRequest, Residence, Resampling, Result, Samples, Source,
    SourceInfo, Style, Tile, TileRequest, Value, colormap,
};
pub use projectile_formats::{FORMATS, Mode, OpenOptions, Progress};
pub use projectile_server::{
    AllowedHosts, Limits, Options, Page, Server, Serving, Shutdown, ShutdownHandle, Token, describe, raise_open_files,
    router, serve,
};

/// The images of a file: one, or one for each member of a container such as `.npz`.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) when there is no such file, [`Unsupported`](ErrorKind::Unsupported) when no
/// format knows it, [`Corrupt`](ErrorKind::Corrupt) and [`Limit`](ErrorKind::Limit) from the one that does.
///
/// ```no_run
/// let images = projectile::open("scan.tif")?;
/// println!("{} × {}", images[0].info().axes.width(), images[0].info().axes.height());
/// # Ok::<(), projectile::Error>(())
/// ```
pub fn open(path: impl AsRef<Path>) -> Result<Vec<Image>> {
    open_with(path, &OpenOptions::default(), &ImageOptions::default())
}

/// As [`open`], read and shown as the options say.
///
/// # Errors
/// As [`open`], and [`BadRequest`](ErrorKind::BadRequest) for options that are none.
pub fn open_with(path: impl AsRef<Path>, open: &OpenOptions, shown: &ImageOptions) -> Result<Vec<Image>> {
    let path = path.as_ref();
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    projectile_formats::open(path, open)?
        .into_iter()
        .map(|named| {
            let name = if named.name.is_empty() { file.clone().into_owned() } else { format!("{file}/{}", named.name) };
            Image::with_options(name, named.source, shown.clone())
        })
        .collect()
}

/// For the examples above, which must not need a client library.
#[doc(hidden)]
pub async fn doctest_get(address: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut answer = Vec::new();
    if let Ok(mut stream) = tokio::net::TcpStream::connect(address).await {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.read_to_end(&mut answer).await;
    }
    String::from_utf8_lossy(&answer).into_owned()
}
