"""Names that pages, logs and shells could mistake, and files that are none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hostile import png, tiff
from hostile.case import Case, Directory, Expect, Link, Pipe

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [
    "new\nline.png",
    "esc\x1b[31mred\x1b]0;pwn\x07.png",
    "<script>alert(1)<\u2215script>.png",
    '"onload="alert(1).png',
    "q'uote.png",
    "rtl\u202egnp.exe.png",
    "sp ace.png",
    "%2e%2e%2f.png",
    "-rf.png",
    "\u00fcml\u00e4ut.png",
    "a" * 251 + ".png",
    "semi;touch x.png",
    "$(touch x).png",
    "back\\slash.png",
    "#hash?query.png",
    "..png",
    "CON.png",
    "crlf\r\nX-Injected: 1.png",
]


def cases(canary: str) -> Iterator[Case]:  # noqa: ARG001 - all families are called alike
    """Make the cases."""
    quoted = "file name must be quoted in pages, logs, headers and URLs"
    for name in NAMES:
        yield Case(f"names/{name}", png.GOOD, "open", quoted, (64, 64, 3))
    yield Case(os.fsdecode(b"names/invalid_utf8_\xff\xfe.png"), png.GOOD, "open", "not UTF-8")
    for name, target in [
        ("link_out.png", "/etc/hostname"),
        ("link_self.png", "link_self.png"),
        ("link_dev_zero.png", "/dev/zero"),
        ("link_null.png", "/dev/null"),
    ]:
        yield Case(f"names/{name}", Link(target), "refuse", f"symlink to {target}")
    yield Case("names/fifo.png", Pipe(), "refuse", "named pipe: open() must not block")
    yield Case("names/dir.png", Directory({}), "refuse", "directory named .png")
    polyglot = b"GIF89a=1;alert(1)//" + bytes(20)
    rows: list[tuple[str, bytes, Expect, str]] = [
        ("empty.png", b"", "refuse", "empty file"),
        ("png_named.tif", png.GOOD, "either", "PNG with a TIFF name: content decides"),
        ("tiff_named.png", tiff.GOOD, "either", "TIFF with a PNG name"),
        ("text.png", b"hello\n" * 100, "refuse", "text"),
        ("noext", png.GOOD, "either", "no extension"),
        (
            "polyglot_gifjs.gif",
            polyglot,
            "refuse",
            "GIF/JS polyglot: never sent back raw with a guessed type",
        ),
    ]
    for name, content, expect, why in rows:
        yield Case(f"names/{name}", content, expect, why)
