#![no_main]

mod open;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = projectile_formats::nifti::parse_header(bytes);
    open::opened(".nii", bytes);
});
