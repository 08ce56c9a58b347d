//! The pages that people read: docs/sources says what the declarations say, and no sender goes without the facts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use frontdesk::source::guide::{self, Format};

use crate::dry;

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
