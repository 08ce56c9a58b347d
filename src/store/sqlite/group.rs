//! The jobs of one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::store::StoreError;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::queue::Job;

type Jobs = Vec<Box<dyn Job>>;

/// The jobs of one transaction, until it is known what became of it.
#[derive(Default)]
pub(super) struct Group {
    /// Those that ran, each with the answer that it gave instead of writing.
    ran: Vec<(Box<dyn Job>, Option<StoreError>)>,
    /// Taken from the queue and not run, as an earlier one failed.
    unseen: Vec<Box<dyn Job>>,
}

impl Group {
    /// Jobs of a transaction that did not even begin.
    pub(super) fn unrun(jobs: Vec<Box<dyn Job>>) -> Self {
        Group {
            ran: Vec::new(),
            unseen: jobs,
        }
    }

    /// Runs a job within the open transaction. The one that fails is the last of the group.
    pub(super) fn run(&mut self, mut job: Box<dyn Job>, books: &mut Books) -> Done<()> {
        // A defect in one job must not end the thread that all others wait for.
        let ran = catch_unwind(AssertUnwindSafe(|| job.run(books)));
        let ran = ran.unwrap_or_else(|_| Err(Fault::Refused("the write panicked".to_owned())));
        let (answer, end) = match ran {
            Ok(()) => (None, Ok(())),
            Err(Fault::Answer(error)) => (Some(error), Ok(())),
            Err(fault) => (None, Err(fault)),
        };
        self.ran.push((job, answer));
        end
    }

    /// Runs jobs in order, up to the first that fails.
    pub(super) fn run_all(&mut self, jobs: Vec<Box<dyn Job>>, books: &mut Books) -> Done<()> {
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            if let Err(fault) = self.run(job, books) {
                self.unseen.extend(jobs);
                return Err(fault);
            }
        }
        Ok(())
    }

    /// The transaction is on disk: tells everybody. `true` when there is now something for the workers.
    pub(super) fn finish(self) -> bool {
        let mut made_work = false;
        for (job, answer) in self.ran {
            made_work |= job.made_work();
            job.finish(answer.map_or(Ok(()), Err));
        }
        made_work
    }

    /// Nobody knows whether the transaction is on disk: tells everybody that it is not.
    pub(super) fn fail(self, error: &StoreError) {
        finish_all(self.ran.into_iter().map(|(job, _)| job), error);
    }

    /// The transaction is no more: its jobs, and the one that ran last apart from the others.
    pub(super) fn into_jobs(mut self) -> (Option<Box<dyn Job>>, Jobs) {
        let last = self.ran.pop().map(|(job, _)| job);
        let mut others: Vec<_> = self.ran.into_iter().map(|(job, _)| job).collect();
        others.append(&mut self.unseen);
        (last, others)
    }
}

/// Tells everybody the same.
pub(super) fn finish_all(jobs: impl IntoIterator<Item = Box<dyn Job>>, error: &StoreError) {
    for job in jobs {
        job.finish(Err(error.clone()));
    }
}
