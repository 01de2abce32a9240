//! The products of one column of W, each bar beginning where the previous one ended, up to the sum.

use super::draw::{Layout, RESULT_H};
use super::{Data, State};
use crate::figure::formula;
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::number;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use attnscope_words::words;

/// More products than this are drawn as one line instead of one bar each.
const MAX_BARS: usize = 100;

/// This many of the largest products are named.
const NAMED: usize = 5;

/// Height of the products where they are below W.
const BELOW_H: f32 = 120.0;

/// The chosen column and row, if they exist, and the column's products.
pub(super) struct Chosen {
    pub component: Option<usize>,
    pub row: Option<usize>,
    pub terms: Vec<f64>,
}

impl Chosen {
    pub fn new(data: &Data, state: &State) -> Self {
        let component = state.component.filter(|c| *c < data.out.len());
        let row = state.row.filter(|i| *i < data.x.len());
        Self { component, row, terms: component.map_or(Vec::new(), |c| data.terms(c)) }
    }

    /// The rows with the largest products, largest first.
    pub fn top(&self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.terms.len()).collect();
        order.sort_by(|&a, &b| self.terms[b].abs().total_cmp(&self.terms[a].abs()));
        order.truncate(n);
        order
    }

    /// The sums before the first, after the first, … after the last product. A NaN adds nothing.
    fn sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0];
        for term in &self.terms {
            sums.push(sums[sums.len() - 1] + if term.is_finite() { *term } else { 0.0 });
        }
        sums
    }
}

/// Where products are drawn: along `at` one after the other, along the other axis by their size.
struct Chart {
    /// Beginning and step along the axis of the products.
    at: (f32, f32),
    /// Ends of the axis of the sizes: where the lowest and the highest sum lie.
    ends: (f32, f32),
    sums: (f64, f64),
    down: bool,
}

impl Chart {
    /// The place of a sum.
    fn place(&self, sum: f64) -> f32 {
        let (low, high) = self.sums;
        let t = if high > low { ((sum - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
        self.ends.0 + t as f32 * (self.ends.1 - self.ends.0)
    }

    /// A bar of `thick` pixels at `at`, from one sum to another.
    fn bar(&self, at: f32, thick: f32, from: f64, to: f64) -> Node {
        let (a, b) = (self.place(from), self.place(to));
        let (low, long) = (a.min(b), (a - b).abs().max(1.0));
        if self.down { Node::rect(low, at, long, thick) } else { Node::rect(at, low, thick, long) }
    }

    /// A point for `Move` or `Line`.
    fn point(&self, at: f32, sum: f64) -> (f32, f32) {
        let place = self.place(sum);
        if self.down { (place, at) } else { (at, place) }
    }
}

/// The heading of the products' chart.
pub(super) fn heading(frame: &mut Frame, data: &Data, c: Option<usize>, x: f32, mid: f32) {
    let named = product(data, "i", c);
    let end = formula::write(frame, x, mid, LABEL, Weight::Semibold, &[(&named, frame.theme.text)]);
    frame.label(end + 10.0, mid, Anchor::Start, words!("added one by one"));
}

/// The products beside or below W, and their sum. Moves `y` below everything.
pub(super) fn draw(frame: &mut Frame, data: &Data, chosen: &Chosen, l: &Layout, result_y: f32) {
    let y = frame.y + 18.0;
    let chart = match l.beside {
        Some((left, right)) => {
            Chart { at: (l.top, l.cell.1), ends: (left, right - 52.0), sums: (0.0, 0.0), down: true }
        }
        None => {
            let step = (frame.inner() - 34.0) / l.d_in.max(1) as f32;
            Chart { at: (PAD, step.min(24.0)), ends: (y + 26.0 + BELOW_H, y + 26.0), sums: (0.0, 0.0), down: false }
        }
    };
    match chosen.component {
        Some(c) => {
            if !chart.down {
                heading(frame, data, chosen.component, PAD, y + 6.0);
                frame.y = y + 26.0 + BELOW_H;
            }
            let sums = chosen.sums();
            let range = sums.iter().fold((0.0f64, 0.0f64), |(low, high), s| (low.min(*s), high.max(*s)));
            let chart = Chart { sums: range, ..chart };
            products(frame, chosen, &sums, &chart);
            total(frame, data, c, &sums, &chart, result_y);
        }
        None => hint(frame, data, chosen, l, &chart, y),
    }
    frame.y += 22.0;
    reading(frame, data, chosen, l);
}

/// One bar per product, with thin lines from the end of each to the next.
fn products(frame: &mut Frame, chosen: &Chosen, sums: &[f64], chart: &Chart) {
    let theme = frame.theme;
    let (begin, step) = chart.at;
    let n = chosen.terms.len();
    let end = begin + n as f32 * step;
    let ((x1, y1), (x2, y2)) = (chart.point(begin, 0.0), chart.point(end + 4.0, 0.0));
    frame.push(Node::line(x1, y1, x2, y2, Stroke::new(theme.grid, 1.0)).key("terms-zero"));
    let thick = (step * 0.72).clamp(1.0, 14.0);
    let mut d = Vec::new();
    for i in 0..n {
        let mid = begin + (i as f32 + 0.5) * step - if chart.down { 1.0 } else { 0.0 };
        let ((x1, y1), (x2, y2)) = (chart.point(mid, sums[i + 1]), chart.point(mid + step, sums[i + 1]));
        d.extend([Move(x1, y1), Line(x2, y2)]);
        if n > MAX_BARS {
            let (x, y) = chart.point(mid, sums[i]);
            d.extend([Move(x, y), Line(x1, y1)]);
            continue;
        }
        let fill = if chosen.terms[i] < 0.0 { theme.negative[3] } else { theme.positive[3] };
        let bar = chart.bar(mid - thick / 2.0, thick, sums[i], sums[i + 1]).radius(1.5).fill(fill);
        let label = words!("product {i}: {}", number(chosen.terms[i] as f32));
        let bar = bar.key(format!("term-{i}")).value(chosen.terms[i] as f32).label(label);
        frame.push(bar.target(Target::Own));
    }
    let stroke = Stroke::new(if n > MAX_BARS { theme.positive[3] } else { theme.muted }, 1.0);
    frame.push(Node::path(d).stroke(stroke).opacity(if n > MAX_BARS { 1.0 } else { 0.55 }).key("terms-path"));
    if chart.down {
        names(frame, chosen, chart);
    }
}

/// The largest products' numbers at the right of their rows, where they do not touch.
fn names(frame: &mut Frame, chosen: &Chosen, chart: &Chart) {
    let (begin, step) = chart.at;
    let mut taken: Vec<f32> = Vec::new();
    let row = chosen.row.into_iter();
    let named = if chosen.terms.len() <= 16 { chosen.terms.len() } else { NAMED };
    for i in row.chain(chosen.top(named)) {
        let mid = begin + (i as f32 + 0.5) * step - 1.0;
        if taken.iter().any(|other| (other - mid).abs() < 13.0) {
            continue;
        }
        taken.push(mid);
        let theme = frame.theme;
        let node = Node::text(chart.ends.1 + 52.0, mid, Run::new(number(chosen.terms[i] as f32))).size(SMALL);
        let chosen_row = chosen.row == Some(i);
        let node = if chosen_row { node.bold().fill(theme.accent) } else { node.fill(theme.text) };
        frame.push(node.anchor(Anchor::End).centred());
    }
}

/// The sum as one bar, in the colour of the result.
fn total(frame: &mut Frame, data: &Data, c: usize, sums: &[f64], chart: &Chart, result_y: f32) {
    let theme = frame.theme;
    let (sum, fill) = (sums[sums.len() - 1], data.part.color(theme));
    let end = chart.at.0 + (sums.len() - 1) as f32 * chart.at.1;
    let (at, thick) = if chart.down { (result_y + 4.0, RESULT_H - 8.0) } else { (end + 10.0, 16.0) };
    let ((x1, y1), (x2, y2)) = (chart.point(end, sum), chart.point(at, sum));
    frame.push(Node::line(x1, y1, x2, y2, Stroke::new(theme.muted, 1.0)).opacity(0.55));
    let label = words!("{} {c}: the sum, {}", data.part.name(), number(sum as f32));
    let bar = chart.bar(at, thick, 0.0, sum).radius(2.0).fill(fill).key("sum").value(sum as f32).label(label);
    frame.push(bar.target(Target::Own));
    let ((x1, y1), (x2, y2)) = (chart.point(at - 3.0, 0.0), chart.point(at + thick + 3.0, 0.0));
    frame.push(Node::line(x1, y1, x2, y2, Stroke::new(theme.grid, 1.0)));
    if chart.down {
        let node = Node::text(chart.ends.1 + 52.0, at + thick / 2.0, Run::new(number(sum as f32))).size(LABEL);
        frame.push(node.bold().anchor(Anchor::End).fill(fill).centred());
    }
}

/// Shown in place of the products: how to see them.
fn hint(frame: &mut Frame, data: &Data, chosen: &Chosen, l: &Layout, chart: &Chart, y: f32) {
    let theme = frame.theme;
    let (input, name) = (data.part.input(), data.part.name());
    let text = match chosen.row {
        Some(i) => words!("Number {i} of {input} multiplies row {i} of W: its share in every number of the {name}."),
        None => words!("Choose a column of W: its products with {input} add up to one number of the {name}."),
    };
    let (x, top, width, height) = match l.beside {
        Some((left, right)) => (left, l.top, right - left, l.bottom() - l.top),
        None => (PAD, y, frame.inner(), 26.0 + BELOW_H),
    };
    frame.push(Node::rect(x, top, width, height).radius(8.0).fill(theme.surface));
    let lines = text::wrap_balanced(&text, width - 32.0, LABEL, Weight::Regular);
    let first = top + height / 2.0 - (lines.len() as f32 - 1.0) * 9.5;
    for (i, line) in lines.into_iter().enumerate() {
        let node = Node::text(x + width / 2.0, first + i as f32 * 19.0, Run::new(line)).size(LABEL);
        frame.push(node.anchor(Anchor::Middle).fill(theme.muted).centred());
    }
    if !chart.down {
        // The same height as with a column chosen, so that the page below does not move.
        frame.y = y + 26.0 + BELOW_H;
    }
}

/// `q₅ = Σ xᵢ·Wᵢ₅ = 1.27`, and one product written out.
fn reading(frame: &mut Frame, data: &Data, chosen: &Chosen, l: &Layout) {
    let (theme, part) = (frame.theme, data.part);
    let narrow = frame.inner() < 440.0;
    let (x, size) = (if narrow { PAD } else { l.w.min(PAD + 80.0) }, if narrow { 14.0 } else { 15.0 });
    let lines = if data.adds_up() { 2.0 } else { 3.0 };
    let below = frame.y + lines * 26.0 + 8.0;
    if let Some(c) = chosen.component {
        let (color, sum) = (part.color(theme), chosen.sums().last().copied().unwrap_or(0.0) as f32);
        let result = format!("{}_{{{c}}}", part.result());
        let begin = format!("{result} = ");
        let (products, equals) = (format!("Σ {} = ", product(data, "i", Some(c))), number(sum));
        let line = [(begin.as_str(), color), (&products, theme.text), (&equals, color)];
        let line = if data.adds_up() { &line[..] } else { &line[1..] };
        formula::write(frame, x, frame.y + 8.0, size, Weight::Semibold, line);
        let i = chosen.row.or_else(|| chosen.top(1).first().copied());
        if let Some(i) = i {
            let what = if chosen.row.is_some() { "" } else { words!("largest: ") };
            let (a, w) = (data.x[i], data.weight(i, c));
            let numbers = format!(" = {} × {} = {}", factor(a), factor(w), number(chosen.terms[i] as f32));
            let line = format!("{what}{}{numbers}", product(data, &i.to_string(), Some(c)));
            formula::write(frame, x, frame.y + 34.0, LABEL, Weight::Regular, &[(&line, theme.muted)]);
        }
        if !data.adds_up() {
            let after = words!("{begin}{} after what else the model does to it", number(data.out[c]));
            formula::write(frame, x, frame.y + 60.0, SMALL, Weight::Regular, &[(&after, color)]);
        }
    }
    frame.y = below;
}

/// `x_i·W_{i,5}`
fn product(data: &Data, i: &str, c: Option<usize>) -> String {
    let column = c.map_or(String::new(), |c| format!(",{c}"));
    format!("{}_{{{i}}}·W_{{{i}{column}}}", data.part.input())
}

/// A negative factor in parentheses.
fn factor(x: f32) -> String {
    if x < 0.0 { format!("({})", number(x)) } else { number(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_product_begins_where_the_one_before_ended() {
        let chosen = Chosen { component: Some(0), row: None, terms: vec![2.0, -3.0, f64::NAN, 0.5] };
        assert_eq!(chosen.sums(), [0.0, 2.0, -1.0, -1.0, -0.5]);
        let chart = Chart { at: (0.0, 10.0), ends: (100.0, 400.0), sums: (-1.0, 2.0), down: true };
        assert_eq!([-1.0, 0.0, 2.0].map(|s| chart.place(s)), [100.0, 200.0, 400.0]);
        let upright = Chart { ends: (400.0, 100.0), down: false, ..chart };
        assert_eq!(upright.point(5.0, 0.0), (5.0, 300.0), "zero lies a third of the way up");
    }
}
