//! The commands, typed at the real binary.

mod beside;
mod demo;
mod dry_try;
mod every_sample;
mod guide;
mod held;
mod mended;
mod sends;
mod set_up;
mod starts;
mod training;

use std::path::Path;
use std::process::{Command, Stdio};

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// stdout as one JSON document.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

/// Types a command in `folder`.
pub fn frontdesk(folder: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The same, and it must work; stdout without the line's end.
pub fn works(folder: &Path, arguments: &[&str]) -> String {
    let said = frontdesk(folder, arguments);
    assert_eq!(said.code, 0, "frontdesk {arguments:?}: {said:?}");
    said.out.trim_end().to_owned()
}
