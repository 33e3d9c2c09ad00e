"""The gallery that needs no files."""

import numpy as np
import pytest
from harness import Server


@pytest.fixture(scope="module")
def server():
    with Server("demo") as server:
        yield server


def info(server, part: str) -> dict:
    found = [image for image in server.images if part in image["id"] or part in image["name"].lower()]
    assert len(found) == 1, [image["id"] for image in server.images]
    return server.json(f"/images/{found[0]['id']}")


def test_every_image_gives_a_first_and_a_deepest_tile(server):
    assert len(server.images) >= 5
    for image in server.images:
        at = f"/images/{image['id']}"
        facts = server.json(at)
        deepest = facts["max_zoom"]
        for address in (
            f"{at}/0/0/0.png",
            f"{at}/{facts['native_zoom']}/0/0.png",
            f"{at}/{deepest}/0/0/1.png",
        ):
            assert server.get(address).status == 200, address
        x, y = facts["width"] // 2, facts["height"] // 2
        every = ",".join(str(channel) for channel in range(len(facts["channels"])))
        raw = server.npy(f"{at}/{deepest}/{x}/{y}/1.npy?c={every}").ravel()
        told = server.json(f"{at}/value?x={x}&y={y}")["values"]
        np.testing.assert_allclose(raw.astype(float), np.array(told, float), rtol=1e-6)


def test_the_set_is_as_deep_as_promised(server):
    facts = info(server, "mandelbrot")
    assert facts["width"] >= 2**30
    # Far outside of the set a point escapes early, in its middle never: the picture is not flat.
    tile = server.npy(f"/images/{facts['id']}/0/0/0.npy")
    assert len(np.unique(tile)) > 10


def test_the_terrain_is_what_the_contract_says(server):
    facts = info(server, "terrain")
    assert (facts["height"], facts["width"], facts["dtype"]) == (16384, 16384, "float32")


def test_the_stack_has_five_channels_of_16_bits(server):
    facts = info(server, "cells")
    assert facts["dtype"] == "uint16"
    assert len(facts["channels"]) == 5
    assert {axis["name"] for axis in facts["extra_axes"]} == {"t", "z"}
    at = f"/images/{facts['id']}"
    planes = [server.npy(f"{at}/0/0/0.npy?t={t}&z=0&c=0") for t in (0, 1)]
    assert (planes[0] != planes[1]).any()
    assert server.ok(f"{at}/0/0/0.png?c=0,2").png_kind()[0] == 2


def test_labels_are_labels(server):
    facts = info(server, "label")
    assert facts["kind"] == "labels"
    assert facts["resampling"] == "mode"


def test_on_the_sparse_one_max_and_average_differ(server):
    facts = info(server, "contact")
    at = f"/images/{facts['id']}"
    greatest, mean = (
        server.npy(f"{at}/0/0/0.npy?resampling={how}").astype(float) for how in ("max", "average")
    )
    assert (greatest >= mean - 1).all()
    assert greatest.mean() > 2 * mean.mean()
