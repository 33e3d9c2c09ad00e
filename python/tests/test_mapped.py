"""Arrays over files that are mapped into memory, whatever happens to the files: nothing ends the process."""

from __future__ import annotations

import gc
import json
import mmap
from collections.abc import Callable
from multiprocessing import shared_memory
from pathlib import Path

import numpy as np
import projectile
import pytest
import xarray
from asking import check, get
from interpreters import run
from projectile import _show

SHAPE = (300, 410)
LAYOUTS = {
    "all": lambda a: a,
    "a part": lambda a: a[7:-9, 11:-20],
    "steps": lambda a: a[::3, ::2],
    "long steps": lambda a: a[:, ::40],
    "backwards": lambda a: a[::-1, ::-2],
    "transposed": lambda a: a.T,
    "a plain array": np.asarray,
    "one row": lambda a: np.broadcast_to(a[9], a.shape),
    "one value": lambda a: np.broadcast_to(a[9:10, 9:10], a.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
@pytest.mark.parametrize("dtype", ["u1", ">i2", "f4", "c16"])
def test_the_pixels_are_numpys(
    show: Callable, random: Callable, tmp_path: Path, dtype: str, mode: str, layout: str
) -> None:
    np.save(tmp_path / "a.npy", random(dtype, SHAPE))
    mapped = np.load(tmp_path / "a.npy", mmap_mode=mode)
    if mode != "r":
        # With `c` this is in nobody's file.
        mapped[20:40] = mapped[50:70]
    array = LAYOUTS[layout](mapped)
    check(show(array), np.array(array), s=16 if min(array.shape) < 64 else 64)
    (image,) = _show.make_images(array)
    assert image.address is None, "its memory would be touched"


def test_channels_and_planes(show: Callable, random: Callable, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", random("u2", (5, 3, 120, 130)))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    check(show(mapped, axes="tcyx"), np.array(mapped[2]).transpose(1, 2, 0), t=2, c="0,1,2")
    turned = mapped.transpose(2, 3, 1, 0)[::-1]
    check(show(turned, axes="yxct"), np.array(turned[..., 4]), t=4)


def test_what_lies_over_a_mapped_array(show: Callable, random: Callable, tmp_path: Path) -> None:
    array = random("f4", SHAPE)
    np.save(tmp_path / "a.npy", array)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    mask = array > 50
    check(show(np.ma.array(mapped, mask=mask)), np.where(mask, np.float32("nan"), array))
    data = xarray.DataArray(mapped, dims=("lat", "lon"))
    check(show(data), array)
    (image,) = _show.make_images(data)
    assert image.address is None
    raw = mmap.mmap(-1, array.nbytes)
    raw[:] = array.tobytes()
    check(show(np.frombuffer(raw, "f4").reshape(SHAPE)), array)


def test_memory_that_is_shared_with_other_processes(random: Callable) -> None:
    array = random("u2", SHAPE)
    memory = shared_memory.SharedMemory(create=True, size=array.nbytes)
    try:
        shared = np.ndarray(SHAPE, "u2", memory.buf)
        shared[...] = array
        with projectile.show(shared) as view:
            check(view, array)
            shared[5] = array[5] = 7
            view.refresh()
            check(view, array)
        del view, shared
        gc.collect()
        projectile.colormaps()  # what other threads let go of is let go of now
        memory.close()
    finally:
        memory.unlink()


TROUBLE = """
    import json, os, random, shutil, sys, threading, time
    import numpy
    from collections import Counter
    from pathlib import Path
    import projectile
    from client import ask
    import io

    folder, mode, trouble, trials = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    path, other = folder / "field.npy", folder / "other.npy"
    old, new = (numpy.full((512, 512), value, "u2") for value in (1111, 2222))  # no sample is 0

    def cut(size):
        os.truncate(path, size)

    def replace(array):
        numpy.save(other, array)
        os.replace(other, path)

    def by_directory():
        path.unlink()
        path.mkdir()

    def rewrite(array):
        "In place and at once, as an editor does."
        numpy.save(other, array)
        with open(path, "r+b") as file:
            file.write(other.read_bytes())

    TROUBLES = {
        "truncate to 0": lambda: cut(0),
        "truncate in a page": lambda: cut(128 + 300 * 1024 + 100),
        "grow": lambda: cut(path.stat().st_size + 10_000),
        "rewrite in place": lambda: rewrite(new),
        "rewrite by numpy.save": lambda: numpy.save(path, new),
        "rename over": lambda: replace(new),
        "unlink": path.unlink,
        "replace by a directory": by_directory,
    }
    assert trouble in TROUBLES
    told, odd, stop = Counter(), [], threading.Event()
    reading = threading.Lock()  # as in npy_bytes

    def look(view):
        "Without what was read before."
        view.refresh()
        x, y = random.randrange(8), random.randrange(8)
        reply = ask(view.url, f"images/array/3/{x}/{y}/64.npy")
        told[reply.status] += 1
        if reply.status == 200:
            with reading:
                samples = numpy.load(io.BytesIO(reply.body))
            values = set(numpy.unique(samples).tolist())
            if not values <= {1111, 2222}:
                odd.append(sorted(values)[:5])
        elif reply.status == 422 or b"cut short" not in reply.body:
            odd.append(reply.body.decode())
        return reply.status

    def keep_looking(view, stop):
        while not stop.is_set():
            look(view)
            time.sleep(0.02)

    for trial in range(trials):
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)
        numpy.save(path, old)
        array = numpy.load(path, mmap_mode=mode)
        with projectile.show(array, window=(0, 3000)) as view:
            assert look(view) == 200
            stop = threading.Event()
            looking = [threading.Thread(target=keep_looking, args=(view, stop)) for _ in range(2)]
            for thread in looking:
                thread.start()
            time.sleep(0.02)
            TROUBLES[trouble]()
            time.sleep(0.06)
            stop.set()
            for thread in looking:
                thread.join()
            last = look(view)
            assert (last == 503) == trouble.startswith("truncate"), (trouble, last)
            assert ask(view.url, "healthz").status == 200
    print(json.dumps({"statuses": dict(told), "odd": odd[:5]}))
"""
TROUBLES = [
    "truncate to 0",
    "truncate in a page",
    "grow",
    "rewrite in place",
    "rewrite by numpy.save",
    "rename over",
    "unlink",
    "replace by a directory",
]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.timeout(600)
def test_a_file_that_changes_below_its_array(
    full: bool, figure: Callable[..., None], tmp_path: Path, trouble: str
) -> None:
    trials = 200 if full else 5
    ended = run(TROUBLE, tmp_path, "r", trouble, trials, timeout=550)
    told = json.loads(ended.stdout) if ended.returncode == 0 else {"statuses": {}, "odd": []}
    figure(
        "R08",
        f"numpy.memmap, {trouble}, {trials} ×",
        "alive; what is served was in the file, or an error says why",
        exit_code=ended.returncode,
        odd=len(told["odd"]),
        **{f"status_{status}": count for status, count in told["statuses"].items()},
    )
    assert ended.returncode == 0, ended.stderr
    assert not told["odd"], told["odd"]


@pytest.mark.parametrize("mode", ["r+", "c"])
def test_a_file_that_is_cut_short_below_a_writable_array(tmp_path: Path, mode: str) -> None:
    ended = run(TROUBLE, tmp_path, mode, "truncate to 0", 2)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["odd"] == []


def test_the_reason_is_told(show: Callable, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(SHAPE))
    view = show(np.load(tmp_path / "a.npy", mmap_mode="r"), window=(0, 1))
    (tmp_path / "a.npy").write_bytes(b"")
    reply = get(view, "0/0/0/64.npy")
    assert reply.status == 503
    assert b"was cut short" in reply.body
