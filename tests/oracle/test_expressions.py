"""Expressions over channels and images, against numpy."""

from __future__ import annotations

from urllib.parse import quote

import numpy as np
import pytest
from harness import Server, save

RNG = np.random.default_rng(11)
BANDS = RNG.integers(1, 4000, (4, 300, 500)).astype(np.uint16)
OTHER = RNG.normal(size=(300, 500)).astype(np.float32)
STACK = RNG.integers(0, 255, (5, 2, 64, 80)).astype(np.uint8)
PHOTO = RNG.integers(0, 255, (40, 50, 4)).astype(np.uint8)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expressions")
    files = save(folder, {"bands": BANDS, "other": OTHER, "small": OTHER[:10], "photo": PHOTO})
    with Server(*files) as server:
        yield server


def region(server, stem: str, expression: str, more: str = "") -> np.ndarray:
    address = f"{server.at(stem)}/region.npy?expression={quote(expression)}{more}"
    array = server.npy(address)
    assert array.dtype == np.float64
    return array[..., 0] if array.ndim == 3 else array


B1, B2, B3, B4 = BANDS.astype(np.float64)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(b2-b1)/(b2+b1)", (B2 - B1) / (B2 + B1)),
        ("b1 ** 0.5 + -b2 % 7", B1**0.5 + -B2 % 7),
        ("where((b1 > 2000) & (b3 <= 100), log10(b4), nan)", None),
        ("clip(b1 - b2, -50, 50) * (b3 != b4)", np.clip(B1 - B2, -50, 50) * (B3 != B4)),
        ("maximum(b1, hypot(b2, b3)) / 1e3", np.maximum(B1, np.hypot(B2, B3)) / 1e3),
        ("arctan2(b1, b2) * 180 / pi", np.arctan2(B1, B2) * 180 / np.pi),
        ("round(b1 / 2) - floor(b2 / 3)", np.round(B1 / 2) - np.floor(B2 / 3)),
        ("bands.b1 - other.b1 * 2", B1 - OTHER.astype(np.float64) * 2),
    ],
)
def test_what_numpy_makes(server, expression, expected):
    if expected is None:
        with np.errstate(divide="ignore"):
            expected = np.where((B1 > 2000) & (B3 <= 100), np.log10(B4), np.nan)
    np.testing.assert_allclose(region(server, "bands", expression), expected, rtol=1e-14)


def test_it_is_an_image_like_any_other(server):
    """Its values, statistics, histogram and description are those of what it makes."""
    query = f"expression={quote('(b2-b1)/(b2+b1)')}"
    made = (B2 - B1) / (B2 + B1)
    at = server.at("bands")
    assert server.json(f"{at}/value?x=7&y=9&{query}")["values"] == [made[9, 7]]
    (channel,) = server.json(f"{at}/statistics?{query}")["channels"]
    assert channel["mean"] == pytest.approx(made.mean(), abs=1e-12)
    assert channel["max"] == made.max()
    described = server.json(f"{at}?{query}")
    assert (described["dtype"], described["kind"], described["shape"]) == ("float64", "gray", [300, 500])
    assert described["details"]["expression"] == "(b2-b1)/(b2+b1)"
    counts = server.json(f"{at}/histogram?bins=10&{query}")
    assert sum(counts["counts"]) == counts["count"]
    assert (counts["below"], counts["above"], counts["invalid"]) == (0, 0, 0)
    window = described["window"]
    tile = server.rgba(f"{at}/2/0/0.png?colormap=gray&{query}")
    raw = server.npy(f"{at}/2/0/0.npy?{query}")
    shown = np.clip((raw - window["vmin"]) / (window["vmax"] - window["vmin"]), 0, 1)
    rows, columns = shown.shape
    expected = np.minimum(shown * 256, 255).astype(int)
    assert np.abs(tile[:rows, :columns, 0].astype(int) - expected).max() <= 1


def test_reduced_tiles_are_means_of_what_it_makes(server):
    made = B1 / B2
    raw = server.npy(f"{server.at('bands')}/0/0/0.npy?expression={quote('b1/b2')}")
    expected = made[:300, :500].reshape(150, 2, 250, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(raw, expected, rtol=1e-12)


def test_what_is_transparent_is_no_data(server):
    made = region(server, "photo", "b1 + b2")
    expected = PHOTO[..., 0].astype(float) + PHOTO[..., 1]
    expected[PHOTO[..., 3] == 0] = np.nan
    np.testing.assert_array_equal(made, expected)


def test_other_protocols_take_it_too(server):
    query = f"expression={quote('b1/b2')}"
    group = f"http://{server.host}:{server.port}"
    document = server.json(f"/tilejson/bands.json?{query}")
    (tiles,) = document["tiles"]
    assert tiles.startswith(group)
    assert query in tiles
    tile = server.ok(tiles.removeprefix(group).format(z=0, x=0, y=0))
    assert tile.media_type == "image/png"
    assert server.ok("/iiif/3/bands~expression=b1-b2/full/max/0/gray.png").media_type == "image/png"
    # An address that changed would be another picture.
    assert (
        server.get(f"/dzi/bands_files/0/0_0.png?{query}").headers["etag"]
        != server.get("/dzi/bands_files/0/0_0.png").headers["etag"]
    )


def test_planes_stay_planes(tmp_path):
    with Server(*save(tmp_path, {"stack": STACK}), "--axes", "tcyx") as server:
        for t in (0, 3):
            made = region(server, "stack", "b1 - b2", f"&t={t}")
            np.testing.assert_array_equal(made, STACK[t, 0].astype(float) - STACK[t, 1])
        made = region(server, "stack", "b1 - b2", "&t=max")
        np.testing.assert_array_equal(made, (STACK[:, 0].astype(float) - STACK[:, 1]).max(axis=0))


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("b1 +", 5),
        ("b9", 1),
        ("b1 + nope.b1", 6),
        ("b1 + small.b1", 6),
        ("__import__('os')", 1),
        ("b1 + lambda", 6),
        ("b1.real", 4),
        ("é", 1),
    ],
)
def test_errors_point_at_the_column(server, expression, column):
    reply = server.get(f"{server.at('bands')}/0/0/0.png?expression={quote(expression)}")
    assert reply.status == 400
    problem = reply.json()
    assert problem["parameter"] == "expression"
    assert f"column {column}:" in problem["detail"], problem


@pytest.mark.parametrize("expression", ["b1" + "+1" * 600, "(" * 100 + "b1" + ")" * 100, "-" * 900 + "b1"])
def test_limits(server, expression):
    reply = server.get(f"{server.at('bands')}/0/0/0.png?expression={quote(expression)}")
    assert reply.status == 422, reply.body
