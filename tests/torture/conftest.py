"""What all rows of torture share: how long they may take, and where their figures go."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "oracle"))  # the harness that starts the binary

FIGURES = pytest.StashKey[list[dict[str, Any]]]()
BUILD = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--full`, and where the figures go."""
    parser.addoption("--full", action="store_true", help="as long and as much as docs/reliability.md says")
    parser.addoption("--figures", default=None, help="a file to add a line of JSON to for each row")


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no figures, of what there is now."""
    config.stash[FIGURES] = []
    config.stash[BUILD] = rows.build(Path(os.environ.get("PROJECTILE_BIN", "")).parent.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has no short form, where not everything is asked for."""
    if config.getoption("--full"):
        return
    items[:] = [item for item in items if not item.get_closest_marker("full_only")]


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Tell whether everything is done as often as the goal says, or only often enough to notice a fault."""
    return bool(request.config.getoption("--full"))


class Figures:
    """The figures of one test."""

    def __init__(self, into: list[dict[str, Any]]) -> None:
        self._into = into

    def __call__(self, row: str, what: str, goal: str, **numbers: Any) -> None:
        """Keep what was measured for a row of docs/reliability.md; that it is good enough is the test's to assert."""
        self._into.append({"row": row, "what": what, "goal": goal, "numbers": numbers})


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """Take figures: `figure("R18", "1,000 clients, one cold tile", "1 decode a tile", decodes=1, seconds=0.4)`."""
    mine: list[dict[str, Any]] = []
    yield Figures(mine)
    failed = getattr(request.node, "torture_failed", False)
    for entry in mine:
        request.config.stash[FIGURES].append(
            {
                **entry,
                "test": request.node.name,
                "full": bool(request.config.getoption("--full")),
                "met": not failed,
            }
        )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let the figures know how their test ended."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if call.when == "call" and report.failed:
        item.torture_failed = True  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the rows, and write them down."""
    rows.tell(terminalreporter, config.stash[FIGURES], config.getoption("--figures"), config.stash[BUILD])
