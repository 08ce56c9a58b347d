//! The envelope, compiled: which events a payload holds, and each one's type, id, time and scope.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use minijinja::Value;
use minijinja::value::ValueKind;

use crate::expr::scope::{Let, Made, Scope};
use crate::expr::{Formula, FormulaError, filters, payload};
use crate::model::problem::Problem;
use crate::model::request::{Headers, RawRequest};
use crate::model::said::Said;
use crate::said;
use crate::source::declaration::{Expr, LetValue, Source};

/// Most parts one request may hold.
const MAX_PARTS: usize = 10_000;

/// Reads envelopes of one source.
#[derive(Debug)]
pub struct Envelope {
    lets: Vec<Arc<Let>>,
    /// Each as it was written, and compiled.
    split: Vec<(String, Formula)>,
    event: Formula,
    /// The formula of the event's name as it was written.
    naming: String,
    /// It reads nothing of the body.
    is_outside: bool,
    id: Option<Formula>,
    time: Option<Formula>,
    scope: Option<Formula>,
    dedupe: Vec<Formula>,
    events: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    name: String,
    when: Option<Formula>,
    ignore: bool,
}

/// One event of a payload.
#[derive(Debug, Clone)]
pub struct Part {
    /// Position in the batch, from 0.
    pub index: u32,
    /// The names its formulas read: the request's, and `item` and `outer` in a batch, and `event`.
    pub names: Scope,
    /// The part itself when the request was split; the schema is checked against it.
    pub item: Option<Value>,
    /// The sender's word; empty when it has none.
    pub event_type: String,
    pub id: Option<String>,
    pub time: Option<Timestamp>,
    /// What the sender wrote as its time, where nothing can be made of it.
    pub unread_time: Option<String>,
    /// The account that external ids belong to, where the source declares one.
    pub scope: Option<String>,
    /// What identifies it, as declared; empty: the body's hash must serve.
    pub dedupe: Vec<String>,
    /// Position in `Source::events`; `None` for an event that no `[[event]]` names.
    pub spec: Option<usize>,
    /// The request does not name the event, and should. Where the name stands beside the body a header was lost on the way,
    /// and not even an `[[event]]` for all names takes it; else one that takes it for more than to ignore it does.
    pub unnamed: Option<Unnamed>,
}

/// Why an event without a name cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnamed {
    /// As the mapping has it.
    formula: String,
    /// Its author may have overlooked that each event of a batch is called `item`.
    forgets_item: bool,
    /// A header or the query should name it.
    pub is_outside: bool,
}

impl Unnamed {
    /// The sentence for people.
    pub fn said(&self) -> Said {
        match self.forgets_item {
            false => said!(
                "event-unnamed",
                "the request does not say which event it is: `{formula}` gives nothing",
                formula = &self.formula
            ),
            true => said!(
                "event-unnamed-batch",
                "the request does not say which event it is: `{formula}` gives nothing; each event of the batch is \
                 called `item`",
                formula = &self.formula
            ),
        }
    }
}

/// What headers and query alone say of a request whose body cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heading {
    /// The sender's word; empty when it stands in the body.
    pub event_type: String,
    pub id: Option<String>,
}

/// Why an envelope cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub enum EnvelopeError {
    Formula {
        place: &'static str,
        cause: FormulaError,
    },
    NoList(String),
    TooManyParts,
}

impl EnvelopeError {
    /// The sentence about it.
    pub fn said(&self) -> Said {
        match self {
            EnvelopeError::Formula { place, cause } => said!(
                "envelope-formula",
                "{place}: {why}",
                place = *place,
                why = (*cause.0).clone()
            ),
            EnvelopeError::NoList(formula) => said!(
                "envelope-no-list",
                "[split] each: `{formula}` gives no list, so there are no events to be found",
                formula = formula
            ),
            EnvelopeError::TooManyParts => said!(
                "envelope-parts",
                "the request holds more than {most} events",
                most = MAX_PARTS
            ),
        }
    }
}

impl Envelope {
    /// Compiles the `[delivery]`, `[split]` and `[[event]]` heads of a source.
    ///
    /// # Errors
    /// Every formula that does not compile, with its line.
    pub fn compile(source: &Source) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut lets: Vec<Arc<Let>> = Vec::new();
        for (name, value) in &source.lets {
            if let Some(made) = made(&source.file, value, &mut problems) {
                lets.push(Arc::new(Let::new(name, made, &lets)));
            }
        }
        let mut formula = |expr: &Expr| compile(&source.file, expr, &mut problems);
        let delivery = &source.delivery;
        let split: Vec<_> = source
            .split
            .iter()
            .flat_map(|split| &split.each)
            .filter_map(|each| Some((each.text.clone(), formula(each)?)))
            .collect();
        let event = formula(&delivery.event);
        let id = delivery.id.as_ref().and_then(&mut formula);
        let time = delivery.time.as_ref().and_then(&mut formula);
        let scope = delivery.scope.as_ref().and_then(&mut formula);
        let dedupe = delivery.dedupe.iter().filter_map(&mut formula).collect();
        let events = source
            .events
            .iter()
            .map(|spec| Pattern {
                name: spec.name.clone(),
                when: spec.when.as_ref().and_then(&mut formula),
                ignore: spec.ignore,
            })
            .collect();
        match event {
            Some(event) if problems.is_empty() => Ok(Envelope {
                lets,
                split,
                naming: delivery.event.text.clone(),
                is_outside: is_outside(&event),
                event,
                id,
                time,
                scope,
                dedupe,
                events,
            }),
            _ => Err(problems),
        }
    }

    /// The events of a payload, in the order they stand in it.
    ///
    /// # Errors
    /// A formula of the envelope that fails on this payload, a batch that is none, or one beyond reason.
    pub fn open(&self, names: &Scope) -> Result<Vec<Part>, EnvelopeError> {
        let mut scopes = vec![(names.with_lets(&self.lets), None)];
        let mut no_list = None;
        for (text, each) in &self.split {
            let (inner, all_lists) = Self::descend(each, scopes)?;
            no_list = no_list.or((!all_lists).then_some(text));
            scopes = inner;
        }
        if let Some(text) = no_list.filter(|_| scopes.is_empty()) {
            return Err(EnvelopeError::NoList(text.clone()));
        }
        let mut parts = Vec::with_capacity(scopes.len());
        for (index, (names, item)) in scopes.into_iter().enumerate() {
            parts.push(self.part(u32::try_from(index).unwrap_or(u32::MAX), names, item)?);
        }
        Ok(parts)
    }

    /// In a batch the name mostly stands in the part.
    fn forgets_item(&self) -> bool {
        let reads_parts = self.event.variables().iter().any(|name| name == "item");
        !(self.split.is_empty() || reads_parts || self.is_outside)
    }

    /// The event's name and id as far as they stand outside of the body; `names` has none.
    pub fn heading(&self, names: &Scope) -> Heading {
        let names = names.with_lets(&self.lets);
        let text = |formula: &Formula, names: &Scope| formula.text(names).ok().flatten();
        let event_type = text(&self.event, &names).unwrap_or_default();
        let names = names.with("event", Value::from(event_type.as_str()));
        Heading {
            id: self.id.as_ref().and_then(|id| text(id, &names)),
            event_type,
        }
    }

    /// The items of all lists, and whether all were lists. An item may lack the list of the next level.
    fn descend(each: &Formula, scopes: Scopes) -> Result<(Scopes, bool), EnvelopeError> {
        let (mut inner, mut all_lists) = (Vec::new(), true);
        for (names, item) in scopes {
            let list = each.eval(&names).map_err(at("[split] each"))?;
            let is_list = matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable);
            if !is_list {
                let may_lack = item.is_some() && (list.is_undefined() || list.is_none());
                all_lists &= may_lack;
                continue;
            }
            let outer: Vec<Value> = names
                .get("outer")
                .and_then(|outer| outer.try_iter().ok())
                .into_iter()
                .flatten()
                .chain(item)
                .collect();
            let names = names.with("outer", Value::from(outer));
            for item in list.try_iter().into_iter().flatten() {
                if inner.len() >= MAX_PARTS {
                    return Err(EnvelopeError::TooManyParts);
                }
                inner.push((names.with("item", item.clone()), Some(item)));
            }
        }
        Ok((inner, all_lists))
    }

    fn part(&self, index: u32, names: Scope, item: Option<Value>) -> Result<Part, EnvelopeError> {
        let event_type = self
            .event
            .text(&names)
            .map_err(at("[delivery] event"))?
            .unwrap_or_default();
        let names = names.with("event", Value::from(event_type.as_str()));
        let text = |formula: &Option<Formula>, place| match formula {
            Some(formula) => formula.text(&names).map_err(at(place)),
            None => Ok(None),
        };
        let id = text(&self.id, "[delivery] id")?;
        let scope = text(&self.scope, "[delivery] scope")?;
        let (time, unread_time) = match &self.time {
            Some(formula) => {
                let value = formula.eval(&names).map_err(at("[delivery] time"))?;
                let time = filters::to_timestamp(&value);
                let text = filters::text_of(&value).filter(|_| time.is_none());
                (time, text.map(Cow::into_owned))
            }
            None => (None, None),
        };
        let mut dedupe = Vec::with_capacity(self.dedupe.len());
        for formula in &self.dedupe {
            // A blank part keeps its place, so that the others cannot be taken for one another.
            let part = formula.text(&names).map_err(at("[delivery] dedupe"))?;
            dedupe.push(part.unwrap_or_default());
        }
        if dedupe.iter().all(String::is_empty) {
            dedupe.clear();
        }
        let mut spec = None;
        for (position, pattern) in self.events.iter().enumerate() {
            if pattern.fits(&event_type, &names)? {
                spec = Some(position);
                break;
            }
        }
        let is_wanted = |at: &usize| self.events.get(*at).is_some_and(|pattern| !pattern.ignore);
        let is_taken = !self.is_outside && spec.as_ref().is_some_and(is_wanted);
        let unnamed = (event_type.is_empty() && !is_taken).then(|| Unnamed {
            formula: self.naming.clone(),
            forgets_item: self.forgets_item(),
            is_outside: self.is_outside,
        });
        Ok(Part {
            index,
            names,
            item,
            event_type,
            id,
            time,
            unread_time,
            scope,
            dedupe,
            spec,
            unnamed,
        })
    }
}

/// Scopes of parts, each with its item.
type Scopes = Vec<(Scope, Option<Value>)>;

/// Whether a formula reads something, and nothing of the body.
fn is_outside(formula: &Formula) -> bool {
    let names = formula.variables();
    !names.is_empty() && names.iter().all(|name| name == "header" || name == "query")
}

impl Pattern {
    fn fits(&self, event_type: &str, names: &Scope) -> Result<bool, EnvelopeError> {
        if !matches(&self.name, event_type) {
            return Ok(false);
        }
        match &self.when {
            Some(when) => when.is_true(names).map_err(at("[[event]] when")),
            None => Ok(true),
        }
    }
}

/// The names of a request: `body`, `header`, `query`, `endpoint`, `method`, `received_at`, `region`, and the source's
/// lookup tables. Settings are not among them, so that no mapping can write a token into a record.
pub fn names(
    request: &RawRequest,
    body: Arc<serde_json::Value>,
    region: Option<&str>,
    tables: &Value,
) -> Scope {
    Scope::new([
        ("body", payload::of_json(body)),
        ("header", header_value(&request.headers)),
        ("query", query_value(&request.query)),
        ("endpoint", Value::from(request.endpoint.as_str())),
        ("method", Value::from(request.method.as_str())),
        ("received_at", Value::from(request.received_at.to_string())),
        ("region", region.map_or(Value::UNDEFINED, Value::from)),
        ("tables", tables.clone()),
    ])
}

/// Header names in lower case → first value.
pub fn header_value(headers: &Headers) -> Value {
    let headers = headers.0.iter();
    payload::of_pairs(headers.map(|(name, value)| (name.clone(), Value::from(value.as_str()))))
}

/// Query parameters, decoded → first value.
pub fn query_value(query: &str) -> Value {
    let parameters = form_urlencoded::parse(query.as_bytes());
    payload::of_pairs(
        parameters.map(|(name, value)| (name.into_owned(), Value::from(value.as_ref()))),
    )
}

/// The `lookup('name')` tables as formulas read them.
pub fn tables(source: &Source) -> Value {
    payload::of_pairs(source.lookups.iter().map(|(name, words)| {
        let words = words
            .iter()
            .map(|(word, meaning)| (word.clone(), Value::from(meaning.as_str())));
        (name.clone(), payload::of_table(words))
    }))
}

/// Whether `name` fits `pattern`, in which `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            let Some(rest) = name.strip_prefix(before) else {
                return false;
            };
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest)))
        }
    }
}

/// Compiles one formula, or notes what is wrong with it.
pub fn compile(file: &str, expr: &Expr, problems: &mut Vec<Problem>) -> Option<Formula> {
    match Formula::compile(&expr.text) {
        Ok(formula) => Some(formula),
        Err(error) => {
            problems.push(Problem {
                file: file.to_owned(),
                line: expr.line,
                message: *error.0,
            });
            None
        }
    }
}

/// Compiles what a name stands for.
fn made(file: &str, value: &LetValue, problems: &mut Vec<Problem>) -> Option<Made> {
    Some(match value {
        LetValue::Formula(expr) => Made::Formula(compile(file, expr, problems)?),
        LetValue::Each { from, parts } => Made::Each {
            from: compile(file, from, problems)?,
            parts: parts
                .iter()
                .filter_map(|(name, expr)| Some((name.clone(), compile(file, expr, problems)?)))
                .collect(),
        },
    })
}

fn at(place: &'static str) -> impl Fn(FormulaError) -> EnvelopeError {
    move |cause| EnvelopeError::Formula { place, cause }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("orders/*", "orders/create", true),
            ("orders/*", "customers/create", false),
            ("*", "", true),
            ("*.created", "lead.created", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("ping", "ping", true),
            ("ping", "pings", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
