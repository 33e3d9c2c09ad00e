"""docs/reliability.md keeps the figures of what was not run again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import report

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def entry(row: str, what: str, **other: Any) -> dict[str, Any]:
    """Make a figure."""
    build = {"commit": "abc", "binary": "release", "date": "2026-01-02"}
    return {"row": row, "what": what, "goal": "a | b", "numbers": {"a_b": 1}, "met": True, **build, **other}


def test_a_new_figure_takes_the_place_of_its_own_row_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures, document = tmp_path / "figures.jsonl", tmp_path / "reliability.md"
    document.write_text(f"above\n{report.BEGIN}\n{report.END}\nbelow\n")
    monkeypatch.setattr("sys.argv", ["report.py", str(figures), str(document)])

    def put(*entries: dict[str, Any]) -> list[str]:
        figures.write_text("".join(json.dumps(each) + "\n" for each in entries))
        report.main()
        return document.read_text().splitlines()

    first = put(entry("R02", "x"), entry("R01", "y", binary="dev"), entry("R01", "x | z"))
    assert first == [
        "above",
        report.BEGIN,
        *report.HEAD,
        "| R01 | x \\| z | a \\| b | a b 1 | abc | 2026-01-02 | met |",
        "| R01 | y | a \\| b | a b 1 | dev build of abc | 2026-01-02 | met |",
        "| R02 | x | a \\| b | a b 1 | abc | 2026-01-02 | met |",
        report.END,
        "below",
    ]
    again = put(entry("R01", "x | z", met=False, commit="def"))
    changed = "| R01 | x \\| z | a \\| b | a b 1 | def | 2026-01-02 | **not met** |"
    assert again == [*first[:4], changed, *first[5:]]
