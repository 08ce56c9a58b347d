//! The page that says why there is no other.

use askama::Template;

use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::places;
use crate::console::visitor::Visitor;

/// For somebody who has not signed in.
#[derive(Template)]
#[template(path = "fault.html")]
struct Outside<'v> {
    f: Frame<'v>,
    said: Explained,
}

/// With the menu around it.
#[derive(Template)]
#[template(path = "fault_inside.html")]
struct Inside<'v> {
    f: Frame<'v>,
    said: Explained,
    /// Where they came from, as far as the address tells.
    back: String,
}

struct Explained {
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
    let said = Explained {
        title: words.say(&key),
        help,
        particulars: fault.particulars(words),
    };
    let f = Frame::new(visitor, "");
    let page = match &visitor.account {
        None => Outside { f, said }.render(),
        Some(account) => {
            let path = visitor.path.as_str();
            let above = places::page_above(path, Some(account.role));
            // A page that cannot be shown is no way back, unless its query was the matter.
            let is_itself = above == path && visitor.address == path;
            let back = match above.rsplit_once('/') {
                Some((above, _)) if is_itself => places::page_above(above, Some(account.role)),
                _ => above,
            };
            let back = back.to_owned();
            Inside { f, said, back }.render()
        }
    };
    page.unwrap_or_else(|_| fault.to_string())
}
