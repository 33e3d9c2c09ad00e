"""Small formats of pixels: GIF, BMP, PNM, QOI, farbfeld, Radiance HDR, WebP."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hostile.case import Case, Expect

if TYPE_CHECKING:
    from collections.abc import Iterator


def cases(canary: str) -> Iterator[Case]:  # noqa: ARG001 - all families are called alike
    """Make the cases."""
    yield from gif()
    yield from bmp()
    yield from pnm()
    yield from others()


def gif() -> Iterator[Case]:
    """Frames that are outside, or very many."""

    def screen(width: int, height: int) -> bytes:
        return b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF0, 0, 0) + b"\0" * 6

    def frame(*box: int) -> bytes:
        return b"\x2c" + struct.pack("<HHHHB", *box, 0) + b"\2\2\x4c\1\0"

    outside = screen(65535, 65535) + frame(65000, 65000, 65535, 65535) + b"\x3b"
    yield Case("gif/screen_65535_frame_outside.gif", outside, "either", "frame outside a 65535^2 screen")
    many = screen(1, 1) + frame(0, 0, 1, 1) * 100000 + b"\x3b"
    yield Case("gif/100k_frames.gif", many, "either", "100,000 frames")


def encode_bmp(
    width: int, height: int, bits: int, compression: int = 0, offset: int = 54, colours: int = 0
) -> bytes:
    """Write a BMP of any header and 64 bytes of zeros."""
    pixels = bytes(64)
    head = b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, offset)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, colours, 0)
    return head + info + pixels


def bmp() -> Iterator[Case]:
    """Numbers that cannot be true."""
    largest = 2**31 - 1
    rows: list[tuple[str, bytes, Expect, str]] = [
        ("hmin", encode_bmp(4, -(2**31), 24), "refuse", "height -2^31"),
        ("wneg", encode_bmp(-4, 4, 24), "either", "negative width"),
        ("big", encode_bmp(largest, largest, 24), "refuse", "width and height 2^31-1"),
        ("bpp0", encode_bmp(4, 4, 0), "refuse", "0 bits a pixel"),
        ("bpp65535", encode_bmp(4, 4, 65535), "refuse", "65,535 bits a pixel"),
        ("rle", encode_bmp(65535, 32000, 8, 1), "either", "RLE of 2 Gpx in 64 bytes"),
        ("off4G", encode_bmp(4, 4, 24, 0, 2**32 - 1), "refuse", "pixels at 2^32-1"),
        ("clr4G", encode_bmp(4, 4, 8, colours=2**32 - 1), "either", "2^32-1 colours"),
    ]
    for name, content, expect, why in rows:
        yield Case(f"bmp/{name}.bmp", content, expect, why)


def pnm() -> Iterator[Case]:
    """Headers without pixels, and numbers of ten million digits."""
    rows: list[tuple[str, bytes, Expect]] = [
        ("huge", b"P5\n99999999999 99999999999\n255\n", "refuse"),
        ("100k", b"P5\n100000 100000\n255\n\0", "either"),
        ("neg", b"P5\n-4 4\n255\n", "refuse"),
        ("max0", b"P5\n4 4\n0\n" + bytes(16), "refuse"),
        ("max70000", b"P5\n4 4\n70000\n" + bytes(64), "refuse"),
        ("comment_1MB", b"P5\n#" + b"x" * 1_000_000 + b"\n4 4\n255\n" + bytes(16), "either"),
        ("ascii_10MB_digits", b"P2\n4 4\n255\n" + b"9" * 10_000_000, "refuse"),
        ("pam_bad", b"P7\nWIDTH 4\nHEIGHT 4\nDEPTH 4294967295\nMAXVAL 255\nENDHDR\n", "refuse"),
    ]
    for name, content, expect in rows:
        yield Case(f"pnm/{name}.pgm", content, expect, name)


def others() -> Iterator[Case]:
    """Sizes beyond everything."""
    largest = 2**32 - 1
    empty = b"qoif" + struct.pack(">IIBB", largest, largest, 4, 0) + bytes(8)
    yield Case("qoi/4G.qoi", empty, "refuse", "4G x 4G")
    side = 20000
    runs = b"\xfd" * (side * side // 62 + 1)
    yield Case(
        "qoi/run_65535.qoi",
        b"qoif" + struct.pack(">IIBB", side, side, 4, 0) + runs + bytes(7) + b"\1",
        "either",
        "400 Mpx of runs in 6.4 MB",
    )
    yield Case("farbfeld/4G.ff", b"farbfeld" + struct.pack(">II", largest, largest), "refuse", "4G x 4G")
    radiance = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2147483647 +X 2147483647\n"
    yield Case("hdr/big.hdr", radiance, "refuse", "2G x 2G")
    canvas = struct.pack("<I", 10) + b"\0\0\0\0" + b"\xff\xff\xff" * 2 + b"VP8L" + struct.pack("<I", 0)
    yield Case(
        "webp/vp8x_16M.webp",
        b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + canvas,
        "refuse",
        "canvas 2^24 x 2^24",
    )
    chunk = b"RIFF" + struct.pack("<I", largest) + b"WEBPVP8L" + struct.pack("<I", largest - 1)
    yield Case("webp/riff_4G.webp", chunk, "refuse", "chunk length 4 GiB")
