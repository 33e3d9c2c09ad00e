//! What the server says in JSON, held by files under `fixtures/api`: the viewer's tests check its own types against the
//! same files (`viewer/test/fixtures.test.ts`), so neither side changes a word that the other does not know of.
//!
//! Where an answer is meant to be another now, `PROJECTILE_WRITE_FIXTURES=1 cargo test -p projectile-server fixtures`
//! writes the files anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use projectile_core::{
    ArraySource, Axes, Change, ChannelInfo, Coordinates, Dimension, Image, ImageOptions, Photometric, Region,
    Samples, SourceInfo,
};
use projectile_server::Uploads;
use serde_json::{Value, json};

use crate::live::{CLIENT, Page, post};
use crate::support::{Running, Staged, gray, options, start};

const WRITE: &str = "PROJECTILE_WRITE_FIXTURES";
/// The viewer's word, which its own tests hold.
const STATE: &str = "state";

/// What is asked for by GET: the file's name and the address.
const ASKED: &[(&str, &str)] = &[
    ("images", "/images"),
    ("image-field", "/images/field"),
    ("image-cells", "/images/cells"),
    ("image-photo", "/images/photo"),
    ("image-labels", "/images/labels"),
    ("value-number", "/images/field/value?x=1&y=2&t=1"),
    ("value-wide", "/images/wide/value?x=0&y=0"),
    ("value-strange", "/images/strange/value?x=0&y=0"),
    ("histogram", "/images/field/histogram?bins=4&t=1&start=40&stop=72"),
    ("statistics", "/images/cells/statistics?polygon=0,0,6,0,6,4"),
    (
        "statistics-nothing",
        "/images/field/statistics?polygon=-9,-9,-5,-9,-5,-5",
    ),
    ("profile", "/images/field/profile?line=-1.5,1.5,3.5,1.5"),
    ("colormaps", "/colormaps"),
    ("problem", "/images/nothing"),
    ("problem-parameter", "/images/field/0/0/0/300.png"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/api")
}

/// An image whose description says the same each time.
fn image(
    name: &str,
    samples: Samples,
    axes: Axes,
    describe: impl FnOnce(&mut SourceInfo),
    colormap: Option<&str>,
) -> Image {
    let mut info = SourceInfo::new(samples.dtype(), axes, "array");
    info.version = 7;
    describe(&mut info);
    let options = ImageOptions {
        colormap: colormap.map(str::to_owned),
        ..ImageOptions::default()
    };
    let source = ArraySource::with_info(samples, info).unwrap();
    Image::with_options(name, Arc::new(source), options).unwrap()
}

/// One image of each kind that the viewer shows in a way of its own, and of each number that JSON can't hold.
fn images() -> Vec<Image> {
    let plain = |shape: &[u64]| Axes::guess(shape).unwrap();
    let mut planes: Vec<f32> = (0..2 * 5 * 8).map(|i| i as f32).collect();
    planes[8 + 1] = -1.0;
    let field = image(
        "field.npy",
        Samples::Float32(planes.into()),
        Axes::named("tyx", &[2, 5, 8]).unwrap(),
        |info| {
            info.nodata = Some(-1.0);
            info.details = vec![("Instrument".to_owned(), "none".to_owned())];
            info.dimensions = vec![
                dimension(
                    "time",
                    None,
                    Some(Coordinates::Texts(vec!["dawn".to_owned(), "dusk".to_owned()])),
                ),
                dimension(
                    "latitude",
                    Some("°"),
                    Some(Coordinates::Numbers(vec![50.0, 40.0, 20.0, 10.0, 0.5])),
                ),
                dimension(
                    "longitude",
                    Some("°"),
                    Some(Coordinates::Even {
                        start: 0.0,
                        step: 0.5,
                    }),
                ),
            ];
        },
        Some("viridis"),
    );
    let cells = image(
        "cells.npy",
        Samples::UInt16((0..2 * 6 * 8).collect::<Vec<u16>>().into()),
        Axes::named("cyx", &[2, 6, 8]).unwrap(),
        |info| {
            info.photometric = Photometric::Channels;
            info.channels = ["nuclei", "membrane"].map(ChannelInfo::named).to_vec();
        },
        None,
    );
    let picture = |name: &str, channels: u64| {
        let samples = Samples::UInt8(vec![200; 4 * 5 * channels as usize].into());
        image(name, samples, plain(&[4, 5, channels]), |_| {}, None)
    };
    let labels = image(
        "labels.npy",
        Samples::Int32((0..20).collect::<Vec<i32>>().into()),
        plain(&[4, 5]),
        |info| info.photometric = Photometric::Labels,
        None,
    );
    let wide = image(
        "wide.npy",
        Samples::UInt64(vec![u64::MAX; 4].into()),
        plain(&[2, 2]),
        |_| {},
        None,
    );
    let strange = image(
        "strange.npy",
        Samples::Float64(vec![f64::NAN; 4].into()),
        plain(&[2, 2]),
        |_| {},
        None,
    );
    let (faded, photo, cutout) = (
        picture("faded.png", 2),
        picture("photo.png", 3),
        picture("cutout.png", 4),
    );
    vec![field, cells, photo, labels, faded, cutout, wide, strange]
}

fn dimension(label: &str, unit: Option<&str>, coordinates: Option<Coordinates>) -> Dimension {
    Dimension {
        label: Some(label.to_owned()),
        unit: unit.map(str::to_owned),
        coordinates,
    }
}

/// What the server answers and tells, by the name of its file.
fn said() -> BTreeMap<String, Value> {
    let uploaded = tempfile::tempdir().unwrap();
    let uploads = Uploads::new(uploaded.path(), 1000, |_| Ok(vec![gray("scan.tiff", 3, 4)]));
    let server = start(images(), options(|options| options.uploads = Some(uploads)));
    let mut said: BTreeMap<String, Value> = ASKED
        .iter()
        .map(|(name, path)| ((*name).to_owned(), server.get(path).json()))
        .collect();
    // Each release has another.
    assert_eq!(said["images"]["version"], env!("CARGO_PKG_VERSION"));
    said.get_mut("images").unwrap()["version"] = json!("0.0.0");
    said.insert("images-none".to_owned(), {
        let mut none = start([], options(|_| {})).get("/images").json();
        none["version"] = json!("0.0.0");
        none
    });
    let bytes = "Content-Type: application/octet-stream\r\n";
    let (_, answer) = post(&server, "/upload?name=scan.tiff", bytes, b"a scan");
    said.insert("upload".to_owned(), serde_json::from_str(&answer).unwrap());
    said.extend(events());
    said
}

/// One of each event.
fn events() -> Vec<(String, Value)> {
    let (slow, _) = Staged::image(2048);
    let server = start([slow], options(|_| {}));
    let live = server.server.live().clone();
    let settings = json!({
        "window": [0.5, 2.0], "colormap": "magma", "resampling": "max", "channels": [0], "axes": {"t": 1},
        "center": [20.5, 10.0], "zoom": -1.5, "selection": {"y": 1, "x": 2, "height": 3, "width": 4},
    });
    live.set("staged", settings.as_object().unwrap());
    live.listen();
    let mut page = Page::open(&server, CLIENT);
    let mut heard = vec![next(&mut page, "hello")];
    live.set("staged", settings.as_object().unwrap());
    heard.push(next(&mut page, "set"));
    let region = Region {
        y: 300,
        x: 10,
        height: 4,
        width: 5,
    };
    let change = Change {
        region,
        indices: vec![("t".to_owned(), 0..1)],
    };
    server.server.refresh("staged", change).unwrap();
    heard.push(next(&mut page, "refresh"));
    server.server.replace("staged", Staged::image(2048).0).unwrap();
    heard.push(next(&mut page, "images"));
    // Describing it has its levels built.
    assert_eq!(server.get("/images/staged").json()["provisional"], true);
    heard.push(next(&mut page, "levels"));
    let asking = asks_for_a_picture(&server);
    heard.push(next(&mut page, "screenshot"));
    asking.join().unwrap();
    server.shutdown.drain();
    heard.push(next(&mut page, "closed"));
    // What is made up anew each time.
    heard[0].1["server"] = json!("5f3c0000000000000000000000000000");
    heard[5].1["request"] = json!("0123456789abcdef0123456789abcdef");
    heard
}

fn next(page: &mut Page, expected: &str) -> (String, Value) {
    let (name, data) = page.next().unwrap();
    assert_eq!(name, expected);
    (format!("event-{name}"), data)
}

fn asks_for_a_picture(server: &Running) -> std::thread::JoinHandle<()> {
    let live = server.server.live().clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let picture = runtime.block_on(live.screenshot(Duration::from_millis(300)));
        assert_eq!(picture, None, "nobody answers");
    })
}

#[test]
fn fixtures_are_what_the_server_says() {
    let said = said();
    if std::env::var_os(WRITE).is_some() {
        for (name, value) in &said {
            let text = format!("{}\n", serde_json::to_string_pretty(value).unwrap());
            std::fs::write(folder().join(format!("{name}.json")), text).unwrap();
        }
    }
    for (name, value) in &said {
        assert_eq!(
            &read(name),
            value,
            "fixtures/api/{name}.json (left) is not what the server says; {WRITE}=1 writes it"
        );
    }
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".json", ""))
        .collect();
    let known = said.into_keys().chain([STATE.to_owned()]).collect();
    assert_eq!(files, known, "files that nothing makes, or that are not there");
}

fn read(name: &str) -> Value {
    let file = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap()
}

/// The other way round: the viewer's tests hold that this is what it sends.
#[test]
fn fixtures_of_the_viewers_state_are_understood_in_full() {
    let sent = read(STATE);
    let server = start(images(), options(|_| {}));
    let (status, answer) = post(
        &server,
        "/live/state",
        "Content-Type: application/json\r\n",
        sent.to_string().as_bytes(),
    );
    assert_eq!(status, 204, "{answer}");
    let told = server.server.live().state().unwrap();
    let mut understood = serde_json::to_value(&told).unwrap();
    understood["client"] = json!(told.client);
    assert_eq!(understood, as_floats(&sent), "what the server knows of it (left)");
}

/// The server reads places, sizes and windows as floats, which JSON from a browser does not tell from whole numbers.
fn as_floats(state: &Value) -> Value {
    let mut state = state.clone();
    for name in ["center", "size", "window"] {
        for number in state[name].as_array_mut().into_iter().flatten() {
            *number = json!(number.as_f64());
        }
    }
    state["zoom"] = json!(state["zoom"].as_f64());
    state
}
