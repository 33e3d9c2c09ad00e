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
from PIL import Image
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


def arrays() -> dict[str, list[bytes]]:
    """Arrays in both orders, and archives of them."""
    npy, npz = [], []
    for array in (GRAY, FLOAT.astype(">f4"), np.asfortranarray(DEEP), np.zeros((2, 3, 4, 5), "c8"), GRAY > 3):
        file = io.BytesIO()
        np.save(file, array)
        npy.append(file.getvalue())
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, gray=GRAY, deep=DEEP)
        npz.append(file.getvalue())
    return {"npy": npy, "npz": npz}


# In the order of the endings in src/targets/files.rs, whose number comes before the file.
PICTURES = ["bmp", "gif", "webp", "ppm", None, "ico", "tga", "dds", None, "qoi", None, None, "jpeg2000"]


def pictures() -> dict[str, list[bytes]]:
    """Gray, colours, a palette, by each of Pillow's writers."""
    images = [
        Image.fromarray(GRAY),
        Image.fromarray(np.stack([GRAY] * 3, -1)),
        Image.fromarray(np.stack([GRAY] * 4, -1)),
        Image.fromarray(GRAY).convert("P"),
        Image.fromarray(DEEP),
    ]

    def written(image: Image.Image, kind: str, **options: object) -> bytes | None:
        file = io.BytesIO()
        try:
            image.save(file, kind, **options)
        except (OSError, ValueError, KeyError):  # a format has not all modes
            return None
        return file.getvalue()

    def each(kind: str, **options: object) -> list[bytes]:
        return [made for image in images if (made := written(image, kind, **options))]

    others = [
        bytes([number]) + made
        for number, kind in enumerate(PICTURES)
        if kind
        for made in each(kind, **({"save_all": True} if kind == "gif" else {}))
    ]
    return {
        "png": each("png"),
        "jpeg": [*each("jpeg"), *each("jpeg", progressive=True, quality=60)],
        "pictures": others,
    }


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
    xml = (
        b'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        b'<Image ID="Image:0" Name="a"><Pixels DimensionOrder="XYCZT" SizeX="24" SizeY="20" SizeC="3" '
        b'SizeZ="1" SizeT="1" Type="uint8" PhysicalSizeX="0.5">'
        b'<Channel ID="Channel:0:0" Name="DAPI" Color="-16776961" SamplesPerPixel="1"/>'
        b'<TiffData IFD="0" PlaneCount="3"/></Pixels></Image></OME>'
    )
    hyperstack = b"ImageJ=1.53t\nimages=3\nchannels=3\nunit=micron\nspacing=0.5\nhyperstack=true\n"
    addresses = [
        b"images/stack/2/1/1/16.png?colormap=viridis&vmin=0&vmax=9&t=1&resampling=max",
        b"images/gray/region.npy?x=1&y=2&width=9&height=5",
        b"iiif/3/gray~colormap=magma/pct:10,10,50,50/!40,30/!22.5/gray.jpg",
        b"dzi/stack_files/3/0_0.png?tile_size=16&overlap=2",
        b"zarr/stack.zarr/0/c/0/1/0/0",
        b"images/stack/0/0/0/8.png?expression=(b2-b1)/(b2%2Bb1)",
        b"wmts?service=WMTS&request=GetTile&version=1.0.0&layer=gray&tilematrixset=WebMercatorQuad&tilematrix=0",
        b"colormaps/viridis.svg?vmin=-3&vmax=1e4",
    ]
    polygon = (
        b'{"type":"Feature","properties":{},"geometry":{"type":"Polygon",'
        b'"coordinates":[[[1,1],[20,1],[20,15],[1,1]]]}}'
    )
    state = b'{"client":"0123456789abcdef","image":"gray","x":1,"y":2,"zoom":3}'
    heads = [
        b"GET\n/\n\x00localhost\n\x01http://localhost\n\x07image/png",
        b'HEAD\n/images\n\x00127.0.0.1:8000\n\x04W/"a", *\n\x0500-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        b"OPTIONS\n/live/state\n\x00[::1]:8000\n\x08cross-site\n\x02for=[2001:db8::1];proto=https",
    ]
    numbers = [(20, 24, 3, 0, 0, 256), (2**40, 2**62, 31, 2**30, 7, 4096), (2**32, 2**32, 2)]
    return {
        "metadata": [xml, hyperstack],
        "addresses": addresses,
        "bodies": [b"\0" + polygon, b'\1{"bbox":"1,1,9,9"}', b"\2" + polygon, b"\3" + state],
        "front_door": heads,
        "arithmetic": [np.array(row, "<u8").tobytes() for row in numbers],
        "zarr_array": [zarr, two],
        "zarr_attributes": [ome],
        "expression": [b"(b2-b1)/(b2+b1)", b'where("DAPI" > 3 & other.b1 <= 2e3, sqrt(b1 ** 2), nan)'],
    }


def main() -> None:
    """Write all of them."""
    folder = Path(sys.argv[1])
    seeds = {
        **arrays(),
        **pictures(),
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
