//! Draws x, W and the result, each number of the result under its column.

use super::terms;
use super::{Data, State, description};
use crate::figure::frame::{Frame, LABEL, PAD, SMALL, caption, credit};
use crate::figure::signed_cells::{SHARED, Strip, gap, largest, legend, per_pixel};
use crate::figure::vector_strip::{color, palette, shade};
use crate::figure::{Part, formula};
use crate::number::{count, number};
use crate::raster::Raster;
use crate::scale::{Band, max_abs};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope_words::words;

/// More cells than this are pixels of one raster.
const MAX_CELLS: usize = 1200;

/// Opacity of everything that is not chosen, once something is.
pub(super) const PALE: f32 = 0.25;

/// Height of the result's cells.
pub(super) const RESULT_H: f32 = 24.0;

/// Where everything is.
pub(super) struct Layout {
    pub x: f32,
    pub x_w: f32,
    pub w: f32,
    /// Top of x and W.
    pub top: f32,
    /// Size of a cell, air included.
    pub cell: (f32, f32),
    pub d_in: usize,
    pub d_out: usize,
    /// Left and right of the products beside W; `None` if they are below it.
    pub beside: Option<(f32, f32)>,
    pub limits: [f32; 3],
}

impl Layout {
    fn new(data: &Data, canvas_width: f32) -> Self {
        let inner = canvas_width - 2.0 * PAD;
        let (d_in, d_out) = (data.x.len(), data.out.len());
        let (narrow, x_w) = if inner < 440.0 { (true, 16.0) } else { (false, 22.0) };
        // The row numbers are to the left of the rows.
        let x = PAD + 8.0 + 7.0 * count(d_in.saturating_sub(1)).len().max(2) as f32;
        let w = x + x_w + if narrow { 20.0 } else { 30.0 };
        // Rings are drawn around the cells, and the page shows nothing beyond the margin.
        let room = PAD + inner - w - 3.0;
        let columns = d_out.max(1) as f32;
        let beside = (room - 250.0) / columns;
        let beside_fits = inner >= 560.0 && beside >= 4.0;
        let across = if beside_fits { beside.min(20.0) } else { (room / columns).min(20.0) };
        let rows = d_in.max(1) as f32;
        let down = (448.0 / rows).min(22.0).max((576.0 / rows).min(1.0));
        let beside = beside_fits.then_some((w + columns * across + 34.0, PAD + inner));
        let limits = [&data.x, &data.w, &data.out].map(|v| max_abs(v.iter().copied()));
        Self { x, x_w, w, top: 0.0, cell: (across, down), d_in, d_out, beside, limits }
    }

    fn is_raster(&self) -> bool {
        self.d_in * self.d_out > MAX_CELLS || self.cell.0 < 4.0 || self.cell.1 < 4.0
    }

    pub fn bottom(&self) -> f32 {
        self.top + self.d_in as f32 * self.cell.1
    }

    pub fn right(&self) -> f32 {
        self.w + self.d_out as f32 * self.cell.0
    }
}

pub(super) fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.clamp(330.0, 1600.0);
    let mut l = Layout::new(data, width);
    let name = data.part.name();
    let title = words!("From “{}” to its {name}: layer {}, head {}", spoken(&data.token), data.layer, data.head);
    let lead = words!("Each number of the {name} is {} times one column of W, added up.", data.part.input());
    let mut frame = Frame::new(theme, &state.canvas, width, title, &lead);
    headings(&mut frame, data, state, &mut l);
    let chosen = terms::Chosen::new(data, state);
    input(&mut frame, data, &chosen, &l);
    if l.is_raster() {
        pixels(&mut frame, data, &chosen, &l)
    } else {
        cells(&mut frame, data, &chosen, &l)
    }
    ticks(&mut frame, &chosen, &l);
    let result_y = l.bottom() + 18.0;
    result(&mut frame, data, &chosen, &l, result_y);
    rings(&mut frame, &chosen, &l, result_y);
    frame.y = result_y + RESULT_H;
    let from = frame.nodes.len();
    terms::draw(&mut frame, data, &chosen, &l, result_y);
    frame.name_since(from, "written");
    let (input, out) = (data.part.input(), data.part.result());
    legend(&mut frame, &[(input, l.limits[0]), ("W", l.limits[1]), (out, l.limits[2])]);
    let shared = per_pixel(l.cell.0).max(per_pixel(l.cell.1)) > 1;
    let more = words!("{out} is more than this sum: the model adds a bias, norms it, or turns it by position.");
    let notes = caption(&[
        &credit(&data.model),
        words!("Numbers are rounded."),
        if data.adds_up() { "" } else { &more },
        if shared { attnscope_words::text(SHARED) } else { "" },
    ]);
    frame.finish(&notes, description(data, &chosen))
}

/// The names of x and W above them. Sets the layout's top.
fn headings(frame: &mut Frame, data: &Data, state: &State, l: &mut Layout) {
    let theme = frame.theme;
    let mid = frame.y + 8.0;
    let input = match data.part {
        Part::Output => vec![Run::new("z").bold().fill(theme.output)],
        _ => vec![Run::new("x").bold().fill(theme.text)],
    };
    frame.push(Node::text(l.x + l.x_w / 2.0, mid + 20.0, input).size(LABEL + 1.0).anchor(Anchor::Middle).centred());
    let runs = token::runs(&data.token, theme.faint, (l.w - PAD - 10.0).max(40.0), LABEL + 1.0, Weight::Semibold);
    frame.push(Node::text(PAD, mid, runs).size(LABEL + 1.0).bold().fill(theme.text).centred());
    let matrix = format!("W_{}", data.part.letter());
    let end = formula::write(frame, l.w, mid, LABEL + 1.0, Weight::Semibold, &[(&matrix, data.part.color(theme))]);
    let size = format!("{} × {}", count(l.d_in), count(l.d_out));
    frame.label(end + 10.0, mid, Anchor::Start, size);
    if let Some((left, _)) = l.beside.filter(|_| state.component.is_some_and(|c| c < l.d_out)) {
        let from = frame.nodes.len();
        terms::heading(frame, data, state.component, left, mid);
        frame.name_since(from, "written-head");
    }
    l.top = frame.y + 40.0;
}

fn input(frame: &mut Frame, data: &Data, chosen: &terms::Chosen, l: &Layout) {
    let height = l.bottom() - l.top;
    let strip = Strip {
        key: "x".into(),
        name: words!("{} of {}", data.part.input(), spoken(&data.token)),
        values: &data.x,
        limit: l.limits[0],
        x: l.x,
        y: l.top,
        width: l.x_w,
        height,
        down: true,
    };
    strip.draw(
        frame,
        |i| if chosen.component.is_none() && chosen.row.is_some_and(|row| row != i) { PALE } else { 1.0 },
        |i| data.part.number_in(data.layer, data.head, data.position, i),
    );
    let times = Node::text((l.x + l.x_w + l.w) / 2.0 - 1.0, l.top + height / 2.0, Run::new("×")).size(LABEL + 1.0);
    frame.push(times.anchor(Anchor::Middle).fill(frame.theme.muted).centred());
}

/// W, one mark per number.
fn cells(frame: &mut Frame, data: &Data, chosen: &terms::Chosen, l: &Layout) {
    let (w, h) = (l.cell.0 - gap(l.cell.0.min(l.cell.1)), l.cell.1 - gap(l.cell.0.min(l.cell.1)));
    for (i, c) in (0..l.d_in).flat_map(|i| (0..l.d_out).map(move |c| (i, c))) {
        let value = data.weight(i, c);
        let (x, y) = (l.w + c as f32 * l.cell.0, l.top + i as f32 * l.cell.1);
        let cell = Node::rect(x, y, w, h).radius(2.0f32.min(w / 6.0)).fill(color(frame.theme, value, l.limits[1]));
        let label = words!("W row {i}, column {c}: {}", number(value));
        let cell = cell.key(format!("w-{i}-{c}")).label(label).value(value);
        frame.push(cell.target(Target::Item { index: i * l.d_out + c }).opacity(chosen.opacity(i, c)));
    }
}

/// W as one raster.
fn pixels(frame: &mut Frame, data: &Data, chosen: &terms::Chosen, l: &Layout) {
    let (fx, fy) = (per_pixel(l.cell.0), per_pixel(l.cell.1));
    let (w, h) = (l.d_out.div_ceil(fx), l.d_in.div_ceil(fy));
    let block = |px: usize, py: usize| {
        let rows = py * fy..((py + 1) * fy).min(l.d_in);
        let values: Vec<f32> =
            rows.flat_map(|i| (px * fx..((px + 1) * fx).min(l.d_out)).map(move |c| data.weight(i, c))).collect();
        shade(largest(&values), l.limits[1])
    };
    let pixels = (0..h).flat_map(|py| (0..w).map(move |px| (px, py))).map(|(px, py)| block(px, py)).collect();
    let height = l.bottom() - l.top;
    let image = Raster::new(w, h, palette(frame.theme), pixels);
    let target = Target::Items { columns: l.d_out, rows: l.d_in };
    let said = words!("W, {} rows and {} columns; the arrow keys choose", count(l.d_in), count(l.d_out));
    frame.push(Node::raster(l.w, l.top, l.right() - l.w, height, image).key("w").target(target).label(said));
    let veil =
        |x: f32, width: f32| Node::rect(x, l.top, width, height).fill(frame.theme.background).opacity(1.0 - PALE);
    if let Some(c) = chosen.component {
        let x = l.w + c as f32 * l.cell.0;
        let nodes =
            [veil(l.w, x - l.w).key("veil-left"), veil(x + l.cell.0, l.right() - x - l.cell.0).key("veil-right")];
        frame.nodes.extend(nodes);
    }
}

/// Numbers of rows and columns, as many as there is room for.
fn ticks(frame: &mut Frame, chosen: &terms::Chosen, l: &Layout) {
    let theme = frame.theme;
    let mut tick = |x: f32, y: f32, anchor: Anchor, index: usize, chosen: bool| {
        let node = Node::text(x, y, Run::new(count(index))).size(SMALL).anchor(anchor);
        let node = if chosen { node.bold().fill(theme.accent) } else { node.fill(theme.muted) };
        frame.push(node.centred());
    };
    let rows = Band { start: l.top, step: l.cell.1, n: l.d_in };
    for i in rows.ticks(36.0, chosen.row, 14.0) {
        tick(l.x - 6.0, rows.at(i) - 1.0, Anchor::End, i, chosen.row == Some(i));
    }
    let columns = Band { start: l.w, step: l.cell.0, n: l.d_out };
    for c in columns.ticks(42.0, chosen.component, 24.0) {
        tick(columns.at(c) - 1.0, l.top - 11.0, Anchor::Middle, c, chosen.component == Some(c));
    }
}

/// The result, each number under its column.
fn result(frame: &mut Frame, data: &Data, chosen: &terms::Chosen, l: &Layout, y: f32) {
    let (part, theme) = (data.part, frame.theme);
    let parts = [(part.result(), part.color(theme)), (" =", theme.muted)];
    let x = l.w - 8.0 - formula::width(LABEL + 1.0, Weight::Semibold, &parts);
    formula::write(frame, x, y + RESULT_H / 2.0, LABEL + 1.0, Weight::Semibold, &parts);
    let strip = Strip {
        key: "out".into(),
        name: words!("{} of {}", part.name(), spoken(&data.token)),
        values: &data.out,
        limit: l.limits[2],
        x: l.w,
        y,
        width: l.right() - l.w,
        height: RESULT_H,
        down: false,
    };
    strip.draw(
        frame,
        |c| if chosen.component.is_some_and(|at| at != c) { PALE } else { 1.0 },
        |c| part.number_out(data.layer, data.head, data.position, c),
    );
}

/// Rings around the chosen column and its result, and around the chosen row.
fn rings(frame: &mut Frame, chosen: &terms::Chosen, l: &Layout, result_y: f32) {
    let theme = frame.theme;
    let air = gap(l.cell.0.min(l.cell.1));
    let mut ring = |key: &str, x: f32, y: f32, w: f32, h: f32, width: f32| {
        let node = Node::rect(x - 2.0, y - 2.0, w - air + 4.0, h - air + 4.0).radius(3.0);
        frame.push(node.stroke(Stroke::new(theme.accent, width)).key(key));
    };
    if let Some(c) = chosen.component {
        let x = l.w + c as f32 * l.cell.0;
        ring("ring-column", x, l.top, l.cell.0.max(1.0), l.bottom() - l.top, 1.5);
        ring("ring-out", x, result_y, l.cell.0.max(1.0), RESULT_H + air, 2.0);
    }
    if let Some(i) = chosen.row {
        let y = l.top + i as f32 * l.cell.1;
        ring("ring-x", l.x, y, l.x_w + air, l.cell.1.max(1.0), 2.0);
        let (x, w) = match chosen.component {
            Some(c) => (l.w + c as f32 * l.cell.0, l.cell.0.max(1.0)),
            None => (l.w, l.right() - l.w),
        };
        ring("ring-row", x, y, w, l.cell.1.max(1.0), 2.0);
    }
}

impl terms::Chosen {
    /// The opacity of a cell of W.
    fn opacity(&self, i: usize, c: usize) -> f32 {
        let stays = match (self.component, self.row) {
            (Some(component), _) => c == component,
            (None, Some(row)) => i == row,
            (None, None) => true,
        };
        if stays { 1.0 } else { PALE }
    }
}
