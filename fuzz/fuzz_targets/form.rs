//! `cargo fuzz run form`: see `frontdesk_fuzz::form` for what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frontdesk_fuzz::form(data));
