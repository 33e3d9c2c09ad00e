"""Serve an array from Python, to be measured: `serve_python.py run|tornado ARRAY.npy` prints its address."""

from __future__ import annotations

import asyncio
import sys

import numpy as np


async def tornado(array: np.ndarray) -> None:
    """Serve by the handler that applications of Tornado's put into their own."""
    from projectile.server import TileHandler
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets
    from tornado.web import Application

    route = (r"/([0-9]+)/([0-9]+)/([0-9]+)/([0-9]+).png", TileHandler, {"array": array})
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(Application([route])).add_sockets(sockets)
    print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    how, path = sys.argv[1:]
    if how == "tornado":
        asyncio.run(tornado(np.load(path)))
    else:
        from projectile.server import run

        run(np.load(path), port=0)
