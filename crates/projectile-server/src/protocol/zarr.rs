//! Any image as a group of Zarr arrays: `/zarr/{id}.zarr` in OME-Zarr 0.5 (`zarr.json`, chunks under `{level}/c/…`) and
//! `/zarr/v2/{id}.zarr` in 0.4 (`.zattrs`, chunks under `{level}/…`). `/zarr/sharded/{id}.zarr` is the first with chunks
//! in shards, of which readers ask for ranges. Chunks are made when they are asked for.

use std::sync::Arc;

use bytes::Bytes;
use projectile_core::sizes::to_u64;
use projectile_core::{Encoding, Error, Result, TileRequest};

use super::{Call, Object, Protocol, World};
use crate::address::{Address, shown, whole};
use crate::api::parameters::EXPRESSION;
use crate::api::{Answer, Operation};
use crate::catalog::Entry;
use crate::respond::Document;
use crate::zarr::{Arrangement, Layout, metadata};

/// Virtual Zarr groups.
pub(crate) struct Zarr;

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/zarr/{id}.zarr/{key}",
        group: "Other viewers",
        about: "The image as OME-Zarr 0.5, whose chunks are made when they are asked for",
        parameters: &[EXPRESSION],
        body: None,
        answer: Answer::Ranges(&["application/json", "application/octet-stream"]),
    },
    Operation {
        path: "/zarr/sharded/{id}.zarr/{key}",
        group: "Other viewers",
        about: "The same in shards of 4 × 4 chunks, of which ranges can be asked for",
        parameters: &[EXPRESSION],
        body: None,
        answer: Answer::Ranges(&["application/json", "application/octet-stream"]),
    },
    Operation {
        path: "/zarr/v2/{id}.zarr/{key2}",
        group: "Other viewers",
        about: "The image as OME-Zarr 0.4",
        parameters: &[EXPRESSION],
        body: None,
        answer: Answer::Ranges(&["application/json", "application/octet-stream"]),
    },
];

impl Protocol for Zarr {
    fn name(&self) -> &'static str {
        "zarr"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        let path = address.path();
        let (layout, group, path) = match path[..] {
            ["zarr", "v2", group, ref path @ ..] => (Layout::Two, group, path),
            ["zarr", "sharded", group, ref path @ ..] => (Layout::Shards, group, path),
            ["zarr", group, ref path @ ..] => (Layout::Three, group, path),
            _ => return Ok(None),
        };
        let id = group.strip_suffix(".zarr").ok_or_else(nothing)?;
        let entry = world.image(id, address)?;
        let is_two = layout == Layout::Two;
        // Each has names of its own: where both are, readers complain that they have to choose.
        match *path {
            [level, "c", ref at @ ..] if !is_two => stored(entry, layout, level, at).map(Some),
            [.., "zarr.json"] if !is_two => Ok(Some(described(entry, layout, path))),
            [.., name] if is_two && name.starts_with(".z") => Ok(Some(described(entry, layout, path))),
            [level, ref at @ ..] if is_two && !at.is_empty() => stored(entry, layout, level, at).map(Some),
            _ => Err(nothing()),
        }
    }
}

/// What readers take for «not there», as they try names.
fn nothing() -> Error {
    Error::not_found(
        "nothing is here: a group is at zarr/{id}.zarr/zarr.json, zarr/sharded/{id}.zarr/zarr.json and \
         zarr/v2/{id}.zarr/.zattrs",
    )
}

fn described(entry: Arc<Entry>, layout: Layout, path: &[&str]) -> Call {
    let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
    let work = Box::new(move |entry: &Entry, cancel: &_| {
        let display = entry.image.display(cancel)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = metadata(&path, layout, &entry.image, display).ok_or_else(nothing)?;
        Document::json(&found)
    });
    Call::Work { entry, work }
}

/// A chunk, or a shard of chunks.
fn stored(entry: Arc<Entry>, layout: Layout, level: &str, at: &[&str]) -> Result<Call> {
    let Ok(number) = whole("level", level) else {
        return Err(nothing());
    };
    let at: Vec<u64> = at
        .iter()
        .map(|part| whole("chunk", part))
        .collect::<Result<_>>()
        .map_err(|_| nothing())?;
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let (image, arranged) = (&entry.image, Arrangement::of(&entry.image));
    let missing = || Error::not_found(format!("level {} has no such chunk", shown(level)));
    let (head, chunks) = if layout == Layout::Shards {
        let shard = arranged.shard_at(image, number, &at).ok_or_else(missing)?;
        (shard.index, shard.chunks)
    } else {
        (Bytes::new(), vec![at])
    };
    let tiles = chunks.iter().map(|at| {
        let (area, style) = arranged.place(image, number, at).ok_or_else(missing)?;
        let mut encoding = Encoding::by_extension("bin")?;
        encoding.options.padded = Some(Arrangement::padded());
        area.place(image.grid())?;
        Ok(TileRequest {
            area,
            style,
            encoding,
        })
    });
    let object = Object {
        head,
        tiles: tiles.collect::<Result<_>>()?,
        dtype: arranged.dtype,
        tile_bytes: to_u64(arranged.bytes_of_chunk()),
    };
    Ok(Call::Object { entry, object })
}
