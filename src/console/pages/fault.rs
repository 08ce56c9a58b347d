//! The page that says why there is no other.

use askama::Template;

use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::visitor::Visitor;

#[derive(Template)]
#[template(path = "fault.html")]
struct Page<'v> {
    f: Frame<'v>,
    title: String,
    help: String,
    particulars: Option<String>,
}

/// The page of a fault; its bare words when even that cannot be written.
pub fn page(visitor: &Visitor, fault: &Fault) -> String {
    let words = visitor.words;
    let key = format!("fault-{}", fault.name());
    let help = match fault {
        Fault::TooMany(wait) => words.count(&format!("{key}-help"), wait.as_secs()),
        _ => words.say(&format!("{key}-help")),
    };
    let page = Page {
        f: Frame::new(visitor, ""),
        title: words.say(&key),
        help,
        particulars: fault.particulars(words),
    };
    page.render().unwrap_or_else(|_| fault.to_string())
}
