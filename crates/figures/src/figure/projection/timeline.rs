//! A vector times a matrix, one column after another.

use super::Data;
use crate::number::count;
use crate::timeline::Timeline;
use crate::token::spoken;
use attnscope_words::words;

/// How many columns are done one by one, before all others together.
pub const FIRST: usize = 3;

/// The steps. At steps 1 to [`FIRST`] the columns 0, 1, 2 are chosen.
pub fn timeline(data: &Data) -> Timeline {
    let (x, out, name) = (data.part.input(), data.part.result(), data.part.name());
    let steps = Timeline::new().step(words!(
        "Left, the vector {x} of “{}”, upright: {} numbers. Right, a table with as many rows.",
        spoken(&data.token),
        count(data.x.len())
    ));
    let steps = steps.whole("w-");
    let n = data.out.len().min(FIRST);
    let steps = (0..n).fold(steps, |steps, c| {
        let said = match c {
            0 => words!("{x} is laid on the first column: number by number they are multiplied, and the products added up. The sum is the first number of {out}."),
            1 => words!("The second column gives the second number of {out} …"),
            _ => words!("… the third the third …").into(),
        };
        let steps = steps.step(said).whole("out-").moves(&format!("out-{c}"), |_| "sum".into());
        let steps = steps.sends("x-", move |i| format!("w-{i}-{c}"));
        match c {
            0 => ["terms-zero", "terms-path", "ring-column", "ring-out", "sum", "written-"]
                .into_iter()
                .fold(steps.brings("term-").one_by_one(), Timeline::brings),
            _ => steps,
        }
    });
    let last = data.x.len().saturating_sub(1);
    steps
        .step(words!(
            "… and so on: {} columns, {} numbers. That is the {name}.",
            count(data.out.len()),
            count(data.out.len())
        ))
        .moves("out-", move |c| format!("w-{last}-{c}"))
        .one_by_one()
        .whole("out-")
}
