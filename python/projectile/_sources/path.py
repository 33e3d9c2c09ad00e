"""Files by their path, and what lies elsewhere by its address."""

from __future__ import annotations

import os
import re
from typing import Any, cast

from .. import _native
from .._native import Image
from . import pillow
from .options import Options

#: As Rust tells addresses from paths: one letter is a drive.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def images(x: Any, options: Options) -> list[Image] | None:
    """The images of a file: by Rust, or by Pillow where Rust cannot read it; or of an address such as ``https://…``.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    OSError
        When a server does not give it.
    ValueError
        When the file is damaged.
    UnsupportedError
        When nobody here knows its format; a ``ValueError``.

    """
    if not isinstance(x, (str, bytes, os.PathLike)):
        return None
    path = os.path.expanduser(os.fsdecode(cast("str | bytes | os.PathLike[str]", x)))  # noqa: PTH111
    try:
        return _native.open(path, options.name, **options.keywords(""))
    except ValueError as error:
        if _ADDRESS.match(path):
            # Pillow knows files alone.
            raise
        # Unknown, or of a variant that Rust takes for damage: Pillow's opinion is asked for.
        try:
            found = pillow.open_file(path, options)
        except ValueError:
            raise error from None
        if found is None:
            raise
        return found
