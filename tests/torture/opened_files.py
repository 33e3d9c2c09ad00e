"""Which files a program opens and whom it calls, as the system sees it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness import Server

# Of a call that another thread's came between, the end stands on a line of its own.
OPENED = re.compile(
    r"(?:(?:open|openat|openat2|creat)\(|<\.\.\. (?:open\w*|creat) resumed>).*\) = \d+<(.*)>$"
)
SYSTEM = (
    "/proc/",
    "/sys/",
    "/dev/urandom",
    "/etc/ld.so.cache",
    "/lib/",
    "/usr/lib/",
    "/etc/localtime",
    "/usr/share/zoneinfo",
)


CALLED = re.compile(r'connect\(.*?port=htons\((\d+)\).*?"([0-9a-fA-F.:]+)"')
FILES = "trace=open,openat,openat2,creat"
CALLS = "trace=connect"


def watched(server: Server, log: Path, calls: str = FILES) -> Server:
    """Have a server that was not started yet be watched; its calls are written to `log`, links resolved."""
    # With -D the process that is started is the server itself, and strace one that watches it.
    server.arguments = [
        "strace",
        "-D",
        "-f",
        "-y",
        "--seccomp-bpf",
        "-e",
        calls,
        "-o",
        str(log),
        *server.arguments,
    ]
    return server


def called(log: Path) -> set[tuple[str, int]]:
    """Tell the addresses and ports that it spoke to, or tried to."""
    settled(log)
    return {(address, int(port)) for port, address in CALLED.findall(log.read_text(errors="replace"))}


class Opened:
    """What is opened from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._start = settled(log)

    def outside(self, roots: Sequence[Path]) -> list[str]:
        """Tell what was opened that is neither in one of `roots` nor the system's own."""
        settled(self._log)
        with self._log.open("rb") as file:
            file.seek(self._start)
            lines = file.read().decode(errors="replace").splitlines()
        allowed = tuple(str(root) for root in roots)
        found = [path for line in lines if (match := OPENED.search(line)) for path in [match[1]]]
        return [path for path in found if not path.startswith((*allowed, *SYSTEM))]

    def count(self) -> int:
        """Tell how many files were opened."""
        settled(self._log)
        with self._log.open("rb") as file:
            file.seek(self._start)
            return sum(bool(OPENED.search(line.decode(errors="replace"))) for line in file)


def settled(log: Path) -> int:
    """Wait until nothing more is written; answer how long the log is."""
    size = -1
    while size != (now := log.stat().st_size):
        size = now
        time.sleep(0.2)
    return size
