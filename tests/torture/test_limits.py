"""Every limit, exceeded by one and tenfold: the status that docs/http.md and docs/security.md name, and no other."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sockets
from harness import Server, save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Figures

# Each takes seconds, so that all of them are there until they are let go of.
HELD = "/images/mandelbrot/20/{x}/524288/4096.png"
JSON = "Content-Type: application/json"
GEOJSON = "Content-Type: application/geo+json"
UPLOADED = 1000


@dataclass(frozen=True)
class Limit:
    """A limit of one request."""

    most: int
    asks: Callable[[int], bytes]
    over: int
    ten_times: int | None = None
    within: tuple[int, ...] = (200,)
    first_over: int | None = None

    def tries(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """List what to ask for, and the statuses that are right: at the limit, beyond it by one and tenfold."""
        if self.within:
            yield self.most, self.within
        yield self.first_over or self.most + 1, (self.over,)
        yield 10 * max(self.most, 1), (self.ten_times or self.over,)


def get(path: str) -> Callable[[int], bytes]:
    """Ask by GET for a path that holds a number."""
    return lambda number: sockets.request(path.format(n=number), "Connection: close")


def get_long(path: str, unit: str, joined: str = "") -> Callable[[int], bytes]:
    """Ask by GET for a path that holds so many of something."""
    return lambda number: sockets.request(path.format(n=joined.join([unit] * number)), "Connection: close")


def post(path: str, body: Callable[[int], bytes], kind: str = JSON) -> Callable[[int], bytes]:
    """Ask by POST with a body of some size."""

    def asks(number: int) -> bytes:
        sent = body(number)
        lines = (kind, f"Content-Length: {len(sent)}", "Connection: close")
        return sockets.request(path, *lines, method="POST", body=sent)

    return asks


def polygon(corners: int) -> bytes:
    """Write a polygon of so many corners, as short as can be."""
    points = [[number % 8, number % 7] for number in range(corners)]
    return json.dumps({"polygon": points}, separators=(",", ":")).encode()


def features(count: int) -> bytes:
    """Write so many small features."""
    triangle = {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}
    listed = [{"type": "Feature", "geometry": triangle}] * count
    return json.dumps({"type": "FeatureCollection", "features": listed}, separators=(",", ":")).encode()


def padded(start: bytes, size: int) -> bytes:
    """Make a JSON text of exactly so many bytes."""
    return start + b" " * (size - len(start))


def parameters(count: int) -> bytes:
    """Ask with so many parameters."""
    query = "&".join(f"p{number}" for number in range(count))
    return sockets.request(f"/images?{query}", "Connection: close")


def address(length: int) -> bytes:
    """Ask for an address of so many characters."""
    return sockets.request("/" + "a" * (length - 1), "Connection: close")


def headers(count: int) -> bytes:
    """Ask with so many headers."""
    lines = [f"X-{number}: a" for number in range(count - 2)]
    return sockets.request("/healthz", "Connection: close", *lines)


def head(size: int) -> bytes:
    """Ask with a head of so many bytes."""
    bare = sockets.request("/healthz", "Connection: close", "X-A: ")
    return sockets.request("/healthz", "Connection: close", "X-A: " + "a" * (size - len(bare)))


def no_body(size: int) -> bytes:
    """Send a body where none is wanted."""
    return sockets.request("/images", f"Content-Length: {size}", "Connection: close", body=b"a" * size)


def upload(size: int) -> bytes:
    """Send a file of so many bytes."""
    lines = ("Content-Type: application/octet-stream", f"Content-Length: {size}", "Connection: close")
    return sockets.request("/upload?name=a.npy", *lines, method="POST", body=b"a" * size)


LIMITS = {
    "characters of an address": Limit(4096, address, over=414, ten_times=431, within=(404,)),
    "bytes of a head": Limit(16 << 10, head, over=431),
    "headers": Limit(64, headers, over=431),
    "parameters": Limit(64, parameters, over=400),
    "bytes where no body is wanted": Limit(0, no_body, over=413),
    "bytes of a question": Limit(
        256 << 10, post("/images/a/statistics", lambda size: padded(b'{"c": 0}', size)), over=413
    ),
    "bytes of a page's state": Limit(
        64 << 10, post("/live/state", lambda size: padded(b"{}", size)), over=413, within=(400,)
    ),
    "bytes of an address to open": Limit(
        16 << 10, post("/open", lambda size: padded(b"{}", size)), over=403, within=(403,)
    ),
    "bytes of uploads": Limit(UPLOADED, upload, over=413, within=(422, 415, 400)),
    "pixels a side of a tile": Limit(4096, get("/images/a/0/0/0/{n}.png"), over=400, first_over=8192),
    "zooms of an anisotropic tile apart": Limit(
        8, get("/images/wide/{n},0/0/0/16.png"), over=400, ten_times=404
    ),
    "channels of a tile": Limit(64, get_long("/images/many/0/0/0.npy?c={n}", "1", ","), over=400),
    "pixels a side of a region": Limit(4096, get("/images/a/region.png?width={n}&height=1"), over=422),
    "pixels a side of a thumbnail": Limit(2048, get("/images/a/thumbnail.png?size={n}"), over=400),
    "pixels of an IIIF answer": Limit(
        4096, get("/iiif/3/a/full/^{n},4096/0/default.jpg"), over=400, within=(200,)
    ),
    "bytes of a region": Limit(
        1 << 28, get("/images/huge/region.bin?x0=0&x1={n}&y0=0&y1=1"), over=422, within=()
    ),
    "corners of a polygon": Limit(4096, post("/images/a/statistics", polygon), over=400),
    "features": Limit(256, post("/images/a/statistics", features, GEOJSON), over=422),
    "bins of a histogram": Limit(4096, get("/images/a/histogram?bins={n}"), over=400),
    "points of a profile": Limit(
        (1 << 16) - 1, get("/images/mandelbrot/profile?line=0,0,{n},0"), over=422, within=(200, 422)
    ),
    "length of a colour bar": Limit(4096, get("/images/a/colorbar.svg?length={n}"), over=400),
    "label of a colour bar": Limit(200, get_long("/images/a/colorbar.svg?label={n}", "a"), over=422),
    "characters of an expression": Limit(
        1024,
        lambda n: get_long("/images/a/value?x=0&y=0&expression=b1{n}", "-1")((n - 2) // 2),
        over=422,
        ten_times=414,
        first_over=1026,
    ),
    "depth of an expression": Limit(
        64,
        lambda n: sockets.request(
            f"/images/a/value?x=0&y=0&expression={'(' * n}b1{')' * n}", "Connection: close"
        ),
        over=422,
    ),
    "channels of an expression": Limit(
        16,
        lambda n: sockets.request(
            "/images/many/value?x=0&y=0&expression=" + "%2B".join(f"b{number + 1}" for number in range(n)),
            "Connection: close",
        ),
        over=422,
    ),
    "planes of a projection": Limit(1 << 15, get("/images/tall/value?x=0&y=0&z=0:{n}:max"), over=422),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve images that every limit can be met with."""
    arrays = {
        "a": np.zeros((4096, 4096), np.uint8),
        "wide": np.zeros((4, 1 << 12), np.uint8),
        "tall": np.zeros((1, 10 << 15, 1, 5), np.uint8),
        "many": np.zeros((160, 4, 5), np.uint8),
    }
    folder = tmp_path_factory.mktemp("limits")
    huge = folder / "huge.npy"
    np.lib.format.open_memmap(huge, "w+", np.uint8, (1, 10 << 28)).flush()  # no block of it is written
    with Server("demo", *save(folder, arrays), huge, f"--allow-upload={UPLOADED}") as server:
        yield server


def test_each_limit_of_a_request_has_its_status(server: Server, figure: Figures) -> None:
    wrong, tried = [], 0
    for name, limit in LIMITS.items():
        for number, expected in limit.tries():
            tried += 1
            answer = sockets.ask(server, limit.asks(number))
            status = answer.status if answer else None
            if status not in expected:
                wrong.append((name, number, expected, status, answer and answer.body[:200]))
            elif (
                answer
                and status not in (200, 431)
                and not answer.headers["content-type"].startswith("application/problem")
            ):
                wrong.append((name, number, "a problem", answer.headers))
    alive = server.get("/healthz").status
    figure(
        "R21",
        f"{len(LIMITS)} limits of a request, exceeded by 1 and 10 times",
        "the documented status each time",
        tried=tried,
        wrong=len(wrong),
    )
    assert not wrong, "\n".join(map(str, wrong))
    assert alive == 200


def held_tiles(server: Server, count: int, first: int = 0) -> list[sockets.socket.socket]:
    """Ask for tiles that take long, and do not wait."""
    clients = []
    for number in range(first, first + count):
        client = sockets.connect(server)
        client.sendall(sockets.request(HELD.format(x=349525 + number)))
        clients.append(client)
    return clients


def statuses(server: Server, count: int, path: str) -> set[tuple[int, str]]:
    """Ask so often, each time on a connection of its own; answer what statuses came, and when to come back."""
    found = set()
    for number in range(count):
        answer = sockets.ask(server, sockets.request(path.format(x=400_000 + number), "Connection: close"))
        assert answer is not None, "closed without an answer"
        found.add((answer.status, answer.headers.get("retry-after", "")))
    return found


def test_limits_of_all_requests_together(figure: Figures) -> None:
    connections, requests, queue = 20, 8, 4
    turned_away = {}
    with Server("demo", "--max-connections", str(connections)) as server:
        server.connection.close()
        held = [sockets.connect(server) for _ in range(connections)]
        time.sleep(0.2)
        turned_away["connections"] = statuses(server, 1, "/healthz") | statuses(
            server, 10 * connections, "/healthz"
        )
        sockets.close_all(held)
        sockets.until(2, "room again", lambda: statuses(server, 1, "/healthz") == {(200, "")})
    with Server("demo", "--threads", "1", "--max-in-flight", str(requests)) as server:
        held = held_tiles(server, requests)
        sockets.until(5, "all in flight", lambda: statuses(server, 1, "/images") != {(200, "")})
        turned_away["in flight"] = statuses(server, 1, "/images") | statuses(server, 10 * requests, "/images")
        healthy = statuses(server, 1, "/healthz")
        ready = statuses(server, 1, "/readyz")
        sockets.close_all(held)
        sockets.until(5, "room again", lambda: statuses(server, 1, "/images") == {(200, "")})
    with Server("demo", "--threads", "1", "--queue", str(queue)) as server:
        held = held_tiles(server, 1)
        sockets.until(5, "it runs", lambda: sockets.metrics(server)["projectile_pool_running"] == 1)
        held += held_tiles(server, queue, first=1)
        sockets.until(5, "they wait", lambda: sockets.metrics(server)["projectile_pool_waiting"] == queue)
        turned_away["queue"] = {
            (status, bool(retry)) for status, retry in statuses(server, 1 + 10 * queue, HELD)
        }
        sockets.close_all(held)
        small = "/images/terrain/0/0/0/16.png"
        sockets.until(5, "room again", lambda: statuses(server, 1, small) == {(200, "")})
    figure(
        "R21",
        f"{connections} connections, {requests} requests, a queue of {queue}, exceeded by 1 and 10 times",
        "503 with Retry-After each time, health as ever",
        **{name.replace(" ", "_"): str(found) for name, found in turned_away.items()},
    )
    assert turned_away["connections"] == {(503, "1")}
    assert turned_away["in flight"] == {(503, "1")}
    assert turned_away["queue"] == {(503, True)}
    assert healthy == {(200, "")}
    assert ready == {(503, "1")}


def test_pages_that_listen_have_a_limit(tmp_path: Path, full: bool, figure: Figures) -> None:
    most = 256
    sockets.many_open_files()
    with Server(*save(tmp_path, {"a": np.zeros((8, 8), np.uint8)})) as server:
        found: list[int] = []
        pages = []
        for number in range(most + (10 * most if full else 10)):
            page = sockets.connect(server)
            page.sendall(sockets.request(f"/events?client={number:032x}"))
            pages.append(page)
            found.append(int(page.recv(4096).split(b" ")[1]))
        sockets.close_all(pages)
        sockets.until(2, "a page can listen again", lambda: sockets.in_flight(server) == 0)
    figure(
        "R21",
        f"{len(pages)} pages that listen",
        f"{most} are taken, 503 for the rest",
        taken=found.count(200),
        turned_away=found.count(503),
    )
    assert found == [200] * most + [503] * (len(pages) - most)
