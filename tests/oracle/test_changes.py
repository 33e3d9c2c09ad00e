"""A file that changes while it is served, with requests in flight: the old image, the new one, or a clear error."""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from typing import TYPE_CHECKING

import npy_bytes
import numpy as np
import pytest
import tifffile
from harness import Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Writer = Callable[[Path, int], None]

OLD, NEW = 41, 97
# Rows that hold the value; what lies below takes a file beyond what is read whole, and hardly any room on the disk.
SIDE, ROWS = 17_000, 1024
TILES = [(x, y) for y in range(ROWS // 256) for x in range(SIDE // 256)]
NATIVE = 7
THREADS = 6


def npy(path: Path, value: int) -> None:
    """A .npy that is read by region: 289 MB, sparse."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({SIDE}, {SIDE}), }}"
    head = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header.ljust(117).encode() + b"\n"
    # Not cut short first: it is rewritten in place.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o644), "r+b") as file:
        file.write(head)
        for _ in range(ROWS):
            file.write(bytes([value]) * SIDE)
        file.truncate(len(head) + SIDE * SIDE)


def npy_in_memory(path: Path, value: int) -> None:
    """A .npy that is small enough to be read whole."""
    np.save(path, np.full((ROWS, SIDE), value, np.uint8))


def tiff(path: Path, value: int) -> None:
    """A TIFF that is read by tiles, as it has an overview."""
    picture = np.full((ROWS, SIDE), value, np.uint8)
    with tifffile.TiffWriter(path) as file:
        file.write(picture, tile=(256, 256), subifds=1, photometric="minisblack")
        file.write(picture[::2, ::2], tile=(256, 256), subfiletype=1, photometric="minisblack")


# To test another format: a function that writes an image whose first `ROWS` rows, `SIDE` wide, hold `value`.
WRITERS: list[tuple[str, Writer]] = [("large.npy", npy), ("small.npy", npy_in_memory), ("tiles.tif", tiff)]


def truncate(path: Path, _write: Writer) -> None:
    """Cut short in its first rows."""
    with path.open("r+b") as file:
        file.truncate(300_000)


def rewrite(path: Path, write: Writer) -> None:
    """Written anew, in place."""
    write(path, NEW)


def rename_over(path: Path, write: Writer) -> None:
    """Another file takes its name."""
    other = path.with_name("other" + path.suffix)
    write(other, NEW)
    other.replace(path)


def remove(path: Path, _write: Writer) -> None:
    """Gone."""
    path.unlink()


CHANGES = [truncate, rewrite, rename_over, remove]


class Askers:
    """Threads that ask for tiles of stored pixels without end; a context. What they saw is in `seen`."""

    def __init__(self, server: Server, stem: str) -> None:
        self.server, self.at = server, server.at(stem)
        self.seen: list[tuple[int, bytes]] = []
        self.faults: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(seed,)) for seed in range(THREADS)]

    def __enter__(self) -> Askers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a request is never answered"

    def wait(self, more: int) -> None:
        """Wait until so many more answers came."""
        until, wanted = time.monotonic() + 60, len(self.seen) + more
        while len(self.seen) < wanted:
            assert time.monotonic() < until, f"{len(self.seen)} of {wanted} answers; {self.faults}"
            time.sleep(0.005)

    def _ask(self, seed: int) -> None:
        chance = random.Random(seed)
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
        while not self._stop.is_set():
            x, y = chance.choice(TILES)
            try:
                connection.request("GET", f"{self.at}/{NATIVE}/{x}/{y}.npy")
                answer = connection.getresponse()
                self.seen.append((answer.status, answer.read()))
                # Some hundred a second are enough to be in flight at any moment.
                time.sleep(0.002)
            except (http.client.HTTPException, OSError) as fault:
                self.faults.append(repr(fault))
                connection.close()
        connection.close()


def values(status: int, body: bytes) -> set[int]:
    """Tell which samples an answer holds; none for an error, which must be a clear one."""
    if status == 200:
        return set(np.unique(npy_bytes.load(body)).tolist())
    assert status in (404, 410, 422, 503), (status, body[:300])
    assert b'"detail"' in body, body[:300]
    return set()


@pytest.fixture
def healthy(tmp_path: Path) -> Path:
    """Another file, which nobody touches."""
    path = tmp_path / "healthy.npy"
    np.save(path, np.full((300, 300), 7, np.uint8))
    return path


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize(("name", "write"), WRITERS, ids=[name for name, _ in WRITERS])
def test_nothing_is_ever_mixed_or_zero(
    tmp_path: Path, healthy: Path, name: str, write: Writer, change: Callable[[Path, Writer], None]
) -> None:
    """Each answer is of the old file, of the new one, or an error that says so; all else goes on."""
    path = tmp_path / name
    write(path, OLD)
    with Server(path, healthy) as server:
        with Askers(server, path.stem) as askers:
            askers.wait(60)
            change(path, write)
            askers.wait(200)
        assert not askers.faults, "the server broke connections off"
        for status, body in askers.seen:
            assert values(status, body) in ({OLD}, {NEW}, set()), (change.__name__, status)
        assert (200, {OLD}) in [(status, values(status, body)) for status, body in askers.seen[:60]]
        assert server.get("/healthz").status == 200
        assert set(np.unique(server.npy("/images/healthy/0/0/0.npy"))) == {7}


@pytest.mark.parametrize("change", [rewrite, rename_over], ids=lambda change: change.__name__)
@pytest.mark.parametrize(("name", "write"), WRITERS, ids=[name for name, _ in WRITERS])
def test_watched_files_are_seen_anew(
    tmp_path: Path, healthy: Path, name: str, write: Writer, change: Callable[[Path, Writer], None]
) -> None:
    """With `--watch` the new file is served soon, and until then nothing else than before."""
    path = tmp_path / name
    write(path, OLD)
    with Server(path, healthy, "--watch") as server:
        with Askers(server, path.stem) as askers:
            askers.wait(30)
            change(path, write)
            until = time.monotonic() + 30
            found: set[int] = set()
            while found != {NEW}:
                assert time.monotonic() < until, "the new file is not served"
                reply = server.get(f"{askers.at}/{NATIVE}/3/1.npy")
                found = values(reply.status, reply.body)
                assert found in ({OLD}, {NEW}, set())
                time.sleep(0.05)
            askers.wait(60)
        for status, body in askers.seen:
            assert values(status, body) in ({OLD}, {NEW}, set()), (change.__name__, status)
        assert {NEW} in [values(status, body) for status, body in askers.seen[-30:]]
