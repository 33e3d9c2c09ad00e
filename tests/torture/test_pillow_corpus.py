"""Pillow's test images through the real binary: none harms it, and what Pillow sees in them is what is shown."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pytest
from harness import Server, binary
from launcher import Launcher, Ran
from pillow_corpus import CLAIMED, Seen, corpus, seen
from pillow_misses import MISSES
from process import MIB

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Figures

HANG_SECONDS = 10.0
MOST_MEMORY = 1024 * MIB


def examined(files: list[Path]) -> dict[Path, Ran]:
    """Run `projectile info` over each."""
    with Launcher() as first, Launcher() as second, ThreadPoolExecutor(2) as threads:
        launchers = [first, second]

        def part(number: int) -> dict[Path, Ran]:
            command = [binary(), "info", "--json"]
            return {file: launchers[number].run([*command, file], HANG_SECONDS) for file in files[number::2]}

        halves = list(threads.map(part, range(2)))
    return {**halves[0], **halves[1]}


def difference(server: Server, image: dict[str, Any], wanted: Seen) -> str | None:
    """Tell how what is shown differs from what Pillow sees."""
    address = f"/images/{quote(image['id'], safe='')}/region"
    if (image["width"], image["height"]) != wanted.size:
        return f"{image['width']} × {image['height']} pixels, Pillow has {wanted.size}"
    if not wanted.deep:
        return wanted.differs(deep_or_shown(server, image, address))
    samples = server.ok(f"{address}.npy").npy().astype("f8")
    # Pillow has no deep gray with alpha.
    return wanted.differs(samples[..., 0] if samples.shape[2:] == (2,) else samples)


def deep_or_shown(server: Server, image: dict[str, Any], address: str) -> np.ndarray:
    """Tell the colours of an image; Pillow keeps only the upper byte of deep colours."""
    if image["dtype"] == "uint16":
        samples = server.ok(f"{address}.npy").npy() >> 8
        rows, columns, channels = samples.shape if samples.ndim == 3 else (*samples.shape, 1)
        samples = samples.reshape(rows, columns, channels)
        alpha = samples[..., -1:] if channels in (2, 4) else np.full((rows, columns, 1), 255)
        colours = samples[..., : 3 if channels >= 3 else 1]
        return np.concatenate([np.broadcast_to(colours, (rows, columns, 3)), alpha], -1).astype("f8")
    return server.rgba(f"{address}.png").astype("f8")


@pytest.mark.full_only
@pytest.mark.timeout(1200)
def test_what_pillow_sees_is_shown(tmp_path: Path, figure: Figures) -> None:
    root = corpus()
    files = sorted(path for path in root.rglob("*") if path.is_file())
    ran = examined(files)
    harmed = {
        str(file.relative_to(root)): (told.code, told.hung, told.peak // MIB, told.complaints[:200])
        for file, told in ran.items()
        if told.hung or told.code not in (0, 1) or told.peak > MOST_MEMORY or "panicked" in told.complaints
    }
    by_pillow = {file: what for file in files if (what := seen(file)) and what.format in CLAIMED}
    misses = {str(file.relative_to(root)): ran[file].complaints for file in by_pillow if ran[file].code != 0}
    opened = [file for file in by_pillow if ran[file].code == 0]
    folder = tmp_path / "opened"
    folder.mkdir()
    for number, file in enumerate(opened):
        shutil.copy(file, folder / f"{number:04d}_{file.name}")
    with Server(folder) as server:
        first: dict[int, dict[str, Any]] = {}
        for image in server.images:
            first.setdefault(int(image["name"][:4]), image)
        for number, file in enumerate(opened):
            if reason := difference(server, first[number], by_pillow[file]):
                misses[str(file.relative_to(root))] = reason
    figure(
        "R03",
        "Pillow's test images, through the binary",
        "no crash, no hang; what Pillow opens opens, with its pixels, but for those listed",
        files=len(files),
        harmed=len(harmed),
        claimed=len(by_pillow),
        as_pillow_sees_them=len(by_pillow) - len(misses),
        listed=len(MISSES),
        slowest_seconds=max(told.seconds for told in ran.values()),
        most_memory_MiB=max(told.peak for told in ran.values()) / MIB,
    )
    assert not harmed
    assert misses.keys() == MISSES.keys(), "\n".join(
        f"{name}: {misses.get(name, 'opens now')}" for name in sorted(misses.keys() ^ MISSES.keys())
    )
