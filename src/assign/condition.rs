//! Conditions of rules, compiled: groups, comparisons, formulas.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;

use crate::assign::Subject;
use crate::assign::comparison::Compare;
use crate::assign::field_path::{FieldPath, Seen};
use crate::assign::trace::{self, Text};
use crate::expr::scope::Scope;
use crate::expr::{Formula, FormulaError, payload};
use crate::model::event::Violation;
use crate::model::record::Fields;
use crate::model::rules::Condition;
use crate::model::said::Said;
use crate::said;

/// What formulas may read; `record` is another name of `lead`.
const NAMES: [&str; 6] = ["lead", "record", "contact", "event", "company", "orders"];

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
    /// What was seen so far: rules mostly ask for the same few fields.
    looked: RefCell<Vec<(&'a Arc<FieldPath>, Rc<Seen<'a>>)>>,
}

impl<'a> Facts<'a> {
    pub fn new(subject: &'a Subject<'a>) -> Self {
        Facts {
            subject,
            scope: OnceCell::new(),
            looked: RefCell::default(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.subject.now
    }

    /// What stands at a path.
    pub fn look(&self, path: &'a Arc<FieldPath>) -> Rc<Seen<'a>> {
        let mut looked = self.looked.borrow_mut();
        if let Some((_, seen)) = looked.iter().find(|(known, _)| Arc::ptr_eq(known, path)) {
            return Rc::clone(seen);
        }
        let seen = Rc::new(path.look(self.subject));
        looked.push((path, Rc::clone(&seen)));
        seen
    }

    fn scope(&self) -> &Scope {
        self.scope.get_or_init(|| {
            let value = |fields: Option<&Fields>| {
                payload::of_json(Arc::new(fields.cloned().unwrap_or_default().into()))
            };
            let lead = value(Some(self.subject.lead));
            Scope::new([
                ("lead", lead.clone()),
                ("record", lead),
                ("contact", value(self.subject.contact)),
                ("event", value(Some(self.subject.event))),
                ("company", value(Some(self.subject.company))),
                ("orders", value(Some(self.subject.orders))),
            ])
        })
    }
}

impl Test {
    /// Compiles the condition at `path`; every problem in it is added to `problems`.
    pub fn compile(
        condition: &Condition,
        path: &str,
        problems: &mut Vec<Violation>,
    ) -> Option<Self> {
        let compiled = match condition {
            Condition::All(group) => {
                return Self::group(&group.all, &format!("{path}/all"), problems).map(Test::All);
            }
            Condition::Any(group) => {
                return Self::group(&group.any, &format!("{path}/any"), problems).map(Test::Any);
            }
            Condition::Not(negation) => {
                let test = Self::compile(&negation.not, &format!("{path}/not"), problems);
                return test.map(|test| Test::Not(Box::new(test)));
            }
            Condition::Expr(formula) => compile_formula(&formula.expr)
                .map(|compiled| Test::Formula(formula.expr.clone(), compiled)),
            Condition::Compare(comparison) => Compare::compile(comparison).map(Test::Compare),
        };
        match compiled {
            Ok(test) => Some(test),
            Err(message) => {
                let path = path.to_owned();
                problems.push(Violation { path, message });
                None
            }
        }
    }

    fn group(
        conditions: &[Condition],
        path: &str,
        problems: &mut Vec<Violation>,
    ) -> Option<Vec<Self>> {
        if conditions.is_empty() {
            let name = path.rsplit('/').next().unwrap_or_default();
            problems.push(Violation {
                path: path.to_owned(),
                message: said!(
                    "empty-group",
                    "\"{name}\" has no conditions; leave \"when\" out to match everything",
                    name = name
                ),
            });
            return None;
        }
        let tests: Vec<Option<Test>> = conditions
            .iter()
            .enumerate()
            .map(|(nth, condition)| Self::compile(condition, &format!("{path}/{nth}"), problems))
            .collect();
        tests.into_iter().collect()
    }

    /// Whether it holds; writes its part of the trace. Every member of a group is asked, so that the trace answers for all.
    pub fn ask<'t>(&'t self, facts: &Facts<'t>, text: &mut Text) -> bool {
        let result = match self {
            Test::All(tests) => {
                let fitting = ask_each("{\"all\":[", tests, facts, text);
                fitting == tests.len()
            }
            Test::Any(tests) => ask_each("{\"any\":[", tests, facts, text) > 0,
            Test::Not(test) => {
                text.raw("{\"not\":");
                !test.ask(facts, text)
            }
            Test::Formula(expr, formula) => {
                text.raw("{\"expr\":").json(expr);
                match formula.is_true(facts.scope()) {
                    Ok(result) => result,
                    Err(error) => {
                        text.member("error", &error.to_string());
                        false
                    }
                }
            }
            Test::Compare(compare) => compare.ask(facts, text),
        };
        text.raw(trace::end_of(result));
        result
    }

    /// The formulas in it that fail for this subject, and how.
    pub fn failures(&self, facts: &Facts<'_>, failures: &mut Vec<(String, FormulaError)>) {
        match self {
            Test::All(tests) | Test::Any(tests) => {
                tests.iter().for_each(|test| test.failures(facts, failures));
            }
            Test::Not(test) => test.failures(facts, failures),
            Test::Formula(expr, formula) => {
                let error = formula.is_true(facts.scope()).err();
                failures.extend(error.map(|error| (expr.clone(), error)));
            }
            Test::Compare(_) => {}
        }
    }

    /// Lets comparisons of the same field share its path.
    pub fn share(&mut self, paths: &mut Vec<Arc<FieldPath>>) {
        match self {
            Test::All(tests) | Test::Any(tests) => {
                tests.iter_mut().for_each(|test| test.share(paths));
            }
            Test::Not(test) => test.share(paths),
            Test::Formula(..) => {}
            Test::Compare(compare) => compare.share(paths),
        }
    }

    /// The fields it looks at, with their record in front: `lead.budget`.
    pub fn fields(&self, fields: &mut Vec<String>) {
        match self {
            Test::All(tests) | Test::Any(tests) => {
                tests.iter().for_each(|test| test.fields(fields));
            }
            Test::Not(test) => test.fields(fields),
            Test::Formula(_, formula) => fields.extend(formula.paths().into_iter().map(full)),
            Test::Compare(compare) => fields.push(compare.path().full()),
        }
    }
}

/// Writes each one's line of the trace; how many hold.
fn ask_each<'t>(head: &str, tests: &'t [Test], facts: &Facts<'t>, text: &mut Text) -> usize {
    text.raw(head);
    let mut fitting = 0;
    for (nth, test) in tests.iter().enumerate() {
        if nth > 0 {
            text.raw(",");
        }
        fitting += usize::from(test.ask(facts, text));
    }
    text.raw("]");
    fitting
}

/// A path that a formula reads, with `lead` in the place of its other name.
fn full(path: String) -> String {
    match path.strip_prefix("record.") {
        Some(field) => format!("lead.{field}"),
        None => path,
    }
}

fn compile_formula(text: &str) -> Result<Formula, Said> {
    let formula = Formula::compile(text).map_err(|error| {
        said!(
            "bad-formula",
            "the formula `{text}`: {why}",
            text = text,
            why = *error.0
        )
    })?;
    let unknown = formula
        .variables()
        .into_iter()
        .find(|name| !NAMES.contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(said!(
            "formula-reads",
            "the formula `{text}` reads \"{name}\"; there are lead, contact, event, company and orders",
            text = text,
            name = name
        ));
    }
    for path in formula.paths().iter().filter(|path| path.contains('.')) {
        FieldPath::parse(path).map_err(|why| {
            said!(
                "bad-formula",
                "the formula `{text}`: {why}",
                text = text,
                why = why
            )
        })?;
    }
    Ok(formula)
}
