"""Scientific files, as their own packages write them, compared region by region with what these packages read."""

from __future__ import annotations

import gzip
import io
import shutil
import struct
import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5netcdf
import h5py
import mrcfile
import netCDF4
import nibabel
import numpy as np
import pydicom
import pydicom.data
import pytest
from astropy.io import fits
from harness import Server, run
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

if TYPE_CHECKING:
    from collections.abc import Callable

RNG = np.random.default_rng(5)


def numbers(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Make an array with its type's extremes in it."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        array = RNG.integers(info.min, info.max, shape, kind.newbyteorder("="), endpoint=True)
        array.flat[0], array.flat[1] = info.min, info.max
    elif kind.kind == "c":
        array = RNG.normal(size=shape) + 1j * RNG.normal(size=shape)
    else:
        array = RNG.normal(0, 100, shape)
    return array.astype(kind)


def smooth(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Make an array that compresses, noise and all."""
    rows, columns = np.mgrid[: shape[-2], : shape[-1]]
    wave = 1000 + 300 * np.sin(rows / 9) * np.cos(columns / 13) + RNG.normal(0, 4, shape)
    if np.dtype(dtype).kind in "iu":
        wave = np.clip(wave, 0, np.iinfo(dtype).max)
    return wave.astype(dtype)


def region(server: Server, at: str, box: tuple[int, int, int, int], query: str = "") -> np.ndarray:
    """Read rows y0..y1 and columns x0..x1 of an image."""
    y0, y1, x0, x1 = box
    reply = server.get(f"{at}/region.npy?x0={x0}&y0={y0}&x1={x1}&y1={y1}{query}")
    assert reply.status == 200, reply.body
    return np.load(io.BytesIO(reply.body))


def same(server: Server, name: str, wanted: np.ndarray, axes: str, exact: float = 0) -> dict[str, Any]:
    """Compare an image with an array whose axes are named by letters, in several regions of several planes."""
    at = f"/images/{name}" if any(image["id"] == name for image in server.images) else server.at(name)
    told = server.json(at)
    assert "".join(told["axes"]) == axes, (name, told["axes"])
    assert told["shape"] == list(wanted.shape), name
    assert told["dtype"] == wanted.dtype.name, name
    order = [axes.index(letter) for letter in axes if letter not in "yxc"]
    picture = [axes.index(letter) for letter in "yxc" if letter in axes]
    turned = np.transpose(wanted, order + picture)
    extra = turned.shape[: len(order)]
    height, width = turned.shape[len(order) : len(order) + 2]
    planes = {tuple(0 for _ in extra), tuple(size - 1 for size in extra), tuple(size // 2 for size in extra)}
    boxes = [(0, height, 0, width), (height // 3, height, width // 4, width // 4 + 1 + width // 3)]
    boxes.append((height - 1, height, 0, width))
    for plane in planes:
        chosen = zip((axes[i] for i in order), plane, strict=True)
        query = "".join(f"&{letter}={index}" for letter, index in chosen)
        for y0, y1, x0, x1 in boxes:
            cut = turned[plane][y0:y1, x0:x1]
            found = region(server, at, (y0, y1, x0, x1), query).reshape(cut.shape)
            assert found.dtype == wanted.dtype
            if exact:
                np.testing.assert_allclose(found, cut, rtol=0, atol=exact, err_msg=name)
            else:
                np.testing.assert_array_equal(found, cut, err_msg=f"{name} {plane}")
    return told


def refused(path: Path | str, *words: str) -> None:
    """Check that a file is refused with a reason."""
    done = run(path, "-p", "0", timeout=30)
    assert done.returncode == 1, done.stderr
    for word in words:
        assert word.lower() in done.stderr.lower(), done.stderr


# FITS


FITS_TYPES = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]


@pytest.fixture(scope="module")
def fits_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fits")
    arrays: dict[str, tuple[np.ndarray, str]] = {}
    for dtype in FITS_TYPES:
        array = numbers(dtype, (37, 50))
        fits.PrimaryHDU(array).writeto(folder / f"plain_{dtype}.fits")
        arrays[f"plain_{dtype}"] = (array, "yx")
    cube = numbers("i2", (6, 21, 30))
    header = fits.Header(
        [("CTYPE3", "WAVE"), ("CUNIT3", "nm"), ("CRVAL3", 500.0), ("CRPIX3", 1), ("CDELT3", 2.5)]
    )
    fits.PrimaryHDU(cube, header).writeto(folder / "cube.fits")
    arrays["cube"] = (cube, "zyx")
    bands = numbers("f4", (7, 21, 30))
    fits.PrimaryHDU(bands).writeto(folder / "bands.fits")
    arrays["bands"] = (bands, "cyx")
    stokes = numbers("f4", (4, 5, 21, 30))
    header = fits.Header(
        [("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CTYPE3", "FREQ"), ("CTYPE4", "STOKES")]
    )
    fits.PrimaryHDU(stokes, header).writeto(folder / "stokes.fits")
    arrays["stokes"] = (stokes, "czyx")
    (folder / "packed.fits.gz").write_bytes(gzip.compress((folder / "plain_f4.fits").read_bytes()))
    arrays["packed.fits"] = arrays["plain_f4"]
    with Server(*sorted(folder.iterdir())) as server:
        yield server, arrays


def test_fits_images_of_every_kind(fits_server):
    server, arrays = fits_server
    for name, (array, axes) in arrays.items():
        told = same(server, name, array, axes)
        assert told["format"] == "FITS"
    cube = server.json(server.at("cube"))
    assert cube["dimensions"][0]["coordinates"] == {"start": 500.0, "step": 2.5}
    assert (cube["dimensions"][0]["unit"], cube["dimensions"][0]["label"]) == ("nm", "WAVE")
    assert all(axis["coordinates"] is None for axis in server.json(server.at("stokes"))["dimensions"])


@pytest.mark.parametrize(
    ("dtype", "wanted"), [("u1", "f4"), ("i2", "f4"), ("i4", "f8"), ("i8", "f8"), ("f4", "f4")]
)
def test_fits_that_are_scaled(tmp_path, dtype, wanted):
    stored = numbers(dtype, (30, 40))
    hdu = fits.PrimaryHDU(stored)
    path = tmp_path / "scaled.fits"
    hdu.writeto(path)
    with fits.open(path, "update", do_not_scale_image_data=True) as opened:
        opened[0].header["BSCALE"] = 0.37
        opened[0].header["BZERO"] = -12.5
        if np.dtype(dtype).kind in "iu":
            opened[0].header["BLANK"] = int(stored[3, 4])
    line = (stored.astype("f8") * 0.37 - 12.5).astype(wanted)
    if np.dtype(dtype).kind in "iu":
        line[stored == stored[3, 4]] = np.nan
    theirs = fits.getdata(path)
    assert theirs.dtype.newbyteorder("=") == np.dtype(wanted)
    # astropy rounds after each of the two steps, in float32; here it is done once.
    np.testing.assert_allclose(theirs, line, rtol=3e-7, atol=1e-3 if wanted == "f4" else 0)
    with Server(path) as server:
        same(server, "scaled", line, "yx")


def test_fits_blank_is_no_data_and_unsigned_stays_exact(tmp_path):
    stored = numbers("i2", (20, 30))
    stored[4, 5] = -999
    hdu = fits.PrimaryHDU(stored)
    hdu.header["BLANK"] = -999
    hdu.writeto(tmp_path / "blank.fits")
    with Server(tmp_path / "blank.fits") as server:
        told = same(server, "blank", stored, "yx")
        assert told["nodata"] == -999


def test_fits_extensions_are_a_gallery(tmp_path):
    science, quality, third = numbers("f4", (20, 30)), numbers("i2", (20, 30)), numbers("f4", (8, 9))
    table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(5))])
    units = [
        fits.PrimaryHDU(),
        fits.ImageHDU(science, name="SCI"),
        table,
        fits.ImageHDU(quality, name="DQ"),
        fits.ImageHDU(third, name="SCI", ver=2),
        fits.ImageHDU(np.arange(7), name="SPECTRUM"),
    ]
    path = tmp_path / "several.fits"
    fits.HDUList(units).writeto(path)
    with Server(path) as server:
        ids = {image["name"]: image["id"] for image in server.images}
        assert sorted(name.split("/")[-1] for name in ids) == ["DQ", "SCI", "SCI,2"]
        for name, array in [("SCI", science), ("DQ", quality), ("SCI,2", third)]:
            same(server, ids[next(known for known in ids if known.endswith(f"/{name}"))], array, "yx")
    with Server(f"{path}::DQ") as server:
        same(server, server.images[0]["id"], quality, "yx")
        assert len(server.images) == 1
    refused(f"{path}::NONE", "NONE", "SCI")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "table.fits")
    refused(tmp_path / "table.fits", "no image")


FITS_TILES: dict[str, tuple[str, dict[str, Any]]] = {
    "rice_u1": ("u1", {"compression_type": "RICE_1"}),
    "rice_i2": ("i2", {"compression_type": "RICE_1"}),
    "rice_u2": ("u2", {"compression_type": "RICE_1", "tile_shape": (16, 17)}),
    "rice_i4": ("i4", {"compression_type": "RICE_1", "tile_shape": (50, 7)}),
    "gzip1_i2": ("i2", {"compression_type": "GZIP_1"}),
    "gzip2_i4": ("i4", {"compression_type": "GZIP_2", "tile_shape": (13, 13)}),
    "gzip1_f4": ("f4", {"compression_type": "GZIP_1", "quantize_level": 0}),
    "gzip2_f8": ("f8", {"compression_type": "GZIP_2", "quantize_level": 0}),
    "rice_f4": ("f4", {"compression_type": "RICE_1", "quantize_method": -1}),
    "rice_f4_dither1": ("f4", {"compression_type": "RICE_1", "quantize_method": 1, "dither_seed": 42}),
    "rice_f4_dither2": ("f4", {"compression_type": "RICE_1", "quantize_method": 2, "dither_seed": 9999}),
    "rice_f8_tiles": (
        "f8",
        {"compression_type": "RICE_1", "quantize_method": 1, "tile_shape": (20, 60), "dither_seed": 7},
    ),
    "gzip2_f4_dither1": ("f4", {"compression_type": "GZIP_2", "quantize_method": 1, "dither_seed": 3}),
}


def test_fits_compressed_by_tiles(tmp_path):
    paths = []
    for name, (dtype, options) in FITS_TILES.items():
        array = smooth(dtype, (90, 121))
        if name == "rice_f4_dither2":
            array[10:30, 20:50] = 0
        if name == "rice_f4_dither1":
            array[5:9, 60:90] = np.nan
        if name == "rice_i4":
            array[0, :5] = [-(2**31), 2**31 - 1, 0, 2**31 - 1, -(2**31)]
        path = tmp_path / f"{name}.fits"
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(array, **options)]).writeto(path)
        paths.append(path)
    with Server(*paths) as server:
        for path in paths:
            theirs = fits.getdata(path, 1)
            wanted = theirs.astype(theirs.dtype.newbyteorder("="))
            slack = 2e-4 if wanted.dtype == np.float32 and "dither" in path.stem else 0
            same(server, path.stem, wanted, "yx", slack)


def test_fits_of_other_compressions_name_the_way(tmp_path):
    path = tmp_path / "other.fits"
    array = smooth("i2", (32, 32))
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(array, compression_type="HCOMPRESS_1")]).writeto(path)
    refused(path, "HCOMPRESS_1", "astropy")


def test_a_fits_larger_than_what_is_read_whole(tmp_path):
    # Sparse: 1.2 GB, of which a few rows were written.
    height, width = 20_000, 15_000
    header = fits.Header(
        [("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", width), ("NAXIS2", height)]
    )
    path = tmp_path / "large.fits"
    rows = numbers("f4", (3, width))
    with path.open("wb") as file:
        file.write(header.tostring().encode())
        start = file.tell()
        file.truncate(start + height * width * 4 + 2880 - (height * width * 4) % 2880)
        file.seek(start + 12_345 * width * 4)
        file.write(rows.astype(">f4").tobytes())
    with Server(path) as server:
        at = server.at("large")
        assert server.json(at)["residence"] == "local"
        found = region(server, at, (12_344, 12_349, 100, 14_900))
        np.testing.assert_array_equal(found[0], 0)
        np.testing.assert_array_equal(found[1:4], rows[:, 100:14_900])
        np.testing.assert_array_equal(found[4], 0)


# NIfTI


NIFTI_TYPES = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("version", [1, 2])
def test_nifti_of_every_kind(tmp_path, version):
    make = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    wanted, paths = {}, []
    for order in "<>":
        for dtype in NIFTI_TYPES:
            array = numbers(dtype, (17, 19, 5))
            header = (nibabel.Nifti1Header if version == 1 else nibabel.Nifti2Header)(endianness=order)
            header.set_data_dtype(dtype)
            image = make(array, np.diag([2, 3, 4, 1]), header, dtype=dtype)
            name = f"{'little' if order == '<' else 'big'}_{dtype}"
            image.header.set_xyzt_units("mm", "sec")
            nibabel.save(image, tmp_path / f"{name}.nii")
            wanted[name] = array
            paths.append(tmp_path / f"{name}.nii")
    series = numbers("i2", (9, 8, 4, 3))
    image = make(series, np.eye(4))
    image.header.set_zooms((1.5, 2.5, 3.0, 0.7))
    image.header.set_xyzt_units("micron", "msec")
    nibabel.save(image, tmp_path / "series.nii.gz")
    wanted["series.nii"] = series
    paths.append(tmp_path / "series.nii.gz")
    nibabel.save(make(numbers("f4", (9, 8)), np.eye(4)), tmp_path / "plane.nii")
    wanted["plane"] = nibabel.load(tmp_path / "plane.nii").get_fdata().astype("f4")
    paths.append(tmp_path / "plane.nii")
    with Server(*paths) as server:
        for name, array in wanted.items():
            same(server, name, array.T, "tzyx"[-array.ndim :])
        told = server.json(server.at("series.nii"))["dimensions"]
        steps = [(axis["name"], axis["unit"], axis["coordinates"]["step"]) for axis in told]
        assert [(name, unit) for name, unit, _ in steps] == [
            ("t", "ms"),
            ("z", "µm"),
            ("y", "µm"),
            ("x", "µm"),
        ]
        np.testing.assert_allclose([step for *_, step in steps], [0.7, 3, 2.5, 1.5], rtol=1e-6)


def test_nifti_that_is_scaled_in_pairs_and_in_colours(tmp_path):
    paths = []
    for dtype, read in [("u1", "f4"), ("i2", "f4"), ("i4", "f8"), ("f4", "f4")]:
        stored = numbers(dtype, (11, 12, 3))
        image = nibabel.Nifti1Image(stored, np.eye(4), dtype=dtype)
        image.header["cal_min"], image.header["cal_max"] = -5, 250
        path = tmp_path / f"scaled_{dtype}_{read}.nii"
        nibabel.save(image, path)
        raw = bytearray(path.read_bytes())
        raw[112:120] = struct.pack("<ff", 0.25, 10.5)
        path.write_bytes(raw)
        paths.append(path)
    pair = numbers("i2", (11, 12, 3))
    nibabel.save(nibabel.Nifti1Pair(pair, np.eye(4)), tmp_path / "pair.img")
    colours = np.zeros((11, 12, 3), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    for channel in "RGB":
        colours[channel] = numbers("u1", (11, 12, 3))
    nibabel.save(nibabel.Nifti1Image(colours, np.eye(4)), tmp_path / "colours.nii")
    with Server(*paths, tmp_path / "pair.hdr", tmp_path / "colours.nii") as server:
        for path in paths:
            theirs = nibabel.load(path).get_fdata(dtype=np.float64).astype(path.stem[-2:])
            told = same(server, path.stem, theirs.T, "zyx")
            assert (told["window"]["vmin"], told["window"]["vmax"]) == (-5, 250)
        same(server, "pair", pair.T, "zyx")
        together = np.stack([colours[channel].T for channel in "RGB"], -1)
        same(server, "colours", together, "zyxc")


# MRC


def test_mrc_of_every_kind(tmp_path):
    wanted: dict[str, tuple[np.ndarray, str]] = {}
    for dtype in ["i1", "i2", "u2", "f2", "f4", "c8"]:
        for order in "<>":
            array = numbers(dtype, (4, 13, 17))
            name = f"{'little' if order == '<' else 'big'}_{dtype}"
            with mrcfile.new(tmp_path / f"{name}.mrc") as file:
                file.set_data(array.astype(np.dtype(dtype).newbyteorder(order)))
                file.set_volume()
                file.voxel_size = (1.25, 2.5, 5.0)
            wanted[name] = (array, "zyx")
    with mrcfile.new(tmp_path / "image.mrc") as file:
        wanted["image"] = (numbers("f4", (13, 17)), "yx")
        file.set_data(wanted["image"][0])
    with mrcfile.new(tmp_path / "stack.mrcs") as file:
        wanted["stack"] = (numbers("f4", (5, 13, 17)), "zyx")
        file.set_data(wanted["stack"][0])
        file.set_image_stack()
    with mrcfile.new(tmp_path / "volumes.map") as file:
        wanted["volumes"] = (numbers("i2", (2, 3, 13, 17)), "tzyx")
        file.set_data(wanted["volumes"][0])
    with mrcfile.new(tmp_path / "extended.rec") as file:
        wanted["extended"] = (numbers("i2", (3, 13, 17)), "zyx")
        file.set_data(wanted["extended"][0])
        file.set_extended_header(np.frombuffer(bytes(1024), "V1024"))
    with mrcfile.new(tmp_path / "packed.mrc.gz", compression="gzip") as file:
        wanted["packed.mrc"] = (numbers("f4", (3, 13, 17)), "zyx")
        file.set_data(wanted["packed.mrc"][0])
    with Server(*sorted(tmp_path.iterdir())) as server:
        for name, (array, axes) in wanted.items():
            same(server, name, array, axes)
        told = server.json(server.at("little_f4"))["dimensions"]
        assert [axis["unit"] for axis in told] == ["Å"] * 3
        np.testing.assert_allclose(
            [axis["coordinates"]["step"] for axis in told], [5.0, 2.5, 1.25], rtol=1e-6
        )


def test_mrc_of_other_modes_name_the_way(tmp_path):
    path = tmp_path / "mode.mrc"
    with mrcfile.new(path) as file:
        file.set_data(numbers("i2", (4, 4)))
    raw = bytearray(path.read_bytes())
    raw[12:16] = struct.pack("<i", 3)
    path.write_bytes(raw)
    refused(path, "mode 3", "mrcfile")


# DICOM


DICOM_FOLDER = Path(pydicom.data.__file__).parent / "test_files"
#: What is as stored, or exactly what it decodes to.
EXACT = [
    "CT_small.dcm",
    "ExplVR_BigEnd.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_expb.dcm",
    "MR_small_implicit.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_padded.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_rle.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_rle_32bit.dcm",
    "SC_rgb_rle_32bit_2frame.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "examples_overlay.dcm",
    "examples_rgb_color.dcm",
    "examples_palette.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",
    "liver_expb_1frame.dcm",
    "rtdose.dcm",
    "rtdose_1frame.dcm",
    "rtdose_expb.dcm",
    "rtdose_expb_1frame.dcm",
    "rtdose_rle.dcm",
    "rtdose_rle_1frame.dcm",
]
#: What is lossy, where decoders differ by a little.
CLOSE = {
    "693_J2KI.dcm": 3,
    "JPEG2000.dcm": 3,
    "examples_jpeg2k.dcm": 1,
    "examples_ybr_color.dcm": 6,
    "SC_rgb_dcmtk_+eb+cr.dcm": 3,
    "SC_rgb_dcmtk_+eb+cy+np.dcm": 6,
    "SC_rgb_dcmtk_+eb+cy+s4.dcm": 6,
    "SC_rgb_jpeg_dcmtk.dcm": 6,
    "SC_rgb_gdcm_KY.dcm": 3,
    "SC_rgb_jpeg_lossy_gdcm.dcm": 6,
    "SC_rgb_small_odd_jpeg.dcm": 6,
    "SC_ybr_full_422_uncompressed.dcm": 2,
}
REFUSED = {
    "JPEGLSNearLossless_08.dcm": "JPEG-LS",
    "MR_small_jpeg_ls_lossless.dcm": "JPEG-LS",
    "JPEG-lossy.dcm": "pylibjpeg",
    "MR_truncated.dcm": "cut short",
}


def dicom_values(path: Path) -> np.ndarray:
    """Read a file by pydicom as what its samples mean, palettes and YBR as RGB."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        array = dataset.pixel_array
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            return pydicom.pixels.apply_color_lut(array, dataset)
        if dataset.get("RescaleSlope") is not None and dataset.SamplesPerPixel == 1:
            array = pydicom.pixels.apply_modality_lut(array, dataset)
        return array


def test_dicom_of_others(tmp_path):
    paths = []
    for name in [*EXACT, *CLOSE]:
        path = tmp_path / name.replace("+", "p")
        shutil.copy(DICOM_FOLDER / name, path)
        paths.append((name, path))
    with Server(*(path for _, path in paths)) as server:
        for name, path in paths:
            wanted = dicom_values(path)
            at = server.at(path.stem)
            told = server.json(at)
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
            frames = int(dataset.get("NumberOfFrames", 1) or 1)
            assert told["shape"] == list(wanted.shape), name
            assert told["format"] == "DICOM"
            for frame in {0, frames - 1}:
                cut = wanted[frame] if frames > 1 else wanted
                query = f"&{told['axes'][0]}={frame}" if frames > 1 else ""
                found = region(server, at, (0, cut.shape[0], 0, cut.shape[1]), query).reshape(cut.shape)
                slack = CLOSE.get(name, 0)
                np.testing.assert_allclose(found, cut, rtol=0, atol=slack, err_msg=name)


@pytest.mark.parametrize("name", REFUSED)
def test_dicom_that_is_refused_says_why(tmp_path, name):
    shutil.copy(DICOM_FOLDER / name, tmp_path / name)
    refused(tmp_path / name, REFUSED[name], name)


def dicom(path: Path, array: np.ndarray, change: Callable[[FileDataset], None] = lambda _: None) -> None:
    """Write an array as a file of one frame, or of several."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[path.name])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(path, {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = (
        meta.MediaStorageSOPClassUID,
        meta.MediaStorageSOPInstanceUID,
    )
    dataset.Modality = "OT"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = array.shape[-2:]
    if array.ndim == 3:
        dataset.NumberOfFrames = len(array)
    bits = array.dtype.itemsize * 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(array.dtype.kind == "i")
    dataset.PixelData = array.tobytes() + bytes(array.nbytes % 2)
    change(dataset)
    dataset.save_as(path, enforce_file_format=True)


def test_dicom_windows_spacings_and_values(tmp_path):
    array = numbers("i2", (20, 30))
    array[:] = np.clip(array, -2000, 2000)

    def scanner(dataset: FileDataset) -> None:
        dataset.WindowCenter, dataset.WindowWidth = [40, 300], [400, 1500]
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        dataset.PixelSpacing = [0.5, 0.25]
        dataset.PhotometricInterpretation = "MONOCHROME1"

    dicom(tmp_path / "scanner.dcm", array, scanner)
    stack = numbers("u2", (5, 20, 30))

    def cine(dataset: FileDataset) -> None:
        dataset.FrameTime = 33.3
        dataset.RescaleSlope, dataset.RescaleIntercept = 0.125, 3

    dicom(tmp_path / "cine.dcm", stack, cine)

    def masked(dataset: FileDataset) -> None:
        dataset.BitsStored, dataset.HighBit = 12, 11

    dicom(tmp_path / "masked.dcm", numbers("u2", (20, 30)), masked)
    with Server(*sorted(tmp_path.iterdir())) as server:
        told = same(server, "scanner", array.astype("i4") - 1024, "yx")
        assert told["window"] == {"vmin": -160.0, "vmax": 239.0, "from": "given"}
        assert told["colormap"] == "gray_r"
        steps = [(axis["unit"], axis["coordinates"]["step"]) for axis in told["dimensions"]]
        assert steps == [("mm", 0.5), ("mm", 0.25)]
        told = same(server, "cine", (stack * 0.125 + 3).astype("f4"), "tyx")
        assert told["dimensions"][0]["coordinates"]["step"] == 33.3
        raw = pydicom.dcmread(tmp_path / "masked.dcm").PixelData
        same(server, "masked", np.frombuffer(raw, "<u2").reshape(20, 30) & 0xFFF, "yx")


# HDF5 and NetCDF


H5_TYPES = (
    "? u1 <u2 >u2 <u4 <u8 i1 <i2 >i2 <i4 >i4 <i8 <f2 <f4 >f4 <f8 >f8 <c8 <c16".split()  # noqa: SIM905
)
H5_OPTIONS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunked": {"chunks": (7, 11)},
    "gzip": {"chunks": (7, 11), "compression": "gzip"},
    "gzip_shuffle": {"chunks": (16, 16), "compression": "gzip", "compression_opts": 9, "shuffle": True},
    "lzf": {"chunks": (16, 16), "compression": "lzf", "shuffle": True},
    "fletcher": {"chunks": (16, 16), "fletcher32": True},
    "all": {"chunks": (16, 50), "compression": "gzip", "shuffle": True, "fletcher32": True},
    "one_chunk": {"chunks": (37, 50), "compression": "gzip"},
    "growing": {"chunks": (16, 16), "maxshape": (None, 50), "compression": "gzip"},
    "growing_both": {"chunks": (16, 16), "maxshape": (None, None)},
}


@pytest.mark.parametrize("libver", ["earliest", "v110", "v114"])
def test_hdf5_of_every_kind(tmp_path, libver):
    path = tmp_path / "all.h5"
    arrays: dict[str, np.ndarray] = {}
    with h5py.File(path, "w", libver=(libver, "v114")) as file:
        for dtype in H5_TYPES:
            array = RNG.integers(0, 2, (9, 12)).astype(bool) if dtype == "?" else numbers(dtype, (9, 12))
            arrays[f"types/{np.dtype(dtype).name}_{'big' if dtype[0] == '>' else 'little'}"] = array
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
        for name, options in H5_OPTIONS.items():
            if name == "growing_both" and libver != "earliest":
                continue  # indexed by a B-tree of version 2, see below
            arrays[f"options/{name}"] = smooth("i4", (37, 50))
            file.create_dataset(f"options/{name}", data=arrays[f"options/{name}"], **options)
        arrays["deep/er/cube"] = numbers("<u2", (3, 4, 30, 20))
        file.create_dataset(
            "deep/er/cube", data=arrays["deep/er/cube"], chunks=(1, 2, 16, 16), compression="gzip"
        )
        file.create_dataset("vector", data=np.arange(5))
        file.create_dataset("texts", data=np.array([[b"a", b"b"]]))
    with Server(path) as server:
        ids = {image["name"].removeprefix("all.h5/"): image["id"] for image in server.images}
        assert sorted(ids) == sorted(arrays)
        for name, array in arrays.items():
            axes = {2: "yx", 4: "czyx"}[array.ndim]
            native = array.astype(array.dtype.newbyteorder("="))
            assert same(server, ids[name], native, axes)["format"] == "HDF5"
    with Server(f"{path}::/deep/er/cube") as server:
        assert [image["name"] for image in server.images] == ["all.h5/deep/er/cube"]
        same(server, server.images[0]["id"], arrays["deep/er/cube"], "czyx")
    with Server(f"{path}::options") as server:
        assert len(server.images) == sum(name.startswith("options/") for name in arrays)
    refused(f"{path}::/deep/nothing", "nothing")
    refused(f"{path}::/vector", "dimension")


def test_hdf5_chunks_that_were_never_written(tmp_path):
    path = tmp_path / "sparse.h5"
    with h5py.File(path, "w") as file:
        sparse = file.create_dataset("sparse", (100, 120), "f4", chunks=(16, 16), fillvalue=-7.5)
        sparse[20:30, 40:90] = numbers("f4", (10, 50))
        file.create_dataset("empty", (100, 120), "i2", chunks=(16, 16), fillvalue=3)
        file.create_dataset("late", (100, 120), "i2")
    with Server(path) as server, h5py.File(path) as file:
        for image in server.images:
            same(server, image["id"], file[image["name"].split("/")[-1]][()], "yx")


def test_hdf5_that_is_not_read_names_the_way(tmp_path):
    path = tmp_path / "btree.h5"
    with h5py.File(path, "w", libver="v114") as file:
        file.create_dataset("a", data=numbers("i4", (40, 40)), chunks=(8, 8), maxshape=(None, None))
    refused(path, "B-tree", "h5py")
    with h5py.File(tmp_path / "newest.h5", "w", libver="latest") as file:
        file.create_dataset("a", data=numbers("i4", (40, 40)), chunks=(8, 8), compression="gzip")
    refused(tmp_path / "newest.h5", "layout version", "h5py")
    with h5py.File(tmp_path / "nothing.h5", "w") as file:
        file.create_dataset("a", data=np.arange(4))
    refused(tmp_path / "nothing.h5", "no dataset")
    with h5py.File(tmp_path / "scaleoffset.h5", "w") as file:
        file.create_dataset("a", data=smooth("i4", (40, 40)), chunks=(8, 8), scaleoffset=0)
    refused(tmp_path / "scaleoffset.h5", "scale", "h5py")
    virtual = h5py.VirtualLayout((4, 4), "i4")
    virtual[:] = h5py.VirtualSource(path, "a", (4, 4))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("v", virtual)
    refused(tmp_path / "virtual.h5", "virtual", "h5py")


def test_a_broken_chunk_is_an_error_and_the_rest_is_shown(tmp_path):
    path = tmp_path / "broken.h5"
    array = numbers("i4", (64, 64))
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("a", data=array, chunks=(32, 32), fletcher32=True)
        at = dataset.id.get_chunk_info_by_coord((32, 32)).byte_offset
    raw = bytearray(path.read_bytes())
    raw[at + 100] ^= 0xFF
    path.write_bytes(raw)
    with Server(path) as server:
        at = f"/images/{server.images[0]['id']}"
        np.testing.assert_array_equal(region(server, at, (0, 32, 0, 64)), array[:32])
        reply = server.get(f"{at}/region.npy?x0=40&y0=40&x1=50&y1=50")
        assert reply.status >= 400
        assert b"checksum" in reply.body


def climate(create: Callable[..., Any]) -> dict[str, np.ndarray]:
    """Write what a model of the weather would."""
    times, levels, rows, columns = 4, 3, 20, 36
    values = numbers("f4", (times, levels, rows, columns))
    packed = RNG.integers(-30000, 30000, (times, rows, columns)).astype("i2")
    packed[0, 2, 3] = -32767
    coordinates = {
        "time": (np.arange(times) * 6.0, "hours since 2020-01-01"),
        "level": (np.array([1000.0, 850.0, 500.0]), "hPa"),
        "lat": (np.linspace(90, -90, rows), "degrees_north"),
        "lon": (np.arange(columns) * 10.0, "degrees_east"),
    }
    for name, (numbers_of, unit) in coordinates.items():
        create(name, "f8", (name,), {"units": unit}, None)[...] = numbers_of
    create("wind", "f4", ("time", "level", "lat", "lon"), {"units": "m s-1", "long_name": "wind"}, None)[
        ...
    ] = values
    attributes = {"scale_factor": 0.01, "add_offset": 273.15, "units": "K"}
    create("temperature", "i2", ("time", "lat", "lon"), attributes, -32767)[...] = packed
    decoded = (packed.astype("f8") * 0.01 + 273.15).astype("f4")
    decoded[packed == -32767] = np.nan
    return {"wind": values, "temperature": decoded}


def check_climate(path: Path, wanted: dict[str, np.ndarray]) -> None:
    with Server(path) as server:
        ids = {image["name"].split("/")[-1]: image["id"] for image in server.images}
        assert sorted(ids) == ["temperature", "wind"]
        told = same(server, ids["wind"], wanted["wind"], "tzyx")
        assert [axis["label"] for axis in told["dimensions"]] == ["time", "level", "lat", "lon"]
        units = [axis["unit"] for axis in told["dimensions"]]
        assert units == ["hours since 2020-01-01", "hPa", "degrees_north", "degrees_east"]
        time, level, lat, lon = (axis["coordinates"] for axis in told["dimensions"])
        assert time == {"start": 0.0, "step": 6.0}
        assert level == {"values": [1000.0, 850.0, 500.0]}
        assert lat["start"] == 90
        np.testing.assert_allclose(lat["step"], -180 / 19)
        assert lon == {"start": 0.0, "step": 10.0}
        assert told["details"]["unit"] == "m s-1"
        same(server, ids["temperature"], wanted["temperature"], "tyx")


def test_netcdf_by_netcdf4(tmp_path):
    path = tmp_path / "weather.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.set_auto_maskandscale(False)
        for name, size in {"time": None, "level": 3, "lat": 20, "lon": 36}.items():
            file.createDimension(name, size)

        def create(
            name: str, dtype: str, dimensions: tuple[str, ...], attributes: dict, fill: float | None
        ) -> Any:
            variable = file.createVariable(name, dtype, dimensions, zlib=True, shuffle=True, fill_value=fill)
            variable.setncatts(attributes)
            variable.set_auto_maskandscale(False)
            return variable

        wanted = climate(create)
    with netCDF4.Dataset(path) as file:
        theirs = file["temperature"][:].filled(np.nan)
    np.testing.assert_allclose(theirs, wanted["temperature"], rtol=1e-6)
    check_climate(path, wanted)


def test_netcdf_by_h5netcdf(tmp_path):
    path = tmp_path / "weather.nc"
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"time": 4, "level": 3, "lat": 20, "lon": 36}

        def create(
            name: str, dtype: str, dimensions: tuple[str, ...], attributes: dict, fill: float | None
        ) -> Any:
            variable = file.create_variable(name, dimensions, dtype, fillvalue=fill)
            variable.attrs.update(attributes)
            return variable

        wanted = climate(create)
    check_climate(path, wanted)


def test_netcdf_of_the_classic_kind_names_the_way(tmp_path):
    path = tmp_path / "classic.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("x", 4)
        file.createVariable("a", "f4", ("x",))
    refused(path, "NetCDF 3", "netCDF4")


# All of them


def test_cut_files_are_refused(tmp_path):
    fits.PrimaryHDU(numbers("i2", (40, 50))).writeto(tmp_path / "a.fits")
    nibabel.save(nibabel.Nifti1Image(numbers("i2", (40, 50, 2)), np.eye(4)), tmp_path / "a.nii")
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(numbers("i2", (40, 50)))
    dicom(tmp_path / "a.dcm", numbers("i2", (40, 50)))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=numbers("i2", (40, 50)), chunks=(10, 10))
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        # Of FITS the last block is filled with zeros that nobody misses.
        needed = len(whole) if path.suffix != ".fits" else 2880 + 4000
        for length in (200, needed // 2, needed - 1):
            short = path.with_name(f"short{path.suffix}")
            short.write_bytes(whole[:length])
            refused(short, short.name)


def test_files_are_told_apart_by_their_first_bytes(tmp_path):
    fits.PrimaryHDU(numbers("i2", (8, 9))).writeto(tmp_path / "a.fits")
    nibabel.save(nibabel.Nifti1Image(numbers("i2", (8, 9, 2)), np.eye(4)), tmp_path / "b.nii")
    with mrcfile.new(tmp_path / "c.mrc") as file:
        file.set_data(numbers("i2", (8, 9)))
    dicom(tmp_path / "d.dcm", numbers("i2", (8, 9)))
    with h5py.File(tmp_path / "e.h5", "w") as file:
        file.create_dataset("a", data=numbers("i2", (8, 9)))
    for path in sorted(tmp_path.iterdir()):
        path.rename(path.with_suffix(".bin"))
    with Server(*sorted(tmp_path.iterdir())) as server:
        formats = [image["format"] for image in server.images]
        assert formats == ["FITS", "NIfTI", "MRC", "DICOM", "HDF5"]
    assert all(a != b for a, b in pairwise(formats))
