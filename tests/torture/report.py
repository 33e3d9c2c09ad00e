"""Puts figures into docs/reliability.md: `python report.py figures.jsonl docs/reliability.md`.

Between two marks the document has a line for each row. The newest figure of a row takes its line; others stay as they
are, whatever was run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rows import listed

BEGIN, END = "<!-- figures: cargo xtask torture -->", "<!-- end of figures -->"
HEAD = ["| row | what | goal | measured | of | on | |", "|---|---|---|---|---|---|---|"]


def line(entry: dict[str, Any]) -> tuple[tuple[str, str], str]:
    """Write the line of a figure; answer what it is known by, too."""
    cells = [
        entry["row"],
        entry["what"],
        entry["goal"],
        listed(entry["numbers"]),
        entry["commit"] if entry["binary"] == "release" else f"{entry['binary']} build of {entry['commit']}",
        entry["date"],
        "met" if entry["met"] else "**not met**",
    ]
    cells = [cell.replace("|", "\\|") for cell in cells]
    return (cells[0], cells[1]), "| " + " | ".join(cells) + " |"


def kept(table: str) -> dict[tuple[str, str], str]:
    """Read the lines that are there, by what they are known by."""
    lines = [line for line in table.splitlines() if line.startswith("| R")]
    return {(line.split(" | ")[0].removeprefix("| "), line.split(" | ")[1]): line for line in lines}


def main() -> None:
    """Replace the lines of what was measured."""
    figures, document = Path(sys.argv[1]), Path(sys.argv[2])
    before, rest = document.read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    lines = kept(table)
    lines.update(line(json.loads(text)) for text in figures.read_text(encoding="utf-8").splitlines())
    made = "\n".join([*HEAD, *(text for _, text in sorted(lines.items()))])
    document.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
