//! The kept corpus of the fuzzer, through the same functions: what was found once stays mended.

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/lib.rs"]
mod promises;
mod search;

/// What a target holds any bytes to.
pub type Promise = fn(&[u8]);

/// The targets of the fuzzer.
pub const TARGETS: &[(&str, Promise)] = &[
    ("json", promises::json),
    ("form", promises::form),
    ("multipart", promises::multipart),
    ("xml", promises::xml),
    ("signature", promises::signature),
    ("mapping", promises::mapping),
    ("formula", promises::formula),
];

#[test]
fn the_kept_corpus_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut bytes = 0;
    for (target, check) in TARGETS {
        let folder = root.join(target);
        let mut files = 0;
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{target}: {error}")) {
            let data = fs::read(entry.unwrap().path()).unwrap();
            bytes += data.len();
            files += 1;
            check(&data);
        }
        assert!(files >= 20, "{target} has a corpus of {files} files");
    }
    assert!(bytes < 500_000, "the corpus has grown to {bytes} bytes");
}

/// The samples of all sources, which are where the search of `mapping` begins.
#[test]
fn every_seed_holds() {
    for (name, seed) in promises::seeds() {
        println!("{name}");
        promises::mapping(&seed);
    }
}
