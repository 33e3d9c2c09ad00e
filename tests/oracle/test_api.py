"""The API: its document, what schemathesis makes of it, and what has no test of its own elsewhere."""

from __future__ import annotations

import gzip
import html
import json
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import jsonschema
import matplotlib as mpl
import numpy as np
import pytest
from harness import Server, save
from owslib.wmts import WebMapTileService
from PIL import Image

RNG = np.random.default_rng(12)
FIELD = RNG.normal(size=(700, 900)).astype(np.float32)
PLANES = RNG.integers(0, 4000, (2, 3, 120, 130)).astype(np.uint16)
PHOTO = RNG.integers(0, 255, (300, 400, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    files = save(tmp_path_factory.mktemp("api"), {"field": FIELD, "planes": PLANES, "photo": PHOTO})
    with Server(*files) as server:
        yield server


def test_the_document_says_what_is_answered(server):
    document = server.json("/api/openapi.json")
    assert document["openapi"] == "3.1.0"
    schemas = {"$defs": document["components"]["schemas"]}
    checked = 0
    for path, example in {
        "/images": "/images",
        "/images/{id}": "/images/planes",
        "/images/{id}/value": "/images/field/value?x=1&y=2",
        "/images/{id}/histogram": "/images/field/histogram?bins=5",
        "/images/{id}/statistics": "/images/planes/statistics?x0=0&y0=0&x1=5&y1=9",
        "/images/{id}/profile": "/images/field/profile?line=-5,0,9,9",
        "/colormaps": "/colormaps",
        "/resamplings": "/resamplings",
        "/healthz": "/healthz",
        "/readyz": "/readyz",
    }.items():
        answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = json.loads(
            json.dumps({**answer["schema"], **schemas}).replace("#/components/schemas/", "#/$defs/")
        )
        jsonschema.Draft202012Validator(schema).validate(server.json(example))
        checked += 1
    assert checked == 10
    page = server.ok("/api")
    assert page.media_type == "text/html"
    assert "content-security-policy" in page.headers
    for path in document["paths"]:
        assert path in page.body.decode().replace("&amp;", "&"), path


def test_schemathesis_finds_no_error_of_the_servers(server, tmp_path):
    """Hundreds of requests by the document, good and bad: none is answered 5xx, and none is no HTTP."""
    command = [
        Path(sys.executable).parent / "schemathesis", "run", f"{server.url.rstrip('/')}/api/openapi.json",
        "--checks", "not_a_server_error,content_type_conformance,response_schema_conformance",
        "--exclude-path-regex", "^/(events|live|open|upload)",
        "--max-examples", "15", "--phases", "examples,coverage,fuzzing", "--seed", "1",
        "--suppress-health-check", "all", "--no-color", "--generation-database", "none",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "passed" in done.stdout


def test_regions_come_at_any_size(server):
    """A region reduced by whole numbers is the mean of blocks; a side that is left out is in proportion."""
    box = "x0=100&y0=60&x1=500&y1=260"
    part = FIELD[60:260, 100:500].astype(np.float64)
    made = server.npy(f"/images/field/region.npy?{box}&width=100&height=50")
    np.testing.assert_allclose(made, part.reshape(50, 4, 100, 4).mean(axis=(1, 3)), rtol=1e-5, atol=1e-6)
    for sides, shape in [("width=100", (50, 100)), ("height=100", (100, 200)), ("width=7&height=9", (9, 7))]:
        assert server.npy(f"/images/field/region.npy?{box}&{sides}").shape[:2] == shape
        assert server.ok(f"/images/field/region.png?{box}&{sides}").image().size == shape[::-1]
        assert server.ok(f"/images/field/region.tif?{box}&{sides}").image().size == shape[::-1]
    whole = server.npy(f"/images/field/region.npy?{box}")
    same = server.npy(f"/images/field/region.npy?{box}&width=400&height=200")
    np.testing.assert_array_equal(whole, same)
    for wrong, status in [("width=0", 400), ("width=100000", 422), ("height=-1", 400)]:
        assert server.get(f"/images/field/region.npy?{box}&{wrong}").status in (status, 400), wrong


def test_thumbnails_hold_all_of_the_image(server):
    assert server.ok("/images/field/thumbnail.png").image().size == (256, 199)
    assert server.ok("/images/field/thumbnail.jpg?size=90").image().size == (90, 70)
    assert server.ok("/images/planes/thumbnail.png?z=1&c=1").image().size == (130, 120)
    small = server.npy("/images/field/thumbnail.npy?size=9")
    assert small.shape == (7, 9)
    np.testing.assert_array_equal(small, server.npy("/images/field/region.npy?width=9&height=7"))
    assert server.get("/images/field/thumbnail.png?size=9999").status == 400


def test_geojson_comes_back_with_statistics(server):
    square = [[10, 20], [60, 20], [60, 50], [10, 50], [10, 20]]
    hole = [[20, 30], [30, 30], [30, 40], [20, 40], [20, 30]]
    inside = np.zeros(FIELD.shape, bool)
    inside[20:50, 10:60] = True
    inside[30:40, 20:30] = False
    feature = {
        "type": "Feature",
        "id": 7,
        "properties": {"name": "a"},
        "geometry": {"type": "Polygon", "coordinates": [square, hole]},
    }
    document = {"type": "FeatureCollection", "features": [feature, feature]}

    def ask(document):
        content = json.dumps(document).encode()
        return server.get(
            "/images/field/statistics", {"Content-Type": "application/geo+json"}, "POST", content
        )

    answer = ask(document).json()
    assert len(answer["features"]) == 2
    told = answer["features"][1]
    assert (told["id"], told["properties"]["name"]) == (7, "a")
    assert told["geometry"] == feature["geometry"]
    found = told["properties"]["statistics"]
    assert found["pixels"] == inside.sum()
    assert found["channels"][0]["mean"] == pytest.approx(FIELD[inside].astype(float).mean(), abs=1e-9)
    assert ask(feature["geometry"]).json()["properties"]["statistics"]["pixels"] == inside.sum()
    for wrong in ({"type": "Point", "coordinates": [1, 2]}, {}, [], {"type": "FeatureCollection"}):
        reply = ask(wrong)
        assert (reply.status, reply.media_type) == (400, "application/problem+json"), wrong


@pytest.mark.parametrize("orientation", ["horizontal", "vertical"])
def test_colorbars_are_the_colours_of_the_image(server, orientation):
    query = f"colormap=magma&vmin=-2&vmax=2&orientation={orientation}&length=256&label=height%20%3Cm%3E"
    png = np.asarray(server.ok(f"/images/field/colorbar.png?{query}").image().convert("RGB"))
    table = mpl.colormaps["magma"](np.arange(256), bytes=True)[:, :3]
    along = png[32, :] if orientation == "horizontal" else png[::-1, 32]
    start = next(at for at, pixel in enumerate(along) if np.array_equal(pixel, table[0]))
    np.testing.assert_array_equal(along[start : start + 256], table)
    svg = server.ok(f"/images/field/colorbar.svg?{query}")
    assert svg.media_type == "image/svg+xml"
    drawing = svg.body.decode()
    texts = [html.unescape(text) for text in re.findall(r">([^<]*)</text>", drawing)]
    assert texts[-1] == "height <m>"
    numbers = [float(text) for text in texts[:-1]]
    assert numbers[0] == -2
    assert numbers[-1] == 2
    assert len(set(np.diff(numbers))) == 1
    assert f'width="{png.shape[1]}" height="{png.shape[0]}"' in drawing


def test_colorbars_of_maps_and_what_has_none(server):
    assert server.ok("/colormaps/viridis/colorbar.svg?vmin=0&vmax=5").media_type == "image/svg+xml"
    assert server.get("/colormaps/nope/colorbar.svg").status == 404
    assert server.get("/images/field/colorbar.gif").status == 404
    for wrong in (
        "/images/photo/colorbar.svg",
        "/images/field/colorbar.svg?length=9",
        "/images/planes/colorbar.svg",
    ):
        assert server.get(wrong).status == 400, wrong
    assert server.ok("/images/planes/colorbar.svg?c=1").status == 200


def test_capabilities_are_read_by_owslib(server):
    service = WebMapTileService("", xml=server.ok("/wmts/1.0.0/WMTSCapabilities.xml").body)
    assert set(service.contents) == {"field", "planes", "photo"}
    layer = service.contents["field"]
    assert "image/png" in layer.formats
    for name in layer.tilematrixsetlinks:
        matrices = service.tilematrixsets[name].tilematrix
        for matrix in matrices.values():
            assert (matrix.tilewidth, matrix.tileheight) == (256, 256)
            assert matrix.matrixwidth >= 1
    template = next(each for each in layer.resourceURLs if each["format"] == "image/png")["template"]
    link = next(iter(layer.tilematrixsetlinks))
    address = template.format(
        TileMatrixSet=link, TileMatrix=0, TileRow=0, TileCol=0, style="default", Style="default"
    )
    tile = server.ok(address.split(f":{server.port}")[-1])
    assert Image.open(BytesIO(tile.body)).size == (256, 256)


def test_metrics_count_what_was_asked(server):
    for _ in range(3):
        server.ok("/images/photo/0/0/0.jpg?quality=33")
    assert server.get("/images/none").status == 404
    text = server.ok("/metrics").body.decode()
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    assert found['projectile_requests_total{protocol="tiles",status="200"}'] >= 3
    assert found['projectile_requests_total{protocol="describe",status="404"}'] >= 1
    assert found["projectile_tile_cache_hits_total"] >= 2
    assert found["projectile_resident_memory_bytes"] > 1 << 20
    assert found["projectile_images"] == 3
    assert found["projectile_requests_in_flight"] == 1
    count = 'projectile_request_duration_seconds_count{protocol="tiles"}'
    assert found[count] >= 3
    assert text.endswith("# EOF\n")


def test_requests_have_names_and_lines_in_the_log(tmp_path):
    with Server(*save(tmp_path, {"field": FIELD}), "--log", "json") as server:
        assert server.get("/images", {"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
        other = server.get("/images/field/0/0/0.png?token=secret").headers["x-request-id"]
        assert server.get("/nothing", {"X-Request-ID": "a b"}).headers["x-request-id"] not in ("a b", other)
        lines = [json.loads(line) for line in server.stderr().splitlines()]
        answered = [line for line in lines if line.get("message") == "answered"]
        assert [line["status"] for line in answered] == [200, 200, 404]
        assert answered[0]["id"] == "mine-1"
        assert answered[1]["id"] == other
        assert answered[1]["path"] == "/images/field/0/0/0.png"
        assert answered[1]["protocol"] == "tiles"
        assert answered[1]["bytes"] > 100
        assert answered[1]["milliseconds"] > 0
        assert answered[1]["peer"] == "127.0.0.1"
        assert "secret" not in server.stderr()


def test_documents_are_compressed_for_those_who_take_it(server):
    plain = server.get("/api/openapi.json")
    short = server.get("/api/openapi.json", {"Accept-Encoding": "br, gzip"})
    assert short.headers["content-encoding"] == "gzip"
    assert gzip.decompress(short.body) == plain.body
    assert len(short.body) < len(plain.body) / 4
    assert short.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in short.headers["vary"]
    again = server.get(
        "/api/openapi.json", {"Accept-Encoding": "gzip", "If-None-Match": short.headers["etag"]}
    )
    assert again.status == 304
    head = server.get("/api/openapi.json", {"Accept-Encoding": "gzip"}, "HEAD")
    assert int(head.headers["content-length"]) == len(short.body)
    assert (
        "content-encoding" not in server.get("/images/field/0/0/0.png", {"Accept-Encoding": "gzip"}).headers
    )
