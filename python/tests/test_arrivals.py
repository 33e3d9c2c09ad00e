"""Images that come while one looks: files that were written anew (`--watch`), or dragged onto the page."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from support import browser, described, ready


@contextmanager
def serving(path: Path, *flags: str) -> Iterator[str]:
    command = [sys.executable, "-m", "projectile", str(path), "-p", "0", "-c", "viridis", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout
            yield running.stdout.readline().strip()
        finally:
            running.terminate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "field.npy"
    np.save(path, np.zeros((600, 800), dtype=np.uint8))
    return path


def drop(page: Page, *files: Path) -> None:
    """Let files fall onto the page, as a file manager does."""
    given = [[file.name, base64.b64encode(file.read_bytes()).decode()] for file in files]
    page.evaluate(
        """(given) => {
            const dragged = new DataTransfer();
            for (const [name, data] of given) {
                dragged.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
            }
            for (const type of ["dragenter", "dragover", "drop"]) {
                document.body.dispatchEvent(
                    new DragEvent(type, { dataTransfer: dragged, bubbles: true, cancelable: true }));
            }
        }""",
        given,
    )


def test_files_are_dragged_onto_the_page(path: Path, tmp_path: Path) -> None:
    scan = tmp_path / "my scan.png"
    Image.fromarray(np.full((300, 500, 3), (10, 200, 30), dtype=np.uint8)).save(scan)
    broken = tmp_path / "broken.png"
    broken.write_bytes(scan.read_bytes()[:60])
    with serving(path, "--allow-upload=1M") as url, browser() as running:
        page = running.new_page()
        # From now on, so that no dialog of the system comes before anybody listens.
        page.on("filechooser", lambda _: None)
        page.goto(url)
        ready(page)
        drop(page, scan)
        expect(page.get_by_test_id("image-name")).to_have_text("my scan.png", timeout=20_000)
        ready(page)
        page.mouse.move(500, 350)
        expect(page.get_by_test_id("value")).to_have_text(re.compile("10.*200.*30"))
        expect(page.get_by_test_id("drop")).to_be_hidden()
        drop(page, broken)
        expect(page.get_by_test_id("error")).to_contain_text("broken.png")
        with page.expect_file_chooser() as choosing:
            page.keyboard.press("u")
        more = tmp_path / "more.npy"
        np.save(more, np.arange(12.0).reshape(3, 4))
        choosing.value.set_files(more)
        expect(page.get_by_test_id("image-name")).to_have_text("more.npy", timeout=20_000)
        large = tmp_path / "large.npy"
        np.save(large, np.zeros((1100, 1000), dtype=np.uint8))
        drop(page, large)
        expect(page.get_by_test_id("error")).to_contain_text("large.npy")
        page.keyboard.press("g")
        expect(page.get_by_test_id("gallery-card")).to_have_count(3)


def test_a_server_that_takes_no_files_says_so(path: Path) -> None:
    with serving(path) as url, browser() as running:
        page = running.new_page()
        page.goto(url)
        ready(page)
        drop(page, path)
        expect(page.get_by_test_id("error")).to_contain_text("--allow-upload")


def test_the_page_follows_the_file(path: Path) -> None:
    with serving(path, "--watch") as url, browser() as running:
        page = running.new_page()
        page.goto(f"{url}#x=300&y=200&zoom=1&vmin=0&vmax=100")
        ready(page)
        size = page.get_by_test_id("dimensions")
        expect(size).to_contain_text("800")
        before = described(url, "field")["version"]
        np.save(path, np.full((700, 900), 77, dtype=np.uint8))
        expect(size).to_contain_text("900", timeout=20_000)
        ready(page)
        assert described(url, "field")["version"] != before
        page.mouse.move(500, 350)
        expect(page.get_by_test_id("value")).to_have_text("77")
        # The place and the contrast are what they were.
        shown = parse_qs(urlparse(page.url).fragment)
        assert (shown["x"], shown["y"], shown["zoom"]) == (["300"], ["200"], ["1"])
        assert (shown["vmin"], shown["vmax"]) == (["0"], ["100"])
