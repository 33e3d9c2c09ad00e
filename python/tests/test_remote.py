"""What lies at an address, shown as a file is."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import PIL.Image
import projectile
import pytest
from asking import check, describe
from remote_server import RemoteServer

SHAPE = (300, 420)


@pytest.fixture
def web(tmp_path):
    """A server of files."""
    with RemoteServer(tmp_path) as server:
        yield server


@pytest.mark.parametrize("name", ["a.npy", "b.png"])
@pytest.mark.parametrize("encode", [str, os.fsencode], ids=["str", "bytes"])
def test_an_address(show, random, tmp_path, web, name, encode):
    array = random("u1", SHAPE)
    if name == "a.npy":
        np.save(tmp_path / name, array)
    else:
        PIL.Image.fromarray(array).save(tmp_path / name)
    view = show(encode(f"{web.url}/{name}?signature=secret"))
    check(view, array)
    assert describe(view)["name"] == name


def test_an_array_that_stays_there(show, tmp_path, web):
    array = np.arange(2000 * 1200, dtype="<u4").reshape(2000, 1200)
    np.save(tmp_path / "big.npy", array)
    view = show(f"{web.url}/big.npy", name="far away")
    assert (describe(view)["name"], describe(view)["residence"]) == ("far away", "remote")
    check(view, array)


def test_an_address_of_nothing(show, tmp_path, web):
    with pytest.raises(FileNotFoundError, match="nothing at this address"):
        show(f"{web.url}/nothing.npy")
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(projectile.UnsupportedError):
        show(f"{web.url}/notes.txt")
    with pytest.raises(OSError, match="no connection"):
        show("http://127.0.0.1:1/a.npy")
    with pytest.raises(ValueError, match="is not read"):
        show("ftp://example.org/a.npy")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_asks_by_itself(tmp_path, web):
    np.save(tmp_path / "big.npy", np.arange(2000 * 1200, dtype="<u4").reshape(2000, 1200))
    script = """
        import os, sys, projectile, urllib.request
        def look():
            view = projectile.show(sys.argv[1])
            answer = urllib.request.urlopen(view.url + '3/4/7.npy', timeout=20)
            assert answer.status == 200
            view.close()
        look()
        child = os.fork()
        if child == 0:
            try:
                look()
            except BaseException as error:
                print(error, file=sys.stderr, flush=True)
                os._exit(4)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        look()
        assert status == 0, status
    """
    command = [sys.executable, "-c", textwrap.dedent(script), f"{web.url}/big.npy"]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=Path(__file__).parent
    )
    assert ended.returncode == 0, ended.stderr
