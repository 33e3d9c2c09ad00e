"""A server that may open 64 files: connections, and more images than that."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import process
import sockets
from harness import Server, save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import Figures

LIMIT = 64


def confined(*arguments: str | Path) -> Server:
    """Make a server that cannot raise its limit of open files."""
    server = Server(*arguments)
    server.arguments = ["sh", "-c", f'ulimit -n {LIMIT}; exec "$@"', "sh", *server.arguments]
    return server


def arrays(folder: Path, count: int) -> Sequence[Path]:
    """Write small arrays that differ."""
    return save(folder, {f"a{number}": np.full((16, 16), number, np.uint8) for number in range(count)})


def test_connections_beyond_the_open_files_are_lived_through(
    tmp_path: Path, full: bool, figure: Figures
) -> None:
    seconds = 10 if full else 4
    # As many connections as it likes: the system's limit, not the server's own, is what is met.
    with confined(*arrays(tmp_path, 1), "--max-connections", "10000") as server:
        pid = server.process.pid
        came = time.monotonic()
        held = [sockets.begin(server) for _ in range(500)]
        time.sleep(0.5)
        most, used, at = process.open_files(pid), process.cpu_seconds(pid), time.monotonic()
        time.sleep(seconds)
        share = (process.cpu_seconds(pid) - used) / (time.monotonic() - at)
        began = time.monotonic()
        sockets.close_all(held)
        server.connection.close()
        answer = sockets.ask(server, sockets.request("/images/a0/0/0/0.png", "Connection: close"))
        recovery = time.monotonic() - began
        lines, seconds = server.stderr().count("\n"), time.monotonic() - came
    figure(
        "R23",
        f"500 connections to a server that may open {LIMIT} files",
        "less than 20 % of a core, alive, serves within 2 s, at most one line a second",
        open_files=most,
        cpu_share=share,
        recovery_seconds=recovery,
        lines=lines,
        seconds=seconds,
    )
    assert most == LIMIT, "the limit was not met"
    assert share < 0.2
    assert answer is not None
    assert answer.status == 200
    assert recovery <= 2
    assert 1 <= lines <= seconds + 1


def test_more_images_than_open_files(tmp_path: Path, figure: Figures) -> None:
    count = 100
    with confined(*arrays(tmp_path, count)) as server:
        right = 0
        for number in range(count):
            tile = server.npy(f"/images/a{number}/0/0/0/16.npy")
            right += bool((tile == number).all())
        most = process.open_files(server.process.pid)
    figure(
        "R23",
        f"{count} images by a server that may open {LIMIT} files",
        "all are right",
        right=right,
        open_files=most,
    )
    assert right == count


def test_large_images_that_are_read_as_they_are_asked_for(tmp_path: Path, figure: Figures) -> None:
    """Images that are not kept in memory share what files there are, or say which could not be opened."""
    count = 100
    paths = save(tmp_path, {f"b{number}": np.full((256, 256), number, np.uint16) for number in range(count)})
    with confined(*paths, "--memory", "1M") as server:
        right = sum(
            bool((server.npy(f"/images/b{number}/8/0/0/1.npy") == number).all()) for number in range(count)
        )
    figure("R23", f"{count} images with little memory", "all are right", right=right)
    assert right == count
