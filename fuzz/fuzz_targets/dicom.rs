#![no_main]

mod open;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = projectile_formats::dicom::parse(std::io::Cursor::new(bytes), bytes.len() as u64);
    open::opened(".dcm", bytes);
});
