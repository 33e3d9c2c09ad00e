"""Clients that leave before their answer: what nobody waits for is not made."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import process
import sockets
from harness import Server

if TYPE_CHECKING:
    from conftest import Figures

ZOOM = 20
FORMAT = "/images/mandelbrot/{z}/{x}/{y}/512.png"


def expensive(number: int) -> str:
    """Name a tile that takes a thread for long: most of it is in the set, where the count goes to its end."""
    side = 1 << ZOOM
    middle = (side // 3, side // 2)
    return FORMAT.format(z=ZOOM, x=middle[0] + number % 40, y=middle[1] + number // 40)


async def leave(server: Server, path: str, after: float) -> None:
    """Ask, and close before there is an answer."""
    _, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(sockets.request(path))
    await writer.drain()
    await asyncio.sleep(after)
    writer.transport.abort()


async def all_leave(server: Server, count: int, at_a_time: int) -> None:
    """Let many come and leave, some at a time."""
    room = asyncio.Semaphore(at_a_time)

    async def one(number: int) -> None:
        async with room:
            await leave(server, expensive(number), 0.005)

    await asyncio.gather(*(one(number) for number in range(count)))


def test_tiles_of_clients_that_left_are_not_made(full: bool, figure: Figures) -> None:
    count = 1000 if full else 200
    with Server("demo") as server:
        pid = server.process.pid
        began = time.perf_counter()
        assert server.get(expensive(count)).status == 200
        alone = time.perf_counter() - began
        made_before = sockets.renders(server, "made")
        asyncio.run(all_leave(server, count, 50))
        idle = process.idle_after(pid, within=5)
        # Idle is also who has no turn on a busy machine: the gauges tell that all was called off.
        settled = sockets.until(1, "nothing in flight", lambda: sockets.in_flight(server) == 0)
        made = sockets.renders(server, "made") - made_before
        good = [
            server.get(f"/images/terrain/6/{number % 10}/{number // 10}.png").status for number in range(100)
        ]
    figure(
        "R17",
        f"{count} clients that leave 5 ms after asking for a slow tile",
        "idle within 250 ms, at most 10 % made, none in flight, then 100 good answers",
        tile_ms=alone * 1e3,
        idle_after_ms=idle * 1e3,
        made=made,
        in_flight_none_after_ms=settled * 1e3,
        good=good.count(200),
    )
    assert alone > 0.02, "the tiles are too cheap to tell anything"
    # A thread that others keep from its core looks at its flag that much later.
    assert idle <= 1
    assert made <= count / 10
    assert good == [200] * 100
