"""The widget that a view is in a notebook. Needs anywidget: ``pip install projectile[jupyter]``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ._channel import Channel
from ._view import View

if TYPE_CHECKING:

    class _AnyWidget:
        # What is used of it here: its own methods have no types.
        comm: Any

        def __init__(self, **traits: Any) -> None: ...
        def send(self, content: dict[str, Any], buffers: list[bytes]) -> None: ...
        def on_msg(self, callback: Callable[[Any, Any, Any], None]) -> None: ...
        def close(self) -> None: ...
        def _repr_mimebundle_(self, **keywords: Any) -> tuple[dict[str, Any], dict[str, Any]] | None: ...
else:
    _AnyWidget = anywidget.AnyWidget


class ViewWidget(_AnyWidget):
    """A view in a notebook, in one output. Its frontend, widget.js, finds out how it reaches the server."""

    # Read here, as anywidget watches a file that it is given by its path.
    _esm = (Path(__file__).parent / "widget.js").read_text(encoding="utf-8")

    #: Where the server is, as seen from this machine.
    url = traitlets.Unicode().tag(sync=True)
    port = traitlets.Int().tag(sync=True)
    #: CSS pixels.
    height = traitlets.Int(480).tag(sync=True)

    def __init__(self, view: View, **traits: Any) -> None:
        # Held, so that it lives as long as something shows it.
        self._view = view
        self._channel = Channel(view.server, self.send)
        super().__init__(url=view.url, port=view.server.port, **traits)
        self.on_msg(self._receive)
        if self.comm is not None:
            self.comm.on_close(self._comm_closed)

    def bundle(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """What an output of it consists of, and what is said about that."""
        return self._repr_mimebundle_(include=include, exclude=exclude) or ({}, {})

    def close(self) -> None:
        """End it, with whatever its frames wait for. The view goes on."""
        self._channel.close()
        super().close()

    def _receive(self, _widget: Any, content: Any, buffers: Any) -> None:
        self._channel.receive(content, buffers or ())

    def _comm_closed(self, _message: Any) -> None:
        self._channel.close()
