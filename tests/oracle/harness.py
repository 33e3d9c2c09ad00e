"""Drives the real server: starts the binary, asks it over HTTP, decodes what it answers."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import struct
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import npy_bytes
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Image.MAX_IMAGE_PIXELS = None
START_SECONDS = 60
FINAL_SECONDS = 60


def binary() -> str:
    """Tell where the binary under test is."""
    path = os.environ.get("PROJECTILE_BIN")
    assert path, "PROJECTILE_BIN names the projectile binary to test: `cargo xtask test oracle` sets it"
    return path


def run(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run the binary to its end."""
    command = [binary(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").split(";")[0]

    @property
    def provisional(self) -> bool:
        """Whether the tile is made of a sample."""
        return self.headers.get("x-projectile-provisional") == "1"

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)

    def image(self) -> Image.Image:
        """Decode the body by Pillow."""
        image = Image.open(io.BytesIO(self.body))
        image.load()
        return image

    def rgba(self) -> np.ndarray:
        """Decode the body to (height, width, 4) bytes."""
        return np.asarray(self.image().convert("RGBA"))

    def npy(self) -> np.ndarray:
        """Read the body as a .npy file, with no object ever unpickled."""
        return npy_bytes.load(self.body)

    def png_kind(self) -> tuple[int, int]:
        """Tell the colour type and bit depth of a PNG."""
        assert self.body[:8] == b"\x89PNG\r\n\x1a\n"
        depth, colour = struct.unpack(">BB", self.body[24:26])
        return colour, depth


class Server:
    """The server over some files, on a port of its own; a context."""

    def __init__(self, *arguments: str | Path) -> None:
        self.arguments = [binary(), *map(str, arguments), "-p", "0"]

    def __enter__(self) -> Self:
        self.log = tempfile.TemporaryFile()
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            self.arguments, stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL
        )
        self.lines: list[str] = []
        self._address = threading.Event()
        self.url = ""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        if not self._address.wait(START_SECONDS) or not self.url:
            self._stop()
            raise AssertionError(f"no address printed by {self.arguments}: {self.lines} {self.stderr()}")
        self.host = urlsplit(self.url).hostname or ""
        self.port = urlsplit(self.url).port or 80
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        self._images: list[dict[str, Any]] | None = None
        return self

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            text = line.decode(errors="replace")
            self.lines.append(text)
            found = re.search(r"https?://[^\s\x1b]+", text)
            if found and not self.url:
                self.url = found.group().rstrip(".,)")
                self._address.set()
        self._address.set()

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        alive = self.process.poll() is None
        self._stop()
        said = self.stderr()
        self.log.close()
        assert alive, f"the server died: {said}"
        assert "panicked" not in said, said

    def _stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the server did not leave within 10 s of SIGTERM") from None
        finally:
            self._listener.join(5)
            if self.process.stdout:
                self.process.stdout.close()

    def stderr(self) -> str:
        """Tell what the server has complained of so far."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        content: bytes | None = None,
    ) -> Reply:
        """Ask once, over the one kept connection."""
        for attempt in (0, 1):
            try:
                self.connection.request(method, path, content, dict(headers or {}))
                answer = self.connection.getresponse()
                body = answer.read()
                break
            except (http.client.HTTPException, ConnectionError, OSError):
                self.connection.close()
                if attempt:
                    raise
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, body)

    def post(self, path: str, document: Any) -> Reply:
        """Ask by a JSON document."""
        content = json.dumps(document).encode()
        return self.get(path, {"Content-Type": "application/json"}, "POST", content)

    def final(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask until the answer is final: neither provisional nor "busy"."""
        until = time.monotonic() + FINAL_SECONDS
        pause = 0.01
        while True:
            reply = self.get(path, headers)
            if reply.status != 503 and not reply.provisional:
                return reply
            assert time.monotonic() < until, f"{path} is not final after {FINAL_SECONDS} s: {reply.headers}"
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def ok(self, path: str) -> Reply:
        """Ask for a final answer that must be a 200."""
        reply = self.final(path)
        assert reply.status == 200, f"{path}: {reply.status} {reply.body[:500]!r}"
        return reply

    def rgba(self, path: str) -> np.ndarray:
        """Ask for a tile as (height, width, 4) bytes."""
        return self.ok(path).rgba()

    def npy(self, path: str) -> np.ndarray:
        """Ask for a tile as an array."""
        return self.ok(path).npy()

    def json(self, path: str) -> Any:
        """Ask for a JSON document."""
        return self.ok(path).json()

    @property
    def images(self) -> list[dict[str, Any]]:
        """The images served."""
        if self._images is None:
            self._images = self.json("/images")["images"]
        return self._images

    def at(self, stem: str) -> str:
        """Tell the address of the image that was made from the file `stem`."""
        found = [image["id"] for image in self.images if stem in (image["id"], Path(image["name"]).stem)]
        assert len(found) == 1, f"{stem} is not one of {[image['id'] for image in self.images]}"
        return f"/images/{found[0]}"


def save(folder: Path, arrays: Mapping[str, np.ndarray]) -> Sequence[Path]:
    """Write each array to a .npy of its name."""
    paths = []
    for name, array in arrays.items():
        path = folder / f"{name}.npy"
        np.save(path, array, allow_pickle=False)
        paths.append(path)
    return paths
