"""Colours byte for byte as matplotlib gives them: every colormap, every dtype, every kind of window."""

import matplotlib as mpl
import numpy as np
import pytest
from harness import Server, save
from matplotlib.colors import Normalize
from oracle import is_valid, max_zoom, placed, reduce, same_picture

DTYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"]
FLOATS = ["float16", "float32", "float64"]
WINDOWS = [
    (0, 1),
    (0, 255),
    (-1.5, 2.5),
    (-100, -3),
    (1e-3, 2e-3),
    (5, 5),
    (0, 1e9),
    (-9.3e18, 9.3e18),
    (0.1, 0.7),
]
SIDE = 64


def painted(values: np.ndarray, cmap: str, vmin: float, vmax: float) -> np.ndarray:
    """Give matplotlib's own answer."""
    with np.errstate(all="ignore"):
        return mpl.colormaps[cmap](Normalize(vmin, vmax)(values), bytes=True)


def ramp(dtype: str) -> np.ndarray:
    """Make a picture of a type's extremes, of small numbers and of what is no number."""
    rng = np.random.default_rng(len(dtype))
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return rng.integers(0, 2, (SIDE, SIDE)).astype(bool)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        wide = rng.integers(limits.min, limits.max, (SIDE, SIDE), dtype=kind, endpoint=True)
        wide[::2] = rng.integers(0 if kind.kind == "u" else -120, 120, wide[::2].shape).astype(kind)
        wide[0, :4] = [limits.min, limits.max, 0, 1]
        return wide
    values = rng.normal(0, 1, (SIDE, SIDE)).astype(kind)
    values[1] = np.linspace(-2, 3, SIDE).astype(kind)
    values[2] = np.linspace(0, 3e-3, SIDE).astype(kind)
    values[3] = np.linspace(-110, 260, SIDE).astype(kind)
    limits = np.finfo(kind)
    special = [np.nan, np.inf, -np.inf, -0.0, limits.max, limits.min, limits.tiny, limits.smallest_subnormal]
    values[4, : len(special)] = np.array(special, kind)
    values[5, ::3] = np.nan
    return values


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    arrays = {dtype: ramp(dtype) for dtype in DTYPES + FLOATS}
    steps = np.linspace(-0.1, 1.1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    steps[-1, -3:] = [np.nan, np.inf, -np.inf]
    arrays["steps"] = steps
    every = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE) % 256
    arrays["full"] = every
    holed = every.copy()
    holed[10, 10] = np.nan
    arrays["holed"] = holed
    return arrays


@pytest.fixture(scope="module")
def server(arrays, tmp_path_factory):
    with Server(*save(tmp_path_factory.mktemp("colormaps"), arrays)) as server:
        yield server


def test_the_names_are_matplotlibs(server):
    told = server.json("/colormaps")["colormaps"]
    names = {colormap["name"] for colormap in told}
    assert not set(mpl.colormaps) - names, "missing"
    categories = {"sequential", "diverging", "cyclic", "qualitative", "miscellaneous"}
    assert {colormap["category"] for colormap in told} <= categories


@pytest.mark.parametrize("cmap", sorted(mpl.colormaps))
def test_every_colormap(server, arrays, cmap):
    got = server.rgba(f"{server.at('steps')}/0/0/0/{SIDE}/{cmap}/0/1.png")
    same_picture(got, painted(arrays["steps"], cmap, 0, 1), cmap)


@pytest.mark.parametrize("cmap", sorted(mpl.colormaps))
def test_every_strip(server, cmap):
    strip = server.rgba(f"/colormaps/{cmap}.png")
    assert strip.shape == (1, 256, 4)
    # Pixel i stands for i/256 to (i + 1)/256 of the map, so its colour is one of those there.
    within = [mpl.colormaps[cmap]((np.arange(256) + part) / 256, bytes=True) for part in (0, 0.5, 1)]
    assert np.any([(strip[0] == colours).all(-1) for colours in within], axis=0).all()
    if mpl.colormaps[cmap].N == 256:
        np.testing.assert_array_equal(strip[0], within[1])


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES + FLOATS)
def test_every_dtype_and_window(server, arrays, dtype, window):
    vmin, vmax = window
    for cmap in ("viridis", "gray", "tab10", "twilight_r"):
        got = server.rgba(f"{server.at(dtype)}/0/0/0/{SIDE}/{cmap}/{vmin!r}/{vmax!r}.png")
        same_picture(got, painted(arrays[dtype], cmap, vmin, vmax), (dtype, cmap, window))


@pytest.mark.parametrize("dtype", DTYPES + FLOATS)
def test_the_query_says_the_same_as_the_path(server, dtype):
    at = server.at(dtype)
    path = server.rgba(f"{at}/0/0/0/{SIDE}/magma/-1/3.5.png")
    query = server.rgba(f"{at}/0/0/0/{SIDE}.png?colormap=magma&vmin=-1&vmax=3.5")
    np.testing.assert_array_equal(path, query)


@pytest.mark.parametrize("dtype", DTYPES + FLOATS)
def test_reduced_then_coloured(server, arrays, dtype):
    array = arrays[dtype]
    for how in ("max", "nearest"):
        values, valid = reduce(array, 4, how)
        shown = painted(values, "viridis", -2, 3)
        shown[~valid] = 0
        got = server.rgba(f"{server.at(dtype)}/0/0/0/{SIDE // 4}/viridis/-2/3.png?resampling={how}")
        same_picture(got, shown, (dtype, how))


def test_magnified_and_cut_at_the_edge(server, arrays):
    array = arrays["steps"][:, :40]
    assert max_zoom(*array.shape) == 6
    at = server.at("steps")
    got = server.rgba(f"{at}/3/7/7/32/plasma/0/1.png")
    wanted = painted(arrays["steps"][56:, 56:].repeat(4, 0).repeat(4, 1), "plasma", 0, 1)
    same_picture(got, placed(wanted, 32), "magnified")


def test_a_palette_where_the_colours_fit(server):
    at = server.at("full")
    reply = server.ok(f"{at}/0/0/0/{SIDE}/viridis/0/255.png")
    colour, _ = reply.png_kind()
    assert colour == 3, "a colormapped tile is a palette PNG"


def test_all_colours_and_a_hole_are_one_too_many_for_a_palette(server, arrays):
    for cmap in ("viridis", "viridis_r", "turbo"):
        got = server.rgba(f"{server.at('holed')}/0/0/0/{SIDE}/{cmap}/0/255.png")
        same_picture(got, painted(arrays["holed"], cmap, 0, 255), cmap)
        assert (got[..., 3] == 0).sum() == 1


@pytest.mark.parametrize("dtype", DTYPES + FLOATS)
def test_the_window_that_is_not_given_is_the_one_described(server, arrays, dtype):
    at, array = server.at(dtype), arrays[dtype]
    info = server.json(at)
    window = info["window"]
    assert window["from"] == ("dtype" if dtype == "uint8" else window["from"])
    if dtype == "uint8":
        assert (window["vmin"], window["vmax"]) == (0, 255)
    got = server.rgba(f"{at}/0/0/0/{SIDE}.png?colormap=inferno")
    same_picture(got, painted(array, "inferno", window["vmin"], window["vmax"]), (dtype, window))
    corner = server.rgba(f"{at}/1/1/0/32.png?colormap=inferno")
    wanted = painted(array[:32, 32:], "inferno", window["vmin"], window["vmax"])
    same_picture(corner, wanted, f"{dtype}: every tile has the same window")


def test_percentiles_ignore_outliers_and_what_is_no_number(tmp_path, rng):
    array = rng.uniform(10, 20, (600, 500)).astype(np.float32)
    array[0, 0], array[5, 5], array[7, 7], array[9, :40] = 1e9, -1e9, np.inf, np.nan
    with Server(*save(tmp_path, {"outliers": array})) as server:
        info = server.json(server.at("outliers"))
        assert info["window"]["from"] == "percentiles"
        assert 9.5 <= info["window"]["vmin"] <= 10.5
        assert 19.5 <= info["window"]["vmax"] <= 20.5
        statistics = info["statistics"]
        assert statistics["valid"] <= statistics["count"] <= array.size
        if not statistics["sampled"]:
            assert statistics["count"] == array.size
            assert statistics["valid"] <= is_valid(array).sum()


def test_a_window_from_the_command_line(tmp_path, arrays):
    with Server(*save(tmp_path, {"a": arrays["float32"]}), "-c", "plasma", "--vmin=-1", "--vmax=2") as server:
        info = server.json(server.at("a"))
        assert info["colormap"] == "plasma"
        assert (info["window"]["vmin"], info["window"]["vmax"], info["window"]["from"]) == (-1, 2, "given")
        same_picture(server.rgba(f"/0/0/0/{SIDE}.png"), painted(arrays["float32"], "plasma", -1, 2))
