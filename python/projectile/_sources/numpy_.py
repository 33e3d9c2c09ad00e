"""numpy arrays: their own memory where it can be used as it is, else by blocks."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from .._native import Image
from . import blocks, mapped
from .options import Options


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of a numpy array, which is looked at where it is: nothing is copied.

    Arrays in another byte order or not aligned, and floats of more than 64 bits, are converted block by block; those
    over mapped files are read so.
    """
    if not isinstance(x, np.ndarray):
        return None
    array = cast("npt.NDArray[Any]", x)
    reader = mapped.reader(array)
    if array.size == 0:
        raise ValueError(f"the array has no pixels: its shape is {array.shape}")
    if is_usable(array):
        return [Image.from_array(array, options.title(), **options.keywords("numpy"))]
    return [blocks.image(reader, array.shape, None, options, "numpy")]


def is_usable(x: npt.NDArray[Any]) -> bool:
    """Whether samples can be read where they are: native, aligned, a whole number of them apart, in memory."""
    return (
        x.dtype == blocks.sample_dtype(x.dtype)
        and x.dtype.isnative
        and x.flags.aligned
        and all(stride % x.itemsize == 0 for stride in x.strides)
        and mapped.mapping(x) is None
    )


def as_array(x: Any) -> npt.NDArray[Any]:
    """Nested lists of numbers as an array.

    Raises
    ------
    ValueError
        For rows of different lengths.

    """
    return np.asarray(x)
