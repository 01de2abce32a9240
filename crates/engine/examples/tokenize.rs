//! Cuts texts with a tokenizer alone, without the weights, for comparing it with other software (fixtures/compare_tokenizers.py).
//!
//! ```text
//! cargo run --release --package attnscope --example tokenize -- FILE.gguf|FOLDER < TEXTS > IDS
//! ```
//!
//! Each line of the input is a text in JSON; each line of the output its ids, or an object with the error.

use attnscope::{Bytes, Tokenizer, format::gguf};
use std::io::{BufRead, Write};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file or folder?")?;
    let path = Path::new(&path);
    let started = std::time::Instant::now();
    let tokenizer = if path.is_dir() {
        let find = |name: &str| std::fs::read(path.join(name)).ok().map(Bytes::from);
        Tokenizer::from_folder(find, None)?.ok_or("no tokenizer in this folder")?
    } else {
        let bytes = Bytes::mapped(std::fs::File::open(path)?)?;
        Tokenizer::from_gguf(&gguf::parse(bytes, "model.gguf")?.metadata)?
    };
    eprintln!("{} tokens, read in {:.0?}", tokenizer.vocab_size(), started.elapsed());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        match tokenizer.encode(&text) {
            Ok(ids) => writeln!(out, "{}", serde_json::to_string(&ids)?)?,
            Err(error) => writeln!(out, "{}", serde_json::json!({"error": error.to_string()}))?,
        }
    }
    Ok(())
}
