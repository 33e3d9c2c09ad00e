"""R05: damaged files through the real server, by hundreds: it outlives them all, soon and in bounded memory."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
import pytest
from harness import Server
from mutants import Mutator, seeds, write
from process import MIB, peak

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Figures

GALLERY = 500
HANG_SECONDS = 10.0
BUDGET = 256 * MIB
MOST_MEMORY = BUDGET + 256 * MIB


@pytest.mark.timeout(900)
def test_damaged_files_harm_nobody(tmp_path: Path, full: bool, figure: Figures) -> None:
    zarr_folder = tmp_path / "zarr"
    zarr_folder.mkdir()
    mutator = Mutator(seeds(zarr_folder), 5)
    galleries = 7 if full else 4
    opened = tiles = 0
    slowest = memory = 0.0
    statuses: dict[int, int] = {}
    faults = []
    for gallery in range(galleries):
        folder = tmp_path / f"gallery_{gallery}"
        folder.mkdir()
        for number in range(gallery * GALLERY, (gallery + 1) * GALLERY):
            write(mutator.mutant(number), folder)
        # Leaving the server's context fails where it died, or where its log tells of a panic.
        with Server(folder, "--memory", str(BUDGET)) as server:
            slowest = max(slowest, (time.perf_counter() - server.started) / GALLERY)
            images = server.images
            whole: list[int] = []
            opened += len(images)
            for image in images:
                address = f"/images/{quote(image['id'], safe='')}"
                told = server.json(address)
                zoom = told["native_zoom"]
                if told["residence"] == "memory":
                    whole.append(math.prod(told["shape"]) * np.dtype(told["dtype"]).itemsize)
                for tile in ("0/0/0/64.png", f"{zoom}/0/0.npy?c=0"):
                    began = time.perf_counter()
                    # What is made of a sample will do: some declare more pixels than can be reduced in a while.
                    reply = server.get(f"{address}/{tile}")
                    took = time.perf_counter() - began
                    slowest = max(slowest, took)
                    tiles += 1
                    statuses[reply.status] = statuses.get(reply.status, 0) + 1
                    if reply.status not in (200, 422, 503) or took > HANG_SECONDS:
                        faults.append((image["name"], tile, reply.status, took, reply.body[:200]))
            # What is decoded whole is beside the budget; decoders hold up to four bytes more for each while they work.
            memory = max(memory, peak(server.process.pid) - sum(whole) - 4 * max(whole, default=0))
    figure(
        "R05",
        "damaged files through the server",
        "0 crashes, 0 panics, 0 over 10 s; memory within the budget, what is decoded whole, and 256 MiB",
        mutants=galleries * GALLERY,
        opened=opened,
        tiles=tiles,
        statuses=statuses,
        slowest_seconds=slowest,
        peak_beside_what_is_whole_MiB=memory / MIB,
    )
    assert not faults
    assert opened > galleries * GALLERY // 10, "too few open to tell anything"
    assert memory <= MOST_MEMORY
