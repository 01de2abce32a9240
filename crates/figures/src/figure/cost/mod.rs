//! What attention costs against the length of the text, as measured: time and memory, with the whole matrix stored and
//! in tiles.

mod arithmetic;
mod panel;
mod table;

use crate::figure::Canvas;
use crate::figure::frame::{Frame, LABEL, PAD, caption};
use crate::number::{count, number, plural};
use crate::scene::{Node, Run, Scene, Stroke, Weight};
use crate::text;
use crate::theme::Theme;
use attnscope_words::words;
use panel::{Panel, Series, draw};

/// The most points; of more, every second (third, …) is drawn, and the last.
const MAX_POINTS: usize = 40;

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Tokens.
    pub len: usize,
    /// Milliseconds with the whole matrix stored; none where it was not measured.
    pub full_ms: Option<f32>,
    /// Milliseconds in tiles.
    pub tiled_ms: f32,
    /// Bytes of working memory with the whole matrix stored; none where it was not measured.
    pub full_bytes: Option<u64>,
    /// Bytes of working memory in tiles.
    pub tiled_bytes: u64,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// What has been measured so far, in any order.
    pub points: Vec<Point>,
    /// Where it was measured: `in this browser`.
    pub host: String,
    /// Components of a query, key or value.
    pub d_head: usize,
}

/// The four curves, as the prefixes of their marks' keys.
const CURVES: [&str; 4] = ["time-whole", "time-tiles", "memory-whole", "memory-tiles"];

/// The item index of a point of a curve.
fn item(curve: &str, point: usize) -> usize {
    point * CURVES.len() + CURVES.iter().position(|of| *of == curve).unwrap_or(0)
}

/// The point that an item shows, and its mark's key.
pub fn at_item(item: usize) -> (usize, String) {
    let (point, curve) = (item / CURVES.len(), item % CURVES.len());
    (point, format!("{}-{point}", CURVES[curve]))
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The lengths to be measured, so that the axis is drawn before the points are known.
    pub lengths: Vec<usize>,
    /// The point (its index in the data) whose numbers are written out; the longest if `None`.
    pub selected: Option<usize>,
}

/// `12 ms`, `1.3 s`
fn duration(ms: f32) -> String {
    if ms < 999.5 { format!("{} ms", number(ms)) } else { format!("{} s", number(ms / 1000.0)) }
}

/// `16 kB`, `67 MB`; a thousand bytes are a kilobyte.
fn bytes(n: f32) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut n = n;
    while n >= 999.5 && unit + 1 < UNITS.len() {
        n /= 1000.0;
        unit += 1;
    }
    format!("{} {}", number(n), UNITS[unit])
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let lead = words!(
        "Twice the length is four times the work, and four times the matrix. In tiles, the matrix is never stored."
    );
    let mut frame = Frame::new(theme, &state.canvas, width, words!("What attention costs"), lead);
    let order = shown(&data.points);
    let x = x_range(data, state);
    let told = state.selected.filter(|&i| i < data.points.len()).or(order.last().copied());
    let (time, memory) = (time(data, &order), memory(data, &order, x));
    let inner = frame.inner();
    if inner >= 600.0 {
        let (w, top) = ((inner - 28.0) / 2.0, frame.y);
        draw(&mut frame, &time, x, (PAD, w), state, told);
        frame.y = top;
        draw(&mut frame, &memory, x, (PAD + w + 28.0, w), state, told);
    } else {
        draw(&mut frame, &time, x, (PAD, inner), state, told);
        frame.y += 20.0;
        draw(&mut frame, &memory, x, (PAD, inner), state, told);
    }
    frame.y += 10.0;
    readout(&mut frame, told.map(|i| &data.points[i]), inner < 600.0);
    let left_out = words!("{} are not drawn.", plural(data.points.len() - order.len(), "point"));
    let caption = caption(&[
        &if data.host.is_empty() { String::new() } else { words!("Measured {}.", data.host) },
        words!(
            "All axes are logarithmic: equal steps are equal factors. Memory is working memory, besides q, k, v and \
         the result. Numbers are rounded."
        ),
        if order.len() < data.points.len() { &left_out } else { "" },
    ]);
    frame.finish(&caption, description(data, &order))
}

/// The points that are drawn, shortest first.
fn shown(points: &[Point]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&i| points[i].len);
    let step = order.len().div_ceil(MAX_POINTS).max(1);
    let last = order.len().saturating_sub(1);
    order.iter().enumerate().filter(|&(at, _)| (last - at).is_multiple_of(step)).map(|(_, &i)| i).collect()
}

/// The shortest and the longest length, planned or measured.
fn x_range(data: &Data, state: &State) -> (f32, f32) {
    let all = || state.lengths.iter().copied().chain(data.points.iter().map(|p| p.len)).map(|n| n.max(1));
    let (min, max) = (all().min().unwrap_or(64), all().max().unwrap_or(4096));
    if min < max { (min as f32, max as f32) } else { (min as f32, min as f32 * 2.0) }
}

/// The axis always holds these times (ms), so that it rarely changes while points arrive.
const TIMES: (f32, f32) = (0.01, 1000.0);

fn time(data: &Data, order: &[usize]) -> Panel {
    let full = order.iter().filter_map(|&i| Some((i, data.points[i].len, data.points[i].full_ms?))).collect();
    let tiled = order.iter().map(|&i| (i, data.points[i].len, data.points[i].tiled_ms)).collect();
    Panel {
        key: "time",
        title: words!("time"),
        series: [Series::whole(full), Series::tiles(tiled)],
        expected: TIMES,
        shown: duration,
    }
}

fn memory(data: &Data, order: &[usize], (_, max_len): (f32, f32)) -> Panel {
    let full = order.iter().filter_map(|&i| Some((i, data.points[i].len, data.points[i].full_bytes? as f32))).collect();
    let tiled = order.iter().map(|&i| (i, data.points[i].len, data.points[i].tiled_bytes as f32)).collect();
    Panel {
        key: "memory",
        title: words!("memory"),
        series: [Series::whole(full), Series::tiles(tiled)],
        // Four bytes per score of the longest text.
        expected: (1000.0, (4.0 * max_len * max_len).max(1e6)),
        shown: bytes,
    }
}

/// The numbers of one point, stacked where it is narrow. Their height is reserved before there is a point, so that
/// the page below does not move.
fn readout(frame: &mut Frame, point: Option<&Point>, stacked: bool) {
    let (theme, top) = (frame.theme, frame.y + 6.0);
    frame.y = top + if stacked { 50.0 } else { 10.0 };
    let Some(point) = point else { return };
    let whole = match (point.full_ms, point.full_bytes) {
        (None, None) => words!("not measured").into(),
        (ms, size) => {
            let size = size.map(|b| bytes(b as f32));
            let said = [ms.map(duration), size].map(|said| said.unwrap_or(words!("not measured").into()));
            said.join(", ")
        }
    };
    let tiles = format!("{}, {}", duration(point.tiled_ms), bytes(point.tiled_bytes as f32));
    let [a, b] = [Series::whole(vec![]), Series::tiles(vec![])];
    let part = |series: &Series, says: String| {
        vec![Run::new(format!("{} ", series.name)).bold().fill(series.color(theme)), Run::new(says)]
    };
    let head = vec![Run::new(format!("{}:", plural(point.len, "token"))).bold()];
    let mut x = PAD;
    for (i, runs) in [head, part(&a, whole), part(&b, tiles)].into_iter().enumerate() {
        let w = text::runs_width(&runs, LABEL, Weight::Regular);
        let (x0, y) = if stacked { (PAD, top + 20.0 * i as f32) } else { (x, top) };
        let node = Node::text(x0, y, runs).size(LABEL).fill(theme.text).centred();
        frame.push(node.key(format!("readout-{i}")));
        x += w + 18.0;
    }
}

fn description(data: &Data, order: &[usize]) -> String {
    let start = words!(
        "Two charts against the number of tokens, time and memory of attention, with the whole matrix stored and \
                 in tiles."
    );
    let said = |&i: &usize| {
        let p = &data.points[i];
        let full = match (p.full_ms, p.full_bytes) {
            (Some(ms), Some(b)) => words!("whole {} and {}", duration(ms), bytes(b as f32)),
            (Some(ms), None) => words!("whole {}", duration(ms)),
            (None, Some(b)) => words!("whole {}", bytes(b as f32)),
            (None, None) => words!("whole not measured").into(),
        };
        let tiled = words!("{} and {}", duration(p.tiled_ms), bytes(p.tiled_bytes as f32));
        words!("{}: {full}, in tiles {tiled}", plural(p.len, "token"))
    };
    match order {
        [] => words!("{start} Not measured yet."),
        [one] => format!("{start} {}.", said(one)),
        [first, .., last] => words!("{start} {} lengths; {}; {}.", count(order.len()), said(first), said(last)),
    }
}

/// A line through a panel at the length of the chosen point.
fn chosen_line(frame: &mut Frame, key: &str, x: f32, top: f32, bottom: f32) {
    let line = Node::line(x, top, x, bottom, Stroke::new(frame.theme.faint, 1.0).dash(2.0, 3.0));
    frame.push(line.key(format!("{key}-chosen")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Shape;

    fn point(len: usize) -> Point {
        let n = len as f32;
        Point {
            len,
            full_ms: Some(n * n * 1e-5),
            tiled_ms: n * n * 2e-5,
            full_bytes: Some(4 * (len * len) as u64),
            tiled_bytes: 16_384,
        }
    }

    #[test]
    fn units() {
        assert_eq!([0.123, 12.3, 999.6, 1600.0].map(duration), ["0.12 ms", "12.3 ms", "1.00 s", "1.60 s"]);
        assert_eq!([999.0, 16_384.0, 67_108_864.0].map(bytes), ["999 B", "16.4 kB", "67.1 MB"]);
    }

    #[test]
    fn axes_stay_while_points_come() {
        let state = State { lengths: vec![64, 128, 256, 512, 1024], ..Default::default() };
        let drawn = |n: usize| {
            let points = state.lengths[..n].iter().map(|&len| point(len)).collect();
            render(&Data { points, ..Data::default() }, &state, &Theme::LIGHT)
        };
        let places = |n: usize| {
            let scene = drawn(n);
            ["time-whole-0", "time-tiles-0", "memory-whole-0"].map(|key| match scene.node(key).map(|n| &n.shape) {
                Some(Shape::Circle { cx, cy, .. }) => (*cx, *cy),
                _ => panic!("no {key}"),
            })
        };
        assert_eq!(places(1), places(3));
        assert_eq!(places(1), places(5));
        assert_eq!(drawn(0).height, drawn(5).height);
    }

    #[test]
    fn four_times_for_twice_the_length_is_parallel_to_the_guide() {
        let data = Data { points: [64, 256, 1024].map(point).to_vec(), ..Data::default() };
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        let circle = |key: &str| match scene.node(key).map(|n| &n.shape) {
            Some(Shape::Circle { cx, cy, .. }) => (*cx, *cy),
            _ => panic!("no {key}"),
        };
        let (a, b) = (circle("memory-whole-0"), circle("memory-whole-2"));
        let Some(Shape::Line { x1, y1, x2, y2, .. }) = scene.node("memory-guide").map(|n| &n.shape) else {
            panic!("no guide")
        };
        let slope = (b.1 - a.1) / (b.0 - a.0);
        assert!(((y2 - y1) / (x2 - x1) / slope - 1.0).abs() < 1e-3);
    }

    #[test]
    fn many_points_are_thinned_to_the_last() {
        let points: Vec<Point> = (1..=300).map(point).collect();
        let order = shown(&points);
        assert!(order.len() <= MAX_POINTS && order.last() == Some(&299), "{order:?}");
        let scene = render(&Data { points, ..Data::default() }, &State::default(), &Theme::LIGHT);
        assert!(scene.caption.contains("262 points are not drawn"), "{}", scene.caption);
    }

    #[test]
    fn nothing_measured_is_said() {
        let scene = render(&Data::default(), &State::default(), &Theme::LIGHT);
        assert_eq!(scene.texts().iter().filter(|t| *t == "not measured yet").count(), 2);
    }
}
