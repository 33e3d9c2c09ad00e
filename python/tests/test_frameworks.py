"""The ASGI application under uvicorn, alone and mounted."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import fastapi
import numpy as np
import projectile
import pytest
import uvicorn
from support import browser, get, pixels, ready, samples

PICTURE = np.random.default_rng(0).integers(0, 256, (300, 500, 3), dtype=np.uint8)


class Running:
    """An application under uvicorn."""

    def __init__(self, app: object) -> None:
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)


@pytest.fixture(scope="module")
def mounted() -> Iterator[Running]:
    main = fastapi.FastAPI()

    @main.get("/")
    def home() -> str:
        return "the application"

    main.mount("/pictures", projectile.asgi(PICTURE, name="noise"))
    running = Running(main)
    yield running
    running.close()


def test_mounted_in_fastapi(mounted: Running) -> None:
    assert json.loads(get(mounted.url)[1]) == "the application"
    status, png, headers = get(f"{mounted.url}pictures/1/0/0/256.png")
    assert (status, headers["content-type"]) == (200, "image/png")
    assert np.array_equal(pixels(png)[..., :3], PICTURE[:256, :256])
    assert np.array_equal(samples(f"{mounted.url}pictures/images/noise/1/1/1/256.npy"), PICTURE[256:, 256:])
    assert get(f"{mounted.url}pictures/1/0/0/256.png", {"If-None-Match": headers["etag"]})[0] == 304
    status, problem, _ = get(f"{mounted.url}pictures/1/0/0/300.png")
    assert (status, json.loads(problem)["parameter"]) == (400, "s")
    assert get(f"{mounted.url}pictures/nothing")[0] == 404
    assert get(f"{mounted.url}pictures/a%2fb")[0] == 400
    # Without the slash at its end the viewer's own addresses would lead elsewhere.
    assert b"<script" in get(f"{mounted.url}pictures")[1]


def test_alone() -> None:
    running = Running(projectile.asgi(PICTURE))
    try:
        assert get(f"{running.url}0/0/0.png")[0] == 200
        assert b"<script" in get(running.url)[1]
    finally:
        running.close()


def test_the_viewer_works_where_it_is_mounted(mounted: Running) -> None:
    with browser() as running:
        page = running.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{mounted.url}pictures")
        ready(page)
        assert any("/pictures/images/noise/" in url for url in asked)
        assert any("/pictures/events" in url for url in asked)
        assert all(url.startswith(f"{mounted.url}pictures") for url in asked), asked


def test_events_end_when_the_page_leaves(mounted: Running) -> None:
    with socket.create_connection(("127.0.0.1", int(mounted.url.rstrip("/").rpartition(":")[2]))) as page:
        page.sendall(b"GET /pictures/events?client=0123456789abcdef HTTP/1.1\r\nHost: localhost\r\n\r\n")
        page.settimeout(10)
        heard = b""
        while b"event: hello" not in heard:
            heard += page.recv(4096)
    assert b"text/event-stream" in heard
