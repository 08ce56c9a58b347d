//! Sources and endpoints made for a test from the text that an operator would write.

use std::path::Path;

use frontdesk::config::{CatalogConfig, Config};
use frontdesk::ingest::intake::Intake;
use frontdesk::source::catalog::Catalog;
use frontdesk::source::declaration::Source;

/// What every mapping needs and these tests do not look at.
const PLAIN: &str = "[delivery]\nevent = \"'x'\"\n\n[[event]]\nname = \"*\"\nignore = true\n";

/// A built-in source.
pub fn built_in(name: &str) -> Source {
    let catalog = Catalog::load(&CatalogConfig::default()).unwrap();
    catalog.get(name).unwrap().clone()
}

/// A source from the text of its mapping, with schemas by name.
pub fn source(mapping: &str, schemas: &[(&str, &str)]) -> Source {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &Path, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let head = "title = \"T\"\nhelp = \"H\"\n";
    write(
        &folder.path().join("mappings/made.toml"),
        &format!("{head}{mapping}"),
    );
    for (name, schema) in schemas {
        write(
            &folder.path().join(format!("schemas/made/{name}.json")),
            schema,
        );
    }
    let config = CatalogConfig {
        path: Some(folder.path().to_owned()),
    };
    let catalog = Catalog::load(&config).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}\n{mapping}", lines.join("\n"));
    });
    catalog.get("made").unwrap().clone()
}

/// A source of which only the verification matters.
pub fn verifying(verify: &str) -> Source {
    source(&format!("{verify}\n{PLAIN}"), &[])
}

/// An endpoint called `in` of `source`; `lines` stand in its table, `server` in the server's.
pub fn configured(server: &str, lines: &str) -> Config {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://hooks.example.com\"\n{server}\n[[endpoint]]\nname = \"in\"\nsource = \"made\"\n{lines}\n"
    );
    Config::from_text(
        "frontdesk.toml",
        &text,
        &std::collections::BTreeMap::new(),
        Path::new("."),
    )
    .unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

/// The intake of that endpoint.
pub fn intake(source: &Source, lines: &str) -> Intake {
    let config = configured("", lines);
    Intake::compile(&config.endpoints[0], source, &config.server).unwrap_or_else(|problems| {
        panic!("{problems:?}");
    })
}
