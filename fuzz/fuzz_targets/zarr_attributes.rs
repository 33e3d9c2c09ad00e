//! What a group's attributes say of images, plates and labels.
#![no_main]

libfuzzer_sys::fuzz_target!(|json: &[u8]| {
    let _ = projectile_formats::check_attributes(json);
});
