//! A pretended Graph API on loopback: it knows an answer for every lead that is asked for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::cli::sender::fresh_id;
use crate::clock::Clock;
use crate::source::catalog::Catalog;

/// Bytes of a request at most.
const MAX_HEAD: usize = 16 * 1024;
/// For a request to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers one GET a connection, for ever.
pub async fn answer(listener: TcpListener, catalog: Arc<Catalog>) {
    for n in 0_u64.. {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let catalog = Arc::clone(&catalog);
        tokio::spawn(async move {
            // A caller that went away, or was too slow, is the caller's business.
            drop(tokio::time::timeout(PATIENCE, talk(stream, &catalog, n)).await);
        });
    }
}

async fn talk(mut stream: TcpStream, catalog: &Catalog, n: u64) -> anyhow::Result<()> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") && head.len() < MAX_HEAD {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        head.extend_from_slice(chunk.get(..read).unwrap_or_default());
    }
    let head = String::from_utf8_lossy(&head);
    let body = lead(catalog, lead_id(&head), n)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}

/// `GET /v23.0/123?fields=… HTTP/1.1` → `123`.
fn lead_id(head: &str) -> &str {
    let target = head.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// The sample's answer, made out to the lead that was asked for.
fn lead(catalog: &Catalog, id: &str, n: u64) -> anyhow::Result<String> {
    let samples = catalog.get("meta").map(|source| source.samples.as_slice());
    let sample = samples
        .unwrap_or_default()
        .iter()
        .find(|sample| !sample.fetched.is_empty());
    let Some(sample) = sample else {
        anyhow::bail!("the source meta has no sample with an answer");
    };
    let rendered = sample.render(n, Clock::System.now(), fresh_id()?)?;
    let first = rendered.fetched.first().map_or("{}", String::as_str);
    let mut answer: Value = serde_json::from_str(first)?;
    if let Some(members) = answer.as_object_mut() {
        members.insert("id".to_owned(), id.into());
    }
    Ok(answer.to_string())
}

#[cfg(test)]
mod tests {
    use super::{lead, lead_id};
    use crate::config::CatalogConfig;
    use crate::source::catalog::Catalog;

    #[test]
    fn answers_for_the_lead_that_was_asked_for() {
        let head = "GET /v23.0/123456?fields=id,field_data HTTP/1.1\r\nhost: x\r\n\r\n";
        assert_eq!(lead_id(head), "123456");
        let catalog = Catalog::load(&CatalogConfig::default()).unwrap();
        let answer: serde_json::Value =
            serde_json::from_str(&lead(&catalog, "123456", 3).unwrap()).unwrap();
        assert_eq!(answer["id"], "123456");
        assert!(answer["field_data"].as_array().unwrap().len() > 2);
    }
}
