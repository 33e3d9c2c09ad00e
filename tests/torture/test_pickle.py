"""R07: pickles are never run, in whatever file and under whatever name they come."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from typing import TYPE_CHECKING

import h5py
import numcodecs
import numpy as np
import zarr
from harness import binary
from hostile import npy
from traced import traced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Figures

GOOD = np.arange(64 * 64, dtype="u1").reshape(64, 64)


def test_no_pickle_runs(tmp_path: Path, figure: Figures) -> None:
    canary = tmp_path / "PROJECTILE_CANARY"
    folder = tmp_path / "files"
    folder.mkdir()
    files = list(write(folder, str(canary)))
    assert not canary.exists(), "it ran while the files were written"
    log = tmp_path / "trace"
    executed = opened = 0
    for file in files:
        for command in (["info", file], ["tile", file, "0/0/0/64", "-o", tmp_path / "tile.png"]):
            trace = traced([binary(), *command], log)
            executed += len(trace.executed) - 1
            opened += trace.code == 0
            assert trace.code in (0, 1), (file, trace)
            assert trace.executed == [binary()], (file, trace)
            assert not canary.exists(), file
    # Proof that the files are armed: what does unpickle them makes the canary.
    pickle.loads((folder / "protocol_2.npy").read_bytes())  # noqa: S301 - that is the proof
    armed = canary.exists()
    figure(
        "R07", "pickles", "none runs", files=len(files), programs_started=executed, opened_nevertheless=opened
    )
    assert armed
    assert opened == 4, "an archive and a file that hold a good array too"


def write(folder: Path, canary: str) -> Iterator[Path]:
    """Write a pickle into each kind of file that could hold one."""
    one = npy.RunsWhenUnpickled(canary)
    array = npy.poisoned(canary)
    objects = npy.header("|O", (1,))
    files = {
        f"protocol_{number}.npy": pickle.dumps(one, number) for number in range(pickle.HIGHEST_PROTOCOL + 1)
    }
    for name in ("p.pkl", "p.npz", "p.png", "p.tif", "p.h5", "p.fits", "p.dcm", "p.nii", "p.joblib", "p.pt"):
        files[name] = pickle.dumps(one)
    for version in ((1, 0), (2, 0), (3, 0)):
        files[f"objects_{version[0]}.npy"] = npy.encode(objects, array, version)
    fields = npy.header("[('r', '|u1'), ('o', '|O')]", (1,))
    files["fields.npy"] = npy.encode(fields, array)
    files["objects.npy.gz"] = gzip.compress(npy.encode(objects, array))
    files["objects.npz"] = archive({"a.npy": npy.encode(objects, array)})
    files["with_good.npz"] = archive({"a.npy": npy.encode(objects, array), "good.npy": npy.saved(GOOD)})
    torch = {"archive/data.pkl": pickle.dumps(one), "archive/version": b"3\n", "archive/data/0": bytes(64)}
    for name in ("torch.pt", "torch.npz", "torch.zarr.zip"):
        files[name] = archive(torch)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        yield folder / name
    yield from write_zarr(folder, array)
    yield write_hdf5(folder / "attributes.h5", array)


def archive(members: dict[str, bytes]) -> bytes:
    """Write a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for name, content in members.items():
            target.writestr(name, content)
    return file.getvalue()


def write_zarr(folder: Path, array: bytes) -> Iterator[Path]:
    """Write arrays whose chunks are pickles, by the codec that would load them."""
    for name, dtype, codecs in [
        ("objects", "|O", {"filters": [numcodecs.Pickle().get_config()]}),
        ("numbers", "|u1", {"filters": [numcodecs.Pickle().get_config()]}),
        ("compressor", "|u1", {"compressor": numcodecs.Pickle().get_config()}),
    ]:
        path = folder / f"{name}.zarr"
        path.mkdir()
        usual = {
            "zarr_format": 2,
            "shape": [4, 4],
            "chunks": [4, 4],
            "fill_value": 0,
            "order": "C",
            "dtype": dtype,
        }
        document = {**usual, "compressor": None, "filters": None, **codecs}
        (path / ".zarray").write_text(json.dumps(document))
        (path / "0.0").write_bytes(array)
        yield path
    path = folder / "version3.zarr"
    written = zarr.create_array(path, data=GOOD[:4, :4], compressors=None)
    assert written.metadata.zarr_format == 3
    document = json.loads((path / "zarr.json").read_text())
    document["codecs"].append({"name": "numcodecs.pickle", "configuration": {"protocol": 5}})
    (path / "zarr.json").write_text(json.dumps(document))
    (path / "c" / "0" / "0").write_bytes(array)
    yield path


def write_hdf5(path: Path, array: bytes) -> Path:
    """Write a good dataset among pickles, as PyTables and pandas keep them in attributes and opaque data."""
    with h5py.File(path, "w") as file:
        file["good"] = GOOD
        file["good"].attrs["PSEUDOATOM"] = np.void(array)
        file.attrs["values"] = np.bytes_(array)
        file["opaque"] = np.full((2, 2), np.void(array))
        objects = file.create_dataset("objects", (2, 2), h5py.vlen_dtype(np.uint8))
        objects[0, 0] = np.frombuffer(array, np.uint8)
        objects.attrs["FLAVOR"] = "object"
    return path
