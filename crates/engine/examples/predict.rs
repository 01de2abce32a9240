//! What comes next: `cargo run --example predict`, or with a model of your own:
//! `cargo run --release --example predict -- model.gguf "the hot dog was"`.

use attnscope::{Capture, Model, lesson};

fn main() -> Result<(), attnscope::Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (model, text) = match args.as_slice() {
        [file, text] => (Model::open(file)?, text.as_str()),
        _ => (lesson::model(), "the hot dog was"),
    };
    let trace = model.run(&model.encode(text)?, &Capture::none(), &[])?;
    for next in model.next_tokens(&trace, 5) {
        println!("{:>6.2} %  {}", 100.0 * next.p, next.text);
    }
    Ok(())
}
