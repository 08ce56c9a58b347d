//! Load on loopback: Frontdesk against a bare reference, ratios in one run.
//!
//! `cargo bench --bench load -- all` prints the tables of docs/BENCHMARKS.md. Every body is distinct, signed before
//! the clock starts, of thousands of distinct customers; what was stored and mapped is counted afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measuring tool for a terminal"
)]

mod bodies;
mod gateway;
mod generator;
mod reference;
mod scenario;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["reference", database, listen] => reference::run(database, listen),
        [] => {
            println!("load: nothing asked for; try `cargo bench --bench load -- all`");
            Ok(())
        }
        ["all"] => scenario::all(&scenario::Options::default()),
        ["quick"] => scenario::all(&scenario::Options::quick()),
        ["million"] => scenario::million(&scenario::Options::default()),
        ["visible"] => scenario::visible(),
        ["cost"] => scenario::cost(),
        [which @ ("leads" | "orders")] => {
            scenario::one(which, &scenario::Options::default()).map(|_| ())
        }
        [which @ ("leads" | "orders"), "burst"] => {
            scenario::burst_alone(which, &scenario::Options::default())
        }
        [which @ ("leads" | "orders"), "quick"] => {
            scenario::one(which, &scenario::Options::quick()).map(|_| ())
        }
        [which @ ("leads" | "orders"), "steady", rate, stored] => scenario::steady(
            which,
            number(rate)?,
            number(stored)?,
            &scenario::Options::default(),
        ),
        _ => Err(anyhow::anyhow!(
            "usage: load all | quick | million | visible | cost | leads [quick | burst | steady RATE STORED] | orders [the same]"
        )),
    }
}

fn number<T: std::str::FromStr>(word: &str) -> anyhow::Result<T> {
    let number = word.parse();
    number.map_err(|_| anyhow::anyhow!("\"{word}\" is not a number"))
}
