//! The load: keep-alive connections on one thread, closed loop or at a fixed rate.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// How fast to send.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As fast as the answers come.
    Closed,
    /// This many requests a second, whether answers come or not; latency counts from the due time.
    PerSecond(f64),
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub accepted: u64,
    pub refused: u64,
    pub elapsed: Duration,
    /// Microseconds, sorted.
    pub latencies: Vec<u32>,
    /// Requests of the given list that were used.
    pub used: usize,
}

impl Outcome {
    pub fn rate(&self) -> f64 {
        self.accepted as f64 / self.elapsed.as_secs_f64()
    }

    /// In milliseconds.
    pub fn percentile(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        f64::from(self.latencies.get(at).copied().unwrap_or(0)) / 1000.0
    }
}

struct Shared {
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    accepted: Cell<u64>,
    refused: Cell<u64>,
    latencies: RefCell<Vec<u32>>,
    start: Instant,
    end: Instant,
    pace: Pace,
}

/// Sends `requests` once each over `connections` connections for at most `time`.
pub fn run(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    connections: usize,
    time: Duration,
    pace: Pace,
) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async move {
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await.context("connecting")?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let start = Instant::now();
        let shared = Rc::new(Shared {
            latencies: RefCell::new(Vec::with_capacity(requests.len())),
            requests,
            next: Cell::new(0),
            accepted: Cell::new(0),
            refused: Cell::new(0),
            start,
            end: start + time,
            pace,
        });
        let tasks: Vec<_> = streams
            .into_iter()
            .map(|stream| tokio::task::spawn_local(connection(stream, Rc::clone(&shared))))
            .collect();
        for task in tasks {
            task.await??;
        }
        let elapsed = start.elapsed();
        let mut latencies = shared.latencies.take();
        latencies.sort_unstable();
        Ok(Outcome {
            accepted: shared.accepted.get(),
            refused: shared.refused.get(),
            elapsed,
            latencies,
            used: shared.next.get().min(shared.requests.len()),
        })
    })
}

async fn connection(mut stream: TcpStream, shared: Rc<Shared>) -> anyhow::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let index = shared.next.get();
        let Some(request) = shared.requests.get(index) else {
            return Ok(());
        };
        shared.next.set(index + 1);
        let due = match shared.pace {
            Pace::Closed => Instant::now(),
            Pace::PerSecond(rate) => {
                let due = shared.start + Duration::from_secs_f64(index as f64 / rate);
                if due > Instant::now() {
                    tokio::time::sleep_until(due.into()).await;
                }
                due
            }
        };
        if due >= shared.end {
            // Given back: the last due requests were never sent.
            shared.next.set(shared.next.get().min(index));
            return Ok(());
        }
        stream.write_all(request).await.context("sending")?;
        let ok = answer(&mut stream, &mut buffer).await?;
        let micros = u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX);
        shared.latencies.borrow_mut().push(micros);
        let counter = if ok {
            &shared.accepted
        } else {
            &shared.refused
        };
        counter.set(counter.get() + 1);
    }
}

/// Reads one answer; true for 200.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<bool> {
    let mut filled = 0;
    loop {
        let read = stream
            .read(&mut buffer[filled..])
            .await
            .context("reading")?;
        if read == 0 {
            bail!("the server closed the connection");
        }
        filled += read;
        let seen = &buffer[..filled];
        let Some(head) = seen.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let length = content_length(&seen[..head]).unwrap_or(0);
        if filled >= head + 4 + length {
            return Ok(seen.starts_with(b"HTTP/1.1 200"));
        }
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    })
}
