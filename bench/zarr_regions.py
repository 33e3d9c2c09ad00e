"""Read regions of an OME-Zarr by zarr-python: `zarr_regions.py STORE THREADS X,Y …`; prints the seconds that it took.

The first region is read before the clock starts: whoever runs this takes the time until then.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import zarr


def main() -> None:
    """Read them, several at a time."""
    store, threads, *tiles = sys.argv[1:]
    group = zarr.open_group(store, mode="r")
    first = group.attrs["ome"]["multiscales"][0]["datasets"][0]["path"]
    array = group[first]

    def read(tile: str) -> int:
        x, y = map(int, tile.split(","))
        return array[y * 256 : (y + 1) * 256, x * 256 : (x + 1) * 256].size

    read(tiles[0])
    started = time.perf_counter()
    with ThreadPoolExecutor(int(threads)) as pool:
        assert sum(pool.map(read, tiles)) == len(tiles) * 256 * 256
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
