//! `frontdesk user`, and what `serve` says when nobody can sign in.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::commands::{frontdesk, works};
use crate::process::{Gateway, write_config};

/// Runs a command with a password on stdin; its exit code and words.
fn typed(folder: &Path, arguments: &[&str], password: &str) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses at once may be gone before it is told the password.
    writeln!(stdin, "{password}").ok();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), err)
}

/// What the sign-in form answers.
fn sign_in(gateway: &Gateway, name: &str, password: &str) -> u16 {
    let body = format!("name={name}&password={}", password.replace(' ', "+"));
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    gateway
        .call("POST", "/sign-in", headers, &body)
        .unwrap()
        .status
}

#[test]
fn users_are_added_and_shut_out_beside_a_running_gateway() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let mut gateway = Gateway::start(folder.path());
    let add = |name: &str, more: &[&str], password: &str| {
        let arguments = [&["user", "add", name], more].concat();
        typed(folder.path(), &arguments, password)
    };
    let (code, said) = add("Boss", &["--role", "admin"], "four words in a row");
    assert_eq!(code, 0, "{said}");
    for (name, more, password, words) in [
        (
            "boss",
            &["--role", "admin"][..],
            "four words in a row",
            "already",
        ),
        ("a b", &[], "four words in a row", "a word or an e-mail"),
        ("eva", &[], "short", "at least 10"),
        ("eva", &["--role", "rep"], "four words in a row", "--rep"),
        ("eva", &["--role", "king"], "four words in a row", "manager"),
    ] {
        let (code, said) = add(name, more, password);
        assert_eq!(code, 1, "{name}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    let (code, said) = add(
        "ana",
        &["--role", "rep", "--rep", "ana"],
        "ana's own password",
    );
    assert_eq!(code, 0, "{said}");
    assert_eq!(sign_in(&gateway, "boss", "four words in a row"), 303);
    assert_eq!(sign_in(&gateway, "ana", "ana's own password"), 303);

    let (code, said) = typed(
        folder.path(),
        &["user", "passwd", "ana"],
        "ana's second one",
    );
    assert_eq!(code, 0, "{said}");
    assert_eq!(sign_in(&gateway, "ana", "ana's own password"), 422);
    assert_eq!(sign_in(&gateway, "ana", "ana's second one"), 303);
    works(folder.path(), &["user", "disable", "ana"]);
    assert_eq!(sign_in(&gateway, "ana", "ana's second one"), 422);
    works(folder.path(), &["user", "disable", "--undo", "ana"]);
    assert_eq!(sign_in(&gateway, "ana", "ana's second one"), 303);
    let last = frontdesk(folder.path(), &["user", "disable", "boss"]);
    assert!(
        last.code == 1 && last.err.contains("last admin"),
        "{last:?}"
    );
    let none = frontdesk(folder.path(), &["user", "disable", "nobody"]);
    assert!(none.code == 1 && none.err.contains("user list"), "{none:?}");
    let listed = works(folder.path(), &["user", "list"]);
    assert!(
        listed.contains("boss") && listed.contains("admin"),
        "{listed}"
    );
    assert!(!listed.contains("argon2"), "{listed}");
    assert_eq!(gateway.terminate(), Some(0));
}

#[test]
fn serve_prints_a_link_for_the_first_admin_and_keeps_its_one_line() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let log = || std::fs::read_to_string(folder.path().join("serve.log")).unwrap();
    let mut gateway = Gateway::start(folder.path());
    // Written after the line that `start` waits for; the gateway's end is after both.
    assert_eq!(gateway.terminate(), Some(0));
    let said = log();
    let link = said
        .split_whitespace()
        .find(|word| word.contains("/setup/"));
    let link = link.unwrap_or_else(|| panic!("{said}"));
    assert!(link.starts_with("http://127.0.0.1:"), "{link}");
    let path = link.split_once("/setup/").unwrap().1.to_owned();

    let mut gateway = Gateway::start(folder.path());
    let old = gateway
        .call("GET", &format!("/setup/{path}"), "", "")
        .unwrap();
    assert_eq!(old.status, 404, "each start makes a new link");
    let (code, said) = typed(
        folder.path(),
        &["user", "add", "boss", "--role", "admin"],
        "four words in a row",
    );
    assert_eq!(code, 0, "{said}");
    assert_eq!(gateway.terminate(), Some(0));
    let mut gateway = Gateway::start(folder.path());
    assert_eq!(gateway.terminate(), Some(0));
    assert!(!log().contains("/setup/"), "{}", log());
}
