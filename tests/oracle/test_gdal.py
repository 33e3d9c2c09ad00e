"""GDAL, which QGIS opens rasters by as well, over WMTS, tiles by their addresses, and the virtual Zarr group."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from harness import Server, save

HALF_WORLD = 20037508.342789244
"""Half of the world's side in metres."""
PHOTO = np.random.default_rng(15).integers(0, 256, (500, 600, 3), np.uint8)
FIELD = np.random.default_rng(16).random((601, 530)).astype(np.float32)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """Both images, on one server."""
    with Server(*save(tmp_path_factory.mktemp("gdal"), {"field": FIELD, "photo": PHOTO})) as server:
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path):
    """GDAL keeps tiles of an address for days: of this test's alone."""
    with rasterio.Env(GDAL_DEFAULT_WMS_CACHE_PATH=str(tmp_path)):
        yield


@pytest.fixture(scope="module")
def documented() -> list[str]:
    """The names of data sets in docs/protocols.md: by WMTS, and by Zarr."""
    text = (Path(__file__).parents[2] / "docs/protocols.md").read_text()
    (row,) = re.findall(r"^\| GDAL[^|]*\|(.*)\|$", text, re.MULTILINE)
    return re.findall(r"`((?:WMTS|ZARR):.*?)`", row)


def at(server: Server, name: str, stem: str) -> str:
    """Put where the server is, and an image, into a name of the document."""
    return name.replace("http://127.0.0.1:8000", server.url.rstrip("/")).replace("{id}", stem)


@pytest.mark.parametrize("told", ["", ",tilematrixset=WebMercatorQuad"])
def test_a_layer_of_wmts_is_the_image(server: Server, documented: list[str], told: str) -> None:
    """Pixel for pixel, where the image lies in the world's square, with the levels as overviews."""
    with rasterio.open(at(server, documented[0], "photo") + told) as layer:
        assert (layer.width, layer.height, layer.count) == (600, 500, 4)
        assert layer.crs.to_epsg() == 3857
        side = 2 * HALF_WORLD / 1024
        wanted = (-HALF_WORLD, HALF_WORLD - 500 * side, 600 * side - HALF_WORLD, HALF_WORLD)
        assert tuple(layer.bounds) == pytest.approx(wanted, abs=0.01)
        pixels = layer.read()
        np.testing.assert_array_equal(np.moveaxis(pixels[:3], 0, -1), PHOTO)
        assert (pixels[3] == 255).all()
        assert layer.overviews(1) == [2]
        halved = np.moveaxis(layer.read([1, 2, 3], out_shape=(3, 250, 300)), 0, -1)
    means = PHOTO.reshape(250, 2, 300, 2, 3).mean((1, 3))
    assert np.abs(halved - means).max() <= 0.5


def test_every_image_is_a_layer(server: Server, documented: list[str]) -> None:
    """What a list of layers offers is what opens."""
    capabilities = at(server, documented[0], "").split(",")[0]
    with rasterio.open(capabilities) as listed:
        names = [name for name in listed.subdatasets if "WebMercatorQuad" in name]
    assert [re.findall(r"layer=(\w+)", name) for name in names] == [["field"], ["photo"]]
    with rasterio.open(names[0]) as layer:
        assert (layer.width, layer.height, layer.count) == (530, 601, 4)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_samples_come_by_zarr(server: Server, documented: list[str]) -> None:
    """In the array's own dtype, a band a channel."""
    with rasterio.open(at(server, documented[1], "field")) as array:
        assert array.dtypes == ("float32",)
        np.testing.assert_array_equal(array.read(1), FIELD)
    with rasterio.open(at(server, documented[1], "photo")) as array:
        np.testing.assert_array_equal(np.moveaxis(array.read(), 0, -1), PHOTO)
