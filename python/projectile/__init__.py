"""Any image or array in the browser, at once.

``show`` shows an array, an image or a file in a viewer in the browser, with no pre-tiling, no conversion and no
server to set up; it never blocks. ``run`` does the same and blocks, as a script wants it. ``asgi`` is an application
to mount in FastAPI or Starlette, ``projectile.server`` has handlers for Tornado.

Examples
--------
>>> import numpy as np
>>> import projectile
>>> view = projectile.show(np.random.default_rng(0).random((4096, 4096)), colormap="viridis")
>>> view.url  # doctest: +ELLIPSIS
'http://127.0.0.1:.../'
>>> view.close()

"""

from __future__ import annotations

from ._asgi import asgi
from ._native import UnsupportedError, __version__, colormaps
from ._show import show
from ._view import View, ViewState
from .server import run

__all__ = ["UnsupportedError", "View", "ViewState", "__version__", "asgi", "colormaps", "run", "show"]
