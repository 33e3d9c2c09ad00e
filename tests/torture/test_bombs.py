"""Small files that are huge, eight at a time: nothing is killed, memory stays bounded, and others do not notice."""

from __future__ import annotations

import http.client
import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import bombs
import numpy as np
import pytest
from askers import Asker, percentile
from harness import Server, save
from process import MIB, peak

if TYPE_CHECKING:
    from pathlib import Path

MOST = 512 * MIB
# What a machine of 512 MiB is given: what is kept, and what one file may take that is decoded whole.
FLAGS = ("--memory", "128M", "--max-decoded", "32M", "--allow-upload=1G")
REFUSED = (404, 410, 413, 422)


def ask(server: Server, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Ask over a connection of its own."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=100)
    kind = {"Content-Type": "application/octet-stream"} if body is not None else {}
    connection.request(method, path, body, kind)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def look(server: Server, image: str) -> list[tuple[int, bytes]]:
    """Look at an image as a viewer does: what it is, all of it, a part of it, its values."""
    told = ask(server, "GET", f"/images/{image}")
    if told[0] != 200:
        return [told]
    zoom = json.loads(told[1])["native_zoom"]
    paths = ["0/0/0.png", f"{max(zoom, 0)}/0/0.npy", "value?x=3&y=3", "histogram"]
    return [told, *(ask(server, "GET", f"/images/{image}/{path}") for path in paths)]


@pytest.mark.timeout(600)
def test_eight_at_once(tmp_path: Path, full: bool, figure: Any) -> None:
    """Eight are sent at the same time, one more lies there, and a small good image is asked for all the while."""
    good = save(tmp_path, {"good": np.arange(300 * 300, dtype=np.uint16).reshape(300, 300)})[0]
    chunk = bombs.zarr_chunk(tmp_path / "chunk.zarr", 32_768)
    files = list(bombs.sent(full))
    with Server(good, chunk, *FLAGS) as server:

        def choose(chance: random.Random) -> str:
            # Made anew each time: a copy of what is kept would tell nothing.
            return f"/images/good/1/{chance.randrange(2)}/0.png?vmin=0&vmax={chance.random() + 1}"

        def throw(file: tuple[str, bytes]) -> tuple[str, list[tuple[int, bytes]]]:
            status, said = ask(server, "POST", f"/upload?name={file[0]}", file[1])
            seen = [(status, said)]
            if status == 200:
                seen += [each for image in json.loads(said)["images"][:2] for each in look(server, image)]
            return file[0], seen

        with (
            Asker(server.host, server.port, choose, 50) as asker,
            ThreadPoolExecutor(len(files) + 1) as pool,
        ):
            lying = pool.submit(look, server, "chunk")
            thrown = dict(pool.map(throw, files))
            thrown["chunk.zarr"] = lying.result()
        statuses = {name: [status for status, _ in seen] for name, seen in thrown.items()}
        waited = [seen.seconds for seen in asker.seen]
        highest = peak(server.process.pid)
        figure(
            "R09",
            f"{len(thrown)} bombs at once beside a good image",
            "< 512 MiB, p99 of the good image 1 s",
            MiB=highest // MIB,
            asked=len(waited),
            p99=percentile(waited, 99),
            refused=sum(not (set(seen) & {200}) for seen in statuses.values()),
        )
        assert not asker.faults
        assert {seen.status for seen in asker.seen} == {200}
        for name, seen in thrown.items():
            for status, said in seen:
                assert status == 200 or (status in REFUSED and said), (name, statuses[name], said[:300])
        assert highest < MOST, f"{highest / MIB:.0f} MiB; {statuses}"
        assert percentile(waited, 99) < 3, percentile(
            waited, 99
        )  # 1 s, on a machine that has nothing else to do
        # What is refused says why; what can be shown without being read whole is.
        assert statuses["gray.png"] == statuses["colours.png"] == statuses["scans.jpg"] == [422]
        assert statuses["scans.dcm"] == statuses["again.dcm"] == [200, 422]
        assert b"deflated member" in thrown["shard.zarr.zip"][-1][1], thrown["shard.zarr.zip"]
        assert statuses["pages.tif"][0] == 200
