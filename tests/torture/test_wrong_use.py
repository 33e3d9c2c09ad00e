"""Wrong use of the command line: a few clear words and an exit code, whichever flag it is and however it is wrong."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from harness import Server, binary, run, save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COMMANDS = ("", "info", "tile", "export")
# Values that are wrong for nearly all flags that take one.
WRONG = [
    "no\nsuch\x1b[31mthing",
    "",
    "-1",
    "99999999999999999999999",
    "\N{RIGHT-TO-LEFT OVERRIDE}nan",
    "a" * 20_000,
]


@dataclass(frozen=True)
class Flag:
    """A flag that takes a value, as `--help` tells of it."""

    command: str
    name: str
    placeholder: str


def flags(command: str) -> list[Flag]:
    """Read which flags take a value out of the help."""
    said = run(*([command] if command else []), "--help").stdout
    found = re.findall(r"^\s+(?:-\w, )?(--[\w-]+)(?:\[?[ =]<([^>]+)>)", said, re.MULTILINE)
    assert found, said
    return [Flag(command, name, placeholder) for name, placeholder in found]


def words(said: subprocess.CompletedProcess[str]) -> str:
    """Assert that what a failure says is short, clear and for people; answer it."""
    text = said.stderr
    assert said.stdout == "", said.stdout
    assert text.strip(), "it says nothing"
    for of_ours in ("panicked", "RUST_BACKTRACE", "backtrace", "stack ", ".rs:"):
        assert of_ours not in text, text
    assert "\x1b" not in text, repr(text[:300])
    return text


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return save(tmp_path, {"a": np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)})[0]


def arguments(flag: Flag, value: str, picture: Path, folder: Path) -> list[str]:
    """Use a flag with a value, all else being right."""
    rest = {
        "": [str(picture), "-p", "0"],
        "info": ["info", str(picture)],
        "tile": ["tile", str(picture), "0/0/0", "-o", str(folder / "tile.png")],
        "export": ["export", str(picture), str(folder / "out.tif"), "--overwrite"],
    }[flag.command]
    if flag.name == "--port":
        rest = [str(picture)]
    if flag.name == "--output":
        rest = ["tile", str(picture), "0/0/0"]
    return [*rest, f"{flag.name}={value}"]


# What looks odd and is right for a flag: numbers, and names that a machine may have.
VALID = {
    ("--vmin", "-1"),
    ("--vmax", "99999999999999999999999"),
    ("--allow-host", "-1"),
    ("--allow-host", "99999999999999999999999"),
}


def test_every_flag_refuses_wrong_values(picture: Path, tmp_path: Path, figure: Any) -> None:
    """Each flag of `--help` that takes a value gets values that are none: the flag is named, and the code is 2 or 1."""
    folder = tmp_path / "out"
    folder.mkdir()
    tried = [
        (flag, value)
        for command in COMMANDS
        for flag in flags(command)
        for value in WRONG
        if (flag.name, value) not in VALID
    ]

    def refused(case: tuple[Flag, str]) -> str | None:
        flag, value = case
        given = arguments(flag, value, picture, folder)
        try:
            said = run(*given, timeout=20)
        except subprocess.TimeoutExpired:
            return f"{flag} takes {value[:40]!r}"
        try:
            text = words(said)
            assert said.returncode in (1, 2), said.returncode
            if text.startswith("projectile: "):  # a check of ours, after the command line was read
                assert text.count("\n") == 1, text
            else:  # clap's: what is wrong, what there is, how to know more
                assert text.startswith("error: "), text
                assert said.returncode == 2
                assert len(text) < 1000 + 3 * len(value), text
                assert flag.name in text, text
        except AssertionError as why:
            return f"{flag} {value[:40]!r}: {str(why)[:300]}"
        return None

    with ThreadPoolExecutor(4) as pool:
        wrong = [fault for fault in pool.map(refused, tried) if fault]
    figure("R46", "wrong values of every flag", "exit 1 or 2, few words", tried=len(tried), wrong=len(wrong))
    assert not wrong, "\n".join(wrong)


def test_unknown_flags_and_missing_values(picture: Path) -> None:
    """What is no flag, what lacks its value, what is there twice, and what is not there at all."""
    for command in COMMANDS:
        before = [command] if command else []
        for given in (["--no-such-flag"], ["-Z"], ["--no\nsuch\x1b[31mflag"]):
            said = run(*before, str(picture), *given)
            assert said.returncode == 2
            assert "error: " in words(said)
        for flag in flags(command):
            said = run(*before, flag.name)
            if flag.name != "--allow-upload":  # its value may be left out; then the file is missing
                assert flag.name in words(said)
            assert said.returncode == 2
        said = run(*before)
        assert said.returncode == 2
        words(said)


def failing(path: Sequence[str | Path], environment: dict[str, str] | None = None) -> str:
    """Run what must fail with a line of ours; answer it."""
    said = subprocess.run(
        [binary(), *map(str, path)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=30,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    text = words(said)
    assert said.returncode in (1, 2)
    assert text.startswith("projectile: ")
    assert text.count("\n") == 1, text
    return text


def test_files_that_cannot_be_served(tmp_path: Path, picture: Path) -> None:
    """Missing, empty, unreadable, no file at all: a line each, and exit 1."""
    missing = tmp_path / "missing.npy"
    empty, noise, folder = tmp_path / "empty.npy", tmp_path / "noise.png", tmp_path / "folder"
    empty.touch()
    noise.write_bytes(np.random.default_rng(1).bytes(4096))
    folder.mkdir()
    fifo, loop, dangling = tmp_path / "pipe.npy", tmp_path / "loop.npy", tmp_path / "dangling.npy"
    os.mkfifo(fifo)
    loop.symlink_to(loop)
    dangling.symlink_to(missing)
    for path in (
        missing,
        empty,
        noise,
        folder,
        fifo,
        loop,
        dangling,
        "/dev/null",
        "/dev/zero",
        "/proc/self/mem",
    ):
        for command in ([], ["info"]):
            failing([*command, path])
    # Of several, those that cannot be opened are told of, and the others served.
    with Server(missing, noise, picture) as server:
        assert [image["id"] for image in server.images] == ["a"]
        assert server.stderr().count("\n") == 2, server.stderr()
    assert "no such file" in failing([missing])


def test_a_file_without_permission(tmp_path: Path) -> None:
    """A file that may not be read, by somebody who is not root."""
    # Read by a user who is nobody: root may read everything.
    folder = tmp_path / "theirs"
    folder.mkdir()
    copy = folder / "a.npy"
    np.save(copy, np.zeros((8, 8), np.uint8))
    copy.chmod(0)
    command = [binary(), "info", str(copy)]
    if os.geteuid() == 0:
        program = shutil.copy(binary(), tmp_path / "projectile")
        for place in (tmp_path, *tmp_path.parents):
            place.chmod(place.stat().st_mode | 0o111)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "info", str(copy)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert said.returncode == 1, said
    assert words(said).count("\n") == 1
    assert "ermission denied" in said.stderr


def test_a_port_that_is_taken(picture: Path) -> None:
    """A port that somebody has is told of; 0 finds one; one that needs rights or is none is an error."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert str(port) in failing([picture, "-p", str(port)])
    failing([picture, "--host", "192.0.2.1", "-p", "0"])
    failing([picture, "--host", "no.such.name.invalid", "-p", "0"])
    with Server(picture) as server:  # it is started with -p 0
        assert server.port > 0
        assert server.get("/healthz").status == 200


ENVIRONMENT = ["", "\x1b[31m", "-1", "no such thing", "=", "/dev/full", "a" * 10_000]


def test_environments_that_are_wrong(picture: Path, tmp_path: Path) -> None:
    """Variables that programs like it look at hold nonsense: it serves all the same, or says in a line why not."""
    names = [
        "RUST_LOG",
        "NO_COLOR",
        "TERM",
        "LANG",
        "LC_ALL",
        "HOME",
        "XDG_CACHE_HOME",
        "TMPDIR",
        "TZ",
        "HTTP_PROXY",
    ]
    names += ["HTTPS_PROXY", "NO_PROXY", "BROWSER", "COLUMNS", "TOKIO_WORKER_THREADS", "SSL_CERT_FILE"]
    for value in ENVIRONMENT:
        environment = {**os.environ, **dict.fromkeys(names, value)}
        said = subprocess.run(
            [binary(), "info", str(picture)],
            capture_output=True,
            text=True,
            timeout=30,
            env=environment,
            check=False,
        )
        assert (said.returncode, said.stderr) == (0, ""), (value, said.stderr)
    # Where there is no terminal and nobody reads what it says.
    with (tmp_path / "full").open("w"):
        out = os.open("/dev/full", os.O_WRONLY)
        said = subprocess.run(
            [binary(), "info", str(picture)], stdout=out, stderr=out, timeout=30, check=False
        )
        os.close(out)
    assert said.returncode in (0, 1)
