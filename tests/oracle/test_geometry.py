"""Which source pixels a tile shows, at every zoom and tile size, for shapes of every kind."""

import numpy as np
import pytest
from harness import Server, save
from hypothesis import given
from hypothesis import strategies as st
from oracle import gray, max_zoom, placed, same_picture, tile

SHAPES = [(1, 1), (1, 5), (5, 1), (2, 3), (3, 2), (7, 13), (256, 256), (255, 257), (511, 300), (1000, 37)]


def name(shape: tuple[int, int]) -> str:
    return f"s{shape[0]}x{shape[1]}"


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name(shape): rng.integers(0, 256, shape, np.uint8) for shape in SHAPES}


@pytest.fixture(scope="module")
def server(arrays, tmp_path_factory):
    with Server(*save(tmp_path_factory.mktemp("geometry"), arrays)) as server:
        yield server


def some_tiles(array: np.ndarray, z: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Give the corners and a few others of the tiles that touch the image."""
    size = 1 << (max_zoom(*array.shape) - z)
    rows, columns = -(-array.shape[0] // size), -(-array.shape[1] // size)
    corners = {(0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1)}
    others = {(int(rng.integers(columns)), int(rng.integers(rows))) for _ in range(3)}
    return sorted(corners | others)


@pytest.mark.parametrize("shape", SHAPES, ids=name)
@pytest.mark.parametrize("how", ["max", "min", "nearest"])
def test_every_zoom_shows_its_rectangle(server, arrays, rng, shape, how):
    array, at = arrays[name(shape)], server.at(name(shape))
    for z in range(max_zoom(*shape) + 1):
        for x, y in some_tiles(array, z, rng):
            got = server.rgba(f"{at}/{z}/{x}/{y}.png?resampling={how}")
            wanted = placed(gray(*tile(array, z, x, y, 256, how)), 256)
            same_picture(got, wanted, (shape, how, z, x, y))


@pytest.mark.parametrize("shape", SHAPES, ids=name)
def test_description_states_the_geometry(server, shape):
    info = server.json(server.at(name(shape)))
    assert (info["height"], info["width"]) == shape
    assert info["max_zoom"] == max_zoom(*shape)
    assert info["native_zoom"] == max(0, max_zoom(*shape) - 8)
    assert info["tile_size"] == 256


@pytest.mark.parametrize("shape", SHAPES, ids=name)
def test_inside_the_grid_empty_and_outside_not_found(server, shape):
    at, deepest = server.at(name(shape)), max_zoom(*shape)
    for z in range(deepest + 1):
        size = 1 << (deepest - z)
        side = 1 << z
        rows, columns = -(-shape[0] // size), -(-shape[1] // size)
        for x, y in {(columns, 0), (0, rows), (side - 1, side - 1)}:
            if (x < side and y < side) and (x >= columns or y >= rows):
                reply = server.ok(f"{at}/{z}/{x}/{y}.png")
                assert (reply.rgba()[..., 3] == 0).all(), (z, x, y)
                assert 0 in server.npy(f"{at}/{z}/{x}/{y}.npy").shape
        for x, y in [(side, 0), (0, side), (side, side), (2**40, 0)]:
            assert server.get(f"{at}/{z}/{x}/{y}.png").status == 404, (z, x, y)
    assert server.get(f"{at}/{deepest + 1}/0/0.png").status == 404
    assert server.get(f"{at}/64/0/0.png").status == 404
    assert server.get(f"{at}/4000000000/0/0.png").status == 404


@pytest.mark.parametrize("s", [2**power for power in range(13)])
def test_every_tile_size(server, arrays, s):
    array, at = arrays["s511x300"], server.at("s511x300")
    deepest = max_zoom(*array.shape)
    zooms = (0, 1, 4, deepest) if s <= 1024 else (0, deepest)
    for z in zooms:
        got = server.rgba(f"{at}/{z}/0/0/{s}.png?resampling=max")
        same_picture(got, placed(gray(*tile(array, z, 0, 0, s, "max")), s), (s, z))


def test_the_root_serves_the_first_image(server):
    first = server.images[0]["id"]
    for tail in ("/0/0/0.png", "/0/0/0/64.png", "/0/0/0/64/viridis/0/255.png"):
        assert server.ok(tail).body == server.ok(f"/images/{first}{tail}").body


@given(data=st.data())
def test_any_tile_of_any_shape(server, arrays, data):
    stem = data.draw(st.sampled_from(sorted(arrays)))
    array = arrays[stem]
    z = data.draw(st.integers(0, max_zoom(*array.shape)))
    x, y = (data.draw(st.integers(0, (1 << z) - 1)) for _ in "xy")
    s = 1 << data.draw(st.integers(0, 9))
    how = data.draw(st.sampled_from(["max", "min", "nearest", "mode"]))
    part = tile(array, z, x, y, s, how)
    raw = server.npy(f"{server.at(stem)}/{z}/{x}/{y}/{s}.npy?resampling={how}")
    if part.values.size:
        assert raw.dtype == np.uint8
        np.testing.assert_array_equal(raw.reshape(part.values.shape), part.values)
    else:
        assert raw.size == 0
    got = server.rgba(f"{server.at(stem)}/{z}/{x}/{y}/{s}.png?resampling={how}")
    pixels = gray(*part) if part.values.size else np.zeros((0, 0, 4), np.uint8)
    same_picture(got, placed(pixels, s), (stem, z, x, y, s, how))


def test_a_long_thin_strip(tmp_path, rng):
    array = rng.integers(0, 256, (120_000, 80), np.uint8)
    with Server(*save(tmp_path, {"strip": array})) as server:
        assert server.json("/images/" + server.images[0]["id"])["max_zoom"] == 17
        for z in range(18):
            for x, y in some_tiles(array, z, rng):
                for how in ("max", "nearest"):
                    got = server.rgba(f"/{z}/{x}/{y}.png?resampling={how}")
                    same_picture(got, placed(gray(*tile(array, z, x, y, 256, how)), 256), (z, x, y, how))


def test_a_huge_sparse_array(tmp_path, rng):
    side = 200_000
    path = tmp_path / "huge.npy"
    header = np.lib.format.header_data_from_array_1_0(np.zeros((1, 1), np.uint8))
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {**header, "shape": (side, side)})
        start = file.tell()
        file.truncate(start + side * side)
        spots = {(0, 0), (side - 1, side - 1), (0, side - 1), (side - 1, 0)}
        spots |= {(int(rng.integers(side)), int(rng.integers(side))) for _ in range(12)}
        values = {spot: int(rng.integers(1, 256)) for spot in spots}
        for (row, column), value in values.items():
            file.seek(start + row * side + column)
            file.write(bytes([value]))
    with Server(path) as server:
        at = server.at("huge")
        info = server.json(at)
        assert (info["height"], info["width"], info["max_zoom"]) == (side, side, 18)
        native = info["native_zoom"]
        assert native == 10
        for (row, column), value in values.items():
            x, y = column // 256, row // 256
            reply = server.get(f"{at}/{native}/{x}/{y}.npy")
            assert reply.status == 200
            assert not reply.provisional, "full resolution is always exact"
            got = reply.npy()
            wanted = np.zeros((min(256, side - y * 256), min(256, side - x * 256)), np.uint8)
            for (r, c), poked in values.items():
                if r // 256 == y and c // 256 == x:
                    wanted[r % 256, c % 256] = poked
            np.testing.assert_array_equal(got.reshape(wanted.shape), wanted)
            told = server.json(f"{at}/value?x={column}&y={row}")
            assert told["values"] == [value]
        assert server.get(f"{at}/0/0/0.png").status == 200
        assert server.get(f"{at}/{native}/{side // 256 + 1}/0.png").status == 200
