"""Any image as a group of Zarr arrays, opened over HTTP by zarr-python."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pytest
import tifffile
import zarr
from harness import Server, run, save
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader

DTYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


FOLDERS = ["zarr/v2", "zarr", "zarr/sharded"]


def opened(server: Server, stem: str, folder: str = "zarr") -> zarr.Group:
    """Open the group of an image as a reader of that Zarr does."""
    address = f"http://{server.host}:{server.port}/{folder}/{stem}.zarr"
    return zarr.open_group(address, mode="r", zarr_format=2 if folder == "zarr/v2" else 3)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_dtype_is_there_as_it_is(tmp_path: Path, folder: str) -> None:
    """Full resolution is the array itself, edges and all."""
    rng = np.random.default_rng(5)
    arrays = {
        f"a{dtype}".replace("?", "bool"): (rng.random((300, 270)) * 100).astype(dtype) for dtype in DTYPES
    }
    with Server(*save(tmp_path, arrays)) as server:
        for stem, array in arrays.items():
            stored = opened(server, stem, folder)["0"]
            assert stored.dtype == array.dtype
            np.testing.assert_array_equal(stored[:], array)
            np.testing.assert_array_equal(stored[250:290, 200:], array[250:290, 200:])


@pytest.mark.parametrize("folder", FOLDERS)
def test_axes_stand_in_the_order_of_ome(tmp_path: Path, folder: str) -> None:
    """Channels that are stored last come first; planes are where they are."""
    rng = np.random.default_rng(6)
    arrays = {
        "photo": rng.integers(0, 255, (400, 520, 3), np.uint8),
        "stack": rng.integers(0, 60_000, (2, 3, 4, 60, 70), np.uint16),
    }
    with Server(*save(tmp_path, arrays)) as server:
        photo = opened(server, "photo", folder)
        np.testing.assert_array_equal(photo["0"][:], np.moveaxis(arrays["photo"], -1, 0))
        stack = opened(server, "stack", folder)
        np.testing.assert_array_equal(stack["0"][:], arrays["stack"])
        told = dict(photo.attrs)
        told = told if folder == "zarr/v2" else told["ome"]
        (multiscale,) = told["multiscales"]
        assert [axis["name"] for axis in multiscale["axes"]] == ["c", "y", "x"]
        assert [dataset["path"] for dataset in multiscale["datasets"]] == ["0", "1", "2"]
        scale, translation = multiscale["datasets"][1]["coordinateTransformations"]
        assert scale["scale"] == [1, 2, 2]
        assert translation["translation"] == [0, 0.5, 0.5]
        assert [channel["color"] for channel in told["omero"]["channels"]] == ["FF0000", "00FF00", "0000FF"]


def test_levels_are_means_of_blocks(tmp_path: Path) -> None:
    """A level is the one before, reduced by two: the mean of what is there."""
    array = np.random.default_rng(7).random((601, 530)).astype("f4")
    with Server(*save(tmp_path, {"field": array})) as server:
        level = opened(server, "field")["1"][:]
        padded = np.full((602, 530), np.nan)
        padded[:601] = array
        expected = np.nanmean(padded.reshape(301, 2, 265, 2), axis=(1, 3))
        np.testing.assert_allclose(level, expected, rtol=1e-6)


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    """Readers try names: 404 is what tells them."""
    with Server(*save(tmp_path, {"a": np.zeros((9, 9), "u1")})) as server:
        for path in ("a.zarr/1/zarr.json", "a.zarr/0/c/1/0", "a.zarr/0/c/0", "a.zarr/x", "b.zarr/zarr.json"):
            assert server.get(f"/zarr/{path}").status == 404, path
            assert server.get(f"/zarr/sharded/{path}").status == 404, path


def test_of_a_shard_only_what_is_wanted_is_made(tmp_path: Path) -> None:
    """zarr-python asks for the index and for one chunk by ranges, and for all of a shard at once where it wants all."""
    array = np.random.default_rng(11).integers(0, 60_000, (1500, 1100), np.uint16)
    with Server(*save(tmp_path, {"field": array}), "--log", "json") as server:
        stored = opened(server, "field", "zarr/sharded")["0"]
        assert (stored.shards, stored.chunks) == ((1024, 1024), (256, 256))
        np.testing.assert_array_equal(stored[300:310, 520:600], array[300:310, 520:600])
        np.testing.assert_array_equal(stored[1200:1500, 900:], array[1200:1500, 900:])
        np.testing.assert_array_equal(stored[:], array)
        shard = "/zarr/sharded/field.zarr/0/c/0/0"
        whole = server.get(shard)
        assert whole.headers["accept-ranges"] == "bytes"
        index, chunk = 16 * 16 + 4, 256 * 256 * 2
        assert len(whole.body) == index + 16 * chunk
        rng = np.random.default_rng(12)
        for first in [0, index - 1, index, len(whole.body) - 1, *rng.integers(0, len(whole.body), 50)]:
            last = int(first) + int(rng.integers(0, 2 * chunk))
            part = server.get(shard, headers={"Range": f"bytes={first}-{last}"})
            end = min(last, len(whole.body) - 1)
            assert part.status == 206
            assert part.headers["content-range"] == f"bytes {first}-{end}/{len(whole.body)}"
            assert part.headers["etag"] == whole.headers["etag"]
            assert part.body == whole.body[first : end + 1]
        beyond = server.get(shard, headers={"Range": f"bytes={len(whole.body)}-"})
        assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(whole.body)}")
        log = [json.loads(line) for line in server.stderr().splitlines() if line.startswith("{")]
    parts = [line for line in log if line.get("status") == 206 and line["bytes"] in (index, chunk)]
    assert len(parts) >= 2, "nobody asked for an index and a chunk"


def test_samples_are_compressed_for_clients_elsewhere_where_it_pays(tmp_path: Path) -> None:
    """On this machine bytes cost nothing; noise does not get shorter; a range is of what is stored."""
    rng = np.random.default_rng(13)
    labels = np.repeat(np.repeat(rng.integers(0, 99, (40, 40), np.uint32), 20, 0), 20, 1)
    noise = rng.integers(0, 1 << 16, (800, 800), np.uint16)
    here = {"Accept-Encoding": "gzip"}
    elsewhere = {**here, "X-Forwarded-For": "192.0.2.7"}
    with Server(*save(tmp_path, {"labels": labels, "noise": noise})) as server:
        for key in (
            "zarr/labels.zarr/0/c/1/1",
            "zarr/sharded/labels.zarr/0/c/0/0",
            "zarr/v2/labels.zarr/0/1/1",
        ):
            plain = server.get(f"/{key}", headers=here)
            assert "content-encoding" not in plain.headers
            short = server.get(f"/{key}", headers=elsewhere)
            assert short.headers["content-encoding"] == "gzip"
            assert len(short.body) < len(plain.body) / 10
            assert gzip.decompress(short.body) == plain.body
            assert short.headers["etag"] != plain.headers["etag"]
            assert plain.headers["vary"] == short.headers["vary"] == "Accept-Encoding"
            for reply in (plain, short):
                again = server.get(f"/{key}", headers={**elsewhere, "If-None-Match": reply.headers["etag"]})
                assert (again.status, again.headers["etag"]) == (304, reply.headers["etag"])
            part = server.get(f"/{key}", headers={**elsewhere, "Range": "bytes=300-499"})
            assert (part.status, part.body) == (206, plain.body[300:500])
            assert "content-encoding" not in part.headers
            assert (
                "content-encoding"
                not in server.get(f"/{key}", headers={"X-Forwarded-For": "192.0.2.7"}).headers
            )
        noisy = server.get("/zarr/noise.zarr/0/c/1/1", headers=elsewhere)
        assert "content-encoding" not in noisy.headers
        assert len(noisy.body) == 256 * 256 * 2


def test_a_shard_has_what_is_given_at_a_time(tmp_path: Path) -> None:
    """Where a server gives few pixels, a chunk of a shard may be had when the whole may not."""
    array = np.zeros((1024, 1024), np.uint8)
    with Server(*save(tmp_path, {"field": array}), "--max-pixels", str(512 * 512)) as server:
        shard = "/zarr/sharded/field.zarr/0/c/0/0"
        assert server.get(shard).status == 422
        head = server.get(shard, method="HEAD")
        assert (head.status, head.headers["content-length"]) == (200, str(260 + 16 * 65536))
        assert server.get(shard, headers={"Range": "bytes=0-259"}).status == 206
        assert server.get(shard, headers={"Range": "bytes=260-65795"}).status == 206


def test_dask_reads_chunks_of_it(tmp_path: Path) -> None:
    """Lazily and in parallel, each chunk by itself."""
    array = np.random.default_rng(8).integers(0, 60_000, (900, 1100), np.uint16)
    with Server(*save(tmp_path, {"field": array})) as server:
        lazy = dask.array.from_zarr(opened(server, "field")["0"])
        assert lazy.npartitions > 4
        assert lazy.sum().compute() == array.sum()
        np.testing.assert_array_equal(lazy[500:700, 300:].compute(), array[500:700, 300:])


@pytest.mark.parametrize("kind", ["photo", "stack"])
def test_the_reader_of_ome_opens_it(tmp_path: Path, kind: str) -> None:
    """As napari does: levels, axes and channels' names come out of the metadata."""
    rng = np.random.default_rng(9)
    arrays = {
        "photo": rng.integers(0, 255, (400, 520, 3), np.uint8),
        "stack": rng.integers(0, 60_000, (2, 3, 4, 60, 70), np.uint16),
    }
    expected = {"photo": np.moveaxis(arrays["photo"], -1, 0), "stack": arrays["stack"]}[kind]
    with Server(*save(tmp_path, arrays)) as server:
        address = f"http://{server.host}:{server.port}/zarr/{kind}.zarr"
        location = parse_url(address, mode="r")
        assert location is not None
        (node, *_) = list(Reader(location)())
        np.testing.assert_array_equal(np.asarray(node.data[0]), expected)
        assert len(node.data) == (3 if kind == "photo" else 1)
        names = [axis["name"] for axis in node.metadata["axes"]]
        assert names == (["c", "y", "x"] if kind == "photo" else ["t", "c", "z", "y", "x"])
        assert len(node.metadata["channel_names"]) == 3


def test_the_snippet_of_the_document_runs(tmp_path: Path) -> None:
    """As it stands in docs/protocols.md, but for where the server is."""
    text = (Path(__file__).parents[2] / "docs/protocols.md").read_text()
    (snippet,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    array = np.random.default_rng(10).integers(0, 60_000, (300, 400), np.uint16)
    with Server(*save(tmp_path, {"photo": array})) as server:
        names: dict[str, Any] = {}
        exec(snippet.replace("http://127.0.0.1:8000", server.url.rstrip("/")), names)  # noqa: S102
        np.testing.assert_array_equal(names["pixels"], array[100:200, 100:200])
        assert names["mean"] == pytest.approx(array.mean())


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_chunk_that_cannot_be_read_is_an_error(tmp_path: Path, folder: str) -> None:
    """No integer says that there is none, so no chunk could tell; of floats NaN does, and nodata where there is one."""
    integers, floats, nodata = ["u1", "i4", "u8", "i8"], ["f4", "f8"], ["i2", "i4"]
    names = [*integers, *floats, *(f"{dtype}-nodata" for dtype in nodata)]
    for name in names:
        path = tmp_path / f"{name}.zarr"
        dtype = name.split("-")[0]
        attributes = {"_FillValue": -9} if "nodata" in name else {}
        zarr.create_array(
            path,
            data=np.full((4096, 4096), 7, dtype),
            chunks=(512, 512),
            compressors=zarr.codecs.GzipCodec(),
            fill_value=-9 if attributes else 0,
            attributes=attributes,
        )
        (path / "c/1/1").write_bytes(b"broken")
    with Server(*(tmp_path / f"{name}.zarr" for name in names)) as server:
        for name in names:
            stored = opened(server, name, folder)
            assert (stored["0"][:256, :256] == 7).all()
            with pytest.raises(Exception, match="422"):
                stored["0"][512:768, 512:768]
        for name in integers:
            with pytest.raises(Exception, match="422"):
                opened(server, name, folder)["3"][:]
        for name in names[len(integers) :]:
            level = opened(server, name, folder)["3"][:]
            missing = level == -9 if "nodata" in name else np.isnan(level)
            assert (missing == (np.indices(level.shape) // 64 == 1).all(0)).all(), name
            assert (level[~missing] == 7).all(), name


@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_blocks_of_no_data_are_no_data_in_every_level(tmp_path: Path, dtype: str) -> None:
    """Served and exported: means of wide integers are floats inside, whose NaN must be no 0; of floats it stays."""
    path, nodata = tmp_path / "field.zarr", 99
    array = np.full((1100, 900), 7, dtype)
    array[256:768, 256:512] = nodata
    array[900:, 700:] = nodata
    attributes = {"_FillValue": nodata}
    zarr.create_array(path, data=array, chunks=(256, 256), fill_value=nodata, attributes=attributes)
    for ending in ("zarr", "tif"):
        done = run("export", path, tmp_path / f"out.{ending}", timeout=120)
        assert done.returncode == 0, done.stderr
    written = zarr.open_group(tmp_path / "out.zarr", mode="r")
    with Server(path) as server, tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        told = server.json("/images/field")
        assert told["nodata"] == nodata
        served = opened(server, "field")
        for level in range(1, 4):
            side = 1 << level
            padded = np.full([-(-size // side) * side for size in array.shape], nodata, dtype)
            padded[: array.shape[0], : array.shape[1]] = array
            blocks = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side)
            expected = np.where((blocks == nodata).all((1, 3)), nodata, 7).astype(dtype)
            shown = np.where(expected == nodata, np.nan, expected) if dtype.startswith("f") else expected
            tile = server.npy(f"/images/field/{told['native_zoom'] - level}/0/0.npy").squeeze()
            np.testing.assert_array_equal(tile, shown[:256, :256])
            if level < 3:
                np.testing.assert_array_equal(served[str(level)][:], shown)
                np.testing.assert_array_equal(written[str(level)][:].squeeze(), expected)
                np.testing.assert_array_equal(tiff.series[0].levels[level].asarray(), expected)
