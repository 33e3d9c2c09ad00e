"""JPEG files: large when decoded, many scans, and tables that are none."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hostile.case import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN, END = b"\xff\xd8", b"\xff\xd9"
BASELINE, PROGRESSIVE = 0xC0, 0xC2
QUANTISATION = b"\xff\xdb\0\x43\0" + b"\1" * 64


def huffman_table(identity: bytes) -> bytes:
    """Write a table of one code."""
    return b"\xff\xc4" + struct.pack(">H", 20) + identity + b"\1" + b"\0" * 15 + b"\0"


HUFFMAN = huffman_table(b"\0") + huffman_table(b"\x10")
SCAN_OF_THREE = b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0"
SCAN_OF_ALL = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 16
SCAN_OF_DC = b"\xff\xda\0\x08\1\1\0\0\0\x10" + b"\0" * 16
SCAN_OF_AC = b"\xff\xda\0\x08\1\1\0\1\x3f\0" + b"\0" * 16


def frame(width: int, height: int, components: int = 3, kind: int = BASELINE, sampling: int = 0x22) -> bytes:
    """Write a frame's header; the first component is sampled as told."""
    parts = b"".join(bytes([i + 1, 0x11 if i else sampling, 0]) for i in range(components))
    head = struct.pack(">HBHHB", 8 + 3 * components, 8, height, width, components)
    return b"\xff" + bytes([kind]) + head + parts


def encode(frame_header: bytes, scans: bytes, before: bytes = b"") -> bytes:
    """Write a file of one frame."""
    return BEGIN + before + QUANTISATION + frame_header + HUFFMAN + scans + END


def exif(orientation: int) -> bytes:
    """Write EXIF whose directory is followed by itself."""
    entry = struct.pack("<HHII", 0x112, 3, 1, orientation)
    content = b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + struct.pack("<I", 8)
    return b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content


def cases(canary: str) -> Iterator[Case]:  # noqa: ARG001 - all families are called alike
    """Make the cases."""
    for name, content, why in [
        (
            "dims_65500",
            encode(frame(65500, 65500), SCAN_OF_THREE + bytes(100)),
            "65500^2 (12.9 GB decoded) in 300 bytes",
        ),
        (
            "progressive_2000_scans",
            encode(frame(16384, 16384, 1, PROGRESSIVE, 0x11), SCAN_OF_DC * 2000),
            "progressive, 2,000 scans over 16384^2: CPU bomb",
        ),
        (
            "progressive_1000_scans_ac",
            encode(frame(8192, 8192, 1, PROGRESSIVE, 0x11), SCAN_OF_AC * 1000),
            "progressive AC scans",
        ),
        ("h0_dnl", encode(frame(64, 0), SCAN_OF_THREE + bytes(64)), "height 0 (DNL)"),
    ]:
        yield Case(f"jpeg/{name}.jpg", content, "either", why)
    for name, content, why in [
        ("w0", encode(frame(0, 64), SCAN_OF_THREE + bytes(64)), "width 0"),
        (
            "sampling_0",
            encode(frame(64, 64, sampling=0), SCAN_OF_THREE + bytes(64)),
            "sampling factor 0: division by zero",
        ),
        ("comp_255", BEGIN + QUANTISATION + frame(64, 64, 255) + END, "255 components"),
        ("soi_only", BEGIN, "SOI only"),
        ("ff_run", BEGIN + b"\xff" * 1_000_000, "1 MB of FF"),
    ]:
        yield Case(f"jpeg/{name}.jpg", content, "refuse", why)
    yield Case(
        "jpeg/exif_loop_orient65535.jpg",
        encode(frame(16, 16), SCAN_OF_THREE + bytes(32), exif(65535)),
        "either",
        "EXIF IFD loop, orientation 65535",
    )
