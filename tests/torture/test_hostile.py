"""R04: hostile and unusual files through the real binary: what must open does, the rest is refused soon, in a line."""

from __future__ import annotations

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import h5py
import numpy as np
import pytest
from harness import Reply, Server, binary
from hostile import Case, cases
from launcher import Launcher, Ran
from process import MIB

if TYPE_CHECKING:
    from conftest import Figures

REFUSAL_SECONDS = 2.0
REFUSAL_MEMORY = 64 * MIB
HANG_SECONDS = 60.0
# What an opened file may take beyond its decoded samples.
OPENED_MEMORY = 256 * MIB
# These are valid, and decoded take gigabytes: some seconds each, for which the short run has no time.
LARGE = {
    "png/valid_60000x60000_1bit.png",
    "png/valid_30000x30000_rgb.png",
    "tiff/one_strip_65536x65536_deflate.tif",
}
FOUND = Path(__file__).parents[2] / "fuzz" / "found"


@dataclass
class Trial:
    """A case, where it was written, and what `projectile info` made of it."""

    case: Case
    path: Path
    ran: Ran


@dataclass
class Trials:
    """All of them, and what `projectile info` takes for a tiny good file."""

    canary: Path
    folder: Path
    baseline: Ran
    all: list[Trial]


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory, full: bool) -> Trials:
    folder = tmp_path_factory.mktemp("hostile")
    canary = tmp_path_factory.mktemp("canary") / "PROJECTILE_CANARY"
    written = [(case, case.write(folder)) for case in cases(str(canary)) if full or case.path not in LARGE]
    tiny = folder / "npy" / "v2.npy"
    with Launcher() as first, Launcher() as second, ThreadPoolExecutor(2) as threads:
        baseline = first.run([binary(), "info", tiny])
        launchers = [first, second]

        def examine(part: int) -> list[Trial]:
            return [
                Trial(case, path, launchers[part].run([binary(), "info", "--json", path], HANG_SECONDS))
                for case, path in written[part::2]
            ]

        parts = list(threads.map(examine, range(2)))
    return Trials(canary, folder, baseline, parts[0] + parts[1])


def faults_of(trial: Trial, baseline: Ran) -> list[str]:
    """Tell what is wrong with how a case ended."""
    case, ran = trial.case, trial.ran
    faults = []
    if ran.hung:
        return [f"it did not end within {HANG_SECONDS} s"]
    if ran.code not in (0, 1, 2) or "panicked" in ran.complaints:
        return [f"it ended with {ran.code}: {ran.complaints[:300]}"]
    opened = ran.code == 0
    if case.expect == "open" and not opened:
        faults.append(f"it must open, and is refused: {ran.complaints}")
    if case.expect == "refuse" and opened:
        faults.append(f"it must be refused, and opens: {ran.output[:300]}")
    if opened:
        growth = ran.peak - baseline.peak - decoded_bytes(ran)
        if growth > OPENED_MEMORY:
            faults.append(f"it took {growth / MIB:.0f} MiB more than its samples to be opened")
    else:
        faults.extend(faults_of_refusal(trial, baseline))
    return faults


def decoded_bytes(ran: Ran) -> int:
    """Tell how many bytes all samples take of what was described."""
    images = json.loads(ran.output)
    return sum(math.prod(image["shape"]) * np.dtype(image["dtype"]).itemsize for image in images)


def faults_of_refusal(trial: Trial, baseline: Ran) -> list[str]:
    """Tell what is wrong with how a case was refused."""
    ran = trial.ran
    faults = []
    # A busy machine makes it wait; what it computes itself does not depend on others.
    if ran.cpu_seconds > REFUSAL_SECONDS or ran.seconds > 5 * REFUSAL_SECONDS:
        faults.append(
            f"it took {ran.seconds:.1f} s, {ran.cpu_seconds:.1f} s of them computing, to be refused"
        )
    if ran.peak - baseline.peak > REFUSAL_MEMORY:
        faults.append(f"it took {(ran.peak - baseline.peak) / MIB:.0f} MiB to be refused")
    lines = ran.complaints.splitlines()
    if (
        len(lines) != 1
        or trial.path.name not in lines[0]
        or not lines[0].split(trial.path.name, 1)[1].strip(" :")
    ):
        faults.append(f"one line that names the file and a reason is wanted: {ran.complaints!r}")
    return faults


@pytest.mark.timeout(600)
def test_each_opens_or_is_refused_soon_and_in_few_words(trials: Trials, full: bool, figure: Figures) -> None:
    faults = {trial.case.path: found for trial in trials.all if (found := faults_of(trial, trials.baseline))}
    refused = [trial.ran for trial in trials.all if trial.ran.code != 0]
    figure(
        "R04",
        "hostile files through `projectile info`",
        "481 of 481 as expected; refused within 2 s and 64 MiB, in one line",
        files=len(trials.all),
        as_expected=len(trials.all) - len(faults),
        slowest_refusal_seconds=max(ran.cpu_seconds for ran in refused),
        most_memory_to_refuse_MiB=max(ran.peak - trials.baseline.peak for ran in refused) / MIB,
    )
    assert trials.baseline.code == 0, trials.baseline.complaints
    assert len(trials.all) == 481 if full else 481 - len(LARGE)
    assert not faults, "\n".join(f"{path}: {found}" for path, found in faults.items())
    assert not trials.canary.exists()
    written = {trial.path for trial in trials.all} | {trials.folder / "zarr"}
    outside = [path for path in trials.folder.parent.glob("**/evil.npy") if path not in written]
    assert not outside, "a member of an archive was written outside of it"


@pytest.mark.timeout(600)
def test_what_opens_is_served(trials: Trials, figure: Figures) -> None:
    opened = [trial for trial in trials.all if trial.ran.code == 0 and trial.case.expect == "open"]
    with Server(*(trial.path for trial in opened)) as server:
        images = server.images
        assert len(images) == len(opened)
        answered = 0
        for trial, image in zip(opened, images, strict=True):
            case = trial.case
            address = f"/images/{quote(image['id'], safe='')}"
            told = server.json(address)
            if case.shape is not None:
                # Pages of one size are one image, whose first axis they are.
                assert tuple(told["shape"])[-len(case.shape) :] == case.shape, case.path
            if case.dtype is not None:
                assert np.dtype(told["dtype"]) == np.dtype(case.dtype).newbyteorder("="), case.path
            for zoom in (0, told["native_zoom"]):
                tile = tile_of(server, f"{address}/{zoom}/0/0.png")
                assert tile.status == 200, (case.path, zoom, tile.body)
                tile.image()
                answered += 1
        figure("R04", "those that open, served at once", "all answer 200", images=len(opened), tiles=answered)
    assert not trials.canary.exists()


def tile_of(server: Server, address: str) -> Reply:
    """Ask for a tile, which may be made of a sample: of the largest, all of it is not read in a while."""
    until = time.monotonic() + HANG_SECONDS
    while (reply := server.get(address)).status == 503 and time.monotonic() < until:
        time.sleep(0.05)
    return reply


def test_what_was_found_takes_no_time(tmp_path: Path, figure: Figures) -> None:
    """Files that fuzzers and people found to take seconds, or for ever."""
    files = sorted(path for path in FOUND.rglob("*") if path.is_file())
    assert files
    with Launcher() as launcher:
        np.save(tmp_path / "tiny.npy", np.zeros((4, 4), "u1"))
        baseline = launcher.run([binary(), "info", tmp_path / "tiny.npy"])
        ran = {file: launcher.run([binary(), "info", file]) for file in files}
        # In a debug build, the library that reads the structure of HDF5 is not optimised.
        ran_linked = launcher.run([binary(), "info", write_linked_groups(tmp_path / "linked.h5")])
        shuffled = write_shuffled(tmp_path / "shuffled.zarr")
        ran[shuffled] = launcher.run([binary(), "tile", shuffled, "0/0/0/64", "-o", tmp_path / "tile.png"])
    slowest = max(told.cpu_seconds for told in ran.values())
    most = max(told.peak - baseline.peak for told in ran.values())
    figure(
        "R04",
        "files that were found to be slow",
        "opened or refused within 2 s and 64 MiB",
        files=len(ran) + 1,
        slowest_seconds=slowest,
        linked_groups_seconds=ran_linked.cpu_seconds,
        most_memory_MiB=most / MIB,
    )
    assert all(told.code in (0, 1) for told in [*ran.values(), ran_linked]), ran
    assert slowest <= REFUSAL_SECONDS
    assert most <= REFUSAL_MEMORY
    assert ran_linked.cpu_seconds <= 4 * REFUSAL_SECONDS
    assert "more than" in ran_linked.complaints


def write_linked_groups(path: Path) -> Path:
    """Write groups each of which is in the one before by two names: there are two to the thirtieth paths."""
    with h5py.File(path, "w") as file:
        groups = [file.create_group(f"/{number}") for number in range(30)]
        for outer, inner in pairwise(groups):
            outer["a"] = outer["b"] = inner
    return path


def write_shuffled(path: Path) -> Path:
    """Write an array whose elements are shuffled by more bytes than can be counted to."""
    path.mkdir()
    shuffle = {"id": "shuffle", "elementsize": 2**64 - 1}
    document = {
        "zarr_format": 2,
        "shape": [4, 4],
        "chunks": [4, 4],
        "dtype": "|u1",
        "fill_value": 0,
        "order": "C",
    }
    (path / ".zarray").write_text(json.dumps({**document, "compressor": None, "filters": [shuffle]}))
    (path / "0.0").touch()
    return path
