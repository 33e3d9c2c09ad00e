"""Tiles whose axes are at zooms of their own."""

import numpy as np
import pytest
from harness import Server, save
from oracle import max_zoom

SHAPE = (5003, 301)
S = 64


def halved(array: np.ndarray, rows: int, columns: int, ufunc: np.ufunc) -> np.ndarray:
    """Reduce blocks of rows × columns, the last ones of whatever is left."""
    down = ufunc.reduceat(array, np.arange(0, array.shape[0], rows), axis=0)
    return ufunc.reduceat(down, np.arange(0, array.shape[1], columns), axis=1)


def mean(array: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Average the valid samples of each block; NaN where there are none."""
    valid = ~np.isnan(array)
    total = halved(np.where(valid, array, 0).astype(np.float64), rows, columns, np.add)
    count = halved(valid.astype(np.int64), rows, columns, np.add)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    field = rng.normal(0, 1, SHAPE).astype(np.float32)
    field[rng.uniform(size=SHAPE) < 0.2] = np.nan
    return {
        "field": field,
        "bytes": rng.integers(0, 256, SHAPE, dtype=np.uint8),
        "counts": rng.integers(0, 1 << 30, (301, 5003), dtype=np.uint32),
        "colour": rng.integers(0, 256, (*SHAPE, 3), dtype=np.uint8),
    }


@pytest.fixture(scope="module")
def server(arrays, tmp_path_factory):
    with Server(*save(tmp_path_factory.mktemp("anisotropic"), arrays)) as server:
        yield server


def tiles(array: np.ndarray, zx: int, zy: int) -> list[tuple[int, int]]:
    """Give the first, a middle and the last tile (x, y) that hold any of the image."""
    cover = [1 << (max_zoom(*array.shape[:2]) - z) for z in (zy, zx)]
    last = [(size - 1) // c for size, c in zip(array.shape, cover, strict=False)]
    return sorted({(0, 0), (last[1] // 2, last[0] // 2), (last[1], last[0])})


def cut(array: np.ndarray, zx: int, zy: int, x: int, y: int) -> np.ndarray:
    deepest = max_zoom(*array.shape[:2])
    down, across = 1 << (deepest - zy), 1 << (deepest - zx)
    return array[y * down : (y + 1) * down, x * across : (x + 1) * across]


# The last zoom of tiles of 64 pixels is 7.
@pytest.mark.parametrize(("zx", "zy"), [(7, 1), (7, 6), (7, 0), (1, 7), (0, 7)])
@pytest.mark.parametrize("name", ["field", "bytes", "counts", "colour"])
def test_where_one_axis_is_not_reduced_it_is_exact(server, arrays, name, zx, zy):
    array, at = arrays[name], server.at(name)
    rows, columns = 1 << (7 - zy), 1 << (7 - zx)
    for x, y in tiles(array, zx, zy):
        part = cut(array, zx, zy, x, y)
        address = f"{at}/{zx},{zy}/{x}/{y}/{S}.npy"
        for how, ufunc in (("max", np.fmax), ("min", np.fmin)):
            got = server.npy(f"{address}?resampling={how}").squeeze()
            np.testing.assert_array_equal(got, halved(part, rows, columns, ufunc).squeeze(), err_msg=how)
        first = server.npy(f"{address}?resampling=nearest").squeeze()
        np.testing.assert_array_equal(first, part[::rows, ::columns].squeeze())
        exact = mean(part, rows, columns).squeeze()
        got = server.npy(f"{address}?resampling=average").squeeze()
        assert got.dtype == array.dtype
        tolerance = 1e-6 if array.dtype.kind == "f" else 0.5 + 1e-9
        np.testing.assert_allclose(got, exact, rtol=1e-6 if name == "field" else 0, atol=tolerance)


@pytest.mark.parametrize(("zx", "zy"), [(5, 1), (2, 6)])
def test_where_both_are_reduced_extremes_are_exact_and_averages_nearly(server, arrays, zx, zy):
    rows, columns = 1 << (7 - zy), 1 << (7 - zx)
    for x, y in tiles(arrays["bytes"], zx, zy):
        part = cut(arrays["bytes"], zx, zy, x, y)
        address = f"{server.at('bytes')}/{zx},{zy}/{x}/{y}/{S}.npy"
        greatest = server.npy(f"{address}?resampling=max").squeeze()
        np.testing.assert_array_equal(greatest, halved(part, rows, columns, np.maximum).squeeze())
        got = server.npy(f"{address}?resampling=average").squeeze().astype(float)
        # All but the last row and column are of whole blocks, each rounded twice.
        exact = mean(part.astype(float), rows, columns).squeeze()
        assert np.abs(got - exact)[:-1, :-1].max(initial=0) <= 1


def test_a_picture_is_placed_like_any_other(server, arrays):
    shown = server.rgba(f"{server.at('colour')}/7,1/4/0/{S}.png?resampling=nearest")
    part = cut(arrays["colour"], 7, 1, 4, 0)[::64]
    assert shown.shape == (S, S, 4)
    np.testing.assert_array_equal(shown[: part.shape[0], : part.shape[1], :3], part)
    assert (shown[: part.shape[0], : part.shape[1], 3] == 255).all()
    assert (shown[:, part.shape[1] :, 3] == 0).all()
    assert (shown[part.shape[0] :, :, 3] == 0).all()


def test_equal_zooms_are_the_tile_itself(server):
    at = server.at("bytes")
    same = server.npy(f"{at}/3,3/0/2/{S}.npy")
    np.testing.assert_array_equal(same, server.npy(f"{at}/3/0/2/{S}.npy"))


@pytest.mark.parametrize(
    ("tail", "status", "parameter"),
    [
        ("8,7/0/0/64.png", 400, "z"),
        ("13,4/0/0/64.png", 400, "z"),
        ("9,0/0/0/16.png", 400, "z"),
        ("3,4/8/0/64.png", 404, None),
        ("3,x/0/0/64.png", 400, "z"),
        ("3,4,5/0/0/64.png", 400, "z"),
        ("99,4/0/0/64.png", 404, None),
    ],
)
def test_what_is_no_tile_is_refused(server, tail, status, parameter):
    answer = server.get(f"{server.at('bytes')}/{tail}")
    assert answer.status == status
    assert answer.json().get("parameter") == parameter
