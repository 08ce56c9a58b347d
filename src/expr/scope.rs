//! The names a formula can read.

use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use crate::expr::{Formula, FormulaError, filters, payload};
use crate::said;

/// A short list of names with their values; cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct Scope(Arc<Names>);

#[derive(Debug, Clone, Default)]
struct Names(Vec<Entry>);

#[derive(Debug, Clone)]
enum Entry {
    Given(&'static str, Value),
    /// Found out when it is first asked for, then kept by every scope that would find the same.
    Let(Arc<Let>, Arc<OnceLock<Value>>),
}

/// What a name is made of.
pub enum Made {
    Formula(Formula),
    /// A list with one entry of these parts per item of `from`, called `item`.
    Each {
        from: Formula,
        parts: Vec<(String, Formula)>,
    },
}

impl Made {
    fn formulas(&self) -> Vec<&Formula> {
        match self {
            Made::Formula(formula) => vec![formula],
            Made::Each { from, parts } => std::iter::once(from)
                .chain(parts.iter().map(|(_, formula)| formula))
                .collect(),
        }
    }

    fn eval(&self, scope: &Scope) -> Result<Value, FormulaError> {
        let (from, parts) = match self {
            Made::Formula(formula) => return formula.eval(scope),
            Made::Each { from, parts } => (from, parts),
        };
        let list = from.eval(scope)?;
        let mut entries = Vec::with_capacity(list.len().unwrap_or(0));
        for item in list.try_iter().into_iter().flatten() {
            let scope = scope.with("item", item);
            let mut entry = Vec::with_capacity(parts.len());
            for (name, formula) in parts {
                entry.push((name.clone(), formula.eval(&scope)?));
            }
            entries.push(payload::of_pairs(entry));
        }
        Ok(Value::from(entries))
    }
}

/// A name that stands for a formula: worked out at most once per event, and only when something reads it.
pub struct Let {
    name: String,
    made: Made,
    /// All it reads, also through the names it is made of.
    reads: Vec<String>,
}

impl fmt::Debug for Let {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Let").field("name", &self.name).finish()
    }
}

impl Let {
    /// A name for what is `made`, which may read the names of `earlier` ones; never itself.
    pub fn new(name: &str, made: Made, earlier: &[Arc<Let>]) -> Self {
        let formulas = made.formulas();
        let mut reads: Vec<String> = formulas.into_iter().flat_map(Formula::variables).collect();
        for one in earlier {
            if reads.contains(&one.name) {
                reads.extend(one.reads.iter().cloned());
            }
        }
        Let {
            name: name.to_owned(),
            made,
            reads,
        }
    }
}

impl Scope {
    /// A scope with these names.
    pub fn new(names: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        Scope(Arc::new(Names(
            names
                .into_iter()
                .map(|(name, value)| Entry::Given(name, value))
                .collect(),
        )))
    }

    /// The same scope with one more name, which hides an older one.
    #[must_use]
    pub fn with(&self, name: &'static str, value: Value) -> Self {
        let mut names = Vec::with_capacity(self.0.0.len() + 1);
        names.push(Entry::Given(name, value));
        names.extend(
            self.0
                .0
                .iter()
                .filter(|entry| entry.name() != name)
                .map(|entry| entry.after(name)),
        );
        Scope(Arc::new(Names(names)))
    }

    /// The same scope with these names for formulas.
    #[must_use]
    pub fn with_lets(&self, lets: &[Arc<Let>]) -> Self {
        if lets.is_empty() {
            return self.clone();
        }
        let mut names = self.0.0.clone();
        names.extend(
            lets.iter()
                .map(|one| Entry::Let(Arc::clone(one), Arc::default())),
        );
        Scope(Arc::new(Names(names)))
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.find(name)
    }

    /// For MiniJinja.
    pub fn as_value(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.0))
    }
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Entry::Given(name, _) => name,
            Entry::Let(one, _) => &one.name,
        }
    }

    /// The entry once `name` means something else: what was worked out from the old meaning is forgotten.
    fn after(&self, name: &str) -> Entry {
        match self {
            Entry::Let(one, _) if one.reads.iter().any(|read| read == name) => {
                Entry::Let(Arc::clone(one), Arc::default())
            }
            entry => entry.clone(),
        }
    }
}

impl Names {
    fn find(self: &Arc<Self>, name: &str) -> Option<&Value> {
        match self.0.iter().find(|entry| entry.name() == name)? {
            Entry::Given(_, value) => Some(value),
            Entry::Let(one, found) => Some(found.get_or_init(|| self.work_out(one))),
        }
    }

    fn work_out(self: &Arc<Self>, one: &Let) -> Value {
        match one.made.eval(&Scope(Arc::clone(self))) {
            Ok(value) => value,
            Err(error) => Value::from(filters::cannot(said!(
                "let-fails",
                "[let] {name}: {why}",
                name = &one.name,
                why = *error.0
            ))),
        }
    }
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.find(key.as_str()?).cloned()
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.find(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(
            self.0
                .iter()
                .map(|entry| Value::from(entry.name()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use minijinja::Value;

    use super::{Let, Made, Scope};
    use crate::expr::Formula;

    fn lets(all: &[(&str, &str)]) -> Vec<Arc<Let>> {
        let mut lets = Vec::new();
        for (name, formula) in all {
            let formula = Formula::compile(formula).unwrap();
            lets.push(Arc::new(Let::new(name, Made::Formula(formula), &lets)));
        }
        lets
    }

    fn check(scope: &Scope, formula: &str, expected: &str) {
        let value = Formula::compile(formula).unwrap().eval(scope).unwrap();
        assert_eq!(value.to_string(), expected, "{formula}");
    }

    #[test]
    fn names_for_formulas() {
        let lets = lets(&[
            ("greeting", "'hi ' ~ who"),
            ("loud", "greeting | upper"),
            ("fixed", "1"),
        ]);
        let scope = Scope::new([("who", Value::from("ana"))]).with_lets(&lets);
        check(&scope, "loud", "HI ANA");
        let other = scope.with("who", Value::from("bob"));
        check(&other, "loud ~ fixed", "HI BOB1");
        check(&scope, "loud", "HI ANA");
        check(&other.with("item", Value::from(1)), "greeting", "hi bob");
    }

    #[test]
    fn names_for_lists() {
        let formula = |text: &str| Formula::compile(text).unwrap();
        let each = Made::Each {
            from: formula("[1, 2]"),
            parts: vec![("twice".to_owned(), formula("who ~ item ~ item"))],
        };
        let pairs = Arc::new(Let::new("pairs", each, &[]));
        let scope = Scope::new([("who", Value::from("x")), ("item", Value::from(9))]);
        let scope = scope.with_lets(&[pairs]);
        check(
            &scope,
            "pairs | map(attribute='twice') | join('+')",
            "x11+x22",
        );
        check(
            &scope.with("who", Value::from("y")),
            "pairs[1].twice ~ item",
            "y229",
        );
    }

    #[test]
    fn a_failing_name_fails_its_reader() {
        let scope = Scope::default().with_lets(&lets(&[("bad", "'x' | decimal")]));
        for formula in ["bad", "bad | lower", "bad.part", "bad or 1"] {
            let error = Formula::compile(formula).unwrap().eval(&scope).unwrap_err();
            assert!(
                error.0.starts_with("[let] bad: decimal:"),
                "{formula}: {error}"
            );
        }
    }
}
