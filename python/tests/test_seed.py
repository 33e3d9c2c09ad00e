"""The original's API and its README, run as they stand."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import re
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import numpy as np
import projectile.server
import pytest
from projectile.server import ClientHandler, CmapTileHandler, TileHandler, make_app
from support import get, pixels, samples
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

#: The original's last release, as it is on PyPI.
RELEASE = "projectile==0.0.4"
README_SHA256 = "6eb66b730404bb35c164b4edc06f15cac310bdc3ad91c8e285f35c7c422670c5"


@pytest.fixture(scope="session")
def readme(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The README of the original, from its own release."""
    folder = tmp_path_factory.mktemp("original")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--no-binary",
        ":all:",
        "-d",
        str(folder),
        RELEASE,
    ]
    subprocess.run(pip, check=True, timeout=300)
    (release,) = folder.glob("*.tar.gz")
    with tarfile.open(release) as archive:
        text = archive.extractfile("projectile-0.0.4/README.md").read()
    assert hashlib.sha256(text).hexdigest() == README_SHA256, "another text than the tests were written for"
    return text.decode().replace("\r\n", "\n")


def snippets(readme: str) -> list[str]:
    """Its Python snippets. A line of nothing but dots stands for code that the reader has already."""
    found = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    return [re.sub(r"^\s*\.\.\.\s*$", "", snippet, flags=re.MULTILINE) for snippet in found]


class Running:
    """An application of Tornado's on a thread of its own."""

    def __init__(self, application: web.Application) -> None:
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        sockets = []

        def serve() -> None:
            asyncio.set_event_loop(self.loop)

            async def listen() -> None:
                sockets.extend(bind_sockets(0, "127.0.0.1"))
                HTTPServer(application).add_sockets(sockets)
                started.set()

            self.loop.create_task(listen())
            self.loop.run_forever()

        self.thread = threading.Thread(target=serve, daemon=True)
        self.thread.start()
        assert started.wait(30)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/"

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)


PICTURE = np.random.default_rng(0).integers(0, 256, (300, 500, 3), dtype=np.uint8)
FIELD = np.random.default_rng(1).normal(size=(300, 500)).astype(np.float32)


def test_signatures_are_the_originals() -> None:
    parameters = lambda function: [  # noqa: E731
        (name, parameter.default) for name, parameter in inspect.signature(function).parameters.items()
    ]
    empty = inspect.Parameter.empty
    run = [
        ("array", empty),
        ("cmap", None),
        ("tile_size", 256),
        ("client", None),
        ("port", 8000),
        ("debug", False),
    ]
    assert parameters(projectile.server.run) == run
    assert parameters(make_app) == [pair for pair in run if pair[0] != "port"]
    assert parameters(TileHandler.initialize)[1:] == [("array", empty)]
    assert parameters(CmapTileHandler.initialize)[1:] == [("array", empty)]
    assert parameters(ClientHandler.initialize)[1:] == [("client", empty), ("tile_size", 256), ("cmap", None)]
    for handler in (TileHandler, CmapTileHandler, ClientHandler):
        assert issubclass(handler, web.RequestHandler)


def test_the_readmes_tornado_snippet(readme: str) -> None:
    (snippet,) = [snippet for snippet in snippets(readme) if "web.Application" in snippet]
    names: dict[str, object] = {"array": PICTURE}
    exec(compile(snippet, "README", "exec"), names)  # noqa: S102
    with Running(names["app"]) as running:
        status, png, headers = get(f"{running.url}1/0/0/256.png")
        assert (status, headers["content-type"]) == (200, "image/png")
        assert np.array_equal(pixels(png)[..., :3], PICTURE[:256, :256])
        again = get(f"{running.url}1/0/0/256.png", {"If-None-Match": headers["etag"]})
        assert again[0] == 304
        status, problem, headers = get(f"{running.url}1/0/0/300.png")
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert json.loads(problem)["parameter"] == "s"
        assert get(f"{running.url}1/7/0/256.png")[0] == 404


def test_the_readmes_run_snippet(readme: str, tmp_path: Path) -> None:
    (snippet,) = [snippet for snippet in snippets(readme) if "import run" in snippet]
    script = tmp_path / "script.py"
    # The port that it asks for may be taken here.
    script.write_text(
        "import functools, numpy, projectile.server\n"
        "projectile.server.run = functools.partial(projectile.server.run, port=0)\n"
        "array = numpy.arange(64, dtype='u1').reshape(8, 8)\n" + snippet
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert np.array_equal(samples(f"{url}0/0/0/8.npy").squeeze(), np.arange(64).reshape(8, 8))
        process.send_signal(2)
        assert process.wait(10) == 0


def test_the_readmes_client_snippet(readme: str, tmp_path: Path) -> None:
    (line,) = re.findall(r"\$ (projectile array.npy --client .*)", readme)
    np.save(tmp_path / "array.npy", FIELD)
    (tmp_path / "custom_client.html").write_text("<p>{{ tile_size }}{{ cmap_string }}</p>")
    words = [sys.executable, "-m", *line.split(), "-p", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        url = process.stdout.readline().strip()
        status, page, _ = get(url)
        assert (status, page) == (200, b"<p>256</p>")
        process.send_signal(2)
        assert process.wait(15) == 0


def test_colormaps_by_handler_are_those_of_the_server() -> None:
    route = r"/([0-9]+)/([0-9]+)/([0-9]+)/([0-9]+)/(\w+)/([^/]+)/([^/]+).png"
    with (
        Running(web.Application([(route, CmapTileHandler, {"array": FIELD})])) as running,
        projectile.show(FIELD) as view,
    ):
        address = "1/0/0/256/viridis/-1e0/2.5.png"
        theirs, ours = get(running.url + address), get(view.url + address)
        assert theirs[0] == ours[0] == 200
        assert np.array_equal(pixels(theirs[1]), pixels(ours[1]))
        for wrong in ("nope/0/1", "viridis/nan/1", "viridis/0/x"):
            assert get(f"{running.url}1/0/0/256/{wrong}.png")[0] == 400, wrong


def test_the_application_has_the_viewer_and_all_that_it_asks_for() -> None:
    with Running(make_app(FIELD, cmap="magma")) as running:
        status, page, headers = get(running.url)
        assert status == 200
        assert b"<script" in page
        assert "frame-ancestors" in headers["content-security-policy"]
        assert json.loads(get(f"{running.url}images/array")[1])["colormap"] == "magma"
        assert get(f"{running.url}nothing/here")[0] == 404


def test_a_client_page_is_a_template_of_tornados(tmp_path: Path) -> None:
    page = tmp_path / "client.html"
    page.write_text("{% if cmap_string %}{{ tile_size }}{{ cmap_string }}{% end %}")
    with Running(make_app(FIELD, cmap="viridis", tile_size=128, client=str(page))) as running:
        assert get(running.url)[1] == b"128/viridis/0/255"


def test_tornados_loop_answers_while_tiles_are_rendered() -> None:
    class Slow:
        shape, dtype = (4096, 4096), np.dtype("f4")

        def __getitem__(self, block: tuple[slice, ...]) -> np.ndarray:
            time.sleep(0.1)
            return np.zeros([part.stop - part.start for part in block], dtype="f4")

    class Ping(web.RequestHandler):
        def get(self) -> None:
            self.write("pong")

    routes = [
        (r"/([0-9]+)/([0-9]+)/([0-9]+)/([0-9]+).png", TileHandler, {"array": Slow()}),
        (r"/ping", Ping),
    ]
    with Running(web.Application(routes)) as running:
        tile = threading.Thread(target=get, args=(f"{running.url}4/0/0/256.png",))
        tile.start()
        time.sleep(0.1)
        started = time.monotonic()
        assert get(f"{running.url}ping")[1] == b"pong"
        assert time.monotonic() - started < 0.5
        tile.join(30)


def test_without_tornado_the_rest_works_and_says_what_is_missing() -> None:
    script = (
        "import sys; sys.modules['tornado'] = None\n"
        "from projectile.server import run\n"
        "try:\n    from projectile.server import TileHandler\n"
        "except ModuleNotFoundError as error:\n    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "pip install projectile[tornado]" in told.stdout
