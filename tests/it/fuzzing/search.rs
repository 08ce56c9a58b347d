//! A search without the fuzzer, where there is no nightly toolchain: the kept corpus, changed at random for a while.
//!
//! `SEARCH_SECONDS=600 SEARCH_FOUND=/tmp cargo nextest run --run-ignored only search_for_broken_promises`

use std::collections::BTreeMap;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::fuzzing::{Promise, TARGETS};

/// Broken promises of one target after which its search ends.
const ENOUGH: usize = 20;

/// What the formats and formulas are made of.
const TOKENS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"99999999999999999999.5",
    b"\\ud800",
    b"\\u0000",
    b"&",
    b"=",
    b"%",
    b"%00",
    b"%ff",
    b"+",
    b"[]",
    b"[a]",
    b"[0]",
    b"key",
    b"payload",
    b"form[secret][b]",
    b"\r\n",
    b"--b",
    b"--b--\r\n",
    b"Content-Disposition: form-data; name=\"key\"\r\n\r\n",
    b"; filename=\"a\"",
    b"Content-Type: text/plain; charset=utf-16\r\n",
    b"<",
    b">",
    b"/>",
    b"<a>",
    b"</a>",
    b"<key>",
    b"</key>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"&#x41;",
    b"&lt;",
    b"<?xml version=\"1.0\"?>",
    b" xmlns:a=\"b\"",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x00",
    b"\n",
    b"t=1,v1=",
    b"v1,",
    b"v1a,",
    b"sha256=",
    b"Bearer ",
    b"Basic ",
    b"eyJhbGciOiJub25lIn0.",
    b" | ",
    b"(",
    b")",
    b" or ",
    b" if ",
    b" else ",
    b"body",
    b".a",
    b"[-1]",
    b"decimal",
    b"time",
    b"phone('ES')",
    b"split(',')",
    b"regex_replace('(a*)*b', '$1')",
    b"range(99999)",
    b" ~ ",
    b" is ",
    b" in ",
    b"2026-02-30T25:61:61Z",
    b"9223372036854775808",
    b"\n--fetched--\n",
    b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae",
];

struct Luck(u64);

impl Luck {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// A seed with a few changes: bits, cuts, copies, parts of other seeds, tokens.
fn changed(luck: &mut Luck, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut data = seeds[luck.below(seeds.len())].clone();
    for _ in 0..=luck.below(6) {
        let at = luck.below(data.len() + 1);
        let end = (at + luck.below(40)).min(data.len());
        match luck.below(8) {
            0 if at < data.len() => data[at] ^= 1 << luck.below(8),
            1 => data.truncate(at),
            2 => drop(data.drain(at..end)),
            3 => {
                let copy = data[at..end].to_vec();
                let to = luck.below(data.len() + 1);
                data.splice(to..to, copy);
            }
            4 => {
                let other = &seeds[luck.below(seeds.len())];
                let from = luck.below(other.len() + 1);
                let upto = (from + luck.below(120)).min(other.len());
                data.splice(at..at, other[from..upto].iter().copied());
            }
            5 if data.len() < 20_000 => {
                let token = TOKENS[luck.below(TOKENS.len())];
                let times = [1, 1, 1, 2, 300][luck.below(5)];
                data.splice(at..at, token.repeat(times));
            }
            _ => {
                let token = TOKENS[luck.below(TOKENS.len())];
                data.splice(at..end, token.iter().copied());
            }
        }
    }
    data
}

/// Inputs tried and promises broken; what broke one is written to the folder, as is what took longest.
fn search(name: &str, promise: Promise, until: Instant, found: &Path) -> (u64, usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let read = |entry: std::io::Result<fs::DirEntry>| fs::read(entry.unwrap().path()).unwrap();
    let seeds: Vec<Vec<u8>> = fs::read_dir(root).unwrap().map(read).collect();
    let mut luck = Luck(0x9e37_79b9_7f4a_7c15 ^ u64::from(std::process::id()) ^ name.len() as u64);
    let (mut tried, mut broken, mut slowest) = (0, 0, Duration::ZERO);
    while Instant::now() < until && broken < ENOUGH {
        let data = changed(&mut luck, &seeds);
        let began = Instant::now();
        if catch_unwind(|| promise(&data)).is_err() {
            fs::write(found.join(format!("{name}.{broken}")), &data).unwrap();
            broken += 1;
        }
        if began.elapsed() > slowest {
            slowest = began.elapsed();
            fs::write(found.join(format!("{name}.slowest")), &data).unwrap();
        }
        tried += 1;
    }
    println!("{name}: {tried} inputs, {broken} broken, the slowest took {slowest:?}");
    (tried, broken)
}

#[test]
#[ignore = "takes as long as it is given"]
fn search_for_broken_promises() {
    let seconds: u64 = std::env::var("SEARCH_SECONDS").unwrap().parse().unwrap();
    let found = std::env::var("SEARCH_FOUND").unwrap();
    let until = Instant::now() + Duration::from_secs(seconds);
    let outcomes: BTreeMap<&str, (u64, usize)> = std::thread::scope(|scope| {
        let threads: Vec<_> = TARGETS
            .iter()
            .map(|(name, promise)| {
                let found = Path::new(&found);
                (
                    *name,
                    scope.spawn(move || search(name, *promise, until, found)),
                )
            })
            .collect();
        threads
            .into_iter()
            .map(|(name, thread)| (name, thread.join().unwrap()))
            .collect()
    });
    println!("{outcomes:?}");
    assert!(
        outcomes.values().all(|(_, broken)| *broken == 0),
        "{outcomes:?}"
    );
}
