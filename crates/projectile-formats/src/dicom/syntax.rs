//! Transfer syntaxes: how elements are written, and how pixels are compressed (DICOM PS3.5, chapter 10).

/// How pixels are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Rle,
    /// Baseline, extended and lossless.
    Jpeg,
    Jpeg2000,
    /// Not read here.
    Other,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    /// Whether elements tell what kind their value is of.
    pub(super) is_explicit: bool,
    pub(super) big_endian: bool,
    /// Whether all after the first group is compressed.
    pub(super) is_deflated: bool,
    pub(super) compression: Compression,
}

impl Syntax {
    /// What is meant where a file does not say.
    pub(super) const IMPLICIT: Self = Self {
        is_explicit: false,
        big_endian: false,
        is_deflated: false,
        compression: Compression::None,
    };
    pub(super) const EXPLICIT: Self = Self {
        is_explicit: true,
        ..Self::IMPLICIT
    };

    pub(super) fn of(uid: &str) -> Self {
        let compressed = |compression| Self {
            compression,
            ..Self::EXPLICIT
        };
        match uid {
            "1.2.840.10008.1.2" => Self::IMPLICIT,
            "1.2.840.10008.1.2.1" => Self::EXPLICIT,
            "1.2.840.10008.1.2.1.99" => Self {
                is_deflated: true,
                ..Self::EXPLICIT
            },
            "1.2.840.10008.1.2.2" => Self {
                big_endian: true,
                ..Self::EXPLICIT
            },
            "1.2.840.10008.1.2.5" => compressed(Compression::Rle),
            "1.2.840.10008.1.2.4.50"
            | "1.2.840.10008.1.2.4.51"
            | "1.2.840.10008.1.2.4.57"
            | "1.2.840.10008.1.2.4.70" => compressed(Compression::Jpeg),
            "1.2.840.10008.1.2.4.90"
            | "1.2.840.10008.1.2.4.91"
            | "1.2.840.10008.1.2.4.201"
            | "1.2.840.10008.1.2.4.202"
            | "1.2.840.10008.1.2.4.203" => compressed(Compression::Jpeg2000),
            _ => compressed(Compression::Other),
        }
    }

    /// What a person calls the compression of a transfer syntax that is not read.
    pub(super) fn name(uid: &str) -> String {
        let name = match uid {
            "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81" => "JPEG-LS",
            "1.2.840.10008.1.2.4.110" | "1.2.840.10008.1.2.4.111" | "1.2.840.10008.1.2.4.112" => "JPEG XL",
            uid if uid.starts_with("1.2.840.10008.1.2.4.10") => "MPEG video",
            _ => "",
        };
        if name.is_empty() {
            format!("transfer syntax {uid}")
        } else {
            name.to_owned()
        }
    }
}
