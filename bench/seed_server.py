"""The original's way of making tiles, re-stated to be measured beside ours: `seed_server.py ARRAY.npy`.

Every tile is computed afresh from full resolution by slicing, max-pooled where it is zoomed out, padded with
ones at the edge, coloured by matplotlib where a colormap is asked for, and written by Pillow's PNG encoder
with its defaults. One Tornado process serves it. This is no copy of the original: it re-states the algorithm,
its costs included, from its description.
"""

from __future__ import annotations

import asyncio
import io
import sys

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize
from PIL import Image
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler


def cut(array: np.ndarray, z: int, x: int, y: int, s: int) -> np.ndarray:
    """Make the s × s pixels of a tile."""
    deepest = int(np.ceil(np.log2(max(array.shape[:2]))))
    size = 2 ** (deepest - z)
    tile = array[y * size : (y + 1) * size, x * size : (x + 1) * size]
    missing = [(0, size - tile.shape[0]), (0, size - tile.shape[1])] + [(0, 0)] * (array.ndim - 2)
    if any(after for _, after in missing):
        tile = np.pad(tile, missing, constant_values=1)
    if size > s:
        f = size // s
        return tile.reshape(s, f, s, f, *array.shape[2:]).max(axis=(1, 3))
    return tile.repeat(s // size, 0).repeat(s // size, 1)


def png(pixels: np.ndarray) -> bytes:
    """Write a PNG as Pillow does by itself."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class TileHandler(RequestHandler):
    """A tile as it is."""

    def initialize(self, array: np.ndarray) -> None:
        """Keep the array."""
        self.array = array

    def get(self, *numbers: str) -> None:
        """Answer one request."""
        self.answer(png(cut(self.array, *map(int, numbers))))

    def answer(self, body: bytes) -> None:
        """Send a PNG."""
        self.set_header("Content-Type", "image/png")
        self.write(body)


class CmapTileHandler(TileHandler):
    """A tile through a colormap."""

    def get(self, *parts: str) -> None:
        """Answer one request."""
        *numbers, cmap, vmin, vmax = parts
        values = Normalize(float(vmin), float(vmax))(cut(self.array, *map(int, numbers)))
        self.answer(png(mpl.colormaps[cmap](values, bytes=True)))


async def main() -> None:
    """Serve until ended, the address on standard output."""
    array = np.load(sys.argv[1])
    place = r"/([0-9]+)/([0-9]+)/([0-9]+)/([0-9]+)"
    routes = [
        (place + r"\.png", TileHandler, {"array": array}),
        (place + r"/(\w+)/([^/]+)/([^/]+)\.png", CmapTileHandler, {"array": array}),
    ]
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(Application(routes)).add_sockets(sockets)
    print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
