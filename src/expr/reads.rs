//! Which places of a document a formula reads, told without running it.
//!
//! A place is a dotted path without positions: `body.lines.sku` stands for the sku of every line. What a formula hands on
//! as it is (`body.customer or body`) is not read yet: whoever looks into it says what is.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr};
use minijinja::machinery::parse_expr;

use crate::expr::FormulaError;
use crate::expr::filters::FUNCTIONS;

/// What formulas read, and what they may hand on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// Places whose values are used; with everything below them.
    pub used: BTreeSet<String>,
    /// Places whose values may come out as they are.
    pub given: BTreeSet<String>,
}

/// What a name stands for: other than itself.
pub type Names = BTreeMap<String, Reads>;

impl Reads {
    /// Of a name that stands for these places alone.
    pub fn giving(places: impl IntoIterator<Item = String>) -> Self {
        Reads {
            used: BTreeSet::new(),
            given: places.into_iter().collect(),
        }
    }

    /// Everything that counts as read once the value itself is used.
    pub fn all(mut self) -> BTreeSet<String> {
        self.used.extend(self.given);
        self.used
    }
}

/// What the formula `text` reads where `names` stand for something.
///
/// # Errors
/// A text that is no formula.
pub fn of(text: &str, names: &Names) -> Result<Reads, FormulaError> {
    let tree = parse_expr(text)?;
    let mut reader = Reader {
        names,
        used: BTreeSet::new(),
    };
    let given = reader.places(&tree);
    Ok(Reads {
        used: reader.used,
        given,
    })
}

/// Filters whose value is one of the entries they are given, or a list of them.
const PASS: &[&str] = &[
    "first",
    "last",
    "list",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "sort",
    "unique",
];

/// Of those, the ones that also look at a part of each entry.
const BY_PART: &[&str] = &["rejectattr", "selectattr", "sort"];

struct Reader<'n> {
    names: &'n Names,
    used: BTreeSet<String>,
}

impl Reader<'_> {
    /// The places whose value the expression may be.
    fn places(&mut self, expr: &Expr<'_>) -> BTreeSet<String> {
        match expr {
            Expr::Const(_) => BTreeSet::new(),
            Expr::Var(variable) => self.name(variable.id),
            Expr::GetAttr(get) => below(self.places(&get.expr), get.name),
            Expr::GetItem(get) => {
                let from = self.places(&get.expr);
                match &get.subscript_expr {
                    Expr::Const(key) => match key.value.as_str() {
                        Some(name) => below(from, name),
                        None => from,
                    },
                    key => {
                        self.use_up(key);
                        from
                    }
                }
            }
            Expr::Slice(slice) => self.places(&slice.expr),
            Expr::BinOp(op) if matches!(op.op, BinOpKind::ScOr) => {
                let mut either = self.places(&op.left);
                either.extend(self.places(&op.right));
                either
            }
            Expr::IfExpr(choice) => {
                self.use_up(&choice.test_expr);
                let mut either = self.places(&choice.true_expr);
                if let Some(otherwise) = &choice.false_expr {
                    either.extend(self.places(otherwise));
                }
                either
            }
            Expr::List(list) => list
                .items
                .iter()
                .flat_map(|item| self.places(item))
                .collect(),
            Expr::Filter(filter) => match &filter.expr {
                Some(value) => self.filtered(filter.name, value, &filter.args),
                None => BTreeSet::new(),
            },
            _ => {
                self.use_up_inside(expr);
                BTreeSet::new()
            }
        }
    }

    fn name(&mut self, name: &str) -> BTreeSet<String> {
        match self.names.get(name) {
            Some(reads) => {
                self.used.extend(reads.used.iter().cloned());
                reads.given.clone()
            }
            None if FUNCTIONS.contains(&name) => BTreeSet::new(),
            None => BTreeSet::from([name.to_owned()]),
        }
    }

    fn filtered(&mut self, name: &str, value: &Expr<'_>, args: &[CallArg<'_>]) -> BTreeSet<String> {
        let from = self.places(value);
        for arg in args {
            self.use_up(argument(arg));
        }
        let part = args.iter().find_map(|arg| match argument(arg) {
            Expr::Const(constant) => constant.value.as_str().map(str::to_owned),
            _ => None,
        });
        match (name, part) {
            ("gather" | "get" | "map", Some(path)) => along(from, &path),
            ("pick", Some(part)) => {
                self.used.extend(along(from.clone(), &part));
                from
            }
            ("sum_of", Some(path)) => {
                self.used.extend(along(from, &path));
                BTreeSet::new()
            }
            ("default", _) => {
                let otherwise = args.first().map(argument);
                let mut either = from;
                either.extend(otherwise.into_iter().flat_map(|expr| self.places(expr)));
                either
            }
            (name, part) if PASS.contains(&name) => {
                if let Some(part) = part.filter(|_| BY_PART.contains(&name)) {
                    self.used.extend(along(from.clone(), &part));
                }
                from
            }
            ("chain" | "zip", _) => {
                let others = args.iter().map(argument);
                let mut all = from;
                for other in others {
                    all.extend(self.places(other));
                }
                all
            }
            _ => {
                self.used.extend(from);
                BTreeSet::new()
            }
        }
    }

    /// Whatever the expression is, its value is used here.
    fn use_up(&mut self, expr: &Expr<'_>) {
        let places = self.places(expr);
        self.used.extend(places);
    }

    fn use_up_inside(&mut self, expr: &Expr<'_>) {
        for child in crate::expr::check::children(expr) {
            self.use_up(child);
        }
    }
}

fn argument<'x, 'a>(arg: &'x CallArg<'a>) -> &'x Expr<'a> {
    match arg {
        CallArg::Pos(expr)
        | CallArg::Kwarg(_, expr)
        | CallArg::PosSplat(expr)
        | CallArg::KwargSplat(expr) => expr,
    }
}

fn below(places: BTreeSet<String>, name: &str) -> BTreeSet<String> {
    places
        .into_iter()
        .map(|place| format!("{place}.{name}"))
        .collect()
}

/// Below each place along a dotted path, in which a number is a position.
fn along(places: BTreeSet<String>, path: &str) -> BTreeSet<String> {
    path.split('.')
        .filter(|step| step.parse::<usize>().is_err())
        .fold(places, below)
}

#[cfg(test)]
mod tests {
    use super::{Names, Reads, of};

    /// `used` and `given`, each separated by spaces.
    fn check(formula: &str, used: &str, given: &str) {
        let mut names = Names::new();
        let customer = of("body.customer or body", &names).unwrap();
        names.insert("customer".to_owned(), customer);
        let form = of("body.fields | named('fields')", &names).unwrap();
        names.insert("form".to_owned(), form);
        let item = Reads::giving(["body.lines".to_owned()]);
        names.insert("item".to_owned(), item);
        let found = of(formula, &names).unwrap();
        let joined = |places: &std::collections::BTreeSet<String>| {
            places.iter().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            (joined(&found.used).as_str(), joined(&found.given).as_str()),
            (used, given),
            "{formula}"
        );
    }

    #[test]
    fn what_is_read() {
        check("body.a", "", "body.a");
        check("body.a['b c'][0].d", "", "body.a.b c.d");
        check("body.a or body.b | lower", "body.b", "body.a");
        check(
            "customer.email | email",
            "body.customer.email body.email",
            "",
        );
        check("form.email", "body.fields", "");
        check("item.sku", "", "body.lines.sku");
        check("body.a if body.b == 1 else 'x'", "body.b", "body.a");
        check(
            "body.items | map(attribute='code') | list",
            "",
            "body.items.code",
        );
        check(
            "(body.items | pick('type', 'shipping')).amount",
            "body.items.type",
            "body.items.amount",
        );
        check(
            "body.refunds | gather('transactions') | rejectattr('status', 'eq', 'x') | list | sum_of('amount')",
            "body.refunds.transactions.amount body.refunds.transactions.status",
            "",
        );
        check("(body.list | first).name", "", "body.list.name");
        check("body.a ~ ' ' ~ body.b", "body.a body.b", "");
        check("body.a is blank", "body.a", "");
        check("body | get('a.0.b')", "", "body.a.b");
        check("body.text | extract(header['x'])", "body.text header.x", "");
        check("[body.a, 'b'] | first", "", "body.a");
        check("body.total | plus(body.tip)", "body.tip body.total", "");
        check(
            "body.price | phone(body.country or region)",
            "body.country body.price region",
            "",
        );
        check("pick([1, 2])", "", "");
        check("body.map[body.key]", "body.key", "body.map");
    }
}
