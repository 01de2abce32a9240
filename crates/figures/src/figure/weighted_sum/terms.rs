//! One column's sum written out: `z₅ = 0.81·1.20 + 0.12·(−0.30) + … = 0.93`.

use super::draw::Layout;
use super::{Data, State};
use crate::figure::formula;
use crate::figure::frame::{Frame, LABEL, PAD};
use crate::number::{fixed, number};
use crate::scene::{Node, Run, Weight};
use crate::text;
use attnscope_words::words;

/// The chosen column's sum, or how to choose one. It has the same height in either case.
pub(super) fn draw(frame: &mut Frame, data: &Data, state: &State, shown: &[usize], l: &Layout) {
    let theme = frame.theme;
    let (size, most) = (LABEL, if l.narrow { 3 } else { 2 });
    let x = if l.narrow { PAD } else { l.strip };
    let room = frame.width - PAD - x;
    let y = frame.y + 20.0;
    frame.y = y + most as f32 * 20.0;
    let Some(c) = state.component.filter(|c| *c < data.z.len()) else {
        let text = words!("Choose a column: its numbers times their weights add up to one number of z.");
        for (i, line) in text::wrap_balanced(text, room, size, Weight::Regular).into_iter().enumerate() {
            frame.push(Node::text(x, y + i as f32 * 20.0, Run::new(line)).size(size).fill(theme.muted).centred());
        }
        return;
    };
    let name = format!("z_{{{c}}}");
    let begin = formula::write(frame, x, y, size + 1.0, Weight::Semibold, &[(&name, theme.output)]) + 5.0;
    let lines = written_out(data, shown, c, most, (begin - x, room));
    for (i, line) in lines.into_iter().enumerate() {
        let at = if i == 0 { begin } else { begin + 14.0 };
        let last = line
            .rsplit_once("= ")
            .filter(|(terms, _)| !terms.is_empty() || i > 0)
            .map(|(t, s)| (t.to_owned(), s.to_owned()));
        let runs = match last {
            Some((terms, sum)) => vec![Run::new(terms + "= "), Run::new(sum).bold().fill(theme.output)],
            None => vec![Run::new(line)],
        };
        frame.push(Node::text(at, y + i as f32 * 20.0, runs).size(size).fill(theme.text).centred());
    }
}

/// The terms of a column, the heaviest in full as long as they fit into `most` lines, and the sum.
pub(super) fn written_out(
    data: &Data,
    shown: &[usize],
    c: usize,
    most: usize,
    (indent, room): (f32, f32),
) -> Vec<String> {
    let mut order = shown.to_vec();
    order.sort_by(|&a, &b| data.weights[b].total_cmp(&data.weights[a]));
    let term = |&k: &usize| {
        let v = data.value(k, c);
        let v = if v < 0.0 { format!("({})", number(v)) } else { number(v) };
        format!("{}·{v}", fixed(data.weights[k], 2))
    };
    let complete = shown.len() == data.choose().0.len() && data.choose().1.is_empty();
    for kept in (1..=order.len().max(1)).rev() {
        let mut kept_terms: Vec<usize> = order.iter().take(kept).copied().collect();
        kept_terms.sort_unstable();
        let mut terms: Vec<String> = kept_terms.iter().map(term).collect();
        if kept < order.len() || !complete {
            terms.push("…".into());
        }
        // No-break spaces keep each term on one line.
        let whole = format!("= {} =\u{a0}{}", terms.join(" + "), number(data.z[c]));
        let whole = whole.replace(" + ", " +\u{a0}");
        let lines = text::wrap(&whole, room - indent - 14.0, LABEL, Weight::Regular);
        if lines.len() <= most || kept == 1 {
            return lines.into_iter().map(|line| line.replace('\u{a0}', " ")).collect();
        }
    }
    Vec::new()
}
