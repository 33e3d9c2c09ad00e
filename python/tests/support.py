"""Helpers of the tests: asking servers, and a browser to look with."""

from __future__ import annotations

import io
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
    """GET: status, body and headers, whatever the status."""
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}


def described(url: str, image: str) -> dict[str, Any]:
    """What the server says of an image."""
    status, body, _ = get(f"{url}images/{image}")
    assert status == 200, body
    return json.loads(body)


def pixels(png: bytes) -> np.ndarray:
    """The pixels of a PNG."""
    return np.asarray(Image.open(io.BytesIO(png)))


def samples(url: str) -> np.ndarray:
    """A tile of samples."""
    status, body, _ = get(url)
    assert status == 200, body
    return np.load(io.BytesIO(body))


def is_free(port: int) -> bool:
    """Whether nobody listens on a port; connections that were closed may still linger on it."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", port))
            taken.listen()
        except OSError:
            return False
        return True


@contextmanager
def browser() -> Iterator[Browser]:
    """Run a real browser."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield running
        finally:
            running.close()


def ready(page: Page) -> None:
    """Wait until the viewer shows all that it wants to."""
    page.locator("html[data-state=ready]").wait_for(state="attached", timeout=60_000)
