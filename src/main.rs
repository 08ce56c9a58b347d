//! The binary: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    frontdesk::telemetry::install_panic_hook();
    frontdesk::cli::run(std::env::args_os())
}
