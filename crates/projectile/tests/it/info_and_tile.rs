//! `info` and `tile`.

use crate::support::{gray, run, text};

#[test]
fn info_tells_what_a_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = gray(folder.path(), "some image.pgm");
    let (code, out, err) = run(&["info", text(&file)]);
    assert_eq!((code, err.as_str()), (0, ""));
    for part in ["some image.pgm", "40 × 30", "uint8", "gray"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, out, _) = run(&["info", text(&file), "--json"]);
    let described: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0);
    assert_eq!(
        (&described[0]["width"], &described[0]["height"]),
        (&40.into(), &30.into())
    );
    assert_eq!(described[0]["max_zoom"], 6);
    let (_, out, _) = run(&["info", text(&file), "--json", "--vmin", "-5", "--cmap", "magma"]);
    let described: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        described[0]["window"],
        serde_json::json!({"vmin": -5.0, "vmax": 255.0, "from": "given"})
    );
    assert_eq!(described[0]["colormap"], "magma");
}

#[test]
fn a_tile_is_written_in_the_format_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = gray(folder.path(), "a.pgm");
    for (name, start) in [
        ("a.png", &b"\x89PNG"[..]),
        ("a.jpg", b"\xff\xd8"),
        ("a.webp", b"RIFF"),
        ("a.npy", b"\x93NUMPY"),
        ("A.PNG", b"\x89PNG"),
    ] {
        let output = folder.path().join(name);
        let (code, out, err) = run(&["tile", text(&file), "0/0/0/64", "-o", text(&output)]);
        assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""), "{name}");
        assert!(std::fs::read(&output).unwrap().starts_with(start), "{name}");
    }
    // At zoom 0 a tile covers 64 source pixels: the file itself, clipped.
    let output = folder.path().join("a.bin");
    assert_eq!(run(&["tile", text(&file), "0/0/0/64", "-o", text(&output)]).0, 0);
    let expected: Vec<u8> = (0..1200u32).map(|i| (i % 256) as u8).collect();
    assert_eq!(std::fs::read(output).unwrap(), expected);
}
