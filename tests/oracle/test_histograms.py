"""Histograms against numpy's."""

import numpy as np
import pytest
from harness import Server, save

RNG = np.random.default_rng(5)
FIELD = RNG.normal(size=(300, 500)).astype(np.float32)
FIELD[10:20, 30:40] = np.nan
COUNTS = RNG.poisson(40, (300, 500)).astype(np.uint16)
COLOURS = RNG.integers(0, 256, (300, 500, 4), np.uint8)
STACK = RNG.integers(0, 9, (3, 2, 60, 70)).astype(np.int32)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    arrays = {"field": FIELD, "counts": COUNTS, "colours": COLOURS, "stack": STACK}
    with Server(*save(tmp_path_factory.mktemp("histograms"), arrays)) as server:
        yield server


def histogram(server: Server, stem: str, query: str = "") -> dict:
    return server.json(f"{server.at(stem)}/histogram?{query}")


def test_counts_are_numpys(server):
    found = histogram(server, "field", "bins=50")
    valid = FIELD[np.isfinite(FIELD)].astype(np.float64)
    counts, _ = np.histogram(valid, 50, (found["start"], found["stop"]))
    assert found["counts"] == counts.tolist()
    assert (found["start"], found["stop"]) == pytest.approx((valid.min(), valid.max()))
    assert (found["invalid"], found["count"], found["sampled"]) == (100, FIELD.size, False)
    assert (found["min"], found["max"]) == (valid.min(), valid.max())
    for percent, value in found["percentiles"].items():
        assert value == np.percentile(valid, float(percent), method="nearest")


def test_a_region_and_a_range(server):
    found = histogram(server, "field", "bins=10&x0=100&y0=50&x1=300&y1=90&start=-1&stop=1")
    part = FIELD[50:90, 100:300].astype(np.float64)
    inside = part[(part >= -1) & (part <= 1)]
    assert found["counts"] == np.histogram(inside, 10, (-1, 1))[0].tolist()
    assert found["below"] == (part < -1).sum()
    assert found["above"] == (part > 1).sum()


def test_bins_of_integers_are_whole(server):
    found = histogram(server, "counts", "bins=512")
    assert found["counts"] == np.bincount(COUNTS.ravel())[COUNTS.min() :].tolist()
    assert (found["start"], found["stop"]) == (COUNTS.min(), COUNTS.max() + 1)


def test_alpha_is_left_out_and_a_channel_can_be_chosen(server):
    assert (
        histogram(server, "colours")["counts"]
        == np.bincount(COLOURS[..., :3].ravel(), minlength=256).tolist()
    )
    assert histogram(server, "colours", "c=1")["counts"] == np.bincount(COLOURS[..., 1].ravel()).tolist()


def test_a_plane_of_a_stack(server):
    info = server.json(server.at("stack"))
    axes = info["axes"]
    index = {"c": 1, "z": 1}
    plane = STACK[tuple(index.get(axis, slice(None)) for axis in axes)]
    query = "&".join(f"{axis}={at}" for axis, at in index.items() if axis in axes)
    found = histogram(server, "stack", query)
    assert found["counts"] == np.bincount(plane.ravel(), minlength=9).tolist()


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("bins=0", "bins"),
        ("bins=5000", "bins"),
        ("bins=x", "bins"),
        ("start=1", "start"),
        ("start=2&stop=1", "stop"),
        ("x0=0&y0=0&x1=10", "y1"),
        ("x0=5&y0=0&x1=5&y1=9", "x1"),
        ("x0=0&y0=0&x1=501&y1=9", "x1"),
        ("c=7", "c"),
    ],
)
def test_what_is_wrong_is_named(server, query, parameter):
    reply = server.get(f"{server.at('colours')}/histogram?{query}")
    assert reply.status == 400
    assert reply.json()["parameter"] == parameter
