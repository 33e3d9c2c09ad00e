//! Hierarchies written by hand, byte for byte.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{
    Cancel, ErrorKind, Photometric, Pixels, ReadRequest, Region, Result, Selection, Source,
};
use serde_json::{Value, json};

use crate::format::NamedSource;
use crate::open::{OpenOptions, open};
use crate::testing::read;

fn write(folder: &Path, key: &str, bytes: &[u8]) {
    let path = folder.join(key.trim_start_matches('/'));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn write_json(folder: &Path, key: &str, value: &Value) {
    write(folder, key, value.to_string().as_bytes());
}

/// An array of `height` × `width` bytes in chunks of 4 × 5, each of its own value.
fn write_v2(folder: &Path, path: &str, height: u64, width: u64) {
    let document = json!({"zarr_format": 2, "shape": [height, width], "chunks": [4, 5], "dtype": "|u1",
        "compressor": null, "fill_value": 9, "order": "C", "filters": null});
    write_json(folder, &format!("{path}/.zarray"), &document);
    for row in 0..height.div_ceil(4) {
        for column in 0..width.div_ceil(5) {
            let key = format!("{path}/{row}.{column}");
            write(folder, &key, &[(row * 10 + column) as u8; 20]);
        }
    }
}

fn opened(path: &Path) -> Vec<NamedSource> {
    open(path, &OpenOptions::default()).unwrap()
}

fn names(sources: &[NamedSource]) -> Vec<&str> {
    sources.iter().map(|source| source.name.as_str()).collect()
}

fn region(source: &Arc<dyn Source>, level: usize, [y, x, height, width]: [u64; 4]) -> Result<Pixels> {
    let selection = Selection::first(&source.info().axes);
    let request = ReadRequest {
        level,
        region: Region { y, x, height, width },
        step: 1,
        selection,
        cancel: Cancel::new(),
    };
    read(source.as_ref(), request)
}

fn bytes(pixels: &Pixels) -> Vec<u8> {
    pixels.to_le_bytes().unwrap()
}

#[test]
fn a_missing_chunk_is_filled_and_a_broken_one_breaks_itself_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.zarr");
    write_v2(&path, "", 10, 12);
    std::fs::remove_file(path.join("1.1")).unwrap();
    write(&path, "2.0", b"short");
    let sources = opened(&path);
    assert_eq!(names(&sources), [""]);
    let source = &sources[0].source;
    assert_eq!(bytes(&region(source, 0, [3, 4, 2, 2]).unwrap()), [0, 1, 10, 9]);
    assert_eq!(
        region(source, 0, [8, 0, 1, 1]).unwrap_err().kind(),
        ErrorKind::Corrupt
    );
    assert_eq!(bytes(&region(source, 0, [9, 11, 1, 1]).unwrap()), [22]);
    // Another array takes its place.
    write_v2(&path, "", 11, 12);
    assert_eq!(
        region(source, 0, [0, 11, 1, 1]).unwrap_err().kind(),
        ErrorKind::Gone
    );
    std::fs::remove_dir_all(&path).unwrap();
    assert_eq!(
        region(source, 0, [5, 11, 1, 1]).unwrap_err().kind(),
        ErrorKind::Gone
    );
}

#[test]
fn chunks_of_shards_are_read_by_their_index() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sharded");
    let little = json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
    for (location, shard) in [("start", "start"), ("end", "end")] {
        let document = json!({"zarr_format": 3, "node_type": "array", "shape": [6, 8], "data_type": "uint8",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 4]}},
            "chunk_key_encoding": {"name": "default"}, "fill_value": 7, "codecs": [{"name": "sharding_indexed",
            "configuration": {"chunk_shape": [2, 4], "codecs": little, "index_codecs": little, "index_location": location}}]});
        write_json(&path, "zarr.json", &document);
        let chunks = [[1u8; 8], [2; 8]].concat();
        let base = if shard == "start" { 32u64 } else { 0 };
        let index = |places: [[u64; 2]; 2]| {
            places
                .concat()
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let both = index([[base, 8], [base + 8, 8]]);
        let second = index([[u64::MAX, u64::MAX], [base + 8, 8]]);
        let outside = index([[base, 8], [base + 9, 8]]);
        let put = |key: &str, index: &[u8]| {
            let whole = if shard == "start" {
                [index, &chunks].concat()
            } else {
                [&chunks, index].concat()
            };
            write(&path, key, &whole);
        };
        put("c/0/0", &both);
        put("c/0/1", &second);
        put("c/1/0", &outside);
        let source = &opened(&path)[0].source;
        assert_eq!(bytes(&region(source, 0, [1, 3, 2, 2]).unwrap()), [1, 7, 2, 2]);
        // The second chunk's rows are beyond the array; the first one of a shard with a broken index is read.
        assert_eq!(bytes(&region(source, 0, [4, 0, 1, 1]).unwrap()), [1]);
        assert_eq!(
            bytes(&region(source, 0, [5, 7, 1, 1]).unwrap()),
            [7],
            "no such shard"
        );
        // A shard that is written anew has another index.
        put("c/0/0", &second);
        let longer = std::fs::read(path.join("c/0/0")).unwrap();
        write(&path, "c/0/0", &[&longer[..], b""].concat());
        let fresh = &opened(&path)[0].source;
        assert_eq!(bytes(&region(fresh, 0, [0, 0, 3, 1]).unwrap()), [7, 7, 2]);
    }
}

fn multiscale(name: &str, datasets: &[&str]) -> Value {
    let datasets: Vec<Value> = datasets
        .iter()
        .enumerate()
        .map(|(at, path)| {
            let scale = 0.5 * f64::from(1 << at);
            json!({"path": path, "coordinateTransformations": [{"type": "scale", "scale": [scale, scale]}]})
        })
        .collect();
    let axis = |name: &str| json!({"name": name, "type": "space", "unit": "micrometer"});
    json!({"multiscales": [{"version": "0.4", "name": name, "axes": [axis("y"), axis("x")], "datasets": datasets}]})
}

fn write_image(folder: &Path, path: &str) {
    write_json(folder, &format!("{path}/.zgroup"), &json!({"zarr_format": 2}));
    write_json(
        folder,
        &format!("{path}/.zattrs"),
        &multiscale("a", &["0", "1", "third", "gone"]),
    );
    write_v2(folder, &format!("{path}/0"), 21, 30);
    write_v2(folder, &format!("{path}/1"), 10, 15);
    write_v2(folder, &format!("{path}/third"), 7, 10);
}

#[test]
fn an_image_has_its_levels_units_and_labels() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.zarr");
    write_image(&path, "");
    write_json(&path, "labels/.zgroup", &json!({"zarr_format": 2}));
    write_json(&path, "labels/.zattrs", &json!({"labels": ["cells", "none"]}));
    write_image(&path, "labels/cells");
    let sources = opened(&path);
    assert_eq!(names(&sources), ["", "labels/cells"]);
    let info = sources[0].source.info();
    assert_eq!(
        info.levels.iter().map(|level| level.factor).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(info.dimensions[0].unit.as_deref(), Some("µm"));
    let details: Vec<&str> = info.details.iter().map(|(name, _)| name.as_str()).collect();
    for told in ["not used: third", "not used: gone", "not shown: labels/none"] {
        assert!(details.contains(&told), "{details:?}");
    }
    assert_eq!(sources[1].source.info().photometric, Photometric::Labels);
    assert_eq!(bytes(&region(&sources[0].source, 1, [4, 5, 1, 1]).unwrap()), [11]);
    // The same by its path, and one array of it.
    let inside = dir.path().join("image.zarr::/labels/cells");
    assert_eq!(names(&opened(&inside)), [""]);
    assert_eq!(opened(&path.join("0"))[0].source.info().format, "Zarr");
    let error = open(
        &dir.path().join("image.zarr::/labels/no"),
        &OpenOptions::default(),
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = open(&dir.path().join("image.zarr::/../.."), &OpenOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
}

#[test]
fn plates_and_groups_are_galleries() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plate.zarr");
    let wells = ["A/1", "A/2", "B/1"];
    write_json(&path, ".zgroup", &json!({"zarr_format": 2}));
    let listed: Vec<Value> = wells.iter().map(|well| json!({"path": well})).collect();
    write_json(&path, ".zattrs", &json!({"plate": {"wells": listed}}));
    for well in &wells[..2] {
        write_json(&path, &format!("{well}/.zgroup"), &json!({"zarr_format": 2}));
        write_json(
            &path,
            &format!("{well}/.zattrs"),
            &json!({"well": {"images": [{"path": "0"}, {"path": "1"}]}}),
        );
        write_image(&path, &format!("{well}/0"));
        write_image(&path, &format!("{well}/1"));
    }
    let sources = opened(&path);
    assert_eq!(names(&sources), ["A/1/0", "A/1/1", "A/2/0", "A/2/1"]);
    let details = &sources[0].source.info().details;
    assert!(
        details.iter().any(|(name, _)| name == "not shown: B/1"),
        "{details:?}"
    );
    assert_eq!(names(&opened(&path.join("A/2"))), ["0", "1"]);

    let group = dir.path().join("group.zarr");
    write_json(&group, ".zgroup", &json!({"zarr_format": 2}));
    write_v2(&group, "10", 4, 5);
    write_v2(&group, "9", 4, 5);
    write_json(&group, "deep/.zgroup", &json!({"zarr_format": 2}));
    write_image(&group, "deep/image");
    write_json(&group, "broken/.zarray", &json!({"zarr_format": 2}));
    assert_eq!(names(&opened(&group)), ["9", "10", "deep/image"]);
    let error = open(dir.path(), &OpenOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_plane_of_a_coarse_level_stands_for_several() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("volume.zarr");
    let axes = json!(["z", "y", "x"]);
    let value = json!({"multiscales": [{"axes": axes, "datasets": [{"path": "0"}, {"path": "1"}]}]});
    write_json(&path, ".zattrs", &value);
    for (name, [z, y, x]) in [("0", [5u64, 4, 4]), ("1", [3, 2, 2])] {
        let document = json!({"zarr_format": 2, "shape": [z, y, x], "chunks": [1, y, x], "dtype": "|u1",
            "compressor": null, "fill_value": 0, "order": "C", "filters": null});
        write_json(&path, &format!("{name}/.zarray"), &document);
        for plane in 0..z {
            let key = format!("{name}/{plane}.0.0");
            write(&path, &key, &vec![plane as u8; (y * x) as usize]);
        }
    }
    let source = &opened(&path)[0].source;
    assert_eq!(source.info().levels.len(), 2);
    let of_plane = |level: usize, plane: u64| {
        let request = ReadRequest {
            level,
            region: Region {
                y: 0,
                x: 0,
                height: 1,
                width: 1,
            },
            step: 1,
            selection: Selection {
                indices: vec![plane],
                channels: None,
            },
            cancel: Cancel::new(),
        };
        bytes(&read(source.as_ref(), request).unwrap())
    };
    assert_eq!(
        (0..5).map(|plane| of_plane(0, plane)[0]).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4]
    );
    assert_eq!(
        (0..5).map(|plane| of_plane(1, plane)[0]).collect::<Vec<_>>(),
        [0, 0, 1, 1, 2]
    );
}
