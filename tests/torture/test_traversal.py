"""R30: no address, no name and no link leads to a file that was not named; and nothing waits for a pipe."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from harness import Server, run, save
from opened_files import Opened, watched
from payloads import payloads
from raw_http import Request, ask, ask_all, request
from routes import Route, routes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = b"canary: nobody may be told of this"
PASSWORDS = b"root:x:0:0"
SHORT_SWAPS, FULL_SWAPS = 300, 10_000
AT_ONCE = 5.0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a secret in it, beside folders that are served."""
    (tmp_path / "secret.txt").write_bytes(SECRET)
    np.save(tmp_path / "secret.npy", np.frombuffer(SECRET * 10, np.uint8).reshape(10, -1))
    return tmp_path


def viewer(place: Path) -> Path:
    """A folder with a viewer, and links that lead out of it."""
    folder = place / "page"
    (folder / "viewer").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "viewer" / "viewer.js").write_text("1;")
    for at in (folder, folder / "viewer"):
        (at / "far.txt").symlink_to(place / "secret.txt")
        (at / "far").symlink_to(place)
        (at / "magic").symlink_to("/proc/self/root")
        os.mkfifo(at / "pipe")
    return folder


def gallery(place: Path) -> Path:
    """A folder with images, and links and pipes among them."""
    folder = place / "gallery"
    folder.mkdir()
    save(folder, {"plain": np.arange(100, dtype=np.uint8).reshape(10, 10)})
    (folder / "near.npy").symlink_to("plain.npy")
    (folder / "link.npy").symlink_to(place / "secret.npy")
    (folder / "up.npy").symlink_to("../secret.npy")
    (folder / "passwd.npy").symlink_to("/etc/passwd")
    (folder / "zero.npy").symlink_to("/dev/zero")
    (folder / "loop.npy").symlink_to("loop.npy")
    for ending in ("npy", "png", "tif", "npz", "h5", "fits", "dcm", "nii", "jpg", "gz", "xyz"):
        os.mkfifo(folder / f"pipe.{ending}")
    return folder


def requests_of(route: Route, written: list[str]) -> list[Request]:
    """Put each payload into each parameter of an address, in the path and behind it."""
    asked = []
    for name in (*route.in_path, *route.in_query):
        for payload in written:
            headers = ["Host: localhost", *([f"Content-Type: {route.media_type}"] if route.body else [])]
            target = route.target(**{name: payload.replace(" ", "%20").replace("&", "%26")})
            asked.append(request(target, headers, route.method, route.body))
    return asked


@pytest.mark.timeout(1200)
def test_no_address_leads_to_another_file(place, monkeypatch, full, figure):
    kept = place / "kept"
    kept.mkdir()
    monkeypatch.setenv("TMPDIR", str(kept))
    page, images = viewer(place), gallery(place)
    written = payloads(str(place / "secret.txt"))
    log = place / "opened.log"
    log.touch()
    before = everything(place, kept)
    with watched(Server(images, "--viewer-dir", page, "--allow-upload=8M"), log) as server:
        assert sorted(image["id"] for image in server.images) == ["near", "plain"]
        assert server.get("/viewer/viewer.js").body == b"1;"
        opened = Opened(log)
        asked: list[Request] = []
        for number, route in enumerate(routes(server.json("/api/openapi.json"))):
            if not route.is_stream and route.path not in ("/upload", "/open"):
                # In a short run each parameter has some of them, and all of them are had by some parameter.
                asked += requests_of(route, written if full else written[number % 12 :: 12])
        prefixes = [
            "/",
            "/viewer/",
            "/viewer/x/",
            "/images/",
            "/colormaps/",
            "/zarr/",
            "/iiif/3/",
            "/dzi/",
            "/?file=",
        ]
        for prefix in prefixes:
            asked += [request(prefix + payload.replace(" ", "%20").lstrip("/")) for payload in written]
        leaks, failed, answered = [], [], 0
        for wanted, answer in zip(asked, ask_all(server.port, asked), strict=True):
            answered += 1
            if SECRET in answer.body or PASSWORDS in answer.body:
                leaks.append(wanted.raw)
            if answer.status >= 500 or not answer.status:
                failed.append((wanted.raw, answer.status))
        array = place / "sent.npy"
        np.save(array, np.zeros((4, 4), np.uint8))
        sent = array.read_bytes()
        names = written if full else written[::4]
        headers = ["Host: localhost", "Content-Type: application/octet-stream"]
        for payload in names:
            target = f"/upload?name={payload.replace(' ', '%20').replace('&', '%26')}"
            answer = ask(server.port, request(target, headers, "POST", sent))
            if answer.status not in (200, 400, 415, 422, 507, 413):
                failed.append((target, answer.status))
        outside = opened.outside([page, images, kept])
        count = opened.count()
        after = everything(place, kept)
    array.unlink()
    figure(
        "R30",
        "paths that lead out, in every parameter of every address and as names of uploads; by strace",
        "no secret is answered, nothing outside of the folders is opened or made",
        payloads=len(written),
        requests=answered + len(names),
        leaks=len(leaks),
        opens=count,
        opens_outside=len(outside),
    )
    assert len(written) >= 500
    assert not leaks, leaks[:5]
    assert not outside, outside[:10]
    assert not failed, failed[:5]
    assert after - {str(array)} == before
    assert count > 0, "nothing was seen to be opened: was it watched?"
    assert not list(kept.iterdir()), "uploads are left behind"


def everything(place: Path, but: Path) -> set[str]:
    """Tell all that there is, but in one folder."""
    paths = (os.path.join(at, name) for at, folders, files in os.walk(place) for name in (*folders, *files))  # noqa: PTH118
    return {path for path in paths if not path.startswith(f"{but}/")}


def swapping(stop: threading.Event, swaps: list[int], swap: Callable[[], None]) -> threading.Thread:
    """Swap again and again until told to stop."""

    def work() -> None:
        while not stop.is_set():
            swap()
            swaps[0] += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_appears_on_the_way_leads_nowhere(place, full, figure, what):
    """What is asked for is a file at one moment and a link to a secret at the next."""
    page = viewer(place)
    inside = page / "viewer" / "deep"
    inside.mkdir()
    (inside / "secret.txt").write_text("plain")
    other = place / "other"
    if what == "file":
        # Both stay, and the name that is asked for is now one, now the other.
        wanted, real, link = inside / "secret.txt", inside / "real", inside / "link"

        def swap() -> None:
            real.write_text("plain")
            real.replace(wanted)
            link.symlink_to(place / "secret.txt")
            link.replace(wanted)
    else:

        def swap() -> None:
            inside.rename(other)
            inside.symlink_to(place)
            inside.unlink()
            other.rename(inside)

    wanted_swaps = FULL_SWAPS if full else SHORT_SWAPS
    statuses = {200: 0, 404: 0}
    leaks = asked = 0
    with Server("demo", "--viewer-dir", page) as server:
        stop, swaps = threading.Event(), [0]
        thread = swapping(stop, swaps, swap)
        try:
            while swaps[0] < wanted_swaps or not all(statuses.values()):
                for answer in ask_all(server.port, [request("/viewer/deep/secret.txt")] * 50, depth=8):
                    asked += 1
                    statuses[answer.status] += 1
                    leaks += SECRET in answer.body
        finally:
            stop.set()
            thread.join()
    figure(
        "R30",
        f"a {what} of --viewer-dir that is swapped for a link out of it while it is asked for",
        "the secret is never answered",
        swaps=swaps[0],
        requests=asked,
        of_the_file=statuses[200],
        of_the_link=statuses[404],
        leaks=leaks,
    )
    assert not leaks


def test_pipes_and_devices_are_refused_at_once(tmp_path, figure):
    """Also where the name promises an image, and where the system calls it a file."""
    named = tmp_path / "image.png"
    os.mkfifo(named)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "linked.tif").symlink_to(named)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.npy"))
        for ending in ("npy", "h5", "tif", "zarr"):
            os.mkfifo(tmp_path / f"pipe.{ending}")
        refused = [
            *["/dev/zero", "/dev/null", "/dev/random", "/dev/full", "/dev/ptmx"],
            *["/proc/self/mem", "/proc/self/environ", "/proc/self/maps", "/proc/kmsg", "/proc/self/fd/0"],
            *map(str, sorted(path for path in tmp_path.iterdir())),
        ]
        slowest = 0.0
        for command in ([], ["info"]):
            for path in refused:
                began = time.perf_counter()
                done = run(*command, path, timeout=30)
                slowest = max(slowest, time.perf_counter() - began)
                assert done.returncode == 1, (path, done)
                assert done.stderr.count("\n") == 1, (path, done.stderr)
    figure(
        "R30",
        "devices, pipes, sockets and files of /proc as files to show",
        f"one line, within {AT_ONCE:.0f} s",
        paths=len(refused),
        slowest_seconds=slowest,
    )
    assert slowest < AT_ONCE


def test_what_is_in_a_folder_holds_nothing_up(place, figure):
    """A folder with pipes in it is shown without them, and says so; a viewer's pipes are no files."""
    page, images = viewer(place), gallery(place)
    began = time.perf_counter()
    with Server(images, "--viewer-dir", page) as server:
        seconds = time.perf_counter() - began
        assert sorted(image["id"] for image in server.images) == ["near", "plain"]
        # More than there are threads for files, were they to wait.
        pipes = list(ask_all(server.port, [request("/viewer/pipe")] * 600))
        assert {answer.status for answer in pipes} == {404}
        assert server.get("/viewer/viewer.js").status == 200
        said = server.stderr()
    figure("R30", "a folder of pipes and links", "shown at once without them", seconds=seconds)
    assert seconds < AT_ONCE * 2
    for name in ("link.npy", "up.npy", "passwd.npy"):
        assert f"{name}: a link that leads out of the folder" in said
    assert "pipe.png" in said


def test_links_of_a_store_lead_nowhere(place, figure):
    """What a chunk of a Zarr is a link to is no pixel; a pipe is none either."""
    store = place / "store.zarr"
    store.mkdir()
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    document = (
        '{"zarr_format": 2, "shape": [8, 136], "chunks": [4, 34], "dtype": "|u1", "order": "C", '
        '"compressor": null, "filters": null, "fill_value": 0}'
    )
    array = store / "a"
    array.mkdir()
    (array / ".zarray").write_text(document)
    (place / "chunk").write_bytes((SECRET * 4)[:136])
    (array / "0.0").write_bytes(bytes(range(136)))
    (array / "0.1").symlink_to("0.0")
    (array / "1.0").symlink_to(place / "chunk")
    os.mkfifo(array / "1.1")
    (store / "b").symlink_to(place)
    with Server(store) as server:
        (image,) = server.images
        at = f"/images/{image['id']}"
        value = f"{at}/value?x={{}}&y={{}}"
        near = [server.json(value.format(x, y))["values"] for x, y in ((5, 0), (39, 0))]
        assert near == [[5], [5]]
        began = time.perf_counter()
        far = server.get(value.format(0, 4))
        pipe = server.get(value.format(40, 4))
        seconds = time.perf_counter() - began
        tile = server.get(f"{at}/region.npy")
    figure(
        "R30",
        "chunks of a Zarr that are a link out of it and a pipe",
        "no pixel of what they lead to, and no waiting",
        link_status=far.status,
        seconds=seconds,
    )
    assert far.status in (422, 503, 410), far.body
    assert SECRET[:20] not in tile.body
    assert seconds < AT_ONCE
    assert pipe.status in (200, 422, 503), pipe.body


def test_what_is_watched_does_not_lead_away(place, figure):
    """A file that becomes a link to another folder stays as it was; a link that was named is followed."""
    images = place / "gallery"
    images.mkdir()
    runs = place / "runs"
    runs.mkdir()
    for number in (1, 2):
        np.save(runs / f"{number}.npy", np.full((4, 4), number, np.uint8))
    np.save(images / "plain.npy", np.full((4, 4), 7, np.uint8))
    latest = place / "latest.npy"
    latest.symlink_to(runs / "1.npy")
    with Server(images, latest, "--watch") as server:
        value = "/images/{}/value?x=0&y=0"
        assert server.json(value.format("latest"))["values"] == [1]
        for file, target in ((images / "plain.npy", place / "secret.npy"), (latest, runs / "2.npy")):
            link = place / "link"
            link.symlink_to(target)
            link.replace(file)
        until = time.monotonic() + 20
        while server.json(value.format("latest"))["values"] != [2] or "plain.npy" not in server.stderr():
            assert time.monotonic() < until, server.stderr()
            time.sleep(0.1)
        shown = server.json(value.format("plain"))["values"]
        said = server.stderr()
    figure(
        "R30", "a watched file that is replaced by a link out of its folder", "not followed", shown=shown[0]
    )
    assert shown == [7]
    assert "a link to another folder now" in said
