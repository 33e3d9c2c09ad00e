"""Requests of a page that has no address, by way of a widget's messages (docs/live.md, last section).

A notebook's browser may have no other way to the process than the one that the notebook itself has. One
widget may be on several screens, so each message has ``view``, the name that a frame gave itself. What the
frontend sends:

- ``{"id", "method", "target", "type"}``, with the body as a buffer;
- ``{"id", "abort": true}``;
- ``{"alive": true}`` now and then, and ``{"gone": true}``.

It hears ``{"id", "status", "headers", "more"}`` with a piece of the body as a buffer; of the messages that
answer one request, only the first has ``status`` and ``headers``.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ._native import Request, Server

Send = Callable[[dict[str, Any], list[bytes]], None]
_Deliver = Callable[[dict[str, Any], bytes], None]

#: Seconds without a word after which a frame is taken to be gone. A hidden tab speaks once a minute.
_SILENCE = 150.0


class Channel:
    """The requests of all frames of one widget."""

    def __init__(self, server: Server, send: Send) -> None:
        self._server = server
        self._send = send
        self._lock = threading.Lock()
        #: By frame and number; ``None`` while it is being made, as its answer may come before it is here.
        self._requests: dict[tuple[str, int], Request | None] = {}
        self._heard: dict[str, float] = {}

    def receive(self, content: Any, buffers: Sequence[Any] = ()) -> None:
        """Take a message of the frontend's; one that is not understood is passed over."""
        if not isinstance(content, Mapping):
            return
        message = cast(Mapping[str, Any], content)
        frame, number = message.get("view"), message.get("id")
        if not isinstance(frame, str):
            return
        if message.get("gone"):
            self._drop(frame)
            return
        with self._lock:
            self._heard[frame] = time.monotonic()
        if not isinstance(number, int):
            return
        if message.get("abort"):
            self._abort((frame, number))
        else:
            self._ask((frame, number), message, b"".join(bytes(buffer) for buffer in buffers))

    def close(self) -> None:
        """Call everything off: nobody listens any more."""
        with self._lock:
            requests = list(self._requests.values())
            self._requests.clear()
            self._heard.clear()
        for request in requests:
            if request is not None:
                request.cancel()

    def _ask(self, key: tuple[str, int], message: Mapping[str, Any], body: bytes) -> None:
        # The server answers to this name, and without an Origin it takes a request to be a program's: it is.
        headers = [("Host", "localhost")]
        if message.get("type"):
            headers.append(("Content-Type", str(message["type"])))
        self._abort(key)
        with self._lock:
            self._requests[key] = None
        target = f"/{str(message.get('target', '')).removeprefix('/')}"
        try:
            method = str(message.get("method", "GET"))
            request = self._server.request(method, target, headers, body, self._callback(key))
        except Exception as error:
            # Whatever it is: a page that hears nothing waits for ever.
            self._finish(key, f"{error}")
            return
        with self._lock:
            waited_for = key in self._requests
            if waited_for:
                self._requests[key] = request
        if not waited_for:
            # It was answered at once (there is nothing to cancel then), or called off meanwhile.
            request.cancel()

    def _callback(self, key: tuple[str, int]) -> Callable[[int, list[tuple[str, str]], bytes, bool], bool]:
        """What takes the answer, on a thread of the server's."""
        post = _poster()
        begun = False

        def callback(status: int, fields: list[tuple[str, str]], piece: bytes, more: bool) -> bool:
            nonlocal begun
            frame, number = key
            with self._lock:
                if key not in self._requests:
                    return False
                # A frame that is silent is gone with its tab; one that only slept asks again when it is back.
                more = more and time.monotonic() - self._heard.get(frame, 0.0) < _SILENCE
                if not more:
                    del self._requests[key]
            head: dict[str, Any] = {} if begun else {"status": status, "headers": dict(fields)}
            begun = True
            return post(self._deliver, {"view": frame, "id": number, **head, "more": more}, piece) and more

        return callback

    def _deliver(self, message: dict[str, Any], piece: bytes) -> None:
        # A kernel that is ending has nothing to send by, which is nothing to tell anybody about.
        with contextlib.suppress(OSError, RuntimeError):
            self._send(message, [piece])

    def _finish(self, key: tuple[str, int], reason: str) -> None:
        with self._lock:
            self._requests.pop(key, None)
        frame, number = key
        message: dict[str, Any] = {"view": frame, "id": number, "status": 0, "headers": {}, "more": False}
        message["reason"] = reason
        self._deliver(message, b"")

    def _abort(self, key: tuple[str, int]) -> None:
        with self._lock:
            request = self._requests.pop(key, None)
        if request is not None:
            request.cancel()

    def _drop(self, frame: str) -> None:
        with self._lock:
            self._heard.pop(frame, None)
            keys = [key for key in self._requests if key[0] == frame]
        for key in keys:
            self._abort(key)


def _poster() -> Callable[[_Deliver, dict[str, Any], bytes], bool]:
    """Call something where the request came from: on its event loop, if there is one, else right here.

    And in its context, by which ipykernel knows what it is an answer to. JupyterLab sends widgets' messages
    to a thread of their own, so that they are answered while a cell runs, as long as the answers name that
    thread.
    """
    context = contextvars.copy_context()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        lock = threading.Lock()

        def directly(deliver: _Deliver, message: dict[str, Any], piece: bytes) -> bool:
            with lock:
                context.run(deliver, message, piece)
            return True

        return directly

    def by_loop(deliver: _Deliver, message: dict[str, Any], piece: bytes) -> bool:
        try:
            loop.call_soon_threadsafe(deliver, message, piece, context=context)
        except RuntimeError:
            # The loop is closed: nobody waits.
            return False
        return True

    return by_loop
