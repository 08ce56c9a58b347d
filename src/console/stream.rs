//! Pages that stay up to date: server-sent events with the part of the page that changed.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::stream::unfold;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::visitor::Insider;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// Looks after which the browser has to come again, through the gate.
const LOOKS: u32 = 300;
/// Quiet looks after which a sign of life is sent.
const QUIET: u32 = 8;

/// What one open stream remembers.
struct State<F> {
    console: Data<Console>,
    insider: Insider,
    make: F,
    ticks: Interval,
    stopping: watch::Receiver<bool>,
    looks: u32,
    quiet: u32,
    last: String,
}

/// Sends what `make` makes whenever it differs from what was sent before, until the session ends, the gateway stops or
/// it is time to come again.
pub fn of<F, Part>(console: Data<Console>, insider: Insider, make: F) -> HttpResponse
where
    F: Fn(Data<Console>, Insider) -> Part + 'static,
    Part: Future<Output = Result<String, Fault>> + 'static,
{
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let state = State {
        stopping: console.stopping(),
        console,
        insider,
        make,
        ticks,
        looks: 0,
        quiet: 0,
        last: String::new(),
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(unfold(state, |mut state| async {
            let sent = state.next().await?;
            Some((Ok::<_, Fault>(Bytes::from(sent)), state))
        }))
}

impl<F, Part> State<F>
where
    F: Fn(Data<Console>, Insider) -> Part,
    Part: Future<Output = Result<String, Fault>>,
{
    /// The next message; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                _ = self.ticks.tick() => {}
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            }
            self.looks += 1;
            if self.looks > LOOKS || !self.is_welcome().await {
                return None;
            }
            let part = (self.make)(self.console.clone(), self.insider.clone()).await;
            // A store that cannot be read just now is no reason to go: the page keeps what it shows.
            let part = part.unwrap_or_else(|_| self.last.clone());
            if part != self.last {
                self.quiet = 0;
                let message = message(&part);
                self.last = part;
                return Some(message);
            }
            self.quiet += 1;
            if self.quiet.is_multiple_of(QUIET) {
                return Some(":\n\n".to_owned());
            }
        }
    }

    /// Whether the session still lives.
    async fn is_welcome(&self) -> bool {
        let found = self
            .console
            .store
            .session(self.insider.account.session)
            .await;
        match found {
            Ok(Some((_, user))) => {
                user.disabled_at.is_none() && user.role == self.insider.account.role
            }
            Ok(None) => false,
            Err(_) => true,
        }
    }
}

/// One message, each line of it marked.
fn message(text: &str) -> String {
    let mut message = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        message.push_str("data: ");
        message.push_str(line);
        message.push('\n');
    }
    message.push('\n');
    message
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn lines_stay_one_message() {
        assert_eq!(
            message("<p>\n\n a\n</p>"),
            "data: <p>\ndata:  a\ndata: </p>\n\n"
        );
    }
}
