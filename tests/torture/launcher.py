"""Runs programs one after another and tells what each of them took, as Linux counts it.

A program begins with the peak memory of the process that started it. So a small process starts it, which is this file
run as a script: it takes lines of JSON and answers each by one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Ran:
    """What became of a program."""

    code: int
    """What it left with; a signal is negative."""
    output: str
    complaints: str
    seconds: float
    cpu_seconds: float
    peak: int
    """Bytes of memory that it had at most."""
    hung: bool


class Launcher:
    """Runs programs from a small process of its own; a context."""

    def __enter__(self) -> Self:
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
        self.folder.cleanup()

    def run(
        self, command: Sequence[str | Path], within: float = 20, environment: Mapping[str, str] | None = None
    ) -> Ran:
        """Run a program to its end, or end it after so many seconds."""
        output, complaints = (Path(self.folder.name) / name for name in ("out", "err"))
        request = {
            "command": [str(part) for part in command],
            "output": str(output),
            "complaints": str(complaints),
            "within": within,
            "environment": {**os.environ, **(environment or {})},
        }
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        texts = (path.read_bytes().decode(errors="backslashreplace") for path in (output, complaints))
        return Ran(told["code"], *texts, told["seconds"], told["cpu"], told["peak"], told["hung"])


def launch(request: dict) -> dict:
    """Run what is asked for."""
    writes = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    began = time.monotonic()
    process = os.posix_spawn(
        request["command"][0],
        request["command"],
        request["environment"],
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, request["output"], writes, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, request["complaints"], writes, 0o600),
        ],
    )
    hung = threading.Event()

    def end() -> None:
        hung.set()
        os.kill(process, signal.SIGKILL)

    timer = threading.Timer(request["within"], end)
    timer.start()
    _, status, took = os.wait4(process, 0)
    timer.cancel()
    return {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - began,
        "cpu": took.ru_utime + took.ru_stime,
        "peak": took.ru_maxrss * 1024,
        "hung": hung.is_set(),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(launch(json.loads(line))), flush=True)
