//! Assignment, pure: rules and people in, an owner and a complete reason out. No I/O, no clock, no randomness.
