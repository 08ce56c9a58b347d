//! Frontdesk, the front desk of a CRM. The rooms in reading order:
//!
//! `web` takes a request, `ingest` believes it or not, `store` writes it down, `process` makes records of it with the
//! pure rooms `merge` and `assign`; `api` and `cli` show them. `source` holds the declarations that know the senders,
//! `expr` the one expression language, `model` the plain data, `config` what the operator wrote.

pub mod access;
pub mod api;
pub mod app;
pub mod assign;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod expr;
pub mod ingest;
pub mod merge;
pub mod model;
pub mod payload;
pub mod process;
pub mod source;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod web;
