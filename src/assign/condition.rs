//! Conditions of rules, compiled: groups, comparisons, formulas.

use std::cell::OnceCell;
use std::sync::Arc;

use serde_json::Value;

use crate::assign::Subject;
use crate::assign::comparison::Compare;
use crate::assign::trace::ConditionTrace;
use crate::expr::scope::Scope;
use crate::expr::{Formula, payload};
use crate::model::record::Fields;
use crate::model::rules::Condition;

const NAMES: [&str; 3] = ["lead", "contact", "event"];

/// A condition ready to be asked.
#[derive(Debug)]
pub enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Formula(String, Formula),
    Compare(Compare),
}

/// The subject of a decision, and the same as names for formulas, made when the first one asks.
pub struct Facts<'a> {
    subject: &'a Subject<'a>,
    scope: OnceCell<Scope>,
}

impl<'a> Facts<'a> {
    pub fn new(subject: &'a Subject<'a>) -> Self {
        Facts {
            subject,
            scope: OnceCell::new(),
        }
    }

    fn scope(&self) -> &Scope {
        self.scope.get_or_init(|| {
            let value = |fields: Option<&Fields>| {
                payload::of_json(Arc::new(Value::Object(fields.cloned().unwrap_or_default())))
            };
            Scope::new([
                ("lead", value(Some(self.subject.lead))),
                ("contact", value(self.subject.contact)),
                ("event", value(Some(self.subject.event))),
            ])
        })
    }
}

impl Test {
    /// Compiles a condition; every problem in it is added to `problems`, a sentence each.
    pub fn compile(condition: &Condition, problems: &mut Vec<String>) -> Option<Self> {
        match condition {
            Condition::All(group) => Self::group("all", &group.all, problems).map(Test::All),
            Condition::Any(group) => Self::group("any", &group.any, problems).map(Test::Any),
            Condition::Not(negation) => {
                Self::compile(&negation.not, problems).map(|test| Test::Not(Box::new(test)))
            }
            Condition::Expr(formula) => match compile_formula(&formula.expr) {
                Ok(compiled) => Some(Test::Formula(formula.expr.clone(), compiled)),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            },
            Condition::Compare(comparison) => match Compare::compile(comparison) {
                Ok(compare) => Some(Test::Compare(compare)),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            },
        }
    }

    fn group(
        name: &str,
        conditions: &[Condition],
        problems: &mut Vec<String>,
    ) -> Option<Vec<Self>> {
        if conditions.is_empty() {
            problems.push(format!(
                "\"{name}\" has no conditions; leave \"when\" out to match everything"
            ));
            return None;
        }
        let tests: Vec<Option<Test>> = conditions
            .iter()
            .map(|condition| Self::compile(condition, problems))
            .collect();
        tests.into_iter().collect()
    }

    /// The result and its part of the trace. Every member of a group is asked, so that the trace answers for all.
    pub fn ask<'t>(&'t self, facts: &Facts<'t>) -> (bool, ConditionTrace<'t>) {
        match self {
            Test::All(tests) => {
                let (results, all) = ask_each(tests, facts);
                let result = results.into_iter().all(|it| it);
                (result, ConditionTrace::All { all, result })
            }
            Test::Any(tests) => {
                let (results, any) = ask_each(tests, facts);
                let result = results.into_iter().any(|it| it);
                (result, ConditionTrace::Any { any, result })
            }
            Test::Not(test) => {
                let (opposite, trace) = test.ask(facts);
                let (not, result) = (Box::new(trace), !opposite);
                (result, ConditionTrace::Not { not, result })
            }
            Test::Formula(expr, formula) => {
                let (result, error) = match formula.is_true(facts.scope()) {
                    Ok(result) => (result, None),
                    Err(error) => (false, Some(error.to_string())),
                };
                let trace = ConditionTrace::Formula {
                    expr,
                    result,
                    error,
                };
                (result, trace)
            }
            Test::Compare(compare) => compare.ask(facts.subject),
        }
    }
}

fn ask_each<'t>(tests: &'t [Test], facts: &Facts<'t>) -> (Vec<bool>, Vec<ConditionTrace<'t>>) {
    tests.iter().map(|test| test.ask(facts)).unzip()
}

fn compile_formula(text: &str) -> Result<Formula, String> {
    let formula =
        Formula::compile(text).map_err(|error| format!("the formula `{text}`: {error}"))?;
    let unknown = formula
        .variables()
        .into_iter()
        .find(|name| !NAMES.contains(&name.as_str()));
    match unknown {
        Some(name) => Err(format!(
            "the formula `{text}` reads \"{name}\"; there are lead, contact and event"
        )),
        None => Ok(formula),
    }
}
