//! From an event's payload to drafts of records: each field evaluated, coerced, and marked with its line.

use minijinja::Value;
use serde_json::{Map, Value as Json};

use crate::expr::scope::Scope;
use crate::expr::{Formula, FormulaError};
use crate::model::field::Kind;
use crate::model::record::Draft;
use crate::model::said::Said;
use crate::process::coerce::{Misfit, coerce};
use crate::process::recipe::{EventRecipe, FieldRecipe, Recipe, RecordRecipe, ValueRecipe};
use crate::{phrase, said};

/// Fields that say something about a person, but not who it is: a contact of these alone is nobody.
const NOBODY: &[&str] = &[
    "consent",
    "language",
    "lifecycle",
    "owner",
    "segments",
    "stats",
    "tags",
];

/// A field that cannot be made from this event: the event waits in quarantine for a mended mapping.
///
/// Shown as `mappings/shopify.toml:31: order.total: 'abc' is not a decimal number`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub struct MapError {
    pub file: String,
    pub line: u32,
    /// `order.line_items[2].unit_price`
    pub path: String,
    pub sentence: Said,
}

impl MapError {
    /// The whole of it as a sentence.
    pub fn said(&self) -> Said {
        said!(
            "map-failed",
            "{file}:{line}: {path}: {why}",
            file = &self.file,
            line = self.line,
            path = &self.path,
            why = self.sentence.clone()
        )
    }

    /// The place as a JSON pointer into the record: `/order/line_items/2/unit_price`.
    pub fn pointer(&self) -> String {
        let steps = self.path.split(['.', '[']);
        let steps = steps.map(|step| {
            step.trim_end_matches(']')
                .replace('~', "~0")
                .replace('/', "~1")
        });
        steps.fold(String::new(), |pointer, step| pointer + "/" + &step)
    }
}

/// A fault on its way up; the path grows while it rises, so that good events pay nothing for it.
struct Fault {
    line: u32,
    path: String,
    sentence: Said,
}

/// The drafts of one event, in the order of the mapping. Records that came out blank are left out.
///
/// # Errors
/// The first field whose formula fails or whose value does not fit.
pub fn map(recipe: &Recipe, event: &EventRecipe, names: &Scope) -> Result<Vec<Draft>, MapError> {
    let mut drafts = Vec::with_capacity(event.records.len());
    for record in &event.records {
        let draft = draft(recipe, record, names, Err).map_err(|fault| MapError {
            file: recipe.file.clone(),
            line: fault.line,
            path: format!("{}{}", record.kind.as_str(), fault.path),
            sentence: fault.sentence,
        })?;
        drafts.extend(draft);
    }
    Ok(drafts)
}

/// What is known of a thin event before its fetch: a field that fails without the answer is left out.
pub fn map_known(recipe: &Recipe, event: &EventRecipe, names: &Scope) -> Vec<Draft> {
    event
        .records
        .iter()
        .filter_map(|record| draft(recipe, record, names, |_| Ok(())).ok().flatten())
        .collect()
}

fn draft(
    recipe: &Recipe,
    record: &RecordRecipe,
    names: &Scope,
    on_fault: fn(Fault) -> Result<(), Fault>,
) -> Result<Option<Draft>, Fault> {
    if !truth(record.when.as_ref(), true, names).map_err(|error| record.fault("when", error))? {
        return Ok(None);
    }
    let mut draft = Draft::new(record.kind);
    draft.deleted = truth(record.deleted.as_ref(), false, names)
        .map_err(|error| record.fault("deleted", error))?;
    draft.existing = record.existing;
    for field in &record.fields {
        match value(field, names) {
            Ok(Some(json)) => {
                draft.fields.insert(&field.name, json);
                draft.lines.insert(field.name.as_str().into(), field.line);
            }
            Ok(None) => {}
            Err(fault) => on_fault(fault.below(&format!(".{}", field.name)))?,
        }
    }
    if says_nothing(&draft) {
        return Ok(None);
    }
    for field in &record.previous {
        match value(field, names) {
            Ok(Some(json)) => {
                draft.previous.insert(&field.name, json);
            }
            Ok(None) => {}
            Err(fault) => on_fault(fault.below(&format!(".previous.{}", field.name)))?,
        }
    }
    if let Some(field) = lost_id(record, &draft) {
        let sentence = phrase!(
            "map-no-id",
            "is blank: without its id nothing that is told of this record later could find it"
        );
        let fault = Fault {
            line: field.line,
            path: ".external_id".to_owned(),
            sentence: sentence.into(),
        };
        on_fault(fault)?;
    }
    for name in &record.clears {
        if !draft.fields.contains_key(name) {
            draft.clears.push(name.clone());
        }
    }
    if draft.kind == Kind::Lead && !draft.fields.contains_key("source") {
        let source = Json::String(recipe.source.clone());
        draft.fields.insert("source", source);
    }
    Ok(Some(draft))
}

fn truth(formula: Option<&Formula>, absent: bool, names: &Scope) -> Result<bool, FormulaError> {
    formula.map_or(Ok(absent), |formula| formula.is_true(names))
}

/// The declared id of an order or ticket that came out blank. A contact is known by its addresses as well, and a lead is
/// told of once.
fn lost_id<'r>(record: &'r RecordRecipe, draft: &Draft) -> Option<&'r FieldRecipe> {
    if !matches!(draft.kind, Kind::Order | Kind::Ticket) || draft.fields.contains_key("external_id")
    {
        return None;
    }
    let mut fields = record.fields.iter();
    fields.find(|field| field.name == "external_id")
}

fn says_nothing(draft: &Draft) -> bool {
    match draft.kind {
        Kind::Contact => draft.fields.keys().all(|name| NOBODY.contains(&name)),
        Kind::Lead | Kind::Order | Kind::Ticket => draft.fields.is_empty(),
    }
}

fn value(field: &FieldRecipe, names: &Scope) -> Result<Option<Json>, Fault> {
    match &field.value {
        ValueRecipe::Formula(formula) => {
            let value = formula.eval(names).map_err(|error| field.fault(error))?;
            coerce(field.of, &value, names).map_err(|misfit| field.misfit(misfit))
        }
        ValueRecipe::Object(parts) => Ok(object(parts, names)?.map(Json::Object)),
        ValueRecipe::Each { from, fields } => each(field, from, fields, names),
        ValueRecipe::Entries(entries) => written_entries(entries, names),
    }
}

fn object(parts: &[FieldRecipe], names: &Scope) -> Result<Option<Map<String, Json>>, Fault> {
    let mut found = Map::with_capacity(parts.len());
    for part in parts {
        let json = value(part, names).map_err(|fault| fault.below(&format!(".{}", part.name)))?;
        if let Some(json) = json {
            found.insert(part.name.clone(), json);
        }
    }
    Ok((!found.is_empty()).then_some(found))
}

/// One entry per item; an item of which nothing is known makes none.
fn each(
    field: &FieldRecipe,
    from: &Formula,
    parts: &[FieldRecipe],
    names: &Scope,
) -> Result<Option<Json>, Fault> {
    let list = from.eval(names).map_err(|error| field.fault(error))?;
    let mut found = Vec::with_capacity(list.len().unwrap_or(0));
    for (index, item) in items(&list).enumerate() {
        let names = names.with("item", item);
        let entry = object(parts, &names).map_err(|fault| fault.below(&format!("[{index}]")))?;
        found.extend(entry.map(Json::Object));
    }
    Ok((!found.is_empty()).then_some(Json::Array(found)))
}

fn items(list: &Value) -> impl Iterator<Item = Value> + '_ {
    list.try_iter().into_iter().flatten()
}

/// Entries written out one by one; one with a blank part is left out.
fn written_entries(entries: &[Vec<FieldRecipe>], names: &Scope) -> Result<Option<Json>, Fault> {
    let mut found = Vec::with_capacity(entries.len());
    for (index, parts) in entries.iter().enumerate() {
        let entry = object(parts, names).map_err(|fault| fault.below(&format!("[{index}]")))?;
        if let Some(entry) = entry.filter(|entry| entry.len() == parts.len()) {
            found.push(Json::Object(entry));
        }
    }
    Ok((!found.is_empty()).then_some(Json::Array(found)))
}

impl Fault {
    fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

impl FieldRecipe {
    fn fault(&self, error: FormulaError) -> Fault {
        Fault {
            line: self.line,
            path: String::new(),
            sentence: *error.0,
        }
    }

    fn misfit(&self, misfit: Misfit) -> Fault {
        Fault {
            line: self.line,
            path: misfit.path,
            sentence: misfit.sentence,
        }
    }
}

impl RecordRecipe {
    fn fault(&self, clause: &str, error: FormulaError) -> Fault {
        Fault {
            line: self.line,
            path: format!(".{clause}"),
            sentence: *error.0,
        }
    }
}
