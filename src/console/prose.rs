//! The words of declarations as pages show them: paragraphs, something to copy between lines of three backticks, `code`
//! between single ones, **what matters** between stars.

/// A piece of prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Text(Vec<Run>),
    /// To be copied.
    Code(String),
}

/// Letters of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    Plain(String),
    Code(String),
    Strong(String),
}

/// Reads prose as its author wrote it.
pub fn read(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (nth, part) in text.trim().split("```").enumerate() {
        if nth % 2 == 1 {
            pieces.push(Piece::Code(part.trim_matches('\n').to_owned()));
            continue;
        }
        for line in part.lines().map(str::trim).filter(|line| !line.is_empty()) {
            pieces.push(Piece::Text(runs(line)));
        }
    }
    pieces
}

/// The runs of one line.
pub fn runs(line: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    for (nth, part) in line.split('`').enumerate() {
        if nth % 2 == 1 {
            runs.push(Run::Code(part.to_owned()));
            continue;
        }
        for (nth, part) in part.split("**").enumerate() {
            match (part.is_empty(), nth % 2) {
                (true, _) => {}
                (false, 1) => runs.push(Run::Strong(part.to_owned())),
                (false, _) => runs.push(Run::Plain(part.to_owned())),
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::{Piece, Run, read};

    #[test]
    fn prose_is_read_as_it_was_written() {
        let text = "Paste `URL`, **now**.\n\n```\n<form>\n```\nDone";
        let plain = |text: &str| Run::Plain(text.to_owned());
        assert_eq!(
            read(text),
            [
                Piece::Text(vec![
                    plain("Paste "),
                    Run::Code("URL".to_owned()),
                    plain(", "),
                    Run::Strong("now".to_owned()),
                    plain("."),
                ]),
                Piece::Code("<form>".to_owned()),
                Piece::Text(vec![plain("Done")]),
            ]
        );
        assert_eq!(read(""), []);
    }
}
