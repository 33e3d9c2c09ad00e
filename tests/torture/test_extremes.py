"""R11: NaN, infinities, constants, extremes and arrays of no size in every style: an answer that is right or clear."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Server, run, save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Figures
    from harness import Reply

SIDE = 64
RESAMPLINGS = ("average", "max", "min", "nearest", "mode", "sum")


def two(first: Any, second: Any, dtype: str) -> np.ndarray:
    """Fill columns with two values in turn."""
    return np.tile(np.array([first, second], dtype), (SIDE, SIDE // 2))


def arrays() -> dict[str, np.ndarray]:
    """Make the arrays that have pixels."""
    rng = np.random.default_rng(11)
    noise = rng.normal(size=(SIDE, SIDE))
    holes = np.where(rng.random((SIDE, SIDE)) < 0.4, np.nan, noise)
    scattered = noise.copy()
    scattered[::7, ::5], scattered[1::7, ::3], scattered[2::7, ::4] = np.nan, np.inf, -np.inf
    one_valid = np.full((SIDE, SIDE), np.nan)
    one_valid[40, 20] = 3.5
    largest = np.finfo("f8").max
    signed, unsigned = np.iinfo("i8"), np.iinfo("u8")
    return {
        "all_nan_f2": np.full((SIDE, SIDE), np.nan, "f2"),
        "all_nan_f4": np.full((SIDE, SIDE), np.nan, "f4"),
        "all_nan_f8": np.full((SIDE, SIDE), np.nan),
        "all_inf": np.full((SIDE, SIDE), np.inf),
        "both_inf": two(np.inf, -np.inf, "f4"),
        "nan_and_inf": two(np.nan, np.inf, "f8"),
        "holes_f2": holes.astype("f2"),
        "holes_f4": holes.astype("f4"),
        "holes_f8": holes,
        "scattered": scattered,
        "one_valid": one_valid,
        "constant_zero": np.zeros((SIDE, SIDE), "f4"),
        "constant_negative_zero": np.full((SIDE, SIDE), -0.0),
        "constant_largest": np.full((SIDE, SIDE), largest),
        "constant_u1": np.full((SIDE, SIDE), 255, "u1"),
        "span_overflows": two(-largest, largest, "f8"),
        "subnormal": np.full((SIDE, SIDE), 5e-324),
        "subnormal_span": two(0.0, 5e-324, "f8"),
        "f2_extremes": two(-65504, 65504, "f2"),
        "i1_extremes": two(-128, 127, "i1"),
        "i4_extremes": two(np.iinfo("i4").min, np.iinfo("i4").max, "i4"),
        "i8_extremes": two(signed.min, signed.max, "i8"),
        "u8_extremes": two(0, unsigned.max, "u8"),
        "u8_neighbours": two(2**53, 2**53 + 1, "u8"),
        "all_false": np.zeros((SIDE, SIDE), bool),
        "one_pixel": np.full((1, 1), np.nan, "f4"),
        "one_row": np.where(np.arange(5000) % 3 == 0, np.nan, 1.0)[None],
        "one_column": np.where(np.arange(5000) % 3 == 0, np.nan, 1.0)[:, None],
        "complex_nan": (holes + 1j * holes.T).astype("c8"),
        "complex_extremes": two(complex(largest, -largest), complex(np.inf, np.nan), "c16"),
    }


def valid(array: np.ndarray, side: int) -> np.ndarray:
    """Tell which pixels of a square of so many have a value."""
    # Complex numbers are shown by their magnitude, which is infinite where a part is, whatever the other.
    inside = ~np.isnan(np.abs(array[:side, :side]))
    return np.pad(inside, [(0, side - size) for size in inside.shape])


def alpha(reply: Reply, side: int, media_type: str = "image/png") -> np.ndarray:
    """Read a tile, which has so many pixels a side, and tell where it is seen through."""
    assert reply.media_type == media_type
    shown = reply.rgba()
    assert shown.shape == (side, side, 4), shown.shape
    return shown[..., 3]


class Shown:
    """An array that is served, and the addresses of its tiles."""

    def __init__(self, server: Server, name: str, array: np.ndarray) -> None:
        self.server, self.array = server, array
        self.address = server.at(name)
        self.zooms = int(np.ceil(np.log2(max(array.shape))))
        # Of a tile at full resolution.
        self.side = min(SIDE, 2**self.zooms)
        self.tile = f"{self.zooms - int(np.log2(self.side))}/0/0/{self.side}"

    def ask(self, path: str) -> Reply:
        reply = self.server.final(f"{self.address}/{path}")
        assert reply.status == 200, (path, reply.status, reply.body[:300])
        return reply

    def plain(self) -> None:
        """What is NaN is transparent, and nothing else is."""
        shown = alpha(self.ask(f"{self.tile}.png"), self.side)
        np.testing.assert_array_equal(shown, 255 * valid(self.array, self.side))

    def colormap(self) -> None:
        """So it is through a colormap."""
        shown = alpha(self.ask(f"{self.tile}/viridis/-1.5/0.25.png"), self.side)
        np.testing.assert_array_equal(shown, 255 * valid(self.array, self.side))

    def widest(self) -> None:
        """So it is in 16 bits of the widest window there is."""
        self.ask(f"{self.tile}.png?bits=16&vmin=-1.7e308&vmax=1.7e308").image()
        shown = alpha(self.ask(f"{self.tile}.png?vmin=-1.7e308&vmax=1.7e308"), self.side)
        np.testing.assert_array_equal(shown, 255 * valid(self.array, self.side))

    def samples(self) -> None:
        """Samples are the array's, bit by bit."""
        tile = self.ask(f"{self.tile}.npy").npy()
        assert tile.dtype == self.array.dtype
        assert tile.tobytes() == self.array[: self.side, : self.side].tobytes()

    def jpeg(self) -> None:
        """A JPEG has no holes, and is one."""
        assert np.all(alpha(self.ask(f"{self.tile}.jpg"), self.side, "image/jpeg") == 255)

    def reduced(self) -> None:
        """Reduced by every kind, a pixel is there where any of its block is."""
        side = min(16, self.side)
        block = 2**self.zooms // side

        def any_of(pixels: np.ndarray) -> np.ndarray:
            return pixels.reshape(side, block, side, block).any(axis=(1, 3))

        there = any_of(valid(self.array, 2**self.zooms))
        # What all infinities of a block come to together is no number.
        both = any_of(self.padded(np.isposinf)) & any_of(self.padded(np.isneginf))
        for resampling in RESAMPLINGS:
            shown = alpha(self.ask(f"0/0/0/{side}.png?resampling={resampling}"), side) > 0
            if resampling == "nearest":
                assert not np.any(shown & ~there)
            else:
                expected = there & ~both if resampling in ("average", "sum") else there
                np.testing.assert_array_equal(shown, expected, resampling)

    def padded(self, test: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Tell for which pixels of the square of zoom 0 something holds."""
        real = self.array if self.array.dtype.kind == "f" else np.zeros_like(self.array, "f8")
        return np.pad(test(real), [(0, 2**self.zooms - size) for size in real.shape])


STYLES: tuple[Callable[[Shown], None], ...] = (
    Shown.plain,
    Shown.colormap,
    Shown.widest,
    Shown.samples,
    Shown.jpeg,
    Shown.reduced,
)


def test_extreme_arrays_in_every_style(tmp_path: Path, figure: Figures) -> None:
    all_arrays = arrays()
    files = save(tmp_path, all_arrays)
    faults = []
    with Server(*files, "-t", "64") as server:
        for name, array in all_arrays.items():
            shown = Shown(server, name, array)
            for style in STYLES:
                try:
                    style(shown)
                except AssertionError as fault:
                    faults.append(f"{name}, {style.__name__}: {fault}")
            documents = [
                server.ok(f"{shown.address}/{path}").body
                for path in ("histogram", "statistics", "value?x=0&y=0")
            ]
            if re.search(rb"\b(NaN|Infinity)\b", b"".join(documents)):
                faults.append(f"{name}: numbers that JSON has not: {documents}")
        said = server.stderr()
    trials = len(all_arrays) * len(STYLES)
    figure(
        "R11",
        "arrays of extremes, in every style",
        "180 of 180 as they should be",
        trials=trials,
        right=trials - len(faults),
        lines_logged=len(said.splitlines()),
    )
    assert trials == 180
    assert not faults, "\n".join(faults)
    assert "panicked" not in said


def test_arrays_without_pixels_are_refused_by_name(tmp_path: Path, figure: Figures) -> None:
    shapes = {"rows": (0, 5), "columns": (5, 0), "both": (0, 0), "planes": (0, 8, 8), "channels": (8, 8, 0)}
    files = save(tmp_path, {f"no_{name}": np.zeros(shape, "f4") for name, shape in shapes.items()})
    replies = [run("info", file) for file in files]
    clear = [
        reply.returncode == 1 and len(reply.stderr.splitlines()) == 1 and "no pixels" in reply.stderr
        for reply in replies
    ]
    figure("R11", "arrays of no size", "refused in one clear line", arrays=len(files), refused=sum(clear))
    assert all(clear), [reply.stderr for reply in replies]
