//! How a number comes about, down to what was learned: `cargo run --example explain`, or for another number
//! `cargo run --example explain -- 'blocks.1.attn.scores[0,3,2]'`.

use attnscope::analysis::explain::{captures, explain};
use attnscope::{Number, lesson};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "blocks.0.attn.pattern[0,2,1]".into());
    let number: Number = name.parse()?;
    let model = lesson::model();
    let capture = captures(number, model.config());
    let trace = model.run(&model.encode("the hot dog was")?, &capture, &[])?;
    let explanation = explain(&model, &trace, number)?;
    println!("{name} = {}: {}", explanation.value, explanation.title);
    println!("{}", explanation.formula);
    for term in &explanation.terms {
        let factors: Vec<String> =
            term.factors.iter().map(|factor| format!("{} {}", factor.name, factor.value)).collect();
        println!("   {:<14} {:>10.4}   {}", term.name, term.value, factors.join(" · "));
    }
    Ok(())
}
