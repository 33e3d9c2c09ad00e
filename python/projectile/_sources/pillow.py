"""Pillow: its images, and the files that it opens and Rust does not."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from .._native import Image
from .options import Options

#: Modes whose samples are shown as they are.
_PLAIN = frozenset(("1", "L", "LA", "RGB", "RGBA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"))


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of a Pillow image, as it is now: it is decoded, and palettes become colours."""
    module = sys.modules.get("PIL.Image")
    if module is None or not isinstance(x, module.Image):
        return None
    name = os.path.basename(str(getattr(x, "filename", "") or "")) or None  # noqa: PTH119
    return [_image(x, options, name)]


def open_file(path: str, options: Options) -> list[Image] | None:
    """The image of a file that Pillow opens; ``None`` where Pillow is not installed, or does not know it either."""
    picture = _opened(path)
    return None if picture is None else [_image(picture, options, os.path.basename(path))]  # noqa: PTH119


def fallback(path: Any) -> tuple[npt.NDArray[Any], list[str], str] | None:
    """For the command: the pixels of a file that Pillow opens, their axes, and the name of the format."""
    picture = _opened(os.fsdecode(path))
    if picture is None:
        return None
    pixels = _pixels(picture)
    return pixels, _axes(pixels), _format(picture)


def _opened(path: str) -> Any:
    try:
        import PIL.Image
    except ImportError:
        return None
    try:
        picture = PIL.Image.open(path)
        picture.load()
    except (PIL.UnidentifiedImageError, FileNotFoundError, IsADirectoryError):
        return None
    except PIL.Image.DecompressionBombError as error:
        raise ValueError(f"{path}: {error}") from error
    except (OSError, SyntaxError) as error:
        # Those with a number are the system's, such as of a file that may not be read.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{path}: damaged, says Pillow: {error}") from error
    return picture


def _image(picture: Any, options: Options, name: str | None) -> Image:
    pixels = _pixels(picture)
    known: dict[str, Any] = {"axes": _axes(pixels), "photometric": "picture"}
    frames = int(getattr(picture, "n_frames", 1))
    if frames > 1:
        known["details"] = [("frames", f"{frames}, the first is shown")]
    return Image.from_array(pixels, options.title(name), **options.keywords(_format(picture), **known))


def _format(picture: Any) -> str:
    return f"{picture.format} (Pillow)" if picture.format else "Pillow"


def _pixels(picture: Any) -> npt.NDArray[Any]:
    mode = str(picture.mode)
    if mode not in _PLAIN:
        see_through = mode in ("PA", "La", "RGBa") or "transparency" in picture.info
        target = "LA" if mode == "La" else "RGBA" if see_through else "RGB"
        picture = picture.convert(target)
    pixels = np.asarray(picture)
    return pixels if pixels.dtype.isnative else pixels.astype(pixels.dtype.newbyteorder("="))


def _axes(pixels: npt.NDArray[Any]) -> list[str]:
    return ["y", "x", "c"][: pixels.ndim]
