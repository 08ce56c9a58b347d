//! What the office says no to, as answers.

use crate::api::problem::{Fault, Problem};
use crate::model::event::Violation;
use crate::process::office::OfficeError;

/// The answer to a caller whose wish the office does not fulfil.
pub fn problem(error: OfficeError) -> Problem {
    match error {
        OfficeError::Invalid(problems) => invalid(problems),
        OfficeError::Stale { .. } => Problem::conflict("stale_version", error.to_string()),
        OfficeError::Unknown(sentence) => Problem::not_found(sentence),
        OfficeError::Declined(why) => Problem::conflict(why.code, why.sentence),
        OfficeError::Store(error) => error.into(),
    }
}

/// 422 with each thing that is wrong.
pub fn invalid(problems: Vec<Violation>) -> Problem {
    let faults = problems
        .into_iter()
        .map(|it| Fault::new(it.path, it.message));
    Problem::invalid(faults.collect())
}
