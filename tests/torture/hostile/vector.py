"""SVG files: they may name other files, run scripts, and grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostile.case import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
SIZE = 'width="9" height="9"'


def cases(canary: str) -> Iterator[Case]:  # noqa: ARG001 - all families are called alike
    """Make the cases."""
    doctype = '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    file, address = (
        f'<image xlink:href="{where}" {SIZE}/>' for where in ("file:///etc/passwd", "http://127.0.0.1:9/")
    )
    groups = "".join(f'<g id="a{i}">' + f'<use xlink:href="#a{i - 1}"/>' * 10 + "</g>" for i in range(1, 12))
    first = '<g id="a0"><rect width="1" height="1"/></g>'
    for name, text in [
        ("xxe", f"{doctype}<svg {XMLNS} {SIZE}><text>&x;</text></svg>"),
        ("script", f"<svg {XMLNS} {SIZE}><script>alert(1)</script></svg>"),
        ("href_file", f"<svg {XMLNS} {XLINK} {SIZE}>{file}{address}</svg>"),
        ("huge", f'<svg {XMLNS} width="1e9" height="1e9"/>'),
        ("use_bomb", f"<svg {XMLNS} {XLINK} {SIZE}>{first}{groups}</svg>"),
    ]:
        why = f"SVG {name}: no file/network access, no script in any page, bounded"
        yield Case(f"svg/{name}.svg", text.encode(), "either", why)
