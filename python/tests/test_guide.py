"""The guide of the Python package: each snippet runs, from top to bottom, and does what the text says."""

import asyncio
import io
import re
import threading
from pathlib import Path

import httpx
import numpy as np
import projectile
import pytest
from asking import check, describe, get, ok, raw
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

GUIDES = Path(__file__).parents[2] / "docs" / "guide"
# Those of the viewer and of exports by the command have nothing to run; what is said of nginx, tests/torture runs.
PAGES = sorted(page for page in GUIDES.glob("*.md") if page.stem not in {"viewer", "export", "proxy"})


def snippets(page):
    """Take the Python snippets from a page, each at its own line for the sake of tracebacks."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        lines_before = text.count("\n", 0, found.start(1))
        yield compile("\n" * lines_before + found.group(1), str(page), "exec")


def run(page, folder, monkeypatch):
    """Run a page in a folder of its own, and give the names that it leaves."""
    monkeypatch.chdir(folder)
    names = {"__name__": "guide"}
    for snippet in snippets(page):
        exec(snippet, names)  # noqa: S102
    return names


def close(names):
    """Close what a page opened."""
    for thing in names.values():
        if isinstance(thing, projectile.View):
            thing.close()
    if "file" in names:
        names["file"].close()
    if "server" in names:
        names["server"].shutdown()
        names["server"].server_close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_snippet_runs(page, tmp_path, monkeypatch):
    assert list(snippets(page)), "there is none"
    close(run(page, tmp_path, monkeypatch))


@pytest.fixture
def guide(tmp_path, monkeypatch):
    names = run(next(page for page in PAGES if page.stem == "python"), tmp_path, monkeypatch)
    yield names
    close(names)


def test_what_the_guide_shows(guide, tmp_path):
    check(guide["view"], guide["field"])
    check(guide["view_of_hdf5"], guide["file"]["measured/field"][:])
    check(guide["sparse"], guide["counts"])
    assert describe(guide["sparse"])["name"] == "photons"
    assert describe(guide["regions"])["kind"] == "labels"
    assert describe(guide["stack"])["axes"] == ["time", "c", "y", "x"]
    assert (tmp_path / "field.png").read_bytes() == guide["png"]
    assert guide["png"].startswith(b"\x89PNG")
    check(guide["gallery"], guide["field"], 0)
    assert guide["gallery"].images == ["before", "after"]
    assert (raw(guide["view_of_zarr"], 4, 0, 0, 256) == 7).all()
    y, x = np.ogrid[:256, 256:512]
    np.testing.assert_allclose(raw(guide["view_of_dask"], 9, 1, 0, 256), np.sin(x / 50) * np.cos(y / 70))
    np.testing.assert_allclose(
        raw(guide["view_of_distances"], 9, 1, 0, 256), np.hypot(y - 50_000, x - 50_000), rtol=1e-6
    )
    time, rows, columns = describe(guide["view_of_xarray"])["dimensions"]
    assert time["coordinates"]["values"][0] == "2024-01-01"
    assert (rows["unit"], columns["unit"]) == ("degrees_north", "degrees_east")


@pytest.mark.parametrize("name", ["app", "starlette_app"])
def test_the_guides_applications(guide, name):
    async def fetch(*addresses):
        transport = httpx.ASGITransport(app=guide[name])
        async with httpx.AsyncClient(transport=transport, base_url="http://guide") as client:
            return [await client.get(address) for address in addresses]

    page, tile = asyncio.run(fetch("/field/", "/field/2/0/0/256.npy"))
    assert page.status_code == 200
    assert "<html" in page.text
    assert tile.status_code == 200
    np.testing.assert_array_equal(np.load(io.BytesIO(tile.content)), guide["field"][:256, :256])


@pytest.mark.parametrize("name", ["whole", "tiles"])
def test_the_guides_applications_of_tornado(guide, name):
    async def fetch():
        (socket,) = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(guide[name])
        server.add_sockets([socket])
        url = f"http://127.0.0.1:{socket.getsockname()[1]}/2/0/0/256.png"
        answer = await AsyncHTTPClient().fetch(url)
        server.stop()
        await server.close_all_connections()
        return answer

    answer = asyncio.run(fetch())
    assert answer.code == 200
    assert answer.headers["Content-Type"] == "image/png"


def test_the_guide_runs_as_the_original(guide, monkeypatch, capsys):
    # Its port is fixed, and may be taken on the machine of the tests.
    served = projectile.run
    monkeypatch.setattr(projectile, "run", lambda *what, **how: served(*what, **how | {"port": 0}))
    started = threading.Event()
    urls = []

    def wait(view):
        urls.append(ok(get(view, "2/0/0/256.png")).headers["content-type"])
        started.set()

    monkeypatch.setattr(projectile.View, "wait", wait)
    guide["main"]()
    assert started.is_set()
    assert urls == ["image/png"]
    assert re.search(r"http://127\.0\.0\.1:\d+/", capsys.readouterr().out)
