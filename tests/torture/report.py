"""Puts figures into docs/reliability.md: `python report.py figures.jsonl docs/reliability.md`.

The newest figure of each test's row is kept; what stands between the two marks of the document is replaced.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any

from rows import listed

BEGIN, END = "<!-- figures: cargo xtask torture -->", "<!-- end of figures -->"


def table(lines: list[str]) -> str:
    """Lay out the newest figures, by row."""
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        entry = json.loads(line)
        newest[entry["row"], entry["what"]] = entry
    rows = ["| row | what | goal | measured | |", "|---|---|---|---|---|"]
    for entry in sorted(newest.values(), key=lambda entry: (entry["row"], entry["what"])):
        numbers = listed(entry["numbers"])
        cells = [
            entry["row"],
            entry["what"],
            entry["goal"],
            numbers,
            "met" if entry["met"] else "**not met**",
        ]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    builds = sorted({f"{entry['binary']} build of {entry['commit']}" for entry in newest.values()})
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    return f"Measured on {today}, {'; '.join(builds)}, on two cores.\n\n" + "\n".join(rows)


def main() -> None:
    """Replace what is between the marks."""
    figures, document = Path(sys.argv[1]), Path(sys.argv[2])
    text = document.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    made = table(figures.read_text(encoding="utf-8").splitlines())
    document.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
