"""`--isolate`: files that end the process that reads them, and the one that takes its place."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sockets
from harness import Server, binary, save
from PIL import Image
from process import status
from test_aborts import expensive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Figures

# What a stack that overflows and an allocation that fails send; a system without memory; a fault of C.
ENDS = (signal.SIGABRT, signal.SIGKILL, signal.SIGFPE)


@pytest.fixture(autouse=True)
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the server keep what one process tells the next in a folder of the test's."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def workers(supervisor: int) -> list[int]:
    """Tell which processes the supervisor has started that live."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [int(child) for child in children]


def lives(pid: int) -> bool:
    """Tell whether a process is more than a memory of its parent's."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def until(what: str, is_so: Callable[[], object], within: float = 20) -> float:
    """Wait until it is so; tell how many seconds that took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() < began + within, what
        time.sleep(0.001)
    return time.monotonic() - began


def is_under_way(journals: Path, name: str) -> bool:
    """Tell whether the journal says that this is being worked on."""
    return any(name.encode() in path.read_bytes() for path in journals.glob("*/journal"))


def endings(server: Server) -> list[str]:
    """Tell what the supervisor said of processes that ended."""
    return re.findall(r"was ended by signal \d+.*: another takes its place", server.stderr())


async def ask_and_end(server: Server, journals: Path, path: str, end: signal.Signals) -> float:
    """Ask for a tile, and let its process end while it is made; tell how long until the next answer to another."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(sockets.request(path))
    await writer.drain()
    await asyncio.to_thread(until, "it is not made", lambda: is_under_way(journals, "mandelbrot"))
    worker = workers(server.process.pid)[0]
    os.kill(worker, end)
    try:
        assert await reader.read() == b"", "the connection ends with its process"
    finally:
        writer.close()
    began = time.monotonic()
    good = await asyncio.to_thread(server.get, "/images/terrain/0/0/0.png")
    assert good.status == 200
    assert workers(server.process.pid) != [worker]
    return time.monotonic() - began


def test_what_ends_its_process_is_tried_three_times(journals: Path, figure: Figures) -> None:
    with Server("demo", "--isolate", "--cache", "0") as server:
        before = server.ok("/images/terrain/0/0/0.png")
        path = expensive(0)
        back = [asyncio.run(ask_and_end(server, journals, path, end)) for end in ENDS]
        refused = server.get(path)
        after = server.ok("/images/terrain/0/0/0.png")
        said, lines = endings(server), server.lines
        supervisor = server.process.pid
        left = workers(supervisor)
    figure(
        "R43",
        "--isolate: a tile whose process ends by SIGABRT, SIGKILL, SIGFPE",
        "alive; not tried again after three times",
        back_after_seconds=max(back),
        refused=refused.status,
    )
    assert max(back) <= 5
    assert refused.status == 422
    assert b"failed inside of the server too often" in refused.body
    # The same bytes under the same tag: browsers keep what they have.
    assert (before.body, before.headers["etag"]) == (after.body, after.headers["etag"])
    assert len(said) == 3
    assert all("while it worked on mandelbrot" in line for line in said)
    assert len([line for line in lines if "http://" in line]) == 1, "the address is told once"
    assert server.process.returncode == 0
    assert not any(lives(pid) for pid in left)
    assert not list(journals.iterdir()), "nothing is left behind"


def test_memory_that_there_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figures) -> None:
    """An allocation that really fails: a tile of 128 MiB of samples in an address space of 400 MiB."""
    monkeypatch.delenv("RUST_BACKTRACE", raising=False)
    side = 20_000
    good, large = tmp_path / "good.npy", tmp_path / "large.npy"
    np.save(good, np.zeros((64, 64)))
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({side}, {side}), }}".ljust(117) + "\n"
    large.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
    os.truncate(large, 10 + len(header) + side * side * 8)
    server = Server(good, large, "--isolate", "--memory", "16M", "--threads", "2")
    server.arguments = ["prlimit", f"--as={400 << 20}", *server.arguments]
    with server:
        answers = []
        for _ in range(4):
            asked = sockets.ask(server, sockets.request("/images/large/5/0/0/4096.npy", "Connection: close"))
            answers.append((asked and asked.status, server.get("/images/good/0/0/0/64.npy").status))
        said = server.stderr()
    figure(
        "R43",
        "--isolate: a tile for which there is no memory, in 400 MiB",
        "alive; not tried again after three times; others are served",
        refused=answers[3][0],
        good=[good for _, good in answers].count(200),
    )
    assert answers == [(None, 200)] * 3 + [(422, 200)]
    assert said.count("memory allocation of 134217728 bytes failed") == 3


def test_a_file_whose_opening_ends_its_process_is_left_out(tmp_path: Path, journals: Path) -> None:
    good = save(tmp_path, {"good": np.arange(100, dtype=np.uint8).reshape(10, 10)})[0]
    slow = tmp_path / "slow.png"
    noise = np.random.default_rng(1).integers(0, 255, (8000, 8000), np.uint8)
    Image.fromarray(noise).save(slow, compress_level=1)
    server = Server(good, slow, "--isolate")
    with pytest.MonkeyPatch.context() as patch:
        # It is ended while the harness waits for its address.
        began: list[int] = []
        listen = server._listen

        def end_it() -> None:
            until("it is not opened", lambda: is_under_way(journals, "opening"))
            until("it is not slow's turn", lambda: is_under_way(journals, "slow.png"))
            worker = workers(server.process.pid)[0]
            began.append(worker)
            os.kill(worker, signal.SIGABRT)
            listen()

        patch.setattr(server, "_listen", end_it)
        with server:
            assert len(began) == 1
            assert [image["id"] for image in server.images] == ["good"]
            said = server.stderr()
    assert len(re.findall("was ended by signal 6 while it worked on opening .*slow.png", said)) == 1
    assert re.search(r"slow\.png: the process that opened it ended: it is left out", said)


@pytest.fixture
def isolated(tmp_path: Path) -> Iterator[Server]:
    """Start one over a small image."""
    path = save(tmp_path, {"a": np.arange(100, dtype=np.uint8).reshape(10, 10)})[0]
    server = Server(path, "--isolate")
    with server:
        yield server


def test_the_supervisor_takes_no_part_in_the_work(isolated: Server) -> None:
    supervisor = isolated.process.pid
    worker = workers(supervisor)[0]
    assert status(supervisor, "Threads") <= 2 < status(worker, "Threads")
    assert os.getpgid(worker) == worker, "a terminal's Ctrl-C goes to the supervisor alone"


def test_a_worker_does_not_outlive_its_supervisor(isolated: Server) -> None:
    worker = workers(isolated.process.pid)[0]
    isolated.process.kill()
    until("the worker goes on", lambda: not lives(worker), 12)
    # The harness wants to see it alive at the end.
    isolated.process.poll = lambda: None  # type: ignore[method-assign]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_as_it_does_without(isolated: Server, end: signal.Signals) -> None:
    worker = workers(isolated.process.pid)[0]
    isolated.process.send_signal(end)
    assert isolated.process.wait(10) == 0
    assert not lives(worker)
    isolated.process.poll = lambda: None  # type: ignore[method-assign]


def test_wrong_use_is_told_as_without(tmp_path: Path) -> None:
    def ran(*flags: str) -> tuple[int, str]:
        done = subprocess.run(
            [binary(), str(tmp_path / "none.png"), "-p", "0", *flags],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.returncode, done.stderr

    assert ran("--isolate") == ran()


def test_a_worker_that_ends_at_once_is_not_started_for_ever(tmp_path: Path) -> None:
    path = save(tmp_path, {"a": np.zeros((10, 10), np.uint8)})[0]
    server = Server(path, "--isolate")
    ended: list[int] = []
    with server:
        supervisor = server.process.pid
        while server.process.poll() is None:
            for worker in workers(supervisor) if lives(supervisor) else []:
                if worker not in ended:
                    ended.append(worker)
                    os.kill(worker, signal.SIGKILL)
            time.sleep(0.001)
            assert len(ended) < 10
        said, code = server.stderr(), server.process.returncode
        server.process.poll = lambda: None  # type: ignore[method-assign]
    assert code == 1
    assert "the server ends by signal 9 as soon as it is started" in said


def test_browsers_stay_let_in(tmp_path: Path) -> None:
    """The token of a server that other machines reach is that of its first process."""
    path = save(tmp_path, {"a": np.zeros((10, 10), np.uint8)})[0]
    with Server(path, "--isolate", "--host", "0.0.0.0") as server:  # noqa: S104 - its token is what is tried
        server.host = "127.0.0.1"
        server.connection.host = server.host
        token = server.url.split("token=")[1]
        bearer = {"Authorization": f"Bearer {token}"}
        assert server.get("/images", bearer).status == 200
        worker = workers(server.process.pid)[0]
        os.kill(worker, signal.SIGABRT)
        until("another takes its place", lambda: workers(server.process.pid) not in ([], [worker]))
        assert server.get("/images", bearer).status == 200
        assert server.get("/images").status == 401
