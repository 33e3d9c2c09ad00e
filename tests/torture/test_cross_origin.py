"""R27: what pages of other sites can do, in a real browser: they read nothing, and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browser import Site, chromium
from harness import Server, save
from raw_http import ask, request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PROBES = (Path(__file__).parent / "probes.js").read_text()
PAGE = f"<!doctype html><title>another site</title><body><script>{PROBES}</script>"
# A frame without an origin: its page says `Origin: null`.
SANDBOXED = PAGE.replace("<body>", "<body data-sandboxed>") + (
    "<script>onmessage = async (event) => parent.postMessage(await probe(event.data), '*');</script>"
)
OUTER = (
    "<!doctype html><body><iframe sandbox='allow-scripts' src='/sandboxed'></iframe><script>"
    "window.probe = (at) => new Promise((done) => { onmessage = (event) => done(event.data);"
    " frames[0].postMessage(at, '*'); });</script>"
)
READS_BY_CORS = ("fetch", "fetch of a tile", "fetch of metrics", "image with cors")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site({"/": PAGE, "/outer": OUTER, "/sandboxed": SANDBOXED}) as site:
        yield site


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    array = np.random.default_rng(27).integers(1, 256, (200, 200), np.uint8)
    return list(save(tmp_path_factory.mktemp("origins"), {"a": array}))


def probed(
    browser: Browser, page_at: str, server_at: str, cookies: list[Any] | None = None
) -> dict[str, Any]:
    """Have a page try everything on a server; answer what it could read."""
    with browser.new_context() as context:
        context.add_cookies(cookies or [])
        page = context.new_page()
        page.goto(page_at)
        found = page.evaluate("(at) => probe(at)", server_at)
        assert len(found) == 23
        if "frame" in found:
            framed = [frame for frame in page.frames if frame.url.startswith(server_at)]
            found["frame"] = framed[0].title() if framed else found["frame"]
        return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("token", [False, True], ids=["open", "with a token"])
def test_another_site_reads_nothing(browser, site, files, figure, token):
    """Neither from another port, nor by another name of this machine, nor from nowhere; with cookies or without."""
    read = {}
    with Server(*files, *(["--host", "0.0.0.0"] if token else [])) as server:  # noqa: S104
        cookies = []
        if token:
            shown = server.url.rsplit("/", 1)[1]
            name, _, value = (
                ask(server.port, request(f"/{shown}")).headers["set-cookie"].split(";")[0].partition("=")
            )
            # The person's own cookie, which a browser sends to all ports of a host.
            cookies = [
                {
                    "name": name,
                    "value": value,
                    "url": "http://127.0.0.1",
                    "sameSite": "Strict",
                    "httpOnly": True,
                }
            ]
        at = f"http://127.0.0.1:{server.port}"
        for page_at in (f"{site.at()}/", f"{site.at('localhost')}/", f"{site.at()}/outer"):
            read[page_at] = probed(browser, page_at, at, cookies)
    figure(
        "R27",
        f"pages of three other origins, in 23 ways each, in Chromium{', with the cookie' if token else ''}",
        "nothing is readable, nor shown",
        origins=len(read),
        readable=sum(map(len, read.values())),
    )
    assert not any(read.values()), read


def test_its_own_page_can(browser, files):
    """The same tries succeed where they should: they can tell one from the other."""
    with Server(*files) as server, browser.new_context() as context:
        page = context.new_page()
        at = f"http://127.0.0.1:{server.port}"
        page.goto(f"{at}/colormaps/viridis.png")
        page.evaluate(PROBES)
        found = page.evaluate("(at) => probe(at)", at)
        for name in ("fetch", "request", "image", "image with cors", "events", "timing"):
            assert found[name], (name, found)
        assert found["image"].startswith("pixels")


def test_another_site_that_is_named_reads(browser, site, files, figure):
    """With --cors it, and it alone, has the pictures, shown plainly too; but no frame, no scripts and no writing."""
    with Server(*files, "--cors", site.at()) as server:
        at = f"http://127.0.0.1:{server.port}"
        named = probed(browser, f"{site.at()}/", at)
        other = probed(browser, f"{site.at('localhost')}/", at)
        nowhere = probed(browser, f"{site.at()}/outer", at)
        raw = ask(server.port, request("/images", ["Host: localhost", f"Origin: {site.at()}"]))
    figure(
        "R27",
        "--cors ORIGIN",
        "that origin reads and shows, no other one",
        readable=len(named),
        readable_by_others=len(other) + len(nowhere),
    )
    assert not other
    assert not nowhere
    assert set(READS_BY_CORS) <= set(named), named
    assert named["image"].startswith("size")
    assert named["image with cors"].startswith("pixels")
    for name in ("fetch with cookies", "frame", "object", "script", "module", "worker"):
        assert name not in named, (name, named)
    assert raw.headers["access-control-allow-origin"] == site.at()
    assert "access-control-allow-credentials" not in raw.headers
    with Server(*files, "--cors", "*") as server:
        for origin in ("https://evil.example", "null"):
            raw = ask(server.port, request("/images", ["Host: localhost", f"Origin: {origin}"]))
            assert raw.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in raw.headers


@pytest.mark.parametrize("cors", [False, True], ids=["by default", "with --cors"])
def test_another_site_changes_nothing(browser, site, files, figure, cors):
    """Forms, beacons, fetches, images: what is served, what was opened and what is kept stays as it is."""
    sent = 0
    with Site({"/evil.npy": "nothing"}) as remote:
        options = [
            "--allow-upload=1M",
            "--allow-remote",
            remote.at(),
            *(["--cors", site.at()] if cors else []),
        ]
        with Server(*files, *options) as server:
            at = f"http://127.0.0.1:{server.port}"
            before = server.get("/images").body
            for page_at in (f"{site.at()}/", f"{site.at('localhost')}/"):
                with browser.new_context() as context:
                    page = context.new_page()
                    page.goto(page_at)
                    sent += page.evaluate("([at, url]) => attack(at, url)", [at, f"{remote.at()}/evil.npy"])
            after = server.get("/images").body
            metrics = server.get("/metrics").body.decode()
            # By what it is, the same request of a program is taken: what was refused was refused for its origin.
            taken = server.post("/open", {"url": f"{remote.at()}/evil.npy"})
        fetched = len(remote.visits)
    figure(
        "R27",
        f"requests of another site's pages that would change something{', which --cors lets read' if cors else ''}",
        "nothing changes",
        requests=sent,
        changed=int(before != after),
    )
    assert sent > 150
    assert after == before
    told = [line for line in metrics.splitlines() if 'protocol="open"' in line or 'protocol="upload"' in line]
    assert not [line for line in told if 'status="2' in line], told
    assert taken.status != 403
    assert fetched >= 1
    assert [path for path, _ in remote.visits] == ["/evil.npy"] * fetched


def test_headers_that_keep_others_out(files, figure):
    """On every answer; and the viewer's policy lets nothing in that is inline or from elsewhere."""
    wrong = []
    with Server(*files) as server:
        for path in (
            "/",
            "/0/0/0.png",
            "/images",
            "/api",
            "/nothing",
            "/0/0/0/3.png",
            "/healthz",
            "/metrics",
            "/viewer/x",
        ):
            for method in ("GET", "HEAD", "OPTIONS", "POST"):
                answer = ask(
                    server.port, request(path, ["Host: localhost", "Origin: http://evil.example"], method)
                )
                expected = {
                    "x-content-type-options": "nosniff",
                    "cross-origin-resource-policy": "same-origin",
                    "referrer-policy": "no-referrer",
                }
                wrong += [
                    (path, method, name)
                    for name, value in expected.items()
                    if answer.headers.get(name) != value
                ]
                wrong += [
                    (path, method, name) for name in answer.headers if name.startswith("access-control")
                ]
        policies = {
            path: ask(server.port, request(path)).headers["content-security-policy"] for path in ("/", "/api")
        }
    figure("R27", "headers of every kind of answer", "nosniff, CORP, no CORS, a strict CSP", wrong=len(wrong))
    assert not wrong
    for path, policy in policies.items():
        rules = {
            name: values for name, *values in (rule.split() for rule in policy.split(";") if rule.strip())
        }
        assert rules["default-src"] == ["'none'"], path
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "data:"} & {
            value for values in rules.values() for value in values
        }, path
        assert rules["frame-ancestors"] in (["'self'"], ["'none'"]), path
        assert rules["base-uri"] == ["'none'"], path
