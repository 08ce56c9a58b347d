//! A parsed payload as a MiniJinja object: looked into, never converted as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use serde_json::{Map, Value as Json};

/// A JSON document for formulas. Containers are wrapped, scalars converted one by one when they are asked for.
pub fn of_json(document: Arc<Json>) -> Value {
    if !document.is_object() && !document.is_array() {
        return of_scalar(&document);
    }
    Value::from_object(Node {
        document,
        path: Vec::new(),
    })
}

/// A few names with their values, such as headers; of a repeated name the first counts.
pub fn of_pairs(pairs: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::from_object(Pairs(pairs.into_iter().collect()))
}

/// Many names with their values.
pub fn of_table(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::from_object(Entries(entries.into_iter().collect()))
}

/// The JSON behind a value, where it came from a payload or was built by a formula.
/// `None` for a value without a JSON form (a function, bytes that are not text).
pub fn to_json(value: &Value) -> Option<Json> {
    if let Some(node) = value.downcast_object_ref::<Node>() {
        return node.json().cloned();
    }
    if let Some(exact) = value.downcast_object_ref::<Exact>() {
        return serde_json::from_str(&exact.0).ok();
    }
    serde_json::to_value(value).ok()
}

/// A number that no machine number holds exactly: kept as its text. `decimal`, `float`, `int` and `string` read it.
#[derive(Debug)]
pub struct Exact(pub String);

impl Object for Exact {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0.chars().any(|c| ('1'..='9').contains(&c))
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug)]
struct Pairs(Vec<(String, Value)>);

impl Object for Pairs {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names: Vec<&str> = Vec::with_capacity(self.0.len());
        for (name, _) in &self.0 {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        Enumerator::Values(names.into_iter().map(Value::from).collect())
    }
}

#[derive(Debug)]
struct Entries(HashMap<String, Value>);

impl Object for Entries {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        Enumerator::Values(names.into_iter().map(Value::from).collect())
    }
}

/// A step into a document.
#[derive(Debug, Clone, Copy)]
pub enum Key<'k> {
    Member(&'k str),
    Item(usize),
}

/// What stands below a payload's value, walked in one go; undefined when nothing does. `None` when `value` is not part
/// of a payload, or the way leads into a text.
pub fn below<'k>(value: &Value, keys: impl Iterator<Item = Key<'k>> + Clone) -> Option<Value> {
    let node = value.downcast_object_ref::<Node>()?;
    node.below(keys)
}

/// An object of a payload, found once for all members that are asked for.
pub struct Members<'v> {
    node: &'v Node,
    members: &'v Map<String, Json>,
}

/// `value` as an object of a payload, when it is one.
pub fn members(value: &Value) -> Option<Members<'_>> {
    value.downcast_object_ref::<Node>()?.members()
}

impl Members<'_> {
    pub fn get(&self, name: &str) -> Option<Value> {
        let json = find(self.members, name)?;
        Some(self.node.child(Step::Member(name.into()), json))
    }
}

/// So many are looked through faster than a name is hashed.
const FEW: usize = 8;

fn find<'m>(members: &'m Map<String, Json>, name: &str) -> Option<&'m Json> {
    if members.len() > FEW {
        return members.get(name);
    }
    let found = members.iter().find(|(known, _)| *known == name);
    found.map(|(_, json)| json)
}

/// A container inside a document. A path instead of a reference, because the document is shared.
#[derive(Debug)]
struct Node {
    document: Arc<Json>,
    path: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Member(Box<str>),
    Item(usize),
}

impl Node {
    fn json(&self) -> Option<&Json> {
        let mut here = &*self.document;
        for step in &self.path {
            here = match step {
                Step::Member(name) => find(here.as_object()?, name)?,
                Step::Item(index) => here.get(*index)?,
            };
        }
        Some(here)
    }

    fn child(&self, step: Step, json: &Json) -> Value {
        if !json.is_object() && !json.is_array() {
            return of_scalar(json);
        }
        let mut path = Vec::with_capacity(self.path.len() + 1);
        path.extend(self.path.iter().cloned());
        path.push(step);
        Value::from_object(Node {
            document: Arc::clone(&self.document),
            path,
        })
    }

    fn below<'k>(&self, keys: impl Iterator<Item = Key<'k>> + Clone) -> Option<Value> {
        let mut here = self.json()?;
        for key in keys.clone() {
            let next = match key {
                Key::Member(name) => here.as_object().and_then(|members| find(members, name)),
                // A letter of a text: rare, and the machine knows how.
                Key::Item(_) if here.is_string() => return None,
                Key::Item(index) => here.as_array().and_then(|items| items.get(index)),
            };
            match next {
                Some(next) => here = next,
                None => return Some(Value::UNDEFINED),
            }
        }
        if !here.is_object() && !here.is_array() {
            return Some(of_scalar(here));
        }
        let steps = keys.map(|key| match key {
            Key::Member(name) => Step::Member(name.into()),
            Key::Item(index) => Step::Item(index),
        });
        Some(Value::from_object(Node {
            document: Arc::clone(&self.document),
            path: self.path.iter().cloned().chain(steps).collect(),
        }))
    }

    fn members(&self) -> Option<Members<'_>> {
        let members = self.json()?.as_object()?;
        Some(Members {
            node: self,
            members,
        })
    }

    fn member(&self, name: &str) -> Option<Value> {
        self.members()?.get(name)
    }
}

impl Object for Node {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.json() {
            Some(Json::Array(_)) => ObjectRepr::Seq,
            _ => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if let Some(name) = key.as_str() {
            return self.member(name);
        }
        let index = key.as_usize()?;
        let json = self.json()?.as_array()?.get(index)?;
        Some(self.child(Step::Item(index), json))
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.member(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.json() {
            Some(Json::Array(items)) => Enumerator::Seq(items.len()),
            Some(Json::Object(members)) => Enumerator::Values(
                members
                    .keys()
                    .map(|key| Value::from(key.as_str()))
                    .collect(),
            ),
            _ => Enumerator::Empty,
        }
    }
}

fn of_scalar(json: &Json) -> Value {
    match json {
        Json::Bool(truth) => Value::from(*truth),
        Json::String(text) => Value::from(text.as_str()),
        Json::Number(number) => of_number(number),
        Json::Null | Json::Array(_) | Json::Object(_) => Value::from(()),
    }
}

/// Whole numbers of 64 bits stay numbers; everything else keeps its exact text.
fn of_number(number: &serde_json::Number) -> Value {
    if let Some(whole) = number.as_i64() {
        Value::from(whole)
    } else if let Some(whole) = number.as_u64() {
        Value::from(whole)
    } else {
        Value::from_object(Exact(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use minijinja::Value;
    use serde_json::json;

    use super::{of_json, of_pairs, of_table};
    use crate::expr::scope::Scope;
    use crate::expr::{Formula, is_blank};

    fn check(body: serde_json::Value, formula: &str, expected: Option<&str>) {
        let scope = Scope::new([("body", of_json(Arc::new(body)))]);
        let value = Formula::compile(formula).unwrap().eval(&scope).unwrap();
        let found = (!is_blank(&value)).then(|| value.to_string());
        assert_eq!(found.as_deref(), expected, "{formula}");
    }

    #[test]
    fn looks_into_documents() {
        let body = json!({"id": 820982911946154508_u64, "customer": {"email": "a@b.c"}, "lines": [{"sku": "x"}, {"sku": "y"}],
            "empty": "", "nothing": null, "zero": 0, "list": []});
        check(body.clone(), "body.id", Some("820982911946154508"));
        check(body.clone(), "body.customer.email", Some("a@b.c"));
        check(body.clone(), "body.lines[1].sku", Some("y"));
        check(
            body.clone(),
            "body.lines | map(attribute='sku') | join('+')",
            Some("x+y"),
        );
        check(body.clone(), "body.missing.deep.down", None);
        check(
            body.clone(),
            "body.empty or body.customer.email",
            Some("a@b.c"),
        );
        check(body.clone(), "body.nothing", None);
        check(body.clone(), "body.lines | length", Some("2"));
        check(body.clone(), "'yes' if body.list else 'no'", Some("no"));
        check(body, "body['customer']['email']", Some("a@b.c"));
    }

    #[test]
    fn names_and_tables() {
        let pair = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        let scope = Scope::new([
            (
                "header",
                of_pairs([pair("x-topic", "a"), pair("x-topic", "b")]),
            ),
            ("table", of_table([pair("b", "2"), pair("a", "1")])),
        ]);
        for (formula, expected) in [
            ("header['x-topic']", "a"),
            ("header.absent or 'none'", "none"),
            ("header | length", "1"),
            ("table.b", "2"),
            ("table | join", "ab"),
        ] {
            let value = Formula::compile(formula).unwrap().eval(&scope).unwrap();
            assert_eq!(value.to_string(), expected, "{formula}");
        }
    }

    #[test]
    fn keeps_numbers_exact() {
        let body: serde_json::Value = serde_json::from_str(
            r#"{"price": 19.90, "huge": 123456789012345678901234567890, "big": 9007199254740993}"#,
        )
        .unwrap();
        check(body.clone(), "body.price", Some("19.90"));
        check(
            body.clone(),
            "body.huge",
            Some("123456789012345678901234567890"),
        );
        check(body, "body.big", Some("9007199254740993"));
    }
}
