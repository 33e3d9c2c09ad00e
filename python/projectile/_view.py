"""``View``: something that is shown, from Python's side."""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Sequence
from types import EllipsisType, TracebackType
from typing import Any, TypedDict, cast

from . import _native, _processes

#: Seconds that a browser has to send a picture of itself.
_PATIENCE = 10.0


class ViewState(TypedDict):
    """Where a browser is, and how it shows what it shows."""

    #: The name of the image in the gallery.
    image: str
    #: The middle of the view, ``(x, y)`` in pixels of the image: x to the right, y down.
    center: tuple[float, float]
    #: log2 of screen pixels per pixel of the image.
    zoom: float
    #: ``(width, height)`` of the view, in CSS pixels.
    size: tuple[float, float]
    #: ``(vmin, vmax)``, where there is one window for all channels.
    window: tuple[float, float] | None
    #: The colormap, where there is one.
    colormap: str | None
    #: How pixels are reduced.
    resampling: str | None
    #: The channels that are shown, where there is a choice.
    channels: list[int] | None
    #: The index along each axis that has a slider.
    axes: dict[str, int]


class View:
    """Something that is shown in the browser; ``projectile.show`` makes it.

    It is a context manager, which closes it at the end, and shows itself in a notebook.
    """

    def __init__(self, server: _native.Server, host: str) -> None:
        self._server = server
        self._host = f"[{host}]" if ":" in host else "127.0.0.1" if host in ("0.0.0.0", "localhost") else host  # noqa: S104
        self._port = server.port
        self._descriptor = server.fileno()
        self._closed = threading.Event()

    @property
    def url(self) -> str:
        """Where to look at it: the address of the viewer."""
        return f"http://{self._host}:{self._port}/"

    @property
    def images(self) -> list[str]:
        """The ids of the images: what addresses call them."""
        return self._server.ids

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._closed.is_set()

    def fileno(self) -> int:
        """The socket that it listens on.

        Returns
        -------
        int
            Its file descriptor; -1 once it is closed, and where there are none.
        """
        return -1 if self.closed else self._descriptor

    def __repr__(self) -> str:
        images = ", ".join(self.images)
        return f"<View {self.url} ({images}){' closed' if self.closed else ''}>"

    def close(self) -> None:
        """End it: browsers are told, and the port is free. Closing again does nothing."""
        _processes.forget(self)
        self._server.close()
        self._closed.set()

    def __enter__(self) -> View:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self) -> None:
        """Block until it is closed, or until Ctrl-C, which closes it: for the end of a script."""
        try:
            # In short waits, as some systems deliver no signal to a thread that waits for ever.
            while not self._closed.wait(0.5):
                pass
        except KeyboardInterrupt:
            self.close()

    def refresh(self, region: Any = None, *, image: int | str = 0) -> None:
        """Tell that the array changed in place: every browser fetches the tiles that show what changed, no others.

        Parameters
        ----------
        region : index, optional
            What changed, as one would index the array: a slice or an int for each axis, in storage order, perhaps with
            ``...``; everything if not given. ``array[region] = values; view.refresh(region)``.
        image : int or str, optional
            Which image of a gallery, by its place or its id.

        Raises
        ------
        IndexError
            For a region that is outside the array, or has more axes than it.
        RuntimeError
            When the view is closed.

        """
        shown, image_id = self._image(image)
        ranges = _ranges(region, shown.shape)
        if any(start >= stop for start, stop in ranges):
            return
        along = dict(zip(shown.axes, ranges, strict=True))
        rows, columns = along.pop("y"), along.pop("x")
        along.pop("c", None)
        sizes = dict(zip(shown.axes, shown.shape, strict=True))
        partly = [(axis, reach) for axis, reach in along.items() if reach != (0, sizes[axis])]
        self._server.refresh(image_id, rows, columns, partly)

    def set(
        self,
        *,
        window: tuple[float, float] | str | EllipsisType | None = ...,
        colormap: str | EllipsisType | None = ...,
        resampling: str | EllipsisType | None = ...,
        channels: Sequence[int] | EllipsisType | None = ...,
        center: tuple[float, float] | EllipsisType = ...,
        zoom: float | EllipsisType = ...,
        image: int | str = 0,
        **axes: int,
    ) -> None:
        """Have every browser show it so, and those that come later.

        Parameters
        ----------
        window : tuple of float, ``"auto"`` or None, optional
            ``(vmin, vmax)``; ``"auto"`` finds it in the values as they are now; ``None`` is the image's own.
        colormap, resampling : str or None, optional
            As in ``show``; ``None`` is the image's own.
        channels : sequence of int or None, optional
            Those to show.
        center : tuple of float, optional
            ``(x, y)`` in pixels of the image.
        zoom : float, optional
            log2 of screen pixels per pixel of the image: 0 is one to one.
        image : int or str, optional
            Which image of a gallery, by its place or its id.
        **axes : int
            The index along an axis, e.g. ``t=3``; negative ones count from the end.

        Raises
        ------
        ValueError
            For a colormap, a resampling, an axis or a window that is none.
        IndexError
            For an index or a channel that is outside its axis.

        """
        shown, image_id = self._image(image)
        fields: dict[str, Any] = {}
        if window is not ...:
            fields["window"] = _window(shown, window)
        if colormap is not ...:
            if colormap is not None and colormap not in _native.colormaps():
                raise ValueError(f"no colormap {colormap!r}: see projectile.colormaps()")
            fields["colormap"] = colormap
        if resampling is not ...:
            if resampling is not None and resampling not in _native.resamplings():
                raise ValueError(f"no resampling {resampling!r}: {', '.join(_native.resamplings())}")
            fields["resampling"] = resampling
        sizes = dict(zip(shown.axes, shown.shape, strict=True))
        if channels is not ...:
            fields["channels"] = (
                None if channels is None else [_index(c, sizes.get("c", 1), "c") for c in channels]
            )
        if center is not ...:
            x, y = center
            fields["center"] = [_finite(x, "center"), _finite(y, "center")]
        if zoom is not ...:
            fields["zoom"] = _finite(zoom, "zoom")
        if axes:
            sliders = [axis for axis in shown.axes if axis not in ("y", "x", "c")]
            for axis in axes:
                if axis not in sliders:
                    raise ValueError(
                        f"no axis {axis!r}: the image has {', '.join(sliders) or 'none with a slider'}"
                    )
            fields["axes"] = {axis: _index(index, sizes[axis], axis) for axis, index in axes.items()}
        if fields:
            self._server.set(image_id, json.dumps(fields))

    @property
    def state(self) -> ViewState | None:
        """Where the browser is that moved last, and how it shows what it shows; ``None`` before one has opened it."""
        told = self._told()
        if told is None:
            return None
        window = told["window"]
        return ViewState(
            image=told["image"],
            center=(told["center"][0], told["center"][1]),
            zoom=told["zoom"],
            size=(told["size"][0], told["size"][1]),
            window=None if window is None else (window[0], window[1]),
            colormap=told["colormap"],
            resampling=told["resampling"],
            channels=told["channels"],
            axes=told["axes"],
        )

    @property
    def selection(self) -> tuple[slice | int, ...] | None:
        """The box drawn in the browser, as an index of the array: ``array[view.selection]``; ``None`` without one.

        Rows, columns and channels are slices, every other axis is the index at its slider.
        """
        told = self._told()
        box = told and told["selection"]
        if not told or not box:
            return None
        shown, _ = self._image(told["image"])
        index: list[slice | int] = []
        for axis in shown.axes:
            if axis == "y":
                index.append(slice(box["y"], box["y"] + box["height"]))
            elif axis == "x":
                index.append(slice(box["x"], box["x"] + box["width"]))
            elif axis == "c":
                index.append(slice(None))
            else:
                index.append(told["axes"].get(axis, 0))
        return tuple(index)

    def screenshot(self, path: str | os.PathLike[str] | None = None, *, timeout: float = _PATIENCE) -> bytes:
        """Take a picture: of what the browser shows that moved last, else of the whole image.

        Parameters
        ----------
        path : path, optional
            Where to write it.
        timeout : float, optional
            Seconds that the browser has to answer.

        Returns
        -------
        bytes
            A PNG.

        """
        png = self._server.screenshot(timeout) if self._server.pages() else None
        if png is None:
            shown, _ = self._image(0)
            png = shown.tile(0, 0, 0, 1024, "png")
        if path is not None:
            with open(path, "wb") as file:  # noqa: PTH123
                file.write(png)
        return png

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        from . import _notebook

        return _notebook.mimebundle(self, include, exclude)

    @property
    def server(self) -> _native.Server:
        """The server behind it, for what is built on top."""
        return self._server

    def _told(self) -> dict[str, Any] | None:
        told = self._server.state()
        return None if told is None else json.loads(told)

    def _image(self, image: int | str) -> tuple[_native.Image, str]:
        ids = self._server.ids
        try:
            place = ids.index(image) if isinstance(image, str) else range(len(ids))[image]
        except (ValueError, IndexError):
            raise IndexError(f"no image {image!r}: there are {', '.join(ids)}") from None
        shown = self._server.image(place)
        if shown is None:
            raise IndexError(f"no image {image!r}")
        return shown, ids[place]


def _finite(value: float, name: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}: a finite number is needed")
    return number


def _window(shown: _native.Image, window: tuple[float, float] | str | None) -> list[float] | None:
    if window is None:
        return None
    if isinstance(window, str):
        if window != "auto":
            raise ValueError(f"window {window!r}: (vmin, vmax), 'auto' or None")
        return list(shown.auto_window())
    vmin, vmax = window
    return [_finite(vmin, "window"), _finite(vmax, "window")]


def _index(index: int, size: int, axis: str) -> int:
    try:
        return range(size)[index]
    except IndexError:
        raise IndexError(f"index {index} is outside axis {axis} of {size}") from None


def _ranges(region: Any, shape: Sequence[int]) -> list[tuple[int, int]]:
    """The half-open range of each axis that an index touches."""
    if region is None:
        return [(0, size) for size in shape]
    parts: list[Any] = list(cast("tuple[Any, ...]", region)) if isinstance(region, tuple) else [region]
    places = [at for at, part in enumerate(parts) if part is Ellipsis]
    if len(places) > 1 or len(parts) - len(places) > len(shape):
        raise IndexError(f"a region of {len(parts)} axes of an array that has {len(shape)}")
    at = places[0] if places else len(parts)
    filled = [slice(None)] * (len(shape) - (len(parts) - len(places)))
    parts = parts[:at] + filled + parts[at + len(places) :]
    ranges: list[tuple[int, int]] = []
    for axis, (part, size) in enumerate(zip(parts, shape, strict=True)):
        if isinstance(part, slice):
            touched = range(size)[part]
            ends = sorted((touched[0], touched[-1])) if touched else [0, -1]
            ranges.append((ends[0], ends[1] + 1))
        else:
            try:
                index = _index(part.__index__(), size, str(axis))
            except AttributeError:
                raise TypeError(
                    f"a region is made of slices and ints, not of {type(part).__name__}"
                ) from None
            ranges.append((index, index + 1))
    return ranges
