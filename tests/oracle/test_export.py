"""Regions at full resolution as files, read back by numpy, tifffile and Pillow."""

import io

import numpy as np
import pytest
import tifffile
from harness import Server, save
from matplotlib import colormaps
from PIL import Image

RNG = np.random.default_rng(11)
DTYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


def made(dtype: str) -> np.ndarray:
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return RNG.integers(0, 2, (130, 170)).astype(bool)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        return RNG.integers(info.min, info.max, (130, 170), kind, endpoint=True)
    array = RNG.normal(size=(130, 170))
    return (array + 1j * RNG.normal(size=array.shape) if kind.kind == "c" else array).astype(kind)


ARRAYS = {np.dtype(dtype).name: made(dtype) for dtype in DTYPES}
STACK = RNG.integers(0, 60000, (3, 5, 90, 110)).astype(np.uint16)
COLOURS = RNG.integers(0, 256, (70, 80, 4)).astype(np.uint8)
FIELD = RNG.random((300, 400))
WHERE = "x0=20&y0=10&x1=140&y1=95"
BOX = np.s_[10:95, 20:140]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    arrays = {**ARRAYS, "colours": COLOURS, "field": FIELD}
    files = save(tmp_path_factory.mktemp("exports"), arrays)
    with Server(*files) as server:
        yield server


def fetch(server, image: str, tail: str) -> bytes:
    reply = server.get(f"{server.at(image)}/region.{tail}")
    assert reply.status == 200, reply.body
    return reply.body


@pytest.mark.parametrize("name", ARRAYS)
def test_samples_of_every_dtype(server, name):
    wanted = ARRAYS[name][BOX]
    found = np.load(io.BytesIO(fetch(server, name, f"npy?{WHERE}")))
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)
    tiff = tifffile.imread(io.BytesIO(fetch(server, name, f"tif?{WHERE}")))
    wanted = wanted.astype("u1") if wanted.dtype == bool else wanted
    assert tiff.dtype == wanted.dtype
    np.testing.assert_array_equal(tiff, wanted)


def test_planes_and_channels(tmp_path):
    with Server("--axes", "tcyx", *save(tmp_path, {"stack": STACK})) as server:
        whole = np.load(io.BytesIO(fetch(server, "stack", "npy?t=2")))
        np.testing.assert_array_equal(whole, np.moveaxis(STACK[2], 0, -1))
        tiff = tifffile.imread(io.BytesIO(fetch(server, "stack", "tiff?t=2")))
        np.testing.assert_array_equal(tiff, whole)
        some = np.load(io.BytesIO(fetch(server, "stack", f"npy?t=1&c=3,0&{WHERE}")))
        np.testing.assert_array_equal(some, np.moveaxis(STACK[1, [3, 0], 10:95, 20:140], 0, -1))


def test_colours_are_colours_to_every_reader(server):
    for read in (lambda data: np.asarray(Image.open(data)), tifffile.imread):
        np.testing.assert_array_equal(read(io.BytesIO(fetch(server, "colours", "tif"))), COLOURS)
    tiff = tifffile.TiffFile(io.BytesIO(fetch(server, "colours", "tif"))).pages[0]
    assert tiff.photometric.name == "RGB"
    assert [sample.name for sample in tiff.extrasamples] == ["UNASSALPHA"]
    png = np.asarray(Image.open(io.BytesIO(fetch(server, "colours", "png?x0=1&y0=2&x1=30&y1=40"))))
    np.testing.assert_array_equal(png, COLOURS[2:40, 1:30])


def test_a_picture_is_as_it_is_shown(server):
    tail = f"png?{WHERE}&colormap=magma&vmin=0.2&vmax=0.9"
    found = np.asarray(Image.open(io.BytesIO(fetch(server, "field", tail))).convert("RGBA"))
    wanted = colormaps["magma"]((FIELD[BOX] - 0.2) / (0.9 - 0.2), bytes=True)
    # The exact arithmetic of matplotlib's is held elsewhere, through tiles.
    assert np.abs(found.astype(int) - wanted).max() <= 3


def test_what_sticks_out_is_left_out(server):
    found = np.load(io.BytesIO(fetch(server, "field", "npy?x0=390&y0=295&x1=9000&y1=9000")))
    np.testing.assert_array_equal(found, FIELD[295:, 390:])


def test_too_much_is_refused(tmp_path):
    path = tmp_path / "large.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(1 << 15, 1 << 15)).flush()
    with Server(path) as server:
        reply = server.get(f"{server.at('large')}/region.npy")
        assert reply.status == 422
        assert "256 MiB" in reply.json()["detail"]
        body = server.get(f"{server.at('large')}/region.npy?x0=5&y0=5&x1=8&y1=7").body
        assert np.load(io.BytesIO(body)).shape == (2, 3)


@pytest.mark.parametrize(
    ("tail", "status", "parameter"),
    [
        ("region.npy?x0=400&y0=0&x1=401&y1=1", 404, None),
        ("region.npy?x0=5&y0=0&x1=5&y1=1", 400, "x1"),
        ("region.npy?x0=5", 400, "y0"),
        ("region.exe", 404, None),
        ("region.png?colormap=nope", 400, "colormap"),
        ("region.npy?c=1", 400, "c"),
    ],
)
def test_what_is_wrong_is_named(server, tail, status, parameter):
    reply = server.get(f"{server.at('field')}/{tail}")
    assert reply.status == status
    assert reply.json().get("parameter") == parameter
