//! The softmax of a few scores, as they are and divided by √d.

use super::name;
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::{count, fixed, number, percent};
use crate::scene::{Anchor, Node, Run, Target, Weight};
use crate::text;
use attnscope::analysis::softmax;
use attnscope_words::words;

/// The number of scores that are put through softmax.
pub(super) const SHOWN: usize = 8;

/// Two rows of cells: softmax of the first scores as they are, and of the same divided.
pub(super) fn rows(frame: &mut Frame, dots: &[f32], scaled: &[f32], root: &str) {
    let theme = frame.theme;
    let n = dots.len().min(SHOWN);
    let title = words!("Softmax of the first {} of them", count(n));
    frame.push(Node::text(PAD, frame.y + 8.0, Run::new(title)).size(LABEL).bold().fill(theme.text).centred());
    frame.y += 30.0;
    row(frame, &dots[..n], name(theme, None), "raw");
    row(frame, &scaled[..n], name(theme, Some(root)), "scaled");
}

fn row(frame: &mut Frame, scores: &[f32], name: Vec<Run>, key: &str) {
    let (theme, right) = (frame.theme, PAD + frame.inner());
    let weights = softmax(scores);
    frame.push(Node::text(PAD, frame.y + 6.0, name).size(SMALL).bold().fill(theme.text).centred());
    let said = Node::text(right, frame.y + 6.0, Run::new(said_largest(scores))).size(SMALL).anchor(Anchor::End);
    frame.push(said.fill(theme.text).centred().key(format!("largest-{key}")));
    let best = largest(&weights);
    let step = (frame.inner() + 3.0) / SHOWN as f32;
    let y = frame.y + 20.0;
    for (i, (&score, &w)) in scores.iter().zip(&weights).enumerate() {
        let (x, mid) = (PAD + i as f32 * step, PAD + i as f32 * step + (step - 3.0) / 2.0);
        let node = Node::text(mid, y + 6.0, Run::new(short(score))).size(SMALL).anchor(Anchor::Middle);
        let node = node.fill(theme.muted).centred().value(score).key(format!("score-{key}-{i}"));
        frame.push(node.target(Target::Own).label(words!("score {}", short(score))));
        let said = words!("score {}: weight {}", number(score), percent(w));
        let fill = theme.weight(w);
        let cell = Node::rect(x, y + 16.0, step - 3.0, 32.0).radius(3.0).fill(fill).value(w);
        frame.push(cell.key(format!("weight-{key}-{i}")).label(said).target(Target::Own));
        let inside = Node::text(mid, y + 32.0, Run::new(fitted(w, step - 7.0))).size(SMALL).anchor(Anchor::Middle);
        let inside = inside.fill(theme.on(fill)).centred();
        frame.push(if best == Some(i) { inside.bold() } else { inside });
    }
    frame.y = y + 48.0 + 20.0;
}

/// A score in few characters, since eight of them must fit on a phone.
fn short(score: f32) -> String {
    if score.abs() < 99.95 { fixed(score, 1) } else { number(score) }
}

/// Whole percents, since there is no room for more.
fn share(w: f32) -> String {
    match w {
        w if w > 0.0 && w < 0.01 => "<\u{202f}1\u{202f}%".into(),
        w if w > 0.99 && w < 1.0 => ">\u{202f}99\u{202f}%".into(),
        w => format!("{}\u{202f}%", fixed(w * 100.0, 0)),
    }
}

/// [`share`] without its spaces, or without its sign, where there is too little room.
fn fitted(w: f32, room: f32) -> String {
    let (share, wide) = (share(w), |t: &String| text::width(t, SMALL, Weight::Semibold));
    let close = share.replace('\u{202f}', "");
    let bare = close.replace('%', "");
    [share, close].into_iter().find(|t| wide(t) <= room).unwrap_or(bare)
}

fn largest(weights: &[f32]) -> Option<usize> {
    (0..weights.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b])).filter(|&i| weights[i] > 0.0)
}

/// How softmax shares the weight among these scores: `one takes all: number 3 has > 99 %`.
pub(super) fn said_largest(scores: &[f32]) -> String {
    let weights = softmax(scores);
    let Some(i) = largest(&weights) else { return words!("no weight at all").into() };
    let how = match weights[i] {
        w if w > 0.9 => words!("one takes all"),
        w if w > 0.5 => words!("one takes most"),
        _ => words!("shared"),
    };
    words!("{how}: number {} has {}", i + 1, share(weights[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_scores_give_all_to_one() {
        let said = |scores: &[f32]| said_largest(scores).replace('\u{202f}', " ");
        assert_eq!(said(&[3.0, 40.0, -20.0]), "one takes all: number 2 has 100 %");
        assert_eq!(said(&[3.0, 10.0, -2.0]), "one takes all: number 2 has > 99 %");
        assert_eq!(said(&[0.3, 0.1, -0.2]), "shared: number 1 has 41 %");
        assert_eq!(said(&[f32::NAN, 1e30, f32::INFINITY]), "one takes all: number 2 has 100 %");
        assert_eq!(said(&[f32::NAN]), "no weight at all");
        assert!((softmax(&[1.0, -2.0, 0.5]).iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
