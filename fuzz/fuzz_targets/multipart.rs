//! `cargo fuzz run multipart`: see `frontdesk_fuzz::multipart` for what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frontdesk_fuzz::multipart(data));
