#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = projectile_core::Expression::parse(text);
});
