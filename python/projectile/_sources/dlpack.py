"""Tensors of torch, jax and others, through DLPack."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._native import Image
from . import numpy_
from .options import Options


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of a tensor in the machine's own memory, which is looked at where it is.

    Raises
    ------
    TypeError
        For a tensor on another device, or of a dtype that numpy does not have.

    """
    if not (hasattr(x, "__dlpack__") and hasattr(x, "__dlpack_device__")):
        return None
    kind = type(x).__module__.partition(".")[0]
    # A tensor that remembers how it was computed gives its memory only when asked to forget.
    tensor = x.detach() if getattr(x, "requires_grad", False) else x
    try:
        array = np.from_dlpack(tensor)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise TypeError(
            f"the {kind} array cannot be looked at where it is ({error}): "
            "move it to the CPU and to a dtype of numpy's first, e.g. x.cpu().float()"
        ) from error
    return numpy_.images(array, options)
