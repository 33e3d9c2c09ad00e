"""Rows of docs/reliability.md as they are told: a line for people, and a line of JSON for the document."""

from __future__ import annotations

import datetime
import json
import subprocess
from pathlib import Path
from typing import Any


def build(binary: str) -> dict[str, str]:
    """Tell what is measured, and when. Sources may have changed by the end of a long run."""
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    return {"commit": commit(), "binary": binary, "date": today}


def tell(reporter: Any, figures: list[dict[str, Any]], path: str | None, build: dict[str, str]) -> None:
    """Print the figures of a run by pytest's `reporter`, and add them to the file at `path`, if there is one."""
    figures = sorted(figures, key=lambda entry: entry["row"])
    if not figures:
        return
    reporter.section("rows of docs/reliability.md")
    for entry in figures:
        met = "met" if entry["met"] else "NOT MET"
        numbers = listed(entry["numbers"])
        reporter.write_line(f"{entry['row']} {met}: {entry['what']}: {numbers} (goal: {entry['goal']})")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({**build, **entry}) + "\n" for entry in figures)


def listed(numbers: dict[str, Any]) -> str:
    """Name the numbers and write them for people."""
    return ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in numbers.items())


def shown(value: object) -> str:
    """Write a number for people."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def commit() -> str:
    """Tell which sources were measured."""
    here = Path(__file__).parent
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"
