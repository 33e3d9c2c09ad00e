"""Reads tiles of a COG by rio-tiler, or serves a folder: what projectile's are measured against and from.

`read_cog.py make FILE SIDE` writes a COG; `read_cog.py serve FOLDER MILLISECONDS` gives its files by ranges, each
answer that late; `read_cog.py read PLACE THREADS COUNT` reads `COUNT` tiles of 256 × 256 stored pixels, and prints how
long the first took (opening the file, in milliseconds) and how many came in a second.
"""

from __future__ import annotations

import functools
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rio_tiler.io import Reader

TILE = 256


def make(file: Path, side: int) -> None:
    """Write a COG of a smooth field in 16 bits with a little noise."""
    if file.exists():
        return
    line = np.linspace(0, 40, side, dtype=np.float32)
    noise = np.random.default_rng(1).normal(0, 300, (side, side)).astype(np.float32)
    field = np.sin(line)[:, None] * np.cos(line)[None, :] * 20_000 + 30_000 + noise
    with rasterio.open(
        file,
        "w",
        driver="COG",
        width=side,
        height=side,
        count=1,
        dtype="uint16",
        crs="EPSG:3857",
        transform=from_origin(0, side * 10, 10, 10),
        compress="deflate",
        blocksize=TILE,
    ) as out:
        out.write(field.astype(np.uint16), 1)


class Late(SimpleHTTPRequestHandler):
    """Gives ranges of files, late."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    latency = 0.0

    def do_GET(self) -> None:
        """Answer with the bytes that are asked for."""
        self.answer()

    def do_HEAD(self) -> None:
        """Answer with their number."""
        self.answer()

    def answer(self) -> None:
        """Answer, after a while."""
        time.sleep(self.latency)
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        size = path.stat().st_size
        first, last = 0, size
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes="):
            begin, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = int(begin), min(int(end or size - 1) + 1, size)
        with path.open("rb") as file:
            file.seek(first)
            body = file.read(last - first)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{size}"')
        self.send_header("Content-Length", str(len(body)))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last - 1}/{size}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(folder: str, milliseconds: float) -> None:
    """Serve until killed."""
    Late.latency = milliseconds / 1e3
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Late, directory=folder))
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def places(count: int, side: int) -> list[tuple[int, int]]:
    """Tell which tiles: x and y, the same each time."""
    across = side // TILE
    return [(7 * i % across, (3 * i + i // across) % across) for i in range(count)]


def read(place: str, threads: int, count: int) -> None:
    """Read tiles and print how fast."""
    started = time.perf_counter()
    with Reader(place) as reader:
        side = reader.dataset.width

    def tile(at: tuple[int, int]) -> None:
        x, y = at[0] * TILE, at[1] * TILE
        with Reader(place) as opened:
            bounds = opened.dataset.window_bounds(rasterio.windows.Window(x, y, TILE, TILE))
            data = opened.part(bounds, bounds_crs=opened.dataset.crs).data
        assert data.shape == (1, TILE, TILE), data.shape

    tile((0, 0))
    first = time.perf_counter() - started
    wanted = places(count, side)
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(tile, wanted))
    print(first * 1e3, count / (time.perf_counter() - started))


def main() -> None:
    """Do what is asked."""
    match sys.argv[1:]:
        case ["make", file, side]:
            make(Path(file), int(side))
        case ["serve", folder, milliseconds]:
            serve(folder, float(milliseconds))
        case ["read", place, threads, count]:
            read(place, int(threads), int(count))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
