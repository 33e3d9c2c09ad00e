"""Hostile and unusual files, and what has to become of each: one module for each family of formats.

`python -m hostile FOLDER` from the folder above writes them all, with `expect.jsonl` beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostile import fits, jpeg, names, npy, npz, pixels, png, tiff, vector, zarr
from hostile.case import Case, Directory, Link, Pipe, Sparse

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Case", "Directory", "Link", "Pipe", "Sparse", "cases"]

FAMILIES = (npy, npz, png, tiff, jpeg, pixels, vector, fits, zarr, names)


def cases(canary: str) -> Iterator[Case]:
    """Make all cases; those that carry code would create the file `canary` if it ever ran."""
    for family in FAMILIES:
        yield from family.cases(canary)
