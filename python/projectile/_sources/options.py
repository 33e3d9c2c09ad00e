"""How a thing is to be shown, and what is known of it, on the way to an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Options:
    """What the person asked for; ``None`` leaves it to the data."""

    name: str | None = None
    axes: tuple[str, ...] | None = None
    colormap: str | None = None
    window: tuple[float, float] | None = None
    resampling: str | None = None
    labels: bool = False
    nodata: float | None = None
    cache_bytes: int = 256 << 20

    def named(self, name: str) -> Options:
        """The same under another name."""
        return replace(self, name=name)

    def numbered(self, number: int) -> Options:
        """The same for the thing of that number in a list."""
        return replace(self, name=f"{self.name or 'array'} {number}")

    def title(self, own: str | None = None) -> str:
        """What to call the image: as asked, as the thing calls itself, or ``array``."""
        return self.name or own or "array"

    def keywords(self, source_format: str, **known: Any) -> dict[str, Any]:
        """Keywords of ``Image``'s constructors. What the person asked for goes before what is ``known``."""
        keywords: dict[str, Any] = {
            "format": source_format,
            "axes": list(self.axes) if self.axes is not None else None,
            "colormap": self.colormap,
            "window": self.window,
            "resampling": self.resampling,
            "nodata": self.nodata,
            "photometric": "labels" if self.labels else None,
        }
        for name, value in known.items():
            if keywords.get(name) is None:
                keywords[name] = value
        return {name: value for name, value in keywords.items() if value is not None}


def axes_of(axes: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """``"tyx"`` or ``["time", "y", "x"]`` as a tuple of names.

    Raises
    ------
    TypeError
        For what is neither a string nor a sequence of strings.

    """
    if axes is None:
        return None
    names = tuple(axes)
    if not all(isinstance(name, str) for name in names):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("axes are a string such as 'tyx', or a list of names such as ['time', 'y', 'x']")
    return names
