//! One image, many ways to ask for it: the same pixels by each of them.

use projectile_core::Samples;
use projectile_server::{AllowedOrigins, Options};

use crate::support::{Answer, Running, array, gray, options, start};

const WIDTH: u64 = 1000;
const HEIGHT: u64 = 600;

fn server() -> Running {
    let planes: Vec<u16> = (0..3 * 40 * 50).map(|i| (i % 999) as u16).collect();
    start(
        [
            gray("scan", HEIGHT, WIDTH),
            array("stack", Samples::UInt16(planes.into()), &[1, 1, 3, 40, 50]),
        ],
        Options::default(),
    )
}

/// Rows, columns and the gray (or first) channel of a PNG.
fn pixels(answer: &Answer) -> (usize, usize, Vec<u8>) {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("content-type").as_deref(), Some("image/png"));
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&answer.body));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    let (height, width) = (info.height as usize, info.width as usize);
    let channels = info.color_type.samples();
    let gray = data
        .chunks(channels)
        .take(height * width)
        .map(|pixel| pixel[0])
        .collect();
    (height, width, gray)
}

/// The top left `height × width` of a picture.
fn top_left((_, width, data): &(usize, usize, Vec<u8>), rows: usize, columns: usize) -> Vec<u8> {
    data.chunks(*width)
        .take(rows)
        .flat_map(|row| &row[..columns])
        .copied()
        .collect()
}

#[test]
fn the_same_pixels_come_by_every_protocol() {
    let server = server();
    // The tile of columns 256 to 511 and rows 256 to 511, at full resolution; then all of the image at a quarter.
    for (seed, others, rows, columns) in [
        (
            "/images/scan/2/1/1/256.png",
            vec![
                "/dzi/scan_files/10/1_1.png?tile_size=256&overlap=0",
                "/zoomify/scan/TileGroup0/2-1-1.png",
                "/wmts/scan/pixels/2/1/1.png",
                "/wmts/scan/WebMercatorQuad/2/1/1.png",
                "/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=scan&STYLE=default&FORMAT=image/png&\
                 TileMatrixSet=pixels.scan&TileMatrix=2&TileRow=1&TileCol=1",
                "/ogc/collections/scan/map/tiles/pixels/2/1/1?f=png",
                "/iiif/3/scan/256,256,256,256/max/0/default.png",
                "/iiif/2/scan/256,256,256,256/full/0/default.png",
                "/images/scan/region.png?x0=256&y0=256&x1=512&y1=512",
            ],
            256,
            256,
        ),
        (
            "/images/scan/0/0/0/256.png",
            vec![
                "/dzi/scan_files/8/0_0.png?tile_size=256&overlap=0",
                "/dzi/scan_files/8/0_0.png?tile_size=512&overlap=3",
                "/zoomify/scan/TileGroup0/0-0-0.png",
                "/wmts/scan/pixels/0/0/0.png",
                "/ogc/collections/scan/map/tiles/WebMercatorQuad/0/0/0",
                "/iiif/3/scan/full/250,150/0/default.png",
                "/iiif/2/scan/full/250,/0/default.png",
            ],
            150,
            250,
        ),
    ] {
        let expected = top_left(&pixels(&server.get(seed)), rows, columns);
        for other in others {
            let shown = pixels(&server.get(other));
            assert!(
                shown.0 >= rows && shown.1 >= columns,
                "{other}: {} × {}",
                shown.1,
                shown.0
            );
            assert!(top_left(&shown, rows, columns) == expected, "{other}");
        }
    }
}

#[test]
fn descriptions_name_what_is_there() {
    let server = server();
    let text = |path: &str| {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    };
    let dzi = text("/dzi/scan.dzi?overlap=2&tile_size=510&format=jpg");
    assert!(
        dzi.contains("Format=\"jpg\" Overlap=\"2\" TileSize=\"510\""),
        "{dzi}"
    );
    assert!(dzi.contains("Height=\"600\" Width=\"1000\""), "{dzi}");
    assert!(text("/zoomify/scan/ImageProperties.xml").contains("NUMTILES=\"17\""));
    let base = format!("http://{}", "localhost");
    let tilejson: serde_json::Value =
        serde_json::from_str(&text("/tilejson/scan.json?format=webp&colormap=viridis")).unwrap();
    assert_eq!(
        tilejson["tiles"][0],
        format!("{base}/images/scan/{{z}}/{{x}}/{{y}}/256.webp?colormap=viridis")
    );
    assert_eq!(
        (&tilejson["maxzoom"], &tilejson["tilejson"]),
        (&2.into(), &"3.0.0".into())
    );
    let wmts = text("/wmts?service=wmts&Request=getcapabilities");
    assert_eq!(wmts, text("/wmts/1.0.0/WMTSCapabilities.xml"));
    for part in [
        "<ows:Identifier>scan</ows:Identifier>",
        "<ows:Identifier>pixels.scan</ows:Identifier>",
        // The set that a program takes which is not told.
        "</Format><TileMatrixSetLink><TileMatrixSet>WebMercatorQuad</TileMatrixSet></TileMatrixSetLink>",
        "<Dimension><ows:Identifier>z</ows:Identifier><Default>0</Default><Value>0</Value><Value>1</Value><Value>2</Value>",
        "/wmts/stack/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png?t={t}&amp;z={z}",
    ] {
        assert!(wmts.contains(part), "{part} is not in {wmts}");
    }
    for path in [
        "/ogc",
        "/ogc/conformance",
        "/ogc/collections",
        "/ogc/tileMatrixSets",
    ] {
        let _ = text(path);
    }
    let set: serde_json::Value = serde_json::from_str(&text("/ogc/tileMatrixSets/pixels.scan")).unwrap();
    assert_eq!(set["tileMatrices"][2]["cellSize"], 1.0);
    assert_eq!(set["tileMatrices"][2]["matrixWidth"], 4);
    let tiles: serde_json::Value =
        serde_json::from_str(&text("/ogc/collections/scan/map/tiles/pixels")).unwrap();
    assert_eq!(tiles["tileMatrixSet"]["id"], "pixels.scan");
}

#[test]
fn iiif_describes_and_turns() {
    let server = server();
    let info = server.get("/iiif/3/scan/info.json");
    assert_eq!(
        info.header("content-type").as_deref(),
        Some("application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"")
    );
    let plain = server.get_with("/iiif/3/scan/info.json", "Accept: application/json\n");
    assert_eq!(plain.header("content-type").as_deref(), Some("application/json"));
    let info = info.json();
    assert_eq!(info["id"], "http://localhost/iiif/3/scan");
    assert_eq!((&info["width"], &info["height"]), (&WIDTH.into(), &HEIGHT.into()));
    assert_eq!(info["tiles"][0]["scaleFactors"], serde_json::json!([1, 2, 4]));
    let two = server.get("/iiif/2/scan/info.json").json();
    assert_eq!(two["profile"][0], "http://iiif.io/api/image/2/level2.json");
    let moved = server.get("/iiif/3/scan");
    assert_eq!(
        (moved.status, moved.header("location").as_deref()),
        (303, Some("http://localhost/iiif/3/scan/info.json"))
    );
    let turned = server.get("/iiif/3/scan/0,0,40,20/max/!90/gray.png");
    let link = turned.header("link").unwrap();
    assert!(
        link.contains("<http://localhost/iiif/3/scan/0,0,40,20/max/!90/gray.png>;rel=\"canonical\""),
        "{link}"
    );
    let (rows, columns, turned) = pixels(&turned);
    assert_eq!((rows, columns), (40, 20));
    let (_, _, upright) = pixels(&server.get("/iiif/3/scan/0,0,40,20/max/0/default.png"));
    for y in 0..40 {
        for x in 0..20 {
            assert_eq!(turned[y * 20 + x], upright[(19 - x) * 40 + 39 - y]);
        }
    }
    // Another plane, in words that stand in for parameters.
    let plane = |named: &str| pixels(&server.get(&format!("/iiif/3/{named}/full/max/0/default.png")));
    // Its sixth pixel is 2005 modulo 999.
    assert_eq!(plane("stack~z=1~vmin=0~vmax=7").2[5], 255);
    assert_eq!(plane("stack~z=1~vmin=0~vmax=14").2[5], 128);
    assert_ne!(plane("stack~vmin=0~vmax=999"), plane("stack~z=1~vmin=0~vmax=999"));
    let manifest = server.get("/iiif/manifest.json").json();
    assert_eq!(manifest["items"][0]["height"], HEIGHT);
    assert_eq!(manifest["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_is_not_there_or_not_allowed_is_said() {
    let server = server();
    for (path, status) in [
        ("/dzi/nothing.dzi", 404),
        ("/dzi/scan.dzi?tile_size=0", 400),
        ("/dzi/scan.dzi?overlap=999", 400),
        ("/dzi/scan.dzi?format=exe", 404),
        ("/dzi/scan_files/11/0_0.png", 404),
        ("/dzi/scan_files/10/4_0.png", 404),
        ("/dzi/scan_files/10/a_0.png", 400),
        ("/dzi/scan_files/10/0-0.png", 404),
        ("/zoomify/scan/TileGroup0/3-0-0.png", 404),
        ("/zoomify/scan/TileGroup0/0-0.png", 404),
        ("/wmts", 400),
        ("/wmts?request=GetMap", 400),
        ("/wmts/scan/other/0/0/0.png", 404),
        ("/wmts/scan/pixels.stack/0/0/0.png", 404),
        ("/wmts/scan/pixels/9/0/0.png", 404),
        ("/ogc/collections/none", 404),
        ("/ogc/tileMatrixSets/none", 404),
        ("/iiif/3/scan/full/full/0/default.png", 400),
        ("/iiif/3/scan/full/max/0/default.tif", 400),
        ("/iiif/3/scan/full/1001,/0/default.png", 400),
        ("/iiif/3/scan~z/info.json", 400),
        ("/iiif/3/none/info.json", 404),
        ("/iiif/4/scan/info.json", 404),
        ("/tilejson/none.json", 404),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.header("content-type").as_deref(),
            Some("application/problem+json"),
            "{path}"
        );
    }
}

#[test]
fn other_sites_read_only_where_they_were_let_in() {
    let closed = server();
    let asked = "Origin: https://site.example\n";
    assert_eq!(
        closed
            .get_with("/iiif/3/scan/info.json", asked)
            .header("access-control-allow-origin"),
        None
    );
    let open = start(
        [gray("scan", 100, 100)],
        options(|options| {
            options.origins = AllowedOrigins::new(["https://site.example"]).unwrap();
            options.public_url = Some("https://maps.example/a/".to_owned());
        }),
    );
    let answer = open.get_with("/iiif/3/scan/info.json", asked);
    assert_eq!(
        answer.header("access-control-allow-origin").as_deref(),
        Some("https://site.example")
    );
    assert_eq!(answer.json()["id"], "https://maps.example/a/iiif/3/scan");
    let other = open.get_with("/iiif/3/scan/info.json", "Origin: https://other.example\n");
    assert_eq!(other.header("access-control-allow-origin"), None);
    let preflight = open.send(&format!(
        "OPTIONS /images HTTP/1.1\nHost: localhost\nConnection: close\n{asked}\n"
    ));
    assert_eq!(
        preflight.header("access-control-allow-methods").as_deref(),
        Some("GET, HEAD, OPTIONS")
    );
    // Reading is all that they may do.
    let posted = open.send(&format!(
        "POST /live/state HTTP/1.1\nHost: localhost\nConnection: close\nContent-Length: 0\n{asked}\n"
    ));
    assert_eq!(posted.status, 403);
}
