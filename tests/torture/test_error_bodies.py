"""R35: what errors and the log tell: the reason, and neither a folder, nor a line of our code, nor a token."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from harness import Server, run, save
from PIL import Image
from raw_http import Answer, Connection, Request, ask, ask_all, request
from remote_server import RemoteServer
from routes import Route, routes

if TYPE_CHECKING:
    from collections.abc import Sequence

WRONG = [
    "",
    "x",
    "-1",
    "1e999",
    "99999999999999999999",
    "%00",
    "%1b%5b31m",
    "%ff",
    "%",
    "a%22%3cb%3e",
    "../..",
    "é" * 30,
]
# Of the code, of this machine, and of how it is built.
BETRAYING = re.compile(
    r"panicked|backtrace|\.rs:\d|/rustc/|\.cargo|/registry/|src/|thread '|0x[0-9a-f]{9,}|Traceback|/home/|/root/|/usr/|"
    r"/tmp/|/var/|/proc/|/etc/|unwrap|Some\(|Err\(|Os \{|kind: "
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def betrayals(answer: Answer, secrets: Sequence[str]) -> list[str]:
    """Tell what an answer should not say."""
    if answer.headers.get("content-type", "").startswith(("image/", "application/octet-stream")):
        shown = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    else:
        shown = answer.text()
    found = [secret for secret in secrets if secret in shown]
    if answer.status >= 400:
        found += BETRAYING.findall(shown)
        found += CONTROL.findall(shown.replace("\n", ""))
    return found


def everything_wrong(route: Route) -> list[Request]:
    """Ask for an address with each parameter wrong in each way, by methods that it takes and does not."""
    headers = ["Host: localhost", *([f"Content-Type: {route.media_type}"] if route.body else [])]
    asked = [request(route.target(), headers, method) for method in (route.method, "DELETE", "PUT")]
    for name in (*route.in_path, *route.in_query):
        targets = [route.target(**{name: each.encode().decode("latin-1")}) for each in WRONG]
        asked += [request(target, headers, route.method, route.body) for target in targets]
    if route.method == "POST":
        for body in (b"nonsense", b"{", b'{"url": 3}', b"[]", b'{"\x1b": 1}', b"\xff\xfe", b"0" * 70_000):
            for media_type in ("application/json", "application/octet-stream", "text/plain", "image/png"):
                asked.append(
                    request(route.target(), ["Host: localhost", f"Content-Type: {media_type}"], "POST", body)
                )
    return asked


def broken(folder: Path) -> list[Path]:
    """Write files that are opened well and fail when they are read."""
    rng = np.random.default_rng(35)
    tile = rng.integers(0, 256, (600, 800), np.uint8)
    tifffile.imwrite(folder / "torn.tif", tile, tile=(128, 128), compression="deflate")
    data = bytearray((folder / "torn.tif").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 9000] = bytes(9000)
    (folder / "torn.tif").write_bytes(data)
    np.save(folder / "cut.npy", np.zeros((20_000, 20_000), np.uint8))
    save(folder, {"a": tile})
    store = folder / "torn.zarr"
    (store / "0").mkdir(parents=True)
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    document = {"zarr_format": 2, "shape": [400, 400], "chunks": [200, 200], "dtype": "|u1", "order": "C"}
    document |= {"compressor": {"id": "zlib", "level": 1}, "filters": None, "fill_value": 0}
    (store / "0" / ".zarray").write_text(json.dumps(document))
    for name in ("0.0", "0.1", "1.0", "1.1"):
        (store / "0" / name).write_bytes(b"no zlib")
    return [folder / name for name in ("a.npy", "torn.tif", "cut.npy", "torn.zarr")]


def test_no_error_tells_more_than_its_reason(tmp_path, figure):
    """All of 4xx and 5xx, of every address, of broken files, of servers elsewhere, and of a server that is full."""
    folder = tmp_path / "a folder of mine"
    folder.mkdir()
    files = broken(folder)
    statuses: set[int] = set()
    found: list[tuple[bytes, int, list[str]]] = []
    count = 0
    secrets = [str(tmp_path), "a folder of mine", str(Path.cwd()), str(Path.home()) + "/"]

    def look(asked: Sequence[Request], answers: Sequence[Answer]) -> None:
        nonlocal count
        for each, answer in zip(asked, answers, strict=True):
            count += 1
            statuses.add(answer.status)
            if told := betrayals(answer, secrets):
                found.append((each.raw[:120], answer.status, told))

    with RemoteServer(folder) as web:
        web.redirects = {"/away.npy": "http://127.0.0.1:1/a.npy"}
        options = ["--allow-upload=100K", "--allow-remote", web.url, "--allow-remote", "http://127.0.0.1:1/"]
        with Server(*files, *options, "--log", "json", "-D") as server:
            known = routes(server.json("/api/openapi.json"))
            asked = [each for route in known if not route.is_stream for each in everything_wrong(route)]
            look(asked, list(ask_all(server.port, asked)))
            heads = [
                *[request("/" + "a" * 5000), request("/", ["Host: evil.example"]), request("/", [])],
                request("/", ["Host: localhost", *(f"X-{number}: a" for number in range(90))]),
                request("/", ["Host: localhost", f"X: {'a' * 30_000}"]),
                *[
                    Request(b"GET / HTTP/9.9\r\n\r\n"),
                    Request(b"\x16\x03\x01\r\n\r\n"),
                    Request(b"GET  / HTTP/1.1\r\n\r\n"),
                ],
                request("/events?client=x"),
                request("/images", ["Host: localhost", "Range: bytes=x"]),
            ]
            look(heads, [ask(server.port, each) for each in heads])
            # Files that fail, or were cut short or removed since they were opened.
            (folder / "cut.npy").write_bytes((folder / "cut.npy").read_bytes()[:5000])
            shutil.rmtree(folder / "torn.zarr")
            for image in server.json("/images")["images"]:
                at = f"/images/{image['id']}"
                told = server.get(at)
                zoom = told.json().get("native_zoom", 7)
                paths = [
                    f"{at}/{zoom}/{x}/{y}.{ending}"
                    for x in (0, 1)
                    for y in (0, 1)
                    for ending in ("png", "npy")
                ]
                paths += [
                    f"{at}/value?x=500&y=399",
                    f"{at}/region.npy?x0=0&y0=0&x1=400&y1=400",
                    f"{at}/statistics",
                ]
                look([request(path) for path in paths], [server_answer(server, path) for path in paths])
            posts = [
                *[
                    ("/open", {"url": f"{web.url}/{name}"})
                    for name in ("none.npy", "away.npy", "torn.tif", "a folder of mine")
                ],
                *[
                    ("/open", {"url": url})
                    for url in ("http://127.0.0.1:1/a.npy", "http://evil.example/a", "file:///nowhere/x", "")
                ],
            ]
            for path, document in posts:
                body = json.dumps(document).encode()
                each = request(path, ["Host: localhost", "Content-Type: application/json"], "POST", body)
                look([each], [ask(server.port, each)])
            kinds = {
                "a.npy": b"\x93NUMPY\x01\x00nonsense",
                "a.tif": b"II*\x00\xff\xff\xff\xff",
                "a.zip": b"PK\x03\x04",
                "b": b"?",
            }
            kinds |= {
                "a.png": b"\x89PNG\r\n\x1a\n" + bytes(99),
                "%1b.h5": b"\x89HDF\r\n\x1a\n" + bytes(99),
                "big.npy": bytes(200_000),
            }
            for name, body in kinds.items():
                headers = ["Host: localhost", "Content-Type: application/octet-stream"]
                each = request(f"/upload?name={name}", headers, "POST", body)
                look([each], [ask(server.port, each)])
    figure(
        "R35",
        "errors of every kind, and their headers",
        "no folder, no code, no control character",
        answers=count,
        statuses=" ".join(map(str, sorted(statuses))),
        betrayals=len(found),
    )
    assert {400, 403, 404, 405, 410, 413, 414, 415, 421, 422, 503} <= statuses, sorted(statuses)
    assert 500 not in statuses
    assert not found, found[:10]


def server_answer(server: Server, path: str) -> Answer:
    """Ask for what may be busy until it is not."""
    reply = server.final(path)
    return Answer(reply.status, reply.headers, reply.body)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_request_is_at_most_one_line_of_the_log(tmp_path, form, figure):
    """Whatever is in it: nothing that a client sends begins another line, or speaks to a terminal."""
    (path,) = save(tmp_path, {"a": np.zeros((300, 300), np.uint8)})
    forged = "%0a%0d%0aGET%20/forged%20200%1b%5b2J%e2%80%a8%c2%85"
    asked = [request(f"/{forged}"), request(f"/images/{forged}"), request(f"/0/0/0.png?vmin={forged}")]
    asked += [
        request(f"/{'é' * 20}".encode()),
        request(f"/images?{forged}=1"),
        request("/a%00b"),
        request('/"},{"a":"b'),
    ]
    headers = [
        "X-Request-ID: a\tb",
        'X-Request-ID: "},{"path":"/forged"',
        "User-Agent: \x1b[31m",
        "Referer: \x07",
        "Accept: \x80",
    ]
    asked += [request("/images", ["Host: localhost", each]) for each in headers]
    asked += [
        request("/images", ["Host: localhost"], method) for method in ("FORGED", "A" * 99, "GET'", "post")
    ]
    asked += [
        request(f"http://localhost/{forged}"),
        request("/images", ["Host: a%0ab"]),
        request("/", ["Host: localhost"]),
    ]
    asked = asked * 5
    names = [f"asked-{number}" for number in range(40)]
    asked += [request("/images", ["Host: localhost", f"X-Request-ID: {name}"]) for name in names]
    with Server(path, "--log", form) as server:
        answers = list(ask_all(server.port, asked, depth=4))
        with Connection(server.port) as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: loc")
        time.sleep(0.3)
        lines = server.stderr().splitlines()
    counted = [sum(name + ends in line for line in lines for ends in ('"', " ")) for name in names]
    odd = [line for line in lines if CONTROL.search(line)]
    figure(
        "R35",
        f"lines of --log {form}, with forged lines and control characters in all that clients send",
        "at most one a request, each whole, nothing raw",
        requests=len(asked),
        lines=len(lines),
        odd=len(odd),
    )
    assert not odd, odd[:3]
    assert counted == [1] * len(names)
    assert sum(answer.status > 0 for answer in answers) >= len(lines) >= len(asked) // 2
    if form == "json":
        for line in lines:
            assert {"timestamp", "level", "id", "path", "status"} <= set(json.loads(line)), line
    else:
        assert all(re.match(r"\d{4}-\d\d-\d\dT\S+Z +INFO ", line) for line in lines), lines[:3]


def test_the_log_of_failures_is_one_line_each(tmp_path, figure):
    """What goes wrong inside is told of once, without a trace of the stack; names of files stay on their line."""
    odd = tmp_path / "odd\nFORGED \x1b[2J\u202e"
    odd.mkdir()
    names = [
        "a\n2026-01-01T00:00:00Z ERROR forged.npy",
        "b\x1b]0;title\x07.tif",
        "c\u2028\x85.png",
        "d\r.npz",
    ]
    for name in names:
        (odd / name).write_bytes(b"nothing")
    Image.new("L", (20, 20)).save(odd / "good.png")
    with Server(odd, "--log", "text") as server:
        assert [image["name"] for image in server.images] == ["good.png"]
        said = server.stderr()
    done = [run(odd / name) for name in names] + [run("info", odd / name) for name in names]
    lines = said.splitlines() + [line for each in done for line in each.stderr.splitlines()]
    raw = [line for line in lines if CONTROL.search(line)]
    figure(
        "R35",
        "complaints about files with hostile names",
        "a line each, escaped",
        lines=len(lines),
        raw=len(raw),
    )
    assert not raw, raw[:3]
    assert {each.returncode for each in done} == {1}
    assert [each.stderr.count("\n") for each in done] == [1] * len(done)
    complaints = [
        line for line in said.splitlines() if "forged" in line or "title" in line or "good" not in line
    ]
    assert sum("INFO" not in line for line in complaints) == len(names), complaints
