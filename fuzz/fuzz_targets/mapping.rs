//! `cargo fuzz run mapping`: see `frontdesk_fuzz::mapping` for what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frontdesk_fuzz::mapping(data));
