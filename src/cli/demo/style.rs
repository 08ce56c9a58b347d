//! Colours, where there is a terminal that shows them.

use std::io::IsTerminal;
use std::sync::LazyLock;

use crate::config::no_color;

static COLOURS: LazyLock<bool> = LazyLock::new(|| std::io::stderr().is_terminal() && !no_color());

fn painted(code: &str, text: &str) -> String {
    if *COLOURS {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

pub fn bold(text: &str) -> String {
    painted("1", text)
}

pub fn dim(text: &str) -> String {
    painted("2", text)
}

pub fn green(text: &str) -> String {
    painted("32", text)
}

pub fn cyan(text: &str) -> String {
    painted("36", text)
}

pub fn yellow(text: &str) -> String {
    painted("33", text)
}

pub fn magenta(text: &str) -> String {
    painted("35", text)
}

pub fn red(text: &str) -> String {
    painted("31", text)
}
