"""Arrays over files that are mapped into memory, such as ``numpy.memmap``, read so that no file can end the process.

Whoever touches a page that a mapped file no longer has, as another program cut it short, is killed by SIGBUS. The
kernel is not: what it copies for us is there, or is an error.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from . import blocks

#: Bytes that are under way at a time: what a pipe holds.
_PIECE = 1 << 16
#: Buffers that one call of the system takes.
_BUFFERS = 512
#: How many times as many bytes as there are samples are copied at most, rather than run by run.
_WASTE = 8
#: How often a block is read at most, because its file changed meanwhile.
_ATTEMPTS = 5


def mapping(x: npt.NDArray[Any]) -> mmap.mmap | None:
    """What an array's samples lie in, where that is a mapped file; files cannot be cut short meanwhile on Windows."""
    base: Any = x
    while base is not None and os.name != "nt":
        if isinstance(base, mmap.mmap):
            return base
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    return None


def reader(x: npt.NDArray[Any]) -> blocks.BlockReader:
    """What reads the blocks of a numpy array that cannot be looked at where it is."""
    dtype = blocks.sample_dtype(x.dtype)
    mapped = mapping(x)
    return blocks.BlockReader(x, dtype) if mapped is None else _Mapped(x, mapped, dtype)


class _Mapped(blocks.BlockReader):
    """Blocks that the kernel copies."""

    def __init__(self, array: npt.NDArray[Any], mapped: mmap.mmap, dtype: np.dtype[Any]) -> None:
        super().__init__(array, dtype)
        self.file = _File(mapped, getattr(array, "filename", None))
        self.memory = memoryview(mapped).cast("B")
        self.start = int(np.frombuffer(mapped, np.uint8).ctypes.data)

    def finish(self, block: Any) -> npt.NDArray[Any]:
        return super().finish(self.copy(block))

    def copy(self, view: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The samples of a view, of which none has been touched."""
        attempts = 0
        while True:
            before = self.file.state()
            copied = self._copy(view)
            attempts += 1
            # A file that was cut short and written anew in between had zeros for a while.
            if self.file.state() == before or attempts == _ATTEMPTS:
                return copied

    def _copy(self, view: npt.NDArray[Any]) -> npt.NDArray[Any]:
        # The axes whose steps are shortest are copied with what lies between them, the others run by run.
        order = sorted(range(view.ndim), key=lambda axis: -abs(view.strides[axis]))
        steps = [view.strides[axis] for axis in order]
        sizes = [view.shape[axis] for axis in order]
        inner, reach = len(order), view.itemsize
        while inner > 0:
            longer = reach + (sizes[inner - 1] - 1) * abs(steps[inner - 1])
            if longer > _WASTE * view.itemsize * int(np.prod(sizes[inner - 1 :])):
                break
            inner, reach = inner - 1, longer
        lowest = sum(
            min(0, (size - 1) * step) for size, step in zip(sizes[inner:], steps[inner:], strict=True)
        )
        first = int(view.__array_interface__["data"][0]) - self.start + lowest
        starts = [first]
        for size, step in zip(sizes[:inner], steps[:inner], strict=True):
            starts = [start + step * number for start in starts for number in range(size)]
        runs = self._runs(starts, reach)
        lengths = [reach * int(np.prod(sizes[at + 1 : inner])) for at in range(inner)]
        found = np.ndarray(tuple(sizes), view.dtype, runs, -lowest, (*lengths, *steps[inner:]))
        return found.transpose(np.argsort(order))

    def _runs(self, starts: list[int], length: int) -> bytearray:
        """As many bytes from each of these places on, one after another."""
        copied = bytearray(len(starts) * length)
        into, out = os.pipe()
        try:
            # Where the system has few pipes left they hold less: it tells how much it took.
            os.set_blocking(out, False)
            with memoryview(copied) as room:
                done = 0
                while done < len(copied):
                    done += self._piece(starts, length, done, room, into, out)
        finally:
            os.close(into)
            os.close(out)
        return copied

    def _piece(self, starts: list[int], length: int, done: int, room: memoryview, into: int, out: int) -> int:
        pieces: list[memoryview] = []
        run, skipped = divmod(done, length)
        wanted = _PIECE
        while wanted > 0 and run < len(starts) and len(pieces) < _BUFFERS:
            taken = min(length - skipped, wanted)
            at = starts[run] + skipped
            pieces.append(self.memory[at : at + taken])
            wanted -= taken
            run, skipped = run + 1, 0
        try:
            passed = os.writev(out, pieces)
        except OSError as error:
            if error.errno == errno.EFAULT:
                raise _cut_short() from None
            raise
        at = done
        while at < done + passed:
            at += os.readv(into, [room[at : done + passed]])
        return passed


class _File:
    """The file below a mapping, as far as one can ask."""

    def __init__(self, mapped: mmap.mmap, name: Any) -> None:
        self.mapped = mapped
        self.name: str | None = None
        if isinstance(name, (str, os.PathLike)):
            self.name = os.fspath(cast("str | os.PathLike[str]", name))
        self.size = self._size()

    def state(self) -> Sequence[int]:
        """What changes when somebody writes to it.

        Raises
        ------
        OSError
            When it is shorter than it was: the last page that it still has would be filled with zeros.

        """
        size = self._size()
        if size < self.size:
            raise _cut_short()
        try:
            found = None if self.name is None else os.stat(self.name)  # noqa: PTH116
        except OSError:
            found = None
        return (size,) if found is None else (size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)

    def _size(self) -> int:
        try:
            return self.mapped.size()
        except (OSError, ValueError):
            # Memory that no file lies under.
            return 0


def _cut_short() -> OSError:
    return OSError("the file that is mapped into memory was cut short; map it again and show that")
