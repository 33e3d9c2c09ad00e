"""Writes the colormap tables of projectile-core from matplotlib's own.

Run it with the matplotlib whose maps are wanted, from anywhere:

    python tools/colormaps.py

Two files: `matplotlib.txt`, a line a map (name, category, entries), and `matplotlib.bin`, the maps' entries one after
another as red, green, blue bytes. Reversed maps are stored too: matplotlib truncates their entries to bytes after the
reversal, which differs from reversing the bytes.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

FOLDER = Path(__file__).parent.parent / "crates/projectile-core/src/colour/colormaps"

SEQUENTIAL = """viridis plasma inferno magma cividis Greys Grays Purples Blues Greens Oranges Reds YlOrBr YlOrRd OrRd
PuRd RdPu BuPu GnBu PuBu YlGnBu PuBuGn BuGn YlGn binary gist_yarg gist_yerg gist_gray gist_grey gray grey bone pink
spring summer autumn winter cool Wistia hot afmhot gist_heat copper"""
DIVERGING = "PiYG PRGn BrBG PuOr RdGy RdBu RdYlBu RdYlGn Spectral coolwarm bwr seismic berlin managua vanimo"
CYCLIC = "twilight twilight_shifted hsv"
QUALITATIVE = """Pastel1 Pastel2 Paired Accent okabe_ito Dark2 Set1 Set2 Set3 tab10 tab20 tab20b tab20c petroff6 petroff8
petroff10"""


def categories() -> dict[str, str]:
    """The category of each map that matplotlib's gallery of colormaps names; the rest are miscellaneous."""
    groups = {"sequential": SEQUENTIAL, "diverging": DIVERGING, "cyclic": CYCLIC, "qualitative": QUALITATIVE}
    return {name: group for group, names in groups.items() for name in names.split()}


def main() -> None:
    """Writes both files."""
    known = categories()
    order = ["sequential", "diverging", "cyclic", "qualitative", "miscellaneous"]
    maps = [(known.get(name.removesuffix("_r"), "miscellaneous"), name) for name in matplotlib.colormaps]
    maps.sort(key=lambda entry: (order.index(entry[0]), entry[1].casefold(), entry[1]))
    lines, tables = [], []
    for category, name in maps:
        colormap = matplotlib.colormaps[name]
        table = colormap(np.arange(colormap.N), bytes=True)
        # What the renderer takes for granted of every map.
        assert (table[:, 3] == 255).all(), f"{name} has transparent entries"
        assert (colormap.get_under() == colormap(0)).all(), f"{name} has its own colour under"
        assert (colormap.get_over() == colormap(colormap.N - 1)).all(), f"{name} has its own colour over"
        assert (colormap.get_bad() == 0).all(), f"{name} has its own colour for bad values"
        lines.append(f"{name} {category} {colormap.N}\n")
        tables.append(np.ascontiguousarray(table[:, :3]).tobytes())
    (FOLDER / "matplotlib.txt").write_text("".join(lines), encoding="utf-8")
    (FOLDER / "matplotlib.bin").write_bytes(b"".join(tables))


if __name__ == "__main__":
    main()
