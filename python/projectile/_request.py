"""Asking a server from within the process, for web frameworks and notebooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from . import _native

Headers = Sequence[tuple[str, str]]


@dataclass
class Answer:
    """The head of an answer; its body comes by ``pieces``."""

    status: int
    headers: list[tuple[str, str]]
    pieces: asyncio.Queue[bytes | None]
    request: _native.Request
    _ended: bool = field(default=False)

    async def body(self) -> bytes:
        """All of it, of an answer that ends."""
        return b"".join([piece async for piece in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._ended:
            piece = await self.pieces.get()
            if piece is None:
                self._ended = True
            else:
                yield piece


async def ask(
    server: _native.Server,
    method: str,
    target: str,
    headers: Headers = (),
    body: bytes = b"",
    peer: str | None = None,
) -> Answer:
    """Ask ``server`` for a client at ``peer``, without blocking the loop. A caller that is cancelled calls it off."""
    loop = asyncio.get_running_loop()
    head: asyncio.Future[tuple[int, list[tuple[str, str]]]] = loop.create_future()
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue()

    def arrive(status: int, fields: list[tuple[str, str]], piece: bytes, more: bool) -> None:
        if not head.done():
            head.set_result((status, fields))
        if piece:
            pieces.put_nowait(piece)
        if not more:
            pieces.put_nowait(None)

    def callback(status: int, fields: list[tuple[str, str]], piece: bytes, more: bool) -> bool:
        try:
            loop.call_soon_threadsafe(arrive, status, fields, piece, more)
        except RuntimeError:
            # The loop is closed: nobody waits.
            return False
        return True

    request = server.request(method, target, list(headers), body, callback, peer)
    try:
        status, fields = await head
    except asyncio.CancelledError:
        request.cancel()
        raise
    return Answer(status, fields, pieces, request)
