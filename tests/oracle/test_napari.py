"""napari, by its plugin for OME-Zarr, over the virtual Zarr group of an image."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from harness import Server, save

with warnings.catch_warnings():
    # It is written for an older pydantic.
    warnings.simplefilter("ignore", DeprecationWarning)
    from napari.components import ViewerModel
    from napari_ome_zarr import napari_get_reader
    from npe2 import PluginManager

if TYPE_CHECKING:
    from napari.layers import Image

RNG = np.random.default_rng(14)
ARRAYS = {
    "photo": RNG.integers(0, 255, (400, 520, 3)).astype(np.uint8),
    "stack": RNG.integers(0, 60_000, (2, 3, 4, 60, 70)).astype(np.uint16),
    "field": RNG.random((601, 530)).astype(np.float32),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """All the images, on one server, and napari as it is with a window: it knows its plugins."""
    PluginManager.instance().discover()
    with Server(*save(tmp_path_factory.mktemp("napari"), ARRAYS)) as server:
        yield server


@pytest.fixture(scope="module")
def snippet() -> str:
    """What docs/protocols.md has one type, but for `napari.Viewer`: its model, which opens no window."""
    text = (Path(__file__).parents[2] / "docs/protocols.md").read_text()
    (found,) = re.findall(r"\| napari \| `napari\.Viewer\(\)(\.open\(.*?\))` \|", text)
    return found


def opened(server: Server, snippet: str, stem: str, model: ViewerModel | None = None) -> list[Image]:
    """Open an image by the snippet; its layers."""
    address = server.url.rstrip("/")
    code = snippet.replace("http://127.0.0.1:8000", address).replace("{id}", stem)
    return eval(f"model{code}", {"model": model or ViewerModel()})  # noqa: S307


def halved(array: np.ndarray) -> np.ndarray:
    """Reduce the last two axes, which are even, by two: means of blocks."""
    *rest, height, width = array.shape
    return array.reshape(*rest, height // 2, 2, width // 2, 2).mean((-3, -1))


@pytest.mark.parametrize("folder", ["zarr", "zarr/sharded", "zarr/v2"])
def test_its_reader_has_the_array_and_the_levels(server: Server, folder: str) -> None:
    """Levels come lazily, full resolution is the array itself, edges and all."""
    field = ARRAYS["field"]
    ((levels, metadata, kind),) = napari_get_reader(f"{server.url}{folder}/field.zarr")()
    assert kind == "image"
    assert [level.shape for level in levels] == [(601, 530), (301, 265), (151, 133)]
    np.testing.assert_array_equal(np.asarray(levels[0]), field)
    np.testing.assert_allclose(np.asarray(levels[1])[:300], halved(field[:600]), rtol=1e-6)
    assert metadata["axis_labels"] == ("y", "x")


def test_channels_are_layers(server: Server, snippet: str) -> None:
    """Each in its own colour and window, at the levels of the image."""
    photo = ARRAYS["photo"]
    layers = opened(server, snippet, "photo")
    assert [layer.name for layer in layers] == ["photo.npy: 0", "photo.npy: 1", "photo.npy: 2"]
    assert [layer.colormap.name for layer in layers] == ["red", "green", "blue"]
    for channel, layer in enumerate(layers):
        assert layer.multiscale
        assert [level.shape for level in layer.data] == [(400, 520), (200, 260), (100, 130)]
        np.testing.assert_array_equal(np.asarray(layer.data[0]), photo[..., channel])
        reduced = np.asarray(layer.data[1]).astype(int)
        assert np.abs(reduced - halved(photo[..., channel])).max() <= 0.5
        assert layer.contrast_limits == [0, 255]


def test_axes_are_sliders(server: Server, snippet: str) -> None:
    """The plane that sliders choose is the plane of the array."""
    stack = ARRAYS["stack"]
    model = ViewerModel()
    layers = opened(server, snippet, "stack", model)
    assert len(layers) == 3
    assert model.dims.axis_labels == ("t", "z", "y", "x")
    assert model.dims.nsteps == (2, 4, 60, 70)
    for channel, layer in enumerate(layers):
        np.testing.assert_array_equal(np.asarray(layer.data), stack[:, channel])
    model.dims.current_step = (1, 2, 0, 0)
    np.testing.assert_array_equal(layers[1]._slice.image.raw, stack[1, 1, 2])
