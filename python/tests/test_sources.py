"""What is in memory or in a file: the pixels served are numpy's, and nothing is copied that need not be."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import PIL.Image
import projectile
import pytest
from asking import check, describe, get, picture, raw, whole
from projectile import _show

SHAPE = (150, 210)
DTYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


def address(array):
    """Tell where the samples lie that an image of `array` looks at; `None` for one that is read by blocks."""
    (image,) = _show.make_images(array)
    return image.address


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(show, random, dtype):
    array = random(dtype, SHAPE)
    view = show(array)
    check(view, array)
    assert describe(view)["dtype"] == array.dtype.name
    assert describe(view)["residence"] == "memory"
    assert address(array) == array.ctypes.data


@pytest.mark.parametrize(("dtype", "shown"), [(np.longdouble, np.float64), (np.clongdouble, np.complex128)])
def test_long_doubles_are_shown_as_doubles(show, random, dtype, shown):
    array = random(dtype, SHAPE)
    check(show(array), array, dtype=shown)
    assert address(array) is None


LAYOUTS = {
    "sliced": lambda a: a[3:-2, 5:-7],
    "every other": lambda a: a[::2, 1::3],
    "upside down": lambda a: a[::-1],
    "mirrored": lambda a: a[:, ::-1],
    "turned": lambda a: a[::-1, ::-1],
    "backwards in steps": lambda a: a[::-2, ::-3],
    "transposed": lambda a: a.T,
    "Fortran order": np.asfortranarray,
    "repeated row": lambda a: np.broadcast_to(a[7], a.shape),
    "repeated column": lambda a: np.broadcast_to(a[:, 9:10], a.shape),
    "one value": lambda a: np.broadcast_to(a[5, 5], a.shape),
    "sliding": lambda a: np.lib.stride_tricks.sliding_window_view(a[0], 100),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "f4", "u8", "c16"])
def test_strides_are_followed_without_a_copy(show, random, layout, dtype):
    array = LAYOUTS[layout](random(dtype, SHAPE))
    check(show(array), array)
    low, _ = np.lib.array_utils.byte_bounds(array)
    assert address(array) == low


@pytest.mark.parametrize(
    "axes",
    [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)],
    ids=["rows first", "columns first", "channels first", "channels first, turned"],
)
def test_channels_with_any_strides(show, random, axes):
    array = random("u2", (120, 130, 3)).transpose(axes)
    names = "".join("yxc"[at] for at in axes)
    view = show(array, axes=names)
    check(view, array.transpose([names.index(axis) for axis in "yxc"]))
    assert address(array) == array.ctypes.data


@pytest.mark.parametrize("dtype", [">i2", ">u4", ">f4", ">f8", ">c16", ">i8", ">f2"])
def test_the_other_byte_order(show, random, dtype):
    array = random(dtype, SHAPE)
    assert not array.dtype.isnative
    view = show(array)
    check(view, array)
    assert address(array) is None


@pytest.mark.parametrize("field", ["a", "b", "c"])
def test_a_field_of_packed_structures(show, random, field):
    packed = np.zeros(SHAPE, [("a", "u1"), ("b", "<i4"), ("c", "<f8")])
    for name in "abc":
        packed[name] = random(packed.dtype[name], SHAPE)
    array = packed[field]
    assert field == "a" or not array.flags.aligned
    check(show(array), array)


def test_a_field_of_aligned_structures_is_not_copied_where_it_fits(show, random):
    pairs = np.zeros(SHAPE, [("a", "f4"), ("b", "f4")])
    pairs["a"], pairs["b"] = random("f4", SHAPE), random("f4", SHAPE)
    check(show(pairs["b"]), pairs["b"])
    assert address(pairs["b"]) == pairs["b"].ctypes.data == pairs.ctypes.data + 4
    # Here a structure is no whole number of doubles, so they cannot be stepped through.
    odd = np.zeros(SHAPE, np.dtype({"names": ["a"], "formats": ["f8"], "offsets": [0], "itemsize": 12}))
    odd["a"] = random("f8", SHAPE)
    check(show(odd["a"]), odd["a"])


def test_unaligned_memory(show, random):
    array = random("f4", SHAPE)
    bytes_ = np.zeros(array.nbytes + 1, np.uint8)
    odd = np.frombuffer(bytes_.data, np.float32, array.size, 1).reshape(SHAPE)
    odd[...] = array
    assert not odd.flags.aligned
    check(show(odd), array)
    assert address(odd) is None


def test_read_only_memory(show, random):
    array = random("f4", SHAPE)
    array.flags.writeable = False
    check(show(array), array)
    assert address(array) == array.ctypes.data


def test_subclasses_of_arrays(show, random):
    array = random("f4", SHAPE).view(np.recarray)
    check(show(array), np.asarray(array))
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(random("f8", SHAPE))
    check(show(matrix), np.asarray(matrix))


def test_what_is_written_later_is_what_is_served(show):
    array = np.zeros(SHAPE, np.uint16)
    view = show(array)
    check(view, array)
    array[20:30, 40:50] = 999
    view.refresh(np.s_[20:30, 40:50])
    check(view, array)


def test_the_array_lives_as_long_as_its_view(show, random):
    wanted = random("f4", SHAPE)
    view = show(wanted.copy())
    # What is freed would be used again by one of these.
    others = [np.full(SHAPE, value, np.float32) for value in range(20)]
    check(view, wanted)
    assert len(others) == 20


RESIDENT = """
    import io, sys
    import numpy as np
    from pathlib import Path
    from urllib.request import urlopen
    import projectile

    def resident():
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    def fetch(view, zoom, x, y):
        tile = np.load(io.BytesIO(urlopen(f"{view.url}{zoom}/{x}/{y}/256.npy").read()))
        np.testing.assert_array_equal(tile, array[256 * y : 256 * y + 256, 256 * x : 256 * x + 256])

    array = np.ones((8192, 16384), np.float32)  # 512 MiB, all of it there
    array *= np.arange(16384, dtype=np.float32)
    with projectile.show(np.eye(600)) as warm:  # the server's own memory is not what is measured
        assert urlopen(f"{warm.url}2/0/0/256.npy").status == 200
    before = resident()
    with projectile.show(array, window=(0, 16384)) as view:
        for x, y in [(0, 0), (63, 31), (20, 7), (40, 30)]:
            fetch(view, 6, x, y)
        print(before, resident())
"""


def test_half_a_gigabyte_is_shown_in_no_more_memory():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(RESIDENT)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    assert before > 500 << 10, "the array itself is resident"
    assert after - before < 32 << 10, f"{(after - before) / 1024:.0f} MiB more for showing it"


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f4", "f8", "?"])
def test_masked_samples_are_no_data(show, random, rng, dtype):
    data = random(dtype, SHAPE)
    if data.dtype.kind in "iu":
        # Something is free for what is masked.
        data[data == np.iinfo(data.dtype).max] -= 1
    mask = rng.random(SHAPE) < 0.3
    mask[:40, :40] = True
    view = show(np.ma.array(data, mask=mask), window=(0, 1))
    found = whole(view)
    np.testing.assert_array_equal(found[~mask], data[~mask].astype(found.dtype))
    opaque = picture(view, describe(view)["max_zoom"] - 8, 0, 0, 256)[..., 3]
    shown = ~mask & ~np.isnan(data) if data.dtype.kind == "f" else ~mask
    np.testing.assert_array_equal(opaque[: SHAPE[0], : SHAPE[1]], np.where(shown, 255, 0))
    if data.dtype.kind in "iu":
        assert found.dtype == data.dtype
        assert describe(view)["nodata"] == np.unique(found[mask]).item()
        assert not np.isin(found[mask], data[~mask]).any()


def test_masked_samples_count_in_no_average(show):
    data = np.full((64, 64), 10, np.int32)
    mask = np.zeros(data.shape, bool)
    data[::2], mask[::2] = 1000, True
    mask[:, :32] = True
    view = show(np.ma.array(data, mask=mask))
    top = raw(view, 0, 0, 0, 16)
    np.testing.assert_array_equal(top[:, 8:], 10)
    assert (picture(view, 0, 0, 0, 16, vmin=0, vmax=20)[:, :8, 3] == 0).all()


@pytest.mark.parametrize("dtype", ["u1", "i1"])
def test_a_mask_over_a_type_whose_every_value_is_in_use(show, dtype):
    data = np.arange(256).astype(dtype).reshape(1, 256).repeat(64, 0)
    mask = np.zeros(data.shape, bool)
    mask[:, 250:] = True
    mask[0] = False
    view = show(np.ma.array(data, mask=mask))
    found = whole(view)
    assert found.dtype == np.float32
    assert np.isnan(found[mask]).all()
    np.testing.assert_array_equal(found[~mask], data[~mask])


def test_a_mask_over_large_integers_stays_exact(show):
    # The ends of 64-bit integers are no doubles, so a value that is one has to stand for what is masked.
    data = np.arange(64 * 64, dtype=np.int64).reshape(64, 64) + (1 << 60)
    mask = data % 3 == 0
    view = show(np.ma.array(data, mask=mask))
    found = whole(view)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found[~mask], data[~mask])


def test_a_masked_array_without_a_mask(show, random):
    data = random("u2", SHAPE)
    data[data == 65535] = 0
    check(show(np.ma.array(data)), data)


def test_a_masked_array_that_is_all_masked(show):
    view = show(np.ma.masked_all((64, 64), np.uint8))
    assert (picture(view, 0, 0, 0, 64)[..., 3] == 0).all()


@pytest.mark.parametrize(
    "nested",
    [
        [[1, 2, 3]] * 2,
        ([0.5, 1.5], [2.5, 3.5]),
        [[True, False], [False, True]],
        [[1j, 2], [3, 4]],
        [[[1, 2, 3], [4, 5, 6]]] * 2,
    ],
)
def test_nested_lists(show, nested):
    array = np.asarray(nested)
    view = show(nested)
    told = describe(view)
    found = raw(view, told["max_zoom"], 0, 0, 1)
    assert found.dtype == array.dtype
    assert found.reshape(-1).tolist() == array[0, 0].reshape(-1).tolist()
    np.testing.assert_array_equal(raw(view, 0, 0, 0, 1 << told["max_zoom"]).reshape(array.shape), array)


def test_rows_of_different_lengths(show):
    with pytest.raises(ValueError, match="inhomogeneous"):
        show([[1, 2], [3]])


def test_a_gallery_by_name(show, random):
    arrays = {"before": random("u1", SHAPE), "after noon": random("f4", (80, 90)), 3: random("i4", (100, 70))}
    view = show(arrays)
    assert [describe(view, at)["name"] for at in range(3)] == ["before", "after noon", "3"]
    for at, array in enumerate(arrays.values()):
        check(view, array, at)


def test_a_gallery_by_number(show, random):
    arrays = [random("u1", SHAPE), random("f4", (80, 90)), PIL.Image.new("RGB", (70, 80), "red")]
    view = show(arrays)
    assert [describe(view, at)["name"] for at in range(3)] == ["array 0", "array 1", "array 2"]
    assert len(set(view.images)) == 3
    for at, array in enumerate(arrays):
        check(view, np.asarray(array), at)
    view = show(tuple(arrays[:2]), name="step")
    assert [describe(view, at)["name"] for at in range(2)] == ["step 0", "step 1"]


def test_names_that_an_address_cannot_hold(show, random):
    arrays = {name: random("u1", (64, 64)) for name in ("a/b", "a b", "../x", "ünï", "a?b#c", "", "a%2Fb")}
    view = show(arrays)
    for at, array in enumerate(arrays.values()):
        check(view, array, at)


@pytest.mark.parametrize("nothing", [[], {}, ()])
def test_an_empty_gallery(show, nothing):
    with pytest.raises(ValueError, match="nothing to show"):
        show(nothing)


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (np.array([[object()]]), "object"),
        (np.array([["a"]]), "<U1"),
        (np.array([[b"a"]]), "|S1"),
        (np.zeros((2, 2), [("a", "<f4")]), r"\[\('a', '<f4'\)\]"),
        (np.zeros((2, 2), "datetime64[s]"), r"datetime64\[s\]"),
        (np.zeros((2, 2), "timedelta64[ms]"), r"timedelta64\[ms\]"),
        (np.zeros((2, 2), "V4"), r"\|V4"),
        (np.ma.array(np.zeros((2, 2), "datetime64[s]")), r"datetime64\[s\]"),
    ],
)
def test_dtypes_that_are_no_numbers(show, array, name):
    with pytest.raises(TypeError, match=f"dtype {name} cannot be shown"):
        show(array)
    with pytest.raises(TypeError, match=name):
        show({"good": np.eye(3), "bad": array})


@pytest.mark.parametrize(
    "shape", [(), (5,), (0,), (0, 3), (3, 0), (2, 0, 3), (2, 2, 2, 2, 2, 2), (1,) * 6, (2,) * 7]
)
@pytest.mark.parametrize("masked", [False, True])
def test_shapes_that_are_no_picture(show, shape, masked):
    array = np.zeros(shape)
    with pytest.raises(ValueError, match=r"dimension|no pixels"):
        show(np.ma.array(array) if masked else array)


def test_six_dimensions_by_name(show, random):
    array = random("u1", (2, 3, 2, 2, 70, 80))
    view = show(array, axes=["run", "t", "z", "c", "y", "x"])
    check(view, array[1, 2, 0].transpose(1, 2, 0), run=1, t=2, z=0, c="0,1")


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((70, 80), "yx"),
        ((70, 80, 1), "yxc"),
        ((70, 80, 4), "yxc"),
        ((5, 70, 80), "cyx"),
        ((2, 5, 70, 80), "czyx"),
        ((3, 2, 5, 70, 80), "tczyx"),
    ],
)
def test_axes_that_a_shape_suggests(show, random, shape, axes):
    array = random("u1", shape)
    view = show(array)
    assert describe(view)["axes"] == list(axes)
    index = tuple(slice(None) if axis in "yxc" else size - 1 for axis, size in zip(axes, shape, strict=True))
    cut = array[index]
    kept = [axis for axis in axes if axis in "yxc"]
    cut = cut.transpose([kept.index(axis) for axis in "yxc" if axis in kept])
    query = {axis: size - 1 for axis, size in zip(axes, shape, strict=True) if axis not in "yxc"}
    if "c" in axes:
        query["c"] = ",".join(map(str, range(shape[axes.index("c")])))
    check(view, cut, **query)


@pytest.mark.parametrize("axes", ["yy", "x", "tyx", "ab", ["y", "x", "c"], ["y"]])
def test_axes_that_do_not_fit(show, axes):
    with pytest.raises(ValueError):
        show(np.eye(5), axes=axes)


@pytest.mark.parametrize("axes", [[0, 1], 5, [None, "x"]])
def test_axes_that_are_no_names(show, axes):
    with pytest.raises(TypeError):
        show(np.eye(5), axes=axes)


@pytest.mark.parametrize("thing", [None, 5, 1.5, object(), len, np.eye, {1, 2}, iter([])])
def test_what_is_no_picture(show, thing):
    with pytest.raises(TypeError, match="cannot show"):
        show(thing)


def kinds_of_path(path):
    """Tell one path in every way that Python has."""
    return [str(path), path, bytes(path)]


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["str", "Path", "bytes"])
@pytest.mark.parametrize("name", ["a.npy", "ä b.png"])
def test_a_path(show, random, tmp_path, kind, name):
    array = random("u1", SHAPE)
    path = tmp_path / name
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        PIL.Image.fromarray(array).save(path)
    view = show(kinds_of_path(path)[kind])
    check(view, array)
    assert describe(view)["name"] == name


def test_a_path_below_home(show, random, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    array = random("u1", SHAPE)
    np.save(tmp_path / "a.npy", array)
    check(show("~/a.npy"), array)
    check(show(Path("~/a.npy")), array)


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["str", "Path", "bytes"])
def test_a_path_to_nothing(show, tmp_path, kind):
    with pytest.raises(FileNotFoundError, match=r"nothing\.png"):
        show(kinds_of_path(tmp_path / "nothing.png")[kind])


def test_a_broken_png(show, random, tmp_path):
    path = tmp_path / "broken.png"
    PIL.Image.fromarray(random("u1", SHAPE)).save(path)
    # A header that is cut short, none at all, one of zeros; pixels that end too early.
    good = path.read_bytes()
    for broken in (good[:20], good[:8], good[:8] + bytes(100), good[: len(good) // 2]):
        path.write_bytes(broken)
        with pytest.raises(ValueError):
            show(path)


def test_a_file_of_no_known_kind(show, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see")
    with pytest.raises(projectile.UnsupportedError):
        show(path)
    assert issubclass(projectile.UnsupportedError, ValueError)


MODES = [
    "1",
    "L",
    "LA",
    "La",
    "P",
    "PA",
    "RGB",
    "RGBA",
    "RGBa",
    "RGBX",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "F",
]
MODES += ["I;16", "I;16L", "I;16B", "I;16N"]


def test_these_are_pillows_modes():
    assert set(PIL.Image.MODES) <= set(MODES)


@pytest.mark.parametrize("mode", MODES)
def test_pillow_images_of_every_mode(show, random, mode):
    colours = PIL.Image.fromarray(random("u1", (*SHAPE, 4)), "RGBA")
    if mode.startswith("I;16"):
        order = {"B": ">", "L": "<"}.get(mode[-1], "=")
        array = random("u2", SHAPE)
        picture = PIL.Image.frombytes(
            mode, SHAPE[::-1], array.astype(array.dtype.newbyteorder(order)).tobytes()
        )
        check(show(picture), array)
        return
    if mode == "I":
        array = random("i4", SHAPE)
        check(show(PIL.Image.fromarray(array)), array)
        return
    if mode == "F":
        array = random("f4", SHAPE)
        check(show(PIL.Image.fromarray(array)), array)
        return
    if mode == "PA":
        picture = PIL.Image.new("PA", SHAPE[::-1])
        picture.putpalette(colours.convert("P").getpalette())
        picture.paste(7, (10, 10, 60, 60))
    elif mode == "La":
        picture = colours.convert("LA").convert("La")
    elif mode == "LAB":
        picture = PIL.Image.frombytes(
            "LAB", SHAPE[::-1], np.ascontiguousarray(random("u1", (*SHAPE, 3))).tobytes()
        )
    elif mode in ("HSV", "YCbCr", "CMYK", "RGBX", "P"):
        picture = colours.convert("RGB").convert(mode)
    else:
        picture = colours.convert(mode)
    assert picture.mode == mode
    as_shown = {
        "1": "1",
        "L": "L",
        "LA": "LA",
        "La": "LA",
        "RGB": "RGB",
        "RGBA": "RGBA",
        "PA": "RGBA",
        "RGBa": "RGBA",
    }
    wanted = np.asarray(picture.convert(as_shown.get(mode, "RGB")))
    view = show(picture)
    found = whole(view)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)


def test_a_pillow_image_with_a_transparent_colour(show):
    picture = PIL.Image.new("P", (64, 64), 1)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.paste(0, (0, 0, 32, 64))
    picture.info["transparency"] = 0
    shown = whole(show(picture))
    assert shown[0, 0, 3] == 0
    assert shown[0, 40].tolist() == [0, 255, 0, 255]


def test_a_pillow_image_from_a_file_bears_its_name(show, random, tmp_path):
    array = random("u1", (*SHAPE, 3))
    PIL.Image.fromarray(array).save(tmp_path / "scan.png")
    with PIL.Image.open(tmp_path / "scan.png") as picture:
        view = show(picture)
    check(view, array)
    assert describe(view)["name"] == "scan.png"


def test_tiles_that_are_not_there(show):
    view = show(np.eye(100))
    for tail in ("7/128/0/1.npy", "1/2/0/64.npy", "9/0/0/64.png", "0/0/0/64.gif"):
        assert get(view, tail).status in (400, 404), tail
