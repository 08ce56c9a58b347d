//! Sources: what operators and integrators declare about a sender, loaded strictly, and the parts of it that both
//! receiving and processing read, compiled.

pub mod arrival;
pub mod catalog;
pub mod declaration;
pub mod dedupe;
pub mod domains;
pub mod endpoints;
pub mod envelope;
pub mod fresh;
pub mod guide;
mod load;
pub mod sample;
pub mod schema;
pub mod settings;
mod violation;
