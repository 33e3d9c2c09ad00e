"""NPY files: every dtype, odd shapes, extreme values, code where data should be, and headers that lie."""

from __future__ import annotations

import io
import os
import pickle
import struct
from typing import TYPE_CHECKING

import numpy as np

from hostile.case import Case, Expect, Sparse

if TYPE_CHECKING:
    from collections.abc import Iterator

DTYPES = ["|b1", "|u1", "|i1"] + [
    order + kind
    for kind in ("u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16")
    for order in "<>"
]
SHAPES: list[tuple[int, ...]] = [
    (),
    (1,),
    (7,),
    (0,),
    (0, 5),
    (5, 0),
    (0, 0, 3),
    (5, 7, 0),
    (1, 1),
    (1, 100000),
    (100000, 1),
    (2, 3, 4, 5),
    (2, 3, 4, 5, 3),
    (1,) * 32,
    (256, 256, 1),
    (3, 256, 256),
    (256, 256, 4),
    (256, 256, 5),
]
ENTRIES = "'descr': '|u1', 'fortran_order': False, 'shape': (4, 4)"
SIXTEEN = b"\7" * 16


class RunsWhenUnpickled:
    """An object whose pickle runs a command that makes the canary."""

    def __init__(self, canary: str) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.canary}",)


def poisoned(canary: str) -> bytes:
    """Pickle an array of one object that runs a command."""
    return pickle.dumps(np.array([RunsWhenUnpickled(canary)], dtype=object))


def encode(
    header: str | bytes,
    samples: bytes = b"",
    version: tuple[int, int] = (1, 0),
    *,
    padded: bool = True,
    length: int | None = None,
    encoding: str = "latin1",
) -> bytes:
    """Write an NPY of any header, which may state another length than it has."""
    text = header if isinstance(header, bytes) else header.encode(encoding)
    short = version[0] == 1
    if padded:
        text += b" " * (-(8 + (2 if short else 4) + len(text) + 1) % 64) + b"\n"
    stated = len(text) if length is None else length
    prefix = struct.pack("<H", stated & 0xFFFF) if short else struct.pack("<I", stated)
    return b"\x93NUMPY" + bytes(version) + prefix + text + samples


def header(descr: str, shape: tuple[int, ...]) -> str:
    """Write a header as numpy does."""
    quoted = descr if descr.startswith("[") else repr(descr)
    return f"{{'descr': {quoted}, 'fortran_order': False, 'shape': {shape}, }}"


def saved(array: np.ndarray) -> bytes:
    """Save an array as numpy does."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


GOOD = encode(f"{{{ENTRIES}, }}", SIXTEEN)


def cases(canary: str) -> Iterator[Case]:
    """Make the cases."""
    yield from valid_arrays()
    yield from odd_shapes()
    yield from extreme_values()
    yield from code(canary)
    yield from dtypes()
    yield from shapes()
    yield from headers()
    yield from lengths()


def valid_arrays() -> Iterator[Case]:
    """Every dtype in both orders."""
    random = np.random.default_rng(1)
    for dtype in DTYPES:
        for order in "CF":
            array = np.asarray((random.random((37, 53, 3)) * 200).astype(dtype), order=order)  # type: ignore[call-overload]
            endian = "be" if dtype[0] == ">" else "le"
            expect: Expect = "either" if "c" in dtype else "open"
            path = f"npy/ok_{dtype[1:]}_{endian}_{order}.npy"
            yield Case(path, saved(array), expect, "valid array", (37, 53, 3), dtype)


def odd_shapes() -> Iterator[Case]:
    """No dimension, one, many, and of no length."""
    for shape in SHAPES:
        name = "x".join(map(str, shape))[:60] or "scalar"
        expect: Expect = "either" if 0 in shape or len(shape) in (0, 1) or len(shape) > 5 else "open"
        yield Case(f"npy/shape_{name}.npy", saved(np.zeros(shape, "u1")), expect, "odd shape", shape)


def extreme_values() -> Iterator[Case]:
    """Values whose range cannot be computed with plainly."""
    infinite = np.array([[np.nan, np.inf], [-np.inf, 0]], "f8")
    signed = np.array([np.iinfo("i8").min, np.iinfo("i8").max])
    for name, array, why in [
        ("all_nan", np.full((64, 64), np.nan, "f4"), "all NaN: range must not be NaN; tiles still answer"),
        ("nan_inf", np.tile(infinite, (40, 40)), "NaN and both infinities"),
        ("f8_max", np.full((64, 64), np.finfo("f8").max), "max-min overflows to inf"),
        ("f8_span_overflow", np.tile(np.array([-1.7e308, 1.7e308]), (64, 32)), "max-min overflows to inf"),
        ("f8_subnormal", np.full((64, 64), 5e-324), "1/(max-min) overflows"),
        ("const_zero", np.zeros((64, 64), "f4"), "max==min: division by zero in scaling"),
        ("i8_extremes", np.tile(signed, (64, 32)), "max-min overflows i64"),
        ("u8_extremes", np.tile(np.array([0, 2**64 - 1], "u8"), (64, 32)), "u64 above 2^53 and above i64"),
    ]:
        yield Case(f"npy/{name}.npy", saved(array), "open", why)


def code(canary: str) -> Iterator[Case]:
    """Objects and programs in the place of arrays."""
    yield Case(
        "npy/object_pickle.npy",
        encode(header("|O", (1,)), poisoned(canary)),
        "refuse",
        "object dtype: a pickle that would run a command (CVE-2019-6446 class)",
    )
    yield Case(
        "npy/raw_pickle_named.npy",
        pickle.dumps(RunsWhenUnpickled(canary)),
        "refuse",
        "a bare pickle with the .npy name: numpy.load with allow_pickle would run it",
    )
    program = f"__import__('os').system('touch {canary}') or '|u1'"
    yield Case(
        "npy/code_in_header.npy",
        encode(f"{{'descr': {program}, 'fortran_order': False, 'shape': (1, 1), }}", b"\0"),
        "refuse",
        "Python code in the header",
    )
    yield Case(
        "npy/structured.npy",
        encode(header("[('r', '|u1'), ('g', '<f4'), ('b', '>i2', (2,))]", (8, 8)), bytes(64 * 9)),
        "either",
        "structured dtype",
    )
    yield Case(
        "npy/structured_object.npy",
        encode(header("[('r', '|u1'), ('o', '|O')]", (1,)), bytes(9)),
        "refuse",
        "structured dtype with an object field",
    )


def dtypes() -> Iterator[Case]:
    """Dtypes that are no numbers, or no dtypes."""
    readable = ["<M8[ns]", "<m8[D]", "u1", "=f4", "<f16", "<u1 "]
    unreadable = ["<U5", "|S3", "|V7", "<c32", "|u3", "<i3", "|u0", "<f3", "@f4", "|b8", "\u00fc", ""]
    overflowing = ["|u99999999999999999999", "<M8[9999999999999999999ns]"]
    for dtype in [*readable, *unreadable, *overflowing]:
        name = "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in dtype or "empty")[:40]
        yield Case(
            f"npy/dtype_{name}.npy",
            encode(header(dtype, (4, 4)), bytes(4096), encoding="utf8"),
            "either" if dtype in readable else "refuse",
            f"dtype {dtype!r}",
        )


def shapes() -> Iterator[Case]:
    """Shapes that are none, or larger than all memory, over 16 bytes of samples."""
    either = ["(4L, 4L)", "(0x4, 4)", "()", "[4, 4]"]
    for i, shape in enumerate(
        [
            "(-1, 4)",
            "(4, -4)",
            "(4294967296, 4294967296)",
            "(18446744073709551615, 2)",
            "(18446744073709551616,)",
            "(9223372036854775807, 1)",
            "(1099511627776, 1099511627776)",
            "(4611686018427387904, 4)",
            "(3, 6148914691236517206)",
            "(True, 4)",
            "(4.0, 4)",
            "(4, 4",
            "4",
            "[4, 4]",
            "(4L, 4L)",
            "(4, 4,)",
            "('4', 4)",
            "(0x4, 4)",
            "(4_0, 4)",
            "None",
            "()",
            "(4,,4)",
            "(((4,),),)",
            "(1e3, 4)",
            "(100000, 100000, 100000)",
            "(2147483648, 2)",
            "(65536, 65536)",
        ]
    ):
        text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
        expect: Expect = "open" if shape == "(4, 4,)" else "either" if shape in either else "refuse"
        yield Case(
            f"npy/badshape_{i:02d}.npy", encode(text, SIXTEEN), expect, f"shape {shape} with 16 bytes of data"
        )


def headers() -> Iterator[Case]:
    """Headers that are other literals, or nearly the right one."""
    order = "'fortran_order': False"
    rows: list[tuple[str, str, Expect]] = [
        ("no_brace", ENTRIES, "refuse"),
        ("empty", "", "refuse"),
        ("empty_dict", "{}", "refuse"),
        ("missing_shape", f"{{'descr': '|u1', {order}}}", "refuse"),
        ("extra_key", f"{{{ENTRIES}, 'x': 1}}", "either"),
        ("dup_key", f"{{{ENTRIES}, 'shape': (1000000, 1000000)}}", "either"),
        ("fo_string", "{'descr': '|u1', 'fortran_order': 'False', 'shape': (4, 4)}", "refuse"),
        ("fo_int", "{'descr': '|u1', 'fortran_order': 0, 'shape': (4, 4)}", "either"),
        ("dquote", "{" + ENTRIES.replace("'", '"') + "}", "open"),
        ("reordered", f"{{'shape': (4, 4), {order}, 'descr': '|u1'}}", "open"),
        ("spaces", "{ " + ENTRIES.replace(":", " :  ").replace(",", " , ") + " , } ", "open"),
        ("u_prefix", "{" + ENTRIES.replace("'descr'", "u'descr'") + "}", "either"),
        ("comment", f"{{{ENTRIES}}} # hi", "either"),
        ("nul", f"{{{ENTRIES}}}\0\0", "either"),
        ("deep_parens", f"{{'descr': '|u1', {order}, 'shape': {'(' * 20000}{')' * 20000}}}", "refuse"),
        ("deep_list", f"{{'descr': {'[' * 20000}{']' * 20000}, {order}, 'shape': (4, 4)}}", "refuse"),
        ("deep_dict", "{1:" * 10000 + "1" + "}" * 10000, "refuse"),
        ("long_int", f"{{'descr': '|u1', {order}, 'shape': ({'9' * 50000}, 4)}}", "refuse"),
    ]
    for name, text, expect in rows:
        yield Case(f"npy/hdr_{name}.npy", encode(text, SIXTEEN), expect, f"header: {name}")


def lengths() -> Iterator[Case]:
    """Files that end early or late, lengths of headers that are not theirs, and an array that is really large."""
    for at in [*range(14), 40, 64, 100, 127, 128, 129, 135]:
        yield Case(f"npy/trunc_{at:03d}.npy", GOOD[:at], "refuse", f"truncated at byte {at}")
    yield Case(
        "npy/data_short.npy",
        encode(header("<f8", (1000, 1000)), bytes(4096)),
        "either",
        "declares 8 MB, holds 4 KB (short data: refuse, or serve what is there)",
    )
    yield Case("npy/data_long.npy", GOOD + bytes(100000), "either", "more data than declared")
    text = f"{{{ENTRIES}, }}"
    yield Case("npy/v2.npy", encode(text, SIXTEEN, (2, 0)), "open", "version 2.0")
    yield Case("npy/v3.npy", encode(text, SIXTEEN, (3, 0)), "open", "version 3.0")
    named = header("[('\u00fc', '|u1')]", (4, 4))
    yield Case(
        "npy/v3_utf8.npy",
        encode(named, SIXTEEN, (3, 0), encoding="utf8"),
        "either",
        "version 3.0, utf8 field name",
    )
    for major, minor in [(0, 0), (1, 1), (4, 0), (255, 255)]:
        yield Case(
            f"npy/ver_{major}_{minor}.npy", encode(text, SIXTEEN, (major, minor)), "refuse", "unknown version"
        )
    for name, length, why in [
        ("4G", 2**32 - 1, "header length 4 GiB-1: must not allocate it"),
        ("2G", 2**31 - 1, "header length 2 GiB-1"),
    ]:
        yield Case(f"npy/hlen_{name}.npy", encode(text, SIXTEEN, (2, 0), length=length), "refuse", why)
    yield Case("npy/hlen_0.npy", encode(text, SIXTEEN, length=0), "refuse", "header length 0")
    yield Case(
        "npy/pad16_nonewline.npy",
        encode(text.ljust(70), SIXTEEN, padded=False),
        "either",
        "old alignment, no newline",
    )
    side = 1 << 18
    start = encode(header("|u1", (side, side)))
    yield Case(
        "npy/sparse_64GiB_u1.npy",
        Sparse(start, len(start) + side * side),
        "open",
        "valid 64 GiB array (sparse file): open <1 s, RSS < 1 GiB, z0 tile without reading all of it",
        (side, side),
        "|u1",
    )
