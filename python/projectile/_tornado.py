"""Handlers for Tornado: tiles are rendered in Rust, outside of its loop."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import tornado.iostream
import tornado.web

from . import _native, _request
from ._show import make_images

#: Headers of a request that decide its answer, and those of an answer that Tornado makes itself.
_ASKED = ("If-None-Match", "Content-Type", "Origin", "Sec-Fetch-Site", "X-Forwarded-For")
_OWN = frozenset(("content-length", "connection", "date", "server", "transfer-encoding"))

_servers: dict[tuple[int, str | None, int, str | None], tuple[Any, _native.Server]] = {}
_lock = threading.Lock()


def server_of(
    array: Any, cmap: str | None = None, tile_size: int = 256, client: str | None = None
) -> _native.Server:
    """The server of an array: one for all requests, for as long as the array lives."""
    key = (id(array), cmap, tile_size, client)
    with _lock:
        known = _servers.get(key)
        if known is not None:
            return known[1]
        images = make_images(array, colormap=cmap)
        page = None if client is None else Path(client).read_text(encoding="utf-8")
        server = _native.Server(images, tile_size=tile_size, client=page, any_host=True)
        # An image keeps its array, so an id is not used again while its server is here.
        _servers[key] = (array, server)
        return server


class _Handler(tornado.web.RequestHandler):
    """Hands a request on to an array's server."""

    _asked: _native.Request | None = None

    def compute_etag(self) -> str | None:
        """None: the answer brings its own."""
        return None

    async def answer(self, server: _native.Server, target: str) -> None:
        """Answer with what ``server`` has at ``target``."""
        query = self.request.query
        asked = self.request.headers
        headers = [(name, value) for name in _ASKED for value in asked.get_list(name)]
        method = self.request.method or "GET"
        found = await _request.ask(
            server,
            method,
            f"{target}?{query}" if query else target,
            headers,
            self.request.body,
            self.request.remote_ip,
        )
        self._asked = found.request
        self.set_status(found.status)
        self.clear_header("Content-Type")
        for name, value in found.headers:
            if name not in _OWN:
                self.set_header(name, value)
        streams = self._headers.get("Content-Type", "").startswith("text/event-stream")
        if not streams:
            body = await found.body()
            # Tornado refuses even an empty body with a status that has none.
            await self.finish(body or None)  # pyright: ignore[reportUnknownMemberType]
            return
        try:
            async for piece in found:
                self.write(piece)  # pyright: ignore[reportUnknownMemberType]
                await self.flush()
        except tornado.iostream.StreamClosedError:
            found.request.cancel()

    def on_connection_close(self) -> None:
        """Call the work off: nobody waits for it."""
        if self._asked is not None:
            self._asked.cancel()
        super().on_connection_close()


class TileHandler(_Handler):
    """Answers with a tile of an array as PNG.

    For the route ``/<z>/<x>/<y>/<s>.png`` of an application, with ``dict(array=array)``:
    ``(r'/([0-9]+)/([0-9]+)/([0-9]+)/([0-9]+).png', TileHandler, dict(array=array))``.
    """

    def initialize(self, array: Any) -> None:
        """Keep the array that is served.

        Parameters
        ----------
        array : numpy.ndarray
            ``(height, width)`` or ``(height, width, channels)``; or whatever ``projectile.show`` takes.

        """
        self.array = array

    async def get(self, z: str, x: str, y: str, s: str) -> None:
        """Answer with one tile.

        Parameters
        ----------
        z, x, y, s : str
            Zoom, column and row of the tile, and its side in pixels, a power of 2.

        """
        await self.answer(server_of(self.array), f"/{z}/{x}/{y}/{s}.png")


class CmapTileHandler(TileHandler):
    """Answers with a tile of a one-channel array through a colormap.

    For the route ``/<z>/<x>/<y>/<s>/<cmap>/<vmin>/<vmax>.png``.
    """

    async def get(self, z: str, x: str, y: str, s: str, cmap: str, vmin: str, vmax: str) -> None:  # type: ignore[override]
        """Answer with one tile.

        Parameters
        ----------
        z, x, y, s : str
            Zoom, column and row of the tile, and its side in pixels, a power of 2.
        cmap : str
            The name of a matplotlib colormap.
        vmin, vmax : str
            The values that get its first and last colours.

        """
        await self.answer(server_of(self.array), f"/{z}/{x}/{y}/{s}/{cmap}/{vmin}/{vmax}.png")


class ClientHandler(tornado.web.RequestHandler):
    """Answers with a page of one's own, a template of Tornado's that gets ``tile_size`` and ``cmap_string``."""

    def initialize(self, client: str, tile_size: int = 256, cmap: str | None = None) -> None:
        """Keep what the page is told.

        Parameters
        ----------
        client : str
            Path to the page.
        tile_size : int, optional
            Pixels a side of a tile that the page asks for.
        cmap : str, optional
            A colormap: the page is told ``/<cmap>/0/255``.

        """
        self.client = client
        self.tile_size = tile_size
        self.cmap = cmap

    def get(self) -> None:
        """Answer with the page."""
        cmap_string = f"/{self.cmap}/0/255" if self.cmap else ""
        self.render(str(Path(self.client).resolve()), tile_size=self.tile_size, cmap_string=cmap_string)


class _EverythingHandler(_Handler):
    """What else the server has: the viewer, descriptions, tiles of every kind."""

    def initialize(self, server: _native.Server) -> None:
        self.server = server

    def check_xsrf_cookie(self) -> None:
        """Nothing: the server looks at where a request comes from."""

    async def get(self) -> None:
        await self.answer(self.server, self.request.path)

    async def post(self) -> None:
        await self.answer(self.server, self.request.path)


def make_app(
    array: Any, cmap: str | None = None, tile_size: int = 256, client: str | None = None, debug: bool = False
) -> tornado.web.Application:
    """Make an application of Tornado's that serves an array, with the viewer or a page of one's own.

    Parameters
    ----------
    array : numpy.ndarray
        ``(height, width)`` or ``(height, width, channels)``; or whatever ``projectile.show`` takes.
    cmap : str, optional
        A matplotlib colormap for one channel.
    tile_size : int, optional
        Pixels a side of a tile that the page asks for, a power of 2.
    client : str, optional
        Path to a page to serve at ``/`` instead of the viewer.
    debug : bool, optional
        Tornado's own debug mode.

    Returns
    -------
    tornado.web.Application

    """
    server = server_of(array, cmap, tile_size)
    size = r"/([0-9]+)/([0-9]+)/([0-9]+)/([0-9]+)"
    handlers: list[Any] = [
        (size + r"\.png", TileHandler, {"array": array}),
        (size + r"/(\w+)/([^/]+)/([^/]+)\.png", CmapTileHandler, {"array": array}),
        (r"/.*", _EverythingHandler, {"server": server}),
    ]
    if client is not None:
        page = {"client": client, "tile_size": tile_size, "cmap": cmap}
        handlers.insert(0, (r"/", ClientHandler, page))
    return tornado.web.Application(handlers, debug=debug)
