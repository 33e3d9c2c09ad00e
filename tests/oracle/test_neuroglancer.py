"""neuroglancer, in a real browser, on a page of another site, over the virtual Zarr group of an image."""

from __future__ import annotations

import io
import os
import time
from urllib.parse import urlsplit

import neuroglancer
import numpy as np
import pytest
from harness import Server, save
from PIL import Image
from playwright.sync_api import sync_playwright

RNG = np.random.default_rng(13)
# Blocks of eight pixels, so that a pixel that is drawn half a pixel off is still the same.
FIELD = RNG.integers(0, 255, (100, 120)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
]
SHADER = "#uicontrol invlerp normalized\nvoid main() { emitGrayscale(normalized()); }"


@pytest.fixture(scope="module")
def viewer():
    """A page of neuroglancer's own server."""
    neuroglancer.set_server_bind_address("127.0.0.1")
    yield neuroglancer.Viewer()
    neuroglancer.stop()


def show(viewer, source: str) -> None:
    """One source, a pixel of the screen for one of the image, the middle at (480, 400)."""
    with viewer.txn() as state:
        state.dimensions = neuroglancer.CoordinateSpace(names=["x", "y"], units="", scales=[1, 1])
        state.position = [480, 400]
        state.cross_section_scale = 1
        state.layers.clear()
        state.layers["field"] = neuroglancer.ImageLayer(
            source=source, shader=SHADER, shader_controls={"normalized": {"range": [0, 255]}}, opacity=1
        )
        state.layout = "xy"
        state.show_axis_lines = False
        state.show_scale_bar = False
        state.show_default_annotations = False


def found(page, panel) -> np.ndarray:
    """What is seen around the middle of the panel: 120 rows of 200 pixels."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("L")
    x, y = int(panel["x"] + panel["width"] / 2), int(panel["y"] + panel["height"] / 2)
    return np.asarray(picture)[y - 60 : y + 60, x - 100 : x + 100].astype(int)


@pytest.mark.parametrize(
    "folder",
    [
        "zarr3://{url}zarr/field.zarr",
        "zarr3://{url}zarr/sharded/field.zarr",
        "zarr2://{url}zarr/v2/field.zarr",
    ],
)
def test_it_shows_the_image(tmp_path, viewer, folder):
    address = urlsplit(viewer.get_viewer_url())
    site = f"http://127.0.0.1:{address.port}"
    with Server(*save(tmp_path, {"field": FIELD}), "--cors", site) as server, sync_playwright() as playwright:
        show(viewer, folder.format(url=server.url))
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{site}{address.path}")
        panel = page.locator(".neuroglancer-rendered-data-panel").first
        panel.wait_for(timeout=60_000)
        until = time.monotonic() + 60
        best = 0.0
        while time.monotonic() < until and best < 0.97:
            time.sleep(0.5)
            seen = found(page, panel.bounding_box())
            # Where the middle is to a pixel or two is neuroglancer's to say.
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    expected = FIELD[340 + dy : 460 + dy, 380 + dx : 580 + dx].astype(int)
                    best = max(best, float((np.abs(seen - expected) <= 2).mean()))
        chunks = [url for url in asked if "/zarr/" in url and not url.endswith("json")]
        page.screenshot(path=tmp_path / "neuroglancer.png")
        browser.close()
        assert best >= 0.97, (best, asked[-10:], tmp_path / "neuroglancer.png")
        assert len(chunks) >= 2
