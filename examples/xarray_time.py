"""A year of temperatures, made up: a slider for the day, latitude, longitude and degrees at the pointer.

``python examples/xarray_time.py``
"""

from __future__ import annotations

import argparse
import contextlib
import threading

import numpy as np
import projectile
import xarray

DAYS = 366


def temperatures() -> xarray.DataArray:
    """Make a year: cold poles, seasons, weather that drifts to the east."""
    rng = np.random.default_rng(0)
    day = np.arange(DAYS, dtype=np.float32)[:, None, None]
    latitude = np.linspace(89.75, -89.75, 180, dtype=np.float32)
    longitude = np.linspace(-179.5, 179.5, 360, dtype=np.float32)
    y, x = np.deg2rad(latitude)[None, :, None], np.deg2rad(longitude)[None, None, :]
    values = 30 - 55 * np.sin(y) ** 2 - 12 * np.sin(y) * np.cos(2 * np.pi * (day - 15) / DAYS)
    for waves, drift, phase in zip((3, 5, 8), (20, 12, 7), rng.uniform(0, 6, 3), strict=True):
        values = values + 3 * np.cos(y) * np.cos(waves * x + 5 * y - 2 * np.pi * day / drift + phase)
    return xarray.DataArray(
        values.astype(np.float32),
        dims=("time", "lat", "lon"),
        coords={
            "time": np.datetime64("2024-01-01", "ns") + np.arange(DAYS) * np.timedelta64(1, "D"),
            "lat": ("lat", latitude, {"units": "degrees_north", "long_name": "latitude"}),
            "lon": ("lon", longitude, {"units": "degrees_east", "long_name": "longitude"}),
        },
        name="t2m",
        attrs={"long_name": "temperature", "units": "°C"},
    )


def main() -> None:
    """Show it until Ctrl-C, or for so many seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, help="how long to run; until Ctrl-C if not given")
    arguments = parser.parse_args()

    with projectile.show(temperatures(), colormap="RdBu_r", window=(-45, 45)) as view:
        print(view.url, flush=True)
        if arguments.seconds is None:
            view.wait()
        else:
            threading.Event().wait(arguments.seconds)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
