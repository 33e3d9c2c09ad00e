"""TIFF files that are read by blocks, region by region against tifffile, GDAL and the arrays they were written from."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import tifffile
from harness import Server, run
from rasterio.enums import Resampling
from remote_server import RemoteServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RNG = np.random.default_rng(5)
HEIGHT, WIDTH = 531, 723
# Corners, edges, the middle, single pixels, across tiles.
REGIONS = [
    (0, 0, 60, 50),
    (200, 250, 300, 270),
    (HEIGHT - 33, WIDTH - 70, HEIGHT, WIDTH),
    (255, 511, 256, 512),
]


def smooth(dtype: str, channels: int = 1) -> np.ndarray:
    """Make samples that compress, over the whole range of their type."""
    kind = np.dtype(dtype)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = [np.sin(y / (17 + 3 * c)) * np.cos(x / (23 - 2 * c)) for c in range(channels)]
    field = np.stack(waves, axis=-1) if channels > 1 else waves[0]
    if kind.kind == "c":
        return (field + 1j * np.flip(field)).astype(kind)
    if kind.kind == "f":
        return (field * 100).astype(kind)
    info = np.iinfo(kind)
    middle, half = (int(info.max) + int(info.min)) / 2, (int(info.max) - int(info.min)) / 2.01
    return (middle + field * half).astype(kind)


def region(server: Server, stem: str, where: tuple[int, int, int, int], **query: str) -> np.ndarray:
    """Fetch stored pixels."""
    y0, x0, y1, x1 = where
    more = "".join(f"&{name}={value}" for name, value in query.items())
    path = f"{server.at(stem)}/region.npy?x0={x0}&y0={y0}&x1={x1}&y1={y1}{more}"
    return server.npy(path)


def check(server: Server, stem: str, array: np.ndarray, tolerance: float = 0, **query: str) -> None:
    """Compare regions of an image with those of an array of (height, width[, channels])."""
    for where in REGIONS:
        y0, x0, y1, x1 = where
        found = region(server, stem, where, **query)
        wanted = array[y0:y1, x0:x1]
        assert found.dtype == wanted.dtype
        found = found.reshape(wanted.shape)
        if tolerance:
            assert np.abs(found.astype(float) - wanted.astype(float)).max() <= tolerance, (stem, where)
        else:
            np.testing.assert_array_equal(found, wanted, err_msg=f"{stem} {where}")


def is_windowed(server: Server, stem: str) -> bool:
    """Tell whether the file is read when it is looked at."""
    return bool(server.json(server.at(stem))["residence"] == "local")


DTYPES = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]
# An overview in a SubIFD has a file be read by blocks, however small it is.
PYRAMID = {"subifds": 1}


def with_overview(path: Path, array: np.ndarray, every: tuple[slice, ...], **options: Any) -> None:
    """Write an array and one level below it."""
    with tifffile.TiffWriter(
        path, bigtiff=options.pop("bigtiff", False), byteorder=options.pop("byteorder", "<")
    ) as tiff:
        tiff.write(array, **PYRAMID, **options)
        options.pop("metadata", None)
        tiff.write(array[every], subfiletype=1, metadata=None, **options)


HALF = (slice(None, None, 2), slice(None, None, 2))


def test_levels_that_keep_channels_together_below_planes(tmp_path: Path) -> None:
    """A level that keeps its channels otherwise than the full resolution does is made anew."""
    array = smooth("u2", 5)
    path = tmp_path / "mixed.tif"
    with tifffile.TiffWriter(path) as tiff:
        options: Any = {"photometric": "minisblack", "tile": (64, 80), "compression": "zlib"}
        tiff.write(np.moveaxis(array, -1, 0), planarconfig="separate", **PYRAMID, **options)
        level = np.full((HEIGHT // 2 + 1, WIDTH // 2 + 1, 5), 7, "u2")
        tiff.write(level, planarconfig="contig", subfiletype=1, metadata=None, **options)
    with Server(path) as server:
        check(server, "mixed", array)
        zoom = server.json(server.at("mixed"))["native_zoom"]
        tile = server.npy(f"{server.at('mixed')}/{zoom - 1}/0/0.npy?resampling=nearest")
    assert set(tile[:16, :16].ravel()) - {7}


def test_every_dtype_in_tiles_and_strips(tmp_path: Path) -> None:
    """Samples are those that were written, in either byte order."""
    arrays = {}
    for dtype in DTYPES:
        array = smooth(dtype)
        for kind, options in {
            "tiles": {"tile": (64, 80)},
            "strips": {"rowsperstrip": 7},
            "one": {},
            "zipped": {"tile": (128, 128), "compression": "zlib"},
        }.items():
            name = f"{kind}-{dtype}"
            order = ">" if kind in ("strips", "zipped") else "<"
            with_overview(
                tmp_path / f"{name}.tif", array, HALF, byteorder=order, photometric="minisblack", **options
            )
            arrays[name] = array
    with Server(*sorted(tmp_path.iterdir())) as server:
        for name, array in arrays.items():
            assert is_windowed(server, name)
            check(server, name, array)


CODECS: list[tuple[str, str, dict[str, Any], float]] = [
    ("lzw", "u1 u2 f4", {"compression": "lzw"}, 0),
    ("lzw-2", "u1 u2 u4 i2", {"compression": "lzw", "predictor": 2}, 0),
    ("zlib-2", "u1 u2 u4 u8 i4", {"compression": "zlib", "predictor": 2}, 0),
    ("zlib-3", "f2 f4 f8", {"compression": "zlib", "predictor": 3}, 0),
    ("zstd", "u1 u2 f8", {"compression": "zstd"}, 0),
    ("zstd-2", "u2", {"compression": "zstd", "predictor": 2}, 0),
    ("zstd-3", "f4", {"compression": "zstd", "predictor": 3}, 0),
    ("packbits", "u1 u2", {"compression": "packbits"}, 0),
    ("lerc", "u1 i1 u2 i2 u4 i4 f4 f8", {"compression": "lerc"}, 0),
    ("lerc-zlib", "u2 f4", {"compression": "lerc", "compressionargs": {"compression": "deflate"}}, 0),
    ("lerc-zstd", "u2 f4", {"compression": "lerc", "compressionargs": {"compression": "zstd"}}, 0),
    ("jpeg2000", "u1 u2", {"compression": "jpeg2000", "compressionargs": {"reversible": True}}, 0),
    ("jpeg", "u1", {"compression": "jpeg", "compressionargs": {"level": 95}}, -1),
]


@pytest.mark.parametrize(("codec", "dtypes", "options", "tolerance"), CODECS)
def test_every_compression(
    tmp_path: Path, codec: str, dtypes: str, options: dict[str, Any], tolerance: float
) -> None:
    """Gray and RGB, chunky and planar, in tiles and strips; lossy ones as tifffile decodes them."""
    cases: dict[str, tuple[np.ndarray, float]] = {}
    for dtype in dtypes.split():
        gray, colour = smooth(dtype), smooth(dtype, 3)
        shapes: dict[str, tuple[np.ndarray, tuple[slice, ...], dict[str, Any]]] = {
            "gray": (gray, HALF, {"photometric": "minisblack", "tile": (128, 160)}),
            "strips": (gray, HALF, {"photometric": "minisblack", "rowsperstrip": 40}),
            "rgb": (colour, HALF, {"photometric": "rgb", "tile": (128, 160)}),
            "planes": (
                np.ascontiguousarray(np.moveaxis(colour, -1, 0)),
                (slice(None), *HALF),
                {"photometric": "rgb", "planarconfig": "separate", "tile": (128, 160)},
            ),
        }
        for shape, (array, every, more) in shapes.items():
            if (codec == "jpeg" and shape == "planes") or (codec == "jpeg2000" and shape == "strips"):
                continue
            name = f"{codec}-{shape}-{dtype}"
            path = tmp_path / f"{name}.tif"
            with_overview(path, array, every, **options, **more)
            wanted = array if shape != "planes" else colour
            # Decoders of JPEG differ in their last bit.
            if tolerance < 0:
                with tifffile.TiffFile(path) as tiff:
                    wanted = tiff.pages[0].asarray()
            cases[name] = (wanted, 3 if tolerance < 0 else tolerance)
    paths = [tmp_path / f"{name}.tif" for name in cases]
    with Server(*paths) as server:
        for name, (array, tolerance) in cases.items():
            assert is_windowed(server, name)
            check(server, name, array, tolerance)


def test_overviews_are_levels(tmp_path: Path) -> None:
    """A tile far out comes from the file's own overview; what is no power of two smaller is not used."""
    array = smooth("u2")
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        options = {"photometric": "minisblack", "tile": (64, 64), "compression": "zlib"}
        tiff.write(array, subifds=3, **options)
        # None of these is what averaging would give, so that it shows where a tile comes from.
        tiff.write(np.full((266, 362), 7, "u2"), subfiletype=1, **options)
        tiff.write(np.full((177, 241), 9, "u2"), subfiletype=1, **options)
        tiff.write(np.full((133, 181), 11, "u2"), subfiletype=1, **options)
    told = json.loads(run("info", "--json", path).stdout)[0]
    assert [level["factor"] for level in told["levels"]][:3] == [1, 2, 4]
    assert told["details"]["overviews"] == "2, 4"
    assert "241 × 177" in told["details"]["overviews that are not used"]
    assert told["details"]["variant"] == "BigTIFF, little-endian"
    with Server(path) as server:
        check(server, "pyramid", array)
        native = server.json(server.at("pyramid"))["native_zoom"]
        for out, value in [(1, 7), (2, 11)]:
            tile = server.npy(f"{server.at('pyramid')}/{native - out}/0/0.npy").squeeze()
            assert np.unique(tile[:100, :100]).tolist() == [value]


def test_pages_are_slices(tmp_path: Path) -> None:
    """Pages of one size are read one by one."""
    stack = np.stack([smooth("u2") // (z + 1) for z in range(5)])
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as tiff:
        options = {"photometric": "minisblack", "tile": (128, 128), "compression": "zlib"}
        for page in stack:
            tiff.write(page, subifds=1, metadata=None, **options)
            tiff.write(page[::2, ::2], subfiletype=1, metadata=None, **options)
    with Server(path) as server:
        told = server.json(server.at("stack"))
        assert (told["axes"], told["shape"]) == (["z", "y", "x"], [5, HEIGHT, WIDTH])
        for z in (0, 3, 4):
            check(server, "stack", stack[z], z=str(z))
        native = told["native_zoom"]
        tile = server.npy(f"{server.at('stack')}/{native - 1}/0/0.npy?z=3").squeeze()
        np.testing.assert_array_equal(tile[:200, :200], stack[3, :400:2, :400:2])


OME = np.stack(
    [[[smooth("u2") // (1 + t + 2 * c + 3 * z) for z in range(2)] for c in range(3)] for t in range(2)]
)


@pytest.mark.parametrize("order", ["TCZYX", "TZCYX", "CTZYX", "ZTCYX"])
def test_ome_tiff(tmp_path: Path, order: str) -> None:
    """Axes, channels, sizes and pyramids are those of the OME-XML, in any order of dimensions."""
    path = tmp_path / "cells.ome.tif"
    turned = np.transpose(OME, ["TCZYX".index(axis) for axis in order])
    metadata = {
        "axes": order,
        "PhysicalSizeX": 0.25,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.5,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 2.0,
        "PhysicalSizeZUnit": "µm",
        "Channel": {"Name": ["DAPI", "GFP", "RFP"], "Color": [0x0000FFFF, 0x00FF00FF, -16776961]},
    }
    options = {"photometric": "minisblack", "tile": (128, 128), "compression": "zlib"}
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(turned, subifds=1, metadata=metadata, **options)
        tiff.write(turned[..., ::2, ::2], subfiletype=1, **options)
    with Server(path) as server:
        stem = server.images[0]["id"]
        told = server.json(f"/images/{stem}")
        sizes = {"t": 2, "z": 2, "c": 3, "y": HEIGHT, "x": WIDTH}
        assert dict(zip(told["axes"], told["shape"], strict=True)) == sizes
        assert told["axes"] == ["t", "z", "c", "y", "x"]
        assert [channel["name"] for channel in told["channels"]] == ["DAPI", "GFP", "RFP"]
        assert [channel["color"] for channel in told["channels"]] == ["#0000ff", "#00ff00", "#ff0000"]
        known = {dimension["name"]: dimension for dimension in told["dimensions"]}
        steps = {name: known[name]["coordinates"]["step"] for name in "xyz"}
        assert steps == {"x": 0.25, "y": 0.5, "z": 2.0}
        assert known["x"]["unit"] == "µm"
        for t, c, z in [(0, 0, 0), (1, 2, 1), (1, 0, 0), (0, 1, 1)]:
            check(server, stem, OME[t, c, z], t=str(t), z=str(z), c=str(c))
        tile = server.npy(f"/images/{stem}/{told['native_zoom'] - 1}/0/0.npy?t=1&z=1&c=2").squeeze()
        np.testing.assert_array_equal(tile[:200, :200], OME[1, 2, 1, :400:2, :400:2])


def test_ome_images_and_rgb(tmp_path: Path) -> None:
    """Each image of the file is one of the gallery; RGB pages are pictures in colour."""
    path = tmp_path / "two.ome.tif"
    colour, gray = smooth("u1", 3), smooth("u2")
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(colour, photometric="rgb", tile=(64, 64), metadata={"axes": "YXS", "Name": "stain"})
        tiff.write(gray, photometric="minisblack", metadata={"axes": "YX", "Name": "mask"})
    with Server(path) as server:
        names = [image["name"] for image in server.images]
        assert [name.rsplit("/", 1)[-1] for name in names] == ["stain", "mask"]
        for image, array in zip(server.images, (colour, gray), strict=True):
            check(server, image["id"], array)
        assert server.json(f"/images/{server.images[0]['id']}")["kind"] == "rgb"


def test_ome_sets_of_files_are_refused(tmp_path: Path) -> None:
    """What is in other files is said, not guessed."""
    path = tmp_path / "part.ome.tif"
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="16" SizeY="16" SizeC="1"'
        ' SizeZ="2" SizeT="1"><TiffData IFD="0" PlaneCount="1"><UUID FileName="part.ome.tif">urn:uuid:1</UUID>'
        '</TiffData><TiffData FirstZ="1" IFD="0" PlaneCount="1"><UUID FileName="rest.ome.tif">urn:uuid:2</UUID>'
        "</TiffData></Pixels></Image></OME>"
    )
    tifffile.imwrite(path, np.zeros((16, 16), "u1"), description=xml, metadata=None)
    done = run("info", path)
    assert done.returncode == 1
    assert "rest.ome.tif" in done.stderr
    assert done.stderr.count("\n") == 1


def test_imagej_hyperstacks(tmp_path: Path) -> None:
    """Axes and sizes are ImageJ's, whether each page has a directory or only the first."""
    array = np.ascontiguousarray(np.moveaxis(OME, 1, 2))  # t z c y x
    tifffile.imwrite(
        tmp_path / "hyper.tif",
        array,
        imagej=True,
        resolution=(4.0, 4.0),
        metadata={"axes": "TZCYX", "spacing": 2.5, "unit": "um"},
    )
    # One directory, and all pages behind each other.
    text = "ImageJ=1.53\nimages=12\nchannels=3\nslices=2\nframes=2\nhyperstack=true\n"
    tifffile.imwrite(
        tmp_path / "behind.tif", array[0, 0, 0], description=text, metadata=None, photometric="minisblack"
    )
    with tifffile.TiffFile(tmp_path / "behind.tif") as tiff:
        at = tiff.pages[0].dataoffsets[0]
    with (tmp_path / "behind.tif").open("r+b") as file:
        file.seek(at)
        file.write(array.astype("<u2").tobytes())
    with Server(tmp_path / "hyper.tif", tmp_path / "behind.tif") as server:
        for stem in ("hyper", "behind"):
            told = server.json(server.at(stem))
            assert told["axes"] == ["t", "z", "c", "y", "x"]
            for t, z, c in [(0, 0, 0), (1, 1, 2), (1, 0, 1)]:
                check(server, stem, array[t, z, c], t=str(t), z=str(z), c=str(c))
        known = {dimension["name"]: dimension for dimension in server.json(server.at("hyper"))["dimensions"]}
        assert known["z"]["coordinates"]["step"] == 2.5
        assert known["x"]["coordinates"]["step"] == pytest.approx(0.25)
        assert known["x"]["unit"] == "µm"


def test_aperio_slides(tmp_path: Path) -> None:
    """The slide with its levels, whose scale is known, and the pictures beside it."""
    path = tmp_path / "slide.svs"
    slide = smooth("u1", 3)
    said = f"Aperio Image Library v12\r\n{WIDTH}x{HEIGHT} (64x64) JPEG/RGB Q=90|AppMag = 20|MPP = 0.4990"
    options = {"photometric": "rgb", "compression": "zlib", "metadata": None}
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(slide, tile=(64, 64), description=said, **options)
        tiff.write(
            slide[::7, ::7], rowsperstrip=16, description="Aperio Image Library v12\r\nthumbnail", **options
        )
        tiff.write(
            slide[: HEIGHT // 4 * 4 : 4, : WIDTH // 4 * 4 : 4], tile=(64, 64), description=said, **options
        )
        tiff.write(
            slide[:40, :50], rowsperstrip=16, subfiletype=1, description="Aperio\r\nlabel 50x40", **options
        )
        tiff.write(
            slide[:30, :60], rowsperstrip=16, subfiletype=9, description="Aperio\r\nmacro 60x30", **options
        )
    with Server(path) as server:
        names = [image["name"].rsplit("/", 1)[-1] for image in server.images]
        assert names[1:] == ["thumbnail", "label", "macro"]
        stem = server.images[0]["id"]
        check(server, stem, slide)
        told = server.json(f"/images/{stem}")
        assert told["details"]["overviews"] == "4"
        assert told["details"]["magnification"] == "20"
        known = {dimension["name"]: dimension for dimension in told["dimensions"]}
        assert (known["x"]["coordinates"]["step"], known["x"]["unit"]) == (0.499, "µm")
        label = server.npy(f"/images/{server.images[2]['id']}/region.npy?x0=0&y0=0&x1=50&y1=40")
        np.testing.assert_array_equal(label, slide[:40, :50])


def geotiff(path: Path, array: np.ndarray, driver: str = "GTiff", **options: Any) -> None:
    """Write (bands, height, width) as GDAL does."""
    with rasterio.open(
        path,
        "w",
        driver=driver,
        count=array.shape[0],
        height=array.shape[1],
        width=array.shape[2],
        dtype=array.dtype,
        crs="EPSG:32632",
        transform=rasterio.Affine(10, 0, 500_000, 0, -20, 5_400_000),
        **options,
    ) as file:
        file.write(array)
        file.set_band_description(1, "red edge")
        if driver == "GTiff":
            file.scales = [0.5] * array.shape[0]


GDAL_OPTIONS: list[dict[str, Any]] = [
    {"compress": "deflate", "predictor": 2, "tiled": True, "blockxsize": 128, "blockysize": 128},
    {"compress": "lzw", "interleave": "band"},
    {"compress": "zstd", "tiled": True, "interleave": "pixel"},
    {"compress": "lerc", "tiled": True},
    {"compress": "lerc_zstd", "interleave": "band"},
    {"compress": "lerc_deflate", "tiled": True, "interleave": "pixel"},
    {"bigtiff": "yes", "endianness": "big"},
]


def gdal_has(compress: str) -> bool:
    """Tell whether the GDAL of the wheel writes it."""
    with rasterio.MemoryFile() as memory:
        try:
            options = {"driver": "GTiff", "width": 16, "height": 16, "count": 1, "dtype": "uint8"}
            with memory.open(**options, compress=compress, transform=rasterio.Affine.scale(2)):
                return True
        except rasterio.errors.RasterioError:
            return False


def test_geotiff(tmp_path: Path) -> None:
    """Pixels by GDAL's eyes, and where they lie."""
    bands = np.moveaxis(smooth("u2", 4), -1, 0)
    written = []
    for number, options in enumerate(GDAL_OPTIONS):
        if "lerc" in options.get("compress", "") and not gdal_has(options["compress"]):
            continue
        geotiff(tmp_path / f"geo{number}.tif", bands, nodata=0, photometric="minisblack", **options)
        with rasterio.open(tmp_path / f"geo{number}.tif", "r+") as file:
            file.build_overviews([2, 4], Resampling.average)
        written.append(number)
    assert len(written) >= 4
    with Server(*(tmp_path / f"geo{number}.tif" for number in written)) as server:
        for number in written:
            stem = f"geo{number}"
            with rasterio.open(tmp_path / f"{stem}.tif") as file:
                check(server, stem, np.moveaxis(file.read(), 0, -1))
            told = server.json(server.at(stem))
            assert told["details"]["CRS"] == "EPSG:32632"
            assert told["details"]["geotransform"] == "500000, 10, 0, 5400000, 0, -20"
            assert told["details"]["scale"] == "0.5"
            assert told["details"]["overviews"] == "2, 4"
            assert told["nodata"] == 0
            assert told["channels"][0]["name"] == "red edge"
            known = {dimension["name"]: dimension for dimension in told["dimensions"]}
            assert known["x"] == {
                "name": "x",
                "label": "easting",
                "size": WIDTH,
                "unit": "m",
                "coordinates": {"start": 500_005.0, "step": 10.0},
            }
            assert known["y"]["coordinates"] == {"start": 5_399_990.0, "step": -20.0}
            native = told["native_zoom"]
            with rasterio.open(tmp_path / f"{stem}.tif", OVERVIEW_LEVEL=0) as half:
                wanted = np.moveaxis(half.read(), 0, -1)[:256, :256]
            np.testing.assert_array_equal(server.npy(f"{server.at(stem)}/{native - 1}/0/0.npy"), wanted)


def test_small_geotiff_without_overviews(tmp_path: Path) -> None:
    """What is decoded whole has the same facts."""
    bands = smooth("f4")[None]
    geotiff(tmp_path / "small.tif", bands, nodata=-9999.0)
    told = json.loads(run("info", "--json", tmp_path / "small.tif").stdout)[0]
    assert told["residence"] == "memory"
    assert told["details"]["CRS"] == "EPSG:32632"
    assert told["nodata"] == -9999
    assert told["dimensions"][0]["label"] == "northing"


@pytest.fixture(scope="module")
def cog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, np.ndarray]]:
    """A COG of noise, which no compression makes small."""
    folder = tmp_path_factory.mktemp("cog")
    array = RNG.integers(0, 60_000, (1, 4096, 4096)).astype("u2")
    geotiff(folder / "cog.tif", array, "COG", compress="deflate", blocksize=256, overviews="AUTO")
    yield folder, array[0]
    shutil.rmtree(folder)


def test_a_cog_far_away_is_read_in_part(cog: tuple[Path, np.ndarray]) -> None:
    """A tile of any level takes a few requests, and a small part of the file."""
    folder, array = cog
    size = (folder / "cog.tif").stat().st_size
    assert size > 30 << 20
    with (
        RemoteServer(folder) as web,
        Server(f"{web.url}/cog.tif", "--vmin", "0", "--vmax", "60000") as server,
    ):
        told = server.json("/images/cog")
        assert told["residence"] == "remote"
        assert [level["factor"] for level in told["levels"]][:4] == [1, 2, 4, 8]
        web.forget()
        native = told["native_zoom"]
        tile = server.npy(f"/images/cog/{native}/7/5.npy").squeeze()
        np.testing.assert_array_equal(tile, array[5 * 256 : 6 * 256, 7 * 256 : 8 * 256])
        assert len(web.requests) <= 3
        assert web.sent < 1 << 20
        web.forget()
        with rasterio.open(folder / "cog.tif", OVERVIEW_LEVEL=2) as eighth:
            wanted = eighth.read(1)
        np.testing.assert_array_equal(
            server.npy(f"/images/cog/{native - 3}/1/1.npy").squeeze(), wanted[256:512, 256:512]
        )
        assert web.sent < 1 << 20
        web.forget()
        # All of it, far out: from the overviews.
        server.ok("/images/cog/0/0/0.png")
        assert web.sent < size / 8


def resident(pid: int) -> int:
    """Tell the bytes of a process that are in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) << 10


def sparse(path: Path, side: int, tile: int, written: dict[int, bytes]) -> None:
    """Write a tiled BigTIFF of bytes, few of whose tiles are there."""
    count = (side // tile) ** 2
    tags = [
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (277, 3, 1, 1),
        (322, 3, 1, tile),
        (323, 3, 1, tile),
        (324, 16, count, 0),
        (325, 16, count, 0),
    ]
    index = 16 + 8 + 20 * len(tags) + 8
    place = {324: index, 325: index + 8 * count}
    head = b"II+\0" + struct.pack("<HHQ", 8, 0, 16) + struct.pack("<Q", len(tags))
    for tag, kind, number, value in tags:
        head += struct.pack("<HHQQ", tag, kind, number, place.get(tag, value))
    head += struct.pack("<Q", 0)
    at = index + 16 * count
    with path.open("wb") as file:
        file.write(head)
        file.truncate(at)
        for number, data in written.items():
            file.seek(index + 8 * number)
            file.write(struct.pack("<Q", at))
            file.seek(index + 8 * count + 8 * number)
            file.write(struct.pack("<Q", len(data)))
            file.seek(at)
            file.write(data)
            at += len(data)


def test_a_huge_sparse_file_opens_at_once(tmp_path: Path) -> None:
    """200,000 × 200,000 pixels: neither they nor their index are read."""
    side, tile = 200_192, 256
    across = side // tile
    pixels = RNG.integers(1, 255, (tile, tile), dtype=np.uint8)
    number = 400 * across + 300
    sparse(tmp_path / "huge.tif", side, tile, {number: pixels.tobytes(), 0: pixels[::-1].tobytes()})
    with Server(tmp_path / "huge.tif", "--vmin", "0", "--vmax", "255") as server:
        assert time.perf_counter() - server.started < 10
        told = server.json("/images/huge")
        assert (told["width"], told["height"]) == (side, side)
        native = told["native_zoom"]
        np.testing.assert_array_equal(server.npy(f"/images/huge/{native}/300/400.npy").squeeze(), pixels)
        np.testing.assert_array_equal(server.npy(f"/images/huge/{native}/0/0.npy").squeeze(), pixels[::-1])
        assert not server.npy(f"/images/huge/{native}/7/7.npy").any()
        if Path("/proc/self/status").exists():
            assert resident(server.process.pid) < 300 << 20


def tile_span(path: Path, number: int) -> tuple[int, int]:
    """Tell where a tile of the first page is."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        return page.dataoffsets[number], page.databytecounts[number]


def test_missing_and_corrupt_tiles(tmp_path: Path) -> None:
    """A missing tile is nodata, a corrupt one an error of that tile; everything else is there."""
    path = tmp_path / "holes.tif"
    array = RNG.integers(1, 60_000, (1, 1024, 1024)).astype("u2")
    geotiff(path, array, nodata=9, tiled=True, blockxsize=256, blockysize=256, compress="deflate")
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2], Resampling.average)
    offset, length = tile_span(path, 5)
    content = bytearray(path.read_bytes())
    content[offset : offset + length] = b"\xff" * length
    with tifffile.TiffFile(path) as tiff:
        tag = tiff.pages[0].tags[325]
        size = tag.valuebytecount // tag.count
        content[tag.valueoffset + 6 * size : tag.valueoffset + 7 * size] = bytes(size)
    path.write_bytes(content)
    with Server(path) as server:
        native = 2
        for number in range(16):
            y, x = divmod(number, 4)
            reply = server.final(f"{server.at('holes')}/{native}/{x}/{y}.npy")
            if number == 5:
                assert reply.status == 422
                assert "decoded" in reply.json()["detail"]
                continue
            wanted = array[0, y * 256 : (y + 1) * 256, x * 256 : (x + 1) * 256]
            wanted = np.full_like(wanted, 9) if number == 6 else wanted
            np.testing.assert_array_equal(reply.npy().squeeze(), wanted)
        assert server.get("/healthz").status == 200


@pytest.mark.parametrize("change", ["truncate", "rewrite", "remove", "rename"])
def test_a_file_that_changes_under_the_server(tmp_path: Path, change: str) -> None:
    """It is the old one or an error that says so: never zeros, never a dead server."""
    path = tmp_path / "passing.tif"
    array = RNG.integers(1, 250, (2048, 2048), dtype=np.uint8)
    with_overview(path, array, HALF, tile=(128, 128), photometric="minisblack", compression="zlib")
    with Server(path) as server:
        native = server.json(server.at("passing"))["native_zoom"]
        first = server.npy(f"{server.at('passing')}/{native}/0/0.npy").squeeze()
        np.testing.assert_array_equal(first, array[:256, :256])
        content = path.read_bytes()
        changes: dict[str, Callable[[], Any]] = {
            "truncate": lambda: os.truncate(path, len(content) // 3),
            "rewrite": lambda: path.write_bytes(bytes(len(content))),
            "remove": path.unlink,
            "rename": lambda: (
                (tmp_path / "other").write_bytes(content[::-1]),
                (tmp_path / "other").replace(path),
            ),
        }
        changes[change]()
        gone = 0
        for x, y in [(1, 1), (3, 2), (2, 3)]:
            reply = server.final(f"{server.at('passing')}/{native}/{x}/{y}.npy")
            if reply.status == 200:
                # It may have been seen before.
                wanted = array[y * 256 : (y + 1) * 256, x * 256 : (x + 1) * 256]
                np.testing.assert_array_equal(reply.npy().squeeze(), wanted)
            else:
                assert reply.status == 410, reply.body
                gone += 1
        assert (gone > 0) == (change in ("truncate", "rewrite"))
        assert server.get("/healthz").status == 200


def test_colours_in_blocks_are_those_in_memory() -> None:
    """Palettes, inverted grays, inks and alpha look alike whichever way a file is read."""
    fixtures = Path(__file__).parents[2] / "fixtures" / "images"
    # The same bytes far away are read by blocks. Python's door is behind these compressions.
    names = [path.name for path in sorted(fixtures.glob("*.tif")) if not run("info", path).returncode]
    assert len(names) > 80
    with (
        RemoteServer(fixtures) as web,
        Server(*(fixtures / name for name in names)) as near,
        Server(*(f"{web.url}/{name}" for name in names)) as far,
    ):
        blocks = 0
        for here, there in zip(near.images, far.images, strict=True):
            one, two = near.json(f"/images/{here['id']}"), far.json(f"/images/{there['id']}")
            blocks += two["residence"] == "remote"
            for key in ("shape", "axes", "dtype", "kind", "channels", "nodata", "statistics"):
                assert one[key] == two[key], (here["name"], key)
            tile = "0/0/0.png"
            wanted = near.ok(f"/images/{here['id']}/{tile}").body
            assert far.ok(f"/images/{there['id']}/{tile}").body == wanted, here["name"]
        assert blocks > 80


def test_npy_of_a_region_is_a_npy(tmp_path: Path) -> None:
    """A mode is applied block by block."""
    colour = smooth("u1", 3)
    with_overview(tmp_path / "mode.tif", colour, HALF, photometric="rgb", tile=(64, 64))
    with Server("--mode", "L", tmp_path / "mode.tif") as server:
        found = np.load(
            io.BytesIO(server.ok(f"{server.at('mode')}/region.npy?x0=0&y0=0&x1=90&y1=80").body)
        ).squeeze()
        red, green, blue = np.moveaxis(colour[:80, :90].astype("i8"), -1, 0)
        np.testing.assert_array_equal(found, (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16)
