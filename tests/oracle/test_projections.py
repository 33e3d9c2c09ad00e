"""Planes along an axis made one, by `z=max` and its kin, against numpy: in every way in which pixels are asked for."""

from __future__ import annotations

import warnings

import numpy as np
import oracle
import pytest
from harness import Server, save

SHAPE = (3, 11, 37, 50)
DTYPES = ["bool", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8"]
KINDS = ["max", "min", "average", "sum"]
ALL = range(SHAPE[1])


def stack(dtype: str) -> np.ndarray:
    """Make planes with their type's extremes among them; of floats some samples and one whole pixel are NaN."""
    rng = np.random.default_rng(11)
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return rng.integers(0, 2, SHAPE).astype(bool)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        array = rng.integers(limits.min, limits.max, SHAPE, kind, endpoint=True)
        array.flat[0], array.flat[1] = limits.min, limits.max
        return array
    array = rng.normal(0, 100, SHAPE).astype(kind)
    if kind.kind == "c":
        return array + (1j * rng.normal(0, 100, SHAPE)).astype(kind)
    array[rng.random(SHAPE) < 0.2] = np.nan
    array[:, :, 5, 7] = np.nan
    return array


def projected(array: np.ndarray, how: str, axis: int = 1, planes: range = ALL) -> np.ndarray:
    """Reduce an axis as numpy does: in float64, rounded once, to the type that numpy's reduction has."""
    chosen = array.take(planes, axis)
    if chosen.dtype.kind == "c":
        chosen = np.abs(chosen)
    if how in ("max", "min"):
        if chosen.dtype.kind != "f":
            return chosen.max(axis) if how == "max" else chosen.min(axis)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.nanmax(chosen, axis) if how == "max" else np.nanmin(chosen, axis)
    exact = chosen.astype(np.float64)
    valid = ~np.isnan(exact)
    total = np.where(valid, exact, 0).sum(axis)
    count = valid.sum(axis)
    value = total if how == "sum" else total / np.maximum(count, 1)
    value = np.where(count > 0, value, np.nan)
    return value.astype(chosen.dtype if how == "average" and chosen.dtype.kind == "f" else np.float64)


def check(got: np.ndarray, wanted: np.ndarray, told: object = "") -> None:
    """Assert that samples are equal: exactly, but for the last bits of sums that float64 cannot hold."""
    assert got.dtype == wanted.dtype, (told, got.dtype, wanted.dtype)
    if got.dtype.kind == "f":
        bits = np.finfo(got.dtype).eps
        np.testing.assert_allclose(got, wanted, rtol=8 * bits, atol=1e-12, err_msg=str(told))
    else:
        np.testing.assert_array_equal(got, wanted, err_msg=str(told))


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """One stack of each type."""
    return {dtype: stack(dtype) for dtype in DTYPES}


@pytest.fixture(scope="module")
def server(arrays: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory):
    """The stacks, served."""
    paths = save(tmp_path_factory.mktemp("stacks"), {f"a_{dtype}": array for dtype, array in arrays.items()})
    with Server(*paths, "--axes", "tzyx") as server:
        yield server


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_native_tiles(server, arrays, dtype, how):
    """At the image's own resolution a projection is numpy's."""
    wanted = projected(arrays[dtype], how)
    at = server.at(f"a_{dtype}")
    for t in (0, 2):
        tile = server.npy(f"{at}/0/0/0/64.npy?t={t}&z={how}")
        if dtype == "c8" and how == "sum":
            # numpy's magnitudes may differ from another's by their last bit.
            np.testing.assert_allclose(tile, wanted[t], rtol=1e-6)
            continue
        check(tile, wanted[t], (dtype, how, t))
    reply = server.ok(f"{at}/0/0/0/64.bin?z={how}")
    assert reply.headers["x-projectile-dtype"] == wanted.dtype.name


def test_mean_is_average_and_both_ends_can_be_said(server, arrays):
    """Some planes, half-open as in numpy; all of them named are all of them."""
    at = server.at("a_i2")
    for query, how, planes in [
        ("z=mean", "average", ALL),
        ("z=3:8:max", "max", range(3, 8)),
        ("z=10:11:min", "min", range(10, 11)),
        ("z=0:11:sum", "sum", ALL),
    ]:
        wanted = projected(arrays["i2"], how, 1, planes)[0]
        check(server.npy(f"{at}/0/0/0/64.npy?{query}"), wanted, query)
    first, second = (server.ok(f"{at}/0/0/0/64.png?z={z}") for z in ("max", "0:11:max"))
    assert first.headers["etag"] == second.headers["etag"] != server.ok(f"{at}/0/0/0/64.png").headers["etag"]


@pytest.mark.parametrize("how", KINDS)
def test_two_axes_the_last_one_first(server, arrays, how):
    """Of two projections that of the last axis is done first."""
    wanted = projected(projected(arrays["u2"], how, 1), "max", 0, range(SHAPE[0]))
    check(server.npy(f"{server.at('a_u2')}/0/0/0/64.npy?t=max&z={how}"), wanted)


@pytest.mark.parametrize("resampling", ["average", "max", "min", "nearest", "sum", "mode"])
@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
def test_reduced_tiles(server, arrays, dtype, how, resampling):
    """Reduced, it is the projection of the full-resolution planes that is resampled."""
    plane = projected(arrays[dtype], how)[1]
    at = server.at(f"a_{dtype}")
    for z, x, y, s in [(0, 0, 0, 16), (1, 1, 0, 8), (2, 1, 1, 4)]:
        got = server.npy(f"{at}/{z}/{x}/{y}/{s}.npy?t=1&z={how}&resampling={resampling}")
        wanted, valid = oracle.tile(plane, z, x, y, s, resampling)
        assert got.shape == wanted.shape
        told = (dtype, how, resampling, z)
        if got.dtype.kind == "f":
            np.testing.assert_array_equal(~np.isnan(got), valid, err_msg=str(told))
            np.testing.assert_allclose(got[valid], wanted[valid], rtol=1e-6, atol=1e-4, err_msg=str(told))
        else:
            assert (np.abs(got[valid].astype(float) - wanted[valid]) <= 0.5).all(), told


def test_built_levels_are_of_the_projection(tmp_path):
    """A stack that takes too long to reduce at once is built, and then exact."""
    rng = np.random.default_rng(3)
    array = rng.integers(0, 60_000, (12, 1500, 1400)).astype(np.uint16)
    array[4, 700:, 900:] = 65_535
    with Server(*save(tmp_path, {"stack": array}), "--axes", "zyx") as server:
        for how in ("max", "average"):
            plane = projected(array, how, 0, range(12))
            for z in (0, 1):
                got = server.npy(f"{server.at('stack')}/{z}/{z}/{z}.npy?z={how}")
                wanted, _ = oracle.tile(plane, z, z, z, 256)
                assert np.abs(got.astype(float) - wanted).max() <= (0.5 if how == "max" else 1e-9)
        pixel = server.json(f"{server.at('stack')}/value?x=10&y=20&z=max")
        assert pixel["values"] == [int(array[:, 20, 10].max())]


def test_pictures(server, arrays):
    """Colours are those of the projected samples."""
    plane = projected(arrays["f4"], "max")[0]
    got = server.rgba(f"{server.at('a_f4')}/0/0/0/64.png?z=max&vmin=-100&vmax=300")
    valid = ~np.isnan(plane)
    np.testing.assert_array_equal(got[:37, :50, 3] > 0, valid)
    assert not got[37:, :, 3].any()
    assert not got[:, 50:, 3].any()
    bright = np.clip((plane[valid].astype(float) + 100) / 400, 0, 1) * 255
    assert np.abs(got[:37, :50, 0][valid] - bright).max() <= 1
    # Bytes are shown as they are, and so are their means.
    means = projected(arrays["u1"], "average")[2]
    got = server.rgba(f"{server.at('a_u1')}/0/0/0/64.png?t=2&z=average")[:37, :50]
    assert np.abs(got[..., 0] - means).max() <= 0.51


def test_the_window_is_the_projections_own(tmp_path):
    """Sums are not shown in the window of single planes."""
    array = np.random.default_rng(5).integers(0, 1000, (40, 60, 60)).astype(np.uint16)
    with Server(*save(tmp_path, {"stack": array}), "--axes", "zyx") as server:
        for how in KINDS:
            got = server.rgba(f"{server.at('stack')}/0/0/0/64.png?z={how}")[:60, :60, 0]
            wanted = projected(array, how, 0, range(40)).astype(float)
            low, high = np.percentile(wanted, [0.5, 99.5])
            bright = np.clip((wanted - low) / (high - low), 0, 1) * 255
            assert np.abs(got - bright).max() <= 3, how


def test_values_and_measures(server, arrays):
    """Each address that takes an index takes a projection."""
    plane = projected(arrays["i4"], "max")[1]
    at, query = server.at("a_i4"), "t=1&z=max"
    told = server.json(f"{at}/value?x=9&y=30&{query}")
    assert (told["values"], told["dtype"]) == ([int(plane[30, 9])], "int32")
    sums = projected(arrays["i4"], "sum")[1]
    told = server.json(f"{at}/value?x=9&y=30&t=1&z=sum")
    assert (told["values"], told["dtype"]) == ([float(sums[30, 9])], "float64")
    box = plane[5:30, 10:40]
    told = server.json(f"{at}/statistics?x0=10&y0=5&x1=40&y1=30&{query}")
    assert not told["sampled"]
    assert (told["channels"][0]["min"], told["channels"][0]["max"]) == (box.min(), box.max())
    assert told["channels"][0]["mean"] == pytest.approx(box.mean())
    told = server.json(f"{at}/histogram?x0=10&y0=5&x1=40&y1=30&bins=16&{query}")
    assert (told["count"], told["min"], told["max"]) == (box.size, box.min(), box.max())
    told = server.json(f"{at}/profile?line=0.5,3.5,49.5,3.5&{query}")
    np.testing.assert_array_equal(told["channels"][0]["values"], plane[3])
    check(server.npy(f"{at}/region.npy?x0=10&y0=5&x1=40&y1=30&{query}"), box)


def test_channels_are_projected_each(tmp_path):
    """Colours stay colours, and a composite is of projected channels."""
    rng = np.random.default_rng(6)
    rgb = rng.integers(0, 256, (5, 40, 40, 3)).astype(np.uint8)
    with Server(*save(tmp_path, {"rgb": rgb}), "--axes", "zyxc") as server:
        got = server.rgba(f"{server.at('rgb')}/0/0/0/64.png?z=max")[:40, :40, :3]
        np.testing.assert_array_equal(got, rgb.max(0))
        got = server.npy(f"{server.at('rgb')}/0/0/0/64.npy?z=min&c=2,0")
        np.testing.assert_array_equal(got, rgb.min(0)[..., [2, 0]])
    channels = rng.integers(0, 4000, (2, 5, 40, 40)).astype(np.uint16)
    with Server(*save(tmp_path, {"channels": channels}), "--axes", "czyx") as server:
        query = "c=0,1&colors=ff0000,00ff00&window=0:4000,0:4000&z=max"
        got = server.rgba(f"{server.at('channels')}/0/0/0/64.png?{query}")[:40, :40]
        wanted = channels.max(1) / 4000 * 255
        assert np.abs(got[..., 0] - wanted[0]).max() <= 1
        assert np.abs(got[..., 1] - wanted[1]).max() <= 1


def test_what_cannot_be_projected_is_refused(server, tmp_path):
    """By a 400 that names the axis, or a 422 for too much; never by a wait without end."""
    at = server.at("a_u1")
    for query in (
        "z=median",
        "z=mode",
        "z=nearest",
        "z=3:max",
        "z=5:5:max",
        "z=3:12:max",
        "z=-1:3:max",
        "z=max:",
    ):
        reply = server.get(f"{at}/0/0/0/64.png?{query}")
        assert (reply.status, reply.json()["parameter"]) == (400, "z"), query
    assert server.get(f"{at}/value?x=0&y=0&z=median").status == 400
    long = np.zeros((40_000, 3, 4), np.uint8)
    long[39_000] = 9
    with Server(*save(tmp_path, {"long": long}), "--axes", "zyx") as many:
        reply = many.get("/images/long/0/0/0/4.npy?z=max")
        assert reply.status == 422
        assert "planes" in reply.json()["detail"]
        assert (many.npy("/images/long/0/0/0/4.npy?z=10000:40000:max") == 9).all()
