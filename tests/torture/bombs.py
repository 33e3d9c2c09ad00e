"""Small files that say they are large, and are: what takes gigabytes of memory or minutes of time if nobody counts."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

from hostile import deflate, jpeg, npy, png, tiff

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB, GIB = 1 << 20, 1 << 30
# Bits that a DICOM sample takes and has, the last of them, and its sign.
BITS = {0x100: 8, 0x101: 8, 0x102: 7, 0x103: 0}


def zeros_png(side: int, channels: int) -> bytes:
    """Write a PNG of nothing but zeros."""
    idat = deflate.zlib_zeros(side * (side * channels + 1))
    return png.encode(side, side, 8, 2 if channels == 3 else 0, idat)


def zeros_strip(side: int) -> bytes:
    """Write a TIFF of one deflated strip."""
    strip = deflate.zlib_zeros(side * side)
    tags = [
        (256, side),
        (257, side),
        (258, 8),
        (259, 8),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, side),
        (279, len(strip)),
    ]
    at = 8 + len(strip) + len(strip) % 2
    head = struct.pack("<2sHI", b"II", 42, at)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return head + strip.ljust(at - 8, b"\0") + struct.pack("<H", len(tags)) + entries + bytes(4)


def zstd_of_zeros(size: int) -> bytes:
    """Write a Zstandard frame of blocks that each say to repeat one zero."""
    most = 128 << 10  # of a block
    frame = bytearray(b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", size))
    for at in range(0, size, most):
        length, last = min(most, size - at), at + most >= size
        frame += (length << 3 | 1 << 1 | last).to_bytes(3, "little") + b"\0"
    return bytes(frame)


def zarr_document(side: int, codecs: list[Any]) -> str:
    """Write the document of a Zarr array of one chunk."""
    return json.dumps(
        {
            "zarr_format": 3,
            "node_type": "array",
            "shape": [side, side],
            "data_type": "uint8",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [side, side]}},
            "chunk_key_encoding": {"name": "default"},
            "fill_value": 0,
            "codecs": codecs,
        }
    )


def zarr_chunk(folder: Path, side: int) -> Path:
    """Write a Zarr whose only chunk is a kilobyte."""
    folder.mkdir()
    chunk = zlib.compress(zstd_of_zeros(side * side), 9, 31)
    codecs = [
        {"name": "bytes"},
        {"name": "zstd", "configuration": {"level": 1, "checksum": False}},
        {"name": "gzip", "configuration": {"level": 9}},
    ]
    (folder / "zarr.json").write_text(zarr_document(side, codecs))
    place = folder / "c" / "0"
    place.mkdir(parents=True)
    (place / "0").write_bytes(chunk)
    return folder


def scans(side: int, count: int) -> bytes:
    """Write a progressive JPEG that goes over all of its pixels so many times."""
    return jpeg.encode(jpeg.frame(side, side, 1, jpeg.PROGRESSIVE, 0x11), jpeg.SCAN_OF_DC * count)


def dicom(stream: bytes, side: int) -> bytes:
    """Write a DICOM file of one frame, which is that JPEG stream."""

    def element(group: int, number: int, kind: bytes, value: bytes) -> bytes:
        value += b"\0" * (len(value) % 2)
        return struct.pack("<HH2sH", group, number, kind, len(value)) + value

    word = struct.Struct("<H").pack
    meta = element(2, 0x10, b"UI", b"1.2.840.10008.1.2.4.50")
    head = b"".join(
        [
            element(0x28, 2, b"US", word(1)),
            element(0x28, 4, b"CS", b"MONOCHROME2 "),
            element(0x28, 0x10, b"US", word(side)),
            element(0x28, 0x11, b"US", word(side)),
            *(element(0x28, number, b"US", word(value)) for number, value in BITS.items()),
        ]
    )
    stream += b"\0" * (len(stream) % 2)
    item = struct.Struct("<HHI").pack
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFF_FFFF) + item(0xFFFE, 0xE000, 0)
    pixels += item(0xFFFE, 0xE000, len(stream)) + stream + item(0xFFFE, 0xE0DD, 0)
    return bytes(128) + b"DICM" + element(2, 0, b"UL", struct.pack("<I", len(meta))) + meta + head + pixels


def frames(count: int) -> bytes:
    """Write a GIF of so many frames, each of which changes one pixel of many."""
    # Of 9 bits each: a clear code, one pixel, the end.
    pixel = b"\x08\x04\x00\x01\x04\x04\x00"
    control = b"\x21\xf9\x04\x00\x01\x00\x00\x00"
    frame = control + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + pixel
    return b"GIF89a" + struct.pack("<HHBBB", 512, 512, 0xF7, 0, 0) + bytes(768) + frame * count + b"\x3b"


def gzipped(shape: tuple[int, int]) -> bytes:
    """Write a .npy.gz that inflates to all that its header says, and to as much again."""
    head = npy.encode(npy.header("|u1", shape), b"")
    packer = zlib.compressobj(9, wbits=-15)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + start + deflate.raw_zeros(2 * shape[0] * shape[1]) + bytes(8)


def archive(members: dict[bytes, tuple[bytes, int]]) -> bytes:
    """Write a zip archive; of each member what it begins with, and how many zeros follow."""
    content = entries = b""
    for name, (head, zeros) in members.items():
        packer = zlib.compressobj(9, wbits=-15)
        packed = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH) + deflate.raw_zeros(zeros)
        checksum, block = zlib.crc32(head), bytes(MIB)
        for at in range(0, zeros, MIB):
            checksum = zlib.crc32(block[: zeros - at], checksum)
        sizes = (checksum, len(packed), len(head) + zeros, len(name), 0)
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, *sizes)
        entries += b"PK\x01\x02" + struct.pack("<H", 20) + fields
        entries += struct.pack("<HHHII", 0, 0, 0, 0, len(content)) + name
        content += b"PK\x03\x04" + fields + name + packed
    count = len(members)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(entries), len(content), 0)
    return content + entries + b"PK\x05\x06" + end


def zipped(shape: tuple[int, int]) -> bytes:
    """Write an .npz of one member of zeros."""
    head = npy.encode(npy.header("|u1", shape), b"")
    return archive({b"a.npy": (head, shape[0] * shape[1])})


def shard(size: int) -> bytes:
    """Write an archive of a Zarr whose only shard has so many zeros, which are unpacked to come to its index."""
    side, inner = 1 << 20, 1 << 10
    sharding = {
        "chunk_shape": [inner, inner],
        "codecs": [{"name": "bytes"}],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    }
    document = zarr_document(side, [{"name": "sharding_indexed", "configuration": sharding}])
    return archive({b"zarr.json": (document.encode(), 0), b"c/0/0": (b"", size)})


def many_pages(count: int) -> bytes:
    """Write a TIFF of so many directories."""
    return tiff.many_pages(count)


def sent(full: bool) -> Iterator[tuple[str, bytes]]:
    """Make the files that are sent, by their names."""
    most = 60_000 if full else 30_000
    yield "gray.png", zeros_png(most, 1)
    yield "colours.png", zeros_png(30_000 if full else 17_000, 3)
    yield "scans.jpg", scans(16_384, 2000)
    yield "scans.dcm", dicom(scans(4096, 2000), 4096)
    once = jpeg.encode(jpeg.frame(4096, 4096, 1, jpeg.BASELINE, 0x11), jpeg.SCAN_OF_ALL * 2000)
    yield "again.dcm", dicom(once, 4096)
    yield "frames.gif", frames(100_000 if full else 20_000)
    side = 32_768 if full else 16_384
    yield "packed.npy.gz", gzipped((side, side))
    yield "packed.npz", zipped((side, side))
    yield "shard.zarr.zip", shard(2 * GIB - MIB if full else GIB)
    yield "pages.tif", many_pages(20_000)
    yield "strip.tif", zeros_strip(65_535 if full else 32_768)
