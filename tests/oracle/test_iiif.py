"""The official validator of the IIIF Image API, over the picture that it asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from harness import Server
from iiif_validator import validator as official
from PIL import Image

SQUARE = 100


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Ten times ten squares, of the colours that the validator knows."""
    colours = np.array(official.ValidationInfo().colorInfo, np.uint8).transpose(1, 0, 2)
    picture = colours.repeat(SQUARE, axis=0).repeat(SQUARE, axis=1)
    path = tmp_path_factory.mktemp("iiif") / "squares.png"
    Image.fromarray(picture).save(path)
    with Server(path, "--cors", "*") as server:
        yield server


# It wants `!2000,3000` of a smaller image refused, and says so by an error in its own error. Section 4.2 of the
# standard has it answered: "as large as possible but not larger than the extracted region".
AGAINST_THE_STANDARD = {"size_noup"}


def names(version: str) -> list[str]:
    """What the validator tests on level 2 of a version."""
    tests = official.TestSuite(official.ValidationInfo()).list_tests(version)
    chosen = {name for name, test in tests.items() if test["level"] <= 2}
    assert len(chosen) >= 30
    return sorted(chosen - AGAINST_THE_STANDARD)


def test_what_is_not_enlarged_unless_asked(server):
    for size in ("1500,1500", ",1200", "1100,", "pct:200"):
        assert server.get(f"/iiif/3/squares/full/{size}/0/default.png").status == 400, size
        assert server.get(f"/iiif/3/squares/full/^{size}/0/default.png").status == 200, size
    assert server.ok("/iiif/3/squares/full/!2000,3000/0/default.png").image().size == (1000, 1000)
    assert server.ok("/iiif/3/squares/full/^!2000,3000/0/default.png").image().size == (2000, 2000)


@pytest.mark.parametrize(("version", "prefix"), [("2.0", "iiif/2"), ("3.0", "iiif/3")])
def test_the_official_validator_finds_nothing(server, version, prefix):
    validator = Path(sys.executable).parent / "iiif-validate.py"
    command = [sys.executable, validator, "-s", f"{server.host}:{server.port}", "-p", prefix]
    command += ["-i", "squares", "--version", version, "-v"]
    chosen = names(version)
    for name in chosen:
        command += ["--test", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    assert said.count("PASS") == len(chosen), said
