//! Formulas that look something up and pass it through filters (`body.email or body.customer.email | email`): read
//! directly, without the machine.
//!
//! Most formulas of a mapping are of this kind, and most of an order's time would go into starting the machine for them.

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr};
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
    /// The first that is not true, else the last.
    Every(Vec<Lookup>),
    /// `a == b`
    Equal(Box<[Lookup; 2]>),
    /// `… | decimal`, `… | minus(body.discount)`
    Filtered(Box<Lookup>, Filter, Vec<Lookup>),
    /// `then if test else otherwise`
    Choice {
        test: Box<Lookup>,
        then: Box<Lookup>,
        otherwise: Option<Box<Lookup>>,
    },
}

/// A filter as it is applied to a value and the arguments that it is given. `None` for arguments of the wrong kind: the
/// machine then says so.
pub type Filter = fn(&Scope, &Value, &[Value]) -> Result<Option<Value>, Error>;

/// The filter of a name that takes so many arguments.
fn filter(name: &str, arguments: usize) -> Option<Filter> {
    Some(match (name, arguments) {
        ("country", 0) => |_, value, _| Ok(Some(filters::country::country(value))),
        ("currency", 0) => |_, value, _| Ok(Some(filters::money::currency(value))),
        ("date" | "time", 0) => |_, value, _| filters::time::time(value).map(Some),
        ("decimal", 0) => |_, value, _| filters::money::decimal(value).map(Some),
        ("email", 0) => |_, value, _| Ok(Some(filters::email::email(value))),
        ("lookup", 1) => |scope, value, given| {
            let tables = scope.get("tables");
            let name = given.first().and_then(Value::as_str);
            name.map(|name| filters::named::looked_up(tables, value, name))
                .transpose()
        },
        ("lower", 0) => |_, value, _| Ok(Some(filters::text::lower(value))),
        ("minus", 1) => |_, value, given| with_value(filters::money::minus, value, given),
        ("phone", 0 | 1) => |scope, value, given| {
            let region = filters::country::given_or(given.first(), || scope.get("region").cloned());
            Ok(Some(filters::phone::of_region(value, region)))
        },
        ("plus", 1) => |_, value, given| with_value(filters::money::plus, value, given),
        ("query_param", 1) => |_, value, given| {
            let name = given.first().and_then(Value::as_str);
            Ok(name.map(|name| filters::text::query_param(value, name)))
        },
        ("split", 1) => |_, value, given| {
            let separator = given.first().and_then(Value::as_str);
            Ok(separator.map(|separator| filters::list::split(value, Some(separator))))
        },
        ("split_name", 0) => |_, value, _| Ok(Some(filters::person::split_name(value))),
        ("string", 0) => |_, value, _| Ok(Some(filters::text::string(value))),
        ("sum_of", 1) => |_, value, given| {
            let path = given.first().and_then(Value::as_str);
            path.map(|path| filters::money::sum_of(value, path))
                .transpose()
        },
        ("times", 1) => |_, value, given| with_value(filters::money::times, value, given),
        ("trim", 0) => |_, value, _| Ok(Some(filters::text::trim(value))),
        _ => return None,
    })
}

fn with_value(
    filter: fn(&Value, &Value) -> Result<Value, Error>,
    value: &Value,
    given: &[Value],
) -> Result<Option<Value>, Error> {
    given.first().map(|other| filter(value, other)).transpose()
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
            Expr::BinOp(op) => {
                let (left, right) = (Self::of(&op.left)?, Self::of(&op.right)?);
                match op.op {
                    BinOpKind::ScOr => Some(left.or(right)),
                    BinOpKind::ScAnd => Some(Lookup::Every(vec![left, right])),
                    BinOpKind::Eq => Some(Lookup::Equal(Box::new([left, right]))),
                    _ => None,
                }
            }
            Expr::Filter(applied) => {
                let value = Self::of(applied.expr.as_ref()?)?;
                let given = applied.args.iter().map(|argument| match argument {
                    CallArg::Pos(expr) => Self::of(expr),
                    _ => None,
                });
                let given: Vec<Lookup> = given.collect::<Option<_>>()?;
                let filter = filter(applied.name, given.len())?;
                Some(Lookup::Filtered(Box::new(value), filter, given))
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

    /// What stands there; `None` when only the machine can tell (a value that holds an error,
    /// an argument of the wrong kind).
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
            Lookup::Every(conditions) => {
                let mut last = Some(Value::UNDEFINED);
                for condition in conditions {
                    last = condition.read(scope)?;
                    if last.as_ref().is_none_or(|value| !value.is_true()) {
                        break;
                    }
                }
                Ok(last)
            }
            Lookup::Equal(sides) => {
                let [left, right] = &**sides;
                let sides = left.read(scope)?.zip(right.read(scope)?);
                Ok(sides.map(|(left, right)| Value::from(left == right)))
            }
            Lookup::Filtered(value, filter, arguments) => {
                let Some(value) = value.read(scope)? else {
                    return Ok(None);
                };
                let mut given = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    match argument.read(scope)? {
                        Some(argument) => given.push(argument),
                        None => return Ok(None),
                    }
                }
                filter(scope, &value, &given)
            }
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

    use crate::expr::payload::{of_json, of_pairs, of_table, to_json};
    use crate::expr::scope::Scope;
    use crate::expr::{ENVIRONMENT, Formula};

    fn scope(body: &str) -> Scope {
        let body = serde_json::from_str(body).unwrap();
        let words = of_table([("text".to_owned(), Value::from("a word"))]);
        Scope::new([
            ("body", of_json(Arc::new(body))),
            ("list", Value::from(vec![1, 0])),
            ("region", Value::from("ES")),
            ("tables", of_pairs([("words".to_owned(), words)])),
        ])
    }

    const BODIES: &[&str] = &[
        r#"{"a": {"a": "x", "b": [{"a": 1}, 2], "0": "zero"}, "b": "", "c": null, "d": 0, "e": 0.0, "f": "text"}"#,
        r#"{"a": "600 111 222", "b": "12.50", "c": [{"a": "1.10"}, {"a": 2}], "d": "/?a=1&b=x#c", "e": "PT", "f": "a, b"}"#,
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
            filters in r"( \| (decimal|email|time|country|lower|string|split_name|phone|phone\(body\.e\)|phone\('FR'\)|minus\(body\.b\)|plus\(1\)|times\(body\.d\)|split\(','\)|split\(5\)|sum_of\('a'\)|query_param\('[ab]'\)|query_param\(body\.a\)|lookup\('words'\)|lookup\('none'\))){0,2}",
            tail in r"( or 'literal'| or 5| and body\.f| == body\.a| == 'x' and body\.d == 0| if body\.a else 'no'| if body\.c)?",
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
