//! The one expression language: MiniJinja with the house's filters, compiled when loaded, run with a fuel limit.
