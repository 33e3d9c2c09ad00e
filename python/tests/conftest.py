"""Fixtures that the tests of the Python package share."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

# Where `support` and `asking` are, whichever way pytest imports the tests.
sys.path.insert(0, str(Path(__file__).parent))
# What tiles must be is stated once, in numpy, beside the tests of the server.
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "oracle"))
# How figures are told is stated once, too.
sys.path.append(str(Path(__file__).parents[2] / "tests" / "torture"))

import projectile
from figures import figure, full, pytest_runtest_makereport, pytest_terminal_summary

__all__ = ["figure", "full", "pytest_runtest_makereport", "pytest_terminal_summary"]

# A shell's background jobs do not hear Ctrl-C, nor would what they start: the tests send it to what they started.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def show() -> Iterator[Callable[..., projectile.View]]:
    """Show as `projectile.show` does; every view is closed at the end of the test."""
    views: list[projectile.View] = []

    def keep(*things: object, **keywords: object) -> projectile.View:
        view = projectile.show(*things, **keywords)
        views.append(view)
        return view

    yield keep
    for view in views:
        view.close()


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(20240229)


def random_array(rng: np.random.Generator, dtype: object, shape: tuple[int, ...]) -> np.ndarray:
    """Make an array with its type's extremes in it, and NaN and infinities where it has them."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        array = rng.integers(limits.min, limits.max, shape, kind.newbyteorder("="), endpoint=True)
        array.flat[0], array.flat[1] = limits.min, limits.max
        return array.astype(kind)
    array = rng.normal(0, 100, shape).astype(kind)
    if kind.kind == "c":
        array = (array + 1j * rng.normal(0, 100, shape)).astype(kind)
    array.flat[:3] = [np.nan, np.inf, -np.inf]
    return array


@pytest.fixture
def random(rng: np.random.Generator) -> Callable[[object, tuple[int, ...]], np.ndarray]:
    """Make arrays of random numbers: `random(dtype, shape)`."""
    return lambda dtype, shape: random_array(rng, dtype, shape)
