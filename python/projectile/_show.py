"""``show``: anything in the browser, without blocking."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from typing import Any

from . import _native, _processes, _sources
from ._sources.options import Options, axes_of
from ._view import View


def make_images(
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
) -> list[_native.Image]:
    """Make images of ``x``; the parameters are those of ``show``."""
    if window is not None:
        vmin, vmax = window
        window = (float(vmin), float(vmax))
    options = Options(
        name=name,
        axes=axes_of(axes),
        colormap=colormap,
        window=window,
        resampling=resampling,
        labels=labels,
        nodata=nodata,
        cache_bytes=cache_bytes,
    )
    return _sources.images(x, options)


def show(
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
    host: str = "127.0.0.1",
    port: int = 0,
    allow_hosts: Sequence[str] = (),
    open_browser: bool = False,
) -> View:
    """Show an array, an image or a file in the browser. Never blocks.

    Parameters
    ----------
    x : object
        A numpy array (looked at where it is: nothing is copied), a path, a Pillow image, a torch or jax tensor on the
        CPU, or any lazy array with ``shape``, ``dtype`` and ``[...]``: zarr, h5py, xarray, dask. Lazy arrays are read
        by regions that follow their chunks, only where somebody looks. A list of those, or a dict of them by name, is
        a gallery.
    name : str, optional
        What to call it; a file's own name, or ``array``, if not given.
    axes : str or sequence of str, optional
        A name for each axis, in storage order: ``"tczyx"``, or ``["time", "y", "x"]``. ``y`` and ``x`` are the
        picture's rows and columns, ``c`` its channels, any other is a slider. Guessed from the shape if not given:
        ``(y, x)``, ``(y, x, c)`` with at most 4 channels, else ``(c, y, x)``, ``(c, z, y, x)``, ``(t, c, z, y, x)``.
    colormap : str, optional
        A matplotlib colormap for one channel, e.g. ``"viridis"``; see ``colormaps()``.
    window : tuple of float, optional
        ``(vmin, vmax)``: the values that get the first and last colours. From robust percentiles if not given; the
        whole range of uint8.
    resampling : str, optional
        How pixels are reduced: ``"average"``, ``"max"``, ``"min"``, ``"nearest"``, ``"mode"`` or ``"sum"``.
    labels : bool, optional
        Whether integers are labels, each in a stable colour of its own.
    nodata : float, optional
        The value that stands for no data, and is transparent. NaN always is, and what a masked array masks.
    cache_bytes : int, optional
        Bytes of blocks of a lazy array to keep.
    tile_size : int, optional
        Pixels a side of a tile that the viewer asks for, a power of 2.
    host : str, optional
        The address to listen on. Who can reach it sees the array: leave it at this machine's own, unless the network
        keeps strangers out.
    port : int, optional
        The port; any that is free for 0.
    allow_hosts : sequence of str, optional
        Further names that the server answers to, for tunnels and proxies, e.g. ``["hub.example.org"]``.
    open_browser : bool, optional
        Whether to open a tab.

    Returns
    -------
    View
        Where it is shown. It lives until it is closed or the interpreter ends.

    Raises
    ------
    TypeError
        For what is no array, image or path, or has a dtype that cannot be shown, such as object.
    ValueError
        For arrays that are no picture, and parameters that are none.
    FileNotFoundError
        When there is no such file.
    OSError
        When the port is taken.

    Examples
    --------
    >>> import numpy as np
    >>> import projectile
    >>> with projectile.show(np.arange(12.0).reshape(3, 4)) as view:
    ...     view.state is None  # nobody has opened it yet
    True

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
    server = _native.Server(images, tile_size=tile_size, hosts=list(allow_hosts))
    server.listen(host, port)
    server.listen_to_pages()
    view = View(server, host)
    _processes.keep(view)
    if open_browser:
        webbrowser.open(view.url)
    return view
