"""neuroglancer, in a real browser, on a page of another site, over the virtual Zarr group of an image."""

from __future__ import annotations

import functools
import io
import json
import os
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from urllib.parse import quote

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


class Quiet(SimpleHTTPRequestHandler):
    """The built pages of neuroglancer, without a word."""

    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site():
    folder = str(files("neuroglancer") / "static" / "client")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def address(site: str, source: str) -> str:
    """The page that shows one source, a pixel of the screen for one of the image, the middle at (480, 400)."""
    layer = {
        "type": "image",
        "name": "field",
        "source": source,
        "shader": "#uicontrol invlerp normalized\nvoid main() { emitGrayscale(normalized()); }",
        "shaderControls": {"normalized": {"range": [0, 255]}},
        "opacity": 1,
    }
    state = {
        "dimensions": {"x": [1, ""], "y": [1, ""]},
        "position": [480, 400],
        "crossSectionScale": 1,
        "layers": [layer],
        "layout": "xy",
        "showAxisLines": False,
        "showScaleBar": False,
        "showDefaultAnnotations": False,
    }
    return f"{site}/index.html#!{quote(json.dumps(state))}"


def found(page, panel) -> np.ndarray:
    """What is seen around the middle of the panel: 120 rows of 200 pixels."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("L")
    x, y = int(panel["x"] + panel["width"] / 2), int(panel["y"] + panel["height"] / 2)
    return np.asarray(picture)[y - 60 : y + 60, x - 100 : x + 100].astype(int)


@pytest.mark.parametrize("folder", ["zarr3://{url}zarr/field.zarr", "zarr2://{url}zarr/v2/field.zarr"])
def test_it_shows_the_image(tmp_path, site, folder):
    with Server(*save(tmp_path, {"field": FIELD}), "--cors", site) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS
        )
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address(site, folder.format(url=server.url)))
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
