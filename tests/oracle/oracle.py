"""What a tile must be: the contract re-stated in numpy, sharing nothing with the server."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

METHODS = ("average", "max", "min", "nearest", "mode", "sum")


class Tile(NamedTuple):
    """The pixels of a tile that lie inside the image, and which of them are data."""

    values: np.ndarray
    valid: np.ndarray


def max_zoom(height: int, width: int) -> int:
    """ceil(log2(max(height, width))), in integers."""
    return (max(height, width) - 1).bit_length()


def region(array: np.ndarray, z: int, x: int, y: int) -> np.ndarray:
    """Cut the source pixels that tile (x, y) of zoom z covers."""
    size = 1 << (max_zoom(*array.shape[:2]) - z)
    return array[y * size : (y + 1) * size, x * size : (x + 1) * size]


def is_valid(array: np.ndarray) -> np.ndarray:
    """Tell which samples are data: all but NaN."""
    return ~np.isnan(array) if array.dtype.kind in "fc" else np.ones(array.shape, bool)


def tile(array: np.ndarray, z: int, x: int, y: int, s: int, how: str = "average") -> Tile:
    """Give the tile's pixels, clipped to the image; averages and sums are exact, in float64 or int64."""
    cut = region(array, z, x, y)
    size = 1 << (max_zoom(*array.shape[:2]) - z)
    if size > s:
        return reduce(cut, size // s, how)
    times = s // size
    values = cut.repeat(times, 0).repeat(times, 1)
    return Tile(values, is_valid(values))


def blocks(array: np.ndarray, f: int, ufunc: np.ufunc) -> np.ndarray:
    """Reduce blocks of f × f, the last ones of whatever is left."""
    rows = ufunc.reduceat(array, np.arange(0, array.shape[0], f), axis=0)
    return ufunc.reduceat(rows, np.arange(0, array.shape[1], f), axis=1)


def reduce(array: np.ndarray, f: int, how: str) -> Tile:
    """Reduce by whole blocks of f × f source pixels, over the valid ones alone."""
    if 0 in array.shape:
        empty = array[:0, :0]
        return Tile(empty, np.ones(empty.shape, bool))
    valid = is_valid(array)
    if how == "nearest":
        return Tile(array[::f, ::f], valid[::f, ::f])
    if how == "mode":
        values = array
        while f > 1:
            values, valid = mode_step(values, valid)
            f //= 2
        return Tile(values, valid)
    count = blocks(valid.astype(np.int64), f, np.add)
    if how in ("max", "min"):
        worst = extremes(array.dtype)[0 if how == "max" else 1]
        filled = np.where(valid, array, worst)
        return Tile(blocks(filled, f, np.maximum if how == "max" else np.minimum), count > 0)
    exact = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    total = blocks(np.where(valid, exact, 0), f, np.add)
    if how == "sum":
        return Tile(total, count > 0)
    assert how == "average"
    return Tile(total / np.maximum(count, 1), count > 0)


def extremes(dtype: np.dtype) -> tuple[object, object]:
    """Least and greatest value of a type."""
    if dtype.kind == "b":
        return False, True
    if dtype.kind == "f":
        return dtype.type(-np.inf), dtype.type(np.inf)
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def mode_step(values: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each 2 × 2 block's commonest valid value, the least of equally common ones."""
    height, width = values.shape[:2]
    padding = [(0, height % 2), (0, width % 2)] + [(0, 0)] * (values.ndim - 2)
    values, valid = np.pad(values, padding), np.pad(valid, padding)
    quarters = np.stack([values[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    there = np.stack([valid[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    votes = np.stack([((quarters == quarters[i]) & there).sum(0) * there[i] for i in range(4)])
    best = votes == votes.max(0)
    least = np.where(best & there, quarters, extremes(values.dtype)[1]).min(0)
    return least.astype(values.dtype), there.any(0)


def weighed(array: np.ndarray, f: int) -> tuple[np.ndarray, np.ndarray]:
    """Average straight-alpha colours by their alpha: exact colours and exact mean alpha."""
    colour, alpha = array[..., :-1].astype(np.float64), array[..., -1:].astype(np.float64)
    count = blocks(np.ones(alpha.shape), f, np.add)
    total = blocks(alpha, f, np.add)
    return blocks(colour * alpha, f, np.add) / np.maximum(total, 1e-300), total / count


def placed(part: np.ndarray, s: int) -> np.ndarray:
    """Put RGBA pixels into the corner of a transparent s × s tile."""
    whole = np.zeros((s, s, 4), np.uint8)
    whole[: part.shape[0], : part.shape[1]] = part
    return whole


def gray(values: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Show bytes as gray RGBA, transparent where they are no data."""
    alpha = np.full(values.shape, 255) if valid is None else np.where(valid, 255, 0)
    return np.stack([values, values, values, alpha], -1).astype(np.uint8)


def same_picture(got: np.ndarray, wanted: np.ndarray, told: object = "", tolerance: int = 0) -> None:
    """Assert that two RGBA pictures are alike: transparency, and colours wherever something shows."""
    assert got.shape == wanted.shape, (told, got.shape, wanted.shape)
    np.testing.assert_array_equal(got[..., 3], wanted[..., 3], err_msg=f"{told}: alpha")
    shown = wanted[..., 3] > 0
    difference = np.abs(got[shown].astype(int) - wanted[shown].astype(int))
    worst = difference.max(initial=0)
    assert worst <= tolerance, (
        f"{told}: colours differ by up to {worst} in {(difference > tolerance).sum()} samples"
    )
