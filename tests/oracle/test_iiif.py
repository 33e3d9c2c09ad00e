"""The official validator of the IIIF Image API, over the picture that it asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from harness import Server
from iiif_validator.validator import ValidationInfo
from PIL import Image

SQUARE = 100


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Ten times ten squares, of the colours that the validator knows."""
    colours = np.array(ValidationInfo().colorInfo, np.uint8).transpose(1, 0, 2)
    picture = colours.repeat(SQUARE, axis=0).repeat(SQUARE, axis=1)
    path = tmp_path_factory.mktemp("iiif") / "squares.png"
    Image.fromarray(picture).save(path)
    with Server(path, "--cors", "*") as server:
        yield server


@pytest.mark.parametrize(("version", "prefix"), [("2.0", "iiif/2"), ("3.0", "iiif/3")])
def test_the_official_validator_finds_nothing(server, version, prefix):
    validator = Path(sys.executable).parent / "iiif-validate.py"
    command = [sys.executable, validator, "-s", f"{server.host}:{server.port}", "-p", prefix]
    command += ["-i", "squares", "--version", version, "--level", "2", "-v"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    assert said.count("PASS") >= 25, said
