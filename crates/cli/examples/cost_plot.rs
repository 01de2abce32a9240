//! Draws what `cargo xtask bench length` measured: `cost_plot LENGTH.csv LENGTH.svg`. Time a token and memory against the length
//! of the text, with all patterns kept and with nothing kept.

use attnscope_figures::Segment::{Line, Move};
use attnscope_figures::number::{count, number};
use attnscope_figures::{Anchor, Run, Stroke};
use attnscope_figures::{Color, Node, Scene, Theme, svg};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SIZE: (f32, f32) = (900.0, 330.0);
/// Height of a chart, and where its top is.
const HEIGHT: f32 = 210.0;
const TOP: f32 = 72.0;
/// Left edge and width of each chart.
const CHARTS: [(f32, f32); 2] = [(84.0, 250.0), (540.0, 250.0)];

/// One line of the results.
struct Point {
    kept: bool,
    len: f32,
    ms_a_token: f32,
    memory: f32,
}

/// A cost: its name, how it is found, and how it is said.
struct Cost {
    title: &'static str,
    of: fn(&Point) -> f32,
    said: fn(f32) -> String,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("expected cost_plot MAP.csv MAP.svg".into());
    };
    let points = read(&std::fs::read_to_string(from)?)?;
    std::fs::write(to, svg::to_svg(&scene(&points, &Theme::LIGHT)))?;
    Ok(())
}

fn read(csv: &str) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for line in csv.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [len, kept, _, ms_a_token, .., memory] = fields.as_slice() else {
            return Err(format!("no line of results: {line}").into());
        };
        let (len, ms_a_token, memory) = (len.parse()?, ms_a_token.parse()?, memory.parse()?);
        points.push(Point { kept: *kept == "patterns", len, ms_a_token, memory });
    }
    if points.is_empty() { Err("no results".into()) } else { Ok(points) }
}

fn scene(points: &[Point], theme: &Theme) -> Scene {
    let title = "What a text costs against its length";
    let mut nodes = vec![Node::text(28.0, 34.0, Run::new(title)).size(18.0).bold().fill(theme.text)];
    let costs = [
        Cost { title: "time a token", of: |p| p.ms_a_token, said: |ms| format!("{} ms", number(ms)) },
        Cost {
            title: "memory of the process",
            of: |p| p.memory / 1e6,
            said: |mb| format!("{} MB", count(mb as usize)),
        },
    ];
    for (cost, place) in costs.iter().zip(CHARTS) {
        chart(&mut nodes, points, cost, place, theme);
    }
    Scene {
        width: SIZE.0,
        height: SIZE.1,
        title: title.into(),
        description:
            "Two charts against the number of tokens, time a token and memory, with all patterns kept and with \
                      nothing kept; the numbers are in the table."
                .into(),
        caption: String::new(),
        background: theme.background,
        nodes,
    }
}

/// Equal steps are equal factors, on both axes.
fn chart(nodes: &mut Vec<Node>, points: &[Point], cost: &Cost, (left, width): (f32, f32), theme: &Theme) {
    let bottom = TOP + HEIGHT;
    let (shortest, longest) = range(points.iter().map(|p| p.len));
    let (least, most) = range(points.iter().map(cost.of));
    // Whole doublings, so that every line of the grid has a number.
    let (low, high) = (least.log2().floor(), most.log2().ceil().max(least.log2().floor() + 1.0));
    let x = |len: f32| left + width * (len / shortest).log2() / (longest / shortest).log2().max(1.0);
    let y = |value: f32| bottom - HEIGHT * (value.log2() - low) / (high - low);
    nodes.push(Node::text(left, TOP - 16.0, Run::new(cost.title)).size(13.0).bold().fill(theme.text));
    for power in low as i32..=high as i32 {
        let value = 2f32.powi(power);
        nodes.push(Node::line(left, y(value), left + width, y(value), Stroke::new(theme.grid, 1.0)));
        let label = Node::text(left - 8.0, y(value), Run::new((cost.said)(value))).size(11.5).anchor(Anchor::End);
        nodes.push(label.fill(theme.muted).centred());
    }
    for (kept, name, color) in [(false, "nothing kept", theme.text), (true, "patterns kept", theme.weight(0.6))] {
        let line: Vec<&Point> = points.iter().filter(|p| p.kept == kept).collect();
        let places: Vec<(f32, f32)> = line.iter().map(|p| (x(p.len), y((cost.of)(p)))).collect();
        series(nodes, &places, name, color, theme);
    }
    let mut lengths: Vec<f32> = points.iter().map(|p| p.len).collect();
    lengths.sort_by(f32::total_cmp);
    lengths.dedup();
    for len in lengths {
        let label = Node::text(x(len), bottom + 16.0, Run::new(count(len as usize))).size(11.5).anchor(Anchor::Middle);
        nodes.push(label.fill(theme.muted).centred());
    }
    nodes.push(Node::text(left + width + 30.0, bottom + 20.0, Run::new("tokens")).size(11.5).fill(theme.muted));
}

fn series(nodes: &mut Vec<Node>, places: &[(f32, f32)], name: &str, color: Color, theme: &Theme) {
    let d = places.iter().enumerate().map(|(i, &(x, y))| if i == 0 { Move(x, y) } else { Line(x, y) }).collect();
    nodes.push(Node::path(d).stroke(Stroke::new(color, 2.0).round()));
    for &(x, y) in places {
        nodes.push(Node::circle(x, y, 4.0).fill(color).stroke(Stroke::new(theme.background, 1.5)));
    }
    if let Some(&(x, y)) = places.last() {
        nodes.push(Node::text(x + 10.0, y, Run::new(name)).size(11.5).bold().fill(color).centred());
    }
}

fn range(values: impl Iterator<Item = f32>) -> (f32, f32) {
    values.fold((f32::MAX, 0.0), |(min, max), value| (min.min(value), max.max(value)))
}
