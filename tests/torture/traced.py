"""What a program asks the system for, as strace sees it: the files it opens, the programs it starts, the sockets."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# With the paths whole, whatever their length.
STRACE = [
    "strace",
    "--follow-forks",
    "--quiet=all",
    "--string-limit=4096",
    "--trace=execve,open,openat,connect",
]


@dataclass(frozen=True)
class Trace:
    """What a program asked for."""

    code: int
    complaints: str
    executed: Sequence[str]
    opened: frozenset[str]
    connected: Sequence[str]


def traced(command: Sequence[str | Path], log: Path) -> Trace:
    """Run a program to its end under strace."""
    ran = subprocess.run(
        [*STRACE, "--output", log, "--", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    text = log.read_text(errors="backslashreplace")
    assert "execve(" in text, f"strace saw nothing: {ran.stderr}"
    return Trace(
        ran.returncode,
        ran.stderr,
        re.findall(r'execve\("([^"]*)"', text),
        frozenset(re.findall(r'open(?:at)?\((?:[^",]*, )?"([^"]*)"', text)),
        re.findall(r"connect\(.*", text),
    )
