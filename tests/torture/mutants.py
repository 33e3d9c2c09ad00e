"""Good files that were damaged: seeds from the fixtures and from everybody's writers, changed by a seed of chance."""

from __future__ import annotations

import importlib.util
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

ROOT = Path(__file__).parents[2]
LARGEST = 64 << 10
# Of raw samples nothing can be read wrongly, and documents are no images.
NO_IMAGES = {"raw", "json", "py", "md"}


@dataclass(frozen=True)
class Seed:
    """A good file, or the files of a folder."""

    name: str
    files: Mapping[str, bytes]


def seeds(folder: Path) -> list[Seed]:
    """Collect the seeds; those of writers that want one get a folder."""
    return [*fixtures(), *written(), *written_zarr(folder)]


def fixtures() -> Iterator[Seed]:
    """Take the small files of the fixtures."""
    for path in sorted((ROOT / "fixtures").rglob("*")):
        ending = path.suffix.removeprefix(".")
        if path.is_file() and ending not in NO_IMAGES and path.stat().st_size <= LARGEST:
            yield Seed(path.name, {"": path.read_bytes()})


def fuzz_seeds() -> ModuleType:
    """Load what writes the seeds of the fuzzers."""
    spec = importlib.util.spec_from_file_location("fuzz_seeds", ROOT / "fuzz" / "seeds.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written() -> Iterator[Seed]:
    """Take the files that the fuzzers begin with."""
    module = fuzz_seeds()
    pictures = module.pictures()
    files = {
        **module.arrays(),
        "png": pictures["png"],
        "jpg": pictures["jpeg"],
        "tif": module.tiff(),
        "fits": module.fits_files(),
        "nii": module.nifti(),
        "mrc": module.mrc(),
        "h5": module.hdf5(),
        "dcm": module.dicom(),
    }
    for made in pictures["pictures"]:
        files.setdefault(module.PICTURES[made[0]], []).append(made[1:])
    for ending, contents in files.items():
        for number, content in enumerate(contents):
            yield Seed(f"{number}.{ending}", {"": content})


def written_zarr(folder: Path) -> Iterator[Seed]:
    """Write small Zarr folders."""
    array = (np.arange(20 * 24).reshape(20, 24) % 251).astype("u2")
    for number, options in enumerate(
        [
            {"chunks": (8, 8), "compressors": GzipCodec()},
            {"chunks": (8, 8), "compressors": BloscCodec(cname="lz4", typesize=2)},
            {"chunks": (8, 8), "compressors": ZstdCodec(), "zarr_format": 3},
            {"chunks": (20, 24), "zarr_format": 2},
            {"chunks": (5, 8), "shards": (20, 24)},
        ]
    ):
        path = folder / f"{number}.zarr"
        zarr.create_array(path, data=array, **options)
        files = {
            str(file.relative_to(path)): file.read_bytes()
            for file in sorted(path.rglob("*"))
            if file.is_file()
        }
        yield Seed(path.name, files)


class Mutator:
    """Damages files, in the same way for a seed of chance."""

    def __init__(self, seeds: list[Seed], chance: int) -> None:
        self.seeds = seeds
        self.random = random.Random(chance)

    def mutant(self, number: int) -> Seed:
        """Damage one of the seeds, each in its turn."""
        seed = self.seeds[number % len(self.seeds)]
        part = self.random.choice(sorted(seed.files))
        damage = self.random.choice(
            [self.bit_flips, self.random_bytes, self.numbers, self.truncation, self.splice]
        )
        damaged = damage(seed.files[part])
        return Seed(f"{number:05d}_{damage.__name__}_{seed.name}", {**seed.files, part: damaged})

    def bit_flips(self, content: bytes) -> bytes:
        """Turn one to sixteen bits over, half of the time near the start, where headers are."""
        changed = bytearray(content)
        for _ in range(self.random.choice([1, 1, 2, 4, 16])):
            if changed:
                end = min(len(changed), 512) if self.random.random() < 0.5 else len(changed)
                changed[self.random.randrange(end)] ^= 1 << self.random.randrange(8)
        return bytes(changed)

    def random_bytes(self, content: bytes) -> bytes:
        """Write anything over a thousandth to a tenth of the bytes."""
        changed = bytearray(content)
        share = 10 ** self.random.uniform(-3, -1)
        for _ in range(max(int(len(changed) * share), 1) if changed else 0):
            changed[self.random.randrange(len(changed))] = self.random.randrange(256)
        return bytes(changed)

    def numbers(self, content: bytes) -> bytes:
        """Write numbers of which there is no next one over some, near the start."""
        changed = bytearray(content)
        for _ in range(self.random.choice([1, 2, 3])):
            size = self.random.choice([1, 2, 4, 8])
            at = self.random.randrange(max(min(len(changed), 512) - size, 1))
            number = self.random.choice(
                [0, 1, (1 << 8 * size) - 1, (1 << 8 * size - 1) - 1, 1 << 8 * size - 1]
            )
            changed[at : at + size] = number.to_bytes(size, self.random.choice(["little", "big"]))
        return bytes(changed)

    def truncation(self, content: bytes) -> bytes:
        """Cut the file short."""
        return content[: self.random.randrange(len(content) + 1)]

    def splice(self, content: bytes) -> bytes:
        """Put a piece of itself, or of another seed, into it, or over a part of it."""
        other = content if self.random.random() < 0.5 else self.random.choice(self.pieces())
        start = self.random.randrange(len(other) + 1)
        piece = other[start : start + self.random.choice([4, 16, 64, 512, 4096])]
        at = self.random.randrange(len(content) + 1)
        return content[:at] + piece + content[at + (len(piece) if self.random.random() < 0.5 else 0) :]

    def pieces(self) -> list[bytes]:
        """Tell what pieces can be taken of."""
        return list(self.random.choice(self.seeds).files.values())


def write(mutant: Seed, folder: Path) -> Path:
    """Write a mutant, and tell where."""
    path = folder / mutant.name
    for name, content in mutant.files.items():
        file = path / name if name else path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path
