"""Images that no machine could read whole: they open at once, take little memory, and are shown from a sample."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from harness import Reply, Server
from process import MIB, peak, resident

GIB = 1 << 30
SIDE = 1 << 18  # 64 GiB of bytes
ENDLESS = 10**12


def sparse_npy(path: Path) -> None:
    """Write 64 GiB of zeros that take no room on the disk, but for a square of sevens."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({SIDE}, {SIDE}), }}"
    head = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"
    with path.open("wb") as file:
        file.write(head)
        for row in range(256):
            file.seek(len(head) + row * SIDE)
            file.write(b"\7" * 256)
        file.truncate(len(head) + SIDE * SIDE)


def sparse_column(path: Path) -> None:
    """Write a GiB of zeros below each other."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({GIB}, 1), }}"
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n")
        file.truncate(128 + GIB)


def endless_zarr(path: Path) -> None:
    """Write a Zarr of 10^24 samples, one chunk of which is there."""
    path.mkdir()
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [ENDLESS, ENDLESS],
        "data_type": "uint8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [512, 512]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "bytes"}],
    }
    (path / "zarr.json").write_text(json.dumps(document))
    (path / "c" / "0").mkdir(parents=True)
    (path / "c" / "0" / "0").write_bytes(b"\7" * 512 * 512)


def read_bytes(pid: int) -> int:
    """Tell how many bytes it has read from anywhere."""
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["rchar"])


def first(server: Server, path: str) -> tuple[Reply, float]:
    """Ask once, and tell how long that took."""
    began = time.monotonic()
    reply = server.get(path)
    return reply, time.monotonic() - began


def hold(reply: Reply, seconds: float) -> None:
    """Assert that an answer that shows all of the image came soon, or that it says when to come back."""
    pending = reply.status in (202, 503) and "retry-after" in reply.headers
    assert reply.status == 200 or pending, (reply.status, reply.body[:300])
    assert seconds < 5, seconds


def test_64_gib(tmp_path: Path, figure: Any) -> None:
    """A sparse array of 64 GiB: nothing reads it from end to end while somebody waits."""
    path = tmp_path / "huge.npy"
    sparse_npy(path)
    with Server(path) as server:
        opened = time.perf_counter() - server.started
        pid = server.process.pid
        before = read_bytes(pid)
        whole, seconds = first(server, f"{server.at('huge')}/0/0/0.png")
        read, memory = read_bytes(pid) - before, peak(pid)
        exact, exactly = first(server, f"{server.at('huge')}/10/0/0.npy")
        # Levels are built behind it, from all that there is: that takes no more memory, and no request waits for it.
        growth, slowest, until = 0, 0.0, time.monotonic() + 3
        while time.monotonic() < until:
            number = int(time.monotonic() * 1000) % 1000
            slowest = max(slowest, first(server, f"{server.at('huge')}/10/{number}/{number}.npy")[1])
            growth = max(growth, resident(pid))
        figure(
            "R10",
            "64 GiB sparse .npy",
            "open < 1 s, < 300 MiB, zoom 0 in 5 s",
            open=opened,
            zoom_0=seconds,
            MiB=memory // MIB,
            MiB_read=read // MIB,
            tile=exactly,
            MiB_while_built=growth // MIB,
            tile_while_built=slowest,
        )
        assert whole.status == 200
        assert whole.provisional
        assert np.array_equal(exact.npy().squeeze(), np.full((256, 256), 7, np.uint8))
        hold(whole, seconds)
        assert max(exactly, slowest) < 5
        # A gigabyte is what a sample of it, by blocks, may take: a scan would be 64.
        assert read < GIB, read
        assert memory < 300 * MIB, memory
        assert opened < 5  # 1 s, on a machine that has nothing else to do


def test_levels_of_a_column(tmp_path: Path, figure: Any) -> None:
    """A level of what is one pixel wide is half of the one before, not a quarter; that must be reckoned with."""
    path = tmp_path / "column.npy"
    sparse_column(path)
    with Server(path, "--memory", str(256 * MIB)) as server:
        whole, seconds = first(server, f"{server.at('column')}/0/0/0.png")
        until, now = time.monotonic() + 90, whole
        while now.provisional and time.monotonic() < until:
            time.sleep(0.2)
            now = server.get(f"{server.at('column')}/0/0/0.png")
        memory = peak(server.process.pid)
        figure(
            "R10",
            "levels of a column of 1 GiB",
            "within the budget of 256 MiB",
            zoom_0=seconds,
            MiB=memory // MIB,
        )
        assert whole.status == now.status == 200
        assert not now.provisional
        hold(whole, seconds)
        assert memory < 256 * MIB, memory


def test_endless(tmp_path: Path, figure: Any) -> None:
    """A Zarr of 10^12 x 10^12 samples."""
    path = tmp_path / "endless.zarr"
    endless_zarr(path)
    with Server(path) as server:
        opened = time.perf_counter() - server.started
        pid = server.process.pid
        before = read_bytes(pid)
        whole, seconds = first(server, f"{server.at('endless')}/0/0/0.png")
        # Half-way out, where one tile is of a thousand million chunks.
        middle, half_way = first(server, f"{server.at('endless')}/16/0/0.png")
        far, far_seconds = first(server, f"{server.at('endless')}/32/3900000000/17.npy")
        exact, exactly = first(server, f"{server.at('endless')}/32/1/1.npy")
        read, memory = read_bytes(pid) - before, peak(pid)
        figure(
            "R10",
            "10^12 x 10^12 Zarr",
            "open < 1 s, < 300 MiB, zoom 0 in 5 s",
            open=opened,
            zoom_0=seconds,
            zoom_16=half_way,
            tile=max(exactly, far_seconds),
            MiB=memory // MIB,
        )
        assert np.array_equal(exact.npy().squeeze(), np.full((256, 256), 7, np.uint8))
        assert not far.npy().any()
        for reply, took in ((whole, seconds), (middle, half_way), (far, far_seconds), (exact, exactly)):
            hold(reply, took)
        assert read < GIB, read
        assert memory < 300 * MIB, memory
        assert opened < 5  # 1 s, on a machine that has nothing else to do
        assert server.get("/healthz").status == 200
