//! `PMTiles` 3: all tiles in one file, found by two reads of a directory, so that any web server of ranges serves them.
//!
//! As <https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md> has it: a header of 127 bytes, a root directory that
//! fits the first 16 KiB, metadata, leaf directories, tiles in the order of a Hilbert curve, equal ones once.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use projectile_core::{Error, Image, Pixels, Result};

use super::xyz::Tiles;
use crate::options::ExportOptions;
use crate::output::{Output, Writer};
use crate::plan::{Piece, Plan};
use crate::store::{Store, failed, with_ending};

/// `PMTiles`.
pub(super) struct PmTiles;

const HEADER: usize = 127;
/// What the header and the root directory fit.
const ROOT: usize = 16_384;
/// Entries of a leaf directory to begin with.
const LEAF: usize = 4096;
/// Tiles that are small enough to be blank: only these are worth being compared.
const SMALL: usize = 4096;
/// The last zoom of which all tiles have numbers of 64 bits.
const DEEPEST: u32 = 31;

struct Archive {
    tiles: Tiles,
    target: PathBuf,
}

impl Writer for PmTiles {
    fn name(&self) -> &'static str {
        "pmtiles"
    }

    fn about(&self) -> &'static str {
        "PMTiles 3: all tiles in one file, for any web server of ranges"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".pmtiles"]
    }

    fn plan(&self, image: &Image, path: &Path, options: &ExportOptions) -> Result<Box<dyn Output>> {
        let tiles = Tiles::new(image, self.name(), options)?;
        if tiles.last_zoom() > DEEPEST {
            return Err(Error::unsupported(
                "the image has more zooms than PMTiles can number",
            ));
        }
        Ok(Box::new(Archive {
            tiles,
            target: path.to_owned(),
        }))
    }
}

/// The number of a tile: along a Hilbert curve over its zoom, after all tiles of the zooms before.
fn tile_id(z: u32, x: u64, y: u64) -> u64 {
    let before = ((1u128 << (2 * z)) - 1) / 3;
    let (mut x, mut y, mut along) = (x, y, 0u64);
    for bit in (0..z).rev() {
        let side = 1u64 << bit;
        let (right, down) = (u64::from(x & side > 0), u64::from(y & side > 0));
        along += side * side * ((3 * right) ^ down);
        if down == 0 {
            if right == 1 {
                (x, y) = ((side - 1).wrapping_sub(x), (side - 1).wrapping_sub(y));
            }
            (x, y) = (y, x);
        }
    }
    before as u64 + along
}

/// Where tiles are: `run` tiles from `id` on are the same bytes; a directory, where it is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    id: u64,
    run: u64,
    offset: u64,
    length: u64,
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// A directory: columns of numbers, compressed.
fn directory(entries: &[Entry]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    varint(entries.len() as u64, &mut out);
    let mut last = 0;
    for entry in entries {
        varint(entry.id - last, &mut out);
        last = entry.id;
    }
    for entry in entries {
        varint(entry.run, &mut out);
    }
    for entry in entries {
        varint(entry.length, &mut out);
    }
    let mut end = None;
    for entry in entries {
        // 0 is "after the one before", which most are.
        let follows = end == Some(entry.offset);
        varint(if follows { 0 } else { entry.offset + 1 }, &mut out);
        end = Some(entry.offset + entry.length);
    }
    gzip(&out)
}

/// The root directory, and the leaves where there are more entries than fit it.
fn directories(entries: &[Entry]) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let root = directory(entries)?;
    if root.len() <= ROOT - HEADER {
        return Ok((root, Vec::new()));
    }
    let mut size = LEAF;
    loop {
        let (mut leaves, mut pointers) = (Vec::new(), Vec::new());
        for part in entries.chunks(size) {
            let leaf = directory(part)?;
            pointers.push(Entry {
                id: part[0].id,
                run: 0,
                offset: leaves.len() as u64,
                length: leaf.len() as u64,
            });
            leaves.extend(leaf);
        }
        let root = directory(&pointers)?;
        if root.len() <= ROOT - HEADER {
            return Ok((root, leaves));
        }
        size *= 2;
    }
}

/// What the header says beside what never changes.
struct Header {
    root: u64,
    metadata: u64,
    leaves: u64,
    tiles: u64,
    addressed: u64,
    entries: u64,
    contents: u64,
    kind: u8,
    last_zoom: u8,
}

impl Header {
    fn to_bytes(&self) -> Vec<u8> {
        const GZIP: u8 = 2;
        const NONE: u8 = 1;
        // The whole Web Mercator square, in 1e-7 degrees: an image has no place on the Earth, and fills it.
        const WEST: i32 = -1_800_000_000;
        const SOUTH: i32 = -850_511_287;
        let mut bytes = b"PMTiles\x03".to_vec();
        let mut at = HEADER as u64;
        for length in [self.root, self.metadata, self.leaves, self.tiles] {
            bytes.extend(at.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            at += length;
        }
        for count in [self.addressed, self.entries, self.contents] {
            bytes.extend(count.to_le_bytes());
        }
        bytes.extend([1, GZIP, NONE, self.kind, 0, self.last_zoom]);
        for corner in [WEST, SOUTH, -WEST, -SOUTH] {
            bytes.extend(corner.to_le_bytes());
        }
        bytes.push(0);
        bytes.extend([0; 8]);
        bytes
    }
}

impl Archive {
    /// Copies the tiles in order, equal ones once, and tells where each is.
    fn copy(&self, store: &Store, path: &Path) -> Result<(Vec<Entry>, u64)> {
        let wrong = |error: std::io::Error| failed(path, &error);
        let plan = &self.tiles.plan;
        let mut order: Vec<(u64, u64)> = plan
            .all()
            .map(|piece| {
                (
                    tile_id(self.tiles.zoom(&piece), piece.column, piece.row),
                    plan.key(&piece),
                )
            })
            .collect();
        order.sort_unstable();
        let mut file = BufWriter::new(File::create(path).map_err(wrong)?);
        let (mut entries, mut end): (Vec<Entry>, u64) = (Vec::new(), 0);
        let mut known: HashMap<Vec<u8>, u64> = HashMap::new();
        for (id, key) in order {
            let bytes = store.read(key)?;
            let length = bytes.len() as u64;
            let offset = known.get(&bytes).copied().unwrap_or(end);
            if offset == end {
                file.write_all(&bytes).map_err(wrong)?;
                end += length;
                if bytes.len() <= SMALL {
                    known.insert(bytes, offset);
                }
            }
            match entries.last_mut() {
                Some(last) if last.offset == offset && last.id + last.run == id => last.run += 1,
                _ => entries.push(Entry {
                    id,
                    run: 1,
                    offset,
                    length,
                }),
            }
        }
        file.flush().map_err(wrong)?;
        Ok((entries, end))
    }
}

impl Output for Archive {
    fn plan(&self) -> &Plan {
        &self.tiles.plan
    }

    fn target(&self) -> &Path {
        &self.target
    }

    fn encode(&self, _piece: &Piece, pixels: Pixels) -> Result<Vec<u8>> {
        self.tiles.encode(&pixels)
    }

    fn file(&self, _piece: &Piece) -> Option<String> {
        None
    }

    fn finish(&self, store: &Store, into: &Path) -> Result<()> {
        let wrong = |error: std::io::Error| failed(into, &error);
        // What goes before the tiles is as long as where they are takes to say: they are put in order first.
        let ordered = with_ending(into, ".tiles");
        let (entries, tiles) = self.copy(store, &ordered)?;
        let (root, leaves) = directories(&entries).map_err(wrong)?;
        let metadata = gzip(self.tiles.description().to_string().as_bytes()).map_err(wrong)?;
        let mut contents: Vec<u64> = entries.iter().map(|entry| entry.offset).collect();
        contents.sort_unstable();
        contents.dedup();
        let header = Header {
            root: root.len() as u64,
            metadata: metadata.len() as u64,
            leaves: leaves.len() as u64,
            tiles,
            addressed: entries.iter().map(|entry| entry.run).sum(),
            entries: entries.len() as u64,
            contents: contents.len() as u64,
            kind: match self.tiles.extension() {
                "jpg" => 3,
                "webp" => 4,
                _ => 2,
            },
            last_zoom: self.tiles.last_zoom() as u8,
        };
        let mut file = File::create(into).map_err(wrong)?;
        for part in [header.to_bytes(), root, metadata, leaves] {
            file.write_all(&part).map_err(wrong)?;
        }
        let copied = std::io::copy(&mut File::open(&ordered).map_err(wrong)?, &mut file).map_err(wrong)?;
        if copied != tiles {
            return Err(Error::corrupt(format!(
                "{}: the disk lost a part of it",
                into.display()
            )));
        }
        std::fs::remove_file(&ordered).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_numbered_as_the_specification_says() {
        for (zxy, id) in [
            ((0, 0, 0), 0),
            ((1, 0, 0), 1),
            ((1, 0, 1), 2),
            ((1, 1, 1), 3),
            ((1, 1, 0), 4),
            ((2, 0, 0), 5),
            ((12, 3423, 1763), 19_078_479),
        ] {
            assert_eq!(tile_id(zxy.0, zxy.1, zxy.2), id, "{zxy:?}");
        }
    }

    #[test]
    fn many_entries_go_to_leaves() {
        let entries: Vec<Entry> = (0..200_000u64)
            .map(|id| Entry {
                id,
                run: 1,
                offset: id * 1000 + id % 7,
                length: 900 + id * id % 97,
            })
            .collect();
        let (root, leaves) = directories(&entries).unwrap();
        assert!(root.len() <= ROOT - HEADER && !leaves.is_empty());
        assert!(directories(&entries[..10]).unwrap().1.is_empty());
    }
}
