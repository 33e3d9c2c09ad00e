"""Statistics of regions and profiles of lines, against numpy and matplotlib's own idea of what is inside."""

import numpy as np
import pytest
from harness import Server, save
from matplotlib.path import Path as Outline

RNG = np.random.default_rng(8)
FIELD = RNG.normal(size=(1500, 2100)).astype(np.float32)
FIELD[100:120, 100:130] = np.nan
PLANES = RNG.integers(0, 4000, (3, 200, 300)).astype(np.uint16)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(*save(tmp_path_factory.mktemp("measures"), {"field": FIELD, "planes": PLANES})) as server:
        yield server


def assert_equals(channel: dict, values: np.ndarray) -> None:
    valid = values[~np.isnan(values)].astype(np.float64)
    assert (channel["count"], channel["valid"]) == (values.size, valid.size)
    assert (channel["min"], channel["max"]) == (valid.min(), valid.max())
    assert channel["mean"] == pytest.approx(valid.mean(), abs=1e-9)
    assert channel["std"] == pytest.approx(valid.std(), rel=1e-9)
    assert channel["median"] == np.percentile(valid, 50, method="nearest")


@pytest.mark.parametrize(
    "corners",
    [
        [(90, 90), (160.5, 95), (120, 140)],
        [(10, 10), (2000, 20), (1900.25, 1400), (50, 1490), (900, 700)],
        [(0, 0), (300, 300), (300, 0), (0, 300)],  # it crosses itself
        [(-50, -50), (40, -50), (40, 40), (-50, 40)],
    ],
)
def test_polygons(server, corners):
    outline = ",".join(f"{x},{y}" for x, y in corners)
    found = server.json(f"{server.at('field')}/statistics?polygon={outline}")
    ys, xs = np.mgrid[: FIELD.shape[0], : FIELD.shape[1]]
    middles = np.column_stack([xs.ravel() + 0.5, ys.ravel() + 0.5])
    if corners[1] == (300, 300):
        # matplotlib fills by winding number: this one by two triangles.
        inside = sum(
            Outline([*part, part[0]]).contains_points(middles)
            for part in ([(0, 0), (150, 150), (0, 300)], [(300, 0), (150, 150), (300, 300)])
        ).astype(bool)
    else:
        inside = Outline([*corners, corners[0]]).contains_points(middles)
    inside = inside.reshape(FIELD.shape)
    # On the outline itself the two may differ.
    assert abs(found["pixels"] - int(inside.sum())) <= 4 * len(corners)
    if found["pixels"] == inside.sum():
        assert_equals(found["channels"][0], FIELD[inside])
    assert found["sampled"] is False


def test_as_many_corners_as_there_may_be(server):
    turn = np.linspace(0, 2 * np.pi, 4096, endpoint=False)
    reach = 500 + 120 * np.sin(9 * turn)
    corners = np.column_stack([900 + reach * np.cos(turn), 700 + reach * np.sin(turn)])
    where = f"{server.at('field')}/statistics"
    reply = server.post(where, {"polygon": corners.tolist()})
    assert reply.status == 200, reply.body
    found = reply.json()
    ys, xs = np.mgrid[: FIELD.shape[0], : FIELD.shape[1]]
    middles = np.column_stack([xs.ravel() + 0.5, ys.ravel() + 0.5])
    inside = Outline([*corners, corners[0]]).contains_points(middles).reshape(FIELD.shape)
    # No corner or edge of these goes through a pixel's middle.
    assert found["pixels"] == inside.sum()
    assert_equals(found["channels"][0], FIELD[inside])
    few = corners[::64]
    outline = ",".join(f"{x!r},{y!r}" for x, y in few.tolist())
    assert server.json(f"{where}?polygon={outline}") == server.post(where, {"polygon": few.tolist()}).json()
    assert server.post(where, {"polygon": [*corners.tolist(), [0, 0]]}).status == 400


def test_boxes_and_the_whole(server):
    found = server.json(f"{server.at('field')}/statistics?x0=90&y0=95&x1=140&y1=125")
    assert_equals(found["channels"][0], FIELD[95:125, 90:140])
    whole = server.json(f"{server.at('field')}/statistics")
    assert_equals(whole["channels"][0], FIELD)
    nothing = server.json(f"{server.at('field')}/statistics?polygon=-9,-9,-5,-9,-5,-5")
    assert nothing["pixels"] == 0


def test_channels(server):
    info = server.json(server.at("planes"))
    assert info["axes"] == ["c", "y", "x"]
    found = server.json(f"{server.at('planes')}/statistics?x0=5&y0=6&x1=70&y1=80")
    assert [channel["name"] for channel in found["channels"]] == ["0", "1", "2"]
    for channel, plane in zip(found["channels"], PLANES, strict=True):
        assert_equals(channel, plane[6:80, 5:70].astype(float))
    one = server.json(f"{server.at('planes')}/statistics?x0=5&y0=6&x1=70&y1=80&c=1")
    assert one["channels"] == [found["channels"][1]]


def test_profiles(server):
    for (x0, y0), (x1, y1) in [
        ((10, 20), (1800.5, 1400)),
        ((5.5, 5.5), (5.5, 5.5)),
        ((-20, 110), (200, 110.4)),
    ]:
        found = server.json(f"{server.at('field')}/profile?line={x0},{y0},{x1},{y1}")
        length = np.hypot(x1 - x0, y1 - y0)
        distances = np.array(found["distances"])
        assert distances[0] == 0
        assert distances[-1] == pytest.approx(length)
        assert len(distances) == max(2, int(np.ceil(length)) + 1)
        along = np.arange(len(distances)) / (len(distances) - 1)
        xs, ys = np.floor(x0 + along * (x1 - x0)), np.floor(y0 + along * (y1 - y0))
        for value, x, y in zip(found["channels"][0]["values"], xs.astype(int), ys.astype(int), strict=True):
            inside = 0 <= x < FIELD.shape[1] and 0 <= y < FIELD.shape[0]
            expected = FIELD[y, x] if inside else np.nan
            assert (value is None) == np.isnan(expected)
            assert value is None or value == expected


@pytest.mark.parametrize(
    ("tail", "status", "parameter"),
    [
        ("statistics?polygon=1,2,3,4", 400, "polygon"),
        ("statistics?polygon=1,2,3,4,5", 400, "polygon"),
        ("statistics?polygon=1,2,3,4,nan,6", 400, "polygon"),
        ("statistics?x0=1", 400, "y0"),
        ("statistics?c=3", 400, "c"),
        ("profile", 400, "line"),
        ("profile?line=1,2", 400, "line"),
        ("profile?line=0,0,1e9,0", 422, None),
    ],
)
def test_what_is_wrong_is_named(server, tail, status, parameter):
    reply = server.get(f"{server.at('planes')}/{tail}")
    assert reply.status == status
    assert reply.json().get("parameter") == parameter
