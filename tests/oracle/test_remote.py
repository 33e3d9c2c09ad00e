"""What lies elsewhere is shown as if it were here: by the real binary, from real servers on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from harness import Server, run
from PIL import Image
from remote_server import RemoteServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "scans"
HEIGHT, WIDTH = 1500, 2300


@pytest.fixture(scope="module")
def array() -> np.ndarray:
    """Samples that are all different."""
    return np.arange(HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A picture in colour."""
    return np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, picture: np.ndarray) -> Path:
    """The files that are elsewhere."""
    made = tmp_path_factory.mktemp("remote")
    np.save(made / "field.npy", array)
    np.save(made / "turned.npy", np.asfortranarray(array))
    np.save(made / "stack.npy", np.arange(5 * 700 * 900, dtype=">i2").reshape(5, 700, 900))
    np.savez(made / "two.npz", one=array[:50, :60], two=array[50:90, :60])
    Image.fromarray(picture).save(made / "picture.png")
    return made


@pytest.fixture
def web(folder: Path) -> Iterator[RemoteServer]:
    """The folder on a server."""
    with RemoteServer(folder) as server:
        yield server


@pytest.fixture(scope="module")
def s3(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The folder as a bucket of an S3-compatible store: the environment by which it is found."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = (tmp_path_factory.mktemp("s3") / "log").open("wb")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                put(f"{url}/{BUCKET}", b"")
                break
            except OSError:
                assert time.monotonic() < until
                assert process.poll() is None
                time.sleep(0.1)
        for file in folder.iterdir():
            put(f"{url}/{BUCKET}/deep/er/{file.name}", file.read_bytes())
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def put(url: str, content: bytes) -> None:
    """Put an object into the store."""
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request",
        "Content-Type": "application/octet-stream",
    }
    request = urllib.request.Request(url, data=content, method="PUT", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Have processes that begin now see these."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def native(server: Server, stem: str, x: int, y: int) -> np.ndarray:
    """Tell a tile of stored pixels."""
    zoom = server.json(server.at(stem))["native_zoom"]
    return server.npy(f"{server.at(stem)}/{zoom}/{x}/{y}.npy").squeeze()


def part(array: np.ndarray, x: int, y: int) -> np.ndarray:
    """Tell what a tile of stored pixels holds."""
    return array[y * 256 : (y + 1) * 256, x * 256 : (x + 1) * 256]


def check_all(base: str, local: Path, array: np.ndarray, picture: np.ndarray) -> None:
    """Check that tiles from elsewhere are those of the files here."""
    names = ["field.npy", "turned.npy", "stack.npy", "two.npz", "picture.png"]
    with (
        Server(*(f"{base}/{name}" for name in names)) as far,
        Server(*(local / name for name in names)) as near,
    ):
        assert [image["name"] for image in far.images] == [image["name"] for image in near.images]
        for x, y in [(0, 0), (3, 2), (8, 5)]:
            np.testing.assert_array_equal(native(far, "field", x, y), part(array, x, y))
            np.testing.assert_array_equal(native(far, "turned", x, y), part(array, x, y))
        np.testing.assert_array_equal(far.rgba("/images/picture/1/0/0.png")[..., :3], picture[:256, :256])
        for image in near.images:
            for tile in ["0/0/0.npy", "1/1/0.npy", "2/1/1/128.npy"]:
                path = f"/images/{image['id']}/{tile}"
                np.testing.assert_array_equal(far.npy(path), near.npy(path), err_msg=path)
        plane = "/images/stack/2/1/1.npy?t=3" if "t" in str(far.json("/images/stack")["axes"]) else None
        if plane:
            np.testing.assert_array_equal(far.npy(plane), near.npy(plane))


def test_a_server_with_ranges(
    web: RemoteServer, folder: Path, array: np.ndarray, picture: np.ndarray
) -> None:
    """Arrays are read by ranges, pictures are brought here."""
    check_all(web.url, folder, array, picture)
    assert all(asked for _, asked in web.requests)


def test_a_server_without_ranges(
    web: RemoteServer, folder: Path, array: np.ndarray, picture: np.ndarray
) -> None:
    """Each file is brought here once, after one question for a range."""
    web.ranges = False
    check_all(web.url, folder, array, picture)
    assert len(web.requests) == 2 * 5


def test_a_store_like_s3(s3: dict[str, str], folder: Path, array: np.ndarray, picture: np.ndarray) -> None:
    """A bucket is found by the usual environment variables."""
    with environment(s3):
        check_all(f"s3://{BUCKET}/deep/er", folder, array, picture)
        told = json.loads(run("info", "--json", f"s3://{BUCKET}/deep/er/field.npy").stdout)
        assert (told[0]["name"], told[0]["width"]) == ("field.npy", WIDTH)
        missing = run("info", f"s3://{BUCKET}/deep/er/none.npy")
        assert missing.returncode == 1
        assert "nothing at this address" in missing.stderr
        assert missing.stderr.count("\n") == 1


def test_an_object_of_a_store_that_is_rewritten(s3: dict[str, str], array: np.ndarray) -> None:
    """It is the old one, an error, or the new one, but never a mixture or a dead server."""
    url = f"{s3['AWS_ENDPOINT_URL']}/{BUCKET}/changing.npy"
    put(url, npy_bytes(array))
    with environment(s3), Server(f"s3://{BUCKET}/changing.npy", "--vmin", "0", "--vmax", "1") as server:
        np.testing.assert_array_equal(server.npy("/images/changing/4/0/0.npy").squeeze(), part(array, 0, 0))
        put(url, npy_bytes(array + 1))
        reply = server.get("/images/changing/4/0/5.npy")
        assert reply.status == 410, reply.body
        assert "rewritten" in reply.json()["detail"]
        assert server.get("/healthz").status == 200


def test_only_what_is_looked_at_is_read(web: RemoteServer, folder: Path) -> None:
    """Of an array of 8 GiB, which is sparse, a tile takes what is near it; in few requests."""
    side = 1 << 16
    header = f"{{'descr': '|u2', 'fortran_order': False, 'shape': ({side}, {side}), }}".replace("|", "<")
    head = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header.ljust(117).encode() + b"\n"
    with (folder / "sparse.npy").open("wb") as file:
        file.write(head)
        file.truncate(128 + side * side * 2)
        for row in range(256):
            file.seek(128 + ((30_000 + row) * side + 40_000) * 2)
            file.write(np.full(300, row, dtype="<u2").tobytes())
    try:
        with Server(f"{web.url}/sparse.npy", "--vmin", "0", "--vmax", "255") as server:
            assert len(web.requests) == 1
            web.forget()
            found = server.npy("/images/sparse/16/40010/30100/1.npy?resampling=nearest")
            assert found.squeeze() == 100
            assert len(web.requests) <= 64
            assert web.sent < 8 << 20
            web.forget()
            # A tile of stored pixels, 256 rows of which lie 128 KiB apart.
            tile = server.npy("/images/sparse/8/157/118.npy").squeeze()
            rows = np.arange(118 * 256, 119 * 256)
            expected = np.zeros((256, 256), dtype=np.uint16)
            expected[:, :] = np.where((rows >= 30_000) & (rows < 30_256), rows - 30_000, 0)[:, None]
            columns = np.arange(157 * 256, 158 * 256)
            expected[:, (columns < 40_000) | (columns >= 40_300)] = 0
            np.testing.assert_array_equal(tile, expected)
            assert tile.any()
            assert len(web.requests) <= 256
            assert web.sent < 64 << 20
            # Its neighbour takes nothing more.
            web.forget()
            server.npy("/images/sparse/8/158/118.npy")
            assert not web.requests
    finally:
        (folder / "sparse.npy").unlink()


def test_a_server_that_fails_now_and_then(web: RemoteServer, array: np.ndarray) -> None:
    """What fails is asked for again."""
    with Server(f"{web.url}/field.npy", "--vmin", "0", "--vmax", "1") as server:
        web.failures = 2
        np.testing.assert_array_equal(native(server, "field", 2, 3), part(array, 2, 3))


def test_a_file_that_changes_or_goes(web: RemoteServer, folder: Path, array: np.ndarray) -> None:
    """A tile of it is an error that says so."""
    path = folder / "passing.npy"
    np.save(path, array)
    with Server(f"{web.url}/passing.npy", "--vmin", "0", "--vmax", "1") as server:
        server.npy("/images/passing/4/0/0.npy")
        np.save(path, array * 2)
        assert server.get("/images/passing/4/0/5.npy").status == 410
        path.unlink()
        assert server.get("/images/passing/4/8/5.npy").status == 410
        assert server.get("/healthz").status == 200


def test_clients_have_opened_what_is_allowed_only(web: RemoteServer, folder: Path, array: np.ndarray) -> None:
    """By default nothing; with a prefix what is under it, wherever redirections lead."""
    local = folder / "two.npz"
    with Server(local) as server:
        assert server.post("/open", {"url": f"{web.url}/field.npy"}).status == 403
    with RemoteServer(folder) as other, Server(local, "--allow-remote", f"{web.url}/deep") as server:
        deep = folder / "deep"
        deep.mkdir()
        np.save(deep / "field.npy", array)
        web.redirects = {
            "/deep/away.npy": f"{other.url}/field.npy",
            "/deep/out.npy": "/field.npy",
            "/deep/here.npy": "/deep/field.npy",
        }
        for tricked in [
            f"{web.url}/field.npy",
            f"{web.url}/deeper/field.npy",
            f"{other.url}/deep/field.npy",
            f"{web.url.replace('127.0.0.1', 'localhost')}/deep/field.npy",
            "http://169.254.169.254/deep/latest/meta-data",
            f"s3://{BUCKET}/deep/er/field.npy",
        ]:
            assert server.post("/open", {"url": tricked}).status == 403, tricked
        for malformed in [
            f"{web.url}/deep/../field.npy",
            f"{web.url}/deep/%2e%2e/field.npy",
            f"{web.url}/deep/..%2ffield.npy",
            f"{web.url}\\@evil.example/deep/field.npy",
            f"http://{web.url[7:]}@{other.url[7:]}/deep/field.npy",
            "file:///etc/passwd",
            "/etc/passwd",
        ]:
            assert server.post("/open", {"url": malformed}).status == 400, malformed
        assert server.post("/open", {"url": f"{web.url}/deep/away.npy"}).status == 503
        assert server.post("/open", {"url": f"{web.url}/deep/out.npy"}).status == 503
        assert not other.requests
        assert ("/field.npy", None) not in [(path, None) for path, _ in web.requests]
        assert server.post("/open", {"url": f"{web.url}/deep/none.npy"}).status == 404
        for name in ["here", "field"]:
            opened: Any = server.post("/open", {"url": f"{web.url}/deep/{name}.npy"}).json()
            assert opened == {"images": [name]}
            zoom = server.json(f"/images/{name}")["native_zoom"]
            np.testing.assert_array_equal(
                server.npy(f"/images/{name}/{zoom}/3/2.npy").squeeze(), part(array, 3, 2)
            )


def test_refusals_are_one_line_without_secrets(web: RemoteServer) -> None:
    """What went wrong, where, and no signature."""
    for url, word in [
        (f"{web.url}/none.npy?sig=hidden", "nothing at this address"),
        (f"http://user:hidden@{web.url[7:]}/none.npy", "nothing at this address"),
        ("http://127.0.0.1:1/a.npy?sig=hidden", "no connection"),
        ("ftp://user:hidden@example.org/a.npy", "is not read"),
    ]:
        done = run("info", url)
        assert done.returncode == 1
        assert word in done.stderr
        assert "hidden" not in done.stderr
        assert done.stderr.count("\n") == 1


def npy_bytes(array: np.ndarray) -> bytes:
    """Tell the file that an array is saved as."""
    import io

    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
