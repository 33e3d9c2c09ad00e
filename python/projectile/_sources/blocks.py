"""Reading an array by blocks that follow its chunks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._native import Image, guess_axes
from .options import Options

#: Pixels a side of a block of an array that has no chunks, and the least that chunks are taken together to.
SIDE = 512
LEAST = 256
#: Bytes of a block beyond which it holds one index only along axes that are not of the picture.
MOST_BYTES = 32 << 20

Slices = tuple[slice, ...]


class BlockReader:
    """Gives blocks of whatever is sliced as numpy slices.

    Parameters
    ----------
    array : object
        Has ``__getitem__``.
    dtype : numpy.dtype
        What the blocks are to be of, in native byte order.

    """

    def __init__(self, array: Any, dtype: np.dtype[Any]) -> None:
        self.array = array
        self.dtype = dtype

    def read(self, blocks: Sequence[Slices]) -> list[npt.NDArray[Any]]:
        """The blocks, in C order.

        Parameters
        ----------
        blocks : sequence of tuples of slices
            One slice for each axis, in storage order.

        Returns
        -------
        list of numpy.ndarray

        """
        return [self.finish(self.array[block]) for block in blocks]

    def finish(self, block: Any) -> npt.NDArray[Any]:
        """A block as numpy, aligned, in C order and native byte order."""
        return np.require(np.asarray(block), self.dtype, ["C", "A"])


def sample_dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype in which samples of ``dtype`` are shown: its own in native byte order, or the one that holds it best.

    Raises
    ------
    TypeError
        For dtypes that are no numbers, named.

    """
    known = np.dtype(dtype)
    if known.kind in "biuf" and known.itemsize <= 8:
        return known.newbyteorder("=")
    if known.kind == "c" and known.itemsize <= 16:
        return known.newbyteorder("=")
    if known.kind == "f":
        return np.dtype(np.float64)
    if known.kind == "c":
        return np.dtype(np.complex128)
    raise TypeError(f"an array of dtype {known} cannot be shown: numbers and bools can")


def divide(
    shape: Sequence[int], chunks: Sequence[int | Sequence[int]] | None, axes: Sequence[str], itemsize: int
) -> list[list[int]]:
    """How each axis is divided: ``[length]`` for blocks of a length, else the edges from 0 to the axis's size.

    Chunks along y and x are taken together until a block has at least ``LEAST`` pixels a side. A block that would
    still be great holds one index only along every other axis.

    Parameters
    ----------
    shape, axes : sequences
        Of the array, in storage order; ``axes`` has the names ``y`` and ``x``.
    chunks : sequence or None
        A length for each axis, or the lengths of its chunks one by one, as dask has them.
    itemsize : int
        Bytes of a sample.

    """
    divisions: list[list[int]] = []
    for at, size in enumerate(shape):
        chunk = SIDE if axes[at] in "yx" else 1
        lengths: int | Sequence[int] = chunks[at] if chunks is not None else chunk
        in_picture = axes[at] in ("y", "x")
        if isinstance(lengths, int):
            length = max(1, min(lengths, size))
            if in_picture and length < LEAST:
                length *= -(-LEAST // length)
            divisions.append([min(length, size)])
        else:
            divisions.append(_edges(lengths, LEAST if in_picture else 1))
    longest = [_longest(division) for division in divisions]
    if itemsize * int(np.prod([float(length) for length in longest])) > MOST_BYTES:
        for at, axis in enumerate(axes):
            if axis not in ("y", "x"):
                divisions[at] = [1]
    return divisions


def _edges(lengths: Sequence[int], least: int) -> list[int]:
    """The edges of chunks of these lengths, neighbours taken together up to ``least``."""
    edges = [0]
    for edge in itertools.accumulate(lengths):
        if edge > edges[-1]:
            if len(edges) > 1 and edge - edges[-2] <= least:
                edges.pop()
            edges.append(edge)
    return edges if len(edges) != 1 else [0, 0]


def _longest(division: list[int]) -> int:
    if len(division) == 1:
        return division[0]
    return max(after - before for before, after in itertools.pairwise(division))


def image(
    reader: BlockReader,
    shape: Sequence[int],
    chunks: Sequence[int | Sequence[int]] | None,
    options: Options,
    source_format: str,
    *,
    name: str | None = None,
    remote: bool = False,
    **known: Any,
) -> Image:
    """An image that is read by blocks."""
    keywords = options.keywords(source_format, **known)
    sizes = [int(size) for size in shape]
    axes = keywords["axes"] = keywords.get("axes") or guess_axes(sizes)
    if len(axes) != len(sizes):
        raise ValueError(f"axes {axes} do not fit an array of shape {tuple(sizes)}")
    if 0 in sizes:
        raise ValueError(f"the array has no pixels: its shape is {tuple(sizes)}")
    return Image.from_reader(
        reader,
        options.title(name),
        dtype=reader.dtype.str[1:],
        shape=sizes,
        chunks=divide(sizes, chunks, axes, reader.dtype.itemsize),
        remote=remote,
        cache_bytes=options.cache_bytes,
        **keywords,
    )
