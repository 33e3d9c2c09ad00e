"""Images on the disk in generations: every sample tells its generation and its place, so that no mix goes unseen."""

from __future__ import annotations

import io
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tifffile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# 12,000 x 12,000 samples of 2 bytes are more than is read whole. Only the first rows are on the disk.
SIDE, ROWS, TILE, NATIVE = 12_000, 256, 256, 6
TILES = SIDE // TILE
GENERATIONS = 15
ABSENT = 0xFFFF  # what a Zarr shows of a chunk that is not there

_rows, _columns = np.indices((ROWS, SIDE), dtype=np.uint32)
PLACES = ((_rows * 2654435761 + _columns * 40503) >> 8 & 0xFFF).astype(np.uint16)
# A sample of the pattern is never 0, whatever its place, as generations are counted from 1; and never `ABSENT`.
PLACES[PLACES == 0xFFF] = 1


def pattern(generation: int) -> np.ndarray:
    """Make the first rows of a generation."""
    return PLACES | np.uint16((generation % GENERATIONS + 1) << 12)


def generation_of(samples: np.ndarray, x: int, newest: int) -> int | None:
    """Tell the generation of all samples of tile `x` of the first row; `None` where they are of none, or of several."""
    if samples.shape != (TILE, TILE):
        return None
    mark = int(samples[0, 0]) >> 12
    if not mark or not np.array_equal(samples, PLACES[:, x * TILE : (x + 1) * TILE] | np.uint16(mark << 12)):
        return None
    return next(past for past in range(newest, newest - GENERATIONS, -1) if past % GENERATIONS + 1 == mark)


def npy_header() -> bytes:
    """Make the header of the whole array."""
    text = f"{{'descr': '<u2', 'fortran_order': False, 'shape': ({SIDE}, {SIDE}), }}"
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"


def write_npy(path: Path, generation: int) -> None:
    """Write an array that is read by region, in place where there is one."""
    head = npy_header()
    with os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o644), "r+b") as file:
        file.write(head)
        file.write(pattern(generation).tobytes())
        file.truncate(len(head) + SIDE * SIDE * 2)


def write_tiff(path: Path, generation: int) -> None:
    """Write a TIFF that is read by blocks, as it has an overview; in place where there is one."""
    made, picture = io.BytesIO(), pattern(generation)
    with tifffile.TiffWriter(made) as file:
        file.write(picture, tile=(TILE, TILE), subifds=1, photometric="minisblack")
        file.write(picture[::2, ::2], tile=(TILE, TILE), subfiletype=1, photometric="minisblack")
    with os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o644), "r+b") as file:
        file.write(made.getvalue())
        file.truncate(len(made.getvalue()))


def write_zarr(path: Path, generation: int) -> None:
    """Write a Zarr of a chunk a tile, chunk by chunk; its document last, which tells `--watch` that it was written."""
    path.mkdir(exist_ok=True)
    picture = pattern(generation)
    for x in range(TILES + 1):
        chunk = np.full((TILE, TILE), ABSENT, np.uint16)
        part = picture[:, x * TILE : (x + 1) * TILE]
        chunk[:, : part.shape[1]] = part
        (path / f"0.{x}").write_bytes(chunk.tobytes())
    document = {
        "zarr_format": 2,
        "shape": [ROWS, SIDE],
        "chunks": [TILE, TILE],
        "dtype": "<u2",
        "compressor": None,
        "fill_value": ABSENT,
        "order": "C",
        "filters": None,
    }
    touch_zarr(path, document)


def touch_zarr(path: Path, document: dict[str, object] | None = None) -> None:
    """Write the document of a Zarr anew."""
    file = path / ".zarray"
    if document is not None:
        file.write_text(json.dumps(document))
    elif file.exists():
        file.write_text(file.read_text())


def clear(path: Path) -> None:
    """Remove whatever is at `path`."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def replace(path: Path, write: Callable[[Path, int], None], generation: int) -> None:
    """Let another file, or folder, take the name."""
    other, old = path.with_name(f"other-{path.name}"), path.with_name(f"old-{path.name}")
    write(other, generation)
    if path.is_dir():  # no folder takes the name of another that is not empty
        path.replace(old)
    other.replace(path)
    clear(old)


@dataclass(frozen=True)
class Kind:
    """A kind of file that changes."""

    ending: str
    write: Callable[[Path, int], None]
    parts: Callable[[Path], list[Path]]
    """The files in which its samples are."""
    enough: int
    """So many answers of a generation, one after the other, tell that all of it is served."""


def _itself(path: Path) -> list[Path]:
    return [path]


def _chunks(path: Path) -> list[Path]:
    return [path / f"0.{x}" for x in range(TILES + 1)]


KINDS = {
    "npy": Kind("npy", write_npy, _itself, 1),
    "tiff": Kind("tif", write_tiff, _itself, 1),
    "zarr": Kind("zarr", write_zarr, _chunks, 25),
}
