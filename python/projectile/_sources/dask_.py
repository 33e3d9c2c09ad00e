"""dask arrays: what a view needs is one computation, on the cluster of the client in force if there is one."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from .._native import Image
from . import blocks
from .options import Options


class _Computed(blocks.BlockReader):
    """Blocks that are computed together."""

    def read(self, blocks: Sequence[blocks.Slices]) -> list[npt.NDArray[Any]]:
        import dask

        # It has no types.
        computed: tuple[Any, ...] = dask.compute(  # pyright: ignore
            *(self.array[block] for block in blocks)
        )
        return [self.finish(block) for block in computed]


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of a dask array. Nothing of it is computed before somebody looks at it."""
    array = sys.modules.get("dask.array")
    if array is None or not isinstance(x, array.Array):
        return None
    return [image(x, options)]


def image(x: Any, options: Options, source_format: str = "dask", **known: Any) -> Image:
    """The image of a dask array, with what else is known of it."""
    if any(math.isnan(size) for size in x.shape):
        raise ValueError("the dask array does not know its shape: call its compute_chunk_sizes() first")
    reader = _Computed(x, blocks.sample_dtype(x.dtype))
    return blocks.image(reader, x.shape, x.chunks, options, source_format, remote=True, **known)
