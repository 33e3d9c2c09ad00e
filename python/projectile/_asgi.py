"""An ASGI application, to mount in FastAPI or Starlette."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from . import _native, _request
from ._show import make_images

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: The greatest body that a request has: a picture of the viewer.
_MOST = 32 << 20


class ASGI:
    """An ASGI application that serves images; ``projectile.asgi`` makes it."""

    def __init__(self, server: _native.Server) -> None:
        self.server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI 3 has it."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1003})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, path = str(scope.get("root_path", "")), str(scope["path"])
        # Servers differ in whether the path holds what the application is mounted at.
        if root and path.startswith(root):
            path = path[len(root) :]
        if not path:
            to = f"{root.rstrip('/').rpartition('/')[2]}/".encode()
            await send({"type": "http.response.start", "status": 308, "headers": [(b"location", to)]})
            await send({"type": "http.response.body", "body": b""})
            return
        raw = bytes(scope.get("raw_path") or b"").decode("latin-1").partition("?")[0]
        if raw.endswith(path) or not raw:
            target = path if not raw else raw[len(raw) - len(path) :]
        else:
            # It holds escapes, which the server takes apart itself.
            target = raw[len(root) :] if root and raw.startswith(root) else raw
        query = bytes(scope.get("query_string", b"")).decode("latin-1")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        body = await _body(receive)
        if body is None:
            await send({"type": "http.response.start", "status": 413, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        target = f"{target}?{query}" if query else target
        client = scope.get("client")
        peer = str(client[0]) if client else None
        asking = asyncio.ensure_future(
            _request.ask(self.server, scope["method"], target, headers, body, peer)
        )
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((asking, gone), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                return
            await _send(asking.result(), gone, send)
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone


async def _send(answer: _request.Answer, gone: asyncio.Future[None], send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    streams = any(
        value.startswith(b"text/event-stream") for name, value in headers if name == b"content-type"
    )
    if not streams:
        body = await answer.body()
        if not any(name == b"content-length" for name, _ in headers) and answer.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    pieces = aiter(answer)
    try:
        while True:
            piece = asyncio.ensure_future(anext(pieces, None))
            await asyncio.wait((piece, gone), return_when=asyncio.FIRST_COMPLETED)
            if not piece.done():
                piece.cancel()
                return
            data = piece.result()
            if data is None:
                break
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        answer.request.cancel()


async def _body(receive: Receive) -> bytes | None:
    """All of a request's body; ``None`` beyond the limit."""
    pieces = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(pieces)
        pieces += message.get("body", b"")
        if len(pieces) > _MOST:
            return None
        if not message.get("more_body", False):
            return bytes(pieces)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"].rpartition(".")[2]
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return


def asgi(
    x: Any,
    *,
    name: str | None = None,
    axes: str | Sequence[str] | None = None,
    colormap: str | None = None,
    window: tuple[float, float] | None = None,
    resampling: str | None = None,
    labels: bool = False,
    nodata: float | None = None,
    cache_bytes: int = 256 << 20,
    tile_size: int = 256,
) -> ASGI:
    """Make an ASGI application that serves ``x``, with the viewer, to mount in FastAPI or Starlette.

    It answers to any name and asks for no token: the application that it is mounted in decides who may come in.

    Parameters
    ----------
    x : object
        What to show: whatever ``show`` takes.
    name : str, optional
        What to call it; a file's own name, or ``array``, if not given.
    axes : str or sequence of str, optional
        A name for each axis, in storage order, e.g. ``"tczyx"``. Guessed from the shape if not given, as in ``show``.
    colormap : str, optional
        A matplotlib colormap for one channel, e.g. ``"viridis"``; see ``colormaps()``.
    window : tuple of float, optional
        ``(vmin, vmax)``: the values that get the first and last colours. From robust percentiles if not given.
    resampling : str, optional
        How pixels are reduced: ``"average"``, ``"max"``, ``"min"``, ``"nearest"``, ``"mode"`` or ``"sum"``.
    labels : bool, optional
        Whether integers are labels, each in a stable colour of its own.
    nodata : float, optional
        The value that stands for no data, and is transparent.
    cache_bytes : int, optional
        Bytes of blocks of a lazy array to keep.
    tile_size : int, optional
        Pixels a side of a tile that the viewer asks for, a power of 2.

    Returns
    -------
    ASGI
        The application: an ASGI 3 callable.

    Raises
    ------
    TypeError
        For what is no array, image or path, or has a dtype that cannot be shown, such as object.
    ValueError
        For arrays that are no picture, and parameters that are none.
    FileNotFoundError
        When there is no such file.

    Examples
    --------
    >>> import numpy as np
    >>> import projectile
    >>> app = projectile.asgi(np.zeros((64, 64)))  # then, say, main.mount("/picture", app)

    """
    images = make_images(
        x,
        name=name,
        axes=axes,
        colormap=colormap,
        window=window,
        resampling=resampling,
        labels=labels,
        nodata=nodata,
        cache_bytes=cache_bytes,
    )
    return ASGI(_native.Server(images, tile_size=tile_size, any_host=True))
