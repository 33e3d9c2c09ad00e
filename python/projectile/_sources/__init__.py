"""What can be shown: one module a kind of thing, each a function that makes images of it or says that it is another's.

To add one: write a module here with a function ``images(x, options)`` that returns ``None`` for what is not its own,
and add it to ``ADAPTERS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from .._native import Image
from . import dask_, dlpack, duck, hdf5, masked, numpy_, path, pillow, xarray_, zarr_
from .options import Options

__all__ = ["ADAPTERS", "Options", "images"]

Adapter = Callable[[Any, Options], "list[Image] | None"]

#: Every kind, in the order in which they are asked: what wraps others before what it wraps.
ADAPTERS: tuple[Adapter, ...] = (
    path.images,
    pillow.images,
    xarray_.images,
    dask_.images,
    zarr_.images,
    hdf5.images,
    masked.images,
    numpy_.images,
    dlpack.images,
    duck.images,
)


def images(x: Any, options: Options) -> list[Image]:
    """Make the images of ``x``: of one thing, of each of a list, or of each value of a dict, named by its keys.

    Parameters
    ----------
    x : object
        What to show.
    options : Options
        How.

    Returns
    -------
    list of Image
        At least one.

    Raises
    ------
    TypeError
        For what cannot be shown.

    """
    # First: an HDF5 file or a Dataset is a mapping too, and knows better what of it is a picture.
    found = _known(x, options)
    if found is None:
        if isinstance(x, Mapping):
            named = cast("Mapping[Any, Any]", x)
            found = _gallery([(str(name), value) for name, value in named.items()], options)
        elif not isinstance(x, (list, tuple)):
            raise _unknown(x)
        elif _is_nested_numbers(x):
            found = _one(numpy_.as_array(x), options)
        else:
            found = _gallery([(None, value) for value in cast("list[Any] | tuple[Any, ...]", x)], options)
    if not found:
        raise ValueError("there is nothing in it to show: no array of two dimensions or more")
    return found


def _known(x: Any, options: Options) -> list[Image] | None:
    for adapter in ADAPTERS:
        found = adapter(x, options)
        if found is not None:
            return found
    return None


def _one(x: Any, options: Options) -> list[Image]:
    found = _known(x, options)
    if found is None:
        raise _unknown(x)
    return found


def _unknown(x: Any) -> TypeError:
    return TypeError(
        f"cannot show a {type(x).__module__}.{type(x).__qualname__}: it is no array (with shape, dtype and [...]), "
        "image, path, or list or dict of those"
    )


def _gallery(things: list[tuple[str | None, Any]], options: Options) -> list[Image]:
    if not things:
        raise ValueError("there is nothing to show in an empty list or dict")
    found: list[Image] = []
    for number, (name, thing) in enumerate(things):
        own = options.named(name) if name is not None else options.numbered(number)
        found.extend(_one(thing, own))
    return found


def _is_nested_numbers(x: Any) -> bool:
    """Tell ``[[1, 2], [3, 4]]``, which is an array, from a list of arrays."""
    if isinstance(x, (list, tuple)):
        elements = cast("list[Any] | tuple[Any, ...]", x)
        return bool(elements) and all(_is_nested_numbers(element) for element in elements)
    return isinstance(x, (int, float, complex))
