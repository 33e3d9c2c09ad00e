"""Zarr and OME-Zarr, written by zarr-python: every pixel as zarr-python reads it, here and over HTTP."""

from __future__ import annotations

import json
import shutil
import struct
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

import numcodecs
import numpy as np
import pytest
import zarr
from harness import Server, run
from remote_server import RemoteServer
from zarr.codecs import (
    BloscCodec,
    BytesCodec,
    Crc32cCodec,
    GzipCodec,
    ShardingCodec,
    TransposeCodec,
    ZstdCodec,
)
from zarr.codecs.numcodecs import LZ4, Zlib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness import Reply

HEIGHT, WIDTH = 300, 420
CHUNKS = (64, 100)
DTYPES = ["bool", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]


def samples(dtype: str, shape: tuple[int, ...] = (HEIGHT, WIDTH)) -> np.ndarray:
    """Make samples that are all over the dtype's range, and that compress."""
    kind = np.dtype(dtype)
    steps = np.arange(np.prod(shape), dtype=np.int64).reshape(shape) // 3
    if kind.kind == "b":
        return steps % 7 == 0
    if kind.kind == "c":
        return (steps % 1009 - 500 + 1j * (steps % 31)).astype(kind)
    if kind.kind == "f":
        return (steps % 2003 / 8 - 100).astype(kind)
    with np.errstate(over="ignore"):
        spread = steps.astype("u8") * np.uint64(0x9E3779B97F4A7C15)
    return (
        (spread >> np.uint64(64 - 8 * kind.itemsize))
        .astype(f"u{kind.itemsize}")
        .view(kind.newbyteorder("="))
        .astype(kind)
    )


def v2(dtype: str = "u2", **options: Any) -> dict[str, Any]:
    """Tell of a store of version 2."""
    return {"dtype": dtype, "zarr_format": 2, "chunks": CHUNKS, **options}


def v3(dtype: str = "u2", **options: Any) -> dict[str, Any]:
    """Tell of a store of version 3."""
    return {"dtype": dtype, "zarr_format": 3, "chunks": CHUNKS, **options}


def all_stores() -> dict[str, dict[str, Any]]:
    """Tell of every store that is compared."""
    stores: dict[str, dict[str, Any]] = {}
    for dtype in DTYPES:
        stores[f"v2-{dtype}"] = v2(dtype)
        stores[f"v3-{dtype}"] = v3(dtype)
        if np.dtype(dtype).itemsize > 1:
            stores[f"v2-big-{dtype}"] = v2(f">{dtype}")
            stores[f"v3-big-{dtype}"] = v3(dtype, serializer=BytesCodec(endian="big"))
    for inner in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]:
        for shuffle, name in [(0, "plain"), (1, "bytes"), (2, "bits")]:
            for dtype in ["u2", "f4"] if inner == "lz4" else [{"zlib": "c16", "zstd": "u1"}.get(inner, "i8")]:
                packed = numcodecs.Blosc(
                    cname=inner, clevel=5, shuffle=shuffle, blocksize=4096 if dtype == "f4" else 0
                )
                stores[f"v2-blosc-{inner}-{name}-{dtype}"] = v2(dtype, compressors=packed)
    for name, packed in {
        "none": None,
        "zstd": numcodecs.Zstd(level=3),
        "gzip": numcodecs.GZip(level=5),
        "zlib": numcodecs.Zlib(level=5),
        "lz4": numcodecs.LZ4(),
    }.items():
        stores[f"v2-{name}"] = v2(compressors=packed)
        stores[f"v2-fortran-{name}"] = v2("<f4", compressors=packed, order="F")
    stores["v2-slash"] = v2(chunk_key_encoding={"name": "v2", "separator": "/"})
    stores["v2-one-chunk"] = v2(chunks=(HEIGHT, WIDTH))
    stores["v2-large-chunk"] = v2(chunks=(500, 600))
    stores["v2-rows"] = v2(chunks=(1, WIDTH))
    stores["v2-shuffle"] = v2("<i4", filters=[numcodecs.Shuffle(elementsize=4)])
    for name, packed in {
        "none": None,
        "zstd": ZstdCodec(level=3),
        "checked-zstd": ZstdCodec(level=3, checksum=True),
        "gzip": GzipCodec(level=5),
        "blosc": BloscCodec(cname="lz4", shuffle="shuffle"),
        "blosc-bits": BloscCodec(cname="zstd", shuffle="bitshuffle"),
        "numcodecs-lz4": LZ4(),
        "numcodecs-zlib": Zlib(level=4),
        "checked": [ZstdCodec(), Crc32cCodec()],
        "twice": [GzipCodec(), ZstdCodec()],
    }.items():
        stores[f"v3-{name}"] = v3(compressors=packed)
        stores[f"v3-shards-{name}"] = v3("i4", compressors=packed, chunks=(32, 50), shards=(96, 150))
    stores["v3-turned"] = v3(filters=[TransposeCodec(order=(1, 0))])
    stores["v3-dots"] = v3(chunk_key_encoding={"name": "default", "separator": "."})
    stores["v3-v2-keys"] = v3(chunk_key_encoding={"name": "v2", "separator": "."})
    stores["v3-turned-shards"] = v3(
        "f4", filters=[TransposeCodec(order=(1, 0))], chunks=(32, 50), shards=(96, 150)
    )
    stores["v3-first-index"] = v3(
        chunks=(96, 150),
        serializer=ShardingCodec(chunk_shape=(32, 50), index_location="start"),
        compressors=None,
    )
    inner = ShardingCodec(chunk_shape=(16, 25), codecs=[BytesCodec(), GzipCodec()])
    stores["v3-shards-in-shards"] = v3(
        chunks=(96, 150), serializer=ShardingCodec(chunk_shape=(32, 50), codecs=[inner]), compressors=None
    )
    stores["v3-packed-shards"] = v3(
        chunks=(96, 150), serializer=ShardingCodec(chunk_shape=(32, 50)), compressors=ZstdCodec()
    )
    return stores


# Codecs and dtypes that are in use, but in no specification of version 3: zarr-python says so each time.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    STORES = all_stores()


def write(path: Path, data: np.ndarray, **options: Any) -> zarr.Array:
    """Write an array by zarr-python."""
    array = zarr.create_array(str(path), shape=data.shape, **options)
    array[...] = data
    return array


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All stores."""
    made = tmp_path_factory.mktemp("zarr")
    for name, options in STORES.items():
        write(made / f"{name}.zarr", samples(options["dtype"]), **options)
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """All stores, served: the folder is one input, each store in it an image."""
    with Server(folder) as running:
        yield running


def native(server: Server, at: str, x: int, y: int, query: str = "") -> np.ndarray:
    """Tell a tile of stored pixels, without an axis of one channel."""
    told = server.json(at)
    zoom, side = told["native_zoom"], min(256, 2 ** told["max_zoom"])
    tile = server.npy(f"{at}/{zoom}/{x}/{y}/{side}.npy{query}")
    return tile[..., 0] if tile.ndim == 3 and tile.shape[2] == 1 else tile


def part(array: Any, x: int, y: int) -> np.ndarray:
    """Tell what a tile of stored pixels holds."""
    return np.asarray(array[y * 256 : (y + 1) * 256, x * 256 : (x + 1) * 256])


def check(server: Server, at: str, array: Any, query: str = "") -> None:
    """Check every tile of stored pixels."""
    for y in range(-(-array.shape[0] // 256)):
        for x in range(-(-array.shape[1] // 256)):
            tile = native(server, at, x, y, query)
            expected = part(array, x, y)
            assert tile.dtype == expected.dtype.newbyteorder("=")
            np.testing.assert_array_equal(tile, expected)


@pytest.mark.parametrize("name", STORES)
def test_every_pixel_is_as_zarr_python_reads_it(server: Server, folder: Path, name: str) -> None:
    """Dtypes, byte orders, codecs, chunks, orders, keys and shards."""
    array = zarr.open_array(str(folder / f"{name}.zarr"), mode="r")
    np.testing.assert_array_equal(array[...], samples(STORES[name]["dtype"]))
    check(server, server.at(name), array)


def test_more_dimensions_are_read_by_plane(tmp_path: Path) -> None:
    """Names of dimensions, in version 3 and as xarray writes them in version 2; rules where there are none."""
    data = samples("u2", (3, 4, 5, 300, 280))
    write(
        tmp_path / "named.zarr",
        data,
        **v3(chunks=(1, 2, 1, 100, 100)),
        dimension_names=["time", "channel", "z", "lat", "lon"],
    )
    write(tmp_path / "plain.zarr", data, **v3(chunks=(2, 2, 2, 256, 256)))
    write(
        tmp_path / "xarray.zarr",
        data[0, 0],
        **v2(chunks=(1, 128, 128)),
        attributes={"_ARRAY_DIMENSIONS": ["level", "y", "x"]},
    )
    with Server(tmp_path) as server:
        told = server.json(server.at("named"))
        assert told["axes"] == ["time", "c", "z", "y", "x"]
        check(server, server.at("named"), np.moveaxis(data[2, :, 3], 0, -1), "?time=2&z=3")
        check(server, server.at("named"), data[1, 2, 4], "?time=1&z=4&c=2")
        check(server, server.at("plain"), np.moveaxis(data[1, :, 2], 0, -1), "?t=1&z=2")
        check(server, server.at("xarray"), data[0, 0, 4], "?level=4")


FILLS = {
    "zero": (0, "u2", None),
    "seven": (7, "u2", None),
    "nan": (np.nan, "f4", None),
    "far": (-9999.0, "f4", -9999.0),
}


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("shards", [None, (128, 200)])
def test_missing_chunks_are_the_fill_value(
    tmp_path: Path, version: int, shards: tuple[int, int] | None
) -> None:
    """A fill value that nobody chooses for nothing is no data, and seen through."""
    if version == 2 and shards:
        shards = None
    for name, (fill, dtype, _) in FILLS.items():
        made = v2(dtype) if version == 2 else v3(dtype, shards=shards)
        array = zarr.create_array(
            str(tmp_path / f"{name}.zarr"), shape=(HEIGHT, WIDTH), fill_value=fill, **made
        )
        array[64:128, 100:300] = samples(dtype)[64:128, 100:300]
    with Server(tmp_path) as server:
        for name, (_, _, nodata) in FILLS.items():
            array = zarr.open_array(str(tmp_path / f"{name}.zarr"), mode="r")
            check(server, server.at(name), array)
            assert server.json(server.at(name))["nodata"] == nodata
        seen = {name: server.rgba(f"{server.at(name)}/1/0/0/256.png")[..., 3] for name in FILLS}
        for name in ["nan", "far"]:
            assert seen[name][0, 0] == 0
            assert seen[name][100, 150] == 255
        for name in ["zero", "seven"]:
            assert (seen[name][:256, :256] == 255).all()


def test_a_corrupt_chunk_is_an_error_of_its_tiles_alone(tmp_path: Path) -> None:
    """Broken, cut short, a bomb, or an index of a shard that points elsewhere: the rest is read, the server lives."""
    data = samples("u2", (600, 600))
    made = {
        "plain": v3(chunks=(256, 256), compressors=None),
        "zstd": v3(chunks=(256, 256), compressors=ZstdCodec(checksum=True)),
        "gzip": v3(chunks=(256, 256), compressors=GzipCodec()),
        "crc": v3(chunks=(256, 256), compressors=[Crc32cCodec()]),
        "blosc": v2(chunks=(256, 256), compressors=numcodecs.Blosc()),
        "shards": v3(chunks=(256, 256), shards=(512, 512)),
    }
    for name, options in made.items():
        write(tmp_path / f"{name}.zarr", data, **options)
        key = {"shards": "c/0/0", "blosc": "0.1"}.get(name, "c/0/1")
        chunk = tmp_path / f"{name}.zarr" / key
        stored = bytearray(chunk.read_bytes())
        if name == "gzip":
            stored = bytearray(numcodecs.GZip(level=9).encode(bytes(64 << 20)))
        elif name == "shards":
            # The second of four entries, before the checksum, which is made anew.
            index = bytearray(stored[-68:-4])
            index[16:24] = struct.pack("<Q", 1 << 40)
            stored[-68:] = bytes(Crc32c(index))
        elif name == "crc":
            stored[1000] ^= 1
        else:
            stored = stored[: len(stored) // 2]
        chunk.write_bytes(bytes(stored))
    with Server(tmp_path) as server:
        for name in made:
            at = server.at(name)
            zoom = server.json(at)["native_zoom"]
            broken = server.final(f"{at}/{zoom}/1/0.npy")
            assert broken.status >= 400, name
            assert broken.json()["detail"], name
            np.testing.assert_array_equal(native(server, at, 0, 0), part(data, 0, 0))
            np.testing.assert_array_equal(native(server, at, 2, 2), part(data, 2, 2))
            assert server.get(f"{at}/0/0/0.png").status < 600


def Crc32c(data: bytes) -> bytes:  # noqa: N802 - named as the codec is
    """Append the checksum as zarr-python does."""
    return numcodecs.CRC32C(location="end").encode(bytes(data))


def test_what_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    """Each with a reason, and at once."""
    zarr.create_array(str(tmp_path / "empty.zarr"), shape=(0, 5), chunks=(1, 5), dtype="u1")
    zarr.create_array(str(tmp_path / "line.zarr"), shape=(5,), chunks=(5,), dtype="u1")
    zarr.create_array(
        str(tmp_path / "bz2.zarr"), shape=(5, 5), dtype="u1", zarr_format=2, compressors=numcodecs.BZ2()
    )
    zarr.create_array(str(tmp_path / "time.zarr"), shape=(5, 5), dtype="M8[s]", zarr_format=2)
    zarr.create_array(
        str(tmp_path / "chunk.zarr"), shape=(1 << 20, 1 << 20), chunks=(1 << 18, 1 << 18), dtype="u1"
    )
    (tmp_path / "text.zarr").mkdir()
    (tmp_path / "text.zarr" / "zarr.json").write_text("{nothing")
    (tmp_path / "none.zarr").mkdir()
    zarr.create_group(str(tmp_path / "bare.zarr"))
    for name, why in {
        "empty": "no pixels",
        "line": "1 dimension",
        "bz2": "bz2",
        "time": "data type",
        "chunk": "too large",
        "text": "zarr.json is no metadata",
        "none": "no known format",
        "bare": "without arrays",
    }.items():
        started = time.monotonic()
        told = run("info", tmp_path / f"{name}.zarr")
        assert told.returncode != 0
        assert why in told.stderr, f"{name}: {told.stderr}"
        assert f"{name}.zarr" in told.stderr
        assert time.monotonic() - started < 10
    missing = run("info", f"{tmp_path}/bare.zarr::/a/b")
    assert missing.returncode != 0
    assert "a/b" in missing.stderr


def test_a_huge_array_opens_at_once(tmp_path: Path) -> None:
    """10^12 × 10^12 samples, of which one chunk is stored."""
    side = 10**12
    array = zarr.create_array(
        str(tmp_path / "huge.zarr"), shape=(side, side), chunks=(256, 256), dtype="u2", fill_value=3
    )
    far = side // 256 // 2
    array[far * 256 : (far + 1) * 256, 0:256] = samples("u2", (256, 256))
    started = time.monotonic()
    with Server(tmp_path / "huge.zarr") as server:
        at = server.at("huge")
        np.testing.assert_array_equal(native(server, at, 0, far), samples("u2", (256, 256)))
        assert (native(server, at, 5, 5) == 3).all()
        assert server.get(f"{at}/0/0/0.png").status == 200
    assert time.monotonic() - started < 30


def image(
    path: Path, name: str, levels: list[np.ndarray], version: str, axes: list[dict[str, str]], **more: Any
) -> None:
    """Write an image of OME-Zarr into the folder `path`."""
    datasets = []
    for number, level in enumerate(levels):
        factor = levels[0].shape[-1] / level.shape[-1]
        scale = [0.5 * factor if axis["name"] in "yx" else 1.0 for axis in axes]
        moved = [10.0 if axis["name"] == "y" else 0.0 for axis in axes]
        datasets.append(
            {
                "path": str(number),
                "coordinateTransformations": [
                    {"type": "scale", "scale": scale},
                    {"type": "translation", "translation": moved},
                ],
            }
        )
    shown = {"multiscales": [{"name": name, "axes": axes, "datasets": datasets, "type": "mean"}], **more}
    zarr_format = 3 if version == "0.5" else 2
    if version == "0.5":
        attributes: dict[str, Any] = {"ome": {"version": version, **shown}}
    else:
        shown["multiscales"][0]["version"] = version
        attributes = shown
    group = zarr.open_group(str(path), path=name, mode="a", zarr_format=zarr_format)
    group.attrs.update(attributes)
    for number, level in enumerate(levels):
        chunks = (*[1] * (level.ndim - 2), 128, 128)
        options: dict[str, Any] = {"chunks": chunks}
        if zarr_format == 3:
            options |= {"shards": (*[1] * (level.ndim - 2), 256, 256)}
        else:
            options |= {"chunk_key_encoding": {"name": "v2", "separator": "/"}}
        stored = group.create_array(str(number), shape=level.shape, dtype=level.dtype, **options)
        stored[...] = level


YX = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
CYX = [{"name": "c", "type": "channel"}, *YX]


def group(path: Path, version: str, where: str, **attributes: Any) -> None:
    """Write a group that says something of what is in it."""
    made = zarr.open_group(str(path), path=where, mode="a", zarr_format=3 if version == "0.5" else 2)
    made.attrs.update({"ome": {"version": version, **attributes}} if version == "0.5" else attributes)


def pyramid(dtype: str, shape: tuple[int, ...], count: int) -> list[np.ndarray]:
    """Make levels of which none is what the one before gives when it is reduced."""
    levels = []
    for number in range(count):
        smaller = (*shape[:-2], -(-shape[-2] // 2**number), -(-shape[-1] // 2**number))
        levels.append(samples(dtype, smaller)[..., ::-1].copy() if number % 2 else samples(dtype, smaller))
    return levels


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr(tmp_path: Path, version: str) -> None:
    """Levels, units, channels and labels, as handed out by whoever wrote them."""
    levels = pyramid("u2", (2, 700, 901), 3)
    omero = {
        "channels": [
            {
                "label": "DAPI",
                "color": "0000FF",
                "active": True,
                "window": {"min": 0, "max": 65535, "start": 5, "end": 900},
            },
            {
                "label": "GFP",
                "color": "00FF00",
                "active": False,
                "window": {"min": 0, "max": 65535, "start": 0, "end": 80},
            },
        ]
    }
    path = tmp_path / "cells.zarr"
    image(path, "", levels, version, CYX, omero=omero)
    group(path, version, "labels", labels=["nuclei"])
    masks = pyramid("u4", (700, 901), 2)
    image(path, "labels/nuclei", masks, version, YX, **{"image-label": {"version": version}})
    with Server(path, f"{path}::/labels/nuclei", path / "1") as server:
        assert [image["name"] for image in server.images] == [
            "cells.zarr",
            "cells.zarr/labels/nuclei",
            "nuclei",
            "1",
        ]
        at = f"/images/{server.images[0]['id']}"
        told = server.json(at)
        assert [channel["name"] for channel in told["channels"]] == ["DAPI", "GFP"]
        text = json.dumps(told, ensure_ascii=False)
        assert "µm" in text
        assert f"OME-Zarr {version}" in text
        zoom = told["native_zoom"]
        for number, level in enumerate(levels):
            height, width = level.shape[1:]
            for y in range(-(-height // 256)):
                for x in range(-(-width // 256)):
                    tile = server.npy(f"{at}/{zoom - number}/{x}/{y}.npy?resampling=average")
                    np.testing.assert_array_equal(
                        tile, np.moveaxis(level, 0, -1)[y * 256 :, x * 256 :][:256, :256]
                    )
        mask = f"/images/{server.images[1]['id']}"
        assert server.json(mask)["kind"] == "labels"
        for of, number in [(mask, 0), (mask, 1), (f"/images/{server.images[2]['id']}", 1)]:
            tile = server.npy(f"{of}/{zoom - number}/0/0.npy")
            np.testing.assert_array_equal(tile.squeeze(), masks[number][:256, :256])
        check(server, f"/images/{server.images[3]['id']}", np.moveaxis(levels[1], 0, -1))


def plate(path: Path, version: str, wells: list[str], fields: int) -> np.ndarray:
    """Write a plate whose images are all alike."""
    group(
        path,
        version,
        "",
        plate={"wells": [{"path": well, "rowIndex": 0, "columnIndex": 0} for well in wells]},
    )
    level = samples("u1", (40, 50))
    for well in wells:
        group(path, version, well, well={"images": [{"path": str(field)} for field in range(fields)]})
        for field in range(fields):
            image(path, f"{well}/{field}", [level], version, YX)
    return level


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_plate_is_a_gallery(tmp_path: Path, version: str) -> None:
    """Of a plate, of a well, and of one that has lost a well."""
    wells = ["A/1", "A/2", "B/1"]
    level = plate(tmp_path / "plate.zarr", version, wells, 2)
    shutil.rmtree(tmp_path / "plate.zarr" / "B" / "1")
    with Server(tmp_path / "plate.zarr", tmp_path / "plate.zarr" / "A" / "2") as server:
        names = [image["name"] for image in server.images]
        assert names == [
            *(f"plate.zarr/A/{well}/{field}" for well in (1, 2) for field in (0, 1)),
            "2/0",
            "2/1",
        ]
        for shown in server.images:
            check(server, f"/images/{shown['id']}", level)
        assert "not shown: B/1" in server.json(f"/images/{server.images[0]['id']}")["details"]


def test_galleries_have_an_end(tmp_path: Path) -> None:
    """Of many images the first ones are shown, and it is told how to see the others."""
    made = zarr.create_group(str(tmp_path / "many.zarr"))
    for number in range(260):
        made.create_array(f"a{number}", shape=(4, 5), chunks=(4, 5), dtype="u1")
    told = run("info", "--json", tmp_path / "many.zarr")
    assert told.returncode == 0, told.stderr
    images = json.loads(told.stdout)
    assert len(images) == 256
    assert images[0]["details"]["more"].startswith("256 of 260")


def test_a_group_is_a_gallery_of_its_arrays(tmp_path: Path) -> None:
    """Also of those in groups below; what is no picture is told of."""
    made = zarr.create_group(str(tmp_path / "group.zarr"))
    data = samples("f4", (30, 40))
    for path in ["b", "a", "deep/er/c"]:
        made.create_array(path, shape=data.shape, chunks=(16, 16), dtype="f4")[...] = data
    made.create_array("line", shape=(5,), chunks=(5,), dtype="f4")
    with Server(tmp_path / "group.zarr") as server:
        assert [image["name"] for image in server.images] == [
            f"group.zarr/{name}" for name in ["a", "b", "deep/er/c"]
        ]
        for shown in server.images:
            check(server, f"/images/{shown['id']}", data)
        assert "not shown: line" in server.json(f"/images/{server.images[0]['id']}")["details"]


@pytest.mark.parametrize("ending", [".zarr.zip", ".ozx"])
def test_archives_are_read_by_chunk(tmp_path: Path, ending: str) -> None:
    """As zarr-python's ZipStore writes them, here and elsewhere."""
    path = tmp_path / f"archive{ending}"
    data = samples("u2", (600, 700))
    with zarr.storage.ZipStore(str(path), mode="w") as store:
        root = zarr.create_group(store)
        root.create_array("deep/array", shape=data.shape, chunks=(100, 100), shards=(300, 300), dtype="u2")[
            ...
        ] = data
        root.create_array("other", shape=(5, 5), chunks=(5, 5), dtype="u1", fill_value=4)
    with (
        RemoteServer(tmp_path) as web,
        Server(path, f"{path}::/other", f"{web.url}/{path.name}::/deep/array") as server,
    ):
        assert [image["name"].split("/")[-1] for image in server.images] == [
            "other",
            "array",
            "other",
            "array",
        ]
        for at in [server.images[1], server.images[3]]:
            check(server, f"/images/{at['id']}", data)
        assert (native(server, f"/images/{server.images[2]['id']}", 0, 0) == 4).all()


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_only_what_is_seen_is_asked_for_over_http(tmp_path: Path, version: str) -> None:
    """Each chunk that is needed once; of a shard its index once, and its chunks together."""
    levels = pyramid("u2", (2048, 2048), 4)
    image(tmp_path / "a.zarr", "", levels, version, YX)
    with RemoteServer(tmp_path) as web, Server(f"{web.url}/a.zarr") as server:
        at = server.at("a")
        zoom = server.json(at)["native_zoom"]
        web.forget()
        np.testing.assert_array_equal(native(server, at, 5, 6), part(levels[0], 5, 6))
        asked = [path for path, _ in web.requests if "/c/" in path or "zarr" not in path.rsplit("/", 1)[1]]
        chunks = (
            [f"/a.zarr/0/{y}/{x}" for y in (12, 13) for x in (10, 11)]
            if version == "0.4"
            else ["/a.zarr/0/c/6/5"] * 2
        )
        assert sorted(asked) == sorted(chunks)
        assert web.sent < 200_000
        web.forget()
        assert server.npy(f"{at}/{zoom}/5/6.npy?resampling=max").size
        assert not [path for path, _ in web.requests if path in chunks]
        # Of what is far out only the level that was made for it.
        assert server.npy(f"{at}/{zoom - 3}/0/0.npy?resampling=average").size
        assert not [
            path for path, _ in web.requests if path.startswith(("/a.zarr/0/", "/a.zarr/1/", "/a.zarr/2/"))
        ]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_everything_is_read_over_http(tmp_path: Path, version: str, ranges: bool) -> None:
    """Images, labels, plates and consolidated groups, from a server that lists nothing and may fail now and then."""
    levels = pyramid("u2", (700, 901), 2)
    image(tmp_path / "cells.zarr", "", levels, version, YX)
    group(tmp_path / "cells.zarr", version, "labels", labels=["nuclei"])
    image(tmp_path / "cells.zarr", "labels/nuclei", pyramid("u1", (700, 901), 1), version, YX)
    level = plate(tmp_path / "plate", version, ["A/1", "B/2"], 1)
    made = zarr.create_group(str(tmp_path / "group"), zarr_format=3 if version == "0.5" else 2)
    made.create_array("inner/array", shape=level.shape, chunks=(16, 16), dtype="u1")[...] = level
    bare = shutil.copytree(tmp_path / "group", tmp_path / "bare")
    zarr.consolidate_metadata(str(tmp_path / "group"))
    with RemoteServer(tmp_path) as web:
        web.ranges = ranges
        inputs = [
            f"{web.url}/{path}"
            for path in ["cells.zarr", "plate", "group", "cells.zarr::/labels/nuclei", "bare/inner/array"]
        ]
        refused = run("info", f"{web.url}/{bare.name}")
        assert refused.returncode != 0
        with Server(*inputs) as server:
            names = [image["name"] for image in server.images]
            assert names == [
                "cells.zarr",
                "cells.zarr/labels/nuclei",
                "plate/A/1/0",
                "plate/B/2/0",
                "group/inner/array",
                "nuclei",
                "array",
            ]
            web.failures = 2
            check(server, f"/images/{server.images[0]['id']}", levels[0])
            for at in [2, 3, 4, 6]:
                check(server, f"/images/{server.images[at]['id']}", level)


def test_what_clients_have_opened_stays_under_the_prefix(tmp_path: Path) -> None:
    """A store under the prefix is opened, one beside it is not, and neither is one by a way around."""
    data = samples("u2")
    for name in ["public", "private"]:
        write(tmp_path / name / "a.zarr", data, **v3())
    with (
        RemoteServer(tmp_path) as web,
        Server(tmp_path / "public" / "a.zarr", "--allow-remote", f"{web.url}/public/") as server,
    ):
        opened = server.post("/open", {"url": f"{web.url}/public/a.zarr"})
        assert opened.status in {200, 201}, opened.body
        check(server, f"/images/{opened.json()['images'][0]}", data)
        for url in [f"{web.url}/private/a.zarr", f"{web.url}/public/x.zarr::/../../private/a.zarr"]:
            assert server.post("/open", {"url": url}).status in {400, 403}


def test_an_array_written_anew_gives_the_old_one_the_new_one_or_an_error(tmp_path: Path) -> None:
    """With requests in flight, and then with another shape."""
    path = tmp_path / "live.zarr"
    options = v3("u2", chunks=(64, 64), compressors=ZstdCodec(), fill_value=9)

    def put(value: int, side: int) -> None:
        write(path, np.full((side, side), value, "u2"), **options, overwrite=True)

    put(1000, 512)
    with Server(path, "--cache", "0") as server:
        at = server.at("live")
        zoom = server.json(at)["native_zoom"]
        replies: list[Reply] = []
        done = threading.Event()

        def ask() -> None:
            for number in range(10_000):
                if done.is_set():
                    return
                replies.append(server.get(f"{at}/{zoom}/{number % 2}/{number // 2 % 2}.npy"))

        asking = threading.Thread(target=ask)
        asking.start()
        for value in range(2000, 2010):
            put(value, 512)
        put(3000, 600)
        done.set()
        asking.join(30)
        assert len(replies) > 3
        for reply in replies:
            if reply.status == 200:
                # What is not written yet is the fill value.
                assert set(np.unique(reply.npy())) <= {9, 1000, *range(2000, 2010)}
            else:
                assert reply.status >= 400
                assert reply.json()["detail"]
        assert server.get("/healthz").status == 200
    with Server(path) as server:
        check(server, server.at("live"), np.full((600, 600), 3000, "u2"))


def test_a_watched_store_is_opened_anew(tmp_path: Path) -> None:
    """When its metadata is written, as whoever overwrites an array does."""
    path = tmp_path / "watched.zarr"
    write(path, samples("u2"), **v3())
    with Server(path, "--watch") as server:
        check(server, server.at("watched"), samples("u2"))
        time.sleep(1.2)
        data = samples("i4", (200, 230))
        write(path, data, **v3("i4"), overwrite=True)
        until = time.monotonic() + 20
        while server.json(server.at("watched"))["dtype"] != "int32":
            assert time.monotonic() < until
            time.sleep(0.2)
        check(server, server.at("watched"), data)
