//! Sources and endpoints made for a test from the text that an operator would write.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frontdesk::config::{CatalogConfig, Config, Endpoint, SecretString};
use frontdesk::ingest::intake::Intake;
use frontdesk::source::catalog::Catalog;
use frontdesk::source::declaration::{SignatureKind, Source, Verify};

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
    intake_of("in", source, lines)
}

/// The intake of an endpoint with this name.
pub fn intake_of(name: &str, source: &Source, lines: &str) -> Intake {
    let mut config = configured("", lines);
    name.clone_into(&mut config.endpoints[0].name);
    let catalog = Catalog::load(&CatalogConfig::default()).unwrap();
    Intake::compile(
        &config.endpoints[0],
        source,
        &config.server,
        catalog.disposable_mail(),
    )
    .unwrap_or_else(|problems| {
        panic!("{problems:?}");
    })
}

/// An endpoint called `in` with one secret, whatever characters it has.
pub fn endpoint(source: &Source, secret: &str) -> Endpoint {
    let mut endpoint = Endpoint::new("in", &source.name);
    endpoint.secrets = vec![SecretString::from(secret)];
    endpoint.region = Some("ES".to_owned());
    endpoint.line = 1;
    endpoint
}

/// A secret with which a source's sender can sign, and its endpoint verify.
pub fn secret_of(source: &Source) -> String {
    let kinds = source.verify.iter().map(|scheme| match scheme {
        Verify::Signature(signature) => Some(signature.kind),
        _ => None,
    });
    match kinds.into_iter().next().flatten() {
        Some(SignatureKind::Rsa) => include_str!("rsa_key.pem").to_owned(),
        Some(SignatureKind::Ed25519) => {
            // The seed of 32 sevens with its public key after it, as the libraries of the standard keep private keys.
            let seed = [7; 32];
            let key = ed25519_dalek::SigningKey::from_bytes(&seed);
            format!("whsk_{}", STANDARD.encode(key.to_keypair_bytes()))
        }
        // Base64 of 24 bytes: a key in every form.
        Some(_) => "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        None => "a:secret of the sender".to_owned(),
    }
}
