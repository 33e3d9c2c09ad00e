"""``View`` with a real browser at its other end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlparse

import numpy as np
import projectile
import pytest
from playwright.sync_api import Browser, Page
from support import browser, described, get, pixels, ready

STACK = np.random.default_rng(0).random((5, 1024, 1024)).astype(np.float32)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1000, "height": 700})
    yield context.new_page()
    context.close()


def eventually(what: str, done: Callable[[], object], page: Page) -> None:
    """Wait until something holds, letting the browser run."""
    deadline = time.monotonic() + 15
    while not done():
        assert time.monotonic() < deadline, f"never: {what}"
        page.wait_for_timeout(20)


def tiles(asked: list[str]) -> list[tuple[int, int, int]]:
    """Zoom, column and row of each tile among addresses."""
    found = [re.search(r"/images/[^/]+/(\d+)/(\d+)/(\d+)\.(?:png|bin)", url) for url in asked]
    return [tuple(int(part) for part in match.groups()) for match in found if match]


def test_two_way_state_and_settings(page: Page) -> None:
    with projectile.show(STACK, axes="tyx", name="stack") as view:
        assert view.state is None
        # So that the colours are in the tiles' addresses.
        page.goto(f"{view.url}?renderer=server")
        ready(page)
        eventually("the page tells where it is", lambda: view.state, page)
        state = view.state
        assert state["image"] == "stack"
        assert state["center"] == pytest.approx((512, 512))
        assert state["axes"] == {"t": 0}
        assert state["colormap"] is None or isinstance(state["colormap"], str)

        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        view.set(window=(0.25, 0.75), colormap="magma", resampling="max", t=-1)
        eventually(
            "the page shows it",
            lambda: view.state["axes"] == {"t": 4} and view.state["colormap"] == "magma",
            page,
        )
        ready(page)
        assert view.state["window"] == (0.25, 0.75)
        assert view.state["resampling"] == "max"
        query = parse_qs(urlparse([url for url in asked if ".png" in url and "/images/" in url][-1]).query)
        assert (query["colormap"], query["t"], query["vmin"]) == (["magma"], ["4"], ["0.25"])

        view.set(center=(100, 200), zoom=1)
        eventually("the page moved", lambda: view.state["zoom"] == pytest.approx(1, abs=1e-3), page)
        assert view.state["center"] == pytest.approx((100, 200), abs=0.6)
        # What a person does in the browser comes back, too.
        page.keyboard.press("0")
        page.mouse.move(500, 350)
        page.mouse.wheel(0, 400)
        eventually(
            "the page tells that it moved", lambda: view.state["zoom"] != pytest.approx(1, abs=1e-3), page
        )

        late = page.context.new_page()
        late.goto(view.url)
        ready(late)
        eventually("a page that comes later has it", lambda: "colormap=magma" in late.url, late)
        late.close()


def test_a_refresh_fetches_only_the_tiles_it_touches(page: Page) -> None:
    array = np.zeros((2048, 2048), dtype=np.uint8)
    with projectile.show(array) as view:
        page.goto(f"{view.url}#zoom=0&x=1024&y=1024")
        ready(page)
        eventually("the page listens", lambda: view.state, page)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        # With 256 pixels a tile, at full resolution (zoom 3), the middle of tile (4, 4).
        array[1100:1110, 1120:1130] = 255
        view.refresh((slice(1100, 1110), slice(1120, 1130)))
        eventually("a tile is fetched", lambda: tiles(asked), page)
        ready(page)
        page.wait_for_timeout(500)
        assert {tile for tile in tiles(asked) if tile[0] == 3} == {(3, 4, 4)}
        # Of other zooms at most those above it.
        assert all((x, y) == (4 >> (3 - z), 4 >> (3 - z)) for z, x, y in tiles(asked)), tiles(asked)
        shown = pixels(page.screenshot())
        assert (shown[..., :3].min(axis=-1) == 255).sum() >= 80, "the new pixels are on the screen"
        status, png, _ = get(f"{view.url}images/array/3/4/4.png")
        assert status == 200
        assert pixels(png)[1100 - 1024, 1120 - 1024].max() == 255
        assert described(view.url, "array")["revision"] == 1


def test_the_box_drawn_in_the_browser_indexes_the_array(page: Page) -> None:
    with projectile.show(STACK, axes="tyx") as view:
        assert view.selection is None
        page.goto(f"{view.url}#zoom=1&x=200&y=300&t=2")
        ready(page)
        eventually("the page tells", lambda: view.state, page)
        box = page.get_by_test_id("map").bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.keyboard.down("Shift")
        page.mouse.move(middle[0] - 39, middle[1] - 19)
        page.mouse.down()
        page.mouse.move(middle[0], middle[1])
        page.mouse.move(middle[0] + 41, middle[1] + 61)
        page.mouse.up()
        page.keyboard.up("Shift")
        # It is told while it is drawn, too.
        eventually("the whole box came", lambda: view.selection and view.selection[1].stop >= 330, page)
        t, rows, columns = view.selection
        assert t == 2
        # At zoom 1 two screen pixels are one of the image.
        assert abs(rows.start - (300 - 10)) <= 1
        assert abs(rows.stop - (300 + 31)) <= 1
        assert abs(columns.start - (200 - 20)) <= 1
        assert abs(columns.stop - (200 + 21)) <= 1
        assert STACK[view.selection].shape == (rows.stop - rows.start, columns.stop - columns.start)
        view.refresh(view.selection)
        page.keyboard.press("Escape")
        eventually("the box went", lambda: view.selection is None, page)


def test_a_screenshot_is_what_the_browser_shows(page: Page, tmp_path) -> None:
    array = np.full((500, 500, 3), (200, 30, 60), dtype=np.uint8)
    with projectile.show(array) as view:
        alone = pixels(view.screenshot())
        assert tuple(alone[100, 100, :3]) == (200, 30, 60), "without a browser: the image itself"
        page.goto(view.url)
        ready(page)
        eventually("the page tells", lambda: view.state, page)
        import threading

        taken: list[bytes] = []
        asking = threading.Thread(target=lambda: taken.append(view.screenshot(tmp_path / "picture.png")))
        asking.start()
        eventually("the picture came", lambda: taken, page)
        asking.join()
        picture = pixels(taken[0])
        box = page.get_by_test_id("map").bounding_box()
        assert picture.shape[:2] == pytest.approx((box["height"], box["width"]), abs=2)
        assert tuple(picture[picture.shape[0] // 2, picture.shape[1] // 2, :3]) == (200, 30, 60)
        assert (tmp_path / "picture.png").read_bytes() == taken[0]


def test_a_page_outlives_its_server_and_says_so(page: Page) -> None:
    view = projectile.show(STACK[0])
    page.goto(view.url)
    ready(page)
    eventually("the page listens", lambda: view.state, page)
    view.close()
    page.get_by_text("ended", exact=False).first.wait_for(timeout=10_000)


def test_what_is_wrong_is_told() -> None:
    with projectile.show({"a": STACK, "b": STACK[0]}, axes=None) as view:
        assert view.images == ["a", "b"]
        for wrong, error in [
            ({"colormap": "nope"}, ValueError),
            ({"resampling": "nope"}, ValueError),
            ({"window": (0, float("nan"))}, ValueError),
            ({"window": "best"}, ValueError),
            ({"q": 1}, ValueError),
            ({"channels": [9]}, IndexError),
            ({"image": "c"}, IndexError),
            ({"image": 2}, IndexError),
        ]:
            with pytest.raises(error):
                view.set(**wrong)
        for region, error in [
            ((0, 0, 0, 0), IndexError),
            (2000, IndexError),
            ("rows", TypeError),
            ((..., ...), IndexError),
        ]:
            with pytest.raises(error):
                view.refresh(region, image="b")
        view.refresh((..., slice(3, 1)), image="b")
        assert described(view.url, "b")["revision"] == 0, "an empty region is no change"
        view.refresh((-1, slice(None, None, -2)), image="b")
        assert described(view.url, "b")["revision"] == 1


def test_auto_window_follows_the_values() -> None:
    array = np.zeros((256, 256), dtype=np.float32)
    with projectile.show(array) as view:
        array[:] = np.linspace(5, 9, array.size, dtype=np.float32).reshape(array.shape)
        vmin, vmax = view.server.image(0).auto_window()
        assert 5 <= vmin < 5.5
        assert 8.5 < vmax <= 9


def test_a_taken_port_and_bad_tile_sizes() -> None:
    with projectile.show(STACK[0]) as view:
        port = int(view.url.rstrip("/").rpartition(":")[2])
        with pytest.raises(OSError, match="cannot listen"):
            projectile.show(STACK[0], port=port)
    for size in (0, 300, 8192):
        with pytest.raises(ValueError, match="power of 2"):
            projectile.show(STACK[0], tile_size=size)
    with pytest.raises(ValueError, match="no IP address"):
        projectile.show(STACK[0], host="example.org")
