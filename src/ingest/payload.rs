//! A verified request as a document, with secrets and signatures masked.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::expr::scope::Scope;
use crate::ingest::intake::Intake;
use crate::ingest::rejection::Rejection;
use crate::ingest::spam::Traces;
use crate::ingest::verify::VerifiedRequest;
use crate::model::event::Verdict;
use crate::model::request::RawRequest;
use crate::payload::{self, redact};
use crate::source::{dedupe, envelope};

/// A verified request whose body is a document.
#[derive(Debug)]
pub struct Payload {
    pub request: RawRequest,
    pub verdict: Verdict,
    pub document: Arc<Value>,
    /// What the spam gate took out of the document.
    pub traces: Traces,
    gated: bool,
}

/// A verified request whose body is none.
#[derive(Debug)]
pub struct Unread {
    pub request: RawRequest,
    pub verdict: Verdict,
    pub rejection: Rejection,
}

impl Payload {
    /// Parses the body and removes the secrets of the sender from what will be kept.
    ///
    /// # Errors
    /// The request with `MalformedBody` or `UnsupportedMediaType`.
    pub fn parse(intake: &Intake, verified: VerifiedRequest) -> Result<Self, Box<Unread>> {
        let (mut request, verdict, document) = verified.into_parts();
        intake.masks.apply(&mut request);
        let content_type = request.headers.get("content-type");
        let parse = || payload::parse(&intake.formats, content_type, &request.body);
        let mut document = match document.unwrap_or_else(parse) {
            Ok(document) => document,
            Err(error) => {
                return Err(Box::new(Unread {
                    request,
                    verdict,
                    rejection: error.into(),
                }));
            }
        };
        if !intake.redact.is_empty() {
            let body = std::mem::take(&mut request.body);
            let fields = &intake.redact;
            request.body =
                redact::redact(&intake.formats, content_type, body, &mut document, fields);
        }
        let traces = match &intake.spam {
            Some(gate) => gate.take_traces(&mut document),
            None => Traces::default(),
        };
        Ok(Payload {
            gated: intake.spam.is_some(),
            request,
            verdict,
            document: Arc::new(document),
            traces,
        })
    }

    /// What tells this body from others, where the sender has no id.
    pub fn identity(&self) -> Cow<'_, [u8]> {
        dedupe::identity(self.gated, &self.document, &self.request.body)
    }

    /// The names that formulas read.
    pub fn names(&self, intake: &Intake) -> Scope {
        let document = Arc::clone(&self.document);
        let region = intake.region.as_deref();
        envelope::names(&self.request, document, region, &intake.tables)
    }
}
