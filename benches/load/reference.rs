//! The reference: a bare handler that verifies the HMAC, parses, validates and appends the raw body to SQLite through
//! one group-committing thread with `synchronous=FULL`, and nothing else.

use std::sync::mpsc;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jsonschema::Validator;
use rusqlite::Connection;
use sha2::Sha256;
use tokio::sync::oneshot;

use crate::bodies::{LEAD_KEY, ORDER_SECRET};

type Job = (Vec<u8>, oneshot::Sender<bool>);

struct Shared {
    writer: mpsc::Sender<Job>,
    lead: Validator,
    order: Validator,
}

/// Serves until it is killed; prints one line when it listens.
pub fn run(database: &str, listen: &str) -> anyhow::Result<()> {
    let writer = start_writer(database)?;
    let shared = web::Data::new(Shared {
        writer,
        lead: schema(include_str!("../../schemas/standard_webhooks/lead.json"))?,
        order: schema(include_str!("../../schemas/shopify/order.json"))?,
    });
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(1 << 20))
                .route("/hooks/crm", web::post().to(lead))
                .route("/hooks/shop", web::post().to(order))
        })
        .workers(2)
        .bind(listen)?;
        if let Some(address) = server.addrs().first() {
            println!("reference listening on http://{address}");
        }
        server.run().await
    })?;
    Ok(())
}

fn schema(text: &str) -> anyhow::Result<Validator> {
    Ok(jsonschema::options().build(&serde_json::from_str(text)?)?)
}

async fn lead(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.as_bytes())
            .unwrap_or_default()
    };
    let signature = header("webhook-signature");
    let parts = [
        header("webhook-id"),
        b".",
        header("webhook-timestamp"),
        b".",
        &body,
    ];
    let signature = signature.strip_prefix(b"v1,").unwrap_or_default();
    accept(
        LEAD_KEY,
        &parts,
        signature,
        &body,
        &shared.lead,
        &shared.writer,
    )
    .await
}

async fn order(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let signature = request
        .headers()
        .get("x-shopify-hmac-sha256")
        .map(|value| value.as_bytes())
        .unwrap_or_default();
    let key = ORDER_SECRET.as_bytes();
    accept(
        key,
        &[&body],
        signature,
        &body,
        &shared.order,
        &shared.writer,
    )
    .await
}

async fn accept(
    key: &[u8],
    signed: &[&[u8]],
    signature: &[u8],
    body: &[u8],
    validator: &Validator,
    writer: &mpsc::Sender<Job>,
) -> HttpResponse {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return HttpResponse::InternalServerError().finish();
    };
    for part in signed {
        mac.update(part);
    }
    let proven = STANDARD
        .decode(signature)
        .is_ok_and(|signature| mac.verify_slice(&signature).is_ok());
    if !proven {
        return HttpResponse::Unauthorized().finish();
    }
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(body) else {
        return HttpResponse::BadRequest().finish();
    };
    if !validator.is_valid(&document) {
        return HttpResponse::UnprocessableEntity().finish();
    }
    let (answer, answered) = oneshot::channel();
    if writer.send((body.to_vec(), answer)).is_err() {
        return HttpResponse::ServiceUnavailable().finish();
    }
    match answered.await {
        Ok(true) => HttpResponse::Ok()
            .content_type("application/json")
            .body(r#"{"status":"accepted"}"#),
        _ => HttpResponse::ServiceUnavailable().finish(),
    }
}

fn start_writer(database: &str) -> anyhow::Result<mpsc::Sender<Job>> {
    let mut connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch(
        "create table if not exists raw (id integer primary key, body blob not null)",
    )?;
    let (sender, receiver) = mpsc::channel::<Job>();
    std::thread::spawn(move || {
        while let Ok(first) = receiver.recv() {
            let jobs: Vec<Job> = std::iter::once(first).chain(receiver.try_iter()).collect();
            let written = write(&mut connection, &jobs).is_ok();
            for (_, answer) in jobs {
                // The sender may have gone away; its event is stored all the same.
                answer.send(written).ok();
            }
        }
    });
    Ok(sender)
}

fn write(connection: &mut Connection, jobs: &[Job]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare_cached("insert into raw (body) values (?)")?;
        for (body, _) in jobs {
            insert.execute([body])?;
        }
    }
    transaction.commit()
}
