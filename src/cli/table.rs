//! Tables for people: columns as wide as what stands in them.

use std::io::Write;

/// Characters of a cell at most, so that one long reason does not stretch the whole table.
const WIDEST: usize = 60;

/// Rows under a head.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Table {
            rows: vec![head.map(str::to_owned).to_vec()],
        }
    }

    /// Adds a row; control characters do not reach the terminal.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows
            .push(cells.iter().map(|cell| plain(cell, WIDEST)).collect());
    }

    /// Prints head and rows; the last column is not padded.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        columns(&self.rows, "", out)
    }
}

/// Prints rows in columns after `margin`; the last column is not padded.
///
/// # Errors
/// When `out` cannot be written.
pub fn columns(rows: &[Vec<String>], margin: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    for row in rows {
        let mut line = margin.to_owned();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// `text` in one line without control characters, cut with an ellipsis after `width` characters.
pub fn plain(text: &str, width: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= width {
        return text.chars().map(clean).collect();
    }
    let mut cut: String = text
        .chars()
        .take(width.saturating_sub(1))
        .map(clean)
        .collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::{Table, plain};

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["NAME", "ROLE"]);
        table.row(["a-long-name".to_owned(), "admin".to_owned()]);
        table.row(["ñ".to_owned(), String::new()]);
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "NAME         ROLE\na-long-name  admin\nñ\n"
        );
    }

    #[test]
    fn cells_cannot_write_to_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\nc", 20), "a [31mb c");
        assert_eq!(plain("abcdef", 4), "abc…");
    }
}
