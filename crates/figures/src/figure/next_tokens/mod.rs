//! The sentence, and bars of the likeliest next tokens.

mod arithmetic;
mod table;
mod timeline;

pub use timeline::timeline;

use crate::figure::frame::{Frame, LABEL, PAD, SMALL, caption, credit, sentence};
use crate::figure::{Canvas, Error};
use crate::number::{count, percent, plural};
use crate::scale::nice_ceil;
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::Site;
use attnscope::{NextToken, Trace};
use attnscope_words::words;

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The text, token by token.
    pub tokens: Vec<String>,
    /// The likeliest next tokens, likeliest first.
    pub next: Vec<NextToken>,
    /// The size of the vocabulary.
    pub n_vocab: usize,
    /// Its name.
    pub model: String,
    /// Whether tokens are whole words that hold no spaces.
    pub word_level: bool,
    /// The position of the masked word that is filled in; `None` if the predicted token comes after the text.
    pub masked: Option<usize>,
}

impl Data {
    /// The tokens of a trace with the next tokens that the caller ranked (a trace does not know the vocabulary's words).
    pub fn from_trace(trace: &Trace, next: Vec<NextToken>) -> Result<Self, Error> {
        if next.is_empty() {
            return Err(Error::NotCaptured { key: "logits".into() });
        }
        let tokens = trace.tokens.iter().map(|t| t.text.clone()).collect();
        Ok(Self {
            tokens,
            next,
            n_vocab: trace.model.n_vocab,
            model: trace.model.name.clone(),
            word_level: trace.model.word_level,
            masked: trace.predicts_at().filter(|_| trace.model.masked),
        })
    }

    /// The position whose logits are shown.
    fn position(&self) -> usize {
        self.masked.unwrap_or(self.tokens.len().saturating_sub(1))
    }

    /// The probability of all tokens that have no bar.
    pub fn rest(&self) -> f32 {
        let shown: f64 = self.next.iter().map(|n| f64::from(n.p)).filter(|p| p.is_finite()).sum();
        (1.0 - shown).clamp(0.0, 1.0) as f32
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The bar that is emphasized.
    pub selected: Option<usize>,
    /// The probability at the end of the bars' axis; `None` for a round number just above the longest.
    /// Two figures can only be compared if they use the same.
    pub max_p: Option<f32>,
}

const ROW: f32 = 30.0;

/// The most chips; of a longer text the end is shown, from which the prediction is made.
const MAX_CHIPS: usize = 100;

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let (title, lead) = match data.masked {
        None => (
            words!("What comes next?"),
            words!("The model reads the text and gives every token it knows a probability of coming next."),
        ),
        Some(_) => (
            words!("What stands there?"),
            words!(
                "The model reads the text on both sides and gives every token it knows a probability of standing there."
            ),
        ),
    };
    let mut frame = Frame::new(theme, &state.canvas, width, title, lead);
    chips(&mut frame, data);
    bars(&mut frame, data, state);
    whole(&mut frame, data);
    let texts = data.tokens.iter().chain(data.next.iter().map(|n| &n.text));
    let marked = texts.into_iter().any(|text| token::shown(text).contains('␣'));
    let caption = caption(&[
        &credit(&data.model),
        &words!("The {} likeliest of {} tokens;", data.next.len(), count(data.n_vocab)),
        words!("percentages are rounded."),
        if marked { words!("␣ marks a space.") } else { "" },
    ]);
    frame.finish(&caption, description(data))
}

/// The text as chips; the place that is predicted, mostly one more, is an empty one with a question mark.
fn chips(frame: &mut Frame, data: &Data) {
    let (tokens, place) = (&data.tokens, data.masked.unwrap_or(data.tokens.len()));
    let theme = frame.theme;
    let (right, height) = (frame.width - PAD, 32.0);
    let mut x = PAD;
    let first = tokens.len().saturating_sub(MAX_CHIPS).min(place);
    let end = tokens.len().max(place + 1).min(first + MAX_CHIPS + 1);
    if first > 0 {
        frame.label(PAD, frame.y + 8.0, Anchor::Start, words!("… {} before these", plural(first, "token")));
        frame.y += 24.0;
    }
    for idx in first..end {
        let token = tokens.get(idx).filter(|_| idx != place);
        let runs = match token {
            Some(t) => token::runs(t, theme.faint, right - PAD - 24.0, 15.0, Weight::Semibold),
            None => vec![Run::new("?")],
        };
        let w = (crate::text::runs_width(&runs, 15.0, Weight::Semibold) + 24.0).max(36.0);
        if x + w > right && x > PAD {
            (x, frame.y) = (PAD, frame.y + height + 8.0);
        }
        let (y, mid) = (frame.y, frame.y + height / 2.0);
        let mut chip = Node::rect(x + 0.5, y + 0.5, w - 1.0, height - 1.0).radius(7.0);
        let mut word =
            Node::text(x + w / 2.0, mid, runs).size(15.0).bold().anchor(Anchor::Middle).fill(theme.text).centred();
        if let Some(token) = token {
            let target = Target::Token { idx };
            chip = chip
                .fill(theme.surface)
                .stroke(Stroke::new(theme.grid, 1.0))
                .key(format!("token-{idx}"))
                .target(target);
            chip = chip.label(words!("token {idx}: {}", spoken(token)));
        } else {
            chip = chip.stroke(Stroke::new(theme.output, 1.5).dash(4.0, 3.0));
            word = word.fill(theme.output);
        }
        frame.nodes.extend([chip, word]);
        x += w + 6.0;
    }
    frame.y += height + 26.0;
}

/// One bar per token.
fn bars(frame: &mut Frame, data: &Data, state: &State) {
    let theme = frame.theme;
    let longest = data.next.iter().map(|n| token::width(&n.text, LABEL + 1.0, Weight::Semibold)).fold(40.0, f32::max);
    let label_w = longest.min(frame.inner() * 0.35);
    let x0 = PAD + label_w + 14.0;
    let full = frame.width - PAD - 64.0 - x0;
    let top = data.next.iter().map(|n| n.p).filter(|p| p.is_finite()).fold(0.0, f32::max);
    let max_p = state.max_p.filter(|p| p.is_finite() && *p > 0.0).unwrap_or_else(|| nice_ceil(top).min(1.0));
    for (rank, next) in data.next.iter().enumerate() {
        let (y, chosen) = (frame.y, state.selected == Some(rank));
        let mid = y + ROW / 2.0;
        let p = if next.p.is_finite() { next.p.clamp(0.0, 1.0) } else { 0.0 };
        let long = (p / max_p).min(1.0) * full;
        let runs = token::runs(&next.text, theme.faint, label_w, LABEL + 1.0, Weight::Semibold);
        let name = Node::text(x0 - 14.0, mid, runs).size(LABEL + 1.0).anchor(Anchor::End).fill(theme.text).centred();
        let name = name.key(format!("name-{}", next.id));
        frame.push(if chosen || rank == 0 { name.bold() } else { name });
        let fill = if chosen { theme.accent } else { theme.output };
        let bar = Node::rect(x0, y + 5.0, long.max(1.5), ROW - 10.0).radius(3.0).fill(fill);
        let bar = bar.key(format!("next-{}", next.id)).target(Target::Item { index: rank }).value(next.p);
        frame.push(bar.label(format!("{}: {}", spoken(&next.text), percent(next.p))));
        let share = Node::text(x0 + long + 8.0, mid, Run::new(percent(next.p))).size(LABEL).fill(theme.text).centred();
        let number = Site::Probabilities.at([data.position(), next.id as usize]);
        let share = share.key(format!("p-{}", next.id)).value(next.p).target(Target::Number { number });
        let share = share.label(words!("probability of {}: {}", spoken(&next.text), percent(next.p)));
        frame.push(if chosen || rank == 0 { share.bold() } else { share });
        frame.y += ROW;
    }
    frame.push(Node::line(
        x0 - 0.5,
        frame.y - data.next.len() as f32 * ROW,
        x0 - 0.5,
        frame.y,
        Stroke::new(theme.grid, 1.0),
    ));
    frame.y += 20.0;
}

/// One bar for the whole vocabulary: the tokens shown above, and the rest. It sums to 1.
fn whole(frame: &mut Frame, data: &Data) {
    let (theme, y, height) = (frame.theme, frame.y + 22.0, 16.0);
    let full = frame.inner();
    let rest = data.rest();
    let mut x = PAD;
    frame.push(Node::rect(PAD, y, full, height).radius(3.0).fill(theme.grid).key("whole-track"));
    for (i, next) in data.next.iter().enumerate() {
        let w = if next.p.is_finite() { next.p.clamp(0.0, 1.0) * full } else { 0.0 };
        let w = w.min(PAD + full - x).max(0.0);
        // A gap between neighbours, where there is room for one.
        let gap = if w > 3.0 { 1.0 } else { 0.0 };
        let key = format!("share-{}", next.id);
        frame.push(
            Node::rect(x, y, w - gap, height).fill(theme.output).opacity(if i % 2 == 0 { 1.0 } else { 0.7 }).key(key),
        );
        x += w;
    }
    hatch(frame, x, y, PAD + full - x, height);
    let others = data.n_vocab.saturating_sub(data.next.len());
    let shown = words!("the {} above  {}", plural(data.next.len(), "token"), percent(1.0 - rest));
    let text = words!("all other {}  {}", plural(others, "token"), percent(rest));
    let both = crate::text::width(&shown, SMALL, Weight::Semibold) + crate::text::width(&text, SMALL, Weight::Regular);
    // On a phone the second name is below the bar.
    let below = both + 12.0 > full;
    let name = Node::text(PAD, y - 12.0, Run::new(shown)).size(SMALL).fill(theme.output).centred();
    frame.push(name.bold().key("whole-name"));
    let mid = if below { y + height + 13.0 } else { y - 12.0 };
    let node = Node::text(PAD + full, mid, Run::new(text.clone())).size(SMALL).fill(theme.muted);
    let node = node.anchor(Anchor::End).centred().key("rest").value(rest);
    frame.push(node.target(Target::Own).label(text));
    frame.y = y + height + if below { 24.0 } else { 4.0 };
}

/// Slanted lines over a rectangle: it is not one bar, but many small parts.
fn hatch(frame: &mut Frame, x: f32, y: f32, width: f32, height: f32) {
    use crate::scene::Segment::{Line, Move};
    let mut d = Vec::new();
    let mut at = 4.0 - height;
    while at < width {
        let (from, to) = (at.max(0.0), (at + height).min(width));
        if to > from {
            d.extend([Move(x + from, y + height - (from - at)), Line(x + to, y + height - (to - at))]);
        }
        at += 7.0;
    }
    frame.push(Node::path(d).stroke(Stroke::new(frame.theme.background, 1.5)).opacity(0.8).key("whole-hatch"));
}

fn description(data: &Data) -> String {
    let top: Vec<String> = data.next.iter().take(5).map(|n| format!("{} {}", spoken(&n.text), percent(n.p))).collect();
    let others = data.n_vocab.saturating_sub(data.next.len());
    if let Some(token) = data.masked.and_then(|at| data.tokens.get(at)) {
        return words!(
            "In “{}” the likeliest tokens in place of {} are {}. All other {} together: {}.",
            sentence(&data.tokens, data.word_level),
            spoken(token),
            top.join(", "),
            plural(others, "token"),
            percent(data.rest())
        );
    }
    words!(
        "After “{}” the likeliest next tokens are {}. All other {} together: {}.",
        sentence(&data.tokens, data.word_level),
        top.join(", "),
        plural(others, "token"),
        percent(data.rest())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_completes_to_one() {
        let next = [0.5, 0.25].map(|p| NextToken { id: 0, text: "a".into(), p }).to_vec();
        let data = Data { tokens: vec![], next, n_vocab: 10, model: String::new(), word_level: false, masked: None };
        assert_eq!(data.rest(), 0.25);
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        assert_eq!(scene.node("rest").and_then(|n| n.value), Some(0.25));
        assert!(scene.description.contains("All other 8 tokens together: 25"));
    }

    #[test]
    fn a_masked_word_is_the_place_with_the_question_mark() {
        let tokens = ["[CLS]", "hot", "[MASK]", "[SEP]"].map(String::from).to_vec();
        let next = vec![NextToken { id: 7, text: "dog".into(), p: 0.5 }];
        let data = Data { tokens, next, n_vocab: 10, model: String::new(), word_level: true, masked: Some(2) };
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        assert!(scene.node("token-1").is_some() && scene.node("token-2").is_none() && scene.node("token-3").is_some());
        let number = Site::Probabilities.at([2, 7]);
        assert_eq!(scene.node("p-7").and_then(|node| node.target), Some(Target::Number { number }));
        assert!(scene.description.starts_with("In “[CLS] hot [MASK] [SEP]” the likeliest tokens in place of"));
    }
}
