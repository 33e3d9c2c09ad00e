"""The examples run, and serve what they say."""

import io
import json
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from asking import ask, ok
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
#: Each example, and a tile at full resolution that has something to see.
TILES = {
    "dask_larger_than_memory.py": "10/312/333/256.png",
    "simulation.py": "1/0/0/256.png",
    "xarray_time.py": "1/0/0/256.png",
}


@contextmanager
def running(name, *arguments):
    """Run an example, and give its process and its address once it has told that."""
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / name, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        found = re.match(r"http://127\.0\.0\.1:\d+/", line)
        assert found, line + process.stderr.read()
        yield process, found.group()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def end_of(process):
    """Wait until an example ends by itself, without a complaint."""
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def interrupt(process):
    """End an example as Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    end_of(process)


def described(url):
    """Tell what the first image is."""
    (image,) = json.loads(ok(ask(url, "images")).body)["images"]
    return json.loads(ok(ask(url, f"images/{image['id']}")).body)


def samples(url, tail, **query):
    """Fetch a tile's samples."""
    return np.load(io.BytesIO(ok(ask(url, tail, **query)).body))


def test_these_are_the_examples():
    assert {path.name for path in EXAMPLES.glob("*.py")} == TILES.keys()


@pytest.mark.parametrize("name", TILES)
def test_an_example_serves_and_ends(name):
    # Long enough for a busy machine to compute what is looked at.
    with running(name, "--seconds", "6") as (process, url):
        tile = ok(ask(url, TILES[name]))
        colours = np.asarray(Image.open(io.BytesIO(tile.body)).convert("RGB"))
        assert len(np.unique(colours.reshape(-1, 3), axis=0)) > 1, "there is something to see"
        end_of(process)


@pytest.mark.parametrize("name", TILES)
def test_an_example_ends_by_ctrl_c(name):
    with running(name) as (process, url):
        assert ask(url, "healthz").status == 200
        interrupt(process)


def test_the_simulation_changes_while_one_watches():
    with running("simulation.py") as (process, url):
        before, revision = samples(url, "1/0/0/256.npy"), described(url)["revision"]
        started = time.monotonic()
        time.sleep(1)
        after, frames = samples(url, "1/0/0/256.npy"), described(url)["revision"] - revision
        rate = frames / (time.monotonic() - started)
        assert (before != after).any()
        assert np.isfinite(after).all()
        assert frames >= 2, "it goes on"
        assert rate < 25, "it keeps to 20 frames a second"
        interrupt(process)


def test_dask_computes_what_is_looked_at():
    with running("dask_larger_than_memory.py") as (process, url):
        told = described(url)
        assert told["width"] * told["height"] * 4 > 100e9
        # The middle of the set's body, at -0.2, and a corner far outside.
        column, row = int((-0.2 + 2.25) / 3 * told["width"]) // 256, told["height"] // 2 // 256
        body = samples(url, f"{told['native_zoom']}/{column}/{row}/256.npy")
        corner = samples(url, f"{told['native_zoom']}/0/0/256.npy")
        assert (body == 60).all()
        assert corner.max() < 5
        interrupt(process)


def test_dask_on_a_cluster():
    with running("dask_larger_than_memory.py", "--workers", "2") as (process, url):
        assert samples(url, "10/0/0/256.npy").max() < 5
        interrupt(process)


def test_xarray_tells_of_its_axes():
    with running("xarray_time.py") as (process, url):
        told = described(url)
        time_, rows, columns = told["dimensions"]
        assert told["details"]["units"] == "°C"
        assert [time_["label"], rows["label"], columns["label"]] == ["time", "latitude", "longitude"]
        assert (rows["unit"], columns["unit"]) == ("degrees_north", "degrees_east")
        assert time_["coordinates"]["values"][182] == "2024-07-01"
        winter, summer = (samples(url, "0/0/0/512.npy", time=day) for day in (0, 182))
        assert winter.shape == (180, 360)
        assert summer[:60].mean() > winter[:60].mean() + 5, "it is warmer in the north"
        interrupt(process)
