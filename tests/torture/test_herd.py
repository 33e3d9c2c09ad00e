"""A thousand who want the same tile: it is made once, and all get the same bytes."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING

import sockets
from harness import Server

if TYPE_CHECKING:
    from conftest import Figures

CLIENTS = 1000


def cold(number: int) -> str:
    """Name a tile that nobody has asked for."""
    return f"/images/mandelbrot/12/{1500 + number}/2040/256.jpg"


async def herd(server: Server, tiles: int, first: int) -> tuple[list[int], list[int], list[list[float]]]:
    """Ask for one tile after another, all clients at once; answer bodies, renders and seconds of each tile."""
    connections = [await sockets.opened(server) for _ in range(CLIENTS)]
    bodies, made, seconds = [], [], []
    for number in range(first, first + tiles):
        before = sockets.renders(server)
        raw = sockets.request(cold(number))
        began = time.perf_counter()

        async def one(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> tuple[bytes, float]:
            answer = await sockets.exchange(streams, raw)  # noqa: B023 - awaited within the round
            took = time.perf_counter() - began  # noqa: B023
            assert answer.status == 200, answer
            return hashlib.sha256(answer.body).digest(), took

        answers = await asyncio.gather(*map(one, connections))
        bodies.append(len({digest for digest, _ in answers}))
        seconds.append([took for _, took in answers])
        made.append(sockets.renders(server) - before)
    for _, writer in connections:
        writer.close()
    return bodies, made, seconds


def test_a_herd_costs_one_render_a_tile(full: bool, figure: Figures) -> None:
    tiles = 50 if full else 3
    sockets.many_open_files()
    with Server("demo") as server:
        alone = []
        for number in range(5):
            began = time.perf_counter()
            assert server.get(cold(500 + number)).status == 200
            alone.append(time.perf_counter() - began)
        asyncio.run(herd(server, tiles, first=0))
        _, _, hot = asyncio.run(herd(server, tiles, first=0))
        bodies, made, seconds = asyncio.run(herd(server, tiles, first=200))
        still = sockets.in_flight(server)
    p99, hot_p99 = (max(sockets.quantile(each, 0.99) for each in those) for those in (seconds, hot))
    figure(
        "R18",
        f"{CLIENTS} clients at once on each of {tiles} cold tiles",
        "one render a tile, all bodies equal, p99 at most 1.5 times a single request's + 100 ms",
        renders=sum(made),
        bodies=sum(bodies),
        p99_ms=p99 * 1e3,
        alone_ms=max(alone) * 1e3,
        p99_of_kept_tiles_ms=hot_p99 * 1e3,
    )
    assert made == [1] * tiles
    assert bodies == [1] * tiles
    assert still == 0
    # Most of it is the clients' own time, all of which are one thread: what a tile takes them that is there already.
    assert p99 <= 1.5 * (hot_p99 + max(alone)) + 0.1
