"""Files that are cut short, rewritten, replaced and removed under load: an old image, a new one, or a clear error."""

from __future__ import annotations

import contextlib
import os
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import npy_bytes
import numpy as np
import pytest
from askers import Asker, Seen
from generations import ABSENT, KINDS, NATIVE, TILES, Kind, clear, generation_of, replace, touch_zarr
from harness import Server

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

RATE = 50  # requests a second for each file
PATIENCE = 20  # seconds until a new generation must be there at the very latest


def truncate(path: Path, kind: Kind, _generation: int) -> None:
    """Cut short to nothing."""
    for part in kind.parts(path):
        os.truncate(part, 0)


def truncate_in_a_page(path: Path, kind: Kind, _generation: int) -> None:
    """Cut short in the middle of a page of memory: what is read beyond must not be zeros."""
    for part in kind.parts(path):
        os.truncate(part, 1234 + 4096 * (7 if kind.ending == "zarr" else 301))


def grow(path: Path, kind: Kind, _generation: int) -> None:
    """Longer than it should be."""
    for part in kind.parts(path):
        with part.open("ab") as file:
            file.write(b"\0" * 100_000)


def rewrite(path: Path, kind: Kind, generation: int) -> None:
    """Written anew, in place."""
    kind.write(path, generation)


def rename_over(path: Path, kind: Kind, generation: int) -> None:
    """Another takes its name."""
    replace(path, kind.write, generation)


def remove(path: Path, kind: Kind, _generation: int) -> None:
    """Gone."""
    for part in kind.parts(path):
        part.unlink()


def become_folder(path: Path, kind: Kind, _generation: int) -> None:
    """A folder takes its name."""
    for part in kind.parts(path):
        part.unlink()
        part.mkdir()


CHANGES = [truncate, truncate_in_a_page, grow, rewrite, rename_over, remove, become_folder]
WRITES = (rewrite, rename_over)


@dataclass
class Trial:
    """One file, how it is changed, and what was seen of it."""

    path: Path
    kind: Kind
    change: Callable[[Path, Kind, int], None]
    generation: int = 1
    served: int = 1
    """The oldest generation that may still be seen."""
    wrong: list[str] = field(default_factory=list)
    answers: int = 0
    errors: int = 0
    new: int = 0
    """How many of the last answers were of the newest generation, one after the other."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while a generation begins and while an answer is counted: one of the last is never one of the newest."""

    def begin(self) -> None:
        """Begin the next generation."""
        with self.lock:
            self.generation += 1
            self.new = 0

    @property
    def at(self) -> str:
        return f"/images/{self.path.stem}"

    def choose(self, chance: random.Random) -> str:
        return f"{self.at}/{NATIVE}/{chance.randrange(TILES)}/0.npy"

    def look(self, seen: Seen) -> None:
        """Hold an answer to what it may be."""
        with self.lock:
            self._look(seen)

    def _look(self, seen: Seen) -> None:
        self.answers += 1
        newest, oldest = self.generation, self.served
        if seen.status != 200:
            self.errors += 1
            self.new = 0
            if seen.status not in (404, 410, 422, 503) or b'"detail"' not in seen.body:
                self.wrong.append(f"{seen.path}: {seen.status} {seen.body[:200]!r}")
            return
        samples = npy_bytes.load(seen.body)
        samples = samples.reshape(samples.shape[:2])
        found = generation_of(samples, int(seen.path.split("/")[-2]), newest)
        if self.kind.ending == "zarr" and self.change in (remove, become_folder) and samples.min() == ABSENT:
            # A chunk that is not there, or is no file, is no data: that is what the format says.
            return
        if found is None or not oldest <= found <= newest:
            marks = sorted(set(np.unique(samples >> 12).tolist()))
            self.wrong.append(
                f"{self.change.__name__}: {seen.path}: {samples.shape}, generations {marks}, {found}"
            )
        self.new = self.new + 1 if found == newest else 0


def change(trial: Trial) -> None:
    """Change the file once; what is written is of the next generation."""
    if trial.change in WRITES:
        trial.begin()
    trial.change(trial.path, trial.kind, trial.generation)
    if trial.kind.ending == "zarr":
        touch_zarr(trial.path)


def mend(trial: Trial) -> None:
    """Let it be a good file of the next generation again."""
    trial.begin()
    for part in trial.kind.parts(trial.path):
        if part.is_dir():
            part.rmdir()
    replace(trial.path, trial.kind.write, trial.generation)


def await_newest(trials: list[Trial], began: float) -> list[float]:
    """Wait until the newest generation of each is served; answer how long each took."""
    took: dict[int, float] = {}
    oldest = [trial.generation - (1 + (trial.change in WRITES)) for trial in trials]
    while len(took) < len(trials):
        for number, trial in enumerate(trials):
            if number not in took and trial.new >= trial.kind.enough:
                took[number] = time.monotonic() - began
                # From now on no older one may be seen. Chunks are files of their own, each with its own time.
                trial.served = trial.generation if trial.kind.enough == 1 else oldest[number]
        missing = [trial.change.__name__ for number, trial in enumerate(trials) if number not in took]
        assert time.monotonic() < began + PATIENCE, f"the new generation is not served: {missing}"
        time.sleep(0.02)
    return list(took.values())


def make(folder: Path, kind: Kind) -> list[Trial]:
    """Write a file for each change."""
    folder.mkdir()
    trials = [Trial(folder / f"{change.__name__}.{kind.ending}", kind, change) for change in CHANGES]
    for trial in trials:
        kind.write(trial.path, trial.generation)
    return trials


@contextlib.contextmanager
def asked(server: Server, trials: list[Trial]):
    """Ask for each file at the rate of the goal."""
    with contextlib.ExitStack() as stack:
        askers = [
            stack.enter_context(Asker(server.host, server.port, trial.choose, RATE, seed, trial.look))
            for seed, trial in enumerate(trials)
        ]
        yield
    assert not [asker.faults for asker in askers if asker.faults], "connections were broken off"
    assert server.get("/healthz").status == 200


def answers(trials: list[Trial], more: int) -> None:
    """Wait until each was asked for so many times more."""
    wanted, until = [trial.answers + more for trial in trials], time.monotonic() + 60
    while any(trial.answers < enough for trial, enough in zip(trials, wanted, strict=True)):
        assert time.monotonic() < until, "answers do not come"
        time.sleep(0.005)


def hold(trials: list[Trial], row: str, figure: Callable[..., None], **numbers: float) -> None:
    """Tell what was seen, and assert that nothing of it was wrong."""
    wrong = [fault for trial in trials for fault in trial.wrong]
    total = sum(trial.answers for trial in trials)
    failed = sum(trial.errors for trial in trials)
    figure(
        "R08",
        row,
        "0 mixed or zero-filled answers",
        answers=total,
        errors=failed,
        wrong=len(wrong),
        **numbers,
    )
    assert not wrong, f"{len(wrong)} of {total}: {wrong[:10]}"


ROUNDS = {"npy": (10, 200), "tiff": (2, 50), "zarr": (2, 50)}  # a short run, a full one


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", KINDS)
def test_watched_files_change_under_load(tmp_path: Path, name: str, full: bool, figure) -> None:
    """With `--watch` nothing wrong is shown, and what is written is served soon after."""
    trials, took, rounds = make(tmp_path / "files", KINDS[name]), [], ROUNDS[name][full]
    paths = [trial.path for trial in trials]
    with Server(*paths, "--watch", "--cache", "0", "--memory", "16M") as server, asked(server, trials):
        for _ in range(rounds):
            answers(trials, 4)
            for trial in trials:
                change(trial)
            answers(trials, 10)
            began = time.monotonic()
            for trial in trials:
                mend(trial)
            took += await_newest(trials, began)
    median, longest = statistics.median(took), max(took)
    figure(
        "R08",
        f"{name}, --watch: new generation",
        "2 s after",
        trials=len(took),
        median=median,
        longest=longest,
    )
    hold(trials, f"{name}, --watch, {rounds} x {len(CHANGES)} changes", figure)
    # Files are looked at twice a second, and must rest for one look. The longest is of a machine that does more.
    assert median <= 2, took
    assert longest <= 8, took


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", KINDS)
def test_files_change_under_load(tmp_path: Path, name: str, full: bool, figure) -> None:
    """Without `--watch` the old file is shown for as long as it is there, and then an error."""
    everything, rounds = [], ROUNDS[name][full]
    for number in range(rounds):
        trials = make(tmp_path / str(number), KINDS[name])
        everything += trials
        with (
            Server(*(trial.path for trial in trials), "--cache", "0", "--memory", "16M") as server,
            asked(server, trials),
        ):
            answers(trials, 4)
            for trial in trials:
                change(trial)
            answers(trials, 10)
        clear(tmp_path / str(number))
    hold(everything, f"{name}, {rounds} x {len(CHANGES)} changes", figure)
