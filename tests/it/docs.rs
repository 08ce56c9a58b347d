//! The pages that people read: docs/sources says what the declarations say, and no sender goes without the facts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use frontdesk::model::field::{Field, FieldType, Kind};
use frontdesk::source::guide::{self, Format};

use crate::dry;
use crate::gateway::TestGateway;

/// As `frontdesk sources` has it without a config.
const HOST: &str = "https://YOUR-HOST";

#[test]
fn the_pages_of_the_sources_are_in_step() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sources");
    let catalog = dry::catalog();
    let mut pages: Vec<(String, String)> = catalog
        .sources()
        .map(|source| {
            let page = guide::of(source, HOST).print(Format::Markdown);
            (format!("{}.md", source.name), page)
        })
        .collect();
    let index = guide::index(catalog.sources()).print(Format::Markdown);
    pages.push(("README.md".to_owned(), index));
    let stale: Vec<&str> = pages
        .iter()
        .filter(|(name, page)| fs::read_to_string(root.join(name)).ok().as_ref() != Some(page))
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(
        stale.is_empty(),
        "run scripts/docs: {stale:?} tell something else than the declarations"
    );
    let expected: BTreeSet<String> = pages.into_iter().map(|(name, _)| name).collect();
    let found: BTreeSet<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, expected, "run scripts/docs");
}

/// What a mapping can fill is listed for people, with the words that a field of words takes.
#[test]
fn every_field_is_documented() {
    const DECLARATIONS: &str = include_str!("../../docs/declarations.md");
    let (_, section) = DECLARATIONS.split_once("\n## Fields\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    for kind in Kind::ALL {
        let head = format!("| {} |", kind.as_str());
        let row = section
            .lines()
            .find(|line| line.starts_with(&head))
            .unwrap();
        for field in kind.fields() {
            let name = format!("`{}`", field.name);
            let by_gateway = matches!(field.of, FieldType::Link);
            assert_eq!(row.contains(&name), !by_gateway, "{name} of {kind:?}");
            check_parts(section, field);
        }
    }
}

fn check_parts(section: &str, field: &Field) {
    let words: Vec<&str> = match field.of {
        FieldType::OneOf(words) => words.to_vec(),
        FieldType::Object(parts) | FieldType::Objects(parts) => {
            parts.iter().for_each(|part| check_parts(section, part));
            parts.iter().map(|part| part.name).collect()
        }
        _ => return,
    };
    let name = format!("`{}`", field.name);
    let is_listed = |line: &str| {
        let has = |word: &&str| line.contains(&format!("`{word}`"));
        words.iter().all(has)
    };
    let listed = section.lines().any(is_listed);
    assert!(listed && section.contains(&name), "{name}: {words:?}");
}

#[test]
fn no_sender_goes_without_the_facts() {
    for source in dry::catalog().sources() {
        let name = &source.name;
        assert!(!source.help.is_empty(), "{name}: where is the URL pasted?");
        assert!(source.retries.is_some(), "{name}: how does it retry?");
        assert!(!source.traps.is_empty(), "{name}: what surprises people?");
        let proven = !source.verify.is_empty();
        assert_eq!(
            source.secret.is_some(),
            proven,
            "{name}: where is the secret?"
        );
        for text in [&source.help, source.retries.as_ref().unwrap()]
            .into_iter()
            .chain(&source.traps)
        {
            assert!(
                text.is_ascii() || !text.contains('\u{fffd}'),
                "{name}: {text}"
            );
            assert!(!text.contains("TODO"), "{name}: {text}");
        }
        assert!(
            source.samples.iter().any(|sample| !sample.event.is_empty()),
            "{name}: nothing to send"
        );
    }
}

/// Who copies the calls of the README into a new gateway has reps, a team and rules.
#[tokio::test]
async fn the_calls_of_the_readme_give_leads_to_somebody() {
    const README: &str = include_str!("../../README.md");
    let gateway = TestGateway::start("").await;
    let calls: Vec<_> = README.split("\n   api ").skip(1).collect();
    for call in &calls {
        let (head, body) = call.split_once(" '").unwrap();
        let (method, path) = head.split_once(' ').unwrap();
        let (body, _) = body.split_once('\'').unwrap();
        let path = format!("/api/v1/{path}");
        gateway.api(method, &path, body).await;
    }
    let rules = gateway.api("GET", "/api/v1/rules", "").await;
    assert_eq!((calls.len(), &rules["version"]), (4, &1.into()), "{rules}");
}
