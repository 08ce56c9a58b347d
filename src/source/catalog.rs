//! The catalog: every source, from the binary and from the operator's folder.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::config::CatalogConfig;
use crate::model::problem::Problem;
use crate::source::declaration::Source;
use crate::source::load;

static MAPPINGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/mappings");
static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");
static SAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/samples");

/// All sources by name.
#[derive(Debug)]
pub struct Catalog {
    sources: BTreeMap<String, Source>,
}

/// The files of a catalog, before they are read: path below the catalog (`mappings/shopify.toml`) → text.
#[derive(Debug, Default)]
struct Files(BTreeMap<String, File>);

#[derive(Debug)]
struct File {
    /// As messages show it.
    label: String,
    text: String,
}

impl Catalog {
    /// Reads the built-in sources and those of the configured folder, which add to them and override them by name.
    ///
    /// # Errors
    /// Every problem of every file, with its line.
    pub fn load(config: &CatalogConfig) -> Result<Self, Vec<Problem>> {
        let mut files = Files::default();
        for (folder, dir) in [
            ("mappings", &MAPPINGS),
            ("schemas", &SCHEMAS),
            ("samples", &SAMPLES),
        ] {
            files.embedded(folder, dir);
        }
        let mut problems = Vec::new();
        if let Some(path) = &config.path {
            files.folder(path, &mut problems);
        }
        let mut sources = BTreeMap::new();
        for (name, file) in files.mappings() {
            let read = load::source(&name, &file.label, &file.text, &files.documents(&name));
            match read {
                Ok(source) => {
                    sources.insert(name, source);
                }
                Err(found) => problems.extend(found),
            }
        }
        problems.extend(files.strays());
        if problems.is_empty() {
            Ok(Catalog { sources })
        } else {
            Err(problems)
        }
    }

    /// The source called `name`.
    pub fn get(&self, name: &str) -> Option<&Source> {
        self.sources.get(name)
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
                    },
                );
            }
        }
        for inner in dir.dirs() {
            self.embedded(folder, inner);
        }
    }

    /// Files of the operator's folder; the built-in schemas and samples of a source that is overridden stay in use.
    fn folder(&mut self, root: &Path, problems: &mut Vec<Problem>) {
        let before = self.0.len();
        for part in ["mappings", "schemas", "samples"] {
            self.walk(root, &root.join(part), problems);
        }
        if self.0.len() == before && !root.is_dir() {
            problems.push(Problem {
                file: root.display().to_string(),
                line: 0,
                message:
                    "is not a folder; catalog.path names one with mappings/, schemas/, samples/"
                        .to_owned(),
            });
        }
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
                    self.0.insert(key, File { label, text });
                }
                Err(error) => problems.push(Problem {
                    file: label,
                    line: 0,
                    message: format!("cannot be read: {error}"),
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
                message,
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
            samples: below("samples"),
        }
    }
}
