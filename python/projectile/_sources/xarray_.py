"""xarray: the names of dimensions become axes, with their coordinates and units."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np

from .._native import Image
from . import blocks, dask_, duck, mapped, numpy_
from .options import Options

_ROWS = ("y", "lat", "latitude", "row", "rows", "north", "northing")
_COLUMNS = ("x", "lon", "longitude", "column", "columns", "col", "east", "easting")
_CHANNELS = ("c", "channel", "channels", "band", "bands", "rgb", "rgba")
#: Names that parameters of a tile's address have.
_TAKEN = frozenset(
    (
        "colormap",
        "vmin",
        "vmax",
        "resampling",
        "c",
        "y",
        "x",
        "quality",
        "effort",
        "bits",
        "background",
        "v",
        "r",
    )
)
#: Coordinates that are listed one by one.
_MOST = 1 << 16

Dimension = tuple[str | None, str | None, list[float] | list[str] | None]


def images(x: Any, options: Options) -> list[Image] | None:
    """The image of a ``DataArray``; of a ``Dataset`` those of its variables of two dimensions or more."""
    xarray = sys.modules.get("xarray")
    if xarray is None:
        return None
    if isinstance(x, xarray.Dataset):
        pictures = [name for name in x.data_vars if x[name].ndim >= 2 and x[name].dtype.kind in "biufc"]
        return [_image(x[name], options.named(str(name))) for name in pictures]
    if isinstance(x, xarray.DataArray):
        return [_image(x, options)]
    return None


def _image(array: Any, options: Options) -> Image:
    names = list(options.axes) if options.axes is not None else axis_names([str(dim) for dim in array.dims])
    units = array.attrs.get("units")
    known: dict[str, Any] = {
        "axes": names,
        "dimensions": [_dimension(array, dim) for dim in array.dims],
        "details": [("units", str(units))] if units else [],
        "name": str(array.attrs.get("long_name") or array.name or "") or None,
    }
    fill = array.encoding.get("_FillValue")
    if fill is not None and array.dtype.kind in "iu":
        known["nodata"] = float(fill)
    if array.chunks is not None:
        return dask_.image(array.data, options, "xarray", **known)
    # What was opened from a file is a promise until it is asked for: `data` would read all of it.
    stored = getattr(array.variable, "_data", None)
    if isinstance(stored, np.ndarray):
        if numpy_.is_usable(array.data):
            name = known.pop("name")
            return Image.from_array(array.data, options.title(name), **options.keywords("xarray", **known))
        return blocks.image(mapped.reader(array.data), array.shape, None, options, "xarray", **known)
    preferred = array.encoding.get("chunksizes") or array.encoding.get("chunks")
    chunks = list(preferred) if preferred and len(preferred) == array.ndim else duck.chunks_of(array.variable)
    reader = _Loaded(array, blocks.sample_dtype(array.dtype))
    return blocks.image(reader, array.shape, chunks, options, "xarray", **known)


class _Loaded(blocks.BlockReader):
    """Blocks of a variable that is read when it is asked for its values."""

    def finish(self, block: Any) -> Any:
        return super().finish(block.values)


def axis_names(dims: list[str]) -> list[str]:
    """The axes that dimensions of these names are.

    ``y`` and ``x`` are those with usual names for them, else the last two that hold no channels.
    """
    roles = [_role(dim) for dim in dims]
    if roles.count("y") != 1 or roles.count("x") != 1:
        roles = ["c" if role == "c" else "" for role in roles]
        plain = [at for at, role in enumerate(roles) if not role]
        if len(plain) < 2:
            roles, plain = [""] * len(dims), list(range(len(dims)))
        if len(plain) < 2:
            raise ValueError(f"an array of dimensions {tuple(dims)} is no picture: it needs rows and columns")
        roles[plain[-2]], roles[plain[-1]] = "y", "x"
    if roles.count("c") > 1:
        roles = ["" if role == "c" else role for role in roles]
    names: list[str] = []
    for dim, role in zip(dims, roles, strict=True):
        name = role or re.sub(r"\W", "_", dim, flags=re.ASCII)
        if not role and (name in _TAKEN or not name[:1].isalpha()):
            name = f"axis_{name}"
        while name in names:
            name += "_"
        names.append(name)
    return names


def _role(dim: str) -> str:
    lower = dim.lower()
    for role, usual in (("y", _ROWS), ("x", _COLUMNS), ("c", _CHANNELS)):
        if lower in usual:
            return role
    return ""


def _dimension(array: Any, dim: Any) -> Dimension:
    coordinate = array.coords.get(dim)
    if coordinate is None or coordinate.ndim != 1:
        return (str(dim), None, None)
    label = str(coordinate.attrs.get("long_name") or dim)
    unit = coordinate.attrs.get("units")
    return (label, str(unit) if unit else None, _coordinates(coordinate.values))


def _coordinates(values: Any) -> list[float] | list[str] | None:
    if len(values) > _MOST:
        return None
    if values.dtype.kind in "biuf":
        return [float(value) for value in values]
    if values.dtype.kind == "M":
        # As short as they are all exact.
        for unit in ("D", "m", "s", "ms", "us"):
            short = values.astype(f"datetime64[{unit}]")
            if bool(np.all(short == values)):
                # Its type depends on that of `short`, which is anything.
                return list(map(str, np.datetime_as_string(short)))  # pyright: ignore
    return [str(value) for value in values]
