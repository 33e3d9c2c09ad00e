"""XML documents that would grow, read files, or overflow a stack."""

from __future__ import annotations


def billion_laughs() -> bytes:
    """Write a document that is 10 GB when its entities are expanded."""
    entities = b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    doctype = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + entities + b"]>"
    return b'<?xml version="1.0"?>' + doctype + b'<OME><Image Name="&j;"/></OME>'


def external_entities(file: str, address: str) -> bytes:
    """Write a document whose name is what a file and an address say."""
    doctype = f'<!DOCTYPE o [<!ENTITY x SYSTEM "{file}"><!ENTITY y SYSTEM "{address}">]>'
    return f'<?xml version="1.0"?>{doctype}<OME><Image Name="&x;&y;"/></OME>'.encode()


def other_file(path: str, size: int) -> bytes:
    """Write an OME-XML whose planes, `size` along each axis, are in another file."""
    sizes = f'SizeX="16" SizeY="16" SizeZ="{size}" SizeC="{size}" SizeT="{size}"'
    pixels = f'<Pixels {sizes} Type="uint8" DimensionOrder="XYZCT">'
    place = f'<TiffData><UUID FileName="{path}">urn:x</UUID></TiffData>'
    return f'<?xml version="1.0"?><OME><Image>{pixels}{place}</Pixels></Image></OME>'.encode()


def deep(elements: int) -> bytes:
    """Write a document of elements within each other that never end."""
    return b"<OME>" + b"<a>" * elements
