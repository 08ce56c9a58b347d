//! `cargo run --example seeds -- FOLDER`: the samples of all sources, as `mapping` takes them.

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "corpus/mapping".to_owned());
    std::fs::create_dir_all(&folder)?;
    for (name, seed) in frontdesk_fuzz::seeds() {
        std::fs::write(format!("{folder}/{name}"), seed)?;
    }
    Ok(())
}
