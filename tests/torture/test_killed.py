"""Killed at any moment: it starts again at once, and what it shows is what it showed."""

from __future__ import annotations

import contextlib
import hashlib
import signal
import socket
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pytest
from askers import Asker
from harness import Server, save
from test_starvation import costly

if TYPE_CHECKING:
    import random


class Killed(Server):
    """A server that is killed at the end of its context, with no chance to tidy up."""

    def __enter__(self) -> Self:
        super().__enter__()
        while self.get("/readyz").status != 200:
            time.sleep(0.002)
        self.ready = time.perf_counter() - self.started
        return self

    def __exit__(self, *_: object) -> None:
        said = self.stderr()
        assert self.process.poll() in (None, -signal.SIGKILL), f"it died by itself: {said}"
        self.process.kill()
        self.process.wait()
        self.connection.close()
        self._listener.join(5)
        self.process.stdout.close()
        self.log.close()
        assert "panicked" not in said, said


TILES = [
    *(
        f"/images/a/{z}/{x}/{y}.{ending}"
        for z, x, y in ((0, 0, 0), (2, 1, 3), (3, 7, 7))
        for ending in ("png", "npy")
    ),
    "/images/a/3/2/2.webp?colormap=viridis&vmin=0&vmax=60000",
    "/images/b/2/1/1.png",
]


def digests(server: Server) -> dict[str, tuple[str, str]]:
    """Hash the final tiles, and take their tags."""
    found = {}
    for path in TILES:
        reply = server.ok(path)
        found[path] = (hashlib.sha256(reply.body).hexdigest(), reply.headers["etag"])
    return found


def left_over(folder: Path) -> set[str]:
    """Tell which files are there."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.timeout(600)
def test_killed_under_load(tmp_path: Path, full: bool, figure: Any) -> None:
    """Killed under load, again and again: it is ready soon, each tile is the same, and nothing is left behind."""
    rng = np.random.default_rng(11)
    files = save(
        tmp_path,
        {
            "a": rng.integers(0, 60_000, (2048, 2048), dtype=np.uint16),
            "b": rng.random((1200, 900), np.float32),
        },
    )
    with Server(*files) as server:
        expected = digests(server)
    before, trials, wrong, took = left_over(tmp_path), 200 if full else 10, [], []

    def choose(chance: random.Random) -> str:
        return chance.choice(TILES) if chance.random() < 0.7 else costly(chance)

    for trial in range(trials):
        with contextlib.ExitStack() as stack, Killed(*files) as server:
            took.append(server.ready)
            if trial % (10 if full else 2) == 0:
                found = digests(server)
                wrong += [path for path in TILES if found[path] != expected[path]]
            for seed in range(4):
                stack.enter_context(Asker(server.host, server.port, choose, 50, trial * 4 + seed))
            time.sleep(0.1 + trial % 7 * 0.03)
    with Server(*files) as server:
        found = digests(server)
        wrong += [path for path in TILES if found[path] != expected[path]]
    ready, longest = statistics.median(took), max(took)
    what = f"kill -9 under load, {trials} times"
    figure("R39", what, "ready in 1 s, 0 wrong", ready=ready, longest=longest, wrong=len(wrong))
    assert not wrong, wrong
    assert left_over(tmp_path) == before
    assert ready < 1, took
    assert longest < 4, took  # 1 s, on a machine that has nothing else to do


def test_killed_with_a_file_half_sent(tmp_path: Path) -> None:
    """A server that is killed while a page sends a file shows nothing of it afterwards."""
    files = save(tmp_path, {"a": np.zeros((64, 64), np.uint8)})
    whole = save(Path(tempfile.mkdtemp(dir=tmp_path)), {"sent": np.ones((512, 512), np.uint8)})[
        0
    ].read_bytes()
    with Killed(*files, "--allow-upload=1M") as server:
        head = "POST /upload?name=sent.npy HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        with socket.create_connection((server.host, server.port)) as stream:
            stream.sendall(f"{head}Content-Length: {len(whole)}\r\n\r\n".encode() + whole[: len(whole) // 2])
            time.sleep(0.2)
            server.process.kill()
            server.process.wait()
    with Server(*files, "--allow-upload=1M") as server:
        assert [image["id"] for image in server.images] == ["a"]
        assert server.get("/images/sent/0/0/0.png").status == 404
