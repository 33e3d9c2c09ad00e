"""How a view shows itself in a notebook."""

from __future__ import annotations

import html
from typing import Any

from ._view import View

#: Height in a notebook, in CSS pixels.
_HEIGHT = 480


def mimebundle(view: View, include: Any = None, exclude: Any = None) -> Any:
    """What an output of ``view`` consists of, by media type.

    With anywidget it is a widget, which finds its own way to the server; each output has one of its own. Else
    it is a frame, for which the server's address has to work.
    """
    text = repr(view)
    if view.closed:
        return {"text/plain": text}
    try:
        from ._widget import ViewWidget
    except ModuleNotFoundError as error:
        # Anything but that it is not installed is to be seen.
        if error.name is None or error.name.partition(".")[0] not in ("anywidget", "traitlets"):
            raise
        return {"text/html": _frame(view.url), "text/plain": text}
    data, metadata = ViewWidget(view, height=_HEIGHT).bundle(include, exclude)
    return {**data, "text/plain": text}, metadata


def _frame(url: str) -> str:
    address = html.escape(url, quote=True)
    return (
        f'<iframe src="{address}" title="projectile" width="100%" height="{_HEIGHT}" style="border: 0" '
        f'allow="fullscreen; clipboard-write"></iframe>'
        f'<div><a href="{address}" target="_blank" rel="noopener">open in a tab</a></div>'
    )
