"""A picture of 100 gigabytes that nobody computes: dask works out the blocks that somebody looks at.

Zoom in and out: what one window needs is one computation. With `--workers` it runs on a cluster of processes.

``python examples/dask_larger_than_memory.py``, or with ``--workers 4``
"""

from __future__ import annotations

import argparse
import contextlib
import threading
from typing import Any

import dask.array
import numpy as np
import projectile

SIDE, BLOCK = 160_000, 1000
#: After so many a point is taken to stay for ever.
STEPS = 60


def mandelbrot(block_info: dict[Any, Any] | None = None) -> np.ndarray:
    """One block of the Mandelbrot set: after how many steps each point escapes."""
    if block_info is None:  # dask asks what kind of array this is
        return np.empty((0, 0), np.float32)
    (top, bottom), (left, right) = block_info[None]["array-location"]
    y = np.linspace(-1.5, 1.5, SIDE, dtype=np.float32)[top:bottom, None]
    x = np.linspace(-2.25, 0.75, SIDE, dtype=np.float32)[None, left:right]
    c = (x + 1j * y).ravel()
    z = np.zeros_like(c)
    steps = np.zeros(c.shape, np.float32)
    inside = np.arange(c.size)
    for _ in range(STEPS):
        # Only points that have not escaped yet go on.
        z = z * z + c
        stays = z.real**2 + z.imag**2 < 4
        z, c, inside = z[stays], c[stays], inside[stays]
        steps[inside] += 1
    return steps.reshape(bottom - top, right - left)


def main() -> None:
    """Show it until Ctrl-C, or for so many seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, help="how long to run; until Ctrl-C if not given")
    parser.add_argument("--workers", type=int, help="compute on a cluster of so many processes")
    arguments = parser.parse_args()

    with contextlib.ExitStack() as stack:
        if arguments.workers:
            from distributed import Client, LocalCluster

            cluster = LocalCluster(n_workers=arguments.workers, host="127.0.0.1", dashboard_address=None)
            stack.enter_context(cluster)
            stack.enter_context(Client(cluster))
        lengths = (BLOCK,) * (SIDE // BLOCK)
        picture = dask.array.map_blocks(
            mandelbrot, chunks=(lengths, lengths), dtype=np.float32, meta=np.empty((0, 0), np.float32)
        )
        view = stack.enter_context(
            projectile.show(picture, name="Mandelbrot", colormap="twilight_shifted", window=(0, STEPS))
        )
        print(view.url, f"{picture.nbytes / 1e9:.0f} gigabytes", flush=True)
        if arguments.seconds is None:
            view.wait()
        else:
            threading.Event().wait(arguments.seconds)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
