"""A view in a notebook: what Python says of it, what its widget does in a browser, and both in JupyterLab."""

from __future__ import annotations

import asyncio
import builtins
import io
import json
import os
import queue
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import projectile
import pytest
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, Route, expect
from projectile import _channel
from projectile._channel import Channel
from projectile._widget import ViewWidget
from support import browser, get, pixels

WIDGET = "application/vnd.jupyter.widget-view+json"
TOKEN = "0123456789abcdef"  # noqa: S105  # of a server that lives as long as the test


@pytest.fixture
def view() -> Iterator[projectile.View]:
    with projectile.show(np.arange(64.0 * 64).reshape(64, 64), name="ramp") as shown:
        yield shown


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


class Frontend:
    """The other end of a channel: hears what is sent, on whichever thread."""

    def __init__(self, view: projectile.View) -> None:
        self.heard: queue.Queue[tuple[dict[str, Any], bytes]] = queue.Queue()
        self.threads: set[int] = set()
        self.channel = Channel(view.server, self.hear)

    def hear(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        json.dumps(message)
        self.threads.add(threading.get_ident())
        self.heard.put((message, b"".join(buffers)))

    def ask(self, number: int, target: str, frame: str = "a", **more: Any) -> None:
        self.channel.receive({"view": frame, "id": number, "method": "GET", "target": target, **more})

    def next(self) -> tuple[dict[str, Any], bytes]:
        return self.heard.get(timeout=10)

    def is_quiet(self) -> bool:
        time.sleep(0.3)
        return self.heard.empty()


def event(body: bytes) -> str:
    """The name of an event."""
    return body.decode().partition("event:")[2].splitlines()[0].strip()


def next_event(frontend: Frontend, within: float = 10) -> str:
    """The name of the next event, past the stream's beginning and comments."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        message, body = frontend.next()
        assert message["more"]
        if b"event:" in body:
            return event(body)
    raise AssertionError("no event")


def test_an_output_is_a_widget_that_knows_the_server(view: projectile.View) -> None:
    (data, _), (other, _) = view._repr_mimebundle_(), view._repr_mimebundle_()
    assert data["text/plain"] == repr(view)
    assert data[WIDGET]["model_id"] != other[WIDGET]["model_id"]
    widget = ViewWidget(view)
    state = widget.get_state()
    assert (state["url"], state["port"], state["height"]) == (view.url, urlparse(view.url).port, 480)
    assert "export default" in state["_esm"]
    widget.close()


def test_an_output_without_anywidget_is_a_frame(
    view: projectile.View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "projectile._widget")
    monkeypatch.setitem(sys.modules, "anywidget", None)
    data = view._repr_mimebundle_()
    assert f'<iframe src="{view.url}"' in data["text/html"]
    assert data["text/plain"] == repr(view)


def test_a_fault_in_what_the_widget_needs_is_not_hidden(
    view: projectile.View, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def broken(name: str, *rest: Any, **keywords: Any) -> Any:
        if name == "anywidget":
            raise ModuleNotFoundError("No module named 'psygnal'", name="psygnal")
        return real(name, *rest, **keywords)

    monkeypatch.delitem(sys.modules, "projectile._widget")
    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(ModuleNotFoundError, match="psygnal"):
        view._repr_mimebundle_()


def test_an_output_of_a_closed_view_is_its_name(view: projectile.View) -> None:
    view.close()
    assert view._repr_mimebundle_() == {"text/plain": repr(view)}


def test_channel_answers_as_http_does(view: projectile.View) -> None:
    frontend = Frontend(view)
    for number, target in enumerate(
        ["", "images", "images/ramp/0/0/0.png?colormap=magma", "images/none", "healthz"]
    ):
        frontend.ask(number, target)
        message, body = frontend.next()
        status, expected, headers = get(view.url + target)
        assert (message["view"], message["id"], message["status"], message["more"]) == (
            "a",
            number,
            status,
            False,
        )
        assert message["headers"]["content-type"] == headers["content-type"]
        if target.partition("?")[0].endswith(".png"):
            # A browser at the other end of a kernel may be far away: to that, the smaller file is sent.
            assert (pixels(body) == pixels(expected)).all()
        else:
            assert body == expected


def test_channel_answers_many_frames_at_a_time(view: projectile.View) -> None:
    frontend = Frontend(view)
    asked = {(frame, number) for frame in "abc" for number in range(20)}
    for frame, number in asked:
        frontend.ask(number, f"images/ramp/0/0/0.png?vmin={number}&vmax=5000", frame)
    answers = [frontend.next() for _ in asked]
    assert {(message["view"], message["id"]) for message, _ in answers} == asked
    assert {message["status"] for message, _ in answers} == {200}
    # Each got its own: one number is one picture, in every frame.
    assert len({body for _, body in answers}) == len({(m["id"], body) for m, body in answers}) > 1
    assert not frontend.channel._requests


def test_channel_streams_events_and_takes_what_a_page_tells(view: projectile.View) -> None:
    frontend = Frontend(view)
    client = "0123456789abcdef0123456789abcdef"
    frontend.ask(1, f"events?client={client}")
    message, _ = frontend.next()
    assert message["status"] == 200
    assert message["headers"]["content-type"].startswith("text/event-stream")
    assert message["more"]
    assert next_event(frontend) == "hello"
    view.set(colormap="magma")
    assert next_event(frontend) == "set"
    state = {
        "client": client, "image": "ramp", "center": [1.0, 2.0], "zoom": 0.5, "size": [100, 100],
        "window": None, "colormap": "magma", "resampling": None, "channels": None, "axes": {},
        "selection": None,
    }  # fmt: skip
    content = {"view": "a", "id": 2, "method": "POST", "target": "live/state", "type": "application/json"}
    # As a kernel has it: a view into a message.
    frontend.channel.receive(content, [memoryview(json.dumps(state).encode())])
    message, _ = frontend.next()
    assert (message["id"], message["status"]) == (2, 204)
    assert view.state is not None
    assert view.state["center"] == (1.0, 2.0)
    view.close()
    assert next_event(frontend) == "closed"


@pytest.mark.parametrize("ending", [{"id": 1, "abort": True}, {"gone": True}, None])
def test_channel_calls_off_what_nobody_waits_for(
    view: projectile.View, ending: dict[str, Any] | None
) -> None:
    frontend = Frontend(view)
    frontend.ask(1, "events?client=0123456789abcdef0123456789abcdef")
    assert next_event(frontend) == "hello"
    assert view.server.pages() == 1
    if ending is None:
        frontend.channel.close()
    else:
        frontend.channel.receive({"view": "b", **ending})
        assert view.server.pages() == 1, "another frame's"
        frontend.channel.receive({"view": "a", **ending})
    deadline = time.monotonic() + 5
    while view.server.pages():
        assert time.monotonic() < deadline, "the server still streams"
        time.sleep(0.02)
    view.set(colormap="magma")
    assert frontend.is_quiet()
    assert not frontend.channel._requests


def test_channel_lets_go_of_a_frame_that_is_silent(
    view: projectile.View, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontend = Frontend(view)
    frontend.ask(1, "events?client=0123456789abcdef0123456789abcdef")
    assert frontend.next()[0]["more"]
    assert next_event(frontend) == "hello"
    monkeypatch.setattr(_channel, "_SILENCE", 1.0)
    frontend.channel.receive({"view": "a", "alive": True})
    view.set(colormap="magma")
    assert next_event(frontend) == "set"
    time.sleep(1.1)
    view.set(colormap="gray")
    message, _ = frontend.next()
    # The page is told, if it is there after all: it asks again.
    assert not message["more"]
    assert not frontend.channel._requests


def test_channel_passes_over_what_it_does_not_understand(view: projectile.View) -> None:
    frontend = Frontend(view)
    for content in (None, [], "a", {}, {"view": 1, "id": 1}, {"view": "a"}, {"view": "a", "id": "1"}):
        frontend.channel.receive(content)
    frontend.channel.receive({"view": "a", "id": 9, "abort": True})
    assert frontend.is_quiet()
    for number, (method, target) in enumerate(
        [("GET", "a b\n"), ("NO METHOD", ""), ("GET", "//x/..//"), ("DELETE", "")]
    ):
        frontend.channel.receive({"view": "a", "id": number, "method": method, "target": target})
        message, _ = frontend.next()
        assert message["id"] == number
        assert message["status"] == 0 or message["status"] >= 400


def test_channel_says_that_a_closed_view_cannot_be_reached(view: projectile.View) -> None:
    frontend = Frontend(view)
    view.close()
    frontend.ask(1, "images")
    message, _ = frontend.next()
    assert (message["id"], message["more"]) == (1, False)
    assert message["status"] in (0, 503)


def test_channel_answers_on_the_loop_that_asked(view: projectile.View) -> None:
    frontend = Frontend(view)

    async def ask() -> None:
        frontend.ask(1, "images")
        for _ in range(500):
            if not frontend.heard.empty():
                return
            await asyncio.sleep(0.01)

    asyncio.run(ask())
    assert frontend.next()[0]["status"] == 200
    assert frontend.threads == {threading.get_ident()}

    # A loop that ended has nobody who waits.
    async def leave() -> None:
        frontend.ask(2, "events?client=0123456789abcdef0123456789abcdef")

    asyncio.run(leave())
    time.sleep(0.3)
    view.set(colormap="magma")
    deadline = time.monotonic() + 5
    while view.server.pages():
        assert time.monotonic() < deadline, "the server still streams"
        time.sleep(0.02)


def test_widget_hands_messages_on_and_ends_with_its_comm(view: projectile.View) -> None:
    widget = ViewWidget(view)
    sent: queue.Queue[tuple[Any, Any]] = queue.Queue()
    widget._channel._send = lambda content, buffers: sent.put((content, buffers))
    content = {"view": "a", "id": 1, "method": "GET", "target": "images", "type": None}
    widget._handle_custom_msg(content, [])
    message, (body,) = sent.get(timeout=10)
    assert message["status"] == 200
    assert json.loads(body)["images"][0]["id"] == "ramp"
    for end in (lambda: widget.comm.handle_close({"content": {"data": {}}}), widget.close):
        stream = {**content, "target": "events?client=0123456789abcdef0123456789abcdef"}
        widget._handle_custom_msg(stream, [])
        assert sent.get(timeout=10)[0]["more"]
        assert widget._channel._requests
        end()
        assert not widget._channel._requests


def test_a_hub_that_hands_its_name_on_is_answered_when_it_was_told() -> None:
    for hosts, status in (((), 421), (("hub.example",), 200)):
        with projectile.show(np.zeros((8, 8)), allow_hosts=hosts) as shown:
            assert get(f"{shown.url}healthz", {"Host": "hub.example"})[0] == status


# The widget in a browser, with a notebook made up around it.

HOST = """
<!doctype html><html><body>
<script id="jupyter-config-data" type="application/json">{"baseUrl": "/user/me/"}</script>
<script type="module">
  const source = await (await fetch('/widget.js')).text();
  const module = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  window.sent = [];
  window.listeners = new Set();
  const traits = { url: 'URL', port: 4321, height: 300 };
  const model = {
    get: (name) => traits[name],
    on: (name, hear) => window.listeners.add(hear),
    off: (name, hear) => window.listeners.delete(hear),
    send: (content) => window.sent.push(content),
  };
  window.leave = module.default.render({ model, el: document.body });
</script></body></html>
"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1100, "height": 900})
    yield context.new_page()
    context.close()


def host(page: Page, address: str, url: str, healthz: tuple[int, str]) -> list[str]:
    """A made-up page with the widget, at an address that nothing is asked for; answers what it asks for."""
    script = Path(projectile.__file__).with_name("widget.js").read_text(encoding="utf-8")
    asked: list[str] = []

    def answer(route: Route) -> None:
        target = route.request.url
        asked.append(target)
        if target == address:
            route.fulfill(body=HOST.replace("URL'", f"{url}'"), content_type="text/html")
        elif target.endswith("/widget.js"):
            route.fulfill(body=script, content_type="text/javascript")
        elif target.endswith("/healthz"):
            route.fulfill(status=healthz[0], body=healthz[1], content_type="application/json")
        elif target.endswith("/proxy/4321/"):
            route.fulfill(body="<p>proxied</p>", content_type="text/html")
        else:
            route.abort()

    page.route("**/*", answer)
    page.goto(address)
    return asked


def test_widget_asks_the_proxy_where_it_cannot_be_framed(page: Page) -> None:
    started = time.monotonic()
    url = "http://10.1.2.3:4321/"
    asked = host(page, "https://hub.example/lab", url, (200, '{"status": "ok"}'))
    page.locator("[data-projectile-route=proxy] iframe").wait_for(timeout=10_000)
    assert time.monotonic() - started < 3, "it did not wait for what cannot be"
    assert page.locator("iframe").get_attribute("src") == "https://hub.example/user/me/proxy/4321/"
    assert url not in asked


@pytest.mark.parametrize(
    "healthz", [(404, "no"), (200, "<html>a page to log in</html>"), (200, '{"status": 1}')]
)
def test_widget_asks_the_kernel_where_there_is_no_proxy(page: Page, healthz: tuple[int, str]) -> None:
    asked = host(page, "https://hub.example/lab", "http://127.0.0.1:4321/", healthz)
    page.wait_for_function("window.sent?.length > 0", timeout=10_000)
    first = page.evaluate("window.sent[0]")
    assert (first["method"], first["target"]) == ("GET", "")
    assert len(first["view"]) == 24
    assert "http://127.0.0.1:4321/" not in asked
    # A page of this machine may frame it; nothing is there, so this takes its time.
    page.evaluate("window.leave()")
    assert page.evaluate("window.sent.at(-1)") == {"view": first["view"], "gone": True}
    assert page.evaluate("window.listeners.size") == 0
    assert page.locator("iframe, a").count() == 0


def test_widget_believes_only_the_page_in_its_frame(page: Page) -> None:
    address = "http://localhost:1/lab"
    asked = host(page, address, "http://127.0.0.1:4321/", (404, ""))
    page.wait_for_selector("iframe")
    page.evaluate("window.postMessage({ projectile: 'ready' }, '*')")
    page.wait_for_function("window.sent?.length > 0", timeout=10_000)
    assert "http://127.0.0.1:4321/" in asked


# In JupyterLab.


class Lab:
    """A JupyterLab of the tests' own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}/"
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        settings = folder / "settings/@jupyterlab/apputils-extension"
        settings.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
        self.log = folder / "log"
        here = {
            name: str(folder / name.lower())
            for name in (
                "HOME",
                "JUPYTER_CONFIG_DIR",
                "JUPYTER_DATA_DIR",
                "JUPYTER_RUNTIME_DIR",
                "IPYTHONDIR",
            )
        }
        for name in here.values():
            Path(name).mkdir()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "jupyterlab",
                        "--no-browser",
                        "--allow-root",
                        f"--port={self.port}",
                    ),
                    *(
                        f"--IdentityProvider.token={TOKEN}",
                        "--ServerApp.ip=127.0.0.1",
                        "--ServerApp.port_retries=0",
                    ),
                    f"--ServerApp.root_dir={self.notebooks}",
                    # It asks nobody elsewhere for anything.
                    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                    *("--LabApp.news_url=", "--LabApp.extension_manager=readonly"),
                ],
                env={
                    **os.environ,
                    **here,
                    "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
                    "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
                    "JUPYTER_PLATFORM_DIRS": "1",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 45
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            try:
                if get(f"{self.url}api/status?token={TOKEN}")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    running = Lab(tmp_path_factory.mktemp("lab"))
    yield running
    running.close()


CELL = """
import numpy as np, projectile
view = projectile.show(np.add.outer(np.arange(4096.0), np.arange(4096.0)), name="ramp", colormap="gray")
view
"""


class Notebook:
    """A notebook that is open in JupyterLab, run by its own menu."""

    def __init__(self, lab: Lab, page: Page, name: str) -> None:
        self.page = page
        cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        cells = [{**cell, "source": CELL}, {**cell, "id": "b", "source": ""}]
        made = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4}
        (lab.notebooks / f"{name}.ipynb").write_text(json.dumps({**made, "nbformat_minor": 5}))
        page.goto(f"{lab.url}lab/tree/{name}.ipynb?token={TOKEN}&reset")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=40_000)
        page.locator("#jp-main-statusbar").get_by_text("Idle").wait_for(timeout=40_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def route(self) -> str:
        shown = self.page.locator("[data-projectile-route]")
        shown.wait_for(timeout=30_000)
        return shown.get_attribute("data-projectile-route") or ""

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("[data-projectile-route] iframe")

    def ready(self) -> None:
        self.frame.locator("html[data-state=ready][data-mode=image]").wait_for(
            state="attached", timeout=30_000
        )

    def picture(self) -> np.ndarray:
        """The middle of what the frame shows."""
        png = self.page.locator("[data-projectile-route] iframe").screenshot()
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        height, width, _ = pixels.shape
        return pixels[height * 2 // 5 : height * 3 // 5, width * 2 // 5 : width * 3 // 5]

    def run(self, code: str, *, wait: bool = True) -> str:
        """Run something in the second cell, and read what it prints."""
        cell = self.page.locator(".jp-Notebook .jp-CodeCell").nth(1)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")
        if not wait:
            expect(prompt).to_have_text("[*]:")
            return ""
        expect(prompt).not_to_have_text(before)
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=20_000)
        return cell.locator(".jp-OutputArea-output").inner_text().strip() if "print" in code else ""

    def pan(self) -> None:
        """Drag the picture to the left."""
        frame = self.page.locator("[data-projectile-route] iframe")
        frame.scroll_into_view_if_needed()
        box = frame.bounding_box()
        assert box
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + box["width"] * 0.6, y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] * 0.1, y, steps=5)
        self.page.mouse.up()

    def eventually(self, what: str, done: Callable[[], object], seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"never: {what}"
            self.page.wait_for_timeout(50)


def is_gray(pixels: np.ndarray) -> bool:
    return bool(np.abs(np.diff(pixels, axis=2)).max() <= 2 and pixels.std() > 1)


def is_coloured(pixels: np.ndarray) -> bool:
    return bool(np.abs(np.diff(pixels, axis=2)).max() > 60)


def is_plain(pixels: np.ndarray) -> bool:
    return bool(pixels.std(axis=(0, 1)).max() < 1)


def block(page: Page, lab: Lab, *, proxy: bool) -> list[str]:
    """Nothing but JupyterLab can be reached, and the proxy only if it is not blocked too."""
    blocked: list[str] = []

    def is_blocked(url: str) -> bool:
        parts = urlparse(url)
        other = parts.scheme.startswith("http") and parts.port != lab.port
        return other or (proxy and "/proxy/" in parts.path)

    def refuse(route: Route) -> None:
        blocked.append(route.request.url)
        route.abort()

    page.route(is_blocked, refuse)
    return blocked


def test_jupyterlab_frames_the_server(lab: Lab, page: Page, tmp_path: Path) -> None:
    notebook = Notebook(lab, page, "direct")
    assert notebook.route() == "direct"
    notebook.ready()
    page.screenshot(path=tmp_path / "direct.png")
    assert is_gray(notebook.picture())
    link = page.get_by_role("link", name="open in a tab")
    assert link.get_attribute("href") == notebook.run("print(view.url)")
    notebook.run("view.set(colormap='magma')")
    notebook.eventually("the picture changes", lambda: is_coloured(notebook.picture()))
    assert notebook.run("print(view.state['colormap'])") == "magma"


def test_jupyterlab_reaches_the_kernel_where_nothing_else_is(lab: Lab, page: Page, tmp_path: Path) -> None:
    tiles: list[bytes] = []

    def count(payload: str | bytes) -> None:
        if isinstance(payload, bytes) and (b"image/png" in payload or b"octet-stream" in payload):
            tiles.append(payload)

    page.on("websocket", lambda socket: socket.on("framereceived", count))
    blocked = block(page, lab, proxy=True)
    notebook = Notebook(lab, page, "channel")
    assert notebook.route() == "channel"
    notebook.ready()
    assert any("/proxy/" in url for url in blocked)
    page.screenshot(path=tmp_path / "channel.png")
    assert is_gray(notebook.picture())

    notebook.run("view.set(zoom=0)")
    notebook.eventually("tiles of the new zoom", lambda: len(tiles) > 4)
    notebook.ready()
    before = len(tiles)
    notebook.pan()
    notebook.eventually("tiles for where it was panned to", lambda: len(tiles) > before)
    notebook.ready()

    notebook.run("view.set(colormap='magma')")
    notebook.eventually("the picture changes", lambda: is_coloured(notebook.picture()))
    assert notebook.run("print(view.state['colormap'])") == "magma"
    png = notebook.run("png = view.screenshot(); print(png[:4], len(png))")
    assert png.startswith("b'\\x89PNG'"), png

    # JupyterLab gives widgets a thread of the kernel's own: a cell can show how its work goes on.
    notebook.ready()
    running = "import time\nview.set(window=(0, 1))\ntime.sleep(6)"
    notebook.run(running, wait=False)
    notebook.eventually("new tiles while a cell runs", lambda: is_plain(notebook.picture()), 5)
    expect(page.locator(".jp-InputPrompt").last).to_have_text("[*]:")
    expect(page.locator(".jp-InputPrompt").last).not_to_have_text("[*]:", timeout=10_000)

    # Taken off the page and put back, as JupyterLab does when one scrolls, the frame loads again.
    page.locator("[data-projectile-route] iframe").evaluate("(frame) => frame.parentNode.append(frame)")
    before = len(tiles)
    notebook.eventually("tiles for the new page", lambda: len(tiles) > before)
    notebook.ready()
    assert len(notebook.run("print('a' * view.server.pages())")) == 1, "the page before is gone"


def test_jupyterlab_goes_by_the_proxy(lab: Lab, page: Page, tmp_path: Path) -> None:
    block(page, lab, proxy=False)
    notebook = Notebook(lab, page, "proxy")
    assert notebook.route() == "proxy"
    notebook.ready()
    page.screenshot(path=tmp_path / "proxy.png")
    assert is_gray(notebook.picture())
    notebook.run("view.set(colormap='magma')")
    notebook.eventually("the picture changes", lambda: is_coloured(notebook.picture()))
    assert notebook.run("print(view.state['colormap'])") == "magma"
