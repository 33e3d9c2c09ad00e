"""R36: under a path of nginx, by the configuration of docs/guide/proxy.md."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from browser import chromium
from harness import Server, save
from nginx import Nginx, free_port
from PIL import Image
from raw_http import Answer, Request, ask, ask_all, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNDER = "/a/b"
PUBLIC = "https://maps.example/a/b"
# What proxies and clients send, and what no answer may depend on: no cache knows an answer by them.
UNKEYED = [
    *["X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix"],
    *[
        "X-Forwarded-Server",
        "X-Forwarded-Scheme",
        "X-Forwarded-Path",
        "X-Forwarded-Uri",
        "X-Forwarded-Ssl",
        "Forwarded",
    ],
    *[
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Original-Host",
        "X-Original-URI",
        "X-Host",
        "X-HTTP-Host-Override",
        "X-Proxy-Url",
    ],
    *[
        "X-Real-IP",
        "X-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Cluster-Client-IP",
        "X-Originating-IP",
        "Via",
    ],
    *[
        "X-Remote-Addr",
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "Front-End-Https",
        "X-Scheme",
    ],
    *[
        "X-Url-Scheme",
        "X-Base-Url",
        "X-Script-Name",
        "X-Envoy-Original-Path",
        "X-Ingress-Path",
        "X-WAP-Profile",
    ],
    *[
        "X-Requested-With",
        "X-Token",
        "Referer",
        "User-Agent",
        "Accept",
        "Accept-Language",
        "Accept-Charset",
        "Cookie",
    ],
    *[
        "Sec-Fetch-Site",
        "Sec-Fetch-Mode",
        "Sec-Fetch-Dest",
        "Save-Data",
        "DPR",
        "Viewport-Width",
        "Prefer",
        "Pragma",
    ],
    *[
        "Cache-Control",
        "Upgrade-Insecure-Requests",
        "X-Request-ID",
        "traceparent",
        "tracestate",
        "baggage",
        "Content-Type",
    ],
    *[
        "X-Projectile-Dtype",
        "Origin",
        "Authorization",
        "From",
        "Max-Forwards",
        "X-Accel-Redirect",
        "X-Sendfile",
        "Early-Data",
    ],
]
VALUES = {
    "Forwarded": 'host=evil.example;proto=https;for="[::1]"',
    "X-Forwarded-Port": "1337",
    "X-Original-URL": "/metrics",
    "X-Rewrite-URL": "/metrics",
    "X-HTTP-Method-Override": "DELETE",
    "Origin": "https://evil.example",
    "Referer": "https://evil.example/",
    "Via": "1.1 evil.example",
    "Content-Type": "application/json",
    "Cache-Control": "max-age=0",
    "Max-Forwards": "0",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    array = np.random.default_rng(36).integers(0, 256, (700, 900, 3), np.uint8)
    return list(save(tmp_path_factory.mktemp("pictures"), {"photo": array}))


@pytest.fixture(scope="module")
def behind(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Nginx]]:
    """A server as the page says to start it, and nginx before it."""
    options = ["--allow-host", "maps.example", "--public-url", PUBLIC, "--log", "json"]
    with (
        Server(*files, *options) as server,
        Nginx(tmp_path_factory.mktemp("nginx"), free_port(), server.port) as proxy,
    ):
        yield server, proxy


def plain(proxy: Nginx, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> Request:
    """Ask for a path of the server, as somebody before the proxy does."""
    return request(UNDER + path, [f"Host: 127.0.0.1:{proxy.port}", *headers], method, body)


def test_documents_say_where_the_public_reaches_them(behind, figure):
    """TileJSON, IIIF, WMTS, OGC, Deep Zoom, OpenAPI: each address that they give is answered, through the proxy."""
    _, proxy = behind
    documents = [
        *[
            "/tilejson/photo.json",
            "/iiif/3/photo/info.json",
            "/iiif/2/photo/info.json",
            "/iiif/manifest.json",
            "/api",
        ],
        *[
            "/wmts/1.0.0/WMTSCapabilities.xml",
            "/ogc",
            "/ogc/collections",
            "/ogc/collections/photo",
            "/api/openapi.json",
        ],
        *["/ogc/collections/photo/map/tiles", "/images", "/dzi/photo.dzi", "/images/photo"],
    ]
    given, wrong = 0, []
    for path in documents:
        answer = ask(proxy.port, plain(proxy, path))
        assert answer.status == 200, path
        for url in re.findall(r"https?://[^\s\"'<>]+", answer.body.decode()):
            ours = url.startswith(PUBLIC)
            # Names of schemas and profiles are no addresses of ours.
            if not ours and ("127.0.0.1" in url or "localhost" in url or "maps.example" in url):
                wrong.append((path, url))
            # What IIIF calls a canvas has a name that is no address.
            if not ours or url == PUBLIC or "/iiif/canvas/" in url:
                continue
            given += 1
            filled = url.removeprefix(PUBLIC)
            filled += "service=WMTS&request=GetCapabilities" if filled.endswith("wmts?") else ""
            for name, value in [
                ("z", "0"),
                ("x", "0"),
                ("y", "0"),
                ("TileMatrixSet", "pixels"),
                ("TileMatrix", "0"),
            ]:
                filled = filled.replace(f"{{{name}}}", value)
            filled = filled.replace("{TileRow}", "0").replace("{TileCol}", "0").replace("{tileMatrix}", "0")
            filled = filled.replace("{tileRow}", "0").replace("{tileCol}", "0").replace("&amp;", "&")
            if "{" in filled:
                continue
            status = ask(proxy.port, plain(proxy, filled)).status
            if status not in (200, 303):
                wrong.append((path, url, status))
    moved = ask(proxy.port, plain(proxy, "/iiif/3/photo"))
    slash = ask(proxy.port, request(UNDER, [f"Host: 127.0.0.1:{proxy.port}"]))
    figure(
        "R36",
        "addresses in documents behind nginx under /a/b/, by --public-url",
        "each is right, and so are redirections",
        documents=len(documents),
        addresses=given,
        wrong=len(wrong),
    )
    assert given > 10
    assert not wrong, wrong[:10]
    assert (moved.status, moved.headers["location"]) == (303, f"{PUBLIC}/iiif/3/photo/info.json")
    assert slash.status == 301
    assert slash.headers["location"].endswith(f"{UNDER}/")


def test_without_a_public_url_documents_say_what_was_asked(files, tmp_path, figure):
    """The request's Host and no path, as the page says: no header that a client sends makes it another."""
    with Server(*files) as server, Nginx(tmp_path, free_port(), server.port) as proxy:
        spoofed = [
            f"{name}: {VALUES.get(name, 'evil.example')}"
            for name in UNKEYED
            if name.startswith(("X-F", "Forw"))
        ]
        told = ask(proxy.port, plain(proxy, "/tilejson/photo.json", *spoofed)).json()
    (tiles,) = told["tiles"]
    figure(
        "R36",
        "TileJSON without --public-url",
        "the Host that was asked, whatever X-Forwarded-* says",
        tiles=tiles,
    )
    assert tiles.startswith(f"http://127.0.0.1:{proxy.port}/images/photo/")


def test_headers_that_no_cache_knows_change_nothing(behind, figure):
    """Neither through nginx, whose cache takes versioned tiles, nor at the server itself."""
    server, proxy = behind
    version = server.json("/images/photo")["version"]
    documents = [
        "/",
        "/images",
        "/tilejson/photo.json",
        "/iiif/3/photo/info.json",
        "/ogc/collections/photo",
        "/api",
    ]
    documents += [
        "/wmts/1.0.0/WMTSCapabilities.xml",
        "/images/photo/0/0/0.npy",
        "/images/photo/0/0/0.jpg",
        "/nothing",
    ]
    tiles = [f"/images/photo/1/0/0.png?v={version}", f"/images/photo/1/0/0.webp?v={version}"]
    changed, tried, hits = [], 0, 0
    usual = {path: ask(proxy.port, plain(proxy, path)) for path in (*documents, *tiles)}
    direct = {path: ask(server.port, request(path)) for path in (*documents, *tiles)}
    for number, name in enumerate(UNKEYED):
        header = f"{name}: {VALUES.get(name, 'evil.example')}"
        asked = [plain(proxy, path, header) for path in documents]
        # An entry of the cache that is made with the header, and then read without it.
        fresh = [f"{path}&n={number}" for path in tiles]
        poisoned = list(ask_all(proxy.port, [*asked, *(plain(proxy, path, header) for path in fresh)]))
        served = list(ask_all(proxy.port, [plain(proxy, path) for path in fresh]))
        itself = list(
            ask_all(
                server.port, [request(path, ["Host: localhost", header]) for path in (*documents, *tiles)]
            )
        )
        for path, answer in zip((*documents, *tiles), poisoned, strict=True):
            tried += 1
            if (answer.status, answer.body) != (usual[path].status, usual[path].body):
                changed.append((path, header, answer.status))
        for path, answer in zip(tiles, served, strict=True):
            tried += 1
            hits += "immutable" in answer.headers.get("cache-control", "")
            if answer.body != usual[path].body:
                changed.append((path, header, "kept"))
        for path, answer in zip((*documents, *tiles), itself, strict=True):
            tried += 1
            if not is_same(answer, direct[path]):
                changed.append((path, header, "at the server"))
    figure(
        "R36",
        "headers that no cache knows an answer by, through nginx with its cache and at the server itself",
        "no body changes",
        headers=len(UNKEYED),
        requests=tried,
        changed=len(changed),
    )
    assert len(UNKEYED) >= 50
    assert not changed, changed[:10]
    assert hits == len(UNKEYED) * len(tiles)


def is_same(one: Answer, other: Answer) -> bool:
    """Tell whether two answers are the same; of PNGs whether their pixels are, as the effort may differ."""
    if (one.status, one.headers.get("content-type")) != (other.status, other.headers.get("content-type")):
        return False
    if one.headers.get("content-type") == "image/png":
        pictures = [np.asarray(Image.open(io.BytesIO(each.body))) for each in (one, other)]
        return np.array_equal(*pictures)
    return one.body == other.body


def test_the_viewer_works_under_a_path(behind, figure):
    """All that its page asks for is under the path, tiles are shown, and it hears from the server."""
    _, proxy = behind
    at = f"http://127.0.0.1:{proxy.port}{UNDER}/"
    with chromium() as browser, browser.new_context() as context:
        page = context.new_page()
        asked, failed, said = [], [], []
        page.on("request", lambda each: asked.append(each.url))
        page.on(
            "response", lambda each: failed.append((each.url, each.status)) if each.status >= 400 else None
        )
        page.on("requestfailed", lambda each: failed.append((each.url, each.failure)))
        page.on("console", lambda each: said.append(each.text) if each.type in ("error", "warning") else None)
        page.on("pageerror", lambda each: said.append(str(each)))
        page.goto(at)
        page.locator("html[data-state=ready]").wait_for(state="attached", timeout=60_000)
        page.wait_for_function(
            "performance.getEntriesByType('resource').some((each) => /photo.*\\/\\d+\\/\\d+/.test(each.name))"
        )
        tiles = [url for url in asked if re.search(r"/images/photo/\d+/\d+/\d+", url)]
        events = [url for url in asked if f"{UNDER}/events" in url]
        colours = page.evaluate(
            """() => {
                const canvas = document.querySelector("canvas");
                const copy = document.createElement("canvas");
                [copy.width, copy.height] = [canvas.width, canvas.height];
                const context = copy.getContext("2d");
                context.drawImage(canvas, 0, 0);
                const { data } = context.getImageData(0, 0, copy.width, copy.height);
                return new Set(new Uint32Array(data.buffer)).size;
            }"""
        )
        api = context.new_page()
        api.goto(f"{at}api")
        links = api.eval_on_selector_all("a[href]", "(all) => all.map((each) => each.href)")
    elsewhere = [url for url in asked if not url.startswith((at, "blob:", "data:"))]
    figure(
        "R36",
        "the viewer in Chromium through nginx, under /a/b/",
        "tiles are shown, nothing is asked for elsewhere, nothing fails",
        tiles=len(tiles),
        elsewhere=len(elsewhere),
        failed=len(failed),
        colours=colours,
    )
    assert tiles
    assert events
    assert not elsewhere
    assert not [each for each in failed if "ERR_ABORTED" not in str(each[1])], failed
    assert not said, said
    assert colours > 100
    assert not [link for link in links if "127.0.0.1" in link and not link.startswith(at)], links


def test_a_token_is_exchanged_under_a_path(files, tmp_path, figure):
    """A server with a token behind the proxy: the printed address, by the proxy's name, leads to the same page."""
    with Server(*files, "--host", "0.0.0.0") as server, Nginx(tmp_path, free_port(), server.port) as proxy:  # noqa: S104
        shown = server.url.rsplit("/", 1)[1]
        at = f"http://127.0.0.1:{proxy.port}{UNDER}/"
        with chromium() as browser, browser.new_context() as context:
            page = context.new_page()
            page.goto(at + shown)
            page.locator("html[data-state=ready]").wait_for(state="attached", timeout=60_000)
            address, cookies = page.url, context.cookies()
            readable = page.evaluate("document.cookie")
        refused = ask(proxy.port, plain(proxy, "/images")).status
    figure(
        "R36",
        "the token's exchange behind nginx",
        "back under the path, no token left in the address",
        at=address[-20:],
    )
    assert address.split("#")[0] == at
    assert refused == 401
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")]
    assert not readable
