//! Takes a head's output from one run into another (activation patching): what the head carries goes along.
//! `cargo run --example patch`.

use attnscope::{Capture, Error, Intervention, Site, lesson};

fn main() -> Result<(), Error> {
    let model = lesson::model();
    let (hot, cold) = (model.encode("the hot dog was")?, model.encode("the old dog was")?);
    let food = model.run(&hot, &Capture::of([Site::Z]), &[])?;
    let key = Site::Z.key(0);
    let value = food.get(&key).cloned().unwrap_or_default();
    let patch = Intervention::Patch { key, value, head: Some(0), positions: None };
    for (name, changes) in [("as it is", vec![]), ("with head 0.0 of the other run", vec![patch])] {
        let trace = model.run(&cold, &Capture::none(), &changes)?;
        let next: Vec<String> =
            model.next_tokens(&trace, 3).into_iter().map(|n| format!("{} {:.2}", n.text, n.p)).collect();
        println!("the old dog was ({name}): {}", next.join(", "));
    }
    Ok(())
}
