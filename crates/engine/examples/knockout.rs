//! Is an edge a cause, or only a pattern? Every edge of a layer is cut in its turn, and one probability watched (attention
//! edge knockout): `cargo run --example knockout`.

use attnscope::{Capture, Error, Intervention, Model, lesson};

/// How likely the model finds `word` after the text.
fn likely(model: &Model, tokens: &[u32], word: &str, changes: &[Intervention]) -> Result<f32, Error> {
    let trace = model.run(tokens, &Capture::none(), changes)?;
    let next = model.next_tokens(&trace, model.config().n_vocab);
    Ok(next.iter().find(|next| next.text.trim() == word).map_or(0.0, |next| next.p))
}

fn main() -> Result<(), Error> {
    let (model, word) = (lesson::model(), "delicious");
    let tokens = model.encode("the hot dog was")?;
    println!("{word}: {:.3}", likely(&model, &tokens, word, &[])?);
    for q in 1..tokens.len() {
        for k in 0..q {
            let cut = Intervention::cut_edge((0, 0), q, k);
            let (from, to) = (model.token(tokens[q]).text, model.token(tokens[k]).text);
            println!("   without {from} -> {to} in head 0.0: {:.3}", likely(&model, &tokens, word, &[cut])?);
        }
    }
    Ok(())
}
