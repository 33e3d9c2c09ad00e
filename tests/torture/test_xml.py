"""R12: XML that grows, reads files or the network, or is without end, wherever XML is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import binary
from hostile import tiff, xml
from launcher import Launcher
from process import MIB
from traced import Trace, traced

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Figures

MOST_SECONDS = 1.0
MOST_MEMORY = 64 * MIB
GDAL_METADATA = 42112


def documents(secret: Path) -> dict[str, bytes]:
    """Make the documents; those that would read a file name `secret`."""
    ome = b'<OME><Image Name="%s"><Pixels SizeX="16" SizeY="16" SizeZ="%d" SizeC="1" SizeT="1" Type="uint8" '
    ome += b'DimensionOrder="XYZCT">%s</Pixels></Image></OME>'
    page = b'<TiffData IFD="0"/>'
    images = ome % (b"a", 1 << 20, page)
    image = images[len(b"<OME>") : -len(b"</OME>")]
    return {
        "billion_laughs": xml.billion_laughs(),
        "quadratic": b'<!DOCTYPE l [<!ENTITY a "%s">]>' % (b"a" * 60_000) + ome % (b"&a;" * 60_000, 1, page),
        "file": xml.external_entities(secret.as_uri(), secret.as_uri()),
        "address": xml.external_entities("http://127.0.0.1:9/x", "ftp://127.0.0.1:9/x"),
        "parameter": b'<!DOCTYPE o [<!ENTITY %% p SYSTEM "%s"> %%p;]>' % secret.as_uri().encode() + images,
        "external_subset": b'<!DOCTYPE OME SYSTEM "%s">' % secret.as_uri().encode() + images,
        "include": b'<OME xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="%s"/></OME>'
        % secret.as_uri().encode(),
        "stylesheet": b'<?xml-stylesheet href="http://127.0.0.1:9/x"?>' + images,
        "deep": xml.deep(200_000),
        "deep_and_ended": b"<OME>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</OME>",
        "traversal": xml.other_file(f"../../../../../../../..{secret}", 1),
        "absolute": xml.other_file(str(secret), 1),
        "sibling": xml.other_file(secret.name, 1),
        "companion": b'<OME><BinaryOnly MetadataFile="%s" UUID="u"/></OME>' % str(secret).encode(),
        "attributes": b"<OME " + b" ".join(b"a%x=''" % i for i in range(400_000)) + b"/>",
        "elements": b"<OME>" + b"<a/>" * 900_000 + b"</OME>",
        "planes": images,
        "planes_of_images": b"<OME>" + image * 5_000 + b"</OME>",
        "no_end": b"<OME " + b"a" * 3_000_000,
        "comment": b"<!-- " + b"-" * 3_000_000 + b"<OME",
    }


def test_xml_reads_nothing_and_takes_no_time(tmp_path: Path, figure: Figures) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    secret = tmp_path / "secret.ome.tif"
    secret.write_bytes(tiff.GOOD)
    plain = folder / "plain.ome.tif"
    plain.write_bytes(tiff.GOOD)
    files = []
    for name, text in documents(secret).items():
        for tag in (tiff.DESCRIPTION, GDAL_METADATA):
            files.append(folder / f"{name}_{tag}.ome.tif")
            content = text + b"\0"
            files[-1].write_bytes(
                tiff.encode(tiff.page(extra=((tag, tiff.ASCII, len(content), content),)), tiff.GRAYS)
            )
    files.append(many_mentions(folder / "mentions.ome.tif"))
    log = tmp_path / "trace"
    usual = look(plain, log).opened
    slowest = most = 0.0
    connections = outside = 0
    faults = []
    with Launcher() as launcher:
        baseline = launcher.run([binary(), "info", plain])
        assert baseline.code == 0, baseline.complaints
        for file in files:
            ran = launcher.run([binary(), "info", file])
            slowest = max(slowest, ran.cpu_seconds)
            most = max(most, ran.peak - baseline.peak)
            trace = look(file, log)
            others = {path.replace(str(file), str(plain)) for path in trace.opened} - usual
            connections += len(trace.connected)
            outside += len(others)
            if (
                ran.code not in (0, 1)
                or ran.cpu_seconds > MOST_SECONDS
                or ran.peak - baseline.peak > MOST_MEMORY
            ):
                faults.append((file.name, ran))
            if trace.connected or others or len(trace.executed) != 1:
                faults.append((file.name, trace.connected, others, trace.executed))
    figure(
        "R12",
        "hostile XML in TIFF tags",
        "no other file, no socket, within 1 s and 64 MiB",
        documents=len(files),
        other_files=outside,
        sockets=connections,
        slowest_seconds=slowest,
        most_memory_MiB=most / MIB,
    )
    assert str(plain) in usual, "strace sees the file itself"
    assert not faults


def look(file: Path, log: Path) -> Trace:
    """Tell what the system is asked for while a file is looked at."""
    return traced([binary(), "info", file], log)


def many_mentions(path: Path) -> Path:
    """Write a file of many pages, all of which are mentioned again and again."""
    pages = 20_000
    mention = b'<TiffData IFD="0" PlaneCount="%d"/>' % pages
    sizes = b'SizeX="16" SizeY="16" SizeZ="%d" SizeC="1" SizeT="1" DimensionOrder="XYZCT"' % pages
    text = b"<OME><Image><Pixels %s>%s</Pixels></Image></OME>\0" % (sizes, mention * 100_000)
    file = bytearray(tiff.many_pages(pages))
    at = len(file)
    file += text
    # The first page gets a directory of its own, at the end, which goes on with the second one.
    tags = tiff.page(extra=((tiff.DESCRIPTION, tiff.ASCII, len(text), (at,)),))
    second = 264 + 2 + 12 * (len(tags) - 1) + 4
    first = len(file) + len(file) % 2
    file += b"\0" * (len(file) % 2) + tiff.directory(tags, second)
    file[4:8] = first.to_bytes(4, "little")
    path.write_bytes(file)
    return path
