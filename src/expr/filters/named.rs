//! Words and answers translated by the source's lookup tables.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ValueKind};
use minijinja::{Error, State, Value};

use crate::expr::filters::list::{answer_text, file};
use crate::expr::filters::{cannot, text_of};
use crate::expr::payload;
use crate::model::fold::fold;
use crate::said;

/// How deep groups of fields may nest: `fields[contact][email]`.
const MAX_DEPTH: usize = 4;

/// Names under which lists of answers keep the question: Meta `name`, Google Ads `column_id`, form tools the others.
const QUESTION: &[&str] = &[
    "name",
    "column_id",
    "question",
    "label",
    "key",
    "title",
    "field",
];

/// Names under which they keep the answer.
const ANSWER: &[&str] = &["values", "value", "string_value", "answer", "text"];

/// `lookup('statuses')`: what the table says for this word, without regard to case, accents and punctuation; nothing
/// for a word that is not in it.
pub fn lookup(state: &State, value: &Value, name: &str) -> Result<Value, Error> {
    looked_up(state.lookup("tables").as_ref(), value, name)
}

/// As `lookup`, among these tables.
pub fn looked_up(tables: Option<&Value>, value: &Value, name: &str) -> Result<Value, Error> {
    let table = table(tables, name)?;
    Ok(text_of(value)
        .and_then(|word| find(&table, &word))
        .unwrap_or(Value::UNDEFINED))
}

/// `named('fields')`: the answers of a form under the names that a lookup table gives them; `rest` lists the others as
/// `{question, answer}`. Takes a flat or nested object, or a list of `{name, values}` in the ways senders write it. A
/// question inside a group is told with the group's name before it: `size[shirt]` is `size shirt`.
/// Of two answers with one name the first counts and the other goes to the rest; a name of `''` drops the answer.
/// `asked`, which is not listed among the names, has the question of each name in the form's own words.
pub fn named(state: &State, value: &Value, name: &str) -> Result<Value, Error> {
    let table = table(state.lookup("tables").as_ref(), name)?;
    let mut named = Named::default();
    named.read(value, &table, "", 0);
    Ok(Value::from_object(Answers {
        known: named.known,
        asked: payload::of_pairs(named.asked),
        rest: Value::from(named.rest),
    }))
}

fn table(tables: Option<&Value>, name: &str) -> Result<Value, Error> {
    tables
        .and_then(|tables| tables.get_attr(name).ok())
        .filter(|table| table.kind() == ValueKind::Map)
        .ok_or_else(|| {
            cannot(said!(
                "filter-no-table",
                "there is no lookup table \"{name}\": add [lookup.{name}]",
                name = name
            ))
        })
}

/// Tables hold each word in lower case and folded; see the loader.
fn find(table: &Value, word: &str) -> Option<Value> {
    let found = |key: &str| {
        table
            .get_attr(key)
            .ok()
            .filter(|value| !value.is_undefined())
    };
    found(&word.to_lowercase()).or_else(|| found(&fold(word)))
}

/// Answers by name; the questions and what is left over are each one value, whoever asks for it.
#[derive(Debug)]
struct Answers {
    known: Vec<(Arc<str>, Value)>,
    asked: Value,
    rest: Value,
}

/// Answers while they are read.
#[derive(Debug, Default)]
struct Named {
    known: Vec<(Arc<str>, Value)>,
    /// The questions of `known`.
    asked: Vec<(String, Value)>,
    rest: Vec<Value>,
}

impl Named {
    /// Reads a group of answers; `group` is what it is called, nothing for the form itself.
    fn read(&mut self, value: &Value, table: &Value, group: &str, depth: usize) {
        if depth >= MAX_DEPTH {
            return;
        }
        let Ok(items) = value.try_iter() else {
            return;
        };
        for item in items {
            if value.kind() == ValueKind::Map {
                let answer = value.get_item(&item).unwrap_or(Value::UNDEFINED);
                self.member(&label(group, &item), &item, answer, table, depth);
            } else if let (Some(question), answer) =
                (first_of(&item, QUESTION), first_of(&item, ANSWER))
            {
                let answer = answer.unwrap_or(Value::UNDEFINED);
                self.add(&label("", &question), &question, answer, table);
            } else if depth > 0 && item.kind() == ValueKind::Map {
                // `line[0][sku]`, `line[1][sku]`: groups in a list.
                self.read(&item, table, group, depth + 1);
            }
        }
    }

    fn member(
        &mut self,
        question: &str,
        inner: &Value,
        answer: Value,
        table: &Value,
        depth: usize,
    ) {
        let first = match answer.kind() {
            ValueKind::Map => Some(answer.clone()),
            ValueKind::Seq => answer.get_item_by_index(0).ok(),
            _ => None,
        };
        let first = first.filter(|first| first.kind() == ValueKind::Map);
        match first {
            // Each file is an answer of its own.
            Some(first) if file(&first).is_some() && answer.kind() == ValueKind::Seq => {
                for item in answer.try_iter().into_iter().flatten() {
                    self.add(question, inner, item, table);
                }
            }
            Some(first) if file(&first).is_none() => {
                self.read(&answer, table, question, depth + 1);
            }
            _ => self.add(question, inner, answer, table),
        }
    }

    /// An answer; inside a group the table may know its question with the group's name or without.
    fn add(&mut self, question: &str, inner: &Value, answer: Value, table: &Value) {
        let Some(text) = answer_text(&answer) else {
            return;
        };
        if question.is_empty() {
            return;
        }
        let known = find(table, question);
        let known = known.or_else(|| text_of(inner).and_then(|inner| find(table, &inner)));
        let name = known.and_then(|name| name.to_str());
        match name {
            Some(name) if name.is_empty() => {}
            Some(name) => match self.known.iter().find(|(known, _)| *known == name) {
                None => {
                    let question = Value::from(question);
                    self.asked.push((name.to_string(), question));
                    self.known.push((name, Value::from(text)));
                }
                Some((_, first)) if first.as_str() == Some(&text) => {}
                Some(_) => self.left_over(question, text),
            },
            None => self.left_over(question, text),
        }
    }

    fn left_over(&mut self, question: &str, answer: String) {
        self.rest.push(parts([
            ("question", Value::from(question)),
            ("answer", Value::from(answer)),
        ]));
    }
}

/// A question with the name of its group before it.
fn label(group: &str, question: &Value) -> String {
    let question = text_of(question).unwrap_or_default();
    match (group, &*question) {
        ("", question) => question.to_owned(),
        (group, "") => group.to_owned(),
        (group, question) => format!("{group} {question}"),
    }
}

fn first_of(item: &Value, names: &[&str]) -> Option<Value> {
    names
        .iter()
        .filter_map(|name| item.get_attr(name).ok())
        .find(|value| !value.is_undefined() && !value.is_none())
}

impl Object for Answers {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if key == "rest" {
            return Some(self.rest.clone());
        }
        if key == "asked" {
            return Some(self.asked.clone());
        }
        self.known
            .iter()
            .find(|(name, _)| **name == *key)
            .map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.known.iter().map(|(name, _)| Value::from(&**name));
        Enumerator::Values(names.chain([Value::from("rest")]).collect())
    }
}

/// A small object with fixed names.
#[derive(Debug)]
struct Parts<const N: usize>([(&'static str, Value); N]);

/// A value with these members, blank ones left out when they are undefined.
pub fn parts<const N: usize>(members: [(&'static str, Value); N]) -> Value {
    Value::from_object(Parts(members))
}

impl<const N: usize> Object for Parts<N> {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0
            .iter()
            .find(|(name, value)| *name == key && !value.is_undefined())
            .map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(
            self.0
                .iter()
                .filter(|(_, value)| !value.is_undefined())
                .map(|(name, _)| Value::from(*name))
                .collect(),
        )
    }
}
