//! What people type: one command a file. Answers go to stdout, words for people about them to stderr.

pub mod check;
pub mod companion;
pub mod csv;
pub mod demo;
pub mod events;
pub mod export;
pub mod init;
pub mod seed;
pub mod send;
pub mod sender;
pub mod serve;
pub mod sources;
pub mod table;
pub mod token;
pub mod try_;
pub mod user;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::model::problem::Problem;

/// The front desk of a CRM: webhooks in, contacts, leads, orders and tickets with an owner out.
#[derive(Debug, Parser)]
#[command(name = "frontdesk", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write a commented frontdesk.toml with fresh secrets
    Init(init::Init),
    /// Run the gateway
    Serve(serve::Serve),
    /// Load everything and name every problem with file and line
    Check(check::Check),
    /// List the known sources, or show one
    Sources(sources::Sources),
    /// Dry run: what a body would become
    Try(try_::Try),
    /// Post a signed sample event to a running gateway
    Send(send::Send),
    /// Fill an empty store with invented events and leads, to measure by
    #[command(hide = true)]
    Seed(seed::Seed),
    /// Look at the inbox: list, show, replay, release
    Events(events::Events),
    /// Write all records of a kind to stdout
    Export(export::Export),
    /// Make, list and revoke tokens of the API
    Token(token::Token),
    /// Add, list and shut out users of the console
    User(user::User),
}

/// Runs one command.
///
/// Exit codes: 0 it worked; 1 it did not, or the command line is wrong; 2 is `try`'s for a body that does not validate.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let mut out = std::io::stdout().lock();
    let done = match &arguments.command {
        Command::Init(args) => init::run(args, &mut out),
        Command::Serve(args) => serve::run(args, &mut out),
        Command::Check(args) => check::run(args, &mut out),
        Command::Sources(args) => sources::run(args, &mut out),
        Command::Try(args) => try_::run(args, &mut out),
        Command::Seed(args) => seed::run(args, &mut out),
        Command::Send(args) => send::run(args, &mut out),
        Command::Events(args) => events::run(args, &mut out),
        Command::Export(args) => export::run(args, &mut out),
        Command::Token(args) => token::run(args, &mut out),
        Command::User(args) => user::run(args, &mut out),
    };
    match done.and_then(|code| Ok(out.flush().map(|()| code)?)) {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("frontdesk: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Help and version are answers; anything else is wrong use, for which `try` promises 1 and so all commands say 1.
fn usage(error: &clap::Error) -> ExitCode {
    // Where even the complaint cannot be written, the exit code still says it.
    drop(error.print());
    if error.use_stderr() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// `frontdesk export … | head`: the reader has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<std::io::Error>();
        let json = cause.downcast_ref::<serde_json::Error>();
        io.map(std::io::Error::kind)
            .or_else(|| json.and_then(serde_json::Error::io_error_kind))
    };
    error
        .chain()
        .any(|cause| kind(cause) == Some(std::io::ErrorKind::BrokenPipe))
}

/// Words for people, on stderr.
fn tell(words: &str) {
    // A closed stderr is nobody's listening; there is nobody to tell.
    drop(writeln!(std::io::stderr().lock(), "{words}"));
}

/// Problems of files as one error.
fn told(problems: Vec<Problem>) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}
