//! `cargo fuzz run json`: see `frontdesk_fuzz::json` for what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frontdesk_fuzz::json(data));
