//! One page a file: its places, its template, its forms.

pub mod account;
pub mod assets;
pub mod audit;
pub mod fault;
pub mod overview;
pub mod preferences;
pub mod setup;
pub mod sign_in;
pub mod tokens;
pub mod two_step;
pub mod users;
