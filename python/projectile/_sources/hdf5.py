"""Datasets of h5py."""

from __future__ import annotations

import sys
from typing import Any

from .._native import Image
from . import blocks
from .options import Options


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of an HDF5 dataset, read chunk by chunk; of a file or group, those of its datasets."""
    h5py = sys.modules.get("h5py")
    if h5py is None:
        return None
    if isinstance(x, h5py.Dataset):
        return [_image(x, options)]
    if isinstance(x, h5py.Group):
        found: list[Image] = []

        def visit(_name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "biufc":
                found.append(_image(item, options))

        x.visititems(visit)
        return found
    return None


def _image(dataset: Any, options: Options) -> Image:
    reader = blocks.BlockReader(dataset, blocks.sample_dtype(dataset.dtype))
    name = str(dataset.name).strip("/")
    return blocks.image(reader, dataset.shape, dataset.chunks, options, "HDF5", name=name or None)
