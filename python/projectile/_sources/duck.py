"""Whatever has a shape, a dtype and ``[...]``."""

from __future__ import annotations

from typing import Any

from .._native import Image
from . import blocks
from .options import Options


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of an array of any kind, read by regions that follow its chunks, never whole."""
    if not (hasattr(x, "shape") and hasattr(x, "dtype") and hasattr(x, "__getitem__")):
        return None
    reader = blocks.BlockReader(x, blocks.sample_dtype(x.dtype))
    name = type(x).__module__.partition(".")[0]
    return [blocks.image(reader, x.shape, chunks_of(x), options, name)]


def chunks_of(x: Any) -> list[int] | None:
    """The chunks that ``x`` says it has, a length for each axis."""
    chunks = getattr(x, "chunks", None)
    if isinstance(chunks, (tuple, list)) and len(chunks) == len(x.shape):  # pyright: ignore[reportUnknownArgumentType]
        lengths: list[Any] = list(chunks)  # pyright: ignore[reportUnknownArgumentType]
        if all(isinstance(length, int) and length > 0 for length in lengths):
            return lengths
    return None
