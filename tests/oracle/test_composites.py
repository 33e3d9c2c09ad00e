"""Channels in colours and windows that the address names, added up."""

import numpy as np
import pytest
from harness import Server, save


@pytest.fixture(scope="module")
def stack() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 4000, (5, 40, 60), np.uint16)


@pytest.fixture(scope="module")
def server(stack, tmp_path_factory):
    with Server(*save(tmp_path_factory.mktemp("composites"), {"stack": stack})) as server:
        yield server


def added(stack: np.ndarray, parts: list[tuple[int, str, tuple[float, float]]]) -> np.ndarray:
    """Add up channels: each its share of the window, in its colour."""
    total = np.zeros((*stack.shape[1:], 3))
    for channel, color, (vmin, vmax) in parts:
        share = np.clip((stack[channel].astype(float) - vmin) / (vmax - vmin), 0, 1)
        total += share[..., None] * np.frombuffer(bytes.fromhex(color), np.uint8)
    return np.minimum(np.floor(total + 0.5), 255)


@pytest.mark.parametrize(
    "parts",
    [
        [(0, "ff0000", (0, 4000)), (2, "00ff00", (100, 3000))],
        [(4, "ffffff", (10, 20)), (0, "102030", (0.5, 3999.5)), (1, "0000ff", (2000, 2001))],
        [(3, "ff8000", (0, 4000))],
    ],
)
def test_colours_and_windows_are_those_of_the_address(server, stack, parts):
    query = "&".join(
        [
            "c=" + ",".join(str(channel) for channel, _, _ in parts),
            "colors=" + ",".join(color for _, color, _ in parts),
            "window=" + ",".join(f"{vmin}:{vmax}" for _, _, (vmin, vmax) in parts),
        ]
    )
    shown = server.rgba(f"/0/0/0/64.png?{query}")[:40, :60]
    assert (shown[..., 3] == 255).all()
    # What is added up is added up in float32.
    difference = np.abs(shown[..., :3] - added(stack, parts))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


def test_one_window_is_that_of_all(server):
    tile = "/0/0/0/64.png?c=0,2"
    both = server.rgba(f"{tile}&window=5:300")
    np.testing.assert_array_equal(both, server.rgba(f"{tile}&vmin=5&vmax=300"))
    np.testing.assert_array_equal(both, server.rgba(f"{tile}&window=5:300,5:300"))
    assert (both != server.rgba(tile)).any()


def test_another_look_is_another_tile(server):
    tile = "/0/0/0/64.png?c=0,2&colors=ff0000,"
    first, second = server.ok(f"{tile}00ff00"), server.ok(f"{tile}0000ff")
    assert first.headers["etag"] != second.headers["etag"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("c=0,2&colors=ff0000", "colors"),
        ("c=0,2&colors=ff0000,00ff00,0000ff", "colors"),
        ("c=0,2&colors=red,blue", "colors"),
        ("c=0&colors=", "colors"),
        ("colors=ff0000", "c"),
        ("window=1:2,3:4", "c"),
        ("c=0,2&window=1:2,3:4,5:6", "window"),
        ("c=0,2&window=1,2", "window"),
        ("c=0,2&window=2:nan,1:2", "window"),
        ("c=0,2&window=1:2&vmin=0", "window"),
        ("c=0&colors=" + ",".join(["ffffff"] * 65), "colors"),
    ],
)
def test_what_cannot_be_is_told(server, query, parameter):
    answer = server.get(f"/0/0/0/64.png?{query}")
    assert answer.status == 400
    assert answer.json()["parameter"] == parameter
