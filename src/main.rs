//! The binary: arguments in, exit code out.

use std::process::ExitCode;

/// An event is hundreds of small allocations, many of them freed by another thread than made them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    frontdesk::telemetry::install_panic_hook();
    frontdesk::cli::run(std::env::args_os())
}
