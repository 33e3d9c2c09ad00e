"""PNG files: sizes that lie, sizes that are true, chunks that inflate, and what the standard forbids."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from hostile.case import Case
from hostile.deflate import MIB, zlib_zeros

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EIGHT_GRAYS = zlib.compress(b"\0" + b"\1" * 8)


def chunk(name: bytes, content: bytes) -> bytes:
    """Write a chunk with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def ihdr(width: int, height: int, depth: int, colour: int, interlace: int = 0) -> bytes:
    """Write the chunk that says what the image is."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def encode(
    width: int, height: int, depth: int, colour: int, idat: bytes, extra: bytes = b"", interlace: int = 0
) -> bytes:
    """Write a PNG of any header and any compressed bytes."""
    head = SIGNATURE + ihdr(width, height, depth, colour, interlace)
    return head + extra + chunk(b"IDAT", idat) + chunk(b"IEND", b"")


GOOD = encode(64, 64, 8, 2, zlib.compress((b"\0" + bytes(range(192))) * 64))


def cases(canary: str) -> Iterator[Case]:  # noqa: ARG001 - all families are called alike
    """Make the cases."""
    yield from sizes()
    yield from large()
    yield from chunks()
    yield from forbidden()


def sizes() -> Iterator[Case]:
    """Sizes without the pixels for them."""
    impossible = ("4G", "0w", "0h", "2G")
    for name, width, height in [
        ("2G", 2**31 - 1, 2**31 - 1),
        ("4G", 2**32 - 1, 2**32 - 1),
        ("0w", 0, 8),
        ("0h", 8, 0),
        ("1x2G", 1, 2**31 - 1),
        ("2Gx1", 2**31 - 1, 1),
        ("100k", 100000, 100000),
    ]:
        yield Case(
            f"png/dims_{name}.png",
            encode(width, height, 8, 2, EIGHT_GRAYS),
            "refuse" if name in impossible else "either",
            f"IHDR {width}x{height} with 20 bytes of data",
        )


def large() -> Iterator[Case]:
    """Small files that are valid, and large when decoded."""
    yield Case(
        "png/valid_60000x60000_1bit.png",
        encode(60000, 60000, 1, 0, zlib_zeros(60000 * 7501)),
        "either",
        "valid 3.6 Gpx image in 0.4 MB: serve within the memory budget, or refuse naming the budget",
        (60000, 60000),
    )
    yield Case(
        "png/valid_30000x30000_rgb.png",
        encode(30000, 30000, 8, 2, zlib_zeros(30000 * 90001)),
        "either",
        "valid 0.9 Gpx RGB (2.7 GB decoded) in 2.6 MB",
        (30000, 30000, 3),
    )
    yield Case(
        "png/valid_16385_interlaced.png",
        encode(16385, 16385, 1, 0, zlib_zeros(16385 * 2051 + 40000), interlace=1),
        "either",
        "Adam7 interlaced 16385^2",
    )


def chunks() -> Iterator[Case]:
    """Chunks that inflate, lie, or are very many."""
    inflating = zlib_zeros(256 * MIB)
    yield Case(
        "png/ztxt_bomb.png",
        encode(8, 1, 8, 0, EIGHT_GRAYS, chunk(b"zTXt", b"k\0\0" + inflating)),
        "open",
        "zTXt that inflates to 256 MiB must be skipped",
        (1, 8),
    )
    yield Case(
        "png/iccp_bomb.png",
        encode(8, 1, 8, 0, EIGHT_GRAYS, chunk(b"iCCP", b"k\0\0" + inflating)),
        "either",
        "iCCP that inflates to 256 MiB",
    )
    yield Case(
        "png/idat_extra_1GiB.png",
        encode(8, 1, 8, 0, zlib_zeros(1024 * MIB)),
        "either",
        "IDAT inflates to 1 GiB, image needs 9 bytes",
    )
    yield Case(
        "png/chunk_len_2G.png",
        SIGNATURE + ihdr(8, 1, 8, 0) + struct.pack(">I", 2**31 - 1) + b"IDATxx",
        "refuse",
        "chunk length 2 GiB-1",
    )
    yield Case(
        "png/actl_4G.png",
        encode(8, 1, 8, 0, EIGHT_GRAYS, chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))),
        "either",
        "APNG with 4 G frames declared",
    )
    yield Case(
        "png/100k_chunks.png",
        encode(8, 1, 8, 0, EIGHT_GRAYS, chunk(b"tEXt", b"a\0b") * 100000),
        "either",
        "100,000 text chunks",
    )


def forbidden() -> Iterator[Case]:
    """What the standard forbids, files that end early, and one whose checksum is wrong."""
    beyond = encode(8, 1, 8, 3, zlib.compress(b"\0" + b"\xff" * 8), chunk(b"PLTE", b"\1\2\3"))
    yield Case("png/palette_index_oob.png", beyond, "either", "palette index beyond PLTE")
    yield Case("png/no_plte.png", encode(8, 1, 8, 3, EIGHT_GRAYS), "either", "indexed without palette")
    for depth, colour in [(3, 0), (16, 3), (1, 2), (8, 1), (8, 5), (8, 7), (0, 0), (255, 255)]:
        yield Case(
            f"png/bd{depth}_ct{colour}.png",
            encode(8, 1, depth, colour, EIGHT_GRAYS),
            "refuse",
            "illegal bit depth/colour type",
        )
    filtered = encode(8, 1, 8, 0, zlib.compress(b"\5" + b"\1" * 8))
    yield Case("png/filter5.png", filtered, "either", "illegal filter byte")
    for at in range(0, len(GOOD), 7):
        yield Case(
            f"png/trunc_{at:04d}.png",
            GOOD[:at],
            "refuse" if at < 33 else "either",
            f"truncated at {at} of {len(GOOD)}",
        )
    flipped = GOOD[:20] + bytes([GOOD[20] ^ 1]) + GOOD[21:]
    yield Case("png/crc_bad.png", flipped, "either", "IHDR CRC wrong")
