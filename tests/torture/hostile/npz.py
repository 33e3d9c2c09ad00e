"""NPZ files: zip archives that grow, run code, or write elsewhere."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from hostile import npy
from hostile.case import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GIB = 1 << 30


def archive(members: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Write a zip archive whose members are all of the first day that it knows."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression, compresslevel=9) as target:
        for name, content in members:
            member = zipfile.ZipInfo(name)
            member.compress_type = compression
            member.external_attr = 0o600 << 16
            target.writestr(member, content)
    return file.getvalue()


def cases(canary: str) -> Iterator[Case]:
    """Make the cases."""
    bomb = npy.encode(npy.header("|u1", (1 << 15, 1 << 15)), bytes(GIB))
    yield Case("npz/bomb_1GiB.npz", archive([("a.npy", bomb)]), "either", "1 GiB of zeros in a 1 MB zip")
    pickled = npy.encode(npy.header("|O", (1,)), npy.poisoned(canary))
    yield Case("npz/object.npz", archive([("a.npy", pickled)]), "refuse", "pickle inside npz")
    yield Case(
        "npz/traversal.npz",
        archive([("../../../evil.npy", npy.GOOD)]),
        "either",
        "member name climbs out; nothing may be written there",
    )
    many = ((f"{i}.npy", npy.GOOD) for i in range(20000))
    yield Case("npz/many_members.npz", archive(many, zipfile.ZIP_STORED), "either", "20,000 members")
