"""HEAD, conditional requests and ranges, by RFC 9110; and tags that hold over restarts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sockets
from harness import Server, save

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Figures

TILES = ["/images/a/0/0/0.png", "/images/a/1/1/0.jpg", "/images/b/0/0/0.npy", "/images/b/2/1/1/64.bin"]
DOCUMENTS = ["/images", "/images/a", "/colormaps", "/colormaps/viridis.png", "/api/openapi.json", "/"]
CHUNKS = [
    "/zarr/b.zarr/zarr.json",
    "/zarr/b.zarr/0/c/1/1",
    "/zarr/v2/b.zarr/0/0/1",
    "/zarr/sharded/b.zarr/0/c/0/0",
    "/images/b/region.npy?x0=3&y0=3&x1=50&y1=50",
]
VALID_LATER = {"date", "x-request-id"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write two arrays."""
    rng = np.random.default_rng(25)
    arrays = {
        "a": rng.integers(0, 256, (300, 500), np.uint8),
        "b": rng.normal(size=(300, 500)).astype(np.float32),
    }
    return list(save(tmp_path_factory.mktemp("conditional"), arrays))


@pytest.fixture(scope="module")
def server(files: list[Path]) -> Iterator[Server]:
    """Serve them."""
    with Server(*files) as server:
        yield server


def addresses(server: Server) -> list[str]:
    """List addresses that answer by bytes with a tag."""
    return [path for path in [*TILES, *DOCUMENTS, *CHUNKS] if server.final(path).headers.get("etag")]


def storm(tag: str, rng: random.Random) -> tuple[str, bool]:
    """Make a value of If-None-Match, and tell whether it holds the tag."""
    others = [f'"{rng.getrandbits(64):016x}"' for _ in range(rng.randrange(4))]
    others += ['"a, b"', '""', 'W/"x"'][: rng.randrange(4)]
    kind = rng.randrange(6)
    if kind == 0:
        return ", ".join(others) or '"none"', False
    if kind == 1:
        return tag.replace('"', ""), False
    if kind == 2:
        return tag[:-2] + '"', False
    mine = f"W/{tag}" if kind == 3 else tag
    entries = [*others, mine]
    rng.shuffle(entries)
    return rng.choice([", ", ",", " ,\t"]).join(entries), True


def test_who_has_it_already_gets_304_and_nobody_else(server: Server, full: bool, figure: Figures) -> None:
    rng = random.Random(25)
    known = addresses(server)
    assert set(TILES) <= set(known)
    assert set(DOCUMENTS) <= set(known)
    tries, wrong = 10_000 if full else 500, []
    with sockets.connect(server) as connection:

        def asked(path: str, *lines: str, method: str = "GET") -> sockets.Answer:
            connection.sendall(sockets.request(path, *lines, method=method))
            answer = sockets.answer(connection, method)
            assert answer is not None
            return answer

        fresh = {path: asked(path) for path in known}
        for _ in range(tries):
            path = rng.choice(known)
            value, has_it = storm(fresh[path].headers["etag"], rng)
            method = rng.choice(["GET", "HEAD"])
            answer = asked(path, f"If-None-Match: {value}", method=method)
            expected = 304 if has_it else 200
            body = fresh[path].body if method == "GET" and not has_it else b""
            same = answer.headers.get("etag") == fresh[path].headers["etag"]
            same &= answer.headers.get("cache-control") == fresh[path].headers.get("cache-control")
            same &= answer.headers.get("vary") == fresh[path].headers.get("vary")
            if (answer.status, answer.body) != (expected, body) or not same:
                wrong.append((method, path, value, answer.status, answer.headers))
        heads = []
        for path in known:
            head = asked(path, method="HEAD")
            differs = {
                name
                for name in {*head.headers, *fresh[path].headers} - VALID_LATER
                if head.headers.get(name) != fresh[path].headers.get(name)
            }
            if head.status != 200 or differs:
                heads.append((path, head.status, differs))
    figure(
        "R25",
        f"{tries} of If-None-Match, {len(known)} of HEAD",
        "304 exactly where the tag is one of those, HEAD tells what GET does",
        wrong=len(wrong),
        wrong_heads=len(heads),
    )
    assert not wrong, wrong[:5]
    assert not heads, heads


def ranges(length: int, rng: random.Random) -> str:
    """Make a Range header, of those that are sent and those that nobody should."""
    first, last = rng.randrange(-2, length + 9), rng.randrange(-2, length + 9)
    return rng.choice(
        [
            f"bytes={first}-{last}",
            f"bytes={abs(first)}-",
            f"bytes=-{abs(last)}",
            f"bytes=0-0,{abs(first)}-{abs(last)}",
            "bytes=" + ",".join(f"{number}-{number}" for number in range(rng.randrange(1, 200))),
            f"pixels={abs(first)}-{abs(last)}",
            "bytes=-0",
            "bytes=18446744073709551616-",
            "bytes=a-b",
            "bytes",
            "",
        ]
    )


def is_right(asked: str, answer: sockets.Answer, whole: bytes, tells_ranges: bool) -> bool:
    """Tell whether an answer to a range is right by RFC 9110: all of it, the part that it names, or none."""
    if answer.status == 200:
        return answer.body == whole
    if answer.status == 416:
        return answer.headers.get("content-range") == f"bytes */{len(whole)}" and asked.startswith("bytes=")
    if answer.status != 206 or not tells_ranges:
        return False
    unit, _, place = answer.headers.get("content-range", "").partition(" ")
    part, _, total = place.partition("/")
    first, _, last = part.partition("-")
    if unit != "bytes" or total != str(len(whole)) or not (first.isdigit() and last.isdigit()):
        return False
    return answer.body == whole[int(first) : int(last) + 1] and int(first) <= int(last) < len(whole)


def test_ranges_are_answered_rightly(server: Server, full: bool, figure: Figures) -> None:
    rng = random.Random(9110)
    known = addresses(server)
    tries, wrong, counted = 10_000 if full else 500, [], dict[int, int]()
    with sockets.connect(server) as connection:

        def asked(path: str, *lines: str, method: str = "GET") -> sockets.Answer:
            connection.sendall(sockets.request(path, *lines, method=method))
            answer = sockets.answer(connection, method)
            assert answer is not None
            return answer

        fresh = {path: asked(path) for path in known}
        tells = {path: answer.headers.get("accept-ranges") == "bytes" for path, answer in fresh.items()}
        for _ in range(tries):
            path = rng.choice(known)
            value = ranges(len(fresh[path].body), rng)
            answer = asked(path, f"Range: {value}")
            counted[answer.status] = counted.get(answer.status, 0) + 1
            if not is_right(value, answer, fresh[path].body, tells[path]):
                wrong.append((path, value, answer.status, answer.headers))
        for path in known:
            # What says that it takes ranges takes them.
            partial = asked(path, "Range: bytes=0-0")
            if tells[path] != (partial.status == 206):
                wrong.append((path, "bytes=0-0", partial.status, partial.headers))
            both = asked(path, "Range: bytes=0-0", f"If-None-Match: {fresh[path].headers['etag']}")
            if both.status != 304:
                wrong.append((path, "If-None-Match and Range", both.status, both.headers))
    figure(
        "R25", f"{tries} ranges", "200, 206 or 416 as RFC 9110 says", wrong=len(wrong), statuses=str(counted)
    )
    assert not wrong, wrong[:5]
    assert min(counted.get(status, 0) for status in (200, 206, 416)) > tries // 100, counted


def by_one_name(server: Server, path: str) -> sockets.Answer:
    """Ask by a name without the port, which documents repeat."""
    answer = sockets.ask(server, sockets.request(path, "Connection: close"))
    assert answer is not None
    assert answer.status == 200, answer
    return answer


def test_the_same_bytes_have_the_same_tag_after_a_restart(
    server: Server, files: list[Path], full: bool, figure: Figures
) -> None:
    restarts = 5 if full else 1
    known = addresses(server)
    first = {path: by_one_name(server, path) for path in known}
    tags = {answer.headers["etag"]: answer.body for answer in first.values()}
    wrong = []
    for _ in range(restarts):
        with Server(*files) as again:
            for path in known:
                answer = by_one_name(again, path)
                same_bytes = answer.body == first[path].body
                same_tag = answer.headers["etag"] == first[path].headers["etag"]
                if same_bytes != same_tag or not same_bytes:
                    wrong.append((path, same_bytes, same_tag))
    figure(
        "R25",
        f"{len(known)} addresses after {restarts} restarts",
        "same tag for same bytes",
        wrong=len(wrong),
    )
    assert not wrong, wrong
    assert len(tags) == len({answer.body for answer in first.values()})
