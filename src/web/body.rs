//! Reading a body: with a cap and a time limit, copied once.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, Payload};
use futures_util::StreamExt;

use crate::ingest::rejection::Rejection;
use crate::said;

/// Reads a whole body.
///
/// # Errors
/// `BodyTooLarge` by its declared length (before anything is read) or by what really comes, `BodyTimeout`,
/// `BodyIncomplete` when the sender goes away.
pub async fn read(
    payload: &mut Payload,
    headers: &HeaderMap,
    cap: usize,
    time: Duration,
) -> Result<Vec<u8>, Rejection> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > cap) {
        return Err(Rejection::BodyTooLarge(cap));
    }
    let mut body = Vec::with_capacity(declared.unwrap_or(0));
    let all = async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(broken)?;
            if body.len() + chunk.len() > cap {
                return Err(Rejection::BodyTooLarge(cap));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    };
    match tokio::time::timeout(time, all).await {
        Ok(Ok(())) => Ok(body),
        Ok(Err(rejection)) => Err(rejection),
        Err(_) => Err(Rejection::BodyTimeout(time)),
    }
}

fn broken(error: PayloadError) -> Rejection {
    match error {
        PayloadError::Incomplete(_) | PayloadError::Io(_) => Rejection::BodyIncomplete,
        other => Rejection::MalformedBody(said!(
            "body-unread",
            "the body cannot be read: {cause}",
            cause = other.to_string()
        )),
    }
}

/// An answer that holds on to the rest of a body which nobody will read: the server then closes the connection after
/// it. A rest that was let go would be read to its end, however long a sender draws it out.
pub fn answer_unread(answer: HttpResponse, unread: Payload) -> HttpResponse {
    answer.map_body(|_, answer| {
        BoxBody::new(Unread {
            answer,
            _rest: unread,
        })
    })
}

struct Unread {
    answer: BoxBody,
    _rest: Payload,
}

impl MessageBody for Unread {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(context)
    }
}
