"""TIFF files: directories that loop, numbers that cannot be, strips that inflate, and XML that would."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from hostile import xml
from hostile.case import Case
from hostile.deflate import zlib_zeros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GIB = 1 << 30
BYTE, ASCII, SHORT, LONG = 1, 2, 3, 4
SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
FORMS = {1: "B", 3: "H", 4: "I", 16: "Q", 13: "I", 18: "Q"}
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, DESCRIPTION = 256, 257, 258, 259, 262, 270
STRIPS, CHANNELS, ROWS, STRIP_BYTES = 273, 277, 278, 279
PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, SUB_IFDS = 317, 322, 323, 324, 325, 330
DEFLATE, LZW, JPEG, PACKBITS = 8, 5, 7, 32773
GRAYS = bytes(range(256))

# A tag, its type, how many values it has, and these: a number, bytes, or in a tuple an offset that is written as it is.
Tag = tuple[int, int, int, "int | bytes | tuple[int]"]


def encode(
    tags: list[Tag],
    pixels: bytes = b"",
    order: str = "<",
    *,
    big: bool = False,
    loops: bool = False,
    count: int | None = None,
    first: int | None = None,
) -> bytes:
    """Write a TIFF of one directory, behind its pixels, that may state another count and lie elsewhere."""
    mark = b"II" if order == "<" else b"MM"
    head = (
        struct.pack(f"{order}2sHHHQ", mark, 43, 8, 0, 0) if big else struct.pack(f"{order}2sHI", mark, 42, 0)
    )
    at = len(head) + len(pixels)
    at += at % 2
    word, inline = ("Q", 8) if big else ("I", 4)
    size = 8 + 20 * len(tags) + 8 if big else 2 + 12 * len(tags) + 4
    entries = further = b""
    for tag, kind, number, value in tags:
        if isinstance(value, tuple):
            stored = struct.pack(order + word, value[0])
        else:
            stored = struct.pack(order + FORMS[kind], value) if isinstance(value, int) else value
            if len(stored) > inline:
                place = struct.pack(order + word, at + size + len(further))
                further += stored + b"\0" * (len(stored) % 2)
                stored = place
        entries += struct.pack(f"{order}HH{word}", tag, kind, number) + stored.ljust(inline, b"\0")
    stated = struct.pack(order + ("Q" if big else "H"), len(tags) if count is None else count)
    following = struct.pack(order + word, at if loops else 0)
    start = struct.pack(order + word, at if first is None else first)
    head = head[: len(head) - len(start)] + start
    return head + pixels.ljust(at - len(head), b"\0") + stated + entries + following + further


def page(
    *,
    width: int = 16,
    height: int = 16,
    bits: int = 8,
    channels: int = 1,
    compression: int = 1,
    offset: int = 8,
    length: int = 256,
    rows: int | None = None,
    photometric: int = 1,
    extra: tuple[Tag, ...] = (),
    without: tuple[int, ...] = (),
) -> list[Tag]:
    """Tell the tags of a page of one strip, in their order."""
    tags: list[Tag] = [
        (WIDTH, LONG, 1, width),
        (HEIGHT, LONG, 1, height),
        (BITS, SHORT, 1, bits),
        (COMPRESSION, SHORT, 1, compression),
        (PHOTOMETRIC, SHORT, 1, photometric),
        (STRIPS, LONG, 1, offset),
        (CHANNELS, SHORT, 1, channels),
        (ROWS, LONG, 1, height if rows is None else rows),
        (STRIP_BYTES, LONG, 1, length),
    ]
    return sorted([tag for tag in tags if tag[0] not in without] + list(extra))


def tiled(width: int, height: int, length: int = 256, compression: int = 1) -> list[Tag]:
    """Tell the tags of a page of one tile."""
    tile: tuple[Tag, ...] = (
        (TILE_WIDTH, LONG, 1, width),
        (TILE_HEIGHT, LONG, 1, height),
        (TILES, LONG, 1, 8),
        (TILE_BYTES, LONG, 1, length),
    )
    return page(compression=compression, without=(STRIPS, ROWS, STRIP_BYTES), extra=tile)


def described(text: bytes) -> bytes:
    """Write a good TIFF with a description."""
    text += b"\0"
    return encode(page(extra=((DESCRIPTION, ASCII, len(text), text),)), GRAYS)


GOOD = encode(page(), GRAYS)


def cases(canary: str) -> Iterator[Case]:  # noqa: ARG001 - all families are called alike
    """Make the cases."""
    yield from directories()
    yield from numbers()
    yield from blocks()
    yield from documents()
    for at in range(0, len(GOOD), 5):
        yield Case(
            f"tiff/trunc_{at:03d}.tif",
            GOOD[:at],
            "refuse" if at < 264 else "either",
            f"truncated at {at} of {len(GOOD)}",
        )
    yield Case("tiff/20000_pages.tif", many_pages(20000), "open", "20,000 IFDs: open in <1 s", (16, 16))


def directories() -> Iterator[Case]:
    """Valid files of each kind, and directories that are not where or what they are said to be."""
    big = page(offset=16)
    yield Case("tiff/ok.tif", GOOD, "open", "valid 16x16", (16, 16))
    yield Case("tiff/ok_be.tif", encode(page(), GRAYS, ">"), "open", "valid big-endian", (16, 16))
    yield Case("tiff/ok_big.tif", encode(big, GRAYS, big=True), "open", "valid BigTIFF", (16, 16))
    yield Case("tiff/ifd_loop_self.tif", encode(page(), GRAYS, loops=True), "either", "next IFD is itself")
    yield Case(
        "tiff/ifd_first_past_eof.tif", encode(page(), GRAYS, first=GIB), "refuse", "first IFD past EOF"
    )
    inside = encode(page(), GRAYS, first=1)
    yield Case("tiff/ifd_first_odd_in_header.tif", inside, "refuse", "IFD inside the header")
    far = encode(big, GRAYS, big=True, first=2**63 + 5)
    yield Case("tiff/big_ifd_2e63.tif", far, "refuse", "BigTIFF IFD offset 2^63+5")
    many = encode(page(), GRAYS, count=65535)
    yield Case("tiff/ifd_count_65535.tif", many, "either", "65,535 entries declared, 9 there")
    endless = encode(big, GRAYS, big=True, count=2**60)
    yield Case("tiff/big_ifd_count_2e60.tif", endless, "either", "2^60 entries declared")
    looping = encode(page(extra=((SUB_IFDS, LONG, 1, (264,)),)), GRAYS)
    yield Case("tiff/subifd_loop.tif", looping, "either", "SubIFD points at its own IFD")


def numbers() -> Iterator[Case]:
    """Numbers in tags that cannot be true."""
    for name, tags, why in [
        ("w0", page(width=0), "width 0"),
        ("h0", page(height=0), "height 0"),
        ("w4G", page(width=2**32 - 1), "width 2^32-1"),
        ("wh4G", page(width=2**32 - 1, height=2**32 - 1), "width and height 2^32-1"),
        ("bps0", page(bits=0), "0 bits a sample"),
        ("bps65535", page(bits=65535), "65,535 bits a sample"),
        ("bps3", page(bits=3), "3 bits a sample"),
        ("spp0", page(channels=0), "0 samples a pixel"),
        ("spp65535", page(channels=65535), "65,535 samples a pixel"),
        ("rps0", page(rows=0), "0 rows a strip"),
        ("comp99", page(compression=9999), "unknown compression"),
        ("off_eof", page(offset=GIB), "strip past EOF"),
        ("cnt4G", page(length=2**32 - 1), "strip of 2^32-1 bytes"),
        ("cnt0", page(length=0), "strip of 0 bytes"),
        ("cnt_short", page(length=10), "strip of 10 bytes where 256 are due"),
        ("nostrips", page(without=(STRIPS, STRIP_BYTES)), "no strips"),
        ("nowidth", page(without=(WIDTH,)), "no width"),
    ]:
        refused = name in ("w0", "h0", "wh4G", "bps0", "bps65535", "nowidth", "nostrips", "comp99")
        yield Case(f"tiff/{name}.tif", encode(tags, GRAYS), "refuse" if refused else "either", why)
    strips: tuple[Tag, ...] = ((STRIPS, LONG, 2**31, (8,)), (STRIP_BYTES, LONG, 2**31, (8,)))
    declared = page(height=2**31, rows=1, without=(STRIPS, STRIP_BYTES), extra=strips)
    yield Case(
        "tiff/strip_array_4G.tif",
        encode(declared, GRAYS),
        "either",
        "2^31 strip offsets declared (8 GiB array)",
    )
    yield Case("tiff/tile_w0.tif", encode(tiled(0, 16), GRAYS), "either", "tile width 0: division by zero")
    yield Case("tiff/tile_h4G.tif", encode(tiled(16, 2**32 - 16), GRAYS), "either", "tile height 4 G")


def blocks() -> Iterator[Case]:
    """Strips and tiles that inflate, or are none of their compression."""
    inflating = zlib_zeros(GIB)
    yield Case(
        "tiff/tile_oversized_deflate_1GiB.tif",
        encode(tiled(1 << 15, 1 << 15, len(inflating), DEFLATE), inflating),
        "either",
        "16x16 image in one 32768^2 deflate tile (1 GiB)",
    )
    strip = zlib_zeros(4 * GIB)
    yield Case(
        "tiff/one_strip_65536x65536_deflate.tif",
        encode(page(width=1 << 16, height=1 << 16, compression=DEFLATE, length=len(strip)), strip),
        "either",
        "4 Gpx in a single 4 MB strip: a tile request must not hold 4 GiB",
        (1 << 16, 1 << 16),
    )
    runs = b"\x81\0" * (65535 * 16384 // 128)
    yield Case(
        "tiff/packbits_bomb.tif",
        encode(page(width=65535, height=16384, compression=PACKBITS, length=len(runs)), runs),
        "either",
        "PackBits 1 GiB in 16 MB",
    )
    predictor: Callable[[int], tuple[Tag, ...]] = lambda kind: ((PREDICTOR, SHORT, 1, kind),)  # noqa: E731
    for name, tags, pixels, why in [
        ("lzw_garbage", page(compression=LZW), b"\x80" + GRAYS[1:], "LZW garbage"),
        ("jpeg_empty", page(compression=JPEG, photometric=6, channels=3), GRAYS, "JPEG-in-TIFF with no JPEG"),
        ("predictor3_int", page(extra=predictor(3)), GRAYS, "float predictor on 8-bit ints"),
        (
            "predictor2_bps1",
            page(bits=1, compression=DEFLATE, extra=predictor(2)),
            zlib.compress(GRAYS),
            "predictor on 1-bit",
        ),
    ]:
        yield Case(f"tiff/{name}.tif", encode(tags, pixels), "either", why)


def documents() -> Iterator[Case]:
    """OME-XML that grows, reads files or the network, or is nested without end."""
    yield Case(
        "tiff/ome_billion_laughs.ome.tif",
        described(xml.billion_laughs()),
        "open",
        "OME-XML entity expansion: 10 GB if expanded; must be ignored or refused as XML, image still opens",
        (16, 16),
    )
    yield Case(
        "tiff/ome_xxe.ome.tif",
        described(xml.external_entities("file:///etc/hostname", "http://127.0.0.1:9/x")),
        "open",
        "OME-XML external entity: no file or network access",
        (16, 16),
    )
    yield Case(
        "tiff/ome_filename_traversal.ome.tif",
        described(xml.other_file("../../../../etc/passwd", 1_000_000)),
        "either",
        "OME multi-file reference climbs out; SizeZ*C*T = 1e18",
    )
    yield Case(
        "tiff/ome_deep_xml.ome.tif", described(xml.deep(200_000)), "either", "XML nested 200,000 deep (stack)"
    )


def directory(tags: list[Tag], following: int) -> bytes:
    """Write a directory whose values are all in its entries."""
    entries = struct.pack("<H", len(tags))
    for tag, kind, number, value in tags:
        stored = value[0] if isinstance(value, tuple) else value
        entries += struct.pack("<HHI", tag, kind, number)
        entries += struct.pack("<" + ("I" if isinstance(value, tuple) else FORMS[kind]), stored).ljust(
            4, b"\0"
        )
    return entries + struct.pack("<I", following)


def many_pages(pages: int) -> bytes:
    """Write a TIFF of many directories that share their pixels."""
    file = bytearray(struct.pack("<2sHI", b"II", 42, 264) + GRAYS)
    tags = page()
    size = len(directory(tags, 0))
    for i in range(pages):
        file += directory(tags, len(file) + size if i < pages - 1 else 0)
    return bytes(file)
