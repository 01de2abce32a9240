//! Trains the lesson model and its twin, and writes the file that the engine embeds: what `cargo xtask lesson` runs.

use attnscope::lesson::{Settings, Trainer, TwinTrainer, lexicon::PAIRS, save};
use attnscope::{Capture, Error, Intervention, Model};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("expected the file to write, found nothing")?;
    let settings = Settings::default();
    println!("{settings:?}");
    let mut trainer = Trainer::new(&settings)?;
    let losses = train("model", settings.steps, || trainer.step());
    let last = &losses[losses.len() - settings.steps / 50..];
    let loss = last.iter().sum::<f32>() / last.len() as f32;
    let mut twin = TwinTrainer::new(&settings)?;
    train("twin", settings.steps, || twin.step());
    circuit(&trainer.model())?;
    let bytes = save(&trainer, &twin.twin(), loss)?;
    std::fs::write(&path, &bytes).map_err(|e| format!("{path}: {e}"))?;
    println!("{path}: {} bytes; loss in the end {loss:.4}", bytes.len());
    Ok(())
}

/// Trains to the end and gives the loss of each step.
fn train(what: &str, steps: usize, mut step: impl FnMut() -> f32) -> Vec<f32> {
    const EACH: usize = 250;
    let start = std::time::Instant::now();
    let mut losses = Vec::new();
    for done in 1..=steps {
        losses.push(step());
        if done % EACH == 0 {
            let speed = done as f64 / start.elapsed().as_secs_f64();
            let mean = losses[done - EACH..].iter().sum::<f32>() / EACH as f32;
            println!("{what}: step {done}, loss {mean:.4} nats a word, {speed:.0} steps/s");
        }
    }
    losses
}

/// For each pair the two edges of the circuit, and what comes next: whole, with the first edge cut, the second unused
/// one cut, and without the word before.
fn circuit(model: &Model) -> Result<(), Error> {
    println!("\nedge 1: noun to its word, layer 0; edge 2: was to noun, layer 1");
    for pair in PAIRS {
        let text = format!("the {} {} was", pair.modifier, pair.noun);
        let trace = model.run(&model.encode(&text)?, &"pattern".parse()?, &[])?;
        let weight = |layer, q: usize, k| trace.pattern(layer, 0).map_or(f32::NAN, |p| p.data()[q * 4 + k]);
        println!("{text}: edge 1 {:.2}, edge 2 {:.2}", weight(0, 2, 1), weight(1, 3, 2));
        println!("   {}", next(model, &text, &[])?);
        println!("   cut 0:2>1  {}", next(model, &text, &[Intervention::cut("0:2>1")?])?);
        println!("   cut 1:3>1  {}", next(model, &text, &[Intervention::cut("1:3>1")?])?);
        let alone = format!("the {} was", pair.noun);
        println!("   {alone}: {}", next(model, &alone, &[])?);
    }
    Ok(())
}

fn next(model: &Model, text: &str, changes: &[Intervention]) -> Result<String, Error> {
    let trace = model.run(&model.encode(text)?, &Capture::none(), changes)?;
    let words = model.next_tokens(&trace, 5).into_iter().map(|n| format!("{} {:.2}", n.text, n.p));
    Ok(words.collect::<Vec<_>>().join(", "))
}
