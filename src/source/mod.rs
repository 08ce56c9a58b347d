//! Sources: what operators and integrators declare about a sender, loaded strictly.

pub mod declaration;
