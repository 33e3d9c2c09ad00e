"""Views and the end of their process, and those of its children.

A view lives until it is closed or the interpreter ends, whether or not somebody holds it. A forked child has none of
the threads that its parent's views run on: there they only say so, and let go of the parent's ports.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from typing import Any

from . import _native

_open: set[Any] = set()
_lock = threading.Lock()


def keep(view: Any) -> None:
    """Keep a view until it is closed."""
    with _lock:
        _open.add(view)


def forget(view: Any) -> None:
    """Let go of a view that was closed."""
    with _lock:
        _open.discard(view)


@atexit.register
def close_all() -> None:
    """Close every view, all at a time."""
    with _lock:
        views = list(_open)
    _native.close_all([view.server for view in views])
    for view in views:
        view.close()


def _before_fork() -> None:
    _lock.acquire()


def _after_fork_in_parent() -> None:
    _lock.release()


def _after_fork_in_child() -> None:
    _lock.release()
    for view in _open:
        descriptor = view.fileno()
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)
    _open.clear()
    _native.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )
