//! What PIL reads and this program does not: the file is known, and the error says how it can be seen all the same.

use std::path::Path;
use std::sync::Arc;

use projectile_core::{Error, Result};

use crate::blob::Blob;
use crate::format::{Format, NamedSource};
use crate::open::OpenOptions;

/// A format that is only known by name.
pub(crate) struct Unsupported {
    name: &'static str,
    extensions: &'static [&'static str],
    /// Where its first bytes have a signature, and which.
    signature: Option<(usize, &'static [u8])>,
    way: Way,
}

/// How the file can be seen nevertheless.
#[derive(Clone, Copy)]
enum Way {
    /// Pillow reads it.
    Pillow,
    /// A package that gives an array, and what to call.
    Array(&'static str, &'static str),
    /// Only by turning it into something else first.
    Convert(&'static str),
}

impl Format for Unsupported {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        match self.way {
            Way::Pillow => "not read: opened by the Python package through Pillow",
            Way::Array(..) => "not read: opened by the Python package from an array",
            Way::Convert(_) => "not read: to be converted first",
        }
    }

    fn extensions(&self) -> &'static [&'static str] {
        self.extensions
    }

    fn sniff(&self, head: &[u8]) -> bool {
        self.signature
            .is_some_and(|(at, bytes)| head.get(at..).is_some_and(|rest| rest.starts_with(bytes)))
    }

    fn open(&self, _path: &Path, _options: &OpenOptions) -> Result<Vec<NamedSource>> {
        Err(self.refusal())
    }

    fn open_blob(&self, _blob: &Arc<dyn Blob>, _options: &OpenOptions) -> Option<Result<Vec<NamedSource>>> {
        // What is refused anyway need not be brought here.
        Some(Err(self.refusal()))
    }
}

impl Unsupported {
    fn refusal(&self) -> Error {
        let name = self.name;
        Error::unsupported(match self.way {
            Way::Pillow => format!(
                "{name} images are opened by the Python package through Pillow: pip install 'projectile[pillow]', \
                 then projectile.show(path)"
            ),
            Way::Array(package, call) => format!(
                "{name} files are opened by the Python package as arrays: pip install projectile {package}, then \
                 projectile.show({call})"
            ),
            Way::Convert(why) => format!("{name} files are not opened: {why}"),
        })
    }
}

const fn pillow(
    name: &'static str,
    extensions: &'static [&'static str],
    signature: Option<(usize, &'static [u8])>,
) -> Unsupported {
    Unsupported {
        name,
        extensions,
        signature,
        way: Way::Pillow,
    }
}

const fn array(
    name: &'static str,
    extensions: &'static [&'static str],
    signature: Option<(usize, &'static [u8])>,
    package: &'static str,
    call: &'static str,
) -> Unsupported {
    Unsupported {
        name,
        extensions,
        signature,
        way: Way::Array(package, call),
    }
}

/// PostScript is a program: PIL hands it to an interpreter, which a viewer of strangers' files must not.
const PROGRAM: Way = Way::Convert(
    "they are programs, which would have to be run. Convert the file to PNG or TIFF with a tool that you trust \
     with it",
);
const VECTORS: Way = Way::Convert("they are drawings without pixels. Render the file to PNG or TIFF first");

/// Its one decoder in Rust, rav1d, shows good files well but ends the whole process on broken ones (`abort`, which no
/// `catch_unwind` meets), and a server must outlive any file.
pub(crate) static AVIF: Unsupported = pillow("AVIF", &["avif", "avifs"], Some((4, b"ftypavif")));
pub(crate) static AVIF_SEQUENCE: Unsupported = pillow("AVIF sequence", &[], Some((4, b"ftypavis")));
pub(crate) static BLP: Unsupported = pillow("BLP", &["blp"], Some((0, b"BLP")));
pub(crate) static BUFR: Unsupported = array("BUFR", &["bufr"], Some((0, b"BUFR")), "pybufrkit", "array");
pub(crate) static CUR: Unsupported = pillow("CUR", &["cur"], None);
pub(crate) static DCX: Unsupported = pillow("DCX", &["dcx"], Some((0, &[0xb1, 0x68, 0xde, 0x3a])));
pub(crate) static EPS: Unsupported = Unsupported {
    name: "EPS and PostScript",
    extensions: &["eps", "ps"],
    signature: Some((0, b"%!PS")),
    way: PROGRAM,
};
pub(crate) static EPS_BINARY: Unsupported = Unsupported {
    name: "EPS with a preview",
    extensions: &[],
    signature: Some((0, &[0xc5, 0xd0, 0xd3, 0xc6])),
    way: PROGRAM,
};
pub(crate) static FLI: Unsupported = pillow("FLI", &["fli", "flc"], Some((4, &[0x11, 0xaf])));
pub(crate) static FLC: Unsupported = pillow("FLC", &[], Some((4, &[0x12, 0xaf])));
pub(crate) static FTEX: Unsupported = pillow("FTEX", &["ftc", "ftu"], Some((0, b"FTEX")));
pub(crate) static GBR: Unsupported = pillow("GBR", &["gbr"], Some((20, b"GIMP")));
pub(crate) static GRIB: Unsupported = array(
    "GRIB",
    &["grib", "grb", "grib2"],
    Some((0, b"GRIB")),
    "cfgrib",
    "xarray.open_dataset(path)[name]",
);
pub(crate) static HDF4: Unsupported = array(
    "HDF4",
    &["hdf4"],
    Some((0, &[0x0e, 0x03, 0x13, 0x01])),
    "pyhdf",
    "SD(path).select(name)[:]",
);
pub(crate) static HEIF: Unsupported = Unsupported {
    name: "HEIF",
    extensions: &["heic", "heif", "hif"],
    signature: Some((4, b"ftyphei")),
    way: Way::Array("pillow-heif", "numpy.asarray(image)"),
};
pub(crate) static ICNS: Unsupported = pillow("ICNS", &["icns"], Some((0, b"icns")));
pub(crate) static IM: Unsupported = pillow("IM", &["im"], None);
pub(crate) static IMT: Unsupported = pillow("IMT", &["imt"], None);
pub(crate) static IPTC: Unsupported = pillow("IPTC", &["iim"], None);
pub(crate) static MCIDAS: Unsupported = pillow("MCIDAS", &["area"], Some((0, &[0, 0, 0, 0, 0, 0, 0, 4])));
pub(crate) static MPEG: Unsupported = Unsupported {
    name: "MPEG",
    extensions: &["mpg", "mpeg", "mp4", "mov", "avi", "mkv"],
    signature: Some((0, &[0, 0, 1, 0xb3])),
    way: Way::Array("imageio", "imageio.v3.imread(path, index=0)"),
};
pub(crate) static MSP: Unsupported = pillow("MSP", &["msp"], Some((0, b"DanM")));
pub(crate) static MSP2: Unsupported = pillow("MSP 2", &[], Some((0, b"LinS")));
pub(crate) static NETCDF3: Unsupported = array(
    "NetCDF 3",
    &[],
    Some((0, b"CDF")),
    "netCDF4",
    "netCDF4.Dataset(path)[name][:]",
);
pub(crate) static PCD: Unsupported = pillow("PCD", &["pcd"], Some((2048, b"PCD_")));
pub(crate) static PCX: Unsupported = pillow("PCX", &["pcx"], Some((0, &[10, 5, 1])));
pub(crate) static PDF: Unsupported = Unsupported {
    name: "PDF",
    extensions: &["pdf", "ai"],
    signature: Some((0, b"%PDF-")),
    way: VECTORS,
};
pub(crate) static PIXAR: Unsupported = pillow("PIXAR", &["pxr"], Some((0, &[0x80, 0xe8, 0, 0])));
pub(crate) static SGI: Unsupported = pillow("SGI", &["sgi", "rgb", "rgba", "bw"], Some((0, &[1, 0xda])));
pub(crate) static SPIDER: Unsupported = pillow("SPIDER", &["spi", "spider"], None);
pub(crate) static SUN: Unsupported = pillow("SUN", &["ras"], Some((0, &[0x59, 0xa6, 0x6a, 0x95])));
pub(crate) static SVG: Unsupported = Unsupported {
    name: "SVG",
    extensions: &["svg", "svgz"],
    signature: Some((0, b"<svg")),
    way: VECTORS,
};
pub(crate) static WMF: Unsupported = Unsupported {
    name: "WMF and EMF",
    extensions: &["wmf", "emf"],
    signature: Some((0, &[0xd7, 0xcd, 0xc6, 0x9a])),
    way: VECTORS,
};
pub(crate) static XBM: Unsupported = pillow("XBM", &["xbm"], None);
pub(crate) static XPM: Unsupported = pillow("XPM", &["xpm"], Some((0, b"/* XPM */")));
pub(crate) static XVTHUMB: Unsupported = pillow("XV thumbnail", &["p7", "xv"], Some((0, b"P7 332")));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_the_way() {
        let text = |format: &Unsupported| {
            format
                .open(Path::new("a"), &OpenOptions::default())
                .unwrap_err()
                .message()
                .to_owned()
        };
        assert_eq!(
            text(&SGI),
            "SGI images are opened by the Python package through Pillow: pip install 'projectile[pillow]', then \
             projectile.show(path)"
        );
        assert!(text(&HDF4).contains("pip install projectile pyhdf"));
        assert!(text(&EPS).contains("they are programs"));
    }

    #[test]
    fn signatures_are_found_where_they_stand() {
        assert!(SGI.sniff(&[1, 0xda, 1, 1]));
        assert!(!SGI.sniff(&[1]));
        let mut gimp = vec![0; 24];
        gimp[20..].copy_from_slice(b"GIMP");
        assert!(GBR.sniff(&gimp));
        assert!(!GBR.sniff(&gimp[1..]));
        assert!(!XBM.sniff(b"#define a_width 3"));
    }
}
