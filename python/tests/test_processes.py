"""Views and threads, forks, signals and the end of the interpreter."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import projectile
import pytest
from interpreters import interruptible, run
from support import get, is_free

SMALL = np.arange(256, dtype=np.uint8).reshape(16, 16)


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident() -> int:
    """Bytes of memory in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def settles(measure: object, most: int) -> int:
    """The least that ``measure()`` says within a while: threads take a moment to end."""
    deadline = time.monotonic() + 10
    least = measure()
    while least > most and time.monotonic() < deadline:
        time.sleep(0.05)
        least = min(least, measure())
    return least


def test_closing_frees_port_threads_and_array() -> None:
    array = SMALL.copy()
    projectile.show(array).close()
    gc.collect()
    before = threads(), descriptors(), sys.getrefcount(array)
    view = projectile.show(array)
    port = int(view.url.rstrip("/").rpartition(":")[2])
    assert get(f"{view.url}0/0/0.png")[0] == 200
    view.close()
    view.close()
    with pytest.raises(RuntimeError, match="closed"):
        view.refresh()
    assert is_free(port)
    del view
    gc.collect()
    assert settles(threads, before[0]) <= before[0]
    assert settles(descriptors, before[1]) <= before[1]
    # References that other threads let go of are counted down when Rust is next called.
    assert settles(lambda: (projectile.colormaps(), sys.getrefcount(array))[1], before[2]) == before[2]


def test_eight_threads_leave_nothing_behind() -> None:
    """A minute of showing and closing."""
    seconds = 60.0
    array = np.zeros((512, 512), dtype=np.float32)
    faults: list[BaseException] = []
    shown = [0] * 8

    def work(number: int, until: float) -> None:
        try:
            while time.monotonic() < until:
                with projectile.show(array, name=f"{number}") as view:
                    assert get(f"{view.url}0/0/0.png")[0] == 200
                    view.refresh((slice(0, 8),))
                    view.set(window=(0, 1))
                shown[number] += 1
        except BaseException as fault:
            faults.append(fault)

    def everyone(until: float) -> None:
        workers = [threading.Thread(target=work, args=(number, until)) for number in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    everyone(time.monotonic() + 5)
    gc.collect()
    settles(threads, 1)
    before = threads(), descriptors(), resident()
    everyone(time.monotonic() + seconds)
    assert not faults
    gc.collect()
    assert settles(threads, before[0]) <= before[0]
    assert settles(descriptors, before[1]) <= before[1]
    growth = settles(resident, before[2] + (16 << 20)) - before[2]
    assert growth <= 16 << 20, f"{growth >> 20} MiB more after {sum(shown)} views"


def test_the_interpreter_ends_though_views_are_open() -> None:
    script = """
        import numpy, projectile, time, urllib.request
        views = [projectile.show(numpy.zeros((2048, 2048), 'f4')) for _ in range(3)]
        urllib.request.urlopen(views[0].url + '0/0/0.png').read()
        print(views[0].url.rpartition(':')[2].rstrip('/'))
        class Slow:
            shape, dtype = (4096, 4096), numpy.dtype('f4')
            def __getitem__(self, block):
                time.sleep(1)
                return numpy.zeros([part.stop - part.start for part in block], 'f4')
        import threading
        slow = projectile.show(Slow())
        def ask():
            try:
                urllib.request.urlopen(slow.url + '4/0/0.png').read()
            except OSError:
                pass  # it ends before the tile is there
        threading.Thread(target=ask, daemon=True).start()
        time.sleep(0.3)
    """
    started = time.monotonic()
    ended = run(script)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert time.monotonic() - started < 20
    assert is_free(int(ended.stdout))


def test_control_c_ends_run_and_wait() -> None:
    for call in (
        "projectile.run(array, port=0)",
        "view = projectile.show(array); print(view.url, flush=True); view.wait()",
    ):
        script = f"import numpy, projectile\narray = numpy.zeros((64, 64))\n{call}\nprint('after')"
        with interruptible([sys.executable, "-c", script]) as process:
            url = process.stdout.readline().strip()
            assert get(f"{url}0/0/0.png")[0] == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0, call
            assert process.stdout.read().strip() == "after"


def test_control_c_ends_the_command(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", SMALL)
    words = [sys.executable, "-m", "projectile", str(tmp_path / "array.npy"), "-p", "0"]
    with interruptible(words) as process:
        url = process.stdout.readline().strip()
        assert get(f"{url}0/0/0.png")[0] == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"nothing")
    for words, code in [
        ([str(tmp_path / "none.npy")], 1),
        ([str(broken)], 1),
        (["--nonsense"], 2),
        (["--version"], 0),
    ]:
        command = [sys.executable, "-m", "projectile", *words]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == code, ended
        assert "Traceback" not in ended.stderr


def test_a_forked_child_neither_hangs_nor_keeps_the_port() -> None:
    script = """
        import numpy, os, projectile, support, time, urllib.request
        array = numpy.zeros((512, 512), 'f4')
        get = lambda url: urllib.request.urlopen(url + '0/0/0.png', timeout=10).status
        for turn in range(20):
            view = projectile.show(array)
            assert get(view.url) == 200
            child = os.fork()
            if child == 0:
                try:
                    try:
                        view.refresh()
                    except RuntimeError as error:
                        assert 'forked' in str(error), error
                    else:
                        os._exit(3)
                    own = projectile.show(array)
                    assert get(own.url) == 200
                    own.close()
                    view.close()
                    del view
                except BaseException as error:
                    print(error, flush=True)
                    os._exit(4)
                os._exit(0)
            assert get(view.url) == 200
            port = int(view.url.rstrip('/').rpartition(':')[2])
            _, status = os.waitpid(child, 0)
            assert status == 0, status
            assert get(view.url) == 200
            lives_on = os.fork()
            if lives_on == 0:
                time.sleep(0.5)
                os._exit(0)
            view.close()
            # A child that has only just begun may take a moment to let go.
            until = time.monotonic() + 0.4
            while not support.is_free(port):
                assert time.monotonic() < until, 'the child keeps the port'
                time.sleep(0.01)
            os.kill(lives_on, 9)
            os.waitpid(lives_on, 0)
        print('done')
    """
    ended = run(script, timeout=120)
    assert ended.stdout.strip() == "done", ended
