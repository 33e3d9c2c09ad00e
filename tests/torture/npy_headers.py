"""NPY files that numpy would write, that it would just read, and that it would just refuse; by a seed."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16"]
OTHER_NUMBERS = [
    "?",
    "b",
    "B",
    "h",
    "H",
    "i",
    "I",
    "l",
    "L",
    "q",
    "Q",
    "e",
    "f",
    "d",
    "g",
    "F",
    "D",
    "G",
    "p",
    "P",
    "n",
]
WORDS = [
    "bool",
    "uint8",
    "int",
    "int64",
    "float32",
    "double",
    "half",
    "complex64",
    "longdouble",
    "intp",
    "object",
]
STRANGE = [
    *(
        "f3",
        "u3",
        "i16",
        "f16",
        "c32",
        "f",
        "4",
        "",
        " ",
        "f4 ",
        " f4",
        "f4\\n",
        "F4",
        "U4",
        "S3",
        "V8",
        "O",
        "O8",
    ),
    *(
        "M8",
        "M8[ns]",
        "m8[D]",
        "f4,f4",
        "2f4",
        "(2,)f4",
        "(2,2)u1",
        "1u1",
        "a3",
        "b8",
        "b2",
        "u01",
        "u+1",
        "u1u1",
    ),
    *("\\x66\\x34", "f4\\0", "\u0131 4", "f\u0664", "|", "<", "<<f4", "f4<", "u1#", "uint8_", "np.uint8"),
]
ORDERS = ["<", ">", "|", "=", "", "@", "!"]
FLAGS = [
    "False",
    "True",
    "0",
    "1",
    "None",
    "'False'",
    "false",
    "FALSE",
    "not True",
    "(False)",
    "(False,)",
    "[True]",
    "Tru",
]
ELEMENTS = [
    "True",
    "4.0",
    "-4",
    "+4",
    "- 4",
    "~-5",
    "4L",
    "0x4",
    "0b100",
    "0o4",
    "04",
    "00",
    "4_0",
    "_4",
    "4_",
    "1e1",
]
ELEMENTS += [
    "'4'",
    "None",
    "4j",
    "2*2",
    "(4)",
    "(4,)",
    "[4]",
    "4 .real",
    "18446744073709551616",
    "9" * 30,
    "\u0664",
]
SPACES = ["", "", "", " ", "  ", "\\t", "\\n", "\\r", "\\f", "\\v", "\u00a0", "\\\\\\n", "# c\\n"]
ENDS = ["", "", "", "", " ", "\n", "\\0", "# c", ";", "}", ",", "\\x1a", "a", "()", "\ufeff"]


class Generator:
    """Makes files, the same ones for a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        """Tell yes so often."""
        return self.random.random() < share

    def pick(self, choices: Sequence[str]) -> str:
        """Take one of them."""
        return self.random.choice(choices)

    def space(self) -> str:
        """Write white space, seldom other than numpy's, which is one blank or none."""
        return self.pick(SPACES).encode().decode("unicode_escape") if self.chance(0.02) else ""

    def text(self, content: str) -> str:
        """Write a string in one of the ways of Python."""
        quote = '"' if self.chance(0.1) else "'"
        if self.chance(0.02):
            quote *= 3
        prefix = self.pick(["u", "U", "b", "r", "R", "f", "ur", "x"]) if self.chance(0.04) else ""
        if self.chance(0.01) and len(content) > 1:
            return f"{prefix}{quote}{content[0]}{quote} {quote}{content[1:]}{quote}"
        end = quote if not self.chance(0.005) else ""
        return f"{prefix}{quote}{content}{end}"

    def descr(self) -> tuple[str, int]:
        """Write a dtype, and tell how many bytes it has at most."""
        chosen = self.random.random()
        if chosen < 0.75:
            name = self.pick(NUMBERS)
            order = self.pick(["<", ">"]) if name[1:] != "1" else "|"
        elif chosen < 0.85:
            name, order = self.pick(OTHER_NUMBERS), self.pick(ORDERS)
        elif chosen < 0.88:
            name, order = self.pick(WORDS), ""
        else:
            name, order = self.pick([*STRANGE, *NUMBERS]), self.pick(ORDERS)
        size = int(name[1:]) if name in NUMBERS else 16
        text = self.text(order + name)
        if self.chance(0.01):
            field = f"('x', {text})"
            text = self.pick(
                [
                    f"[{field}]",
                    f"({text})",
                    f"({text},)",
                    f"[{text}]",
                    f"({text}, (2,))",
                    f"[{field}, {field}]",
                ]
            )
        return text, size

    def shape(self) -> tuple[str, int]:
        """Write a shape, and tell how many elements it has."""
        sizes = [
            self.random.choice([1, 2, 3, 4, 5, 7, 9])
            for _ in range(self.random.choice([2, 2, 2, 2, 3, 3, 4]))
        ]
        if self.chance(0.05):
            sizes = sizes[: self.random.choice([0, 1])]
        if self.chance(0.02):
            sizes[self.random.randrange(len(sizes)) if sizes else 0 :] = [0]
        count = 1
        for size in sizes:
            count *= size
        texts = [str(size) for size in sizes]
        if texts and self.chance(0.06):
            texts[self.random.randrange(len(texts))] = self.pick(ELEMENTS)
        comma = "," if len(texts) == 1 or self.chance(0.05) else ""
        comma = self.pick(["", ",,", " "]) if self.chance(0.01) else comma
        inside = f",{self.space() or ' '}".join(self.space() + text + self.space() for text in texts)
        opening, closing = "()"
        if self.chance(0.01):
            opening, closing = self.pick(["[]", "{}", "( ", " )", "  "])
        return f"{opening}{inside}{comma}{closing}", count

    def header(self) -> tuple[str, int]:
        """Write a header, and tell how many bytes of samples it tells of."""
        descr, size = self.descr()
        shape, count = self.shape()
        flag = self.pick(FLAGS) if self.chance(0.05) else self.pick(["False", "True"])
        entries = [("descr", descr), ("fortran_order", flag), ("shape", shape)]
        if self.chance(0.05):
            self.random.shuffle(entries)
        if self.chance(0.01):
            entries.append(self.random.choice([("x", "1"), ("Shape", shape), *entries]))
        if self.chance(0.01):
            entries.pop(self.random.randrange(len(entries)))
        parts = [
            f"{self.space()}{self.text(key)}{self.space()}:{self.space() or ' '}{value}"
            for key, value in entries
        ]
        comma = ", " if self.chance(0.9) else ""
        text = f"{{{', '.join(parts)}{comma}}}"
        if self.chance(0.01):
            text = self.pick(
                [f"({text})", f"[{text}]", f"({text},)", f"dict({text})", f" {text}", f"\n{text}", text[1:]]
            )
        if self.chance(0.03):
            text += self.pick(ENDS).encode().decode("unicode_escape")
        if self.chance(0.05):
            text = self.mutated(text)
        return text, size * count

    def mutated(self, text: str) -> str:
        """Change a character or two."""
        for _ in range(self.random.choice([1, 1, 2])):
            at = self.random.randrange(len(text))
            by = self.pick(
                ["", " ", "0", "9", "'", ",", "(", ")", "{", "}", "\\", "\n", "\0", "x", "-", "\x80", "."]
            )
            text = text[:at] + by + text[at + self.random.choice([0, 1]) :]
        return text

    def file(self) -> bytes:
        """Make a file."""
        text, size = self.header()
        major = self.random.choice([1, 1, 2, 3]) if not self.chance(0.01) else self.random.choice([0, 4, 255])
        minor = 0 if not self.chance(0.005) else 1
        encoded = text.encode("utf8" if major == 3 and not self.chance(0.1) else "latin1", "replace")
        prefix = 10 if major == 1 else 12
        encoded += b" " * (-(prefix + len(encoded) + 1) % self.random.choice([64, 64, 64, 16, 1]))
        encoded += b"\n" if not self.chance(0.05) else b""
        length = len(encoded) + (self.random.choice([-70, -2, -1, 1, 2, 60000]) if self.chance(0.02) else 0)
        stated = struct.pack("<H" if major == 1 else "<I", max(length, 0) % (1 << 16))
        if self.chance(0.02):
            size = max(size + self.random.choice([-size, -16, -1, 1, 16, 1000]), 0)
        magic = (
            b"\x93NUMPY" if not self.chance(0.005) else self.random.choice([b"\x93NUMPZ", b"\x92NUMPY", b""])
        )
        return magic + bytes([major, minor]) + stated + encoded + self.random.randbytes(size)
