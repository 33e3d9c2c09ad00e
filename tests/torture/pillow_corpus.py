"""Pillow's own test images, which its source distribution holds: where they are got, and what Pillow sees in them."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

# What docs/formats.md and the README's table claim, by Pillow's names.
CLAIMED = {
    *(
        "PNG",
        "JPEG",
        "WEBP",
        "GIF",
        "JPEG2000",
        "TIFF",
        "PPM",
        "PSD",
        "BMP",
        "DIB",
        "ICO",
        "TGA",
        "DDS",
        "QOI",
    ),
    *("FITS", "MPO"),
}
# Some of the images are bombs, which must not go off in Pillow.
MOST_PIXELS = 1 << 25
# By how much decoders of what loses something differ, on average; in one sample by so much more.
LOSSY = {"JPEG": 1.0, "MPO": 1.0, "WEBP": 2.0, "JPEG2000": 2.0}
MOST_IN_ONE = 64
# Blocks of interpolated colours, which all round as they like.
ROUNDED = {"DDS": 1}


def corpus() -> Path:
    """Get the images; they are kept where `PROJECTILE_TORTURE_CACHE` says, else among temporary files."""
    usual = Path(tempfile.gettempdir()) / "projectile-torture"
    cache = Path(os.environ.get("PROJECTILE_TORTURE_CACHE", usual))
    name = f"pillow-{PIL.__version__}"
    images = cache / name / "Tests" / "images"
    if images.is_dir():
        return images
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        source = f"pillow=={PIL.__version__}"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            "pillow",
            source,
        ]
        subprocess.run([*pip, "--dest", folder], check=True)
        with tarfile.open(Path(folder) / f"{name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
        (Path(folder) / name).rename(cache / name)
    return images


@dataclass(frozen=True)
class Seen:
    """What Pillow sees in a file: its first frame, upright."""

    format: str
    mode: str
    size: tuple[int, int]
    samples: np.ndarray
    """As stored where they are deeper than a byte, else red, green, blue and alpha."""

    compression: str

    def differs(self, got: np.ndarray) -> str | None:
        """Tell how an array differs from what is seen, if it does so by more than decoders may."""
        expected = self.samples.astype("f8")
        if got.shape != expected.shape:
            return f"an array of {got.shape}, Pillow has {expected.shape}"
        error = np.abs(got - expected)
        if not self.deep:
            # What is seen through has no colour.
            error[(got[..., 3] == 0) & (expected[..., 3] == 0)] = 0
        average, most = np.nanmean(error), np.nanmax(error)
        lossy = LOSSY.get(self.format, 1.0 if self.compression == "jpeg" else 0.0)
        if (lossy and average <= lossy and most <= MOST_IN_ONE) or most <= ROUNDED.get(self.format, 0):
            return None
        return f"differs by {most:g}, {average:.3g} on average ({self.format}, {self.mode})"

    @property
    def deep(self) -> bool:
        """Whether samples have more than a byte."""
        return self.mode[0] in "IF"


def seen(path: Path) -> Seen | None:
    """Read a file by Pillow; `None` where it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                if image.width * image.height > MOST_PIXELS:
                    return None
                form = image.format
                image.load()
                mode = image.mode
                upright = ImageOps.exif_transpose(image)
                shown = upright if mode[0] in "IF" else upright.convert("RGBA")
                compression = str(image.info.get("compression"))
                return Seen(form or "", mode, upright.size, np.asarray(shown), compression)
        except Exception:
            return None
