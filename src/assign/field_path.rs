//! The fields a condition can look at, and what may be asked of each.

use std::cell::OnceCell;

use serde_json::Value;

use crate::assign::Subject;
use crate::assign::operand::Looked;
use crate::assign::trace::Text;
use crate::model::field::{Field, FieldType, Kind};
use crate::model::problem::did_you_mean;
use crate::model::record::is_blank;
use crate::model::rules::Operator;
use crate::model::said::{Said, Word};
use crate::said;

/// What conditions can ask of the event.
pub const EVENT_FIELDS: &[&str] = &[
    "type",
    "source",
    "endpoint",
    "scope",
    "delivery_id",
    "time",
    "received_at",
];

/// What conditions can ask of the contact's company.
pub const COMPANY_FIELDS: &[&str] = &["name", "domain", "owner"];

/// What conditions can ask of the orders that are linked to the contact; carts and what came to nothing do not count.
pub const ORDERS_FIELDS: &[&str] = &["count", "total", "currency", "last_at"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Lead,
    Contact,
    Event,
    Company,
    Orders,
}

/// A dotted path: `contact.address.country`, `lead.custom.size`, `budget`, `answers.answer`. What is assigned is a lead, so
/// that `record`, as subscriptions call it, is another name of `lead`.
#[derive(Debug, PartialEq, Eq)]
pub struct FieldPath {
    root: Root,
    steps: Vec<String>,
    family: Family,
    /// There is at most one value.
    is_single: bool,
}

/// What the values of a field are alike, and so which operators fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Text,
    Postal,
    Country,
    /// Numbers and money.
    Number,
    Time,
    Bool,
    Words(&'static [&'static str]),
    /// A list of texts, such as tags.
    List,
    /// An object or a list of objects as a whole.
    Group,
    /// A sender's own field: of any type.
    Any,
}

/// What stands at a path.
#[derive(Debug, Default)]
pub struct Seen<'a> {
    pub values: Vec<Looked<'a>>,
    /// The field is a list of texts, such as `tags`: `contains` then asks for an entry, not for a part of a text.
    pub is_list: bool,
    written: OnceCell<String>,
}

impl<'a> Seen<'a> {
    /// A single value.
    pub fn one(value: &'a Value) -> Self {
        Seen {
            values: vec![Looked::new(value)],
            ..Seen::default()
        }
    }

    /// As JSON: null for nothing, the value, or the list of values.
    pub fn written(&self) -> &str {
        self.written.get_or_init(|| {
            let mut text = Text::new(0);
            match self.values.as_slice() {
                [] => text.raw("null"),
                [one] if !self.is_list => text.json(one.value),
                many => text.json(&many.iter().map(|it| it.value).collect::<Vec<_>>()),
            };
            text.into_string()
        })
    }
}

impl FieldPath {
    /// Reads a path and checks it against the fields that records have.
    ///
    /// # Errors
    /// A sentence that names the unknown field.
    pub fn parse(path: &str) -> Result<Self, Said> {
        let mut steps: Vec<String> = path.split('.').map(|it| it.trim().to_owned()).collect();
        let root = match steps.first().map(String::as_str) {
            Some("lead" | "record") => Some(Root::Lead),
            Some("contact") if steps.len() > 1 => Some(Root::Contact),
            Some("event") => Some(Root::Event),
            Some("company") => Some(Root::Company),
            Some("orders") => Some(Root::Orders),
            _ => None,
        };
        if root.is_some() {
            steps.remove(0);
        }
        let root = root.unwrap_or(Root::Lead);
        match family(root, &steps) {
            Some((family, is_single)) => Ok(FieldPath {
                root,
                steps,
                family,
                is_single,
            }),
            None => Err(unknown(path, root, &steps)),
        }
    }

    pub fn family(&self) -> Family {
        self.family
    }

    /// Whether there is at most one value at the path.
    pub fn is_single(&self) -> bool {
        self.is_single
    }

    /// The path with its record in front: `lead.budget`.
    pub fn full(&self) -> String {
        let root = match self.root {
            Root::Lead => "lead",
            Root::Contact => "contact",
            Root::Event => "event",
            Root::Company => "company",
            Root::Orders => "orders",
        };
        format!("{root}.{}", self.steps.join("."))
    }

    /// The values at the path. A list on the way gives those of all its entries; what is blank is left out.
    pub fn look<'a>(&self, subject: &Subject<'a>) -> Seen<'a> {
        let mut seen = Seen::default();
        let fields = match self.root {
            Root::Lead => Some(subject.lead),
            Root::Contact => subject.contact,
            Root::Event => Some(subject.event),
            Root::Company => Some(subject.company),
            Root::Orders => Some(subject.orders),
        };
        let first = self.steps.split_first();
        if let (Some(fields), Some((first, rest))) = (fields, first)
            && let Some(value) = fields.get(first)
        {
            gather(value, rest, &mut seen);
        }
        seen
    }
}

/// Every path that leads to values, with its record in front: `lead.budget`, `contact.address.country`. What senders add
/// under `custom` is not among them.
pub fn known() -> Vec<FieldPath> {
    let mut paths = Vec::new();
    for (root, kind) in [("lead", Kind::Lead), ("contact", Kind::Contact)] {
        for field in kind.fields() {
            leaves(root, field, &mut paths);
        }
    }
    for (root, names) in [
        ("event", EVENT_FIELDS),
        ("company", COMPANY_FIELDS),
        ("orders", ORDERS_FIELDS),
    ] {
        paths.extend(names.iter().map(|name| format!("{root}.{name}")));
    }
    let read = paths.iter().filter_map(|path| FieldPath::parse(path).ok());
    read.collect()
}

fn leaves(above: &str, field: &Field, paths: &mut Vec<String>) {
    let path = format!("{above}.{}", field.name);
    match &field.of {
        FieldType::Object(parts) | FieldType::Objects(parts) => {
            parts.iter().for_each(|part| leaves(&path, part, paths));
        }
        FieldType::Free => {}
        _ => paths.push(path),
    }
}

/// What stands at a path, and whether it is one value at most.
fn family(root: Root, steps: &[String]) -> Option<(Family, bool)> {
    let (first, rest) = steps.split_first()?;
    let alone = |known: &[&str]| rest.is_empty() && known.contains(&first.as_str());
    let (known, family) = match root {
        Root::Lead => return below(Kind::Lead.field(first)?, rest),
        Root::Contact => return below(Kind::Contact.field(first)?, rest),
        Root::Event => (
            EVENT_FIELDS,
            match first.as_str() {
                "time" | "received_at" => Family::Time,
                _ => Family::Text,
            },
        ),
        Root::Company => (COMPANY_FIELDS, Family::Text),
        Root::Orders => (
            ORDERS_FIELDS,
            match first.as_str() {
                "currency" => Family::Text,
                "last_at" => Family::Time,
                _ => Family::Number,
            },
        ),
    };
    alone(known).then_some((family, true))
}

fn below(field: &Field, steps: &[String]) -> Option<(Family, bool)> {
    if let Some((first, rest)) = steps.split_first() {
        return match &field.of {
            FieldType::Free => Some((Family::Any, false)),
            FieldType::Object(parts) | FieldType::Objects(parts) => {
                let part = parts.iter().find(|part| part.name == first)?;
                let (family, is_single) = below(part, rest)?;
                let of_many = matches!(field.of, FieldType::Objects(_));
                Some((family, is_single && !of_many))
            }
            _ => None,
        };
    }
    let family = match &field.of {
        FieldType::Object(_) | FieldType::Objects(_) | FieldType::Free => Family::Group,
        FieldType::Text if field.name == "postal_code" => Family::Postal,
        FieldType::Text
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Currency
        | FieldType::Link => Family::Text,
        FieldType::Country => Family::Country,
        FieldType::Money | FieldType::Number => Family::Number,
        FieldType::Time => Family::Time,
        FieldType::Bool => Family::Bool,
        FieldType::OneOf(words) => Family::Words(words),
        FieldType::Texts => Family::List,
    };
    Some((family, family != Family::List))
}

fn unknown(path: &str, root: Root, steps: &[String]) -> Said {
    let names: Vec<&str> = match root {
        Root::Lead => Kind::Lead.fields().iter().map(|it| it.name).collect(),
        Root::Contact => Kind::Contact.fields().iter().map(|it| it.name).collect(),
        Root::Event => EVENT_FIELDS.to_vec(),
        Root::Company => COMPANY_FIELDS.to_vec(),
        Root::Orders => ORDERS_FIELDS.to_vec(),
    };
    let first = steps.first().map(String::as_str).unwrap_or_default();
    let hint = match names.contains(&first) {
        true => Word::from(""),
        false => did_you_mean(first, names),
    };
    said!(
        "no-field",
        "there is no field \"{path}\"{hint}: write lead.…, contact.…, event.…, company.… or orders.… and a field of \
         it, such as contact.address.country",
        path = path,
        hint = hint
    )
}

impl Family {
    /// The operators that make sense of such values.
    pub fn operators(self) -> &'static [Operator] {
        use Operator as O;
        const TEXT: &[Operator] = &[
            O::Eq,
            O::Ne,
            O::In,
            O::NotIn,
            O::Contains,
            O::NotContains,
            O::StartsWith,
            O::EndsWith,
            O::Matches,
            O::NotMatches,
            O::Exists,
            O::NotExists,
        ];
        const POSTAL: &[Operator] = &[
            O::Eq,
            O::Ne,
            O::In,
            O::NotIn,
            O::InPostal,
            O::NotInPostal,
            O::StartsWith,
            O::Matches,
            O::NotMatches,
            O::Exists,
            O::NotExists,
        ];
        const WORD: &[Operator] = &[O::Eq, O::Ne, O::In, O::NotIn, O::Exists, O::NotExists];
        const NUMBER: &[Operator] = &[
            O::Eq,
            O::Ne,
            O::In,
            O::NotIn,
            O::Gt,
            O::Gte,
            O::Lt,
            O::Lte,
            O::Between,
            O::Exists,
            O::NotExists,
        ];
        const TIME: &[Operator] = &[
            O::Gt,
            O::Gte,
            O::Lt,
            O::Lte,
            O::Between,
            O::During,
            O::NotDuring,
            O::WithinDays,
            O::NotWithinDays,
            O::Exists,
            O::NotExists,
        ];
        const BOOL: &[Operator] = &[O::Eq, O::Ne, O::Exists, O::NotExists];
        const LIST: &[Operator] = &[
            O::Contains,
            O::NotContains,
            O::ContainsAll,
            O::Eq,
            O::Ne,
            O::In,
            O::NotIn,
            O::StartsWith,
            O::EndsWith,
            O::Matches,
            O::NotMatches,
            O::Exists,
            O::NotExists,
        ];
        const GROUP: &[Operator] = &[O::Exists, O::NotExists];
        match self {
            Family::Text => TEXT,
            Family::Postal => POSTAL,
            Family::Country | Family::Words(_) => WORD,
            Family::Number => NUMBER,
            Family::Time => TIME,
            Family::Bool => BOOL,
            Family::List => LIST,
            Family::Group => GROUP,
            Family::Any => &Operator::ALL,
        }
    }

    /// One word.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Text => "text",
            Family::Postal => "postal",
            Family::Country => "country",
            Family::Number => "number",
            Family::Time => "time",
            Family::Bool => "bool",
            Family::Words(_) => "words",
            Family::List => "list",
            Family::Group => "group",
            Family::Any => "any",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Family::Text => "a text",
            Family::Postal => "a postal code",
            Family::Country => "a country",
            Family::Number => "a number",
            Family::Time => "a time",
            Family::Bool => "true or false",
            Family::Words(_) => "one of a few words",
            Family::List => "a list",
            Family::Group => "a group of fields",
            Family::Any => "a field of the sender's own",
        }
    }
}

fn gather<'a>(value: &'a Value, steps: &[String], seen: &mut Seen<'a>) {
    match (value, steps.split_first()) {
        (Value::Null, _) => {}
        (Value::Array(items), None) => {
            seen.is_list = true;
            let items = items.iter().filter(|it| !is_blank(it));
            seen.values.extend(items.map(Looked::new));
        }
        (Value::Array(items), Some(_)) => {
            for item in items {
                gather(item, steps, seen);
            }
        }
        (_, None) if is_blank(value) => {}
        (_, None) => seen.values.push(Looked::new(value)),
        (Value::Object(members), Some((first, rest))) => {
            if let Some(value) = members.get(first) {
                gather(value, rest, seen);
            }
        }
        (_, Some(_)) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::FieldPath;

    #[test]
    fn a_field_has_one_full_name() {
        for path in ["lead.budget", "record.budget", "budget"] {
            assert_eq!(FieldPath::parse(path).unwrap().full(), "lead.budget");
        }
    }

    #[test]
    fn a_path_names_a_field_that_exists() {
        for path in [
            "lead.status",
            "record.status",
            "record.custom.size",
            "status",
            "contact",
            "contact.email",
            "contact.address.country",
            "contact.custom.size.of.shoe",
            "contact.consent.state",
            "contact.stats.total_spent",
            "answers.answer",
            "attribution.utm_source",
            "event.endpoint",
            "event.type",
            "company.domain",
            "orders.count",
        ] {
            assert!(FieldPath::parse(path).is_ok(), "{path}");
        }
        for path in [
            "",
            "lead",
            "record",
            "record.email",
            "lead.",
            "event",
            "event.nothing",
            "event.type.more",
            "contact.adress",
            "contact.address.planet",
            "lead.status.more",
            "order.total",
            "orders",
            "company.size",
            "email",
        ] {
            let sentence = FieldPath::parse(path).unwrap_err().english;
            assert!(sentence.contains(&format!("\"{path}\"")), "{sentence}");
        }
    }
}
