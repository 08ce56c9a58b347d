//! `cargo fuzz run signature`: see `frontdesk_fuzz::signature` for what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frontdesk_fuzz::signature(data));
