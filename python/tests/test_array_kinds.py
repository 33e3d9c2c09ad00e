"""Arrays of every kind, all combinations of them, and arrays that change while they are served: numpy's own pixels."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import dask.array
import numpy as np
import pytest
import xarray
from asking import check, describe, get, raw, whole

SHAPE = (90, 70)
CODES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


def unaligned(array: np.ndarray) -> np.ndarray:
    """The same array one byte off."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    odd = np.ndarray(array.shape, array.dtype, memory.data, 1)
    odd[...] = array
    return odd


def in_structure(array: np.ndarray) -> np.ndarray:
    """The same array as a field of structures."""
    structures = np.zeros(array.shape, [("before", "u1"), ("it", array.dtype), ("after", "u2")])
    structures["it"] = array
    return structures["it"]


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS = {
    "C order": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "a part": lambda a: a[3:-5, 2:-1],
    "steps": lambda a: a[::3, 1::2],
    "rows backwards": lambda a: a[::-1],
    "columns backwards": lambda a: a[:, ::-1],
    "all backwards, in steps": lambda a: a[::-2, ::-3],
    "transposed": lambda a: a.T,
    "one row": lambda a: np.broadcast_to(a[5], a.shape),
    "one column": lambda a: np.broadcast_to(a[:, 5:6], a.shape),
    "one value": lambda a: np.broadcast_to(a[0, 3], a.shape),
    "unaligned": unaligned,
    "a field": in_structure,
    "read-only": read_only,
}

#: What wraps an array; what is shown of it is the array.
WRAPPERS = {
    "numpy": lambda a: a,
    "numpy.ma": np.ma.array,
    "xarray": lambda a: xarray.DataArray(a, dims=("y", "x")),
    "dask": lambda a: dask.array.from_array(a, chunks=(64, 50)),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_every_dtype_in_every_order_and_layout(
    show: Callable, random: Callable, figure: Callable[..., None], wrapper: str
) -> None:
    equal, kinds = 0, list(itertools.product(CODES, "<>", LAYOUTS))
    wrong = []
    for code, order in itertools.product(CODES, "<>"):
        arrays = {
            name: layout(random(np.dtype(code).newbyteorder(order), SHAPE))
            for name, layout in LAYOUTS.items()
        }
        view = show({name: WRAPPERS[wrapper](array) for name, array in arrays.items()}, window=(0, 1))
        for at, (name, array) in enumerate(arrays.items()):
            found = whole(view, at, 16 if min(array.shape) < 64 else 64)
            as_shown = array.astype(array.dtype.newbyteorder("="))
            if wrapper == "numpy.ma":
                as_shown = as_shown.astype(found.dtype)  # which has room for a mask
            if found.dtype == as_shown.dtype and np.array_equal(found, as_shown, equal_nan=code[0] in "fc"):
                equal += 1
            else:
                wrong.append((code, order, name))
        view.close()
    figure(
        "R52",
        f"{wrapper}: {len(CODES)} dtypes × 2 byte orders × {len(LAYOUTS)} layouts",
        "pixels equal numpy's",
        equal=equal,
        of=len(kinds),
    )
    assert not wrong
    assert equal == len(kinds)


@pytest.mark.parametrize("code", ["u1", "u2", "f4", "f8", ">u2"])
def test_an_array_that_changes_while_it_is_served(
    show: Callable, full: bool, figure: Callable[..., None], code: str
) -> None:
    """What a tile shows was there before or after, sample by sample, and no change is lost by a refresh."""
    low, high = 3, 200
    array = np.full((512, 512), low, code)
    view = show(array, window=(0, 255), colormap="gray")
    zoom, done = describe(view)["max_zoom"] - 6, threading.Event()
    changes, asked, odd = 0, 0, []

    def change() -> None:
        nonlocal changes
        while not done.is_set():
            array[...] = high if changes % 2 == 0 else low
            view.refresh()
            changes += 1

    def ask(number: int) -> None:
        nonlocal asked
        for at in range(1000 if full else 40):
            x, y = (at + number) % 8, at // 8 % 8
            samples = raw(view, zoom, x, y, 64, r=at)
            if not np.isin(samples, (low, high)).all():
                odd.append(samples)
            reduced = raw(view, 0, 0, 0, 64, r=at)
            if not ((reduced >= low) & (reduced <= high)).all():
                odd.append(reduced)
            assert get(view, f"{zoom}/{x}/{y}/64.png", 0, r=at).status == 200
            asked += 3

    with ThreadPoolExecutor(4) as pool:
        changing = threading.Thread(target=change)
        changing.start()
        try:
            list(pool.map(ask, range(4)))
        finally:
            done.set()
            changing.join()
    figure(
        "R52",
        f"an array of {code} that changes while it is served",
        "every sample is of before or after",
        changes=changes,
        tiles=asked,
        odd=len(odd),
    )
    assert changes > 10
    assert not odd, odd[0]
    array[...] = np.arange(array.size).reshape(array.shape) % 251
    view.refresh()
    check(view, array, r=10_000)


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (np.array([[object(), 1], [None, "a"]]), "object"),
        (np.array([["a", "bc"]]), "<U2"),
        (np.array([[b"a", b"bc"]]), r"\|S2"),
        (np.array([["a"]]).astype(np.dtypes.StringDType()), "StringDType"),
        (np.zeros((2, 2), "M8[s]"), r"datetime64\[s\]"),
        (np.zeros((2, 2), [("a", "f4"), ("b", "O")]), "object|O"),
    ],
)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_what_is_no_number_is_refused_by_name(
    show: Callable, array: np.ndarray, name: str, wrapper: str
) -> None:
    if wrapper == "numpy.ma" and "StringDType" in name:
        wrapper = "numpy"  # it has no masked arrays
    with pytest.raises(TypeError, match=name):
        show(WRAPPERS[wrapper](array))
