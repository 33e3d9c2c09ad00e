"""An HTTP server on loopback that gives files by ranges, counts what is asked, and misbehaves when told to."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path


class RemoteServer:
    """Serves the files of a folder; a context.

    Attributes
    ----------
    ranges : bool
        Whether it gives ranges; else each answer is the whole file.
    latency : float
        Seconds before each answer.
    failures : int
        How many of the next requests are answered 503.
    requests : list of (str, range or None)
        What was asked for: the path, and the bytes.
    sent : int
        Bytes of all bodies.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ranges = True
        self.latency = 0.0
        self.failures = 0
        self.redirects: dict[str, str] = {}
        self.requests: list[tuple[str, tuple[int, int] | None]] = []
        self.sent = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                outer._answer(self)

            def do_HEAD(self) -> None:
                outer._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that leaves half way is nothing to tell of."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.requests.clear()
            self.sent = 0

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = urlsplit(handler.path).path
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range", ""))
        last_bytes = re.fullmatch(r"bytes=-(\d+)", handler.headers.get("Range", ""))
        with self._lock:
            self.requests.append((path, (int(asked[1]), int(asked[2]) + 1) if asked else None))
            fails = self.failures > 0
            self.failures -= fails
        time.sleep(self.latency)
        if fails:
            return self._send(handler, 503, {}, b"busy")
        if path in self.redirects:
            return self._send(handler, 302, {"Location": self.redirects[path]}, b"")
        file = self.folder / path.lstrip("/")
        if not file.is_file():
            return self._send(handler, 404, {}, b"nothing here")
        stat = file.stat()
        etag = '"' + hashlib.sha256(f"{stat.st_size}-{stat.st_mtime_ns}".encode()).hexdigest() + '"'
        headers = {"ETag": etag}
        if handler.headers.get("If-Match", etag) != etag:
            return self._send(handler, 412, headers, b"")
        first, last = 0, stat.st_size
        status = 200
        if asked and self.ranges:
            first, last = int(asked[1]), min(int(asked[2]) + 1, stat.st_size)
            if first >= stat.st_size:
                return self._send(handler, 416, {"Content-Range": f"bytes */{stat.st_size}"}, b"")
            status = 206
            headers["Content-Range"] = f"bytes {first}-{last - 1}/{stat.st_size}"
        elif last_bytes and self.ranges:
            first = max(0, last - int(last_bytes[1]))
            status = 206
            headers["Content-Range"] = f"bytes {first}-{last - 1}/{stat.st_size}"
        with file.open("rb") as opened:
            opened.seek(first)
            body = opened.read(last - first)
        return self._send(handler, status, headers, body)

    def _send(
        self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
            with self._lock:
                self.sent += len(body)
