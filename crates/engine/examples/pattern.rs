//! Who attends to whom, in one head: `cargo run --example pattern`.

use attnscope::{Capture, Site, lesson};

fn main() -> Result<(), attnscope::Error> {
    let model = lesson::model();
    let trace = model.run(&model.encode("the hot dog was")?, &Capture::of([Site::Pattern]), &[])?;
    let (layer, head) = (0, 0);
    let pattern = trace.pattern(layer, head)?;
    println!("{}, layer {layer}, head {head}: rows attend to columns", model.config().name);
    for (q, token) in trace.tokens.iter().enumerate() {
        let row: Vec<String> = pattern.row(&[q]).unwrap_or_default().iter().map(|w| format!("{w:.2}")).collect();
        println!("{:>5}  {}", token.text, row.join("  "));
    }
    Ok(())
}
