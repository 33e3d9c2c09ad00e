"""What a running program takes, as Linux tells it."""

from __future__ import annotations

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


def status(pid: int, name: str) -> int:
    """Read a number of /proc/PID/status; sizes are in KiB there."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise KeyError(name)


def resident(pid: int) -> int:
    """Tell how many bytes of memory it has now."""
    return status(pid, "VmRSS") * 1024


def peak(pid: int) -> int:
    """Tell how many bytes of memory it had at most, since it began or since `forget_peak`."""
    return status(pid, "VmHWM") * 1024


def forget_peak(pid: int) -> None:
    """Let the peak be what it has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def threads(pid: int) -> int:
    """Count its threads."""
    return status(pid, "Threads")


def open_files(pid: int) -> int:
    """Count its file descriptors."""
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - no objects are wanted


def cpu_seconds(pid: int) -> float:
    """Tell how long it has computed, in seconds of one core."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def idle_after(pid: int, within: float, share: float = 0.1, window: float = 0.05) -> float:
    """Wait until it computes less than `share` of a core for a `window`; answer after how many seconds that began."""
    began = time.monotonic()
    before = cpu_seconds(pid)
    while True:
        at = time.monotonic()
        time.sleep(window)
        now = cpu_seconds(pid)
        if now - before <= share * window:
            return at - began
        before = now
        assert at - began < within, f"it still computes {within} s later"
