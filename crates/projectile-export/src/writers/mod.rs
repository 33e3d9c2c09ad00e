//! What images are written as. One file a format.
//!
//! To add one: write `name.rs` here with a type that implements [`Writer`], and add a line to [`WRITERS`].

mod dzi;
mod ome_zarr;
mod pmtiles;
mod tiff;
mod xyz;
mod zip;

use crate::output::Writer;

/// Every format, in the order in which they are listed.
pub static WRITERS: &[&dyn Writer] = &[
    &ome_zarr::OmeZarr,
    &tiff::Tiff,
    &dzi::Dzi,
    &xyz::Xyz,
    &pmtiles::PmTiles,
    &zip::Zip,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_this_folder_is_registered() {
        let files: BTreeSet<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/writers"))
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_string_lossy()
                    .replace('_', "-")
            })
            .filter(|name| name != "mod")
            .collect();
        let registered: BTreeSet<String> = WRITERS.iter().map(|writer| writer.name().to_owned()).collect();
        assert_eq!(files, registered);
        assert_eq!(registered.len(), WRITERS.len());
    }
}
