//! How to connect a sender, told from its declaration alone: what `frontdesk sources NAME` prints and docs/sources holds.

mod connect;
mod events;
mod print;
mod proof;

use crate::source::declaration::Source;

pub use proof::in_short;

/// A page for people, apart from how it is printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page(Vec<Block>);

/// What a page is made of. Texts may hold `code` between backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Title(String),
    Heading(String),
    Smaller(String),
    Text(String),
    List(Vec<String>),
    /// Something to copy, and what it is written in.
    Code(&'static str, String),
    /// Two columns: a name and a formula.
    Pairs(Vec<(String, String)>),
    /// Rows under a head.
    Rows(Vec<Vec<String>>),
}

/// How a page is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// GitHub's Markdown.
    Markdown,
}

/// All about one source. `public_url` is where the gateway is reached, without a slash at the end.
pub fn of(source: &Source, public_url: &str) -> Page {
    let mut page = Page::default();
    page.add(Block::Title(format!(
        "{} (`{}`)",
        source.title, source.name
    )));
    if source.experimental {
        page.text("**Experimental:** some facts about this sender are not verified; send yourself a real event before you rely on it.");
    }
    connect::write(source, public_url, &mut page);
    proof::write(source, &mut page);
    connect::write_answers(source, &mut page);
    events::write(source, &mut page);
    page
}

/// The list of all sources, each with a link to its page.
pub fn index<'s>(sources: impl Iterator<Item = &'s Source>) -> Page {
    let mut page = Page::default();
    page.add(Block::Title("Sources".to_owned()));
    page.text(
        "Every sender that Frontdesk knows, written from its declaration by `scripts/docs`; `frontdesk sources NAME` prints the same page. \
         A sender that is not here is [a data file away](../add-a-source.md).",
    );
    let mut rows = vec![vec![
        "source".to_owned(),
        "becomes".to_owned(),
        "proven by".to_owned(),
    ]];
    for source in sources {
        let mark = match source.experimental {
            true => " (experimental)",
            false => "",
        };
        let proof = match in_short(source) {
            proof if proof.is_empty() => "nothing: a public form".to_owned(),
            proof => proof.into(),
        };
        rows.push(vec![
            format!("[{}]({}.md){mark}", source.title, source.name),
            events::kinds(source),
            proof,
        ]);
    }
    page.add(Block::Rows(rows));
    page
}

impl Page {
    fn add(&mut self, block: Block) {
        self.0.push(block);
    }

    fn text(&mut self, text: &str) {
        self.add(Block::Text(text.to_owned()));
    }

    fn heading(&mut self, text: &str) {
        self.add(Block::Heading(text.to_owned()));
    }

    /// A list, when it has an item.
    fn list(&mut self, items: Vec<String>) {
        if !items.is_empty() {
            self.add(Block::List(items));
        }
    }

    /// Written out.
    pub fn print(&self, format: Format) -> String {
        print::print(&self.0, format)
    }
}
