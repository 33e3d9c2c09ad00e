"""A simulation to watch while it runs: two substances that react and spread, in a numpy array.

The array is changed in place, and the view is told, 20 times a second; every browser that looks at it
fetches what it sees.

``python examples/simulation.py``, or with ``--seconds 10 --side 1024``
"""

from __future__ import annotations

import argparse
import contextlib
import time

import numpy as np
import projectile

FRAMES_PER_SECOND = 20
STEPS_PER_FRAME = 4

#: How fast the substances spread, and how fast the one is fed and the other taken away: this makes corals.
SPREAD_A, SPREAD_B = 0.16, 0.08
FEED, KILL = 0.0545, 0.062


def neighbours(array: np.ndarray) -> np.ndarray:
    """How far the mean of the four neighbours lies above a value, four times; the edges are joined."""
    around = np.roll(array, 1, 0) + np.roll(array, -1, 0) + np.roll(array, 1, 1) + np.roll(array, -1, 1)
    return around - 4 * array


def step(a: np.ndarray, b: np.ndarray) -> None:
    """Go on by one step, in place."""
    reaction = a * b * b
    change_a = SPREAD_A * neighbours(a) - reaction + FEED * (1 - a)
    change_b = SPREAD_B * neighbours(b) + reaction - (FEED + KILL) * b
    a += change_a
    b += change_b


def main() -> None:
    """Run until Ctrl-C, or for so many seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, help="how long to run; until Ctrl-C if not given")
    parser.add_argument("--side", type=int, default=512, help="pixels a side")
    arguments = parser.parse_args()

    side = arguments.side
    a, b = np.ones((2, side, side), np.float32)
    b[:] = 0
    rng = np.random.default_rng(0)
    for y, x in rng.integers(0, side - 12, (side // 16, 2)):
        a[y : y + 12, x : x + 12] = 0.5
        b[y : y + 12, x : x + 12] = 0.25

    with projectile.show(b, name="corals", colormap="magma", window=(0, 0.4)) as view:
        print(view.url, flush=True)
        end = None if arguments.seconds is None else time.monotonic() + arguments.seconds
        following = time.monotonic()
        while end is None or time.monotonic() < end:
            for _ in range(STEPS_PER_FRAME):
                step(a, b)
            view.refresh()
            # A frame that took too long is not made up for.
            now = time.monotonic()
            following = max(following + 1 / FRAMES_PER_SECOND, now)
            time.sleep(following - now)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
