//! The catalog: every source, from the binary and from the operator's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::config::CatalogConfig;
use crate::model::problem::Problem;
use crate::source::declaration::Source;
use crate::source::domains::Domains;
use crate::source::load;

static MAPPINGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/mappings");
static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");
static SAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/samples");
static TEXTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/texts");
static DISPOSABLE_MAIL: &str = include_str!("../../lists/disposable_mail.txt");
/// Where the operator's folder adds to that list.
const DISPOSABLE_MAIL_FILE: &str = "lists/disposable_mail.txt";

/// All sources by name, and what spam gates know.
#[derive(Debug)]
pub struct Catalog {
    sources: BTreeMap<String, Source>,
    /// Names of sources with a problem.
    broken: BTreeSet<String>,
    disposable_mail: Arc<Domains>,
    /// Everything as it was read, to read a mapping again that somebody edits.
    files: Files,
}

/// The files of a catalog, before they are read: path below the catalog (`mappings/shopify.toml`) → text.
#[derive(Debug, Default)]
struct Files(BTreeMap<String, File>);

#[derive(Debug)]
struct File {
    /// As messages show it.
    label: String,
    text: String,
    /// It is in the binary.
    is_built_in: bool,
}

impl Catalog {
    /// Reads the built-in sources and those of the configured folder, which add to them and override them by name.
    ///
    /// # Errors
    /// Every problem of every file, with its line.
    pub fn load(config: &CatalogConfig) -> Result<Self, Vec<Problem>> {
        match Self::examine(config) {
            (catalog, problems) if problems.is_empty() => Ok(catalog),
            (_, problems) => Err(problems),
        }
    }

    /// As `load`, with the sources that are right beside the problems of the others.
    pub fn examine(config: &CatalogConfig) -> (Self, Vec<Problem>) {
        let mut files = Files::default();
        for (folder, dir) in [
            ("mappings", &MAPPINGS),
            ("schemas", &SCHEMAS),
            ("samples", &SAMPLES),
            ("texts", &TEXTS),
        ] {
            files.embedded(folder, dir);
        }
        let mut disposable_mail = Domains::default();
        disposable_mail.add(DISPOSABLE_MAIL);
        let mut problems = Vec::new();
        if let Some(path) = &config.path {
            files.overlay(Files::folder(path, &mut problems));
        }
        if let Some(own) = files.0.remove(DISPOSABLE_MAIL_FILE) {
            disposable_mail.add(&own.text);
        }
        let mut sources = BTreeMap::new();
        let mut broken = BTreeSet::new();
        for (name, file) in files.mappings() {
            let read = load::source(&name, &file.label, &file.text, &files.documents(&name));
            match read {
                Ok(source) => {
                    sources.insert(name, source);
                }
                Err(found) => {
                    problems.extend(found);
                    broken.insert(name);
                }
            }
        }
        problems.extend(files.strays());
        let catalog = Catalog {
            sources,
            broken,
            disposable_mail: Arc::new(disposable_mail),
            files,
        };
        (catalog, problems)
    }

    /// The source called `name`.
    pub fn get(&self, name: &str) -> Option<&Source> {
        self.sources.get(name)
    }

    /// The names of all sources, broken ones included.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().chain(&self.broken).map(String::as_str)
    }

    /// The text of a source's mapping.
    pub fn text(&self, name: &str) -> Option<&str> {
        let file = self.files.0.get(&format!("mappings/{name}.toml"))?;
        Some(&file.text)
    }

    /// The source as it would be with another text of its mapping.
    ///
    /// # Errors
    /// Every problem of that text.
    pub fn reread(&self, name: &str, text: &str) -> Result<Source, Vec<Problem>> {
        let label = format!("mappings/{name}.toml");
        // Its samples and texts are of events that an edited mapping need not have.
        let documents = load::Documents {
            samples: None,
            texts: BTreeMap::new(),
            ..self.files.documents(name)
        };
        load::source(name, &label, text, &documents)
    }

    /// Domains of throw-away mail services.
    pub fn disposable_mail(&self) -> &Arc<Domains> {
        &self.disposable_mail
    }

    /// All of them by name.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values()
    }
}

impl Files {
    fn embedded(&mut self, folder: &str, dir: &Dir<'_>) {
        for file in dir.files() {
            if let Some(text) = file.contents_utf8() {
                let path = format!("{folder}/{}", file.path().display());
                self.0.insert(
                    path.clone(),
                    File {
                        label: path,
                        text: text.to_owned(),
                        is_built_in: true,
                    },
                );
            }
        }
        for inner in dir.dirs() {
            self.embedded(folder, inner);
        }
    }

    /// Files of the operator's folder.
    fn folder(root: &Path, problems: &mut Vec<Problem>) -> Self {
        let mut files = Files::default();
        for part in ["mappings", "schemas", "samples", "texts", "lists"] {
            files.walk(root, &root.join(part), problems);
        }
        if files.0.is_empty() && !root.is_dir() {
            problems.push(Problem {
                file: root.display().to_string(),
                line: 0,
                message:
                    "is not a folder; catalog.path names one with mappings/, schemas/, samples/, texts/, \
                     lists/"
                        .into(),
            });
        }
        files
    }

    /// Puts files over these. The schemas and samples of a source that is overridden stay in use; its texts do not, for
    /// they say in another language what another mapping says.
    fn overlay(&mut self, own: Files) {
        for (source, _) in own.mappings() {
            let end = format!("/{source}.toml");
            self.0
                .retain(|path, _| !(path.starts_with("texts/") && path.ends_with(&end)));
        }
        self.0.extend(own.0);
    }

    fn walk(&mut self, root: &Path, folder: &Path, problems: &mut Vec<Problem>) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if path.is_dir() {
                self.walk(root, &path, problems);
                continue;
            }
            let label = path.display().to_string();
            let key = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string();
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let file = File {
                        label,
                        text,
                        is_built_in: false,
                    };
                    self.0.insert(key, file);
                }
                Err(error) => problems.push(Problem {
                    file: label,
                    line: 0,
                    message: format!("cannot be read: {error}").into(),
                }),
            }
        }
    }

    /// Files that no source would ever read.
    fn strays(&self) -> Vec<Problem> {
        let mut strays = Vec::new();
        for (path, file) in &self.0 {
            let mut parts = path.split('/');
            let message = match (parts.next(), parts.next(), parts.next()) {
                (Some("mappings"), Some(name), None) if name.ends_with(".toml") => continue,
                (Some("mappings"), ..) => {
                    "has no place here: mappings are mappings/SOURCE.toml".to_owned()
                }
                (Some("lists"), ..) => {
                    format!("has no place here: there is {DISPOSABLE_MAIL_FILE}")
                }
                (Some("texts"), Some(_), Some(file)) => match file.strip_suffix(".toml") {
                    Some(source) if self.0.contains_key(&format!("mappings/{source}.toml")) => {
                        continue;
                    }
                    Some(source) => {
                        format!("belongs to no source: there is no mappings/{source}.toml")
                    }
                    None => "has no place here: texts are texts/LANGUAGE/SOURCE.toml".to_owned(),
                },
                (_, Some(source), Some(_))
                    if self.0.contains_key(&format!("mappings/{source}.toml")) =>
                {
                    continue;
                }
                (_, Some(source), Some(_)) => {
                    format!("belongs to no source: there is no mappings/{source}.toml")
                }
                _ => "has no place here: it belongs into the folder of its source".to_owned(),
            };
            strays.push(Problem {
                file: file.label.clone(),
                line: 0,
                message: message.into(),
            });
        }
        strays
    }

    fn mappings(&self) -> impl Iterator<Item = (String, &File)> {
        self.0.iter().filter_map(|(path, file)| {
            let name = path.strip_prefix("mappings/")?.strip_suffix(".toml")?;
            Some((name.to_owned(), file))
        })
    }

    /// What stands beside the mapping of one source.
    fn documents(&self, source: &str) -> load::Documents<'_> {
        let mapping = self.0.get(&format!("mappings/{source}.toml"));
        let is_overridden = mapping.is_some_and(|file| !file.is_built_in);
        let samples = format!("samples/{source}/");
        let lent = self.0.iter().filter_map(|(path, file)| {
            let name = path.strip_prefix(&samples)?;
            (is_overridden && file.is_built_in).then(|| name.to_owned())
        });
        let below = |folder: &str| {
            let prefix = format!("{folder}/{source}/");
            self.0
                .iter()
                .filter_map(|(path, file)| {
                    let name = path.strip_prefix(&prefix)?;
                    Some((name.to_owned(), (file.label.as_str(), file.text.as_str())))
                })
                .collect()
        };
        load::Documents {
            mappings: self
                .mappings()
                .map(|(name, file)| (name, file.text.as_str()))
                .collect(),
            schemas: below("schemas"),
            samples: Some(below("samples")),
            lent: lent.collect(),
            texts: self.texts(source),
        }
    }

    /// The texts of one source by language.
    fn texts(&self, source: &str) -> BTreeMap<String, (&str, &str)> {
        let end = format!("/{source}.toml");
        let texts = self.0.iter().filter_map(|(path, file)| {
            let language = path.strip_prefix("texts/")?.strip_suffix(&end)?;
            Some((
                language.to_owned(),
                (file.label.as_str(), file.text.as_str()),
            ))
        });
        texts.collect()
    }
}
