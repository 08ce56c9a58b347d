//! The jobs of one transaction, and a job that needs one of its own.

use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::queue::Job;
use crate::store::{Result, StoreError};

/// The jobs of one transaction.
#[derive(Default)]
pub(super) struct Group {
    pub(super) jobs: Vec<Box<dyn Job>>,
    /// Taken from the queue and not run, as an earlier one failed.
    pub(super) unseen: Vec<Box<dyn Job>>,
    /// Wrote nothing: their answers do not depend on the commit.
    answered: Vec<(Box<dyn Job>, StoreError)>,
}

impl Group {
    pub(super) fn run(&mut self, mut job: Box<dyn Job>, books: &mut Books) -> Done<()> {
        match job.run(books) {
            Ok(()) => {
                self.jobs.push(job);
                Ok(())
            }
            Err(Fault::Answer(error)) => {
                self.answered.push((job, error));
                Ok(())
            }
            Err(fault) => {
                self.jobs.push(job);
                Err(fault)
            }
        }
    }

    pub(super) fn finish(self, end: Result<()>) {
        for job in self.jobs.into_iter().chain(self.unseen) {
            job.finish(end.clone());
        }
        for (job, error) in self.answered {
            job.finish(Err(error));
        }
    }
}

/// A job that broke a shared transaction, in one of its own.
pub(super) fn alone(books: &mut Books, mut job: Box<dyn Job>) {
    let ran = in_transaction(books, |books| job.run(books));
    let end = match ran {
        Err(Fault::Refused(reason) | Fault::Corrupt(reason)) => {
            in_transaction(books, |books| job.give_up(books, &reason))
        }
        other => other,
    };
    job.finish(end.map_err(Fault::into_error));
}

fn in_transaction(books: &mut Books, work: impl FnOnce(&mut Books) -> Done<()>) -> Done<()> {
    let end = books
        .begin()
        .and_then(|()| work(books))
        .and_then(|()| books.commit());
    if end.is_err() {
        books.rollback()?;
    }
    end
}

/// Tells everybody the same.
pub(super) fn finish_all(jobs: Vec<Box<dyn Job>>, error: &StoreError) {
    for job in jobs {
        job.finish(Err(error.clone()));
    }
}
