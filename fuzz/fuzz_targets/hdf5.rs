#![no_main]

mod open;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| open::opened(".h5", bytes));
