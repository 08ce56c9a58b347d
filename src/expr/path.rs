//! Formulas that only look something up (`body.email or body.customer.email | email`): read directly, without the machine.
//!
//! Most formulas of a mapping are of this kind, and most of an order's time would go into starting the machine for them.

use minijinja::machinery::ast::{BinOpKind, Expr};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use crate::expr::filters::{self, FUNCTIONS};
use crate::expr::payload::{self, Key};
use crate::expr::scope::Scope;

/// What is looked up.
#[derive(Debug)]
pub enum Lookup {
    Literal(Value),
    Path {
        name: String,
        steps: Vec<Step>,
    },
    /// The first that is true, else the last.
    First(Vec<Lookup>),
    /// `… | decimal`
    Filtered(Box<Lookup>, Filter),
    /// `then if test else otherwise`
    Choice {
        test: Box<Lookup>,
        then: Box<Lookup>,
        otherwise: Option<Box<Lookup>>,
    },
}

/// A filter that needs nothing but its value.
pub type Filter = fn(&Value) -> Result<Value, Error>;

fn filter(name: &str) -> Option<Filter> {
    Some(match name {
        "country" => |value| Ok(filters::country::country(value)),
        "currency" => |value| Ok(filters::money::currency(value)),
        "date" | "time" => filters::time::time,
        "decimal" => filters::money::decimal,
        "email" => |value| Ok(filters::email::email(value)),
        "lower" => |value| Ok(filters::text::lower(value)),
        "split_name" => |value| Ok(filters::person::split_name(value)),
        "string" => |value| Ok(filters::text::string(value)),
        "trim" => |value| Ok(filters::text::trim(value)),
        _ => return None,
    })
}

/// One step into a value.
#[derive(Debug)]
pub enum Step {
    Attribute(String),
    Item(Value),
}

impl Step {
    fn key(&self) -> Key<'_> {
        match self {
            Step::Attribute(name) => Key::Member(name),
            Step::Item(key) => match key.as_str() {
                Some(name) => Key::Member(name),
                None => Key::Item(key.as_usize().unwrap_or(usize::MAX)),
            },
        }
    }
}

impl Lookup {
    /// The look-up that an expression is; `None` when it is more than that.
    pub fn of(expr: &Expr<'_>) -> Option<Self> {
        match expr {
            Expr::Const(constant) => Some(Lookup::Literal(constant.value.clone())),
            Expr::Var(variable) if !FUNCTIONS.contains(&variable.id) => Some(Lookup::Path {
                name: variable.id.to_owned(),
                steps: Vec::new(),
            }),
            Expr::GetAttr(get) => {
                Self::of(&get.expr)?.and_then(Step::Attribute(get.name.to_owned()))
            }
            Expr::GetItem(get) => match &get.subscript_expr {
                Expr::Const(key)
                    if key.value.as_str().is_some() || key.value.as_usize().is_some() =>
                {
                    Self::of(&get.expr)?.and_then(Step::Item(key.value.clone()))
                }
                _ => None,
            },
            Expr::BinOp(op) if matches!(op.op, BinOpKind::ScOr) => {
                let (left, right) = (Self::of(&op.left)?, Self::of(&op.right)?);
                Some(left.or(right))
            }
            Expr::Filter(applied) if applied.args.is_empty() => {
                let value = Self::of(applied.expr.as_ref()?)?;
                Some(Lookup::Filtered(Box::new(value), filter(applied.name)?))
            }
            Expr::IfExpr(choice) => Some(Lookup::Choice {
                test: Box::new(Self::of(&choice.test_expr)?),
                then: Box::new(Self::of(&choice.true_expr)?),
                otherwise: match &choice.false_expr {
                    Some(expr) => Some(Box::new(Self::of(expr)?)),
                    None => None,
                },
            }),
            _ => None,
        }
    }

    fn and_then(self, step: Step) -> Option<Self> {
        match self {
            Lookup::Path { name, mut steps } => {
                steps.push(step);
                Some(Lookup::Path { name, steps })
            }
            _ => None,
        }
    }

    fn or(self, other: Lookup) -> Self {
        match self {
            Lookup::First(mut choices) => {
                choices.push(other);
                Lookup::First(choices)
            }
            first => Lookup::First(vec![first, other]),
        }
    }

    /// What stands there; `None` when only the machine can tell (a value that holds an error).
    ///
    /// # Errors
    /// The filter's.
    pub fn read(&self, scope: &Scope) -> Result<Option<Value>, Error> {
        match self {
            Lookup::Literal(value) => Ok(Some(value.clone())),
            Lookup::Path { name, steps } => Ok(walk(scope.get(name), steps)),
            Lookup::First(choices) => {
                let mut last = Some(Value::UNDEFINED);
                for choice in choices {
                    last = choice.read(scope)?;
                    if last.as_ref().is_none_or(Value::is_true) {
                        break;
                    }
                }
                Ok(last)
            }
            Lookup::Filtered(value, filter) => match value.read(scope)? {
                Some(value) => filter(&value).map(Some),
                None => Ok(None),
            },
            Lookup::Choice {
                test,
                then,
                otherwise,
            } => match (test.read(scope)?, otherwise) {
                (None, _) => Ok(None),
                (Some(test), _) if test.is_true() => then.read(scope),
                (Some(_), Some(otherwise)) => otherwise.read(scope),
                (Some(_), None) => Ok(Some(Value::UNDEFINED)),
            },
        }
    }
}

fn walk(from: Option<&Value>, steps: &[Step]) -> Option<Value> {
    let Some(from) = from else {
        return Some(Value::UNDEFINED);
    };
    if let Some(found) = payload::below(from, steps.iter().map(Step::key)) {
        return Some(found);
    }
    let mut here = from.clone();
    for step in steps {
        match here.kind() {
            ValueKind::Invalid => return None,
            ValueKind::Undefined | ValueKind::None => return Some(Value::UNDEFINED),
            _ => {}
        }
        here = match step {
            Step::Attribute(name) => here.get_attr(name),
            Step::Item(key) => here.get_item(key),
        }
        .ok()?;
    }
    (here.kind() != ValueKind::Invalid).then_some(here)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use minijinja::Value;
    use proptest::prelude::*;

    use crate::expr::payload::{of_json, to_json};
    use crate::expr::scope::Scope;
    use crate::expr::{ENVIRONMENT, Formula};

    fn scope(body: &str) -> Scope {
        let body = serde_json::from_str(body).unwrap();
        Scope::new([
            ("body", of_json(Arc::new(body))),
            ("list", Value::from(vec![1, 0])),
        ])
    }

    const BODIES: &[&str] = &[
        r#"{"a": {"a": "x", "b": [{"a": 1}, 2], "0": "zero"}, "b": "", "c": null, "d": 0, "e": 0.0, "f": "text"}"#,
        "[1, {\"a\": 2}]",
        "\"text\"",
        "null",
        "12.5",
    ];

    proptest! {
        /// The short way and the machine agree.
        #[test]
        fn both_ways_agree(
            body in prop::sample::select(BODIES),
            paths in prop::collection::vec(
                ("(body|list|absent)", prop::collection::vec(r"(\.[a-f]|\['[a-f0]'\]|\[[01]\])", 0..4)),
                1..4,
            ),
            filters in "( \\| (decimal|email|time|country|lower|string|split_name)){0,2}",
            tail in r"( or 'literal'| or 5| if body\.a else 'no'| if body\.c)?",
        ) {
            let paths: Vec<String> = paths.iter().map(|(name, steps)| format!("{name}{}", steps.concat())).collect();
            let text = format!("({}){filters}{tail}", paths.join(" or "));
            let formula = Formula::compile(&text).unwrap();
            prop_assert!(formula.lookup.is_some(), "{}", text);
            let short = formula.eval(&scope(body));
            let machine = ENVIRONMENT.compile_expression(&text).unwrap().eval(scope(body).as_value());
            match (short, machine) {
                (Ok(short), Ok(machine)) => {
                    prop_assert_eq!(short.kind(), machine.kind(), "{}", text);
                    prop_assert_eq!(to_json(&short), to_json(&machine), "{}", text);
                }
                (short, machine) => prop_assert_eq!(short.is_err(), machine.is_err(), "{}", text),
            }
        }
    }
}
