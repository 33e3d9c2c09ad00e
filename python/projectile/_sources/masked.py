"""Masked arrays: what is masked is no data."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from .._native import Image
from . import blocks, mapped
from .options import Options


class _Filled(blocks.BlockReader):
    """Blocks whose masked samples are ``fill``."""

    def __init__(self, array: np.ma.MaskedArray[Any, Any], dtype: np.dtype[Any], fill: float) -> None:
        super().__init__(array, dtype)
        self.data = mapped.reader(np.ma.getdata(array))
        self.fill = fill

    def finish(self, block: Any) -> npt.NDArray[Any]:
        data = np.array(self.data.finish(np.ma.getdata(block)), dtype=self.dtype, order="C")
        data[np.ma.getmaskarray(block)] = self.fill
        return data


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of a masked array: masked samples are transparent, and count in no average."""
    if not isinstance(x, np.ma.MaskedArray):
        return None
    array = cast("np.ma.MaskedArray[Any, Any]", x)
    dtype = blocks.sample_dtype(array.dtype)
    if array.size == 0:
        raise ValueError(f"the array has no pixels: its shape is {array.shape}")
    if dtype.kind in "fc":
        return [blocks.image(_Filled(array, dtype, float("nan")), array.shape, None, options, "numpy.ma")]
    if dtype.kind == "b":
        dtype = np.dtype(np.uint8)
    fill = _unused(array, dtype)
    if fill is None:
        # Every value is in use: a type with room for one more.
        dtype = np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)
        return [blocks.image(_Filled(array, dtype, float("nan")), array.shape, None, options, "numpy.ma")]
    return [
        blocks.image(_Filled(array, dtype, fill), array.shape, None, options, "numpy.ma", nodata=float(fill))
    ]


def _unused(array: np.ma.MaskedArray[Any, Any], dtype: np.dtype[Any]) -> int | None:
    """A value that no sample in view has, and that a double holds exactly."""
    info = np.iinfo(dtype)
    for candidate in (info.max, info.min, 0):
        if abs(candidate) <= 1 << 53 and not bool(np.ma.any(array == candidate)):
            return int(candidate)
    return None
