//! Any image or array in the browser, at once: a tile-on-demand server, as a library.
//!
//! [`open()`] makes images of a file, [`Image::from_array`] one of an array in memory. [`serve`] serves them,
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
//! # let address = serving.address();
//! # let answer = tokio::task::spawn_blocking(move || {
//! #     use std::io::{Read, Write};
//! #     let mut stream = std::net::TcpStream::connect(address)?;
//! #     write!(stream, "GET /0/0/0.png HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
//! #     let mut answer = Vec::new();
//! #     stream.read_to_end(&mut answer).map(|_| answer)
//! # })
//! # .await??;
//! # assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
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
//!     .nest_service("/pictures", projectile::router([image])?);
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?;
//! # tokio::spawn(async move { axum::serve(listener, app).await });
//! // Its tiles are at /pictures/{z}/{x}/{y}.png
//! # let answer = tokio::task::spawn_blocking(move || {
//! #     use std::io::{Read, Write};
//! #     let mut stream = std::net::TcpStream::connect(address)?;
//! #     write!(stream, "GET /pictures/0/0/0/64.png HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
//! #     let mut answer = Vec::new();
//! #     stream.read_to_end(&mut answer).map(|_| answer)
//! # })
//! # .await??;
//! # assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "command")]
pub mod command;

use std::path::Path;

pub use projectile_core::geometry::MAX_TILE_SIZE;
pub use projectile_core::{
    Area, ArraySource, Axes, Buffer, COLORMAPS, Cancel, Change, ChannelInfo, Colormap, Coordinates, DType,
    Dimension, ENCODERS, Effort, Encoding, Error, ErrorKind, Image, ImageOptions, LevelCache, Photometric,
    RESAMPLINGS, Ranges, ReadFuture, ReadRequest, Region, Resampling, Residence, Result, Samples, Source,
    SourceInfo, Style, Tile, TileRequest, Value, colormap,
};
pub use projectile_export::{Compression, ExportOptions, Exported, WRITERS, export};
pub use projectile_formats::{
    AllowedPrefixes, Blob, Block, BlockCache, BlockReader, ChunkedOptions, ChunkedSource, Division, FORMATS,
    LeveledSource, Mode, NamedSource, OpenOptions, Progress, RemoteUrl, open as open_file,
    open_anywhere as open_sources,
};
pub use projectile_server::{
    AllowedHosts, AllowedOrigins, Journal, Limits, Live, Options, Page, PageState, Payload, PixelBox,
    Remotes, Server, Serving, Shutdown, ShutdownHandle, Token, Uploads, describe, raise_open_files, router,
    serve,
};

/// The images of a file: one, or one for each member of a container such as `.npz`. What begins like an address
/// (`https://`, `http://`, `s3://`, `gs://`, `az://`) is one: what lies there is read by ranges where its format can, and
/// brought here else. It blocks meanwhile.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) when there is no such file, [`Unavailable`](ErrorKind::Unavailable) when a server
/// does not give it, [`Unsupported`](ErrorKind::Unsupported) when no
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

/// As [`open()`], read and shown as the options say.
///
/// # Errors
/// As [`open()`], and [`BadRequest`](ErrorKind::BadRequest) for options that are none.
pub fn open_with(path: impl AsRef<Path>, open: &OpenOptions, shown: &ImageOptions) -> Result<Vec<Image>> {
    let path = path.as_ref();
    let file = name(path);
    projectile_formats::open_anywhere(path, open)?
        .into_iter()
        .map(|named| {
            let name = if named.name.is_empty() {
                file.clone()
            } else {
                format!("{file}/{}", named.name)
            };
            Image::with_options(name, named.source, shown.clone())
        })
        .collect()
}

/// What a file, or what lies at an address, is called: the last part of its path.
pub fn name(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    if let Some(Ok(url)) = RemoteUrl::of_input(path) {
        return url.name();
    }
    let (file, inner) = projectile_formats::split_inner(path);
    // Of most files, what is named inside has a name of its own; of others it is the image itself.
    let inner = inner.filter(|_| projectile_formats::opens_inside(&file));
    let last = inner
        .as_deref()
        .and_then(|inner| inner.rsplit('/').find(|part| !part.is_empty()));
    if let Some(last) = last {
        return last.to_owned();
    }
    file.file_name()
        .unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned()
}
