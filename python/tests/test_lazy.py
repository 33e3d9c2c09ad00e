"""Arrays that are read by regions: only where somebody looks, along their chunks, and each chunk once."""

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import dask
import dask.array
import distributed
import h5py
import jax
import jax.numpy
import numpy as np
import oracle
import pytest
import xarray
import zarr
from asking import check, describe, get, ok, picture, raw
from projectile import _show

SIDE = 64


class Recorder:
    """An array of no known package that remembers what was asked of it."""

    def __init__(self, array, chunks=None):
        self.array = array
        self.shape = array.shape
        self.dtype = array.dtype
        if chunks is not None:
            self.chunks = chunks
        self.keys = []
        self.fails = None
        self.lock = threading.Lock()

    def __getitem__(self, key):
        with self.lock:
            self.keys.append(tuple((part.start, part.stop, part.step) for part in key))
        if self.fails is not None:
            raise self.fails
        return self.array[key]

    def __array__(self, *_, **__):
        raise AssertionError("it was asked for whole")


def native_zoom(shape, side=SIDE):
    """Tell the zoom at which a tile of `side` pixels shows as many of the image."""
    return oracle.max_zoom(*shape) - side.bit_length() + 1


def cut_of(array, x, y, side=SIDE):
    """Cut what a tile at full resolution covers."""
    return array[y * side : (y + 1) * side, x * side : (x + 1) * side]


def tiles_of(shape, side=SIDE):
    """List the tiles (x, y) that cover an image."""
    return [(x, y) for y in range(-(-shape[0] // side)) for x in range(-(-shape[1] // side))]


def is_along(key, shape, chunks):
    """Tell whether a region begins and ends where chunks do, and has every element in between."""
    return all(
        start % chunk == 0 and (stop % chunk == 0 or stop == size) and step in (None, 1)
        for (start, stop, step), size, chunk in zip(key, shape, chunks, strict=True)
    )


@pytest.mark.parametrize(
    "chunks", [(256, 256), (300, 512), (100, 70), (1, 900), (700, 1), (2000, 3000), None]
)
def test_an_array_of_no_known_package(show, random, chunks):
    array = random("i2", (1100, 900))
    recorder = Recorder(array, chunks)
    view = show(recorder, window=(0, 1))
    assert recorder.keys == [], "nobody has looked yet"
    zoom = native_zoom(array.shape)
    np.testing.assert_array_equal(raw(view, zoom, 0, 0, SIDE), cut_of(array, 0, 0))
    if chunks != (2000, 3000):
        assert len(recorder.keys) == 1
        ((_, down, _), (_, across, _)) = recorder.keys[0]
        assert down * across < array.size, "one tile does not need all of it"
    for x, y in tiles_of(array.shape):
        np.testing.assert_array_equal(raw(view, zoom, x, y, SIDE), cut_of(array, x, y))
    assert len(set(recorder.keys)) == len(recorder.keys), "no region is read twice"
    covered = np.zeros(array.shape, int)
    for key in recorder.keys:
        covered[tuple(slice(*part) for part in key)] += 1
        assert chunks is None or is_along(key, array.shape, chunks)
    np.testing.assert_array_equal(covered, 1, "every pixel is read once")
    check(view, array)


def test_chunks_of_an_odd_shape_are_no_chunks(show, random):
    array = random("u1", (100, 90))
    for chunks in [(10,), (0, 10), ("a", "b"), ((50, 50), (90,)), "auto", 7, (10, 10, 10), (-1, -1)]:
        check(show(Recorder(array, chunks)), array)


def test_neighbours_at_the_same_time_read_a_chunk_once(show, random):
    array = random("u2", (1024, 1024))
    recorder = Recorder(array, (512, 512))
    view = show(recorder, window=(0, 1))
    zoom, tiles = native_zoom(array.shape), tiles_of(array.shape)
    start = threading.Barrier(16)

    def fetch(worker):
        start.wait()
        for x, y in tiles[worker::16]:
            np.testing.assert_array_equal(raw(view, zoom, x, y, SIDE), cut_of(array, x, y))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(fetch, range(16)))
    assert sorted(recorder.keys) == [((y, y + 512, 1), (x, x + 512, 1)) for y in (0, 512) for x in (0, 512)]


def test_only_the_index_that_is_shown_is_read(show, random):
    array = random("f4", (6, 3, 300, 400))
    recorder = Recorder(array, (1, 1, 300, 400))
    view = show(recorder, axes="tzyx", window=(0, 1))
    found = raw(view, native_zoom((300, 400)), 1, 2, SIDE, t=4, z=1)
    np.testing.assert_array_equal(found, cut_of(array[4, 1], 1, 2))
    assert recorder.keys == [((4, 5, 1), (1, 2, 1), (0, 300, 1), (0, 400, 1))]


def test_a_look_at_a_great_array_reads_a_part_of_it(show):
    shape = (200_000, 300_000)
    recorder = Recorder(np.broadcast_to(np.uint8(7), shape), (1000, 1000))
    view = show(recorder)
    assert describe(view)["window"] == {"from": "dtype", "vmin": 0.0, "vmax": 255.0}
    reply = ok(get(view, "0/0/0/256.png"))
    assert reply.headers["x-projectile-provisional"] == "1"
    read = sum((rows[1] - rows[0]) * (columns[1] - columns[0]) for rows, columns in set(recorder.keys))
    assert 0 < read <= 128 << 20
    assert all(is_along(key, shape, (1000, 1000)) for key in recorder.keys)


@pytest.mark.parametrize(
    ("fails", "status"),
    [
        (ValueError("bad block"), 422),
        (OSError("disk gone"), 503),
        (KeyError("k"), 422),
        (ZeroDivisionError(), 422),
    ],
)
def test_a_read_that_fails_is_told_and_the_server_lives_on(show, random, fails, status):
    array = random("f4", (300, 300))
    recorder = Recorder(array)
    view = show({"bad": recorder, "good": array}, window=(0, 1))
    zoom = native_zoom(array.shape)
    recorder.fails = fails
    for suffix in ("npy", "png"):
        reply = get(view, f"{zoom}/0/0/{SIDE}.{suffix}", 0)
        assert reply.status == status
        if suffix == "png" and status == 422:
            # What is corrupt is a picture that says so, and why is in a header.
            assert reply.headers["content-type"] == "image/png"
            assert reply.headers["cache-control"] == "no-store"
            reason = reply.headers["x-projectile-error"]
        else:
            assert reply.headers["content-type"] == "application/problem+json"
            problem = json.loads(reply.body)
            assert problem["status"] == status
            reason = problem["detail"]
        assert type(fails).__name__ in reason
        assert str(fails) in reason
    np.testing.assert_array_equal(raw(view, zoom, 0, 0, SIDE, 1), cut_of(array, 0, 0))
    recorder.fails = None
    np.testing.assert_array_equal(raw(view, zoom, 0, 0, SIDE), cut_of(array, 0, 0))


def test_an_array_that_lies_about_itself(show):
    wrong_shape = Recorder(np.zeros((50, 50)))
    wrong_shape.shape = (100, 100)
    view = show(wrong_shape, window=(0, 1))
    assert get(view, "0/0/0/128.npy").status == 422
    texts = Recorder(np.full((100, 100), "a"))
    texts.dtype = np.dtype("f4")
    view = show(texts, window=(0, 1))
    assert get(view, "0/0/0/128.npy").status == 422


def test_refreshing_reads_again(show, random):
    array = random("u1", (300, 300))
    recorder = Recorder(array.copy())
    view = show(recorder)
    check(view, array)
    recorder.array[:] = 255 - array
    view.refresh()
    check(view, 255 - array)


ZARR = {
    "v2": {"zarr_format": 2, "chunks": (100, 120)},
    "v3": {"zarr_format": 3, "chunks": (100, 120)},
    "v3 sharded": {"zarr_format": 3, "chunks": (50, 60), "shards": (200, 240)},
    "v2 in Fortran order": {"zarr_format": 2, "chunks": (100, 120), "order": "F"},
}


@pytest.mark.parametrize("kind", ZARR)
@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "u8", "f4", "f8", "c8", "f2"])
def test_zarr(show, random, tmp_path, kind, dtype):
    array = random(dtype, (333, 410))
    stored = zarr.create_array(tmp_path / "a.zarr", shape=array.shape, dtype=array.dtype, **ZARR[kind])
    stored[:] = array
    view = show(zarr.open_array(tmp_path / "a.zarr", mode="r"))
    check(view, array)
    told = describe(view)
    assert told["format"] == "zarr"
    assert told["residence"] == "local"
    assert told["details"]["chunks"] == " × ".join(map(str, ZARR[kind]["chunks"]))


def test_zarr_is_never_read_whole(show, random, tmp_path, monkeypatch):
    array = random("u2", (2048, 2048))
    stored = zarr.create_array(tmp_path / "a.zarr", shape=array.shape, dtype=array.dtype, chunks=(256, 256))
    stored[:] = array
    keys = []
    read = zarr.Array.__getitem__
    monkeypatch.setattr(zarr.Array, "__getitem__", lambda self, key: (keys.append(key), read(self, key))[1])
    view = show(stored, window=(0, 1))
    zoom = native_zoom(array.shape)
    for x, y in [(0, 0), (1, 0), (3, 3), (4, 0)]:
        np.testing.assert_array_equal(raw(view, zoom, x, y, SIDE), cut_of(array, x, y))
    assert keys == [np.s_[0:256:1, 0:256:1], np.s_[0:256:1, 256:512:1]]


def test_zarr_with_named_dimensions(show, random, tmp_path):
    array = random("u1", (70, 3, 80))
    stored = zarr.create_array(
        tmp_path / "a", shape=array.shape, dtype="u1", chunks=(70, 1, 80), dimension_names=["y", "time", "x"]
    )
    stored[:] = array
    view = show(stored)
    assert describe(view)["axes"] == ["y", "time", "x"]
    check(view, array[:, 2], time=2)


def test_a_zarr_by_its_path(show, random, tmp_path):
    array = random("u2", (333, 410))
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    group.create_array("a", shape=array.shape, dtype=array.dtype, chunks=(100, 120))[:] = array
    for path in [tmp_path / "g.zarr" / "a", f"{tmp_path}/g.zarr::/a", str(tmp_path / "g.zarr")]:
        view = show(path)
        check(view, array)
        assert describe(view)["format"] == "Zarr"


def test_a_zarr_group_is_a_gallery(show, random, tmp_path):
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    arrays = {"a": random("u1", (80, 90)), "b": random("f4", (100, 70))}
    for name, array in arrays.items():
        group.create_array(name, shape=array.shape, dtype=array.dtype, chunks=(50, 50))[:] = array
    group.create_array("line", shape=(5,), dtype="f4")
    view = show(group)
    assert [describe(view, at)["name"] for at in range(2)] == ["a", "b"]
    assert len(view.images) == 2
    for at, array in enumerate(arrays.values()):
        check(view, array, at)


def test_a_group_without_pictures(show, tmp_path):
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    with pytest.raises(ValueError, match="nothing in it to show"):
        show(group)
    with h5py.File(tmp_path / "e.h5", "w") as file:
        file["line"] = np.arange(5.0)
        with pytest.raises(ValueError, match="nothing in it to show"):
            show(file)


@pytest.mark.parametrize("layout", [{"chunks": (100, 120)}, {"chunks": (64, 64), "compression": "gzip"}, {}])
@pytest.mark.parametrize("dtype", ["?", "u1", ">i4", "f2", "f8", "c16"])
def test_hdf5(show, random, tmp_path, layout, dtype):
    array = random(dtype, (333, 410))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("group/picture", data=array, **layout)
        view = show(file["group/picture"])
        check(view, array)
        told = describe(view)
        assert (told["name"], told["format"]) == ("group/picture", "HDF5")


def test_an_hdf5_file_is_a_gallery(show, random, tmp_path):
    arrays = {"a": random("u1", (80, 90)), "deep/b": random("f4", (100, 70))}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
        file["line"] = np.arange(5.0)
        file["text"] = np.array([[b"a", b"b"]] * 2)
        view = show(file)
        assert [describe(view, at)["name"] for at in range(len(view.images))] == ["a", "deep/b"]
        for at, array in enumerate(arrays.values()):
            check(view, array, at)


def test_a_dataset_of_a_file_by_its_path(show, random, tmp_path):
    array = random("<i2", (333, 410))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("group/picture", data=array, chunks=(64, 64), compression="gzip", shuffle=True)
        file["other"] = np.zeros((5, 6))
    view = show(f"{tmp_path / 'a.h5'}::/group/picture")
    assert len(view.images) == 1
    check(view, array)
    with pytest.raises(FileNotFoundError, match="nothing"):
        show(f"{tmp_path / 'a.h5'}::/nothing")


def test_hdf5_that_is_closed_meanwhile(show, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = np.zeros((300, 300))
        view = show(file["a"], window=(0, 1))
    reply = get(view, f"{native_zoom((300, 300))}/0/0/{SIDE}.npy")
    assert reply.status == 422
    assert reply.headers["content-type"] == "application/problem+json"


def temperature(rng, dims=("time", "lat", "lon"), shape=(4, 150, 200)):
    """Make a field with coordinates and units."""
    return xarray.DataArray(
        rng.normal(15, 10, shape).astype("f4"),
        dims=dims,
        coords={
            dims[0]: np.array(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"], "M8[ns]"),
            dims[1]: (
                dims[1],
                np.linspace(60, 30.2, 150),
                {"units": "degrees_north", "long_name": "latitude"},
            ),
            dims[2]: (dims[2], np.linspace(-10, 29.8, 200), {"units": "degrees_east"}),
        },
        name="t2m",
        attrs={"units": "°C", "long_name": "temperature"},
    )


def check_temperature(view, array, format_="xarray"):
    """Assert that a view shows `array`, and says what it knows of its dimensions."""
    told = describe(view)
    assert told["name"] == "temperature"
    assert told["format"] == format_
    assert told["axes"] == ["time", "y", "x"]
    assert told["extra_axes"] == [{"name": "time", "size": 4}]
    assert told["details"]["units"] == "°C"
    time, rows, columns = told["dimensions"]
    assert (time["name"], time["label"], time["size"], time["unit"]) == ("time", "time", 4, None)
    assert time["coordinates"] == {"values": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]}
    assert (rows["name"], rows["label"], rows["size"], rows["unit"]) == (
        "y",
        "latitude",
        150,
        "degrees_north",
    )
    assert (columns["name"], columns["label"], columns["unit"]) == ("x", "lon", "degrees_east")
    for dimension, values in ((rows, array["lat"].values), (columns, array["lon"].values)):
        line = dimension["coordinates"]
        steps = line["start"] + line["step"] * np.arange(len(values))
        np.testing.assert_allclose(steps, values, rtol=0, atol=1e-9)
    for index in range(4):
        check(view, array.values[index], time=index)


def test_xarray_in_memory(show, rng):
    array = temperature(rng)
    check_temperature(show(array), array)
    (image,) = _show.make_images(array)
    assert image.address == array.values.ctypes.data


def test_xarray_of_dask(show, rng):
    array = temperature(rng)
    view = show(array.chunk(time=1, lat=64, lon=64))
    check_temperature(view, array)
    assert describe(view)["residence"] == "remote"


def test_xarray_opened_lazily_from_netcdf(show, rng, tmp_path):
    array = temperature(rng)
    array.to_dataset().to_netcdf(
        tmp_path / "t.nc", engine="netcdf4", encoding={"t2m": {"chunksizes": (1, 50, 100), "zlib": True}}
    )
    with xarray.open_dataset(tmp_path / "t.nc", engine="netcdf4") as opened:
        lazy = opened["t2m"]
        check_temperature(show(lazy), array)
        assert not isinstance(lazy.variable._data, np.ndarray), "it is not loaded behind the person's back"
        assert not lazy.variable._in_memory


def test_packed_netcdf_is_unpacked(show, rng, tmp_path):
    array = temperature(rng).round(1)
    array.values[0, :30] = np.nan
    encoding = {"t2m": {"dtype": "i2", "scale_factor": 0.1, "_FillValue": -32768}}
    array.to_dataset().to_netcdf(tmp_path / "t.nc", engine="netcdf4", encoding=encoding)
    with xarray.open_dataset(tmp_path / "t.nc", engine="netcdf4") as opened:
        wanted = opened["t2m"].copy(deep=True).load().values
        view = show(opened["t2m"])
        check(view, wanted[0], time=0)
        assert (picture(view, 0, 0, 0, 256, time=0, vmin=0, vmax=1)[:30, :200, 3] == 0).all()


def test_an_xarray_dataset_is_a_gallery(show, rng):
    array = temperature(rng)
    data = xarray.Dataset({"t": array, "tt": array * 2, "mean": array.mean(), "line": array[:, 0, 0]})
    view = show(data)
    assert [describe(view, at)["name"] for at in range(len(view.images))] == ["t", "tt"]
    check(view, array.values[1] * 2, 1, time=1)


def test_xarray_whose_rows_come_last(show, rng):
    array = temperature(rng).transpose("lon", "time", "lat")
    view = show(array)
    assert describe(view)["axes"] == ["x", "time", "y"]
    assert [dimension["label"] for dimension in describe(view)["dimensions"]] == ["lon", "time", "latitude"]
    check(view, array.values[:, 3].T, time=3)


@pytest.mark.parametrize(
    ("dims", "axes"),
    [
        (("band", "y", "x"), ["c", "y", "x"]),
        (("y", "x", "rgb"), ["y", "x", "c"]),
        (("u", "v", "w"), ["u", "y", "x"]),
        (("v", "northing", "easting"), ["axis_v", "y", "x"]),
        (("model run", "row", "col"), ["model_run", "y", "x"]),
    ],
)
def test_names_of_dimensions(show, random, dims, axes):
    array = random("u1", (3, 70, 80) if axes[-1] == "x" else (70, 80, 3))
    view = show(xarray.DataArray(array, dims=dims))
    assert describe(view)["axes"] == axes
    assert [dimension["label"] for dimension in describe(view)["dimensions"]] == list(dims)
    if "c" in axes:
        check(view, array if axes[2] == "c" else array.transpose(1, 2, 0), c="0,1,2")
    else:
        check(view, array[1], **{axes[0]: 1})


@pytest.mark.parametrize("dtype", ["?", "u1", ">i4", "f8", "c8"])
def test_dask(show, random, dtype):
    array = random(dtype, (333, 410))
    view = show(dask.array.from_array(array, chunks=((100, 33, 200), (7, 3, 300, 100))))
    check(view, array)
    assert describe(view)["format"] == "dask"


def test_nothing_of_dask_is_computed_before_somebody_looks(show):
    computed = []

    def block(block_info=None):
        computed.append(block_info[None]["chunk-location"])
        return np.zeros((4096, 4096), "f4")

    # 167 gigabytes: more than there is memory for.
    rows = (4096,) * 50
    array = dask.array.map_blocks(block, chunks=(rows, rows), dtype="f4", meta=np.zeros((0, 0), "f4"))
    assert array.nbytes > 160e9
    view = show(array, window=(0, 1))
    assert computed == []
    zoom = native_zoom(array.shape)
    for x, y in [(0, 0), (1, 1), (63, 63), (64, 0)]:
        assert (raw(view, zoom, x, y, SIDE) == 0).all()
    assert computed == [(0, 0), (0, 1)]


def test_dask_that_does_not_know_its_shape(show):
    array = dask.array.zeros((100, 100), chunks=50)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        show(array[array[:, 0] == 0])


def test_dask_that_fails(show):
    def fail(_block):
        raise RuntimeError("no such station")

    array = dask.array.zeros((300, 300), chunks=300).map_blocks(fail, dtype="f8", meta=np.zeros((0, 0)))
    view = show(array, window=(0, 1))
    reply = get(view, f"{native_zoom((300, 300))}/0/0/{SIDE}.npy")
    assert reply.status == 422
    assert "RuntimeError: no such station" in json.loads(reply.body)["detail"]


@pytest.fixture(scope="module")
def cluster():
    """Start a cluster of two workers that are processes, on this machine alone."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def where(block):
    """Fill a block with the process that computes it."""
    distributed.get_worker()
    return np.full(block.shape, os.getpid())


def test_dask_computes_on_its_cluster(show, cluster):
    array = dask.array.zeros((1024, 1024), chunks=256, dtype="i8").map_blocks(where, dtype="i8")
    view = show(array, window=(0, 1))
    zoom = native_zoom(array.shape, PIXELS)
    tiles = [raw(view, zoom, x, y, PIXELS) for x, y in tiles_of(array.shape, PIXELS)]
    found = {int(process) for tile in tiles for process in np.unique(tile)}
    workers = set(cluster.run(os.getpid).values())
    assert len(workers) == 2
    assert found <= workers
    assert os.getpid() not in workers


@pytest.fixture
def computations(monkeypatch):
    """Note what every call of `dask.compute` is asked for."""
    calls = []
    compute = dask.compute
    monkeypatch.setattr(dask, "compute", lambda *what, **how: (calls.append(what), compute(*what, **how))[1])
    return calls


WIDE, HIGH, PIXELS = 6, 4, 256


def viewport(view, start, zoom):
    """Ask for the 24 tiles of a window from as many threads at once."""

    def fetch(at):
        where = urlsplit(view.url)
        connection = HTTPConnection(where.hostname, where.port, timeout=60)
        connection.connect()
        start.wait()
        connection.request("GET", f"/images/{view.images[0]}/{zoom}/{at % WIDE}/{at // WIDE}/{PIXELS}.bin")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    with ThreadPoolExecutor(WIDE * HIGH) as pool:
        return list(pool.map(fetch, range(WIDE * HIGH)))


def check_viewport(tiles, array):
    """Assert that these are the 24 tiles of the top left corner of `array`."""
    for at, (status, body) in enumerate(tiles):
        assert status == 200, body
        found = np.frombuffer(body, array.dtype).reshape(PIXELS, PIXELS)
        np.testing.assert_array_equal(found, cut_of(array, at % WIDE, at // WIDE, PIXELS))


@pytest.mark.usefixtures("cluster")
@pytest.mark.filterwarnings("ignore:Sending large graph")
@pytest.mark.parametrize("hinted", [False, True])
def test_a_viewport_is_one_computation(show, random, computations, hinted):
    numbers = random("i4", (2048, 2048))
    array = dask.array.from_array(numbers, chunks=256) + 1
    view = show(array, window=(0, 1))
    zoom = native_zoom(array.shape, PIXELS)
    start = threading.Barrier(WIDE * HIGH)
    if hinted:
        # As the viewer does, so that it holds however far apart the requests come.
        assert get(view, "fetch", z=zoom, x0=0, y0=0, x1=WIDE, y1=HIGH).status == 204
    check_viewport(viewport(view, start, zoom), numbers + np.int32(1))
    assert [len(call) for call in computations] == [WIDE * HIGH]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint32", "float16", "float32", "complex64"])
def test_jax(show, random, dtype):
    array = random(dtype, (150, 210))
    tensor = jax.numpy.asarray(array)
    view = show(tensor)
    check(view, array)
    (image,) = _show.make_images(tensor)
    assert image.address == tensor.unsafe_buffer_pointer(), "nothing is copied"


def test_jax_of_a_dtype_that_numpy_lacks(show):
    with pytest.raises(TypeError, match="move it to the CPU and to a dtype of numpy's"):
        show(jax.numpy.zeros((5, 5), "bfloat16"))


class Tensor:
    """Memory that is lent by DLPack, and by nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **keywords):
        return self.array.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class OldTensor(Tensor):
    """The same by the protocol's first version, which knows no keywords but `stream`."""

    def __dlpack__(self, stream=None):
        return self.array.__dlpack__(stream=stream)


class Learning(Tensor):
    """A tensor that keeps its memory to itself until it forgets how it was computed, as torch's do."""

    requires_grad = True

    def __dlpack__(self, **keywords):
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")

    def detach(self):
        """Give the tensor without its past."""
        return Tensor(self.array)


class Distant(Tensor):
    """A tensor on a graphics card."""

    def __dlpack__(self, **keywords):
        raise BufferError("it is on the device cuda:0")

    def __dlpack_device__(self):
        return (2, 0)


@pytest.mark.parametrize("kind", [Tensor, OldTensor, Learning])
@pytest.mark.parametrize("layout", [lambda a: a, lambda a: a.T, lambda a: a[::2, 3:]])
def test_dlpack(show, random, kind, layout):
    array = layout(random("f4", (150, 210)))
    tensor = kind(array)
    check(show(tensor), array)
    (image,) = _show.make_images(tensor)
    assert image.address == array.ctypes.data


def test_dlpack_on_another_device(show):
    with pytest.raises(TypeError, match=r"cuda:0.*move it to the CPU"):
        show(Distant(np.eye(5)))


def test_what_is_written_to_a_tensor_is_what_is_served(show):
    array = np.zeros((100, 100), "f4")
    view = show(Tensor(array))
    check(view, array)
    array[5:9, 7:] = 3
    view.refresh(np.s_[5:9, 7:])
    check(view, array)
