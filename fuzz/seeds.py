"""Writes small files of every format for the fuzzers to begin with: `python fuzz/seeds.py fuzz/corpus`.

It needs the Python packages of tests/requirements.txt.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import mrcfile
import nibabel
import numpy as np
import pydicom
import tifffile
from astropy.io import fits
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

GRAY = (np.arange(20 * 24).reshape(20, 24) % 251).astype(np.uint8)
DEEP = GRAY.astype(np.uint16) * 200
FLOAT = GRAY.astype(np.float32) / 7


def tiff() -> list[bytes]:
    """Strips and tiles, compressed and not, with pages and pyramids."""
    made = []
    for array, options in [
        (GRAY, {}),
        (DEEP, {"tile": (16, 16), "compression": "zlib", "predictor": True}),
        (FLOAT, {"compression": "lzw", "bigtiff": True}),
        (np.stack([GRAY] * 3, -1), {"photometric": "rgb", "compression": "packbits", "byteorder": ">"}),
        (np.stack([DEEP] * 4), {"imagej": True}),
        (np.stack([GRAY] * 2), {"ome": True, "compression": "zstd"}),
    ]:
        file = io.BytesIO()
        tifffile.imwrite(file, array, **options)
        made.append(file.getvalue())
    return made


def fits_files() -> list[bytes]:
    """Scaled, of several extensions, compressed by tiles."""
    made = []
    scaled = fits.PrimaryHDU(DEEP)
    several = fits.HDUList(
        [fits.PrimaryHDU(), fits.ImageHDU(FLOAT), fits.CompImageHDU(DEEP.astype(np.int16))]
    )
    for hdus in (fits.HDUList([scaled]), several):
        file = io.BytesIO()
        hdus.writeto(file)
        made.append(file.getvalue())
    return made


def by_path(ending: str, write: Callable[[Path], object]) -> bytes:
    """What a writer writes that wants a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        write(path)
        return path.read_bytes()


def nifti() -> list[bytes]:
    """Both versions."""
    volume = np.stack([DEEP] * 3, -1).astype(np.int16)
    kinds = (nibabel.Nifti1Image, nibabel.Nifti2Image)
    return [
        by_path(".nii", lambda path, kind=kind: nibabel.save(kind(volume, np.eye(4)), path)) for kind in kinds
    ]


def mrc() -> list[bytes]:
    """A volume of floats and a plane of integers."""

    def write(path: Path, array: np.ndarray) -> None:
        with mrcfile.new(path) as file:
            file.set_data(array)

    return [
        by_path(".mrc", lambda path, array=array: write(path, array))
        for array in (FLOAT, np.stack([FLOAT] * 2))
    ]


def hdf5() -> list[bytes]:
    """Contiguous and by chunks, in groups, in both layouts of the file."""

    def write(path: Path, libver: str) -> None:
        with h5py.File(path, "w", libver=libver) as file:
            file["plain"] = GRAY
            file.create_dataset("group/chunks", data=DEEP, chunks=(8, 8), compression="gzip", shuffle=True)
            file["group/chunks"].attrs["units"] = "counts"

    return [
        by_path(".h5", lambda path, libver=libver: write(path, libver)) for libver in ("earliest", "latest")
    ]


def dicom() -> list[bytes]:
    """One frame, and two."""
    made = []
    for frames in (DEEP, np.stack([DEEP] * 2)):
        dataset = pydicom.Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = SecondaryCaptureImageStorage
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=["projectile"])
        dataset.Rows, dataset.Columns = DEEP.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
            16,
            16,
            15,
            0,
        )
        dataset.WindowCenter, dataset.WindowWidth = 1000, 2000
        if frames.ndim > 2:
            dataset.NumberOfFrames = len(frames)
        dataset.PixelData = frames.tobytes()
        file = io.BytesIO()
        pydicom.dcmwrite(file, dataset, enforce_file_format=True)
        made.append(file.getvalue())
    return made


def texts() -> dict[str, list[bytes]]:
    """What is no file."""
    zarr = (
        b'{"zarr_format":3,"node_type":"array","shape":[20,24],"data_type":"uint16","chunk_grid":{"name":"regular",'
        b'"configuration":{"chunk_shape":[10,10]}},"chunk_key_encoding":{"name":"default"},"fill_value":0,'
        b'"codecs":[{"name":"bytes","configuration":{"endian":"little"}},{"name":"gzip","configuration":{"level":1}}]}'
    )
    two = (
        b'{"zarr_format":2,"shape":[20,24],"chunks":[10,10],"dtype":"<u2","compressor":{"id":"zlib","level":1},'
        b'"fill_value":0,"order":"C","filters":null}'
    )
    ome = (
        b'{"ome":{"version":"0.5","multiscales":[{"axes":[{"name":"y","type":"space"},{"name":"x","type":"space"}],'
        b'"datasets":[{"path":"0","coordinateTransformations":[{"type":"scale","scale":[1,1]}]}]}]}}'
    )
    return {
        "zarr_array": [zarr, two],
        "zarr_attributes": [ome],
        "expression": [b"(b2-b1)/(b2+b1)", b'where("DAPI" > 3 & other.b1 <= 2e3, sqrt(b1 ** 2), nan)'],
    }


def main() -> None:
    """Write all of them."""
    folder = Path(sys.argv[1])
    seeds = {
        "tiff": tiff(),
        "fits": fits_files(),
        "nifti": nifti(),
        "mrc": mrc(),
        "hdf5": hdf5(),
        "dicom": dicom(),
        **texts(),
    }
    for target, files in seeds.items():
        place = folder / target
        place.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(files):
            (place / f"seed-{number}").write_bytes(content)


if __name__ == "__main__":
    main()
