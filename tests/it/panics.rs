//! A panic of the program: its message may hold parts of a payload, so only its place is told.

use std::process::Command;

use frontdesk::telemetry;

/// Set for the process that panics.
const CHILD: &str = "FRONTDESK_TEST_PANICS";

#[test]
fn a_panic_tells_its_place_and_nothing_else() {
    if std::env::var_os(CHILD).is_some() {
        telemetry::install_panic_hook();
        let payload = "ana@example.com";
        panic!("cannot map {payload}");
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "panics::a_panic_tells_its_place_and_nothing_else",
        ])
        .arg("--nocapture")
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("tests/it/panics.rs:"), "{said}");
    assert!(!said.contains("ana@example.com"), "{said}");
}
