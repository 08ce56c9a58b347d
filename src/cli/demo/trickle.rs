//! The demo's senders: a signed sample every second or so, over real HTTP; now and then a retry, now and then a forgery.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::demo::style::{dim, red};
use crate::cli::sender::{Delivery, Message, Way, client, fresh_id, post, signed};
use crate::cli::tell;
use crate::clock::Clock;
use crate::config::Endpoint;
use crate::source::catalog::Catalog;

/// Between two events.
const PAUSE: Duration = Duration::from_millis(1300);
/// The first events come faster, so that there is something to see.
const OVERTURE: u64 = 6;
const OVERTURE_PAUSE: Duration = Duration::from_millis(350);

/// Who sends what, over and over: endpoint and the sample's event.
const SCORE: [(&str, &str); 8] = [
    ("website", "submission"),
    ("lead-ads", "leadgen"),
    ("shop", "orders/create"),
    ("website", "submission"),
    ("crm", "lead.created"),
    ("shop", "customers/create"),
    ("lead-ads", "leadgen"),
    ("crm", "ticket.created"),
];

/// Every so many events the sender did not hear the answer and sends again.
const RETRY_EVERY: u64 = 9;
/// Every so many events somebody without the secret tries.
const FORGERY_EVERY: u64 = 13;

/// Plays for ever.
pub async fn play(endpoints: Vec<Endpoint>, catalog: Arc<Catalog>, address: SocketAddr) {
    let Ok(client) = client() else {
        tell("the demo's senders cannot be set up");
        return;
    };
    for n in 0_u64.. {
        let pause = if n < OVERTURE { OVERTURE_PAUSE } else { PAUSE };
        tokio::time::sleep(pause).await;
        if let Err(error) = turn(&endpoints, &catalog, &client, address, n).await {
            tell(&dim(&format!("a sample was not sent: {error:#}")));
        }
    }
}

async fn turn(
    endpoints: &[Endpoint],
    catalog: &Catalog,
    client: &reqwest::Client,
    address: SocketAddr,
    n: u64,
) -> anyhow::Result<()> {
    let turn = usize::try_from(n).unwrap_or_default() % SCORE.len();
    let Some((name, event)) = SCORE.get(turn).copied() else {
        return Ok(());
    };
    let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.name == name) else {
        return Ok(());
    };
    let Some(delivery) = delivery(endpoint, catalog, event, n)? else {
        return Ok(());
    };
    let url = format!("http://{address}/hooks/{name}");
    if n % FORGERY_EVERY == FORGERY_EVERY - 1 && !endpoint.unverified {
        let answer = post(client, &url, forged(&delivery)).await?;
        say(
            "refused",
            name,
            answer.word(),
            "somebody without the secret tried",
        );
    }
    post(client, &url, delivery.clone()).await?;
    if n % RETRY_EVERY == RETRY_EVERY - 1 {
        let answer = post(client, &url, delivery).await?;
        say(
            answer.word(),
            name,
            event,
            "sent again by the sender; nothing happens twice",
        );
    }
    Ok(())
}

fn delivery(
    endpoint: &Endpoint,
    catalog: &Catalog,
    event: &str,
    n: u64,
) -> anyhow::Result<Option<Delivery>> {
    let Some(source) = catalog.get(&endpoint.source) else {
        return Ok(None);
    };
    let Some(sample) = source.samples.iter().find(|sample| sample.event == event) else {
        return Ok(None);
    };
    let now = Clock::System.now();
    let id = fresh_id()?;
    let rendered = sample.render(n, now, id)?;
    let mut headers = vec![("content-type".to_owned(), rendered.content_type)];
    headers.extend(rendered.headers);
    let message = Message {
        body: rendered.body.into_bytes(),
        headers,
    };
    let way = Way {
        source,
        endpoint,
        registered: "",
    };
    signed(&way, message, &id.to_string(), now).map(Some)
}

/// The same body with one byte changed after it was signed.
fn forged(delivery: &Delivery) -> Delivery {
    let mut forged = delivery.clone();
    forged.body.push(b' ');
    forged
}

fn say(word: &str, endpoint: &str, what: &str, why: &str) {
    let word = format!("{word:<9}");
    let word = if word.starts_with("refused") {
        red(&word)
    } else {
        dim(&word)
    };
    tell(&format!("  {word} {endpoint:<9} {what}  {}", dim(why)));
}
