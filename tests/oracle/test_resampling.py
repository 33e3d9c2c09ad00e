"""What becomes of a block of pixels."""

import numpy as np
import pytest
from harness import Server, save
from oracle import gray, max_zoom, placed, reduce, same_picture, tile, weighed
from PIL import Image

SHAPE = (517, 389)  # one-pixel leftovers at several depths


def pictures() -> dict[str, np.ndarray]:
    """Make the byte pictures whose averages are checked at every depth."""
    rng = np.random.default_rng(3)
    rows, columns = np.indices(SHAPE)
    made = {
        "random": rng.integers(0, 256, SHAPE),
        "dark": rng.integers(0, 2, SHAPE),
        "black": np.zeros(SHAPE),
        "one": np.ones(SHAPE),
        "odd": np.full(SHAPE, 127),
        "white": np.full(SHAPE, 255),
        "across": columns * 255 // (SHAPE[1] - 1),
        "down": rows * 255 // (SHAPE[0] - 1),
        "checkers": (rows + columns) % 2 * 255,
        "stripes": columns % 2,
        "edge": np.where((rows == SHAPE[0] - 1) | (columns == SHAPE[1] - 1), 255, 3),
        "colour": rng.integers(0, 256, (*SHAPE, 3)),
        "alpha": rng.integers(0, 256, (*SHAPE, 4)),
        "leftover": rng.integers(0, 256, (257, 129)),
        "leftovercolour": rng.integers(0, 256, (129, 257, 3)),
    }
    return {name: array.astype(np.uint8) for name, array in made.items()}


def floats() -> dict[str, np.ndarray]:
    """Make floating-point fields, with and without holes."""
    rng = np.random.default_rng(4)
    field = rng.normal(0, 1, (333, 257))
    holed = np.where(rng.uniform(size=field.shape) < 0.3, np.nan, field)
    holed[:64, :64] = np.nan
    offset = field + 1e6
    return {
        "plain32": field.astype(np.float32),
        "holed32": holed.astype(np.float32),
        "offset32": offset.astype(np.float32),
        "holed64": holed,
        "offset64": offset,
    }


def labels() -> dict[str, np.ndarray]:
    """Make what `mode`, the extremes and `nearest` are for."""
    rng = np.random.default_rng(5)
    shape = (131, 70)
    made: dict[str, np.ndarray] = {}
    for dtype in ("uint8", "int16", "uint32", "int64", "uint64"):
        least = 0 if dtype.startswith("u") else -2
        made[f"few_{dtype}"] = rng.integers(least, 3, shape).astype(dtype)
        limits = np.iinfo(dtype)
        made[f"wide_{dtype}"] = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    made["few_float32"] = np.where(rng.uniform(size=shape) < 0.2, np.nan, rng.integers(0, 3, shape)).astype(
        "f4"
    )
    made["few_bool"] = rng.integers(0, 2, shape).astype(bool)
    return made


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    return {**pictures(), **floats(), **labels()}


@pytest.fixture(scope="module")
def server(arrays, tmp_path_factory):
    with Server(*save(tmp_path_factory.mktemp("resampling"), arrays)) as server:
        yield server


@pytest.mark.parametrize("name", sorted(pictures()))
def test_average_within_one_at_every_depth(server, arrays, name):
    array, at = arrays[name], server.at(name)
    for power in range(max_zoom(*array.shape[:2]) + 1):
        f, s = 1 << power, 1 << (max_zoom(*array.shape[:2]) - power)
        exact = reduce(array, f, "average").values
        raw = server.npy(f"{at}/0/0/0/{s}.npy?resampling=average").reshape(exact.shape)
        assert raw.dtype == np.uint8
        assert np.abs(raw - exact).max() <= 1, (name, f, np.abs(raw - exact).max())
        shown = server.rgba(f"{at}/0/0/0/{s}.png?resampling=average")
        inside = shown[: exact.shape[0], : exact.shape[1]]
        if name == "alpha":  # where alpha is 0 colours need not be kept
            seen = inside[..., 3] > 0
            assert np.abs(inside - exact)[seen].max() <= 1, (name, f)
            assert np.abs(inside - exact)[..., 3].max() <= 1, (name, f)
        else:
            colours = exact if array.ndim == 3 else exact[..., None]
            assert np.abs(inside[..., :3] - colours).max() <= 1, (name, f)
            assert (inside[..., 3] == 255).all()
        assert (shown[exact.shape[0] :, :, 3] == 0).all()
        assert (shown[:, exact.shape[1] :, 3] == 0).all()


@pytest.mark.parametrize("name", ["black", "one", "odd", "white"])
def test_a_constant_stays_what_it_is(server, arrays, name):
    for s in (1, 2, 16, 128):
        raw = server.npy(f"{server.at(name)}/0/0/0/{s}.npy")
        assert (raw == arrays[name][0, 0]).all(), (name, s)


@pytest.mark.parametrize("name", sorted(pictures()))
def test_average_of_tiles_inside(server, arrays, name):
    array, at = arrays[name], server.at(name)
    for z, x, y, s in [(1, 0, 0, 64), (1, 0, 1, 16), (2, 1, 2, 32), (2, 1, 1, 4), (3, 3, 4, 1)]:
        exact = tile(array, z, x, y, s).values
        raw = server.npy(f"{at}/{z}/{x}/{y}/{s}.npy?resampling=average")
        if exact.size:
            assert np.abs(raw.reshape(exact.shape) - exact).max() <= 1, (name, z, x, y, s)


def test_a_pictures_colours_are_weighed_by_their_alpha(tmp_path, rng):
    array = rng.integers(0, 256, (*SHAPE, 4), np.uint8)
    array[:100, :100, 3] = 0
    array[100:200, :, 3] = rng.integers(0, 2, (100, SHAPE[1])) * 255
    path = tmp_path / "rgba.png"
    Image.fromarray(array).save(path)
    with Server(path) as server:
        for power in range(11):
            f, s = 1 << power, 1 << (10 - power)
            colour, alpha = weighed(array, f)
            for shown in (server.rgba(f"/0/0/0/{s}.png"), server.npy(f"/0/0/0/{s}.npy")):
                got = shown[: alpha.shape[0], : alpha.shape[1]].astype(float)
                assert np.abs(got[..., 3:] - alpha).max() <= 1, f
                seen = np.broadcast_to(alpha >= 1, colour.shape)
                assert np.abs(got[..., :3] - colour)[seen].max() <= 1, f


@pytest.mark.parametrize("name", sorted(floats()))
def test_average_of_floats(server, arrays, name):
    array, at = arrays[name], server.at(name)
    deepest = max_zoom(*array.shape)
    for power in range(deepest + 1):
        f, s = 1 << power, 1 << (deepest - power)
        exact, valid = reduce(array, f, "average")
        raw = server.npy(f"{at}/0/0/0/{s}.npy?resampling=average").reshape(exact.shape)
        assert raw.dtype == array.dtype
        np.testing.assert_array_equal(
            np.isnan(raw), ~valid, err_msg=f"{name} {f}: a hole is a block of holes"
        )
        size = np.maximum(reduce(np.abs(array), f, "average").values, 1e-30)
        assert (np.abs(raw - exact) / size)[valid].max() <= 1e-6, (name, f)


@pytest.mark.parametrize("how", ["max", "min", "nearest", "mode"])
@pytest.mark.parametrize("name", [*sorted(labels()), "random", "colour", "holed32", "holed64"])
def test_exact_kinds_at_every_depth(server, arrays, name, how):
    array, at = arrays[name], server.at(name)
    deepest = max_zoom(*array.shape[:2])
    for power in range(deepest + 1):
        f, s = 1 << power, 1 << (deepest - power)
        values, valid = reduce(array, f, how)
        raw = server.npy(f"{at}/0/0/0/{s}.npy?resampling={how}").reshape(values.shape)
        assert raw.dtype == array.dtype
        np.testing.assert_array_equal(raw[valid], values[valid], err_msg=f"{name} {how} {f}")
        if array.dtype.kind == "f":
            assert np.isnan(raw[~valid]).all()


@pytest.mark.parametrize("name", ["few_uint8", "few_int16", "few_bool", "random", "few_float32", "plain32"])
def test_sum(server, arrays, name):
    array, at = arrays[name], server.at(name)
    deepest = max_zoom(*array.shape)
    for power in range(deepest + 1):
        f, s = 1 << power, 1 << (deepest - power)
        values, valid = reduce(array, f, "sum")
        raw = server.npy(f"{at}/0/0/0/{s}.npy?resampling=sum").reshape(values.shape).astype(np.float64)
        size = np.maximum(np.abs(values.astype(float)), 1)
        assert (np.abs(raw - values) / size)[valid].max() <= 1e-5, (name, f)
        if array.dtype.kind != "f":
            np.testing.assert_array_equal(raw[valid], values[valid], err_msg=f"{name} {f}")


def test_a_hole_is_transparent_and_stays_out_of_its_neighbours(server, arrays):
    array, at = arrays["holed32"], server.at("holed32")
    deepest = max_zoom(*array.shape)
    for power in (0, 2, 5):
        f, s = 1 << power, 1 << (deepest - power)
        _, valid = reduce(array, f, "average")
        got = server.rgba(f"{at}/0/0/0/{s}/viridis/-1/1.png")
        wanted = placed(gray(np.zeros(valid.shape), valid), s)
        np.testing.assert_array_equal(got[..., 3], wanted[..., 3], err_msg=str(f))


def test_a_provisional_tile_is_not_stored_and_becomes_exact(tmp_path, rng):
    array = rng.integers(0, 60_000, (7000, 9000), np.uint16)
    with Server(*save(tmp_path, {"large": array})) as server:
        at = server.at("large")
        first = server.get(f"{at}/0/0/0.npy")
        assert first.status == 200
        assert first.provisional, "the pyramid of 63 million pixels cannot be ready at once"
        assert first.headers["cache-control"] == "no-store"
        exact = reduce(array, 64, "average").values
        again = server.ok(f"{at}/0/0/0.npy")
        assert "no-store" not in again.headers["cache-control"]
        assert np.abs(again.npy().reshape(exact.shape) - exact).max() <= 1
        assert server.json(at)["provisional"] is False


def test_the_default_is_average_for_pictures_and_can_be_changed(tmp_path, arrays):
    array = arrays["random"]
    with Server(*save(tmp_path, {"a": array}), "--resampling", "max") as server:
        assert server.json(server.at("a"))["resampling"] == "max"
        values, valid = reduce(array, 16, "max")
        same_picture(server.rgba("/0/0/0/64.png"), placed(gray(values, valid), 64))
