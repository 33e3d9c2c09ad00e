//! The pages at `/`: the built-in viewer from memory, a viewer's folder, or a page of one's own.

use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::error::Problem;
use crate::respond::{self, Reply, StableHasher};
use crate::security::headers;

/// A file of the viewer's bundle.
struct Asset {
    path: &'static str,
    bytes: &'static [u8],
}

/// The bundle; empty in a build without a viewer.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/viewer.rs"));

/// What is at `/` in a build without a viewer.
const PLAIN: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>projectile</title>\n\
    <p>This projectile was built without its viewer. Its tiles are at <code>/{z}/{x}/{y}.png</code>, its images are \
    listed at <a href=\"images\">images</a>.\n";

/// Names under which a bundle's files never change: a tool named them by their content.
const HASHED: &str = "viewer/";

/// A file of the built-in viewer; `index.html` for the page itself.
pub(crate) fn embedded(path: &str, asked: &HeaderMap) -> Result<Reply, Problem> {
    if let Some(asset) = ASSETS.iter().find(|asset| asset.path == path) {
        return Ok(file(
            path,
            Bytes::from_static(asset.bytes),
            path.starts_with(HASHED),
            asked,
        ));
    }
    if path == "index.html" && ASSETS.is_empty() {
        return Ok(file(path, Bytes::from_static(PLAIN.as_bytes()), false, asked));
    }
    Err(Problem::new(StatusCode::NOT_FOUND, "the viewer has no such file"))
}

/// A file of a viewer's folder, read afresh: for those who work on the viewer. `path` comes from an address.
pub(crate) async fn from_folder(folder: &Path, path: &str, asked: &HeaderMap) -> Result<Reply, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "the viewer's folder has no such file");
    let plain = |part: &str| {
        !part.starts_with('.')
            && !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    if !path.split('/').all(plain) {
        return Err(missing());
    }
    let (folder, wanted) = (folder.to_owned(), path.to_owned());
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        opened(&folder, &wanted)?.read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    });
    match read.await {
        Ok(Ok(bytes)) => Ok(file(path, Bytes::from(bytes), false, asked)),
        _ => Err(missing()),
    }
}

/// Opens a file of a folder. No link is followed, so that one which appears on the way leads nowhere either.
#[cfg(unix)]
fn opened(folder: &Path, path: &str) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};

    let step = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = open(folder, step, Mode::empty())?;
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        at = openat(&at, part, step | OFlags::NOFOLLOW, Mode::empty())?;
    }
    // A pipe would have us wait for somebody who writes.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    regular(File::from(openat(&at, name, flags, Mode::empty())?))
}

/// Opens a file of a folder. A link that leads out of the folder leads to nothing.
#[cfg(not(unix))]
fn opened(folder: &Path, path: &str) -> io::Result<File> {
    let wanted = folder.join(path).canonicalize()?;
    if !wanted.starts_with(folder.canonicalize()?) {
        return Err(io::ErrorKind::NotFound.into());
    }
    regular(File::open(wanted)?)
}

fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn file(path: &str, bytes: Bytes, immutable: bool, asked: &HeaderMap) -> Reply {
    let mut hash = StableHasher::new();
    bytes.hash(&mut hash);
    let etag = respond::etag(hash.finish());
    let mut reply = if respond::matches(asked, &etag) {
        respond::not_modified()
    } else {
        Reply::new(bytes.into())
    };
    let sent = reply.headers_mut();
    sent.insert(ETAG, etag);
    sent.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    let caching = if immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    sent.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers::viewer(sent);
    reply
}

/// A page of the user's own, filled in.
pub(crate) fn client_page(template: &str, tile_size: u32, cmap_string: &str) -> Reply {
    let page = fill(
        template,
        &[
            ("tile_size", &tile_size.to_string()),
            ("cmap_string", cmap_string),
        ],
    );
    let mut reply = Reply::new(Bytes::from(page).into());
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    reply
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers::client_page(reply.headers_mut());
    reply
}

/// Puts values in the place of `{{ name }}`; what has no value stays as it is.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        page.push_str(before);
        let found = from.find("}}").and_then(|end| {
            let name = from.get(2..end)?.trim();
            values
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value, end.saturating_add(2)))
        });
        let (text, length) = found.unwrap_or(("{{", 2));
        page.push_str(text);
        rest = &from[length..];
    }
    page + rest
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_with_and_without_spaces_and_nothing_else_is() {
        let values = [("tile_size", "256"), ("cmap_string", "/viridis/0/255")];
        for (template, page) in [
            ("s={{ tile_size }};", "s=256;"),
            ("s={{tile_size}}{{cmap_string}}", "s=256/viridis/0/255"),
            ("{{ other }} {{ tile_size }}", "{{ other }} 256"),
            ("{{ {{ tile_size }}", "{{ 256"),
            ("{{ tile_size", "{{ tile_size"),
            ("a {{", "a {{"),
            ("ü{{\n tile_size\t}}ü", "ü256ü"),
        ] {
            assert_eq!(fill(template, &values), page, "{template}");
        }
    }

    #[tokio::test]
    async fn a_folder_gives_its_own_files_only() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        std::fs::write(folder.path().join("in/a.js"), "1").unwrap();
        let (inside, asked) = (folder.path().join("in"), HeaderMap::new());
        assert_eq!(
            from_folder(&inside, "a.js", &asked)
                .await
                .unwrap()
                .body()
                .whole()
                .unwrap(),
            "1"
        );
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("secret.txt"), inside.join("link.txt")).unwrap();
            std::os::unix::fs::symlink(folder.path(), inside.join("up")).unwrap();
            let pipe = std::process::Command::new("mkfifo")
                .arg(inside.join("pipe"))
                .status();
            assert!(pipe.unwrap().success());
        }
        for path in [
            "../secret.txt",
            "..",
            "",
            "/etc/passwd",
            "a.js/",
            "b.js",
            "link.txt",
            "up/secret.txt",
            "pipe",
            "..\\secret.txt",
            "a.js\0",
        ] {
            assert!(from_folder(&inside, path, &asked).await.is_err(), "{path}");
        }
    }
}
