"""What the bytes of a tile are: the formats, the kinds of PNG, lossless where it is promised."""

import io

import imagecodecs
import numpy as np
import pytest
from harness import Server, save
from PIL import Image

SIDE = 256


def photo() -> np.ndarray:
    """Make something like a photograph: smooth, with a little noise."""
    rng = np.random.default_rng(11)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    channels = [np.sin(6 * rows + k) * np.cos(5 * columns - k) for k in range(3)]
    return np.clip(128 + 90 * np.stack(channels, -1) + rng.normal(0, 4, (SIDE, SIDE, 3)), 0, 255).astype(
        np.uint8
    )


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(12)
    colour = photo()
    alpha = np.concatenate([colour, rng.integers(0, 256, (SIDE, SIDE, 1), np.uint8)], -1)
    return {
        "rgb": colour,
        "rgba": alpha,
        "gray": colour[..., 0].copy(),
        "cut": colour[:200, :150].copy(),
        "deep": rng.integers(0, 65_536, (SIDE, SIDE), np.uint16),
        "deeprgb": rng.integers(0, 65_536, (SIDE, SIDE, 3), np.uint16),
        "field": rng.normal(size=(SIDE, SIDE)).astype(np.float32),
    }


@pytest.fixture(scope="module")
def server(arrays, tmp_path_factory):
    with Server(*save(tmp_path_factory.mktemp("encoders"), arrays)) as server:
        yield server


@pytest.mark.parametrize("name", ["rgb", "rgba", "gray"])
@pytest.mark.parametrize("effort", ["stored", "fast", "small"])
def test_every_png_effort_is_lossless(server, arrays, name, effort):
    reply = server.ok(f"{server.at(name)}/0/0/0.png?effort={effort}")
    assert reply.media_type == "image/png"
    wanted = arrays[name]
    got = np.asarray(reply.image())
    assert got.shape == wanted.shape, "no channel more than the image has"
    if name == "rgba":
        shown = wanted[..., 3] > 0
        np.testing.assert_array_equal(got[shown], wanted[shown])
        np.testing.assert_array_equal(got[..., 3], wanted[..., 3])
    else:
        np.testing.assert_array_equal(got, wanted)


def test_more_effort_is_fewer_bytes(server):
    for name in ("rgb", "gray"):
        sizes = [
            len(server.ok(f"{server.at(name)}/0/0/0.png?effort={e}").body)
            for e in ("stored", "fast", "small")
        ]
        assert sizes[0] > sizes[1] >= sizes[2], (name, sizes)


def test_the_loopback_default_is_stored(server):
    at = server.at("rgb")
    assert server.ok(f"{at}/0/0/0.png").body == server.ok(f"{at}/0/0/0.png?effort=stored").body


def test_kinds_of_png(server):
    assert server.ok(f"{server.at('rgb')}/0/0/0.png").png_kind() == (2, 8)
    assert server.ok(f"{server.at('rgba')}/0/0/0.png").png_kind() == (6, 8)
    assert server.ok(f"{server.at('gray')}/0/0/0.png").png_kind() == (0, 8)
    assert server.ok(f"{server.at('cut')}/0/0/0.png").png_kind()[0] in (3, 6)
    assert server.ok(f"{server.at('field')}/0/0/0/256/viridis/-1/1.png").png_kind()[0] == 3


@pytest.mark.parametrize("name", ["deep", "deeprgb"])
def test_sixteen_bits_on_request(server, arrays, name):
    reply = server.ok(f"{server.at(name)}/0/0/0.png?bits=16&vmin=0&vmax=65535")
    colour, depth = reply.png_kind()
    assert (colour, depth) == ((0, 16) if name == "deep" else (2, 16))
    got = imagecodecs.png_decode(reply.body)
    np.testing.assert_array_equal(got, arrays[name])


def test_jpeg(server, arrays):
    sizes, errors = [], []
    for quality in (10, 50, 95):
        reply = server.ok(f"{server.at('rgb')}/0/0/0.jpg?quality={quality}")
        assert reply.media_type == "image/jpeg"
        assert reply.image().size == (SIDE, SIDE)
        sizes.append(len(reply.body))
        errors.append(np.abs(np.asarray(reply.image()).astype(int) - arrays["rgb"]).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 3
    assert server.ok(f"{server.at('rgb')}/0/0/0.jpeg").media_type == "image/jpeg"


def test_a_gray_jpeg_is_gray(server, arrays):
    image = server.ok(f"{server.at('gray')}/0/0/0.jpg?quality=95").image()
    assert image.mode == "L"
    assert np.abs(np.asarray(image).astype(int) - arrays["gray"]).mean() < 3


def test_the_background_shows_where_jpeg_has_no_pixel(server):
    at = server.at("cut")
    for query, colour in [
        ("", (255, 255, 255)),
        ("&background=102030", (16, 32, 48)),
        ("&background=ff0000", (255, 0, 0)),
    ]:
        got = np.asarray(server.ok(f"{at}/0/0/0.jpg?quality=100{query}").image().convert("RGB")).astype(int)
        assert np.abs(got[216:, 168:] - colour).max() <= 3, query


def test_webp_is_lossless_unless_told(server, arrays):
    for name in ("rgb", "rgba"):
        reply = server.ok(f"{server.at(name)}/0/0/0.webp")
        assert reply.media_type == "image/webp"
        array = arrays[name]
        got = np.asarray(reply.image().convert("RGBA" if name == "rgba" else "RGB"))
        shown = array[..., 3] > 0 if name == "rgba" else np.ones(array.shape[:2], bool)
        np.testing.assert_array_equal(got[shown], array[shown])
    lossy = server.ok(f"{server.at('rgb')}/0/0/0.webp?quality=60")
    assert len(lossy.body) < len(server.ok(f"{server.at('rgb')}/0/0/0.webp").body)
    error = np.abs(np.asarray(lossy.image().convert("RGB")).astype(int) - arrays["rgb"]).mean()
    assert 0 < error < 8


def test_the_edge_is_transparent_in_png_and_webp(server):
    for ending in ("png", "webp"):
        got = server.rgba(f"{server.at('cut')}/0/0/0.{ending}")
        assert (got[:200, :150, 3] == 255).all()
        assert (got[200:, :, 3] == 0).all()
        assert (got[:, 150:, 3] == 0).all()


@pytest.mark.parametrize("ending", ["npy", "bin"])
def test_raw_tiles(server, arrays, ending):
    for name in ("rgb", "field", "cut", "deeprgb"):
        array = arrays[name]
        reply = server.ok(f"{server.at(name)}/0/0/0.{ending}")
        assert reply.headers["x-projectile-dtype"] == array.dtype.name
        shape = array.shape if array.ndim == 3 else (*array.shape, 1)
        assert reply.headers["x-projectile-shape"] == ",".join(map(str, shape))
        if ending == "npy":
            np.testing.assert_array_equal(reply.npy().reshape(array.shape), array)
        else:
            assert reply.body == array.tobytes()


def test_files_of_pillow_show_their_own_pixels(tmp_path, arrays):
    wanted: dict[str, np.ndarray] = {}
    for name, mode in [("rgb", "RGB"), ("gray", "L"), ("rgba", "RGBA")]:
        image = Image.fromarray(arrays[name])
        assert image.mode == mode
        for ending in ("png", "tiff"):
            image.save(tmp_path / f"{name}_{ending}.{ending}")
            wanted[f"{name}_{ending}"] = arrays[name]
    Image.fromarray(arrays["rgb"]).save(tmp_path / "rgb_bmp.bmp")
    wanted["rgb_bmp"] = arrays["rgb"]
    with Server(tmp_path) as server:
        assert len(server.images) == len(wanted)
        for name, array in wanted.items():
            got = server.npy(f"{server.at(name)}/0/0/0.npy").reshape(array.shape)
            np.testing.assert_array_equal(got, array, err_msg=name)


def test_a_jpeg_file_is_decoded_as_pillow_does(tmp_path, arrays):
    path = tmp_path / "photo.jpg"
    Image.fromarray(arrays["rgb"]).save(path, quality=95, subsampling=0)
    with Server(path) as server:
        got = server.npy("/0/0/0.npy").astype(int)
        wanted = np.asarray(Image.open(path)).astype(int)
        assert np.abs(got - wanted).max() <= 4, "decoders may round differently, but not by much"


def test_mode_l_is_pillows_luma(tmp_path, arrays):
    path = tmp_path / "colour.png"
    Image.fromarray(arrays["rgb"]).save(path)
    with Server(path, "-m", "L") as server:
        got = server.npy("/0/0/0.npy").reshape(SIDE, SIDE)
        np.testing.assert_array_equal(got, np.asarray(Image.open(path).convert("L")))


def test_exif_orientation(tmp_path, arrays):
    for orientation in range(1, 9):
        image = Image.fromarray(arrays["cut"])
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(tmp_path / f"o{orientation}.png", exif=exif)
    with Server(tmp_path) as server:
        turns = [
            lambda a: a,
            lambda a: a[:, ::-1],
            lambda a: a[::-1, ::-1],
            lambda a: a[::-1],
            lambda a: a.swapaxes(0, 1),
            lambda a: a.swapaxes(0, 1)[:, ::-1],
            lambda a: a[::-1, ::-1].swapaxes(0, 1),
            lambda a: a.swapaxes(0, 1)[::-1],
        ]
        for orientation, turn in enumerate(turns, 1):
            wanted = turn(arrays["cut"])
            got = server.npy(f"{server.at(f'o{orientation}')}/0/0/0.npy")
            np.testing.assert_array_equal(got, wanted, err_msg=str(orientation))


def test_the_tile_command_writes_the_same_picture(tmp_path, arrays, server):
    from harness import run

    (path,) = save(tmp_path, {"rgb": arrays["rgb"]})
    out = tmp_path / "out.png"
    done = run("tile", path, "0/0/0/64", "-o", out)
    assert done.returncode == 0, done.stderr
    got = np.asarray(Image.open(io.BytesIO(out.read_bytes())).convert("RGBA"))
    np.testing.assert_array_equal(got, server.rgba(f"{server.at('rgb')}/0/0/0/64.png"))
