//! `cargo fuzz run xml`: see `frontdesk_fuzz::xml` for what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frontdesk_fuzz::xml(data));
