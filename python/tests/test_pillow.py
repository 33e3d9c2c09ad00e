"""Every format that Pillow writes: opened by `show` and by the command, with Pillow's own pixels."""

import re
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
from asking import describe, picture, raw

PIL.Image.init()
# What a later Pillow drops is dropped here with it.
pytestmark = pytest.mark.filterwarnings("ignore:.*image format is deprecated:DeprecationWarning")

#: What Pillow writes and is not opened here, and why.
LEFT_OUT = {
    "PDF": "Pillow writes it only",
    "PALM": "Pillow writes it only",
    "EPS": "Pillow reads it by Ghostscript, a program of its own",
    "BUFR": "Pillow has a stub: another package has to bring the reader and the writer",
    "GRIB": "Pillow has a stub: another package has to bring the reader and the writer",
    "HDF5": "Pillow has a stub: another package has to bring the reader and the writer",
    "WMF": "Pillow has a stub: another package has to bring the writer, and Windows the reader",
}

#: The modes that each format keeps as they are, without loss.
EXACT = {
    "BLP": ["P"],
    "BMP": ["1", "L", "P", "RGB"],
    "DIB": ["1", "L", "P", "RGB"],
    "DDS": ["L", "LA", "RGB", "RGBA"],
    "GIF": ["L", "P", "RGBA"],
    "ICNS": ["RGB", "RGBA"],
    "ICO": ["RGBA"],
    "IM": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"],
    "JPEG2000": ["L", "LA", "RGB", "RGBA", "I;16"],
    "MSP": ["1"],
    "PCX": ["1", "L", "P", "RGB"],
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "PPM": ["1", "L", "RGB", "I;16", "F"],
    "QOI": ["RGB", "RGBA"],
    "SGI": ["L", "RGB", "RGBA"],
    "SPIDER": ["F"],
    "TGA": ["1", "L", "LA", "P", "RGB", "RGBA"],
    "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"],
    "WEBP": ["RGB", "RGBA"],
    "XBM": ["1"],
}

#: Formats that lose something, how they are written, and how far two decoders may be apart. JPEG's standard
#: lets each sample be off by 1; a colour is a sum of samples, of which the difference to blue counts 1.772
#: times, so it may be off by 3.
LOSSY = [
    ("JPEG", "L", {"quality": 80}, 1),
    ("JPEG", "L", {"quality": 80, "progressive": True}, 1),
    ("JPEG", "CMYK", {"quality": 80}, 1),
    ("JPEG", "RGB", {"quality": 95, "subsampling": 0}, 3),
    ("MPO", "L", {"quality": 80}, 1),
    ("WEBP", "RGB", {"quality": 80}, 2),
    ("WEBP", "RGBA", {"quality": 80}, 2),
    ("AVIF", "L", {"quality": 80}, 2),
    ("AVIF", "RGB", {"quality": 80}, 2),
    ("AVIF", "RGBA", {"quality": 80}, 2),
    ("JPEG2000", "RGB", {"irreversible": True, "quality_layers": [20]}, 2),
    ("TIFF", "L", {"compression": "jpeg"}, 2),
]

KEPT = {"WEBP": {"lossless": True, "exact": True}}
ENDINGS = {"MPO": ".mpo", "SPIDER": ".spi"}
CASES = [
    *((name, mode, KEPT.get(name, {}), 0) for name, modes in EXACT.items() for mode in modes),
    *LOSSY,
]
HEIGHT, WIDTH = 90, 120


def test_every_format_that_pillow_writes_is_here():
    """A format that a new Pillow brings has to be added, or left out with a reason."""
    tested = {name for name, *_ in CASES}
    assert tested | LEFT_OUT.keys() == PIL.Image.SAVE.keys()
    assert not tested & LEFT_OUT.keys()


def make(mode):
    """Make a picture with edges, slopes and see-through parts."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    alpha = np.where((x // 30 + y // 30) % 2, 255, x * 2)
    colours = np.stack([x * 2, y * 2, (x + y) % 256, alpha], -1).astype(np.uint8)
    colours[20:40, 30:70, :3] = [250, 10, 60]
    whole = PIL.Image.fromarray(colours)
    if mode == "I;16":
        return PIL.Image.fromarray((x * 500 + y).astype(np.uint16))
    if mode == "I":
        return PIL.Image.fromarray((x * 70_000_000 // WIDTH - y).astype(np.int32))
    if mode == "F":
        return PIL.Image.fromarray((x / 7 - y).astype(np.float32))
    return whole.convert(mode) if mode in ("LA", "RGBA") else whole.convert("RGB").convert(mode)


def pillows(path):
    """Decode a file by Pillow: its numbers where it has more than bytes, else (height, width, 4) bytes."""
    with PIL.Image.open(path) as opened:
        opened.load()
        if opened.mode in ("I", "F") or opened.mode.startswith("I;16"):
            return np.asarray(opened)
        return np.asarray(opened.convert("RGBA"))


def compare(found, wanted, tolerance):
    """Assert that pixels are alike: how opaque they are, and their colours where something is to be seen."""
    found = found[: wanted.shape[0], : wanted.shape[1]]
    if wanted.ndim == 3:
        np.testing.assert_array_equal(found[..., 3], wanted[..., 3])
        seen = wanted[..., 3] > 0
        found, wanted = found[seen], wanted[seen]
    np.testing.assert_allclose(found.astype(float), wanted.astype(float), rtol=0, atol=tolerance)


def write(folder, name, mode, options):
    """Write a picture in a format, under the ending that is usual for it."""
    usual = [ending for ending, format_ in PIL.Image.EXTENSION.items() if format_ == name]
    ending = ENDINGS[name] if name in ENDINGS else usual[0]
    path = folder / f"{mode.replace(';', '')}{ending}"
    make(mode).save(path, name, **options)
    return path


def identity(case):
    """Name a case."""
    name, mode, options, _ = case
    return " ".join([name, mode, *map(str, options.values())])


def command(*arguments):
    """Run the command to its end, and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "projectile", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_shown(show, path, tolerance):
    """Assert that `show` shows the file as Pillow decodes it."""
    wanted = pillows(path)
    view = show(path)
    told = describe(view)
    assert (told["height"], told["width"]) == wanted.shape[:2]
    assert told["name"] == path.name
    side = 1 << told["max_zoom"]
    found = raw(view, 0, 0, 0, side) if wanted.ndim == 2 else picture(view, 0, 0, 0, side)
    compare(found, wanted, tolerance)


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_shown_as_pillow_decodes_it(show, tmp_path, case):
    name, mode, options, tolerance = case
    check_shown(show, write(tmp_path, name, mode, options), tolerance)


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_the_command_opens_it(tmp_path, case):
    name, mode, options, tolerance = case
    path = write(tmp_path, name, mode, options)
    wanted = pillows(path)
    told = command("info", path)
    height, width = wanted.shape[:2]
    assert f"{width} × {height} pixels" in told
    (zoom,) = re.findall(r"zooms +0 … (\d+)", told)
    ending = "npy" if wanted.ndim == 2 else "png"
    tile = tmp_path / f"tile.{ending}"
    command("tile", path, f"0/0/0/{1 << int(zoom)}", "-o", tile)
    compare(np.load(tile) if ending == "npy" else pillows(tile), wanted, tolerance)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB"])
def test_icons_that_rust_takes_for_damaged(show, tmp_path, mode):
    check_shown(show, write(tmp_path, "ICO", mode, {}), 0)


def test_a_damaged_file_is_told_by_who_knows_the_format(show, tmp_path):
    path = write(tmp_path, "PNG", "RGB", {})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=re.escape(path.name)) as caught:
        show(path)
    assert "Pillow" not in str(caught.value)


def test_a_file_that_only_pillow_knows_and_that_is_damaged(show, tmp_path):
    path = write(tmp_path, "SGI", "RGB", {})
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(ValueError, match=re.escape(path.name)):
        show(path)


def test_a_film_shows_its_first_frame(show, tmp_path):
    frames = [PIL.Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    with PIL.Image.open(tmp_path / "film.gif") as film:
        view = show(film)
    assert describe(view)["details"]["frames"] == "3, the first is shown"
    assert picture(view, 0, 0, 0, 64)[5, 5].tolist() == [255, 0, 0, 255]


def test_without_pillow_its_files_are_unsupported(tmp_path):
    path = write(tmp_path, "SGI", "RGB", {})
    code = """
import sys
sys.modules["PIL"] = None  # as where it is not installed
import projectile
try:
    projectile.show(sys.argv[1])
except projectile.UnsupportedError:
    print("unsupported")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "unsupported", done.stderr
