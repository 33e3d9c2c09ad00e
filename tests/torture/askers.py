"""Clients that ask one after the other without end, at a bounded rate, and keep what they saw."""

from __future__ import annotations

import http.client
import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Seen:
    """One answer, and when it was asked for, in seconds of `time.monotonic`."""

    path: str
    asked: float
    seconds: float
    status: int
    body: bytes


@dataclass
class Asker:
    """A thread that asks for what `choose` chooses, over a kept connection; a context."""

    host: str
    port: int
    choose: Callable[[random.Random], str]
    rate: float
    seed: int = 0
    keep: Callable[[Seen], None] | None = None
    """What is done with each answer; all of them go to `seen` where it is `None`."""
    seen: list[Seen] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask no more; what was asked for is waited for at the end of the context."""
        self._stop.set()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(90)
        assert not self._thread.is_alive(), "a request is never answered"

    def _ask(self) -> None:
        chance, take = random.Random(self.seed), self.keep or self.seen.append
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        while not self._stop.is_set():
            path, asked = self.choose(chance), time.monotonic()
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                take(Seen(path, asked, time.monotonic() - asked, answer.status, body))
            except (http.client.HTTPException, OSError) as fault:
                self.faults.append(f"{path}: {fault!r}")
                connection.close()
            self._stop.wait(max(0.0, asked + 1 / self.rate - time.monotonic()))
        connection.close()


def percentile(seconds: list[float], percent: float) -> float:
    """Tell the value that so many percent of them do not exceed."""
    ordered = sorted(seconds)
    assert ordered, "nothing was measured"
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
