//! A TOML file read strictly: every problem is collected with its line, and keys nobody asked for are problems too.
//!
//! The configuration and the declarations of sources are read with it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::model::problem::{Problem, nearest};
use crate::model::said::{Phrase, Said, Word};
use crate::{phrase, said};

/// A parsed file, and what is wrong with it so far.
pub struct Document<'t> {
    file: String,
    /// Byte offset of each line's beginning.
    lines: Vec<usize>,
    root: Spanned<DeTable<'t>>,
    problems: RefCell<Vec<Problem>>,
    /// `FRONTDESK__SECTION__KEY` → value; a key's value is taken from here first.
    environment: BTreeMap<String, String>,
    used: RefCell<BTreeSet<String>>,
}

impl<'t> Document<'t> {
    /// Parses `text`; syntax errors become problems, and what could be read stays readable.
    pub fn parse(file: &str, text: &'t str) -> Self {
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let (root, errors) = DeTable::parse_recoverable(text);
        let document = Document {
            file: file.to_owned(),
            lines,
            root,
            problems: RefCell::default(),
            environment: BTreeMap::new(),
            used: RefCell::default(),
        };
        for error in errors {
            let line = error.span().map_or(0, |span| document.line(span.start));
            document.problem(line, error.message());
        }
        document
    }

    /// Lets variables named `FRONTDESK__…` override keys.
    #[must_use]
    pub fn with_environment(mut self, environment: &BTreeMap<String, String>) -> Self {
        self.environment = environment
            .iter()
            .filter(|(name, _)| name.starts_with("FRONTDESK__"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self
    }

    /// Whether anything was found wrong so far.
    pub fn is_faulty(&self) -> bool {
        !self.problems.borrow().is_empty()
    }

    /// The top table.
    pub fn root(&self) -> Table<'_> {
        Table {
            document: self,
            table: self.root.get_ref(),
            line: 1,
            path: String::new(),
            variable: "FRONTDESK".to_owned(),
            asked: RefCell::default(),
        }
    }

    /// Notes a problem.
    pub fn problem(&self, line: u32, message: impl Into<Said>) {
        let (file, line) = self.place(line);
        self.problems.borrow_mut().push(Problem {
            file,
            line,
            message: message.into(),
        });
    }

    /// Variables count on from the last line of the file, one a line: so what a value says wrong is told of the place it
    /// came from, and whoever reads the value need not know which.
    fn line_of_variable(&self, name: &str) -> Option<u32> {
        let nth = self.environment.keys().position(|key| key == name)?;
        u32::try_from(self.lines.len() + 1 + nth).ok()
    }

    /// The file and the line, or the variable, that a line stands for.
    fn place(&self, line: u32) -> (String, u32) {
        let beyond = usize::try_from(line)
            .ok()
            .and_then(|line| line.checked_sub(self.lines.len() + 1));
        match beyond.and_then(|nth| self.environment.keys().nth(nth)) {
            Some(variable) => (variable.clone(), 0),
            None => (self.file.clone(), line),
        }
    }

    /// Everything found, in the order of lines.
    pub fn into_problems(self) -> Vec<Problem> {
        let used = self.used.into_inner();
        let mut problems = self.problems.into_inner();
        for name in self.environment.keys().filter(|name| !used.contains(*name)) {
            problems.push(Problem {
                file: "environment".to_owned(),
                line: 0,
                message: format!("{name} names no setting").into(),
            });
        }
        problems.sort_by_key(|problem| problem.line);
        problems.dedup();
        problems
    }

    fn line(&self, offset: usize) -> u32 {
        let line = self.lines.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

const TEXT: Phrase = phrase!("a-text-quoted", "a text in quotes");
const TRUTH: Phrase = phrase!("a-truth", "true or false");
const WHOLE_NUMBER: Phrase = phrase!("a-whole-number", "a whole number");
const TABLE: Phrase = phrase!("a-table", "a table");

/// A table of a document.
pub struct Table<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    /// Where it begins.
    pub line: u32,
    /// Dotted path for messages; empty for the top.
    path: String,
    /// Prefix of the variables that override its keys.
    variable: String,
    asked: RefCell<BTreeSet<String>>,
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    pub line: u32,
}

/// A value of any type, in place.
#[derive(Clone, Copy)]
pub struct Item<'d> {
    document: &'d Document<'d>,
    value: &'d DeValue<'d>,
    pub line: u32,
}

impl<'d> Table<'d> {
    /// Notes a problem at `line`.
    pub fn problem(&self, line: u32, message: impl Into<Said>) {
        self.document.problem(line, message);
    }

    /// `section.key`, for messages.
    pub fn path(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Keys in the order of the file, with their lines.
    pub fn keys(&self) -> Vec<(String, u32)> {
        let mut keys: Vec<_> = self
            .table
            .iter()
            .map(|(key, _)| (key.span().start, key.get_ref().to_string()))
            .collect();
        keys.sort();
        keys.into_iter()
            .map(|(at, key)| (key, self.document.line(at)))
            .collect()
    }

    /// Whether the file or the environment sets `key`.
    pub fn has(&self, key: &str) -> bool {
        self.item(key).is_some() || self.overridden(key).is_some()
    }

    /// Keys in lower case that only the environment sets.
    pub fn keys_of_environment(&self) -> Vec<String> {
        let prefix = format!("{}__", self.variable);
        let names = self.document.environment.keys();
        names
            .filter_map(|name| name.strip_prefix(&prefix))
            .filter(|rest| !rest.contains("__"))
            .map(str::to_lowercase)
            .filter(|key| !self.table.contains_key(key.as_str()))
            .collect()
    }

    /// The line of a key that is set, else of the table.
    pub fn line_of(&self, key: &str) -> u32 {
        let variable = self.variable(key);
        if let Some(line) = variable.and_then(|name| self.document.line_of_variable(&name)) {
            return line;
        }
        self.table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map_or(self.line, |(name, _)| self.document.line(name.span().start))
    }

    /// Where a key is set: the file and the line, or the variable.
    pub fn place_of(&self, key: &str) -> (String, u32) {
        self.document.place(self.line_of(key))
    }

    /// The variable that sets a key.
    pub fn variable(&self, key: &str) -> Option<String> {
        if self.document.environment.is_empty() {
            return None;
        }
        let name = format!("{}__{}", self.variable, variable_part(key));
        self.document
            .environment
            .contains_key(&name)
            .then_some(name)
    }

    /// The value of a key, whatever it is.
    pub fn item(&self, key: &str) -> Option<Item<'d>> {
        self.asked.borrow_mut().insert(key.to_owned());
        let value: &'d Spanned<DeValue<'d>> = self.table.get(key)?;
        Some(Item {
            document: self.document,
            value: value.get_ref(),
            line: self.line_of(key),
        })
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<Text> {
        if let Some(value) = self.overridden(key) {
            let line = self.line_of(key);
            return Some(Text { value, line });
        }
        let item = self.item(key)?;
        match item.value.as_str() {
            Some(value) => Some(Text {
                value: value.to_owned(),
                line: item.line,
            }),
            None => self.wrong(key, item, TEXT),
        }
    }

    /// A text, or a whole number as its text.
    pub fn text_or_number(&self, key: &str) -> Option<Text> {
        let is_number = |item: &Item<'_>| item.value.as_integer().is_some();
        if self.variable(key).is_some() || !self.item(key).as_ref().is_some_and(is_number) {
            return self.text(key);
        }
        let value = self.number(key)?.to_string();
        let line = self.line_of(key);
        Some(Text { value, line })
    }

    /// A text that must be there.
    pub fn required_text(&self, key: &str) -> Option<Text> {
        if !self.has(key) {
            self.missing(key);
            return None;
        }
        self.text(key)
    }

    /// Notes that a key is not there.
    pub fn missing(&self, key: &str) {
        self.problem(
            self.line,
            said!("load-missing", "`{key}` is missing", key = self.path(key)),
        );
    }

    /// `true` or `false`.
    pub fn bool(&self, key: &str) -> Option<bool> {
        if let Some(value) = self.overridden(key) {
            return self.parsed(key, &value, TRUTH);
        }
        let item = self.item(key)?;
        match item.value.as_bool() {
            Some(value) => Some(value),
            None => self.wrong(key, item, TRUTH),
        }
    }

    /// A whole number from 0.
    pub fn number(&self, key: &str) -> Option<u64> {
        if let Some(value) = self.overridden(key) {
            return self.parsed(key, &value, WHOLE_NUMBER);
        }
        let item = self.item(key)?;
        let number = item
            .value
            .as_integer()
            .and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        match number {
            Some(value) => Some(value),
            None => self.wrong(key, item, WHOLE_NUMBER),
        }
    }

    /// A text, or a list of texts. In the environment: separated by commas, or a list as in the file.
    pub fn texts(&self, key: &str) -> Option<Vec<Text>> {
        if let Some(value) = self.overridden(key) {
            return self.listed(key, value.trim());
        }
        let item = self.item(key)?;
        let texts = item.texts();
        if texts.is_none() {
            return self.wrong(
                key,
                item,
                phrase!("a-text-or-texts", "a text or a list of texts"),
            );
        }
        texts
    }

    /// The list in a variable.
    fn listed(&self, key: &str, value: &str) -> Option<Vec<Text>> {
        let line = self.line_of(key);
        let text = |value: &str| Text {
            value: value.to_owned(),
            line,
        };
        if !(value.starts_with('[') && value.ends_with(']')) {
            return Some(value.split(',').map(str::trim).map(text).collect());
        }
        let written = format!("list = {value}");
        let (root, errors) = DeTable::parse_recoverable(&written);
        let list = root.get_ref().get("list").filter(|_| errors.is_empty());
        let texts = list.and_then(|list| {
            let entries = list.get_ref().as_array()?.iter();
            entries
                .map(|entry| entry.get_ref().as_str().map(text))
                .collect()
        });
        if texts.is_none() {
            self.problem(
                line,
                format!(
                    "`{}` must be a list of texts, such as [\"a\", \"b\"], or texts with commas between them",
                    self.path(key)
                ),
            );
        }
        texts
    }

    /// A table under this one.
    pub fn table(&self, key: &str) -> Option<Table<'d>> {
        match self.item(key) {
            Some(item) => match item.value.as_table() {
                Some(table) => Some(self.child(key, table, item.line)),
                None => self.wrong(key, item, TABLE),
            },
            None => None,
        }
    }

    /// A table under this one; an empty one when the file has none, so that the environment can still fill it.
    pub fn section(&self, key: &str) -> Table<'d> {
        static EMPTY: std::sync::LazyLock<DeTable<'static>> =
            std::sync::LazyLock::new(DeTable::new);
        self.table(key).unwrap_or_else(|| {
            let empty: &'d DeTable<'d> = &EMPTY;
            self.child(key, empty, self.line)
        })
    }

    /// `[[key]]` tables, or the one table `[key]`.
    pub fn tables(&self, key: &str) -> Vec<Table<'d>> {
        let Some(item) = self.item(key) else {
            return Vec::new();
        };
        if let Some(table) = item.value.as_table() {
            return vec![self.child(key, table, item.line)];
        }
        let Some(list) = item.value.as_array() else {
            self.wrong::<()>(
                key,
                item,
                phrase!("a-table-or-tables", "a table or a list of tables"),
            );
            return Vec::new();
        };
        let list: &'d DeArray<'d> = list;
        let mut tables = Vec::new();
        for entry in list.iter() {
            let line = self.document.line(entry.span().start);
            match entry.get_ref().as_table() {
                Some(table) => tables.push(self.child(key, table, line)),
                None => self.problem(
                    line,
                    said!(
                        "load-tables",
                        "`{key}` must be a list of tables",
                        key = self.path(key)
                    ),
                ),
            }
        }
        tables
    }

    /// Every key that nobody asked for is a problem.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, line) in self.keys() {
            if asked.contains(&key) {
                continue;
            }
            let hint = match nearest(&key, asked.iter().map(String::as_str)) {
                Some(nearest) => said!(
                    "load-key-meant",
                    ", did you mean `{nearest}`?",
                    nearest = nearest
                )
                .into(),
                None => Word::from(""),
            };
            let key = self.path(&key);
            self.problem(
                line,
                said!(
                    "load-unknown",
                    "unknown key `{key}`{hint}",
                    key = key,
                    hint = hint
                ),
            );
        }
    }

    /// The same table with its keys overridden by `FRONTDESK__…__NAME__KEY`.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.variable = format!("{}__{}", self.variable, variable_part(name));
        self
    }

    fn child(&self, key: &str, table: &'d DeTable<'d>, line: u32) -> Table<'d> {
        Table {
            document: self.document,
            table,
            line,
            path: self.path(key),
            variable: format!("{}__{}", self.variable, variable_part(key)),
            asked: RefCell::default(),
        }
    }

    fn overridden(&self, key: &str) -> Option<String> {
        self.asked.borrow_mut().insert(key.to_owned());
        let name = format!("{}__{}", self.variable, variable_part(key));
        let value = self.document.environment.get(&name)?.clone();
        self.document.used.borrow_mut().insert(name);
        Some(value)
    }

    fn parsed<T: std::str::FromStr>(&self, key: &str, value: &str, expected: Phrase) -> Option<T> {
        let parsed = value.trim().parse().ok();
        if parsed.is_none() {
            let (key, line) = (self.path(key), self.line_of(key));
            let expected = expected.english;
            self.problem(line, format!("`{key}` must be {expected}, not \"{value}\""));
        }
        parsed
    }

    fn wrong<T>(&self, key: &str, item: Item<'_>, expected: Phrase) -> Option<T> {
        let found = match item.value {
            DeValue::String(_) => phrase!("a-text", "a text"),
            DeValue::Integer(_) | DeValue::Float(_) => phrase!("a-number", "a number"),
            DeValue::Boolean(_) => TRUTH,
            DeValue::Datetime(_) => phrase!("a-date", "a date"),
            DeValue::Array(_) => phrase!("a-list", "a list"),
            DeValue::Table(_) => TABLE,
        };
        self.problem(
            item.line,
            said!(
                "load-wrong",
                "`{key}` must be {expected}, not {found}",
                key = self.path(key),
                expected = expected,
                found = found
            ),
        );
        None
    }
}

impl<'d> Item<'d> {
    /// The text, when it is one.
    pub fn text(self) -> Option<Text> {
        self.value.as_str().map(|value| Text {
            value: value.to_owned(),
            line: self.line,
        })
    }

    /// Whether it is a table.
    pub fn is_table(self) -> bool {
        self.value.is_table()
    }

    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        self.value.is_array()
    }

    fn texts(self) -> Option<Vec<Text>> {
        if let Some(text) = self.text() {
            return Some(vec![text]);
        }
        let list = self.value.as_array()?;
        list.iter()
            .map(|entry| {
                Some(Text {
                    value: entry.get_ref().as_str()?.to_owned(),
                    line: self.document.line(entry.span().start),
                })
            })
            .collect()
    }
}

fn variable_part(key: &str) -> String {
    key.to_uppercase().replace('-', "_")
}
