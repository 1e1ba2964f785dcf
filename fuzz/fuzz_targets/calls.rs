#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| orgwire_fuzz::calls::check(input));
