"""A real browser, and sites for it to visit."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that CHROMIUM names."""
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Site:
    """Pages of somebody else, on a port of its own; a context.

    Attributes
    ----------
    pages : mapping of str to str
        HTML by path.
    visits : list of (str, dict)
        What was asked for: paths with their query, and headers.

    """

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.pages = pages
        self.visits: list[tuple[str, dict[str, str]]] = []

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.visits.append(
                    (self.path, {name.lower(): value for name, value in self.headers.items()})
                )
                page = outer.pages.get(self.path.split("?")[0])
                self.send_response(404 if page is None else 200)
                body = (page or "").encode()
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def at(self, host: str = "127.0.0.1") -> str:
        """Tell its origin, by one of this machine's names."""
        return f"http://{host}:{self.port}"
