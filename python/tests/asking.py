"""Asking a view for what it shows, as a browser would, and comparing that with numpy."""

from __future__ import annotations

import io
import json
import time
from typing import Any
from urllib.parse import quote

import npy_bytes
import numpy as np
import oracle
import projectile
from client import PATIENCE, Reply, ask
from PIL import Image


def get(view: projectile.View, tail: str, image: int = 0, /, **query: Any) -> Reply:
    """Ask for an address of one image, `view.images[image]`, or of its description where `tail` is empty."""
    at = f"images/{quote(view.images[image])}"
    return ask(view.url, f"{at}/{tail}" if tail else at, **query)


def ok(reply: Reply) -> Reply:
    """Give the answer back, which must be a good one."""
    assert reply.status == 200, (reply.status, reply.body[:500])
    return reply


def describe(view: projectile.View, image: int = 0) -> dict[str, Any]:
    """Tell what `/images/{id}` says."""
    return json.loads(ok(get(view, "", image)).body)


def final(view: projectile.View, tail: str, image: int = 0, /, **query: Any) -> bytes:
    """Ask for a tile until it is there: neither made of a sample, nor put off by a busy server."""
    until = time.monotonic() + PATIENCE
    while True:
        reply = get(view, tail, image, **query)
        is_busy = reply.status == 503 and "retry-after" in reply.headers
        if not is_busy and "x-projectile-provisional" not in reply.headers:
            return ok(reply).body
        assert time.monotonic() < until, f"{tail} is not final after {PATIENCE} s: {reply}"
        time.sleep(0.02)


def raw(view: projectile.View, z: int, x: int, y: int, s: int, image: int = 0, /, **query: Any) -> np.ndarray:
    """Fetch a tile's samples."""
    body = final(view, f"{z}/{x}/{y}/{s}.npy", image, **query)
    return npy_bytes.load(body)


def picture(
    view: projectile.View, z: int, x: int, y: int, s: int, image: int = 0, /, **query: Any
) -> np.ndarray:
    """Fetch a tile as (s, s, 4) bytes: red, green, blue and how opaque."""
    body = final(view, f"{z}/{x}/{y}/{s}.png", image, **query)
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"))


def whole(view: projectile.View, image: int = 0, s: int = 64, /, **query: Any) -> np.ndarray:
    """Fetch every tile at full resolution, and put them together."""
    told = describe(view, image)
    assert 1 << told["max_zoom"] >= s, "the image is smaller than a tile"
    z = told["max_zoom"] - s.bit_length() + 1
    rows = [
        np.concatenate(
            [raw(view, z, x, y, s, image, **query) for x in range(-(-told["width"] // s))],
            axis=1,
        )
        for y in range(-(-told["height"] // s))
    ]
    return np.concatenate(rows, axis=0)


def check(
    view: projectile.View,
    array: np.ndarray,
    image: int = 0,
    /,
    *,
    s: int = 64,
    dtype: Any = None,
    **query: Any,
) -> None:
    """Assert that what is served is `array`, a picture of (rows, columns) or (rows, columns, channels).

    Every region is compared at full resolution; and one tile of all of it, reduced to the greatest values,
    with what `oracle.py` says of it, so that overviews are seen to be made of these pixels too.
    """
    wanted = array.astype(dtype or array.dtype.newbyteorder("="))
    found = whole(view, image, s, **query)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)
    if wanted.dtype.kind == "c":
        return
    small = 16
    top = raw(view, 0, 0, 0, small, image, **query | {"resampling": "max"})
    expected, valid = oracle.tile(wanted, 0, 0, 0, small, "max")
    top = top.reshape(expected.shape)
    np.testing.assert_array_equal(top[valid], expected[valid])
