//! Cursor paging: a page of anything, and where the next one begins.

/// One page of a list, newest first unless the list says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Opaque to callers; `None` on the last page.
    pub next: Option<String>,
}

/// How much to list and from where.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// 1 to 200.
    pub limit: usize,
    pub cursor: Option<String>,
}
