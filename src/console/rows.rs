//! A condition as the rows of a form, and back. A row is a comparison, a formula or a group; its depth says which group
//! above it holds it. The first row is the group that holds all others.

use serde_json::{Value, json};

use crate::console::form::Form;
use crate::console::week;
use crate::model::rules::{AllOf, AnyOf, Comparison, Condition, Expression, NotOf, Operator};

/// Rows of one rule at most: a form that has more was not made by us.
const MOST: usize = 200;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    All,
    Any,
    /// Not any.
    None,
    NotAll,
    Compare,
    Formula,
}

impl Sort {
    pub const GROUPS: [Sort; 4] = [Sort::All, Sort::Any, Sort::None, Sort::NotAll];

    /// As it stands in a form, and in the message `group-WORD`.
    pub fn as_str(self) -> &'static str {
        match self {
            Sort::All => "all",
            Sort::Any => "any",
            Sort::None => "none",
            Sort::NotAll => "not_all",
            Sort::Compare => "compare",
            Sort::Formula => "formula",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let all = Self::GROUPS
            .into_iter()
            .chain([Sort::Compare, Sort::Formula]);
        all.into_iter().find(|sort| sort.as_str() == word)
    }

    pub fn is_group(self) -> bool {
        Self::GROUPS.contains(&self)
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub sort: Sort,
    pub depth: usize,
    /// Of a comparison.
    pub field: String,
    pub op: String,
    /// What a comparison compares with, as it is typed; or the formula.
    pub value: String,
}

impl Row {
    fn new(sort: Sort, depth: usize) -> Self {
        Row {
            sort,
            depth,
            field: String::new(),
            op: String::new(),
            value: String::new(),
        }
    }
}

/// The rows of a condition; without one, a group that asks nothing.
pub fn of(condition: Option<&Condition>) -> Vec<Row> {
    let mut rows = Vec::new();
    match condition {
        None => rows.push(Row::new(Sort::All, 0)),
        Some(condition) => {
            if !matches!(
                condition,
                Condition::All(_) | Condition::Any(_) | Condition::Not(_)
            ) {
                rows.push(Row::new(Sort::All, 0));
            }
            let depth = rows.len();
            unfold(condition, depth, &mut rows);
        }
    }
    rows
}

fn unfold(condition: &Condition, depth: usize, rows: &mut Vec<Row>) {
    let (sort, members): (Sort, Vec<&Condition>) = match condition {
        Condition::All(group) => (Sort::All, group.all.iter().collect()),
        Condition::Any(group) => (Sort::Any, group.any.iter().collect()),
        Condition::Not(negation) => match negation.not.as_ref() {
            Condition::Any(group) => (Sort::None, group.any.iter().collect()),
            Condition::All(group) => (Sort::NotAll, group.all.iter().collect()),
            other => (Sort::None, vec![other]),
        },
        Condition::Expr(formula) => {
            rows.push(Row {
                value: formula.expr.clone(),
                ..Row::new(Sort::Formula, depth)
            });
            return;
        }
        Condition::Compare(comparison) => {
            rows.push(Row {
                field: comparison.field.clone(),
                op: comparison.op.as_str().to_owned(),
                value: typed(comparison),
                ..Row::new(Sort::Compare, depth)
            });
            return;
        }
    };
    rows.push(Row::new(sort, depth));
    for member in members {
        unfold(member, depth + 1, rows);
    }
}

/// A comparison's value as a person types it.
pub fn typed(comparison: &Comparison) -> String {
    match &comparison.value {
        Value::Null => String::new(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            items.join(", ")
        }
        Value::Object(members) => week::of_hours(members),
        one => scalar(one),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The rows that a form sends; always with a group first.
pub fn read(form: &Form) -> Vec<Row> {
    let columns = ["sort", "depth", "field", "op", "value"];
    let [sorts, depths, fields, ops, values] =
        columns.map(|column| form.all(column).map(str::trim).collect::<Vec<_>>());
    let text =
        |column: &[&str], nth: usize| column.get(nth).copied().unwrap_or_default().to_owned();
    let mut rows: Vec<Row> = Vec::new();
    for (nth, sort) in sorts.iter().enumerate().take(MOST) {
        let Some(sort) = Sort::parse(sort) else {
            continue;
        };
        // A row is at most one deeper than the group above it.
        let deepest = match rows.last() {
            None => 0,
            Some(above) => above.depth + usize::from(above.sort.is_group()),
        };
        let depth = text(&depths, nth).parse().unwrap_or(1);
        rows.push(Row {
            sort,
            depth: usize::clamp(depth, usize::from(deepest > 0), deepest),
            field: text(&fields, nth),
            op: text(&ops, nth),
            value: text(&values, nth),
        });
    }
    if rows.first().is_none_or(|first| !first.sort.is_group()) {
        rows.insert(0, Row::new(Sort::All, 0));
        for row in rows.iter_mut().skip(1) {
            row.depth = row.depth.max(1);
        }
    }
    rows
}

/// Puts a row at the end of the group `group`; where it is.
pub fn add(rows: &mut Vec<Row>, group: usize, sort: Sort) -> Option<usize> {
    let depth = rows.get(group).filter(|row| row.sort.is_group())?.depth;
    let at = end(rows, group);
    rows.insert(at, Row::new(sort, depth + 1));
    if sort.is_group() {
        rows.insert(at + 1, Row::new(Sort::Compare, depth + 2));
        return Some(at + 1);
    }
    Some(at)
}

/// Takes a row out, with all that it holds; never the first.
pub fn remove(rows: &mut Vec<Row>, nth: usize) {
    if nth > 0 && nth < rows.len() {
        let end = end(rows, nth);
        rows.drain(nth..end);
    }
}

/// Where what row `nth` holds ends.
fn end(rows: &[Row], nth: usize) -> usize {
    let depth = rows.get(nth).map_or(0, |row| row.depth);
    let below = rows.iter().skip(nth + 1);
    nth + 1 + below.take_while(|row| row.depth > depth).count()
}

/// The condition that rows say, `None` when they ask nothing; and the JSON pointer of each row below the condition.
pub fn condition(rows: &[Row]) -> (Option<Condition>, Vec<String>) {
    let mut pointers = vec![String::new(); rows.len()];
    let holds_any = rows.iter().any(|row| !row.sort.is_group());
    let said = holds_any.then(|| fold(rows, 0, "", &mut pointers));
    (said.flatten(), pointers)
}

fn fold(rows: &[Row], nth: usize, at: &str, pointers: &mut [String]) -> Option<Condition> {
    let row = rows.get(nth)?;
    if let Some(pointer) = pointers.get_mut(nth) {
        at.clone_into(pointer);
    }
    let below = match row.sort {
        Sort::Compare => return Some(Condition::Compare(compare(row))),
        Sort::Formula => {
            let expr = row.value.clone();
            return Some(Condition::Expr(Expression { expr }));
        }
        Sort::All => format!("{at}/all"),
        Sort::Any => format!("{at}/any"),
        Sort::None => format!("{at}/not/any"),
        Sort::NotAll => format!("{at}/not/all"),
    };
    let mut members = Vec::new();
    let (mut next, end) = (nth + 1, end(rows, nth));
    while next < end {
        let member = fold(rows, next, &format!("{below}/{}", members.len()), pointers);
        members.extend(member);
        next = self::end(rows, next);
    }
    if members.is_empty() {
        return None;
    }
    let negated = |not: Condition| Condition::Not(NotOf { not: Box::new(not) });
    Some(match row.sort {
        Sort::Any => Condition::Any(AnyOf { any: members }),
        Sort::None => negated(Condition::Any(AnyOf { any: members })),
        Sort::NotAll => negated(Condition::All(AllOf { all: members })),
        _ => Condition::All(AllOf { all: members }),
    })
}

/// What is typed, as the operator wants it.
fn compare(row: &Row) -> Comparison {
    let op = Operator::ALL
        .into_iter()
        .find(|op| op.as_str() == row.op)
        .unwrap_or(Operator::Eq);
    let text = row.value.as_str();
    let list = || {
        let items = text.split(',').map(str::trim);
        Value::from_iter(items.filter(|item| !item.is_empty()))
    };
    let value = match op {
        Operator::Exists | Operator::NotExists => Value::Null,
        Operator::In
        | Operator::NotIn
        | Operator::ContainsAll
        | Operator::Between
        | Operator::InPostal
        | Operator::NotInPostal => list(),
        Operator::WithinDays | Operator::NotWithinDays => {
            text.parse::<u64>().map_or(json!(text), |days| json!(days))
        }
        Operator::During | Operator::NotDuring => week::hours(text).unwrap_or(json!(text)),
        _ => json!(text),
    };
    Comparison {
        field: row.field.clone(),
        op,
        value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Sort, add, condition, of, read, remove};
    use crate::console::form::Form;
    use crate::model::rules::Condition;

    fn written(value: Value) -> Condition {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_rows_say_is_what_the_condition_said() {
        for said in [
            json!({"all": [{"field": "lead.budget", "op": "gte", "value": "5000"}]}),
            json!({"any": [
                {"field": "contact.address.country", "op": "in", "value": ["ES", "PT"]},
                {"all": [{"expr": "lead.test"}, {"not": {"any": [{"field": "contact.tags", "op": "exists"}]}}]},
                {"field": "contact.address.postal_code", "op": "in_postal", "value": ["28", "08000-08999"]},
            ]}),
            json!({"not": {"all": [{"field": "event.time", "op": "during", "value":
                {"zone": "Europe/Madrid", "hours": {"mon": ["09:00-13:00", "15:00-18:00"], "sat": ["10:00-12:00"]}}},
                {"field": "event.received_at", "op": "within_days", "value": 30}]}}),
        ] {
            let rows = of(Some(&written(said.clone())));
            let (again, _) = condition(&rows);
            assert_eq!(serde_json::to_value(again).unwrap(), said);
        }
        // One alone stands in a group of its own.
        let alone = json!({"field": "budget", "op": "gt", "value": "5"});
        let (again, pointers) = condition(&of(Some(&written(alone.clone()))));
        assert_eq!(
            serde_json::to_value(again).unwrap(),
            json!({"all": [alone]})
        );
        assert_eq!(pointers, ["", "/all/0"]);
        assert_eq!(condition(&of(None)).0, None);
    }

    #[test]
    fn rows_come_and_go() {
        let mut rows = of(None);
        assert_eq!(add(&mut rows, 0, Sort::Compare), Some(1));
        assert_eq!(add(&mut rows, 0, Sort::Any), Some(3));
        assert_eq!(add(&mut rows, 2, Sort::Formula), Some(4));
        assert_eq!(add(&mut rows, 0, Sort::Compare), Some(5));
        assert_eq!(add(&mut rows, 1, Sort::Compare), None);
        let depths: Vec<usize> = rows.iter().map(|row| row.depth).collect();
        assert_eq!(depths, [0, 1, 1, 2, 2, 1]);
        let (_, pointers) = condition(&rows);
        assert_eq!(
            pointers,
            [
                "",
                "/all/0",
                "/all/1",
                "/all/1/any/0",
                "/all/1/any/1",
                "/all/2"
            ]
        );
        remove(&mut rows, 2);
        assert_eq!(rows.len(), 3);
        remove(&mut rows, 0);
        assert_eq!(rows.len(), 3, "the first group stays");
    }

    #[test]
    fn a_form_that_makes_no_sense_is_still_rows() {
        for (form, expected) in [
            ("", "all"),
            ("sort=compare&depth=7&field=budget&op=gt&value=5", "all"),
            ("sort=any&depth=3&sort=compare&depth=9", "any"),
            ("sort=oops", "all"),
        ] {
            let rows = read(&Form::read(form.as_bytes()));
            assert_eq!(rows[0].sort.as_str(), expected, "{form}");
            assert_eq!(rows[0].depth, 0, "{form}");
            assert!(rows.iter().skip(1).all(|row| row.depth == 1), "{form}");
        }
    }
}
