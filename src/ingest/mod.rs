//! Receiving: from the bytes of a request to an arrival for the inbox, or to a refusal that explains itself.

pub mod explain;
pub mod handshake;
pub mod intake;
pub mod judge;
pub mod mask;
pub mod payload;
pub mod receive;
pub mod refusal;
pub mod rejection;
pub mod sign;
pub mod spam;
pub mod verify;
