"""Odd file names, through everything that shows a name: documents, headers, logs, and the viewer in a browser."""

from __future__ import annotations

import http.client
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browser import chromium
from harness import Server
from hostile.names import NAMES as HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RAN = "window.ran"
# What a page, a shell, a header or a log could take for something else than a name; the ending is put to each.
NAMES = [
    *(name.removesuffix(".png") for name in HOSTILE),
    f"<img src=x onerror={RAN}=1>",
    f"<svg onload={RAN}=1>",
    f"'-({RAN}=1)-'",
    f'"><script>{RAN}=1<',
    f"{{{{{RAN}=1}}}}",
    f"${{{RAN}=1}}",
    f"javascript:{RAN}=1",
    "&lt;b&gt;&amp;&#0;",
    "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}\N{FIRE}",
    "e\N{COMBINING ACUTE ACCENT}" * 20,
    "\u2028line\u2029paragraph",
    "\x7f\x9b31mcsi",
    "--help",
    "tab\there",
    "]]>cdata<!--",
    "..",
    "a=b; Path=",
]
LATIN = b"invalid \xff\xfe\xc0\xaf"
DOCUMENTS = [
    "",
    "/0/0/0.png",
    "/thumbnail.png",
    "/region.npy",
    "/region.tif",
    "/value?x=1&y=1",
    "/colorbar.svg",
    "/tilejson.json",
    "/statistics",
    "/histogram",
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("names")
    paths = [folder / f"{name}.npy" for name in NAMES if len(os.fsencode(name)) <= 251]
    paths.append(folder / os.fsdecode(LATIN + b".npy"))
    for number, path in enumerate(paths):
        with path.open("wb") as file:
            np.save(file, np.full((40, 30), number, np.uint8))
    assert len(paths) >= 30
    return paths


def shown(path: Path) -> str:
    """Tell how a name is written where all must be Unicode."""
    return os.fsencode(path.name).decode(errors="replace")


def ask(server: Server, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """Ask over a connection of its own; answer the headers as they came."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.getheaders(), content


def plain(headers: list[tuple[str, str]]) -> None:
    """Assert that no name made a header of its own, or ended one."""
    names = [name.lower() for name, _ in headers]
    assert "x-injected" not in names
    assert len(names) == len(set(names)) or names.count("vary") > 1, names
    for name, value in headers:
        assert name.replace("-", "").isalnum(), name
        assert value.isascii(), (name, value)
        assert value.isprintable(), (name, value)


def documents(server: Server, path: Path, number: int) -> Iterator[str]:
    """Ask for all that is told of an image, and yield what was asked for."""
    listed = json.loads(ask(server, "/images")[2])["images"][number]
    yield "/images"
    assert listed["name"] == shown(path)
    assert listed["id"].isascii()
    for document in DOCUMENTS:
        address = f"/images/{listed['id']}{document}"
        status, headers, content = ask(server, address)
        yield address
        assert status in (200, 404), (path, address, status, content[:200])
        plain(headers)
        kind = dict(headers).get("content-type", "")
        if "json" in kind:
            told = json.loads(content)
            assert told.get("name", shown(path)) in (shown(path), listed["id"]), told
        elif "xml" in kind or "svg" in kind:
            ElementTree.fromstring(content)  # noqa: S314 - it is our own
        if document in ("", "/0/0/0.png", "/region.npy"):
            assert status == 200


@pytest.mark.parametrize("form", ["text", "json"])
def test_names_in_documents_headers_and_logs(odd: list[Path], form: str, figure: Any) -> None:
    """Each document tells the name as it is, no header is split, and a request is a line of the log."""
    with Server(*odd, "--log", form) as server:
        asked = []
        for number, path in enumerate(odd):
            asked += list(documents(server, path, number))
        # Names in addresses, too: they are not found, or are no address, and the log is none the worse.
        for path in odd:
            name = "".join(f"%{byte:02x}" for byte in os.fsencode(path.name))
            address = f"/images/{name}/0/0/0.png"
            status, headers, _ = ask(server, address)
            assert status in (200, 400, 404), (path, status)
            plain(headers)
            asked.append(address)
        said = server.stderr()
        lines = said.split("\n")[:-1]
        figure(
            "R13", f"{len(odd)} names, --log {form}", "1 line a request", asked=len(asked), lines=len(lines)
        )
        # Colours of a terminal would be control characters, too.
        assert not [
            line for line in lines if any(ord(letter) < 32 or letter in "\x7f\x9b\u202e" for letter in line)
        ]
        assert len(lines) == len(asked)
        if form == "json":
            assert [json.loads(line)["path"] for line in lines] == [path.split("?")[0] for path in asked]


@pytest.mark.parametrize("form", ["text", "json"])
def test_names_of_what_cannot_be_opened(odd: list[Path], tmp_path: Path, form: str) -> None:
    """What is said of a file that is broken is a line, whatever it is called."""
    good = tmp_path / "good.npy"
    np.save(good, np.zeros((8, 8), np.uint8))
    broken = []
    for path in odd:
        broken.append(tmp_path / path.name)
        broken[-1].write_bytes(b"\x93NUMPY\x01\x00")
    with Server(good, *broken, "--log", form) as server:
        lines = server.stderr().split("\n")[:-1]
        assert len(lines) == len(broken)
        assert not [
            line for line in lines if any(ord(letter) < 32 or letter in "\x7f\x9b" for letter in line)
        ]


def words(text: str) -> str:
    """Make white space what a page makes of it; what it shows of control characters is its own affair."""
    return " ".join("".join(letter for letter in text if letter.isspace() or letter.isprintable()).split())


@pytest.mark.timeout(120)
def test_names_in_the_viewer(odd: list[Path], full: bool, figure: Any) -> None:
    """The viewer shows each by its name, and runs none."""
    with Server(*odd) as server, chromium() as browser:
        page = browser.new_page()
        ran: list[str] = []
        page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: ran.append(str(error)))
        page.goto(server.url)
        page.wait_for_function("document.body.innerText.includes('on this server')")
        gallery = words(page.evaluate("document.body.innerText"))
        assert not [path for path in odd if words(shown(path)) not in gallery]
        for image in (
            server.images if full else [image for image in server.images if "window" in image["name"]]
        ):
            page.goto("about:blank")
            page.goto(f"{server.url}#image={image['id']}")
            # White space and control characters become what a title makes of them.
            name = re.sub("[^A-Za-z0-9]", "", image["name"])
            page.wait_for_function(
                "name => document.title.replace(/[^A-Za-z0-9]/g, '').startsWith(name)", arg=name
            )
            assert page.evaluate("window.ran") is None, image
        seen = page.evaluate("document.documentElement.outerHTML")
        figure("R13", f"{len(odd)} names in the viewer", "no script ran", ran=len(ran), letters=len(seen))
        assert not ran
        assert page.evaluate("document.querySelectorAll('script:not([src])').length") == 0
