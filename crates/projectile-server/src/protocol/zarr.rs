//! Any image as a group of Zarr arrays: `/zarr/{id}.zarr` in OME-Zarr 0.5 (`zarr.json`, chunks under `{level}/c/…`) and
//! `/zarr/v2/{id}.zarr` in 0.4 (`.zattrs`, chunks under `{level}/…`). Chunks are made when they are asked for.

use std::sync::Arc;

use projectile_core::{Encoding, Error, LevelState, Result, TileRequest};

use super::{Call, Protocol, World};
use crate::address::{Address, shown, whole};
use crate::api::parameters::EXPRESSION;
use crate::api::{Answer, Operation};
use crate::catalog::Entry;
use crate::respond::Document;
use crate::zarr::{Arrangement, metadata};

/// Virtual Zarr groups.
pub(crate) struct Zarr;

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/zarr/{id}.zarr/{key}",
        group: "Other viewers",
        about: "The image as OME-Zarr 0.5, whose chunks are made when they are asked for",
        parameters: &[EXPRESSION],
        body: None,
        answer: Answer::Files(&["application/json", "application/octet-stream"]),
    },
    Operation {
        path: "/zarr/v2/{id}.zarr/{key2}",
        group: "Other viewers",
        about: "The same as OME-Zarr 0.4",
        parameters: &[EXPRESSION],
        body: None,
        answer: Answer::Files(&["application/json", "application/octet-stream"]),
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
        let (is_two, group, path) = match path[..] {
            ["zarr", "v2", group, ref path @ ..] => (true, group, path),
            ["zarr", group, ref path @ ..] => (false, group, path),
            _ => return Ok(None),
        };
        let id = group.strip_suffix(".zarr").ok_or_else(nothing)?;
        let entry = world.image(id, address)?;
        // Each has names of its own: where both are, readers complain that they have to choose.
        match *path {
            [level, "c", ref at @ ..] if !is_two => chunk(entry, level, at).map(Some),
            [.., "zarr.json"] if !is_two => Ok(Some(described(entry, path))),
            [.., name] if is_two && name.starts_with(".z") => Ok(Some(described(entry, path))),
            [level, ref at @ ..] if is_two && !at.is_empty() => chunk(entry, level, at).map(Some),
            _ => Err(nothing()),
        }
    }
}

/// What readers take for «not there», as they try names.
fn nothing() -> Error {
    Error::not_found("nothing is here: a group is at zarr/{id}.zarr/zarr.json and zarr/v2/{id}.zarr/.zattrs")
}

fn described(entry: Arc<Entry>, path: &[&str]) -> Call {
    let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
    let work = Box::new(move |entry: &Entry, cancel: &_| {
        let display = entry.image.display(cancel)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = metadata(&path, &entry.image, display).ok_or_else(nothing)?;
        Document::json(&found)
    });
    Call::Work { entry, work }
}

fn chunk(entry: Arc<Entry>, level: &str, at: &[&str]) -> Result<Call> {
    let Ok(number) = whole("level", level) else {
        return Err(nothing());
    };
    let at: Vec<u64> = at
        .iter()
        .map(|part| whole("chunk", part))
        .collect::<Result<_>>()
        .map_err(|_| nothing())?;
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let found = Arrangement::of(&entry.image).place(&entry.image, number, &at);
    let (area, style) =
        found.ok_or_else(|| Error::not_found(format!("level {} has no such chunk", shown(level))))?;
    let mut encoding = Encoding::by_extension("bin")?;
    encoding.options.padded = Some(Arrangement::padded());
    let request = TileRequest {
        area,
        style,
        encoding,
    };
    request.area.place(entry.image.grid())?;
    let is_provisional = entry
        .image
        .levels()
        .iter()
        .any(|known| known.level == number && known.state == LevelState::Provisional);
    if !is_provisional {
        return Ok(Call::Tile {
            entry,
            request,
            pinned: None,
            link: None,
        });
    }
    // A program takes samples for what is there: it waits for them rather than being given a draft.
    let work = Box::new(move |entry: &Entry, cancel: &_| {
        let tile = entry.image.render_final(&request, 1, cancel)?;
        Ok(Document {
            media_type: tile.media_type,
            bytes: tile.bytes.into(),
        })
    });
    Ok(Call::Work { entry, work })
}
