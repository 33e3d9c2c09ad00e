"""zarr arrays and groups."""

from __future__ import annotations

import sys
from typing import Any

from .._native import Image
from . import blocks
from .options import Options

#: Stores whose reads do not leave this machine.
_LOCAL = ("LocalStore", "MemoryStore", "ZipStore", "DirectoryStore", "KVStore", "dict")


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of a zarr array, read chunk by chunk; of a group, those of its arrays."""
    zarr = sys.modules.get("zarr")
    if zarr is None:
        return None
    if isinstance(x, zarr.Group):
        found: list[Image] = []
        for name, array in sorted(x.arrays()):
            if array.ndim >= 2:
                found.append(_image(array, options.named(f"{options.name}/{name}" if options.name else name)))
        return found
    if isinstance(x, zarr.Array):
        return [_image(x, options)]
    return None


def _image(array: Any, options: Options) -> Image:
    reader = blocks.BlockReader(array, blocks.sample_dtype(array.dtype))
    fill = array.fill_value
    store = type(getattr(array, "store", None)).__name__
    name = (getattr(array, "path", "") or "").rpartition("/")[2]
    known: dict[str, Any] = {"details": [("chunks", " × ".join(str(length) for length in array.chunks))]}
    dimension_names = getattr(getattr(array, "metadata", None), "dimension_names", None)
    if dimension_names and set(dimension_names) >= {"y", "x"} and options.axes is None:
        known["axes"] = [str(dimension) for dimension in dimension_names]
    if fill is not None and reader.dtype.kind == "f" and fill != 0 and fill == fill:
        known["nodata"] = float(fill)
    return blocks.image(
        reader,
        array.shape,
        array.chunks,
        options,
        "zarr",
        name=name or None,
        remote=store not in _LOCAL,
        **known,
    )
