//! The HTTP server: threads, sockets and time limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};

use crate::config;

/// For the head of a request to arrive.
const HEAD: Duration = Duration::from_secs(10);
/// For a sender to read its answer and hang up, when the rest of its body is not wanted.
const GOODBYE: Duration = Duration::from_secs(1);
/// For a quiet connection to be used again; longer than the proxies before us keep theirs.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections that may wait to be taken.
const BACKLOG: u32 = 2048;

/// Puts a room's routes into the application; called once per thread.
pub type Mount = Box<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// A server that accepts connections.
pub struct Serving {
    /// Runs until it is stopped by its handle (`server.handle().stop(true)` finishes what is in flight). Signals are the
    /// application's business.
    pub server: Server,
    /// Where it listens, in the order that was asked for.
    pub addresses: Vec<SocketAddr>,
}

/// Binds and starts to serve what `mounts` put in place.
///
/// # Errors
/// The address cannot be bound.
pub fn serve(settings: &config::Server, mounts: Vec<Mount>) -> io::Result<Serving> {
    let mounts = Arc::new(mounts);
    let mut server = HttpServer::new(move || {
        let mounts = Arc::clone(&mounts);
        App::new().configure(move |config| {
            for mount in mounts.iter() {
                mount(config);
            }
        })
    })
    .client_request_timeout(HEAD)
    .client_disconnect_timeout(GOODBYE)
    .keep_alive(KEEP_ALIVE)
    .backlog(BACKLOG)
    .shutdown_timeout(settings.shutdown_timeout.as_secs())
    .disable_signals();
    if settings.threads > 0 {
        server = server.workers(settings.threads);
    }
    let server = server.bind(&settings.listen)?;
    let addresses = server.addrs();
    Ok(Serving {
        server: server.run(),
        addresses,
    })
}
