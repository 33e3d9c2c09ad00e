"""Zeros by the gigabyte, deflated soon: what zlib makes of zeros repeats itself, so a piece of it is copied."""

from __future__ import annotations

import struct
import zlib
from functools import cache

MIB = 1 << 20
# zlib ends a block after 16,383 symbols, here runs of 258 zeros. Eight blocks end on a whole byte.
PERIOD = 8 * 16_383 * 258
ADLER_MODULUS = 65_521


def deflated(size: int, wbits: int = 15) -> bytes:
    """Compress `size` zeros as zlib's level 9 does."""
    compressor = zlib.compressobj(9, wbits=wbits)
    block = bytes(MIB)
    parts = [compressor.compress(block) for _ in range(size // MIB)]
    parts.append(compressor.compress(bytes(size % MIB)))
    parts.append(compressor.flush())
    return b"".join(parts)


@cache
def raw_zeros(size: int) -> bytes:
    """Compress `size` zeros to a raw deflate stream."""
    copies = size // PERIOD - 3
    if copies <= 0:
        return deflated(size, -15)
    short = deflated(size - copies * PERIOD, -15)
    longer = deflated(size - (copies - 1) * PERIOD, -15)
    step = len(longer) - len(short)
    at = len(short) // 3
    piece = longer[at : at + step]
    assert longer == short[:at] + piece + short[at:], "this zlib ends its blocks elsewhere"
    return short[:at] + piece * copies + short[at:]


def zlib_zeros(size: int) -> bytes:
    """Compress `size` zeros to a zlib stream."""
    adler = (size % ADLER_MODULUS) << 16 | 1
    return b"\x78\xda" + raw_zeros(size) + adler.to_bytes(4, "big")


def gzip_zeros(size: int) -> bytes:
    """Compress `size` zeros to a gzip file."""
    checksum = 0
    block = bytes(MIB)
    for at in range(0, size, MIB):
        checksum = zlib.crc32(block[: size - at], checksum)
    head = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
    return head + raw_zeros(size) + struct.pack("<II", checksum, size % (1 << 32))
