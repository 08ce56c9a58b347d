//! What can be known of a formula before it runs: the names it uses, and comparisons that would lie.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{
    BinOpKind, Call, CallArg, CallType, CompareOpKind, Expr, Filter, UnaryOpKind,
};

use crate::expr::FormulaError;
use crate::expr::filters::{FILTERS, FUNCTIONS, TESTS, text};
use crate::model::problem::did_you_mean;
use crate::model::said::Phrase;
use crate::{phrase, said};

/// Filters whose result is a number to count and compare with.
const NUMBERS: &[&str] = &["abs", "float", "int", "length", "round"];

/// Filters whose result is an exact amount, kept as text.
const AMOUNTS: &[&str] = &[
    "amount",
    "decimal",
    "minor_units",
    "minus",
    "plus",
    "sum_of",
    "times",
];

/// Filters whose last argument but the replacement is a pattern.
const PATTERNS: &[&str] = &["extract", "regex_replace"];

/// Refuses what the language does not know, and arithmetic or comparisons that would give a wrong answer in silence.
///
/// # Errors
/// The first thing that is wrong, in a sentence.
pub fn check(expr: &Expr<'_>) -> Result<(), FormulaError> {
    match expr {
        Expr::Filter(filter) => check_filter(filter)?,
        Expr::Test(test) => {
            known(phrase!("a-test", "test"), test.name, TESTS)?;
            if test.name == "matching" {
                check_pattern(&test.args)?;
            }
        }
        Expr::Call(call) => check_call(call)?,
        Expr::BinOp(op) => check_operation(op.op, &op.left, &op.right)?,
        Expr::Compare(compare) => {
            let mut left = &compare.expr;
            for op in &compare.ops {
                check_comparison(op.op, left, &op.expr)?;
                left = &op.expr;
            }
        }
        _ => {}
    }
    children(expr).into_iter().try_for_each(check)
}

/// Names of the lookup tables that a formula reads by a literal name.
pub fn tables(expr: &Expr<'_>, names: &mut BTreeSet<String>) {
    if let Expr::Filter(filter) = expr
        && (filter.name == "lookup" || filter.name == "named")
        && let Some(name) = literal(&filter.args)
    {
        names.insert(name);
    }
    for child in children(expr) {
        tables(child, names);
    }
}

fn check_filter(filter: &Filter<'_>) -> Result<(), FormulaError> {
    known(phrase!("a-filter", "filter"), filter.name, FILTERS)?;
    if PATTERNS.contains(&filter.name) {
        check_pattern(&filter.args)?;
    }
    Ok(())
}

fn check_pattern(args: &[CallArg<'_>]) -> Result<(), FormulaError> {
    match literal(args) {
        Some(pattern) => text::compiled(&pattern)
            .map(|_| ())
            .map_err(FormulaError::from),
        None => Ok(()),
    }
}

fn literal(args: &[CallArg<'_>]) -> Option<String> {
    match args.first()? {
        CallArg::Pos(Expr::Const(constant)) => constant.value.as_str().map(str::to_owned),
        _ => None,
    }
}

fn check_call(call: &Call<'_>) -> Result<(), FormulaError> {
    match call.identify_call() {
        CallType::Function(name) => known(phrase!("a-function", "function"), name, FUNCTIONS),
        CallType::Method(_, name) => Err(said!(
            "formula-method",
            "values have no methods: write `value | {name}` instead of `value.{name}()`",
            name = name
        )
        .into()),
        CallType::Object(_) => Err(said!("formula-call", "only functions can be called").into()),
    }
}

fn known(what: Phrase, name: &str, names: &[&'static str]) -> Result<(), FormulaError> {
    if names.contains(&name) {
        return Ok(());
    }
    Err(said!(
        "formula-unknown",
        "unknown {what} {name}{hint}",
        what = what,
        hint = did_you_mean(name, names.iter().copied()),
        name = format!("{name:?}")
    )
    .into())
}

/// What an expression gives, as far as its shape tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Number,
    /// An exact amount as text.
    Amount,
    Text,
    /// What the sender wrote: a number, or a text, or a number as text.
    AsSent,
    Unknown,
}

fn shape(expr: &Expr<'_>) -> Shape {
    match expr {
        Expr::Const(constant) if constant.value.is_number() => Shape::Number,
        Expr::Const(constant) if constant.value.as_str().is_some() => Shape::Text,
        Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => Shape::AsSent,
        Expr::Filter(filter) if NUMBERS.contains(&filter.name) => Shape::Number,
        Expr::Filter(filter) if AMOUNTS.contains(&filter.name) => Shape::Amount,
        Expr::UnaryOp(op) if matches!(op.op, UnaryOpKind::Neg) => shape(&op.expr),
        Expr::BinOp(op) => match op.op {
            BinOpKind::Concat => Shape::Text,
            BinOpKind::ScOr => match (shape(&op.left), shape(&op.right)) {
                (left, right) if left == right => left,
                (Shape::AsSent, _) | (_, Shape::AsSent) => Shape::AsSent,
                _ => Shape::Unknown,
            },
            BinOpKind::Sub | BinOpKind::Mul | BinOpKind::Div | BinOpKind::FloorDiv => Shape::Number,
            _ => Shape::Unknown,
        },
        _ => Shape::Unknown,
    }
}

fn check_operation(op: BinOpKind, left: &Expr<'_>, right: &Expr<'_>) -> Result<(), FormulaError> {
    let shapes = [shape(left), shape(right)];
    match op {
        BinOpKind::Lt | BinOpKind::Lte | BinOpKind::Gt | BinOpKind::Gte => check_order(shapes),
        BinOpKind::Eq | BinOpKind::Ne => check_equality(shapes),
        BinOpKind::Sub
        | BinOpKind::Mul
        | BinOpKind::Div
        | BinOpKind::FloorDiv
        | BinOpKind::Rem
        | BinOpKind::Pow
            if shapes
                .iter()
                .any(|shape| matches!(shape, Shape::AsSent | Shape::Amount | Shape::Text)) =>
        {
            Err(arithmetic())
        }
        BinOpKind::Add if shapes.contains(&Shape::Amount) => Err(arithmetic()),
        BinOpKind::Add if shapes.contains(&Shape::Number) && shapes.contains(&Shape::AsSent) => {
            Err(arithmetic())
        }
        _ => Ok(()),
    }
}

fn check_comparison(
    op: CompareOpKind,
    left: &Expr<'_>,
    right: &Expr<'_>,
) -> Result<(), FormulaError> {
    let shapes = [shape(left), shape(right)];
    match op {
        CompareOpKind::Lt | CompareOpKind::Lte | CompareOpKind::Gt | CompareOpKind::Gte => {
            check_order(shapes)
        }
        CompareOpKind::Eq | CompareOpKind::Ne => check_equality(shapes),
        CompareOpKind::In | CompareOpKind::NotIn => Ok(()),
    }
}

fn check_order(shapes: [Shape; 2]) -> Result<(), FormulaError> {
    let as_sent = shapes.contains(&Shape::AsSent);
    if shapes.contains(&Shape::Amount) {
        return Err(said!(
            "formula-amount-order",
            "an amount is kept as text and cannot be compared by size: write `| float` in place of `| decimal`"
        )
        .into());
    }
    if as_sent && (shapes.contains(&Shape::Number) || shapes == [Shape::AsSent; 2]) {
        return Err(said!(
            "formula-as-sent",
            "senders write numbers as text too, so say what to compare: `value | float > 10`, or `value | string < other`"
        )
        .into());
    }
    Ok(())
}

fn check_equality(shapes: [Shape; 2]) -> Result<(), FormulaError> {
    if shapes.contains(&Shape::Amount) && shapes.contains(&Shape::Number) {
        return Err(said!(
            "formula-amount-equal",
            "an amount is kept as text and never equals a number: write `| float` in place of `| decimal`"
        )
        .into());
    }
    Ok(())
}

fn arithmetic() -> FormulaError {
    said!(
        "formula-arithmetic",
        "write `| int` or `| float` on both sides to calculate with numbers, and `| plus(…)`, `| minus(…)`, `| times(…)` \
         for money, which stays exact"
    )
    .into()
}

/// The expressions right inside an expression.
pub fn children<'x, 'a>(expr: &'x Expr<'a>) -> Vec<&'x Expr<'a>> {
    match expr {
        Expr::Var(_) | Expr::Const(_) => Vec::new(),
        Expr::Slice(slice) => [
            Some(&slice.expr),
            slice.start.as_ref(),
            slice.stop.as_ref(),
            slice.step.as_ref(),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Expr::UnaryOp(op) => vec![&op.expr],
        Expr::BinOp(op) => vec![&op.left, &op.right],
        Expr::Compare(compare) => std::iter::once(&compare.expr)
            .chain(compare.ops.iter().map(|op| &op.expr))
            .collect(),
        Expr::IfExpr(choice) => [
            Some(&choice.test_expr),
            Some(&choice.true_expr),
            choice.false_expr.as_ref(),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Expr::Filter(filter) => filter.expr.iter().chain(arguments(&filter.args)).collect(),
        Expr::Test(test) => std::iter::once(&test.expr)
            .chain(arguments(&test.args))
            .collect(),
        Expr::GetAttr(get) => vec![&get.expr],
        Expr::GetItem(get) => vec![&get.expr, &get.subscript_expr],
        Expr::Call(call) => arguments(&call.args).collect(),
        Expr::List(list) => list.items.iter().collect(),
        Expr::Tuple(tuple) => tuple.items.iter().collect(),
        Expr::Map(map) => map.keys.iter().chain(&map.values).collect(),
    }
}

fn arguments<'x, 'a>(args: &'x [CallArg<'a>]) -> impl Iterator<Item = &'x Expr<'a>> {
    args.iter().map(|arg| match arg {
        CallArg::Pos(expr)
        | CallArg::Kwarg(_, expr)
        | CallArg::PosSplat(expr)
        | CallArg::KwargSplat(expr) => expr,
    })
}

#[cfg(test)]
mod tests {
    use crate::expr::Formula;

    /// `expected` is the beginning of the sentence; empty when the formula is fine.
    fn check(formula: &str, expected: &str) {
        let found = Formula::compile(formula)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        let same = if expected.is_empty() {
            found.is_empty()
        } else {
            found.starts_with(expected)
        };
        assert!(same, "{formula}\n   found: {found}\nexpected: {expected}");
    }

    #[test]
    fn refuses_what_the_language_lacks() {
        check("body.a | lowercase", "unknown filter \"lowercase\"");
        check(
            "body.a | lowre",
            "unknown filter \"lowre\", did you mean \"lower\"?",
        );
        check(
            "body.a is blnk",
            "unknown test \"blnk\", did you mean \"blank\"?",
        );
        check(
            "rnge(3)",
            "unknown function \"rnge\", did you mean \"range\"?",
        );
        check(
            "body.a.upper()",
            "values have no methods: write `value | upper`",
        );
        check("body.list | map('lowre')", "");
        check("'x' ~ (body.a | lowre)", "unknown filter");
        check("body.a if body.b | lowre else 'c'", "unknown filter");
        check("[1, {'a': body.a | lowre}]", "unknown filter");
        check("body.a | extract('(')", "the pattern \"(\" is wrong");
        check("body.a |", "is not a formula: ");
        check("", "is not a formula: ");
        check("body.a or body.b | phone(body.country)", "");
    }

    #[test]
    fn refuses_comparisons_that_lie() {
        check("body.total > 100", "senders write numbers as text too");
        check("100 < body.total", "senders write numbers as text too");
        check(
            "(body.a or body.b) > 100",
            "senders write numbers as text too",
        );
        check("body.a > body.b", "senders write numbers as text too");
        check("body.total | float > 100", "");
        check("body.lines | length > 2", "");
        check("body.total | decimal > 100", "an amount is kept as text");
        check("body.total | decimal == 100", "an amount is kept as text");
        check("body.at > '2026-01-01'", "");
        check("body.quantity == 1", "");
    }

    #[test]
    fn refuses_arithmetic_that_lies() {
        check("body.price * 2", "write `| int` or `| float`");
        check("body.price | decimal * 2", "write `| int` or `| float`");
        check("body.a - body.b", "write `| int` or `| float`");
        check("body.a + 1", "write `| int` or `| float`");
        check("body.price | float * 2", "");
        check("(body.price | float) * (body.quantity | int) - 1", "");
        check("body.first ~ ' ' ~ body.last", "");
        check("body.first + ' ' + body.last", "");
        check("body.price | times(2)", "");
    }

    #[test]
    fn refuses_names_that_are_not_there() {
        let formula = Formula::compile("body.a or header['x'] or pick([1])").unwrap();
        assert_eq!(formula.variables(), ["body", "header"]);
        assert_eq!(
            formula.check_variables(&["body", "header", "query"]),
            Ok(())
        );
        assert_eq!(
            formula
                .check_variables(&["body", "headers"])
                .unwrap_err()
                .to_string(),
            "there is no \"header\" here, did you mean \"headers\"?"
        );
        let formula =
            Formula::compile("body.a | lookup('statuses') or (body | named('fields')).b").unwrap();
        assert_eq!(formula.tables(), ["fields", "statuses"]);
    }
}
