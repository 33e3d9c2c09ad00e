"""A case: a file that is written, and what must come of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Expect = Literal["open", "refuse", "either"]


@dataclass(frozen=True)
class Sparse:
    """A file that begins with some bytes and is zeros up to its size, which take no room on the disk."""

    head: bytes
    size: int


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Pipe:
    """A named pipe that nobody writes to."""


@dataclass(frozen=True)
class Directory:
    """A folder of files."""

    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Case:
    """What is written to `path`, and what must come of it.

    `open` must open, with this shape and dtype where they are given, and every tile of it answers 200. `refuse` must be
    refused by one clear line, soon and in little memory. Of `either` both are right; crashes, hangs and memory
    without bounds are not.
    """

    path: str
    content: bytes | Sparse | Link | Pipe | Directory
    expect: Expect
    why: str
    shape: tuple[int, ...] | None = None
    dtype: str | None = None

    @property
    def encoded_path(self) -> bytes:
        """The path as the system has it: some are not UTF-8."""
        return os.fsencode(self.path)

    def write(self, folder: Path) -> Path:
        """Write it into the folder, and tell where."""
        path = folder / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        match self.content:
            case Sparse(head, size):
                path.write_bytes(head)
                os.truncate(path, size)
            case Link(target):
                path.symlink_to(target)
            case Pipe():
                os.mkfifo(path)
            case Directory(files):
                path.mkdir()
                for name, content in files.items():
                    (path / name).write_bytes(content)
            case content:
                path.write_bytes(content)
        return path

    def row(self) -> dict[str, Any]:
        """Describe it, without its bytes."""
        row: dict[str, Any] = {"path": self.path, "expect": self.expect, "why": self.why}
        if self.shape is not None:
            row["shape"] = list(self.shape)
        if self.dtype is not None:
            row["dtype"] = self.dtype
        return row
