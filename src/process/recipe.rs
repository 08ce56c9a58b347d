//! A source compiled for one endpoint: no declaration is interpreted while an event waits.

use std::collections::BTreeMap;
use std::time::Duration;

use minijinja::Value;

use crate::config::Endpoint;
use crate::expr::Formula;
use crate::model::field::{Field, FieldType, Kind};
use crate::model::problem::Problem;
use crate::model::said::Said;
use crate::payload::Formats;
use crate::said;
use crate::source::declaration::{
    EventSpec, Expr, Fetch, FetchMethod, FieldSpec, FieldValue, RecordSpec, Source,
};
use crate::source::envelope::{self, Envelope, compile};
use crate::source::schema::Schemas;
use crate::source::settings::Settings;

/// How events of one endpoint become records.
#[derive(Debug)]
pub struct Recipe {
    /// The source's name.
    pub source: String,
    /// The mapping file as shown in messages: `mappings/shopify.toml`.
    pub file: String,
    /// Default region of phones.
    pub region: Option<String>,
    pub formats: Formats,
    /// Fields of the spam gate, which are no answers of anybody.
    pub hidden: Vec<String>,
    /// Anybody may post.
    pub is_open: bool,
    /// For how long the hash of a body claims an event.
    pub window: Option<Duration>,
    pub envelope: Envelope,
    pub schemas: Schemas,
    /// In the order of `Source::events`, so that `Part::spec` finds its own.
    pub events: Vec<EventRecipe>,
    /// The lookup tables: name → key in lower case → value.
    pub tables: Value,
    /// For the formulas of fetches alone.
    pub settings: Settings,
    /// Whether an endpoint of the configuration gave the settings; nothing is fetched without.
    pub configured: bool,
}

/// One `[[event]]`, compiled.
#[derive(Debug)]
pub struct EventRecipe {
    pub name: String,
    pub ignore: bool,
    /// Name of a schema.
    pub schema: Option<String>,
    /// In order; see `understand::next_fetch`.
    pub fetches: Vec<FetchRecipe>,
    pub records: Vec<RecordRecipe>,
}

/// `[event.fetch]`, compiled.
#[derive(Debug)]
pub struct FetchRecipe {
    /// Under which name of `fetched` the answer stands; without one it is `fetched` itself.
    pub name: Option<String>,
    /// Whether an event has to be fetched; absent: each.
    pub when: Option<Formula>,
    pub method: FetchMethod,
    pub url: Formula,
    /// Line of the URL in the mapping file.
    pub line: u32,
    pub headers: Vec<(String, Formula)>,
    /// Members of the JSON body; empty: no body.
    pub json: Vec<(String, Formula)>,
    pub token_error: Option<Formula>,
    /// Name of the schema of the answer.
    pub schema: Option<String>,
    /// The setting that holds the token.
    pub token_setting: Option<String>,
    /// The event goes on without the answer when there is none to be had.
    pub optional: bool,
}

/// One record of an event, compiled.
#[derive(Debug)]
pub struct RecordRecipe {
    pub kind: Kind,
    pub line: u32,
    pub when: Option<Formula>,
    pub deleted: Option<Formula>,
    /// It makes no record.
    pub existing: bool,
    pub clears: Vec<String>,
    pub fields: Vec<FieldRecipe>,
    /// How the record was known before.
    pub previous: Vec<FieldRecipe>,
}

/// One field, compiled.
#[derive(Debug)]
pub struct FieldRecipe {
    pub name: String,
    pub of: &'static FieldType,
    pub line: u32,
    pub value: ValueRecipe,
}

/// How a field's value is made.
#[derive(Debug)]
pub enum ValueRecipe {
    Formula(Formula),
    Object(Vec<FieldRecipe>),
    Each {
        from: Formula,
        fields: Vec<FieldRecipe>,
    },
    Entries(Vec<Vec<FieldRecipe>>),
}

/// The names that may stand in a table of a mapping.
#[derive(Clone, Copy)]
enum Names {
    Of(&'static [Field]),
    Free,
}

struct Compiler<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl Recipe {
    /// Compiles `source` with the settings of `endpoint`.
    ///
    /// # Errors
    /// Every formula, field or schema that cannot be used, with its line.
    pub fn compile(source: &Source, endpoint: &Endpoint) -> Result<Self, Vec<Problem>> {
        let mut recipe = build(source, Settings::of(source, endpoint))?;
        recipe.region.clone_from(&endpoint.region);
        recipe.configured = true;
        if endpoint.unverified {
            let gate = &endpoint.spam;
            recipe.is_open = true;
            recipe.hidden = gate.honeypot.iter().chain([&gate.stamp]).cloned().collect();
        }
        Ok(recipe)
    }

    /// Compiles `source` with its default settings: for `try`, and for events whose endpoint is gone. A setting without a
    /// default has a text in its place, as if an endpoint gave it, so that conditions of fetches mean what they say.
    ///
    /// # Errors
    /// As `compile`.
    pub fn of_source(source: &Source, region: Option<&str>) -> Result<Self, Vec<Problem>> {
        let mut recipe = build(source, Settings::supposed(source))?;
        recipe.region = region.map(str::to_owned);
        Ok(recipe)
    }
}

fn build(source: &Source, settings: Settings) -> Result<Recipe, Vec<Problem>> {
    let mut compiler = Compiler {
        file: &source.file,
        problems: Vec::new(),
    };
    let events = source
        .events
        .iter()
        .map(|event| compiler.event(event))
        .collect();
    let mut problems = compiler.problems;
    let envelope = Envelope::compile(source).map_err(|found| problems.extend(found));
    let schemas = Schemas::compile(source).map_err(|found| problems.extend(found));
    match (envelope, schemas) {
        (Ok(envelope), Ok(schemas)) if problems.is_empty() => Ok(Recipe {
            source: source.name.clone(),
            file: source.file.clone(),
            region: None,
            formats: source.body.formats.clone(),
            hidden: Vec::new(),
            is_open: false,
            window: source.delivery.window,
            envelope,
            schemas,
            events,
            tables: envelope::tables(source),
            settings,
            configured: false,
        }),
        _ => {
            problems.sort();
            problems.dedup();
            Err(problems)
        }
    }
}

impl Compiler<'_> {
    fn event(&mut self, spec: &EventSpec) -> EventRecipe {
        EventRecipe {
            name: spec.name.clone(),
            ignore: spec.ignore,
            schema: spec.schema.clone(),
            fetches: spec
                .fetches
                .iter()
                .filter_map(|fetch| self.fetch(fetch))
                .collect(),
            records: spec
                .records
                .iter()
                .map(|record| self.record(record))
                .collect(),
        }
    }

    fn fetch(&mut self, fetch: &Fetch) -> Option<FetchRecipe> {
        let headers = self.formulas(&fetch.headers);
        let json = self.formulas(&fetch.json);
        let token_error = fetch
            .token_error
            .as_ref()
            .and_then(|expr| self.formula(expr));
        Some(FetchRecipe {
            name: fetch.name.clone(),
            when: fetch.when.as_ref().and_then(|expr| self.formula(expr)),
            method: fetch.method,
            url: self.formula(&fetch.url)?,
            line: fetch.url.line,
            headers,
            json,
            token_error,
            schema: fetch.schema.clone(),
            token_setting: fetch.token_setting.clone(),
            optional: fetch.optional,
        })
    }

    fn record(&mut self, spec: &RecordSpec) -> RecordRecipe {
        RecordRecipe {
            kind: spec.kind,
            line: spec.line,
            when: spec.when.as_ref().and_then(|expr| self.formula(expr)),
            deleted: spec.deleted.as_ref().and_then(|expr| self.formula(expr)),
            existing: spec.existing,
            clears: spec.clears.clone(),
            fields: self.fields(Names::Of(spec.kind.fields()), &spec.fields),
            previous: self.fields(Names::Of(spec.kind.fields()), &spec.previous),
        }
    }

    fn fields(&mut self, names: Names, specs: &[FieldSpec]) -> Vec<FieldRecipe> {
        specs
            .iter()
            .filter_map(|spec| self.field(names, spec))
            .collect()
    }

    fn field(&mut self, names: Names, spec: &FieldSpec) -> Option<FieldRecipe> {
        let Some(of) = names.find(&spec.name) else {
            self.note(
                spec.line,
                said!(
                    "load-field-gone",
                    "there is no field {name}",
                    name = format!("{:?}", spec.name)
                ),
            );
            return None;
        };
        let value = match (&spec.value, of) {
            (_, FieldType::Link) => {
                self.note(
                    spec.line,
                    said!(
                        "load-field-link",
                        "{name} is written by the gateway itself",
                        name = format!("{:?}", spec.name)
                    ),
                );
                return None;
            }
            (FieldValue::Formula(expr), _) => ValueRecipe::Formula(self.formula(expr)?),
            (FieldValue::Object(parts), FieldType::Object(fields)) => {
                ValueRecipe::Object(self.fields(Names::Of(fields), parts))
            }
            (FieldValue::Object(parts), FieldType::Free) => {
                ValueRecipe::Object(self.fields(Names::Free, parts))
            }
            (FieldValue::Each { from, fields }, FieldType::Objects(parts)) => ValueRecipe::Each {
                from: self.formula(from)?,
                fields: self.fields(Names::Of(parts), fields),
            },
            (FieldValue::Entries(entries), FieldType::Objects(parts)) => ValueRecipe::Entries(
                entries
                    .iter()
                    .map(|entry| self.fields(Names::Of(parts), entry))
                    .collect(),
            ),
            (FieldValue::Object(_) | FieldValue::Each { .. } | FieldValue::Entries(_), _) => {
                self.note(
                    spec.line,
                    said!(
                        "load-field-table",
                        "{name} cannot be written as this table",
                        name = format!("{:?}", spec.name)
                    ),
                );
                return None;
            }
        };
        Some(FieldRecipe {
            name: spec.name.clone(),
            of,
            line: spec.line,
            value,
        })
    }

    fn formulas(&mut self, exprs: &BTreeMap<String, Expr>) -> Vec<(String, Formula)> {
        exprs
            .iter()
            .filter_map(|(name, expr)| Some((name.clone(), self.formula(expr)?)))
            .collect()
    }

    fn formula(&mut self, expr: &Expr) -> Option<Formula> {
        compile(self.file, expr, &mut self.problems)
    }

    fn note(&mut self, line: u32, message: impl Into<Said>) {
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line,
            message: message.into(),
        });
    }
}

impl Names {
    fn find(self, name: &str) -> Option<&'static FieldType> {
        match self {
            Names::Of(fields) => fields
                .iter()
                .find(|field| field.name == name)
                .map(|field| &field.of),
            Names::Free => Some(&FieldType::Free),
        }
    }
}
