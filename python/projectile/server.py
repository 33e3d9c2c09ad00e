"""The original's API: ``run``, ``make_app`` and handlers for Tornado.

``run`` needs nothing but this package; ``make_app`` and the handlers need Tornado (``pip install
projectile[tornado]``).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _native, _processes
from ._show import make_images
from ._view import View

if TYPE_CHECKING:
    from ._tornado import ClientHandler, CmapTileHandler, TileHandler, make_app

__all__ = ["ClientHandler", "CmapTileHandler", "TileHandler", "make_app", "run"]


def run(
    array: Any,
    cmap: str | None = None,
    tile_size: int = 256,
    client: str | None = None,
    port: int = 8000,
    debug: bool = False,
) -> None:
    """Serve an array until Ctrl-C.

    Parameters
    ----------
    array : numpy.ndarray
        The array, ``(height, width)`` or ``(height, width, channels)``; or whatever ``projectile.show`` takes.
    cmap : str, optional
        A matplotlib colormap for one channel.
    tile_size : int, optional
        Pixels a side of a tile that the page asks for, a power of 2.
    client : str, optional
        Path to a page of HTML to serve at ``/`` instead of the viewer; ``{{ tile_size }}`` and ``{{ cmap_string }}``
        in it are filled in.
    port : int, optional
        The port; any that is free for 0.
    debug : bool, optional
        Whether to log what happens.

    Raises
    ------
    OSError
        When the port is taken.
    FileNotFoundError
        When ``client`` is not there.

    """
    if debug:
        logging.basicConfig(level=logging.DEBUG)
    page = None if client is None else Path(client).read_text(encoding="utf-8")
    images = make_images(array, colormap=cmap)
    server = _native.Server(images, tile_size=tile_size, client=page)
    server.listen("127.0.0.1", port)
    view = View(server, "127.0.0.1")
    _processes.keep(view)
    try:
        print(view.url, flush=True)
        view.wait()
    except KeyboardInterrupt:
        # It came before the waiting began.
        pass
    finally:
        view.close()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from . import _tornado
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"projectile.server.{name} needs Tornado: pip install projectile[tornado]"
        ) from error
    return getattr(_tornado, name)
