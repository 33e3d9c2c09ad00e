"""Limits that a flag sets bite where it says: each is tried with what is just within it and just beyond."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sockets
import tifffile
from harness import Server, run, save
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Write a small array."""
    return save(tmp_path, {"a": np.arange(10_000, dtype=np.uint8).reshape(100, 100)})[0]


def test_bodies_and_pixels(small: Path) -> None:
    body = json.dumps({"polygon": [[0, 0], [9, 0], [9, 9]]}).encode()
    flags = ("--max-body", str(len(body)), "--max-pixels", str(64 * 64), "--body-timeout", "0.3")
    with Server(small, *flags) as server:
        asked = {
            extra: server.get("/images/a/statistics", JSON, "POST", body + b" " * extra).status
            for extra in (0, 1, len(body))
        }
        sides = {side: server.get(f"/images/a/0/0/0/{side}.png").status for side in (64, 128, 4096)}
        sized = {
            size: server.get(f"/iiif/3/a/0,0,99,99/{size}/0/default.png").status
            for size in ("64,64", "64,65", "99,")
        }
        began = time.monotonic()
        late = sockets.ask(
            server,
            sockets.request(
                "/images/a/statistics", "Content-Type: application/json", "Content-Length: 9", method="POST"
            )
            + b'{"po',
        )
        took = time.monotonic() - began
    assert asked == {0: 200, 1: 413, len(body): 413}
    assert sides == {64: 200, 128: 422, 4096: 422}
    assert sized == {"64,64": 200, "64,65": 422, "99,": 422}
    assert late is not None
    assert late.status == 408
    assert 0.3 <= took <= 3


def told(path: Path, *flags: str) -> tuple[int, str]:
    """Tell what `projectile info` says of a file."""
    done = run("info", path, *flags)
    return done.returncode, done.stdout + done.stderr


def test_pages_of_a_tiff(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    with tifffile.TiffWriter(path) as file:
        for _ in range(3):
            file.write(np.zeros((8, 8), np.uint8), contiguous=False)
    assert told(path, "--max-directories", "3")[0] == 0
    code, said = told(path, "--max-directories", "2")
    assert (code, "more than 2 pages" in said) == (1, True), said


def test_scans_of_a_jpeg(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    file = io.BytesIO()
    noise.save(file, "JPEG", progressive=True)
    path = tmp_path / "progressive.jpg"
    path.write_bytes(file.getvalue())
    scans = file.getvalue().count(b"\xff\xda")
    assert scans > 2
    assert told(path, "--max-scans", str(scans))[0] == 0
    code, said = told(path, "--max-scans", str(scans - 1))
    assert (code, f"more than {scans - 1} scans" in said) == (1, True), said
    inside = tmp_path / "progressive.tif"
    tifffile.imwrite(
        inside,
        iter([file.getvalue()]),
        shape=(64, 64, 3),
        dtype=np.uint8,
        photometric="ycbcr",
        compression="jpeg",
        tile=(64, 64),
    )
    assert told(inside, "--max-scans", str(scans))[0] == 0
    code, said = told(inside, "--max-scans", str(scans - 1))
    assert (code, "scans" in said) == (1, True), said


def test_length_and_depth_of_metadata(tmp_path: Path) -> None:
    path = tmp_path / "planes.ome.tif"
    tifffile.imwrite(path, np.zeros((3, 8, 8), np.uint8), metadata={"axes": "ZYX", "Name": "named"})
    with tifffile.TiffFile(path) as file:
        assert file.ome_metadata
        length = len(file.ome_metadata.encode())
    # Without what the text says, the file is its pages.
    whole, cut = told(path)[1], told(path, "--max-metadata", str(length - 1))[1]
    assert "named" in whole
    assert "named" not in cut
    assert "named" in told(path, "--max-metadata", str(length + 1))[1]
    shallow = told(path, "--max-depth", "1")
    assert shallow[0] == 0
    assert "named" not in shallow[1]
