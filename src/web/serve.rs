//! The HTTP server: threads, sockets and time limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use tokio::sync::oneshot;

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
    /// `stop(true)` finishes what is in flight. Signals are the application's business.
    pub server: ServerHandle,
    /// How it ended; it does when it is stopped.
    pub ended: oneshot::Receiver<io::Result<()>>,
    /// Where it listens, in the order that was asked for.
    pub addresses: Vec<SocketAddr>,
}

/// Binds and starts to serve what `mounts` put in place.
///
/// In an actix system of its own: there a thread that is told of many commits at once is woken once, and not for each of
/// them, which costs the store's thread a system call.
///
/// # Errors
/// The address cannot be bound, or the system gives no thread.
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
    let server = server.run();
    let handle = server.handle();
    let (tell, ended) = oneshot::channel();
    std::thread::Builder::new()
        .name("http".to_owned())
        .spawn(move || {
            let end = System::new().block_on(server);
            // Whoever has lost interest has stopped it.
            drop(tell.send(end));
        })?;
    Ok(Serving {
        server: handle,
        ended,
        addresses,
    })
}
