"""Makes the files that are measured: `fixtures.py FOLDER SIDE PICTURE LARGE SPARSE`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import zarr
from PIL import Image


def waves(side: int, first: int = 0, rows: int | None = None) -> np.ndarray:
    """Make rows of a smooth field from -1 to 1 with a little noise."""
    noise = np.random.default_rng(first).normal(0, 0.02, 65_537).astype(np.float32)
    line = np.linspace(0, 40, side, dtype=np.float32)
    part = line[first : first + (rows or side)]
    field = np.sin(part)[:, None] * np.cos(line)[None, :]
    return field + np.resize(noise, field.shape)


def picture_of(side: int) -> np.ndarray:
    """Show such a field in 0..255, made in strips that keep memory small."""
    shown = np.empty((side, side), np.uint8)
    for row in range(0, side, 512):
        strip = waves(side, row, 512)
        shown[row : row + 512] = np.clip(strip * 127 + 128, 0, 255)
    return shown


def sparse(path: Path, side: int, dtype: str = "|u1") -> None:
    """Write a side × side .npy of zeros that takes no room on the disk."""
    with path.open("wb") as file:
        header = {"descr": dtype, "fortran_order": False, "shape": (side, side)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + side * side * np.dtype(dtype).itemsize)


def ome_zarr(path: Path, side: int) -> None:
    """Write an image of OME-Zarr 0.5 of four levels, in shards."""
    group = zarr.open_group(str(path), mode="w", zarr_format=3)
    datasets = []
    for number in range(4):
        step = 2**number
        level = (picture_of(side // step).astype("u2")) << 4
        chunks = min(256, side // step)
        shards = min(2048, side // step)
        options = {"chunks": (chunks, chunks), "shards": (shards, shards), "dtype": "u2"}
        group.create_array(str(number), shape=level.shape, **options)[...] = level
        scale = {"type": "scale", "scale": [step, step]}
        datasets.append({"path": str(number), "coordinateTransformations": [scale]})
    axes = [{"name": name, "type": "space"} for name in "yx"]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}


def main() -> None:
    """Make what is missing."""
    folder = Path(sys.argv[1])
    side, picture, large, huge = map(int, sys.argv[2:])
    done = folder / "done"
    made = f"3 {sys.argv[2:]}"
    if done.exists() and done.read_text() == made:
        return
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "field.npy", waves(side))
    gray = picture_of(side)
    np.save(folder / "gray.npy", gray)
    np.save(folder / "rgb.npy", np.stack([gray, gray[::-1], gray[:, ::-1]], -1))
    np.save(folder / "dot.npy", gray[:1, :1])
    for times, name in [(1, "size1"), (10**0.5, "size10"), (10, "size100")]:
        np.save(folder / f"{name}.npy", picture_of(int(side * 0.3 * times)))
    photo = picture_of(picture)
    image = Image.fromarray(np.stack([photo, photo[::-1], photo[:, ::-1]], -1))
    image.save(folder / "picture.png", compress_level=1)
    image.save(folder / "picture.jpg", quality=85)
    image.save(folder / "picture.tif", compression="tiff_deflate")
    ome_zarr(folder / "image.zarr", side * 2)
    large_picture = picture_of(picture * 2)
    large_picture = np.stack([large_picture, large_picture[::-1], large_picture[:, ::-1]], -1)
    Image.fromarray(large_picture).save(folder / "export.tif")
    sparse(folder / "large.npy", large)
    sparse(folder / "sparse.npy", huge)
    sparse(folder / "hundred.npy", 160_000, "<f4")
    done.write_text(made)


if __name__ == "__main__":
    main()
