"""The oracle itself, against loops that are too slow and too simple to be wrong."""

from collections import Counter

import numpy as np
import pytest
from oracle import max_zoom, reduce, region, tile, weighed


def blocks_of(array, f):
    for row in range(0, array.shape[0], f):
        for column in range(0, array.shape[1], f):
            yield (row // f, column // f), array[row : row + f, column : column + f]


def test_max_zoom():
    for side, zoom in [
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (256, 8),
        (257, 9),
        (2**40, 40),
        (2**40 + 1, 41),
    ]:
        assert max_zoom(side, 1) == max_zoom(1, side) == zoom


@pytest.mark.parametrize("f", [1, 2, 4, 16])
@pytest.mark.parametrize("how", ["average", "sum", "max", "min", "nearest"])
def test_blocks(rng, f, how):
    array = np.where(rng.uniform(size=(13, 7)) < 0.4, np.nan, rng.normal(size=(13, 7)))
    values, valid = reduce(array, f, how)
    for at, block in blocks_of(array, f):
        data = block[~np.isnan(block)]
        if how == "nearest":
            np.testing.assert_equal(values[at], block[0, 0])
        else:
            assert valid[at] == (data.size > 0)
            if data.size:
                plain = {"average": np.mean, "sum": np.sum, "max": np.max, "min": np.min}[how](data)
                assert values[at] == pytest.approx(plain)


def test_mode(rng):
    array = rng.integers(0, 3, (9, 6))
    values, _ = reduce(array, 2, "mode")
    for at, block in blocks_of(array, 2):
        votes = Counter(block.ravel().tolist())
        assert values[at] == min(value for value, count in votes.items() if count == max(votes.values()))
    again, _ = reduce(values, 2, "mode")
    np.testing.assert_array_equal(reduce(array, 4, "mode").values, again)


def test_weighed(rng):
    array = rng.integers(0, 256, (5, 3, 4))
    colour, alpha = weighed(array, 2)
    for at, block in blocks_of(array, 2):
        weights = block[..., 3].ravel()
        assert alpha[at] == pytest.approx(weights.mean())
        assert colour[at] == pytest.approx(np.average(block[..., :3].reshape(-1, 3), axis=0, weights=weights))


def test_tiles_are_cut_where_the_image_ends():
    array = np.arange(15).reshape(3, 5)
    np.testing.assert_array_equal(region(array, 1, 1, 0), array[:4, 4:])
    np.testing.assert_array_equal(tile(array, 3, 4, 2, 4).values, np.full((4, 4), 14))
    assert tile(array, 1, 1, 1, 4).values.size == 0
