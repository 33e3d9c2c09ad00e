"""Zarr folders: metadata that lies, chunks that inflate, paths that lead out."""

from __future__ import annotations

import json
import pickle
import struct
from typing import TYPE_CHECKING, Any

from hostile import npy
from hostile.case import Case, Directory, Expect
from hostile.deflate import gzip_zeros, zlib_zeros

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GIB = 1 << 30
DUPLICATE = (
    '{"zarr_format":2,"shape":[64,64],"shape":[1000000000,1000000000],"chunks":[32,32],"dtype":"|u1",'
    '"compressor":null,"fill_value":0,"order":"C","filters":null}'
)
ENORMOUS = (
    '{"zarr_format":2,"shape":[1e400,64],"chunks":[32,32],"dtype":"|u1",'
    '"compressor":null,"fill_value":0,"order":"C","filters":null}'
)


def metadata(**other: Any) -> str:
    """Write what an array's document says, but for what is said otherwise."""
    usual = {
        "zarr_format": 2,
        "shape": [64, 64],
        "chunks": [32, 32],
        "dtype": "|u1",
        "compressor": None,
        "fill_value": 0,
        "order": "C",
        "filters": None,
    }
    return json.dumps({**usual, **other})


def array(
    name: str,
    document: str,
    expect: Expect,
    why: str,
    chunk: bytes | None = None,
    shape: tuple[int, ...] | None = None,
) -> Case:
    """Make the case of an array with at most its first chunk."""
    files = {".zarray": document.encode()}
    if chunk is not None:
        files["0.0"] = chunk
    return Case(f"zarr/{name}.zarr", Directory(files), expect, why, shape)


def multiscales(name: str, why: str, image: Mapping[str, Any]) -> Case:
    """Make the case of an OME-Zarr group."""
    attributes = json.dumps({"multiscales": [image]}).encode()
    files = {".zgroup": b'{"zarr_format":2}', ".zattrs": attributes}
    return Case(f"zarr/{name}.zarr", Directory(files), "refuse", why)


def cases(canary: str) -> Iterator[Case]:
    """Make the cases."""
    yield from shapes()
    pickled = pickle.dumps(npy.RunsWhenUnpickled(canary))
    document = metadata(dtype="|O", filters=[{"id": "pickle"}])
    yield array("object", document, "refuse", "pickle filter: must never run", pickled)
    yield from chunks()
    yield from documents()
    yield from paths()


def shapes() -> Iterator[Case]:
    """Shapes and chunks that cannot be, or are legal and enormous."""
    chunk = bytes(1024)
    side = 10**12
    yield array("ok", metadata(), "open", "valid; three chunks missing = fill value", chunk, (64, 64))
    yield array(
        "huge_shape",
        metadata(shape=[side, side]),
        "either",
        "10^24 pixels, 32x32 chunks: legal; z0 must not visit 10^21 chunks",
        chunk,
        (side, side),
    )
    enormous = metadata(chunks=[2**40, 2**40])
    yield array("huge_chunk", enormous, "refuse", "chunk of 2^80 bytes", chunk)
    yield array("chunk_0", metadata(chunks=[0, 32]), "refuse", "chunk length 0: division by zero")
    yield array("neg", metadata(shape=[-64, 64]), "refuse", "negative shape")
    yield array("zero", metadata(shape=[0, 64]), "either", "empty array")
    yield array("ndim_mismatch", metadata(shape=[64, 64, 64]), "refuse", "3-d shape, 2-d chunks")
    many = metadata(shape=[1] * 1000, chunks=[1] * 1000)
    yield array("ndim_1000", many, "either", "1000 dimensions")


def chunks() -> Iterator[Case]:
    """Chunks that inflate beyond their size, or have another one."""
    level = {"level": 9}
    yield array(
        "gzip_bomb",
        metadata(compressor={"id": "gzip", **level}),
        "either",
        "1 KiB chunk that inflates to 1 GiB: stop at the chunk size",
        gzip_zeros(GIB),
    )
    zlib = metadata(compressor={"id": "zlib", **level})
    yield array("zlib_bomb", zlib, "either", "zlib chunk bomb", zlib_zeros(GIB))
    blosc = struct.pack("<BBBBIII", 2, 1, 0x21, 1, 2**31 - 1, 32, 64) + bytes(48)
    yield array(
        "blosc_header_2G",
        metadata(compressor={"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1}),
        "either",
        "blosc header declares 2 GiB",
        blosc,
    )
    zstd = b"\x28\xb5\x2f\xfd\xc0\x00" + struct.pack("<Q", 2**62) + b"\1\0\0"
    yield array(
        "zstd_fcs_2e62",
        metadata(compressor={"id": "zstd", "level": 1}),
        "either",
        "zstd frame declares 2^62 bytes",
        zstd,
    )
    yield array("short_chunk", metadata(), "either", "chunk of 10 bytes where 1024 are due", b"\1" * 10)
    yield array("long_chunk", metadata(), "either", "chunk too long", b"\1" * 100_000)


def documents() -> Iterator[Case]:
    """Documents that are no JSON, or say what cannot be."""
    filled = metadata(dtype="<f4", fill_value="NaN")
    yield array("nan_fill", filled, "open", "fill NaN, no chunks", shape=(64, 64))
    yield array("bad_fill", metadata(fill_value="x" * 1000), "refuse", "fill value text")
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    yield array("deep_json", deep, "refuse", "JSON nested 100,000 deep")
    yield array("not_json", "{", "refuse", "broken JSON")
    yield array("dup", DUPLICATE, "either", "duplicate key")
    yield array("float_shape", metadata(shape=[64.5, 64]), "refuse", "fractional shape")
    yield array("shape_1e400", ENORMOUS, "refuse", "shape overflows a double")


def paths() -> Iterator[Case]:
    """Groups whose levels are elsewhere, or themselves."""
    scale = {"coordinateTransformations": [{"type": "scale", "scale": [1, 1]}]}
    elsewhere = ("../ok.zarr", "/etc", "0", "http://127.0.0.1:9/x")
    yield multiscales(
        "ome_traversal",
        "multiscales path climbs out of the store / absolute / URL",
        {
            "version": "0.4",
            "axes": [{"name": name, "type": "space"} for name in "yx"],
            "datasets": [{"path": path, **scale} for path in elsewhere],
        },
    )
    yield multiscales(
        "ome_self_loop",
        "multiscales path is the group itself",
        {"version": "0.4", "axes": [{"name": "y"}, {"name": "x"}], "datasets": [{"path": "."}]},
    )
