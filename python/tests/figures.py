"""What was measured for the rows of docs/reliability.md that are about Python, and where it is written down.

``PROJECTILE_TORTURE_FULL=1`` does everything as often as the goals say, ``PROJECTILE_TORTURE_FIGURES`` names a file to
which a line of JSON is added for each figure, as the tests in tests/torture do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import rows

FULL = os.environ.get("PROJECTILE_TORTURE_FULL", "") not in ("", "0")
BUILD = rows.build("python")
FIGURES = pytest.StashKey[list[dict[str, Any]]]()


class Figures:
    """The figures of one test."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []

    def __call__(self, row: str, what: str, goal: str, **numbers: Any) -> None:
        """Keep what was measured for a row; that it is good enough is the test's to assert."""
        self.taken.append({"row": row, "what": what, "goal": goal, "numbers": numbers})


@pytest.fixture(scope="session")
def full() -> bool:
    """Tell whether everything is done as often as the goal says, or only often enough to notice a fault."""
    return FULL


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """Take figures: `figure("R50", "children of os.fork", "none hangs", children=200, hung=0)`."""
    figures = Figures()
    yield figures
    met = not getattr(request.node, "has_failed", False)
    kept = request.config.stash.setdefault(FIGURES, [])
    kept.extend({**entry, "test": request.node.name, "full": FULL, "met": met} for entry in figures.taken)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let the figures know how their test ended."""
    outcome = yield
    if call.when == "call" and outcome.get_result().failed:
        item.has_failed = True


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the rows, and write them down."""
    rows.tell(
        terminalreporter,
        config.stash.get(FIGURES, []),
        os.environ.get("PROJECTILE_TORTURE_FIGURES"),
        BUILD,
    )
