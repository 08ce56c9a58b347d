//! `cargo fuzz run formula`: see `frontdesk_fuzz::formula` for what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frontdesk_fuzz::formula(data));
