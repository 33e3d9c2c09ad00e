"""R29: where the server listens, and who is let in from elsewhere."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from harness import Server, run, save
from raw_http import ask, ask_all, request
from routes import Route, routes

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTENING = "0A"
OPEN_TO_ALL = ("/healthz", "/readyz")


def listening(pid: int) -> set[tuple[str, int]]:
    """Tell the addresses and ports that a process listens on, as the system knows them."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink()))
        except FileNotFoundError:
            continue
        inodes |= {found[1]} if found else set()
    heard = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        path = Path(f"/proc/{pid}/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            fields = line.split()
            if fields[3] != LISTENING or fields[9] not in inodes:
                continue
            written, port = fields[1].split(":")
            words = [int(written[at : at + 8], 16) for at in range(0, len(written), 8)]
            address = socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
            heard.add((address, int(port, 16)))
    return heard


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image."""
    folder = tmp_path_factory.mktemp("doors")
    return save(folder, {"a": np.random.default_rng(29).integers(0, 256, (300, 400), np.uint8)})[0]


@pytest.fixture(scope="module")
def guarded(file: Path) -> Iterator[Server]:
    """A server that other machines reach, which logs all that it can."""
    with Server(file, "--host", "0.0.0.0", "--log", "json", "-D") as server:  # noqa: S104 - that is the question
        yield server


def token_of(server: Server) -> str:
    """Tell the token of the address that was printed."""
    return parse_qs(urlsplit(server.url).query)["token"][0]


def test_it_listens_on_this_machine_alone(file, figure):
    heard = {}
    for host in (None, "localhost", "127.0.0.1"):
        with Server(file, *(["--host", host] if host else [])) as server:
            heard[host] = listening(server.process.pid)
            assert "token" not in server.url
            assert server.get("/images").status == 200
            assert {port for _, port in heard[host]} == {server.port}
    addresses = {address for each in heard.values() for address, _ in each}
    figure(
        "R29",
        "sockets that listen by default",
        "127.0.0.1 and ::1 alone",
        addresses=" ".join(sorted(addresses)),
    )
    assert heard[None]
    assert addresses <= {"127.0.0.1", "::1"}


def test_from_elsewhere_a_token_is_wanted(guarded, figure):
    assert {address for address, _ in listening(guarded.process.pid)} == {"0.0.0.0"}  # noqa: S104
    token = token_of(guarded)
    bits = len(token) * 4
    assert re.fullmatch(r"[0-9a-f]{32,}", token)
    wrong = [
        *[
            "",
            "0" * len(token),
            token[:-1],
            f"{token}0",
            token.upper() + "A",
            token[::-1],
            "*",
            "%00",
            "null",
        ],
        *[f"{token[:16]}{'0' * 16}", f"%20{token}x", f"{token}%00", "a" * 3000],
    ]
    shown = [
        [],
        ["Authorization: Bearer"],
        [f"Authorization: Basic {token}"],
        [f"Authorization: {token}"],
        [f"Cookie: token={token}"],
        [f"Cookie: projectile-{guarded.port + 1}={token}"],
        [f"Cookie: projectile-{guarded.port}={token[:-1]}"],
        [f"X-Token: {token}"],
        [f"Referer: http://localhost/?token={token}"],
    ]
    let_in, tried = [], 0
    for route in routes_of(guarded):
        methods = [route.method, "HEAD"] if route.method == "GET" else [route.method]
        for method in methods:
            target = route.target()
            join = "&" if "?" in target else "?"
            targets = [target, *(f"{target}{join}token={each}" for each in wrong)]
            asked = [request(each, ["Host: localhost"], method) for each in targets]
            asked += [request(target, ["Host: localhost", *headers], method) for headers in shown]
            for each, answer in zip(asked, ask_all(guarded.port, asked), strict=True):
                tried += 1
                if answer.status not in ((200, 400) if route.path in OPEN_TO_ALL else (401,)):
                    let_in.append((each.raw[:120], answer.status))
                if token in answer.text() or "set-cookie" in answer.headers:
                    let_in.append((each.raw[:120], "tells of it"))
    figure(
        "R29",
        "--host 0.0.0.0: every address without the token, with wrong ones, and with it in the wrong place",
        "401; 128 bits or more",
        requests=tried,
        let_in=len(let_in),
        bits=bits,
    )
    assert bits >= 128
    assert not let_in, let_in[:10]


def routes_of(server: Server) -> list[Route]:
    """Tell all addresses that have an end, as somebody learns them who knows the token."""
    told = server.final("/api/openapi.json", {"Authorization": f"Bearer {token_of(server)}"})
    assert told.status == 200
    return [route for route in routes(told.json()) if not route.is_stream]


def test_the_address_is_exchanged_for_a_cookie(guarded, figure):
    token = token_of(guarded)
    # Relative, so that it holds under whatever path a proxy has the server.
    for target, expected in [
        (f"/?token={token}", "./"),
        (f"/images?a=1&token={token}&b=2", "./images?a=1&b=2"),
        (f"/images/a?token={token}", "./a"),
        (f"//evil.example/?token={token}", "./"),
        (f"//evil.example?token={token}", "./evil.example"),
        (f"/%5c%5cevil.example?token={token}", "./%5c%5cevil.example"),
        (f"/http:evil.example?token={token}", "./http:evil.example"),
        (f"/?token={token}&token={token}", "./"),
    ]:
        answer = ask(guarded.port, request(target))
        assert (answer.status, answer.headers["location"]) == (303, expected), target
        attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
        assert {"httponly", "samesite=strict"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)
        assert answer.headers["referrer-policy"] == "no-referrer"
    cookie = ask(guarded.port, request(f"/?token={token}")).headers["set-cookie"].split(";")[0]
    page = ask(guarded.port, request("/", ["Host: localhost", f"Cookie: {cookie}"]))
    assert page.status == 200
    assert page.headers["referrer-policy"] == "no-referrer"
    for target in ("/", "/images", "/0/0/0.png", "/api", "/nothing"):
        answer = ask(guarded.port, request(target, ["Host: localhost", f"Cookie: {cookie}"]))
        assert token not in answer.text(), target
        assert "public" not in answer.headers.get("cache-control", "")
    figure(
        "R29",
        "the printed address",
        "303 to itself without the token, and a strict cookie",
        cookie=cookie[:16] + "…",
    )


def test_the_token_is_never_logged(file, figure):
    with Server(file, "--host", "0.0.0.0", "--log", "json", "-D") as server:  # noqa: S104
        token = token_of(server)
        asked = [
            request(f"/images?token={token}"),
            request(f"/?a=%&token={token}"),
            request(f"/nothing?token={token}x"),
            request(f"/?TOKEN={token}"),
            request("/images", ["Host: localhost", f"Authorization: Bearer {token}"]),
            request("/images", ["Host: localhost", f"Cookie: projectile-{server.port}={token}"]),
            request(f"/?token={token}", ["Host: evil.example"]),
            request(f"/?token={token}", ["Host: localhost"], "DELETE"),
            request(f"/?token={token}&x={'a' * 5000}"),
            request(f"/0/0/0.png?vmin={token}", ["Host: localhost", f"Authorization: Bearer {token}"]),
            request("/x", ["Host: localhost", f"Authorization: Bearer {token}", f"X-Request-ID: {'!' * 9}"]),
            request(f"http://localhost/?token={token}"),
        ]
        list(ask_all(server.port, asked))
        time.sleep(0.2)
        told = server.stderr()
        printed = "".join(server.lines)
    lines = told.count("answered")
    figure(
        "R29", "the log at its most talkative", "the token is not in it", lines=lines, found=told.count(token)
    )
    assert lines >= len(asked)
    # One address of them holds the token as a value of its own, which no log of ours takes either.
    assert token not in told
    assert printed.count(token) == 1


def test_tokens_are_all_different(file, figure):
    tokens = set()
    for _ in range(5):
        with Server(file, "--host", "0.0.0.0") as server:  # noqa: S104
            tokens.add(token_of(server))
    ones = sum(bin(int(token, 16)).count("1") for token in tokens) / len(tokens)
    figure("R29", "tokens of 5 starts", "each another", different=len(tokens), bits_that_are_one=ones)
    assert len(tokens) == 5
    assert 30 < ones < 98


def test_leaving_the_door_open_is_said_aloud(file, figure):
    with Server(file, "--host", "0.0.0.0", "--no-auth") as server:  # noqa: S104
        assert server.get("/images").status == 200
        assert "token" not in server.url
        said = server.stderr()
    figure("R29", "--no-auth", "said aloud", said=said.strip()[:80])
    assert "--no-auth" in said
    assert "anyone" in said
    # An address that is not this machine's is an error, and no other one is taken instead.
    done = run(file, "--host", "192.0.2.1", "-p", "0", timeout=20)
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1


def test_an_environment_opens_no_door(file, monkeypatch):
    """What other programs heed does not move the server."""
    for name in ("HOST", "PORT", "BIND", "PROJECTILE_HOST", "ROCKET_ADDRESS", "LISTEN_FDS", "LISTEN_PID"):
        monkeypatch.setitem(os.environ, name, "0.0.0.0" if "HOST" in name else "1")  # noqa: S104
    with Server(file) as server:
        assert {address for address, _ in listening(server.process.pid)} <= {"127.0.0.1", "::1"}
        assert json.loads(server.get("/healthz").body) == {"status": "ok"}
