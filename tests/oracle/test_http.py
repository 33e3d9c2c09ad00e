"""The HTTP contract: headers, revalidation, errors, and the original's faults as regression tests."""

import json

import numpy as np
import pytest
from harness import Server, binary, run, save


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    rng = np.random.default_rng(21)
    arrays = {
        "a": rng.integers(0, 256, (300, 500), np.uint8),
        "b": rng.normal(size=(300, 500)).astype(np.float32),
        "c": rng.integers(0, 256, (300, 500, 3), np.uint8),
    }
    with Server(*save(tmp_path_factory.mktemp("http"), arrays)) as server:
        yield server


# What is asked for, the status, and the parameter that must be named (None: whichever).
MALFORMED = [
    ("/0/0/0/1048576.png", 400, "s"),
    ("/0/0/0/8192.png", 400, "s"),
    ("/0/0/0/300.png", 400, "s"),
    ("/0/0/0/0.png", 400, "s"),
    ("/0/0/0/99999999999999999999.png", 400, "s"),
    ("/0/0/0/-256.png", 400, None),
    ("/10/0/0.png", 404, None),
    ("/63/0/0.png", 404, None),
    ("/64/0/0.png", 404, None),
    ("/99999999999999999999/0/0.png", None, None),
    ("/0/1/0.png", 404, None),
    ("/0/0/1.png", 404, None),
    ("/1/2/0.png", 404, None),
    ("/0/99999999999999999999/0.png", None, None),
    ("/-1/0/0.png", None, None),
    ("/0/-1/0.png", None, None),
    ("/a/0/0.png", None, None),
    ("/0/0/0x10.png", None, None),
    ("/0/0/0.5.png", None, None),
    ("/0/0/0.exe", None, None),
    ("/0/0/0", None, None),
    ("/0/0/.png", None, None),
    ("/0//0.png", None, None),
    ("/0/0/0/256/nosuch/0/1.png", 400, "colormap"),
    ("/0/0/0/256/VIRIDIS!/0/1.png", 400, None),
    ("/0/0/0/256/viridis/nan/1.png", 400, "vmin"),
    ("/0/0/0/256/viridis/0/nan.png", 400, "vmax"),
    ("/0/0/0/256/viridis/inf/1.png", 400, "vmin"),
    ("/0/0/0/256/viridis/0/-inf.png", 400, "vmax"),
    ("/0/0/0/256/viridis/0/infinity.png", 400, "vmax"),
    ("/0/0/0/256/viridis/1e999/2.png", 400, "vmin"),
    ("/0/0/0/256/viridis/zero/1.png", 400, "vmin"),
    ("/0/0/0/256/viridis//1.png", None, None),
    ("/0/0/0/256/viridis/0.png", None, None),
    ("/0/0/0/300/viridis/0/1.png", 400, "s"),
    ("/0/0/0/256/viridis/2/1.png", 400, None),
    ("/0/0/0.png?resampling=bicubic", 400, "resampling"),
    ("/0/0/0.png?resampling=", 400, "resampling"),
    ("/0/0/0.png?colormap=nosuch", 400, "colormap"),
    ("/0/0/0.png?vmin=nan", 400, "vmin"),
    ("/0/0/0.png?vmax=inf", 400, "vmax"),
    ("/0/0/0.png?vmin=x", 400, "vmin"),
    ("/0/0/0.png?c=9", 400, "c"),
    ("/0/0/0.png?c=-1", 400, "c"),
    ("/0/0/0.jpg?quality=0", 400, "quality"),
    ("/0/0/0.jpg?quality=101", 400, "quality"),
    ("/0/0/0.jpg?quality=high", 400, "quality"),
    ("/0/0/0.png?effort=most", 400, "effort"),
    ("/0/0/0.png?bits=12", 400, "bits"),
    ("/0/0/0.jpg?background=red", 400, "background"),
    ("/0/0/0.jpg?background=12345", 400, "background"),
    ("/0/0/0.jpg?background=%ff%fe", 400, None),
    ("/0/0/0.png?vmin=%00", 400, None),
    ("/nothing/here", 404, None),
    ("/images/nosuch", 404, None),
    ("/images/nosuch/0/0/0.png", 404, None),
    ("/images/..%2f..%2fetc%2fpasswd", None, None),
    ("/images/%00", None, None),
    ("/images/%ff", None, None),
    ("/colormaps/nosuch.png", 404, None),
    ("/colormaps/viridis.bmp", None, None),
    ("/viewer/../../Cargo.toml", None, None),
    ("/viewer/%2e%2e/%2e%2e/Cargo.toml", None, None),
    ("/" + "a" * 5000, None, None),
    ("/0/0/0.png?" + "x=1&" * 2000, None, None),
]


@pytest.mark.parametrize(
    ("path", "status", "parameter"), MALFORMED, ids=[path[:50] for path, _, _ in MALFORMED]
)
def test_a_malformed_address_is_a_problem_that_names_what_is_wrong(server, path, status, parameter):
    reply = server.get(path)
    if path.startswith("/0/0/0.png?x=1"):
        assert reply.status in (200, 400, 414, 431), "unknown parameters are ignored, or there are too many"
        return
    assert 400 <= reply.status < 500, (reply.status, reply.body[:200])
    if status:
        assert reply.status == status, reply.body[:300]
    assert reply.media_type == "application/problem+json"
    problem = reply.json()
    assert problem["status"] == reply.status
    assert problem["title"]
    assert problem["detail"]
    if parameter:
        assert problem.get("parameter") == parameter, problem


def test_an_unknown_colormap_is_answered_with_what_there_is(server):
    assert "viridis" in server.get("/0/0/0/256/viridiss/0/1.png").json()["detail"]


def test_equal_limits_map_as_matplotlib_does(server):
    got = server.rgba(f"{server.at('b')}/0/0/0/512/viridis/5/5.png")[:300, :500]
    assert (got == [68, 1, 84, 255]).all()


def test_the_originals_faults_are_mended(tmp_path):
    array = np.array([[0, 1, 127], [254, 255, 128]], np.uint8)
    with Server(*save(tmp_path, {"a": array})) as server:
        got = server.rgba("/0/0/0/4.png")
        np.testing.assert_array_equal(got[:2, :3, 0], array)  # neither inverted nor off by one
        assert (got[2:, :, 3] == 0).all()  # no white beyond the edge
        assert server.ok("/0/0/0/1.png").rgba()[0, 0, 0] in (127, 128)  # zoomed-out tiles work, as a mean
        assert server.get("/1/1/1/4.png").status == 200  # inside the grid: empty, no error
        assert server.get("/3/0/0/4.png").status == 404  # deeper than there are pixels
        assert server.get("/0/0/0/3.png").status == 400
        assert server.host in ("127.0.0.1", "localhost")


def test_tiles_can_be_revalidated(server):
    path = f"{server.at('a')}/0/0/0/64.png"
    first = server.ok(path)
    assert first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    for tag in (first.headers["etag"], f'"other", {first.headers["etag"]}'):
        again = server.get(path, {"If-None-Match": tag})
        assert (again.status, again.body) == (304, b""), tag
        assert again.headers["etag"] == first.headers["etag"]
    assert server.get(path, {"If-None-Match": '"other"'}).status == 200
    other = server.ok(f"{server.at('a')}/0/0/0/64.png?resampling=max")
    assert other.headers["etag"] != first.headers["etag"]


def test_the_right_version_is_cacheable_for_ever(server):
    at = server.at("a")
    version = server.json(at)["version"]
    kept = server.ok(f"{at}/0/0/0.png?v={version}")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    stale = server.final(f"{at}/0/0/0.png?v=0000")
    assert "immutable" not in stale.headers.get("cache-control", "")


def test_head_is_get_without_a_body(server):
    for path in ("/0/0/0.png", "/images", "/", "/healthz", server.at("b"), "/0/0/0.npy"):
        get, head = server.final(path), server.get(path, method="HEAD")
        assert (head.status, head.body) == (get.status, b""), path
        for name in ("content-type", "etag"):
            assert head.headers.get(name) == get.headers.get(name), path


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(server, method):
    assert server.get("/0/0/0.png", method=method).status in (204, 405)


def test_a_foreign_host_is_refused(server):
    for host in (
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "a b",
    ):
        reply = server.get("/images", {"Host": host})
        assert 400 <= reply.status < 500, host
    for host in (f"127.0.0.1:{server.port}", f"localhost:{server.port}"):
        assert server.get("/images", {"Host": host}).status == 200, host


def test_descriptions(server):
    listed = server.json("/images")
    assert listed["tile_size"] == 256
    assert listed["version"]
    for image in listed["images"]:
        assert set(image) >= {
            "id",
            "name",
            "width",
            "height",
            "channels",
            "dtype",
            "kind",
            "format",
            "version",
        }
        info = server.json(f"/images/{image['id']}")
        for key in ("id", "name", "version", "format", "width", "height", "dtype", "kind"):
            assert info[key] == image[key]
        keys = "shape axes channels extra_axes max_zoom tile_size native_zoom levels provisional resampling"
        keys += " resamplings colormap window statistics nodata details"
        assert set(info) >= set(keys.split())
        assert set(info["resamplings"]) == {"average", "max", "min", "nearest", "mode", "sum"}
        factors = [level["factor"] for level in info["levels"]]
        assert factors == sorted(factors)
        assert factors[0] == 1
    assert {image["kind"] for image in listed["images"]} == {"gray", "rgb"}


def test_health_and_page(server):
    assert server.json("/healthz")["status"] == "ok"
    page = server.ok("/")
    assert page.media_type == "text/html"
    assert b"<html" in page.body.lower()


def test_a_client_page_has_its_variables_filled(tmp_path):
    (array,) = save(tmp_path, {"a": np.zeros((10, 10), np.uint8)})
    page = tmp_path / "page.html"
    page.write_text("<html>{{ tile_size }}|{{ cmap_string }}|{{tile_size}}</html>")
    with Server(
        array, "--client", page, "-t", "128", "-c", "viridis", "--vmin", "0", "--vmax", "255"
    ) as server:
        text = server.ok("/").body.decode()
        assert text.startswith("<html>128|/viridis/0/255|")
        assert server.ok("/0/0/0/128/viridis/0/255.png").rgba().shape == (128, 128, 4)
    with Server(array, "--client", page, "--tile_size", "64") as server:
        assert server.ok("/").body.decode().startswith("<html>64||")
        assert server.ok("/0/0/0.png").rgba().shape == (64, 64, 4)


def test_info_tells_what_a_file_is(tmp_path):
    (path,) = save(tmp_path, {"a": np.zeros((30, 20, 3), np.uint16)})
    told = run("info", path, "--json")
    assert told.returncode == 0, told.stderr
    facts = json.loads(told.stdout)
    facts = facts[0] if isinstance(facts, list) else facts.get("images", [facts])[0]
    assert (facts["width"], facts["height"], facts["dtype"]) == (20, 30, "uint16")
    text = run("info", path)
    assert text.returncode == 0
    assert "uint16" in text.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--no-such-flag"], 2),
        (["a.npy", "-t", "300"], 2),
        (["a.npy", "-p", "70000"], 2),
        (["a.npy", "-c", "nosuch"], 2),
        (["a.npy", "--resampling", "bicubic"], 2),
        (["missing.npy"], 1),
        (["--version"], 0),
        (["--help"], 0),
    ],
    ids=str,
)
def test_exit_codes(tmp_path, monkeypatch, arguments, code):
    save(tmp_path, {"a": np.zeros((10, 10), np.uint8)})
    monkeypatch.chdir(tmp_path)
    program = binary()
    assert program
    done = run(*arguments, timeout=20)
    assert done.returncode == code, done.stderr
    assert (done.stdout if code == 0 else done.stderr).strip()


def test_a_taken_port_is_a_clear_error(tmp_path, server):
    (path,) = save(tmp_path, {"a": np.zeros((10, 10), np.uint8)})
    done = run(path, "-p", str(server.port), timeout=20)
    assert done.returncode == 1
    assert str(server.port) in done.stderr
