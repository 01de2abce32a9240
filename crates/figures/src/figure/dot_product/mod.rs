//! Two arrows to drag, and their dot product: two products that add up.

mod arithmetic;
mod sum;
mod table;

use crate::color::Color;
use crate::figure::Canvas;
use crate::figure::axis::{Side, Tick};
use crate::figure::frame::{Frame, LABEL, PAD, caption};
use crate::figure::reach::reach;
use crate::number::{brief, fixed};
use crate::scale::Linear;
use crate::scene::Segment::{Close, Line, Move};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::text;
use crate::theme::Theme;
use attnscope_words::{key, words};
use sum::sum;

/// The plane goes from −2 to 2 on both axes.
const RANGE: f32 = 2.0;
/// Coordinates are rounded to multiples of 1 divided by this.
const STEPS: f32 = 20.0;
/// Radius of the grip at an arrow's tip.
const GRIP: f32 = 12.0;
/// From the plane's edge to the numbers at it.
const MARGIN: f32 = 16.0;
const TITLE: &str = key!("The dot product");
const LEAD: &str = key!(
    "Multiply two arrows component by component, and add up: one number that is large where they point \
                    the same way."
);

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The first arrow's tip, −2 to 2 on each axis. It has the colour of a query.
    pub a: [f32; 2],
    /// The second arrow's tip. It has the colour of a key.
    pub b: [f32; 2],
    /// What the arrows are called: `a` and `b`, or two words.
    pub names: [String; 2],
}

impl Data {
    /// aᵀb.
    pub fn dot(&self) -> f32 {
        self.products().iter().sum()
    }

    /// The products of the components.
    pub fn products(&self) -> [f32; 2] {
        [self.a[0] * self.b[0], self.a[1] * self.b[1]]
    }

    /// Cosine of the angle between the arrows; `None` if one has no length or is not a number.
    pub fn cosine(&self) -> Option<f32> {
        let length = |v: [f32; 2]| v[0].hypot(v[1]);
        let cos = self.dot() / (length(self.a) * length(self.b));
        cos.is_finite().then(|| cos.clamp(-1.0, 1.0))
    }
}

/// The kind of a cosine: 0 opposite, 1 unrelated, 2 similar.
fn kind(cosine: f32) -> usize {
    match cosine {
        c if c < -0.5 => 0,
        c if c > 0.5 => 2,
        _ => 1,
    }
}

/// The names of the values of [`kind`].
const KINDS: [&str; 3] = [key!("opposite"), key!("unrelated"), key!("similar")];

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
}

/// The plane's two axes, over the same numbers and equally long.
#[derive(Clone, Copy)]
struct Plane {
    x: Linear,
    y: Linear,
}

impl Plane {
    /// The plane leaves room for the sum beside it where the picture is wide.
    fn new(frame: &Frame) -> Self {
        let inner = frame.inner();
        // A grip at the plane's edge extends beyond it, but must not cover the numbers there.
        let (before, after) = (MARGIN + 16.0, GRIP + 2.0);
        let side = if wide(frame) { inner * 0.4 } else { inner - before - after }.min(300.0);
        let left = PAD + before + if wide(frame) { 0.0 } else { (inner - before - after - side) / 2.0 };
        let axis = |from, to| Linear::new((-RANGE, RANGE), (from, to));
        Self { x: axis(left, left + side), y: axis(frame.y + side, frame.y) }
    }

    /// The pixel of a point in the plane, kept inside it.
    fn pixels(&self, v: [f32; 2]) -> [f32; 2] {
        [self.x.at(v[0]), self.y.at(v[1])]
    }

    fn origin(&self) -> [f32; 2] {
        self.pixels([0.0; 2])
    }

    fn right(&self) -> f32 {
        self.x.range.1
    }

    fn bottom(&self) -> f32 {
        self.y.range.0
    }
}

fn wide(frame: &Frame) -> bool {
    frame.inner() >= 560.0
}

fn begin<'a>(state: &State, theme: &'a Theme) -> Frame<'a> {
    let width = state.canvas.width.max(320.0);
    Frame::new(theme, &state.canvas, width, attnscope_words::text(TITLE), attnscope_words::text(LEAD))
}

/// The point of the plane at a point of the scene, for dragging: within −2 to 2, rounded to 0.05.
pub fn at(state: &State, x: f32, y: f32) -> [f32; 2] {
    // The layout does not depend on colours.
    let plane = Plane::new(&begin(state, &Theme::LIGHT));
    // Adding 0 turns −0, which would be shown with its sign, into 0.
    [plane.x.value(x), plane.y.value(y)].map(|c| (c * STEPS).round() / STEPS + 0.0)
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let mut frame = begin(state, theme);
    let plane = Plane::new(&frame);
    let top = frame.y;
    axes(&mut frame, &plane);
    angle(&mut frame, &plane, data);
    let arrows = [(data.a, theme.query), (data.b, theme.key)];
    arrows.iter().zip(["a", "b"]).for_each(|((v, color), key)| arrow(&mut frame, &plane, *v, *color, key));
    // Where two tips are close, each disc is drawn over the touch area of the other.
    for (index, (v, _)) in arrows.into_iter().enumerate() {
        let [x, y] = plane.pixels(v);
        frame.push(reach(index, x, y));
    }
    for (index, (v, color)) in arrows.into_iter().enumerate() {
        grip(&mut frame, &plane, data, index, v, color);
    }
    let bottom = plane.bottom() + MARGIN + 10.0;
    if wide(&frame) {
        let x = plane.right() + 46.0;
        sum(&mut frame, data, x, top);
        frame.y = frame.y.max(bottom);
    } else {
        sum(&mut frame, data, PAD, bottom + 22.0);
    }
    frame.finish(&said_below(data), description(data))
}

/// A fine grid of halves, the two axes, and the whole numbers along the edges.
fn axes(frame: &mut Frame, plane: &Plane) {
    let (theme, across, down) = (frame.theme, plane.x.range, plane.y.range);
    let ticks = |scale: &Linear| -> Vec<Tick> {
        scale.ticks(4).into_iter().map(|value| Tick::new(scale.at(value), brief(value))).collect()
    };
    let lines = |most: usize| {
        let at = |scale: &Linear| scale.ticks(most).into_iter().map(|value| scale.at(value)).collect::<Vec<_>>();
        [Side::Below.lines(at(&plane.x), down), Side::Left.lines(at(&plane.y), across)].concat()
    };
    frame.push(Node::path(lines(8)).stroke(Stroke::new(theme.grid, 1.0)).opacity(0.5));
    frame.push(Node::path(lines(4)).stroke(Stroke::new(theme.grid, 1.0)));
    frame.tick_labels(Side::Below, plane.bottom() + MARGIN + 4.0, &ticks(&plane.x));
    frame.tick_labels(Side::Left, across.0 - MARGIN, &ticks(&plane.y));
    let [x, y] = plane.origin();
    let d = [Side::Below.lines([x], down), Side::Left.lines([y], across)].concat();
    frame.push(Node::path(d).stroke(Stroke::new(theme.faint, 1.0)));
}

/// The angle between the arrows as an arc about the origin, the short way round.
fn angle(frame: &mut Frame, plane: &Plane, data: &Data) {
    const PARTS: usize = 24;
    let shortest = data.a[0].hypot(data.a[1]).min(data.b[0].hypot(data.b[1]));
    // Arrows that are hardly longer than their grips leave no room for it.
    if data.cosine().is_none() || shortest < 0.4 {
        return;
    }
    let from = data.a[1].atan2(data.a[0]);
    let turn = (data.a[0] * data.b[1] - data.a[1] * data.b[0]).atan2(data.dot());
    let [x, y] = plane.origin();
    let point = |i: usize| {
        let (sin, cos) = (from + turn * i as f32 / PARTS as f32).sin_cos();
        (x + 24.0 * cos, y - 24.0 * sin)
    };
    let d = (0..=PARTS).map(|i| (i, point(i))).map(|(i, (x, y))| if i == 0 { Move(x, y) } else { Line(x, y) });
    let line = Stroke::new(frame.theme.muted, 1.5);
    frame.push(Node::path(d.collect()).stroke(line).key("angle"));
}

/// A line from the origin, with an arrowhead that ends where the grip begins.
fn arrow(frame: &mut Frame, plane: &Plane, v: [f32; 2], color: Color, key: &str) {
    let ([x, y], [x0, y0]) = (plane.pixels(v), plane.origin());
    let (dx, dy) = (x - x0, y - y0);
    let long = dx.hypot(dy);
    let (ux, uy) = if long > 0.0 { (dx / long, dy / long) } else { (0.0, 0.0) };
    // The arrowhead ends where the grip begins; a short arrow has a small one, or none.
    let tip = (long - GRIP - 1.0).max(0.0);
    let head = tip.min(11.0);
    let along = |t: f32, side: f32| (x0 + ux * t - uy * side, y0 + uy * t + ux * side);
    let ((x1, y1), (x2, y2), (x3, y3)) =
        (along(tip, 0.0), along(tip - head, head * 0.5), along(tip - head, -head * 0.5));
    let (xs, ys) = along(tip - head * 0.8, 0.0);
    let shaft = vec![Move(x0, y0), Line(xs, ys)];
    frame.push(Node::path(shaft).stroke(Stroke::new(color, 3.0).round()).key(format!("shaft-{key}")));
    let head = vec![Move(x1, y1), Line(x2, y2), Line(x3, y3), Close];
    frame.push(Node::path(head).fill(color).key(format!("head-{key}")));
}

/// The grip by which an arrow is dragged: a disc about the tip, with the arrow's name where it fits.
fn grip(frame: &mut Frame, plane: &Plane, data: &Data, index: usize, v: [f32; 2], color: Color) {
    let (theme, [x, y]) = (frame.theme, plane.pixels(v));
    let name = &data.names[index];
    let mut nodes = vec![Node::circle(x, y, GRIP).fill(color).stroke(Stroke::new(theme.background, 2.0))];
    if text::width(name, LABEL, Weight::Semibold) < 1.5 * GRIP {
        let letter = Node::text(x, y, Run::new(name.clone())).size(LABEL).bold().anchor(Anchor::Middle);
        nodes.push(letter.fill(theme.on(color)).centred());
    }
    let said = words!("arrow {name}, {} and {}; move with the arrow keys", fixed(v[0], 2), fixed(v[1], 2));
    let grip = Node::group(0.0, 0.0, nodes).key(format!("grip-{index}"));
    frame.push(grip.target(Target::Handle { index }).label(said));
}

fn said_below(data: &Data) -> String {
    let outside = data.a.iter().chain(&data.b).any(|c| c.is_nan() || c.abs() > RANGE);
    caption(&[
        words!("“Similar” where the cosine of the angle is above 0.5, “opposite” below −0.5, “unrelated” between."),
        words!("The dot product grows with the arrows' lengths, too. Numbers are rounded."),
        if outside { words!("An arrow that leaves the plane is drawn to its edge.") } else { "" },
    ])
}

fn description(data: &Data) -> String {
    let [a, b] = &data.names;
    let tip = |v: [f32; 2]| format!("{}, {}", fixed(v[0], 2), fixed(v[1], 2));
    let [first, second] = data.products();
    let kind = match data.cosine() {
        Some(cos) => words!(
            "The cosine of the angle between them is {}: {}.",
            fixed(cos, 2),
            attnscope_words::text(KINDS[kind(cos)])
        ),
        None => words!("There is no angle between them.").into(),
    };
    words!(
        "Two arrows from the origin, {a} to ({}) and {b} to ({}). Their dot product is {} plus {}, together {}. {kind}",
        tip(data.a),
        tip(data.b),
        fixed(first, 2),
        fixed(second, 2),
        fixed(data.dot(), 2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Shape;

    fn data(a: [f32; 2], b: [f32; 2]) -> Data {
        Data { a, b, names: ["a".into(), "b".into()] }
    }

    /// The middle of a grip.
    fn place(scene: &Scene, key: &str) -> (f32, f32) {
        let Some(Shape::Group { nodes, .. }) = scene.node(key).map(|n| &n.shape) else { panic!("no {key}") };
        match nodes[0].shape {
            Shape::Circle { cx, cy, .. } => (cx, cy),
            _ => panic!("no disc"),
        }
    }

    #[test]
    fn the_largest_products_are_drawn() {
        let huge = data([-1.576439e31, 0.0], [19_500_860.0, 0.0]);
        assert!(render(&huge, &State::default(), &Theme::LIGHT).is_finite());
    }

    #[test]
    fn a_grip_is_where_its_place_is_found_again() {
        for width in [330.0, 374.0, 742.0, 760.0] {
            for bare in [true, false] {
                let state = State { canvas: Canvas { width, bare } };
                for (x, y) in (-40..=40).step_by(7).flat_map(|x| (-40..=40).step_by(9).map(move |y| (x, y))) {
                    let tip = [x as f32 / STEPS, y as f32 / STEPS];
                    let scene = render(&data([0.5, 0.5], tip), &state, &Theme::LIGHT);
                    let (x, y) = place(&scene, "grip-1");
                    assert_eq!(at(&state, x, y), tip, "{width} {bare}");
                    // A pixel beside it is still nearer to it than to any other.
                    assert_eq!(at(&state, x + 0.9, y - 0.9), at(&state, x, y), "{width} {bare}");
                }
            }
        }
    }

    #[test]
    fn dragging_stays_in_the_plane() {
        let state = State::default();
        assert_eq!(at(&state, -1e9, -1e9), [-2.0, 2.0]);
        assert_eq!(at(&state, f32::NAN, f32::INFINITY), [0.0, -2.0]);
    }

    #[test]
    fn words_follow_the_angle() {
        let word = |a, b| data(a, b).cosine().map(|c| KINDS[kind(c)]);
        assert_eq!(word([1.0, 0.0], [2.0, 1.0]), Some("similar"));
        assert_eq!(word([1.0, 0.0], [0.5, 1.0]), Some("unrelated"));
        assert_eq!(word([1.0, 0.0], [-1.0, 1.0]), Some("opposite"));
        assert_eq!(word([0.0, 0.0], [1.0, 1.0]), None);
        assert_eq!(word([f32::NAN, 0.0], [1.0, 1.0]), None);
    }

    #[test]
    fn the_second_bar_begins_where_the_first_ends() {
        for (a, b) in [([1.6, 0.7], [0.9, 1.5]), ([1.5, -1.0], [1.0, 1.2]), ([-2.0, 2.0], [2.0, -2.0])] {
            let scene = render(&data(a, b), &State::default(), &Theme::LIGHT);
            let ends = |key: &str| match scene.node(key).map(|n| (&n.shape, n.value)) {
                Some((Shape::Rect { x, width, .. }, Some(value))) if value < 0.0 => [x + width, *x],
                Some((Shape::Rect { x, width, .. }, _)) => [*x, x + width],
                _ => panic!("no {key}"),
            };
            let [first, second, sum] = ["product-0", "product-1", "dot"].map(ends);
            let near = |a: f32, b: f32| assert!((a - b).abs() < 0.01, "{a} {b}");
            near(first[0], sum[0]);
            near(first[1], second[0]);
            near(second[1], sum[1]);
        }
    }
}
