"""Exports, as others read them: tifffile, rasterio, libvips, zarr-python, Pillow, pmtiles, zipfile."""

from __future__ import annotations

import filecmp
import json
import signal
import subprocess
import time
import zipfile
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import oracle
import pytest
import pyvips
import rasterio
import tifffile
import zarr
from harness import Server, binary, run
from ome_zarr_models.v05.image import Image as OmeImage
from PIL import Image
from pmtiles.reader import MemorySource, Reader, all_tiles
from rio_cogeo.cogeo import cog_validate

RNG = np.random.default_rng(23)
DTYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]
HEIGHT, WIDTH = 301, 430


def made(dtype: str, shape: tuple[int, ...] = (HEIGHT, WIDTH)) -> np.ndarray:
    """Make random values all over what a type holds."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return RNG.integers(0, 2, shape).astype(bool)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        return RNG.integers(info.min, info.max, shape, kind, endpoint=True)
    array = RNG.normal(size=shape)
    return (array + 1j * RNG.normal(size=shape) if kind.kind == "c" else array).astype(kind)


def smooth(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Make a picture that lossy compressions are made for."""
    y, x = np.mgrid[:height, :width]
    planes = [127 + 120 * np.sin((x * (c + 1) + y * (3 - c)) / 60) for c in range(channels)]
    return np.stack(planes, -1).astype(np.uint8)


def exported(source: Path, out: Path, *flags: str) -> str:
    """Export, which must succeed and leave nothing half made; tell what it said."""
    done = run("export", source, out, *flags, timeout=120)
    assert done.returncode == 0, done.stderr
    assert out.exists()
    assert not [path for path in out.parent.iterdir() if ".partial" in path.name]
    return done.stdout + done.stderr


def refused(source: Path, out: Path, *flags: str) -> str:
    """Export, which must be refused; tell why."""
    done = run("export", source, out, *flags)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert "panicked" not in done.stderr
    return done.stderr


def saved(folder: Path, array: np.ndarray, name: str = "in") -> Path:
    path = folder / f"{name}.npy"
    np.save(path, array)
    return path


def check_level(found: np.ndarray, full: np.ndarray, level: int, told: object = "") -> None:
    """Hold a level of (height, width, …) to the exact block means, rounded once."""
    if level == 0:
        np.testing.assert_array_equal(found, full, err_msg=str(told))
        return
    assert found.dtype == full.dtype, told
    flat = full.reshape(*full.shape[:2], -1)
    found = found.reshape(*found.shape[:2], -1)
    for channel in range(flat.shape[-1]):
        plane = flat[..., channel]
        wide = plane.astype(np.float64) if plane.dtype.itemsize == 8 else plane
        exact = oracle.reduce(wide, 1 << level, "average").values
        got = found[..., channel]
        assert got.shape == exact.shape, told
        if plane.dtype.kind == "b":
            off = np.abs(exact - 0.5) > 1e-3
            np.testing.assert_array_equal(got[off], (exact >= 0.5)[off], err_msg=str(told))
        elif plane.dtype.kind in "iu":
            slack = 0.5 + (1e-15 * np.abs(wide).max() if plane.dtype.itemsize == 8 else 0)
            assert (np.abs(got.astype(np.float64) - exact) <= slack).all(), told
        else:
            tolerance = {2: 1e-3, 4: 1e-6, 8: 1e-12}[plane.dtype.itemsize]
            np.testing.assert_allclose(got, exact, rtol=tolerance, atol=tolerance * 1e-2, err_msg=str(told))


def pages(path: Path) -> list[np.ndarray]:
    with tifffile.TiffFile(path) as file:
        return [page.asarray() for page in file.pages]


@pytest.mark.parametrize("dtype", DTYPES)
def test_tiff_of_every_dtype(tmp_path, dtype):
    array = made(dtype)
    exported(saved(tmp_path, array), tmp_path / "out.tif", "--tile-size", "64")
    found = pages(tmp_path / "out.tif")
    if array.dtype.kind == "b":
        found = [page.astype(bool) for page in found]
    assert len(found) == (1 if array.dtype.kind == "c" else 4)
    for level, page in enumerate(found):
        check_level(page, array, level, (dtype, level))


@pytest.mark.parametrize("compression", ["none", "deflate", "zstd", "webp", "jpeg"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_of_every_compression(tmp_path, compression, channels):
    array = smooth(300, 421, channels).squeeze()
    source, out = saved(tmp_path, array), tmp_path / "out.tif"
    flags = ["--tile-size", "128", "--compression", compression]
    if (compression, channels) in {("jpeg", 4), ("webp", 1)}:
        assert "takes uint8 and" in refused(source, out, *flags)
        assert not out.exists()
        return
    exported(source, out, *flags)
    for level, page in enumerate(pages(out)):
        if compression == "jpeg":
            exact = oracle.reduce(array, 1 << level, "average").values if channels == 1 else None
            wanted = array if level == 0 else exact
            if wanted is not None:
                assert np.abs(page.astype(int) - wanted).mean() < 3
            assert page.shape[:2] == tuple(-(-side // (1 << level)) for side in array.shape[:2])
        else:
            check_level(page, array, level, (compression, level))
    if compression == "zstd":
        return  # libtiff in libvips' wheel has none: it gives zeros for tifffile's files, too
    vips = pyvips.Image.new_from_file(str(out))
    with tifffile.TiffFile(out) as file:
        first = file.pages[0].asarray()
    assert np.abs(vips.numpy().squeeze().astype(int) - first.astype(int)).max() <= (
        4 if compression == "jpeg" else 0
    )


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_a_cog_as_gdal_wants_it(tmp_path, dtype):
    array = made(dtype, (1400, 1100))
    out = tmp_path / "out.tif"
    exported(saved(tmp_path, array), out)
    valid, errors, warnings = cog_validate(out, strict=True)
    assert valid, (errors, warnings)
    with rasterio.open(out) as file:
        assert file.overviews(1) == [2, 4]
        assert file.block_shapes == [(512, 512)]
        np.testing.assert_array_equal(file.read(1), array)
    for level in (1, 2):
        with rasterio.open(out, overview_level=level - 1) as file:
            check_level(file.read(1), array, level, level)


def test_planes_as_ome_tiff(tmp_path):
    array = made("u2", (2, 3, 4, 150, 170))
    out = tmp_path / "out.ome.tif"
    exported(saved(tmp_path, array), out, "--axes", "tczyx", "--tile-size", "64")
    with tifffile.TiffFile(out) as file:
        assert file.is_ome
        (series,) = file.series
        wanted = np.moveaxis(array, 1, 2)
        axes = dict(zip(series.axes, series.shape, strict=True))
        assert axes == {"T": 2, "Z": 4, "C": 3, "Y": 150, "X": 170}
        found = series.asarray()
        order = [series.axes.index(axis) for axis in "TZCYX"]
        np.testing.assert_array_equal(found.transpose(order), wanted)
        assert [level.shape[-2:] for level in series.levels] == [(150, 170), (75, 85), (38, 43)]
        reduced = series.levels[2].asarray().transpose(order)
        check_level(reduced[1, 3, 2], wanted[1, 3, 2], 2)
        xml = ElementTree.fromstring(file.ome_metadata)  # noqa: S314
        assert xml.tag.endswith("OME")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("compression", ["zstd", "deflate", "none"])
def test_zarr_of_every_dtype(tmp_path, dtype, compression):
    array = made(dtype)
    out = tmp_path / "out.ome.zarr"
    exported(saved(tmp_path, array), out, "--tile-size", "64", "--compression", compression)
    group = zarr.open_group(out, mode="r")
    levels = sorted(group.array_keys(), key=int)
    assert levels == [str(level) for level in range(1 if array.dtype.kind == "c" else 4)]
    for level in levels:
        found = group[level]
        assert found.dtype == array.dtype
        assert found.chunks == (64, 64)
        assert found.shards == (64, 1024)
        check_level(found[:], array, int(level), (dtype, level))


def test_all_planes_and_what_is_known_of_them_in_ome_zarr(tmp_path):
    array = made("u2", (2, 3, 4, 150, 170))
    out = tmp_path / "out.zarr"
    exported(saved(tmp_path, array), out, "--axes", "tczyx", "--tile-size", "64")
    group = zarr.open_group(out, mode="r")
    found = group["0"]
    assert found.metadata.dimension_names == ("t", "c", "z", "y", "x")
    assert (found.chunks, found.shards) == ((1, 1, 1, 64, 64), (1, 1, 1, 64, 1024))
    np.testing.assert_array_equal(found[:], array)
    check_level(group["2"][1, 2, 3], array[1, 2, 3], 2)
    image = OmeImage.from_zarr(group)
    ome = group.attrs["ome"]
    assert image.attributes.ome.version == ome["version"] == "0.5"
    (scales,) = ome["multiscales"]
    assert [axis["type"] for axis in scales["axes"]] == ["time", "channel", "space", "space", "space"]
    transformations = [data["coordinateTransformations"] for data in scales["datasets"]]
    assert [t[0]["scale"] for t in transformations] == [[1, 1, 1, f, f] for f in (1, 2, 4)]
    assert [t[1]["translation"] for t in transformations] == [[0, 0, 0, o, o] for o in (0, 0.5, 1.5)]
    channels = ome["omero"]["channels"]
    assert len(channels) == 3
    for channel in channels:
        assert channel["window"]["min"] == 0
        assert channel["window"]["max"] == 65535
        assert channel["window"]["start"] < channel["window"]["end"]


def test_colours_and_blank_chunks_in_ome_zarr(tmp_path):
    array = smooth(300, 421)
    array[100:200] = 0
    out = tmp_path / "out.zarr"
    exported(saved(tmp_path, array), out, "--tile-size", "32")
    group = zarr.open_group(out, mode="r")
    np.testing.assert_array_equal(group["0"][:], np.moveaxis(array, -1, 0))
    check_level(np.moveaxis(group["1"][:], 0, -1), array, 1)
    assert not (out / "0" / "c" / "0" / "4" / "0").exists(), "a shard of nothing is stored"
    assert [channel["color"] for channel in group.attrs["ome"]["omero"]["channels"]] == [
        "FF0000",
        "00FF00",
        "0000FF",
    ]


def picture(bytes_or_path) -> np.ndarray:
    with Image.open(BytesIO(bytes_or_path) if isinstance(bytes_or_path, bytes) else bytes_or_path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(("tile", "overlap"), [(254, 1), (128, 0), (100, 3)])
def test_deep_zoom_tile_by_tile(tmp_path, tile, overlap):
    array = made("u1", (517, 389, 3))
    out = tmp_path / "out.dzi"
    exported(saved(tmp_path, array), out, "--tile-size", str(tile), "--overlap", str(overlap))
    root = ElementTree.parse(out).getroot()  # noqa: S314
    assert root.tag == "{http://schemas.microsoft.com/deepzoom/2008}Image"
    assert root.attrib == {"Format": "png", "Overlap": str(overlap), "TileSize": str(tile)}
    assert root[0].attrib == {"Height": "517", "Width": "389"}
    files = {
        path.relative_to(tmp_path / "out_files").as_posix()
        for path in (tmp_path / "out_files").rglob("*.png")
    }
    last = (517 - 1).bit_length()
    for level in range(last + 1):
        factor = 1 << (last - level)
        height, width = -(-517 // factor), -(-389 // factor)
        whole = np.zeros((height, width, 3), np.uint8)
        for row in range(-(-height // tile)):
            for column in range(-(-width // tile)):
                name = f"{level}/{column}_{row}.png"
                files.remove(name)
                y, x = max(row * tile - overlap, 0), max(column * tile - overlap, 0)
                bottom, right = (
                    min((row + 1) * tile + overlap, height),
                    min((column + 1) * tile + overlap, width),
                )
                part = picture(tmp_path / "out_files" / name)
                assert part.shape == (bottom - y, right - x, 3), name
                known = whole[y:bottom, x:right]
                assert ((known == 0) | (known == part)).all(), "tiles differ where they overlap"
                whole[y:bottom, x:right] = part
        check_level(whole, array, last - level, level)
    assert not files


def test_lossy_tiles_are_close(tmp_path):
    array = smooth(400, 500)
    for kind, ending in [("jpeg", "jpg"), ("webp", "webp")]:
        out = tmp_path / f"{kind}.dzi"
        exported(saved(tmp_path, array), out, "--compression", kind, "--quality", "90")
        part = picture(tmp_path / f"{kind}_files" / "9" / f"0_0.{ending}")
        assert np.abs(part.astype(int) - array[:255, :255]).mean() < 3


LOOKS = [[], ["--cmap", "viridis", "--vmin", "-1", "--vmax", "1.5"], ["--resampling", "max"]]


@pytest.mark.parametrize("look", LOOKS, ids=["plain", "colormap", "max"])
@pytest.mark.parametrize("shape", [(600, 900), (40, 30)], ids=str)
def test_a_folder_of_tiles_is_what_the_server_serves(tmp_path, look, shape):
    source = saved(tmp_path, made("f4", shape))
    out = tmp_path / "tiles"
    exported(source, out, "--format", "xyz", "--tile-size", "128", *look)
    about = json.loads((out / "tilejson.json").read_text())
    assert about["tiles"] == ["{z}/{x}/{y}.png"]
    deepest = max((max(shape) - 1).bit_length() - 7, 0)
    assert (about["minzoom"], about["maxzoom"], about["tile_size"]) == (0, deepest, 128)
    files = sorted(path.relative_to(out) for path in out.rglob("*.png"))
    expected = sum(
        -(-shape[0] // (128 << (deepest - z))) * -(-shape[1] // (128 << (deepest - z)))
        for z in range(deepest + 1)
    )
    assert len(files) == expected
    with Server(source, *look, "--png", "fast") as server:
        for file in files:
            address = f"/{file.with_suffix('')}/128.png"
            ours, served = Image.open(out / file).convert("RGBA"), server.ok(address).image().convert("RGBA")
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(served), err_msg=str(file))


@pytest.mark.parametrize("compression", ["png", "jpeg", "webp"])
def test_pmtiles_hold_the_same_tiles(tmp_path, compression):
    array = smooth(900, 1300)
    array[:, 600:] = 7
    source, flags = saved(tmp_path, array), ["--compression", compression, "--tile-size", "64"]
    exported(source, tmp_path / "tiles", "--format", "xyz", *flags)
    exported(source, tmp_path / "out.pmtiles", *flags)
    get = MemorySource((tmp_path / "out.pmtiles").read_bytes())
    header, metadata = Reader(get).header(), Reader(get).metadata()
    assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (0, 5, True)
    assert header["tile_type"].name == {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}[compression]
    assert (metadata["width"], metadata["height"]) == (1300, 900)
    found = {f"{z}/{x}/{y}": tile for (z, x, y), tile in all_tiles(get)}
    wanted = {
        path.relative_to(tmp_path / "tiles").with_suffix("").as_posix(): path.read_bytes()
        for path in (tmp_path / "tiles").rglob("*.*")
        if path.name != "tilejson.json"
    }
    assert found == wanted
    assert header["addressed_tiles_count"] == len(wanted)
    assert header["tile_contents_count"] < len(wanted), "blank tiles are stored once"
    assert Reader(get).get(5, 3, 4) == wanted["5/3/4"]


def test_zips_hold_the_same_files(tmp_path):
    source = saved(tmp_path, smooth(700, 500))
    exported(source, tmp_path / "out.dzi")
    exported(source, tmp_path / "tiles", "--format", "xyz")
    for name, folder in [("out.zip", tmp_path), ("tiles.xyz.zip", tmp_path / "tiles")]:
        exported(source, tmp_path / name)
        with zipfile.ZipFile(tmp_path / name) as archive:
            assert archive.testzip() is None
            assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
            for entry in archive.namelist():
                assert archive.read(entry) == (folder / entry).read_bytes(), entry
            tiles = [entry for entry in archive.namelist() if entry.endswith(".png")]
        there = (folder / "out_files" if name == "out.zip" else folder).rglob("*.png")
        assert len(tiles) == len(list(there))


def test_what_cannot_be_is_refused_with_a_reason(tmp_path):
    source = saved(tmp_path, smooth(50, 60))
    for out, flags, reason in [
        ("out.bmp", [], "there are ome-zarr"),
        ("out.tif", ["--format", "mrsid"], "there are ome-zarr"),
        ("out.dzi", ["--compression", "zstd"], "png, jpeg, webp"),
        ("out.zarr", ["--compression", "jpeg"], "zstd, deflate, none"),
        ("out.tif", ["--compression", "brotli"], "there are none, deflate"),
        ("out.tif", ["--tile-size", "100"], "multiple of 16"),
        ("out.pmtiles", ["--tile-size", "100"], "power of 2"),
        ("out.dzi", ["--overlap", "200"], "half of a tile"),
        ("out.dzi", ["--channels", "7"], "channel 7"),
        ("out.zarr", ["--index", "t=1"], "every plane"),
        ("out.zarr", ["--resampling", "sum", "--tile-size", "16"], "another type"),
    ]:
        assert reason in refused(source, tmp_path / out, *flags), (out, flags)
        assert not (tmp_path / out).exists()
    assert "no such file" in refused(tmp_path / "nothing.npy", tmp_path / "out.tif")


def test_only_what_an_export_made_is_replaced(tmp_path):
    source = saved(tmp_path, smooth(50, 60))
    exported(source, tmp_path / "out.tif")
    assert "--overwrite" in refused(source, tmp_path / "out.tif")
    exported(source, tmp_path / "out.tif", "--overwrite")
    exported(source, tmp_path / "out.zarr")
    assert "--overwrite" in refused(source, tmp_path / "out.zarr")
    exported(source, tmp_path / "out.zarr", "--overwrite")
    own = tmp_path / "mine"
    own.mkdir()
    (own / "thesis.txt").write_text("years")
    assert "no export made" in refused(source, own, "--format", "xyz", "--overwrite")
    assert (own / "thesis.txt").read_text() == "years"


def same(a: Path, b: Path) -> None:
    """Assert that two files, or two folders, are equal."""
    if a.is_file():
        assert filecmp.cmp(a, b, shallow=False), (a, b)
        return
    names = [sorted(path.relative_to(top) for path in top.rglob("*")) for top in (a, b)]
    assert names[0] == names[1]
    for name in names[0]:
        if (a / name).is_file():
            assert filecmp.cmp(a / name, b / name, shallow=False), name


@pytest.mark.parametrize("name", ["out.dzi", "out.tif", "out.zarr", "out.pmtiles"])
def test_an_export_that_was_killed_goes_on(tmp_path, name):
    source = saved(tmp_path, made("u2", (3000, 4000)))
    flags = ["--tile-size", "64", "--threads", "1"]
    whole = tmp_path / "whole" / name
    (tmp_path / "whole").mkdir()
    exported(source, whole, *flags)
    out = tmp_path / name
    target = tmp_path / "out_files" if name == "out.dzi" else out
    journal = tmp_path / f"{target.name}.partial.journal"
    process = subprocess.Popen([binary(), "export", source, out, *flags], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (journal.exists() and journal.stat().st_size > 32 * 20):
        assert process.poll() is None, "it was over before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert not target.exists(), "what is half written has the name of the whole"
    # A piece that changes behind its back is written anew.
    partial = tmp_path / f"{target.name}.partial"
    damaged = (
        next(path for path in sorted(partial.rglob("*")) if path.is_file()) if partial.is_dir() else partial
    )
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    assert "from before" in exported(source, out, *flags)
    same(out, whole)
    if name == "out.dzi":
        same(target, whole.parent / "out_files")


def test_a_killed_export_of_something_else_is_begun_anew(tmp_path):
    source = saved(tmp_path, smooth(500, 500))
    exported(source, tmp_path / "whole.zarr", "--tile-size", "64")
    (tmp_path / "out.zarr.partial" / "0").mkdir(parents=True)
    (tmp_path / "out.zarr.partial" / "0" / "stray").write_text("of another export")
    (tmp_path / "out.zarr.partial.journal").write_bytes(b"\0" * 100)
    assert "from before" not in exported(source, tmp_path / "out.zarr", "--tile-size", "64")
    groups = [zarr.open_group(tmp_path / name, mode="r")["0"][:] for name in ("out.zarr", "whole.zarr")]
    np.testing.assert_array_equal(*groups)
    assert not (tmp_path / "out.zarr" / "0" / "stray").exists()


def peak_of_exporting(source: Path, out: Path) -> int:
    """Export, and tell the most memory that it took, in MiB."""
    peak = 0
    with subprocess.Popen([binary(), "export", source, out], stdout=subprocess.DEVNULL) as process:
        # Not by wait4: before it became another program, the process was a copy of this one.
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(
                [peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))]
            )
            time.sleep(0.002)
    assert process.returncode == 0
    assert peak > 0
    return peak >> 10


def test_memory_does_not_grow_with_the_image(tmp_path):
    width, peaks = 8192, []
    for height in (1024, 24_576):
        source = tmp_path / f"{height}.npy"
        with source.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (height, width)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + height * width)
        peaks.append(peak_of_exporting(source, tmp_path / f"{height}.zarr"))
    assert peaks[0] < 100, peaks
    assert peaks[1] < peaks[0] + 16, f"{peaks} MiB for images of 8 and 192"
