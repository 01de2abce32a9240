//! Chapter 4: two arrows to drag, and their dot product term by term.

use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page};
use attnscope::analysis::explain::Explanation;
use attnscope_figures::figure::dot_product::{Data, State, at, render};
use attnscope_figures::{Table, Target, Timeline};
use attnscope_words::{key, words};

/// Where the second arrow points at each step, in degrees from the first, and what is to be seen.
const TURN: [(f32, &str); 11] = [
    (0.0, SAME),
    (25.0, SAME),
    (50.0, ASIDE),
    (70.0, ASIDE),
    (90.0, RIGHT),
    (115.0, APART),
    (145.0, APART),
    (180.0, OPPOSITE),
    (215.0, OPPOSITE),
    (270.0, RIGHT),
    (320.0, BACK),
];
const SAME: &str = key!("Two arrows that point the same way: both products are large, and so is their sum.");
const ASIDE: &str = key!("One turns away. The sum shrinks, though both arrows are as long as before.");
const RIGHT: &str = key!("At a right angle, the products cancel: the sum is 0.");
const APART: &str = key!("Beyond that the sum is below zero …");
const OPPOSITE: &str = key!("… and lowest where they point in opposite directions.");
const BACK: &str = key!("On the other side it grows again.");

/// The figure, with its arrows.
pub struct DotProduct {
    arrows: [[f32; 2]; 2],
    step: Option<usize>,
}

impl Default for DotProduct {
    fn default() -> Self {
        Self { arrows: [[1.6, 0.7], [0.9, 1.5]], step: None }
    }
}

impl PageFigure for DotProduct {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let steps =
            TURN.iter().fold(Timeline::new().every(1100), |steps, (_, said)| steps.step(attnscope_words::text(said)));
        let steps = steps.step(words!(
            "Once around: the dot product says how far two lists point the same way. Now drag the tips yourself."
        ));
        Ok(View::of(render(&self.data(), &State { canvas: page.paper.canvas() }, page.paper.theme())).plays(steps))
    }

    fn table(&self, _: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data().table())
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
    }

    fn explain(&self, mark: &str, _: &Page<'_>) -> Option<Explanation> {
        self.data().explain(mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        const STEP: f32 = 0.05;
        const EDGE: f32 = 2.0;
        match event {
            Event::Dragged(Target::Handle { index: index @ 0..2 }, place) => {
                self.arrows[*index] = at(&State { canvas: page.paper.canvas() }, place.x, place.y);
            }
            Event::Nudged(Target::Handle { index: index @ 0..2 }, right, down) => {
                let [x, y] = self.arrows[*index];
                let moved = [x + *right as f32 * STEP, y - *down as f32 * STEP];
                self.arrows[*index] = moved.map(|v| ((v / STEP).round() * STEP).clamp(-EDGE, EDGE));
            }
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

impl DotProduct {
    fn data(&self) -> Data {
        let [a, b] = self.arrows;
        let b = self.step.and_then(|step| TURN.get(step)).map_or(b, |(degrees, _)| turned(a, b, *degrees));
        Data { a, b, names: ["a".into(), "b".into()] }
    }
}

/// An arrow as long as `b` that points so many degrees to the left of `a`.
fn turned(a: [f32; 2], b: [f32; 2], degrees: f32) -> [f32; 2] {
    let (sin, cos) = (a[1].atan2(a[0]) + degrees.to_radians()).sin_cos();
    let long = b[0].hypot(b[1]);
    [cos, sin].map(|part| (part * long * 100.0).round() / 100.0 + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_each_step_is_so() {
        let mut figure = DotProduct::default();
        for (step, (_, said)) in TURN.iter().enumerate() {
            figure.at_step(Some(step));
            let (dot, cosine) = (figure.data().dot(), figure.data().cosine().unwrap());
            match *said {
                SAME => assert!(cosine > 0.9),
                ASIDE => assert!((0.3..0.7).contains(&cosine)),
                RIGHT => assert!(dot.abs() < 0.03, "{dot}"),
                APART => assert!(cosine < -0.3),
                OPPOSITE => assert!(cosine < -0.8),
                _ => assert!(cosine > 0.7),
            }
        }
        figure.at_step(None);
        assert_eq!(figure.data().b, [0.9, 1.5]);
    }
}
