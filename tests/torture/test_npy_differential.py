"""R06: NPY headers and samples against numpy, which must read whatever is read here, and to the same array."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pytest
from harness import Server
from hostile import npy
from npy_headers import Generator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Figures

# numpy stops at 10,000 bytes of header, since more could bring Python's parser down; ours has bounds of its own.
LONGEST_HEADER = 1 << 16
GALLERY = 3000


def as_numpy_reads(path: Path) -> np.ndarray | None:
    """Read a file by numpy; `None` where it refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote
        try:
            array = np.load(path, allow_pickle=False, max_header_size=LONGEST_HEADER)
        except Exception:
            return None
    return array if isinstance(array, np.ndarray) else None


def described(server: Server) -> Iterator[dict[str, Any]]:
    """Tell of each image all that the server does."""
    for image in server.images:
        yield server.json(f"/images/{quote(image['id'], safe='')}")


def plane(
    server: Server, image: dict[str, Any], array: np.ndarray, numbers: np.random.Generator
) -> tuple[Any, Any]:
    """Ask for a random slice of a random plane, and cut the same from the array."""
    axes: str = "".join(image["axes"])
    index: list[Any] = []
    query = []
    for axis, size in zip(axes, array.shape, strict=True):
        if axis in "yx":
            start, stop = sorted(numbers.choice(size + 1, 2, replace=False).tolist())
            index.append(slice(start, stop))
            query += [f"{axis}0={start}", f"{axis}1={stop}"]
        elif axis == "c":
            index.append(slice(None))
        else:
            at = int(numbers.integers(size))
            index.append(at)
            query.append(f"{axis}={at}")
    address = f"/images/{quote(image['id'], safe='')}/region.npy?{'&'.join(query)}"
    got = server.ok(address).npy()
    wanted = array[tuple(index)]
    letters = [axis for axis in axes if axis in "yxc"]
    return got, wanted.transpose([letters.index(axis) for axis in "yxc" if axis in letters])


@pytest.mark.timeout(1800)
def test_what_is_read_is_what_numpy_reads(tmp_path: Path, full: bool, figure: Figures) -> None:
    galleries = 34 if full else 1
    count = accepted = by_numpy = 0
    faults: list[str] = []
    for gallery in range(galleries):
        folder = tmp_path / str(gallery)
        folder.mkdir()
        generator = Generator(gallery)
        for number in range(GALLERY):
            (folder / f"{number:05d}.npy").write_bytes(generator.file())
        arrays = {path.stem: as_numpy_reads(path) for path in sorted(folder.iterdir())}
        count += len(arrays)
        by_numpy += sum(array is not None for array in arrays.values())
        with Server(folder) as server:
            accepted += len(server.images)
            faults += disagreements(server, folder, arrays)
        for path in folder.iterdir():
            path.unlink()
    figure(
        "R06",
        "generated NPY headers against numpy",
        "nothing is read that numpy refuses, nothing otherwise than numpy does",
        headers=count,
        read_by_numpy=by_numpy,
        read=accepted,
        disagreements=len(faults),
    )
    assert accepted > count // 3, "too few are good to tell anything"
    assert by_numpy < count * 9 // 10, "too few are bad to tell anything"
    assert not faults, "\n".join(faults)


def disagreements(server: Server, folder: Path, arrays: dict[str, np.ndarray | None]) -> Iterator[str]:
    """Tell of images that numpy refuses, or reads otherwise."""
    numbers = np.random.default_rng(6)
    for image in described(server):
        name = image["name"].removesuffix(".npy")
        array = arrays[name]
        head = (folder / f"{name}.npy").read_bytes()[:300]
        if array is None:
            yield f"numpy refuses {head!r}"
        elif tuple(image["shape"]) != array.shape or np.dtype(image["dtype"]) != array.dtype.newbyteorder(
            "="
        ):
            yield f"{image['shape']} of {image['dtype']}, numpy has {array.shape} of {array.dtype}: {head!r}"
        else:
            if array.dtype == bool:
                # A byte of any bits is true, which is 1 here; numpy keeps the byte.
                array = array.view("u1") != 0
            got, wanted = plane(server, image, array, numbers)
            if got.reshape(wanted.shape).tobytes() != wanted.astype(got.dtype).tobytes():
                yield f"other samples than numpy's: {head!r}"


def test_random_slices_are_numpys(tmp_path: Path, full: bool, figure: Figures) -> None:
    numbers = np.random.default_rng(60)
    arrays = {}
    for dtype in [name for name in npy.DTYPES if name[1:] != "b1"] + ["|b1"]:
        for order in "CF":
            bits = numbers.integers(0, 256, (61, 83, np.dtype(dtype).itemsize), "u1")
            values = bits.view(dtype)[..., 0] if dtype != "|b1" else bits[..., 0] > 127
            name = f"{dtype.translate({60: 'l', 62: 'b', 124: 'n'})}_{order}"
            arrays[name] = np.asarray(values, order=order)
            np.save(tmp_path / f"{name}.npy", arrays[name])
    slices = 100 if full else 10
    with Server(tmp_path) as server:
        faults = []
        for image in described(server):
            array = arrays[image["name"].removesuffix(".npy")]
            for _ in range(slices):
                got, wanted = plane(server, image, array, numbers)
                # Samples come in this machine's order, bit by bit what they were.
                expected = wanted.astype(wanted.dtype.newbyteorder("<"))
                if got.dtype != expected.dtype or got.tobytes() != expected.tobytes():
                    faults.append((image["name"], got, wanted))
    figure(
        "R06",
        "random slices",
        "byte for byte",
        arrays=len(arrays),
        slices=len(arrays) * slices,
        wrong=len(faults),
    )
    assert not faults
