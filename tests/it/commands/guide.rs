//! docs/add-a-source.md, followed to the letter: its files written, its commands typed, what it promises seen.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::commands::{Said, frontdesk};
use crate::process::Gateway;

const GUIDE: &str = include_str!("../../../docs/add-a-source.md");

/// For the workers of a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A block of the page: what stands after the three backticks, and its text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    GUIDE
        .split("\n```")
        .skip(1)
        .step_by(2)
        .map(|block| block.split_once('\n').unwrap())
        .collect()
}

/// Files of the page into a folder; how many.
fn write_files(folder: &Path) -> usize {
    let files = blocks().into_iter().filter_map(|(head, text)| {
        let (_language, file) = head.split_once(' ')?;
        Some((file, text))
    });
    let mut written = 0;
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        written += 1;
    }
    written
}

/// Commands of the page with the lines that they are said to print.
fn commands() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for (_, text) in blocks().into_iter().filter(|(head, _)| *head == "console") {
        for line in text.lines() {
            match line.strip_prefix("$ frontdesk ") {
                Some(command) => commands.push((command, Vec::new())),
                None => commands.last_mut().unwrap().1.push(line.trim()),
            }
        }
    }
    commands
}

#[test]
fn the_guide_can_be_followed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(write_files(folder.path()), 5);
    // Another port, because the guide's may be taken on this machine.
    let config = folder.path().join("frontdesk.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("127.0.0.1:8080", "127.0.0.1:0")).unwrap();
    let gateway = Gateway::start(folder.path());
    let url = format!("http://{}", gateway.address);
    let commands = commands();
    assert_eq!(commands.len(), 5);
    for (command, expected) in commands {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        if arguments[0] == "send" {
            arguments.extend(["--url", &url]);
        }
        let said = until_seen(folder.path(), &arguments, &expected);
        assert_eq!(said.code, 0, "frontdesk {command}: {said:?}");
        for line in expected {
            assert!(
                said.out.contains(line),
                "frontdesk {command} does not say {line:?}: {}",
                said.out
            );
        }
    }
}

/// The workers may need a moment until an event is processed, on a busy machine a long one: a list is asked for until it
/// says what is expected.
fn until_seen(folder: &Path, arguments: &[&str], expected: &[&str]) -> Said {
    let begun = Instant::now();
    loop {
        let said = frontdesk(folder, arguments);
        let is_there = expected.iter().all(|line| said.out.contains(line));
        if is_there || arguments[0] != "events" || begun.elapsed() > PATIENCE {
            return said;
        }
    }
}

/// The mistake that the guide invites to make is told with its place.
#[test]
fn the_guides_mistake_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let mapping = folder.path().join("catalog/mappings/crumb.toml");
    let text = fs::read_to_string(&mapping).unwrap();
    fs::write(
        &mapping,
        text.replace("body.amount | decimal", "body.ammount | decimals"),
    )
    .unwrap();
    let line = 1 + text
        .lines()
        .position(|line| line.starts_with("total "))
        .unwrap();
    let said = frontdesk(folder.path(), &["check"]);
    let expected = format!(
        "crumb.toml:{line}: `event.order.total`: unknown filter \"decimals\", did you mean \"decimal\"?"
    );
    assert_eq!(said.code, 1);
    assert!(said.out.contains(&expected), "{said:?}");
}
