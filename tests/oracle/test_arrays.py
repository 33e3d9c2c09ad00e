"""Arrays as numpy writes them: every dtype, byte order, memory order and number of dimensions."""

import pickle

import numpy as np
import pytest
from harness import Server, run, save
from oracle import gray, placed, same_picture

DTYPES = ["bool", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


def sample(dtype: str, shape: tuple[int, ...] = (37, 50)) -> np.ndarray:
    """Make an array with its type's extremes in it."""
    rng = np.random.default_rng(7)
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        array = rng.integers(limits.min, limits.max, shape, kind, endpoint=True)
        array.flat[0], array.flat[1] = limits.min, limits.max
        return array
    array = rng.normal(0, 100, shape).astype(kind)
    array.flat[:3] = [np.nan, np.inf, -np.inf]
    if kind.kind == "c":
        array = array + (1j * rng.normal(0, 100, shape)).astype(kind)
    return array


def written(value: object) -> object:
    """Write a sample as the description of /value says."""
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value) if abs(int(value)) <= 2**53 else str(int(value))
    if np.isnan(value):
        return "nan"
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(value)


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    made = {f"native_{dtype}": sample(dtype) for dtype in DTYPES}
    made |= {f"swapped_{dtype}": sample(dtype).astype(np.dtype(dtype).newbyteorder(">")) for dtype in DTYPES}
    made |= {f"fortran_{dtype}": np.asfortranarray(sample(dtype)) for dtype in DTYPES}
    return made


@pytest.fixture(scope="module")
def server(arrays, tmp_path_factory):
    with Server(*save(tmp_path_factory.mktemp("arrays"), arrays)) as server:
        yield server


@pytest.mark.parametrize("order", ["native", "swapped", "fortran"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_raw_tiles_are_the_array(server, arrays, order, dtype):
    name = f"{order}_{dtype}"
    array, at = arrays[name], server.at(name)
    assert server.json(at)["dtype"] == np.dtype(dtype).name
    for z, x, y, s in [(0, 0, 0, 64), (1, 1, 0, 32), (2, 1, 2, 16), (3, 4, 4, 8)]:
        size = 64 >> z
        cut = array[y * size : (y + 1) * size, x * size : (x + 1) * size]
        little = cut.astype(np.dtype(dtype).newbyteorder("<"))
        reply = server.ok(f"{at}/{z}/{x}/{y}/{s}.npy")
        got = reply.npy()
        assert got.dtype == np.dtype(dtype)
        assert got.reshape(cut.shape).tobytes() == little.tobytes(), (name, z)
        bare = server.ok(f"{at}/{z}/{x}/{y}/{s}.bin")
        assert bare.body == little.tobytes()
        for answer in (reply, bare):
            assert answer.headers["x-projectile-dtype"] == np.dtype(dtype).name
            assert answer.headers["x-projectile-shape"] == f"{cut.shape[0]},{cut.shape[1]},1"


@pytest.mark.parametrize("order", ["native", "swapped", "fortran"])
@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if not dtype.startswith("c")])
def test_values_are_exact(server, arrays, order, dtype):
    name = f"{order}_{dtype}"
    array, at = arrays[name], server.at(name)
    for row, column in [(0, 0), (0, 1), (0, 2), (36, 49), (20, 31)]:
        told = server.json(f"{at}/value?x={column}&y={row}")
        assert (told["x"], told["y"], told["dtype"]) == (column, row, np.dtype(dtype).name)
        value = told["values"][0]
        wanted = written(array[row, column])
        if isinstance(wanted, float):
            assert np.dtype(dtype).type(value) == array[row, column]
        elif dtype == "bool":
            assert int(value) == int(wanted)
        else:
            assert value == wanted, (name, row, column)


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_complex_values_are_pairs(server, arrays, dtype):
    told = server.json(f"{server.at('native_' + dtype)}/value?x=9&y=9")["values"][0]
    assert isinstance(told, str)
    assert np.dtype(dtype).type(complex(told.replace("i", "j"))) == arrays["native_" + dtype][9, 9]


def test_outside_the_image_there_is_no_value(server):
    at = server.at("native_u1")
    for query in ("x=50&y=0", "x=0&y=37", "x=99999999999&y=0"):
        assert server.get(f"{at}/value?{query}").status == 404, query
    for query in ("", "x=1", "x=-1&y=0", "x=a&y=0", "x=1.5&y=0"):
        assert server.get(f"{at}/value?{query}").status == 400, query


def test_complex_is_shown_as_its_magnitude(tmp_path):
    array = np.array([[3 + 4j, 5 + 12j], [0, 8 - 15j]], np.complex64).repeat(8, 0).repeat(8, 1)
    same = np.abs(array).astype(np.float32)
    with Server(*save(tmp_path, {"c": array, "m": same})) as server:
        complex_tile = server.rgba(f"{server.at('c')}/0/0/0/16/viridis/0/20.png")
        np.testing.assert_array_equal(
            complex_tile, server.rgba(f"{server.at('m')}/0/0/0/16/viridis/0/20.png")
        )


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format(tmp_path, version):
    array = sample("u1")
    path = tmp_path / "v.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, array, version=version)
    with Server(path) as server:
        same_picture(server.rgba("/0/0/0/64.png"), placed(gray(array), 64))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_last(tmp_path, rng, channels):
    array = rng.integers(0, 256, (40, 30, channels), np.uint8)
    with Server(*save(tmp_path, {"a": array})) as server:
        info = server.json(server.at("a"))
        assert info["axes"] == ["y", "x", "c"]
        assert info["shape"] == [40, 30, channels]
        raw = server.npy("/0/0/0/64.npy").reshape(array.shape)
        np.testing.assert_array_equal(raw, array)
        got = server.rgba("/0/0/0/64.png")[:40, :30]
        if channels == 1:
            np.testing.assert_array_equal(got, gray(array[..., 0]))
        elif channels == 3:
            np.testing.assert_array_equal(got[..., :3], array)
        elif channels == 4:
            same_picture(got, array)
        one = server.npy(f"/0/0/0/64.npy?c={channels - 1}").reshape(40, 30)
        np.testing.assert_array_equal(one, array[..., -1])


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_channels_first(tmp_path, rng, dtype):
    array = rng.integers(0, 256, (6, 40, 30)).astype(dtype)
    with Server(*save(tmp_path, {"a": array})) as server:
        info = server.json(server.at("a"))
        assert info["axes"] == ["c", "y", "x"]
        assert len(info["channels"]) == 6
        for channel in range(6):
            got = server.npy(f"/0/0/0/64.npy?c={channel}").reshape(40, 30)
            np.testing.assert_array_equal(got, array[channel])
            told = server.json(f"{server.at('a')}/value?x=7&y=11")["values"][channel]
            assert told == array[channel, 11, 7]
        pair = server.npy("/0/0/0/64.npy?c=4,1")
        np.testing.assert_array_equal(pair, np.stack([array[4], array[1]], -1))
        assert server.get("/0/0/0/64.npy?c=6").status == 400
        assert server.get("/0/0/0/64.npy?c=").status == 400
        assert server.get("/0/0/0/64.npy?c=a").status == 400


@pytest.mark.parametrize("order", ["C", "F"])
def test_four_and_five_dimensions(tmp_path, rng, order):
    four = np.asarray(rng.integers(0, 60_000, (2, 5, 33, 47), np.uint16), order=order)
    five = np.asarray(rng.integers(0, 60_000, (3, 2, 5, 33, 47), np.uint16), order=order)
    colour = np.asarray(rng.integers(0, 256, (4, 33, 47, 3), np.uint8), order=order)
    with Server(*save(tmp_path, {"four": four, "five": five, "colour": colour})) as server:
        info = server.json(server.at("four"))
        assert info["axes"] == ["c", "z", "y", "x"]
        assert info["extra_axes"] == [{"name": "z", "size": 5}]
        info = server.json(server.at("five"))
        assert info["axes"] == ["t", "c", "z", "y", "x"]
        assert info["extra_axes"] == [{"name": "t", "size": 3}, {"name": "z", "size": 5}]
        for t, c, z in [(0, 0, 0), (2, 1, 4), (1, 0, 3)]:
            got = server.npy(f"{server.at('five')}/0/0/0/64.npy?t={t}&c={c}&z={z}").reshape(33, 47)
            np.testing.assert_array_equal(got, five[t, c, z])
            got = server.npy(f"{server.at('four')}/0/0/0/64.npy?c={c}&z={z}").reshape(33, 47)
            np.testing.assert_array_equal(got, four[c, z])
            told = server.json(f"{server.at('five')}/value?x=46&y=32&t={t}&z={z}")["values"]
            assert told == five[t, :, z, 32, 46].tolist()
        got = server.npy(f"{server.at('colour')}/0/0/0/64.npy?z=2")
        np.testing.assert_array_equal(got, colour[2])
        assert server.json(server.at("colour"))["axes"] == ["z", "y", "x", "c"]
        for query in ("t=3", "z=5", "z=-1", "z=x", "t=99999999999999999999"):
            reply = server.get(f"{server.at('five')}/0/0/0/64.npy?{query}")
            assert reply.status == 400, query
            assert reply.json()["parameter"] == query[0]


def test_axes_can_be_named(tmp_path, rng):
    array = rng.integers(0, 256, (33, 3, 47), np.uint8)
    with Server(*save(tmp_path, {"a": array}), "--axes", "ycx") as server:
        assert server.json(server.at("a"))["axes"] == ["y", "c", "x"]
        got = server.npy("/0/0/0/64.npy")
        np.testing.assert_array_equal(got, array.transpose(0, 2, 1))


def test_a_zip_of_arrays_is_a_gallery(tmp_path, rng):
    arrays = {"first": rng.integers(0, 256, (20, 30), np.uint8), "second": rng.normal(size=(40, 10))}
    for save_zip in (np.savez, np.savez_compressed):
        path = tmp_path / f"{save_zip.__name__}.npz"
        save_zip(path, **arrays)
        with Server(path) as server:
            assert len(server.images) == 2
            for name, array in arrays.items():
                image = next(image for image in server.images if name in image["name"])
                s = 1 << (max(array.shape) - 1).bit_length()
                got = server.npy(f"/images/{image['id']}/0/0/0/{s}.npy").reshape(array.shape)
                np.testing.assert_array_equal(got, array)


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        """Say how to "restore" it: by opening a file for writing."""
        return open, (self.path, "w")


def test_objects_are_refused_and_never_unpickled(tmp_path):
    canary = tmp_path / "canary"
    path = tmp_path / "objects.npy"
    np.save(path, np.array([[Canary(str(canary))]], object), allow_pickle=True)
    assert pickle.dumps(Canary(str(canary))) in path.read_bytes() or b"canary" in path.read_bytes()
    done = run(path, "-p", "0", timeout=20)
    assert done.returncode == 1
    assert "object" in done.stderr.lower()
    assert "objects.npy" in done.stderr
    assert not canary.exists()


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((4, 4), [("a", "f4"), ("b", "i2")]), "struct"),
        (np.zeros((4, 4), "U7"), "U7"),
        (np.zeros((4, 4), "S3"), "S3"),
        (np.zeros((4, 4), "datetime64[s]"), "M8"),
        (np.zeros(7, "u1"), "dimension"),
        (np.zeros((), "f4"), "dimension"),
        (np.zeros((0, 5), "f4"), "no pixels"),
        (np.zeros((2,) * 6, "u1"), "--axes"),
    ],
    ids=["structured", "text", "bytes", "dates", "vector", "scalar", "empty", "6d"],
)
def test_what_is_no_picture_is_refused_with_a_reason(tmp_path, array, told):
    save(tmp_path, {"bad": array})
    done = run(tmp_path / "bad.npy", "-p", "0", timeout=20)
    assert done.returncode == 1
    assert "bad.npy" in done.stderr
    assert told.lower() in done.stderr.lower(), done.stderr


def test_a_cut_file_is_refused(tmp_path):
    (path,) = save(tmp_path, {"cut": np.zeros((100, 100))})
    whole = path.read_bytes()
    for length in (0, 5, 9, 60, len(whole) - 1):
        path.write_bytes(whole[:length])
        done = run(path, "-p", "0", timeout=20)
        assert done.returncode == 1, length
        assert "cut.npy" in done.stderr
