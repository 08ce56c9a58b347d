//! Pages as text: plain for a terminal, or Markdown.

use crate::source::guide::{Block, Format};

/// Spaces before what is to be copied, on a terminal.
const INDENT: &str = "    ";

pub fn print(blocks: &[Block], format: Format) -> String {
    let printed: Vec<String> = blocks
        .iter()
        .map(|block| match format {
            Format::Text => plain(block),
            Format::Markdown => markdown(block),
        })
        .collect();
    printed.join("\n\n") + "\n"
}

fn plain(block: &Block) -> String {
    match block {
        Block::Title(text) => {
            let text = text.replace('`', "");
            let line = "=".repeat(text.chars().count());
            format!("{text}\n{line}")
        }
        Block::Heading(text) => {
            let text = text.replace('`', "");
            let line = "-".repeat(text.chars().count());
            format!("{text}\n{line}")
        }
        Block::Smaller(text) => text.replace('`', ""),
        Block::Text(text) => text.replace("**", ""),
        Block::List(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("- {}", item.replace("**", "")))
                .collect();
            items.join("\n")
        }
        Block::Code(_, text) => indented(text),
        Block::Pairs(pairs) => indented(&aligned(pairs)),
        Block::Rows(rows) => {
            let lines: Vec<String> = rows.iter().map(|row| row.join("  ")).collect();
            lines.join("\n")
        }
    }
}

fn markdown(block: &Block) -> String {
    match block {
        Block::Title(text) => format!("# {}", escaped(text)),
        Block::Heading(text) => format!("## {}", escaped(text)),
        Block::Smaller(text) => format!("### {}", escaped(text)),
        Block::Text(text) => escaped(text),
        Block::List(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("- {}", escaped(item)))
                .collect();
            items.join("\n")
        }
        Block::Code(language, text) => format!("```{language}\n{}\n```", text.trim_end()),
        Block::Pairs(pairs) => format!("```\n{}\n```", aligned(pairs)),
        Block::Rows(rows) => table(rows),
    }
}

fn table(rows: &[Vec<String>]) -> String {
    let line = |row: &[String]| format!("| {} |", row.join(" | "));
    let Some((head, body)) = rows.split_first() else {
        return String::new();
    };
    let rule = vec!["---".to_owned(); head.len()];
    let lines: Vec<String> = [line(head), line(&rule)]
        .into_iter()
        .chain(body.iter().map(|row| line(row)))
        .collect();
    lines.join("\n")
}

/// Names in a column as wide as the widest; a long formula stays one line, so that it can be searched for.
fn aligned(pairs: &[(String, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0);
    let lines: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name:<width$}  {value}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text
        .trim_end()
        .lines()
        .map(|line| format!("{INDENT}{line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Signs that Markdown would take for its own, outside of code: tags of HTML, and underscores that begin a word.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let (mut in_code, mut before) = (false, ' ');
    for letter in text.chars() {
        match letter {
            '`' => in_code = !in_code,
            '<' if !in_code => escaped.push('\\'),
            '_' if !in_code && !before.is_alphanumeric() => escaped.push('\\'),
            _ => {}
        }
        escaped.push(letter);
        before = letter;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escaped, print};
    use crate::source::guide::{Block, Format};

    #[test]
    fn both_formats() {
        let blocks = [
            Block::Title("Acme (`acme`)".to_owned()),
            Block::Text("A `<form>` or <b>.".to_owned()),
            Block::Pairs(vec![
                ("a".to_owned(), "body.a | lower".to_owned()),
                ("long".to_owned(), "1".to_owned()),
            ]),
            Block::List(vec!["**One:** _x a_b".to_owned()]),
        ];
        assert_eq!(
            print(&blocks, Format::Text),
            "Acme (acme)\n===========\n\nA `<form>` or <b>.\n\n    a     body.a | lower\n    long  1\n\n- One: _x a_b\n"
        );
        assert_eq!(
            print(&blocks, Format::Markdown),
            "# Acme (`acme`)\n\nA `<form>` or \\<b>.\n\n```\na     body.a | lower\nlong  1\n```\n\n- **One:** \\_x a_b\n"
        );
        assert_eq!(escaped("a`_<`_"), "a`_<`\\_");
    }
}
