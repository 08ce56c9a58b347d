//! The one expression language: MiniJinja with the house's filters, compiled when loaded, run with a fuel limit.
//!
//! A mapping field, a rule's advanced condition, a text: the same formulas with the same filters everywhere.
//! What is missing is undefined and stays so through any chain (`body.customer.email`); `blank` decides what counts
//! as nothing.

pub mod check;
pub mod filters;
mod path;
pub mod payload;
pub mod reads;
pub mod scope;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use minijinja::{Environment, ErrorKind, Expression, UndefinedBehavior, Value, machinery};

use crate::expr::path::Lookup;
use crate::expr::scope::Scope;
use crate::model::problem::did_you_mean;
use crate::model::said::Said;
use crate::said;

/// Steps a formula or template may take; a loop over a whole order needs some thousands.
const FUEL: u64 = 200_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    filters::register(&mut environment);
    environment
});

/// Why a formula cannot be used, or failed. Boxed, for every formula that works carries the room for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormulaError(pub Box<Said>);

impl From<Said> for FormulaError {
    fn from(said: Said) -> Self {
        FormulaError(Box::new(said))
    }
}

impl From<minijinja::Error> for FormulaError {
    fn from(error: minijinja::Error) -> Self {
        match own(&error) {
            Some(said) => said.clone().into(),
            None => of_machine(&error).into(),
        }
    }
}

/// The sentence that the house's own filter gave.
fn own(error: &minijinja::Error) -> Option<&Said> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(said) = inner.downcast_ref() {
            return Some(said);
        }
        cause = inner.source();
    }
    None
}

/// What MiniJinja itself complains of, by the kind of its error.
fn of_machine(error: &minijinja::Error) -> Said {
    let detail = match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    };
    match error.kind() {
        ErrorKind::OutOfFuel => said!("formula-steps", "the formula takes too many steps"),
        ErrorKind::SyntaxError => said!(
            "formula-syntax",
            "is not a formula: {detail}",
            detail = detail
        ),
        ErrorKind::InvalidOperation if detail.contains("plain object") => said!(
            "formula-exact",
            "{detail}; a number with decimals keeps its exact text: write `| float` to calculate with it, or \
             `| plus(…)` and the like for money",
            detail = detail
        ),
        ErrorKind::InvalidOperation => said!("formula-operation", "{detail}", detail = detail),
        ErrorKind::MissingArgument => said!("formula-argument", "{detail}", detail = detail),
        ErrorKind::TooManyArguments => said!("formula-arguments", "{detail}", detail = detail),
        ErrorKind::UndefinedError => said!("formula-undefined", "{detail}", detail = detail),
        _ => said!("formula-fails", "{detail}", detail = detail),
    }
}

/// A compiled expression.
#[derive(Debug)]
pub struct Formula {
    expression: Expression<'static, 'static>,
    /// The formula once more, when it can be read without the machine.
    lookup: Option<Lookup>,
    tables: Vec<String>,
}

impl Formula {
    /// Compiles `text`.
    ///
    /// # Errors
    /// A sentence about the syntax, or the unknown filter, test or function that it names.
    pub fn compile(text: &str) -> Result<Self, FormulaError> {
        let tree = machinery::parse_expr(text)?;
        check::check(&tree)?;
        let mut tables = BTreeSet::new();
        check::tables(&tree, &mut tables);
        let lookup = Lookup::of(&tree);
        drop(tree);
        let expression = ENVIRONMENT.compile_expression_owned(Cow::Owned(text.to_owned()))?;
        Ok(Formula {
            expression,
            lookup,
            tables: tables.into_iter().collect(),
        })
    }

    /// Refuses names of the surroundings that are not `allowed` where the formula stands.
    ///
    /// # Errors
    /// The first such name, and the one that may have been meant.
    pub fn check_variables(&self, allowed: &[&str]) -> Result<(), FormulaError> {
        match self
            .variables()
            .into_iter()
            .find(|name| !allowed.contains(&name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(said!(
                "formula-no-name",
                "there is no {name} here{hint}",
                hint = did_you_mean(&name, allowed.iter().copied()),
                name = format!("{name:?}")
            )
            .into()),
        }
    }

    /// The lookup tables it names.
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    /// The names it reads from its surroundings: `body`, `header`, …
    pub fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .expression
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| !filters::FUNCTIONS.contains(&name.as_str()))
            .collect();
        names.sort();
        names
    }

    /// The same with what it reads of them: `lead.budget`, as far as the way is written out.
    pub fn paths(&self) -> Vec<String> {
        let paths = self.expression.undeclared_variables(true).into_iter();
        let root = |path: &String| path.split('.').next().unwrap_or_default().to_owned();
        let mut paths: Vec<String> = paths
            .filter(|path| !filters::FUNCTIONS.contains(&root(path).as_str()))
            .collect();
        paths.sort();
        paths
    }

    /// Its value. What is missing is undefined, not an error.
    ///
    /// # Errors
    /// A filter that was given what it cannot take (`'abc' | decimal`), or no fuel left.
    pub fn eval(&self, scope: &Scope) -> Result<Value, FormulaError> {
        if let Some(lookup) = &self.lookup
            && let Some(found) = lookup.read(scope)?
        {
            return Ok(found);
        }
        Ok(self.expression.eval(scope.as_value())?)
    }

    /// Its value as a truth.
    ///
    /// # Errors
    /// As `eval`.
    pub fn is_true(&self, scope: &Scope) -> Result<bool, FormulaError> {
        Ok(self.eval(scope)?.is_true())
    }

    /// Its value as trimmed text; `None` when it is blank, or an object.
    ///
    /// # Errors
    /// As `eval`.
    pub fn text(&self, scope: &Scope) -> Result<Option<String>, FormulaError> {
        let value = self.eval(scope)?;
        Ok(filters::text_of(&value).map(Cow::into_owned))
    }
}

/// Renders a template text (`{{ … }}`) in `scope`; for samples, notifications and bodies.
///
/// # Errors
/// Syntax, a failing filter, or no fuel left.
pub fn render(template: &str, scope: &Scope) -> Result<String, FormulaError> {
    Ok(ENVIRONMENT.render_str(template, scope.as_value())?)
}

/// Nothing: undefined, null, or a text of spaces.
pub fn is_blank(value: &Value) -> bool {
    value.is_undefined()
        || value.is_none()
        || value.as_str().is_some_and(|text| text.trim().is_empty())
}
