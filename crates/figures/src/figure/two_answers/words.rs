//! The threads with the words of each sentence, and the bag.

use super::{Data, MAX_WORDS, State, Words};
use crate::color::Color;
use crate::figure::frame::{Frame, PAD, SMALL};
use crate::scene::Segment::{Cubic, Line, Move};
use crate::scene::{Anchor, Node, Run, Stroke, Weight};
use crate::token;
use attnscope_words::words;

/// A word's chip: font size, height, air at its sides, distance to the next one.
const SIZE: f32 = 14.0;
const HIGH: f32 = 26.0;
const AIR: f32 = 9.0;
const GAP: f32 = 9.0;
/// From line to line.
const LINE: f32 = 36.0;
/// The longest word, wider ones are cut.
const LONGEST: f32 = 130.0;
/// Between the words and the rim of the bag, and between bag and threads.
const RIM: f32 = 20.0;

/// A word and where it is: left and centre, and its width.
struct Chip {
    word: String,
    x: f32,
    y: f32,
    width: f32,
}

/// Threads and bag, of the same height wherever the words are.
pub(super) fn draw(frame: &mut Frame, data: &Data, state: &State) {
    let (left, room) = (PAD + 12.0, frame.inner() - 24.0);
    let mut threads = Vec::new();
    for (row, sentence) in data.sentences.iter().enumerate() {
        let chips = laid_out(&shown(sentence), left, room, frame.y, false);
        thread(frame, row, &chips, left);
        frame.y = bottom(&chips, frame.y) + 10.0;
        threads.push(chips);
    }
    let words: Vec<Vec<String>> = data.sentences.iter().map(|sentence| shown(sentence)).collect();
    let sorted: Vec<Vec<usize>> = words.iter().map(|words| order(words)).collect();
    let top = frame.y + RIM;
    let inside = words.iter().zip(&sorted).map(|(words, order)| {
        let words: Vec<String> = order.iter().map(|&i| words[i].clone()).collect();
        laid_out(&words, left + RIM, room - 2.0 * RIM, top, true)
    });
    let inside: Vec<Vec<Chip>> = inside.collect();
    let end = inside.iter().map(|chips| bottom(chips, top)).fold(top + LINE, f32::max);
    bag(frame, state, &inside, (top, end));
    for (row, chips) in threads.iter().enumerate() {
        for (i, on_thread) in chips.iter().enumerate() {
            let in_bag = sorted[row].iter().position(|&at| at == i).and_then(|at| inside[row].get(at));
            let lies = in_bag.filter(|_| state.words == Words::Bag);
            let node = chip(frame, lies.unwrap_or(on_thread)).key(format!("chip-{row}-{i}"));
            // Of what all sentences have, the bag shows one.
            frame.push(if lies.is_some() && row > 0 { node.opacity(0.0) } else { node });
            if let Some(copy) = in_bag.filter(|_| state.words == Words::Both) {
                let node = chip(frame, copy).key(format!("bagged-{row}-{i}"));
                frame.push(node);
            }
        }
    }
    frame.y = end + RIM + 26.0;
}

/// The words that are drawn, as they are shown.
fn shown(sentence: &[String]) -> Vec<String> {
    let more = (sentence.len() > MAX_WORDS).then(|| "…".to_owned());
    sentence.iter().take(MAX_WORDS).map(|word| token::plain(word.trim())).chain(more).collect()
}

/// Any order will do for a bag; this one is the same for the same words.
fn order(words: &[String]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..words.len()).collect();
    order.sort_by(|&a, &b| words[a].cmp(&words[b]));
    order
}

/// One word beside the other, in as many lines as are needed.
fn laid_out(words: &[String], left: f32, room: f32, top: f32, middle: bool) -> Vec<Chip> {
    let wide = |word: &String| token::width(word, SIZE, Weight::Regular).min(LONGEST) + 2.0 * AIR;
    let mut lines: Vec<(f32, Vec<Chip>)> = vec![(0.0, Vec::new())];
    for word in words {
        let width = wide(word);
        if lines.last().is_some_and(|(used, chips)| !chips.is_empty() && used + width > room) {
            lines.push((0.0, Vec::new()));
        }
        let y = top + HIGH / 2.0 + (lines.len() - 1) as f32 * LINE;
        if let Some((used, chips)) = lines.last_mut() {
            chips.push(Chip { word: word.clone(), x: left + *used, y, width });
            *used += width + GAP;
        }
    }
    let centred = lines.into_iter().flat_map(|(used, mut chips)| {
        let aside = if middle { ((room - (used - GAP)) / 2.0).max(0.0) } else { 0.0 };
        chips.iter_mut().for_each(|chip| chip.x += aside);
        chips
    });
    centred.collect()
}

fn bottom(chips: &[Chip], top: f32) -> f32 {
    chips.iter().map(|chip| chip.y + HIGH / 2.0).fold(top, f32::max)
}

/// The line behind the chips of a sentence, in the colour of its answer.
fn thread(frame: &mut Frame, row: usize, chips: &[Chip], left: f32) {
    let color = frame.theme.run(row);
    let mut lines: Vec<(f32, f32)> = Vec::new();
    for chip in chips {
        match lines.last_mut() {
            Some((y, end)) if *y == chip.y => *end = chip.x + chip.width,
            _ => lines.push((chip.y, chip.x + chip.width)),
        }
    }
    let count = lines.len();
    for (i, (y, end)) in lines.into_iter().enumerate() {
        let line = Node::line(left - 10.0, y, end + 10.0, y, Stroke::new(color, 2.0));
        frame.push(line.key(format!("thread-{row}-{i}")));
        // A bead where it begins, an arrow where it ends: it has a direction.
        if i == 0 {
            frame.push(Node::circle(left - 10.0, y, 3.5).fill(color).key(format!("bead-{row}")));
        }
        if i + 1 == count {
            let tip = vec![Move(end + 6.0, y - 4.5), Line(end + 13.0, y), Line(end + 6.0, y + 4.5)];
            frame.push(Node::path(tip).stroke(Stroke::new(color, 2.0).round()).key(format!("tip-{row}")));
        }
    }
}

/// A bag around the places of its words.
fn bag(frame: &mut Frame, state: &State, inside: &[Vec<Chip>], (top, end): (f32, f32)) {
    let theme = frame.theme;
    let all = || inside.iter().flatten();
    let (x0, x1) = (all().map(|c| c.x).fold(f32::INFINITY, f32::min), all().map(|c| c.x + c.width).fold(0.0, f32::max));
    let (x0, x1) = if x0 < x1 { (x0 - RIM, x1 + RIM) } else { (PAD, PAD + 2.0 * RIM) };
    let (y0, y1) = (top - 10.0, end + 14.0);
    let round = ((y1 - y0) * 0.45).min(26.0);
    // Open above, with a rim that leans out.
    let d = vec![
        Move(x0 - 3.0, y0 - 4.0),
        Cubic(x0 + 3.0, y0 + 4.0, x0, y0 + 10.0, x0, y1 - round),
        Cubic(x0, y1, x0, y1, x0 + round, y1),
        Line(x1 - round, y1),
        Cubic(x1, y1, x1, y1, x1, y1 - round),
        Cubic(x1, y0 + 10.0, x1 - 3.0, y0 + 4.0, x1 + 3.0, y0 - 4.0),
    ];
    let (full, color): (bool, Color) = match state.words {
        Words::Threads => (false, theme.faint),
        Words::Bag => (true, theme.text),
        Words::Both => (true, theme.run(1)),
    };
    let path = Node::path(d).stroke(Stroke::new(color, 2.0).round());
    frame.push(path.key("bag"));
    let said = if full { words!("a bag: no first word, no last") } else { words!("the bag is empty") };
    let node = Node::text((x0 + x1) / 2.0, y1 + 14.0, Run::new(said)).size(SMALL + 0.5).anchor(Anchor::Middle);
    frame.push(node.fill(theme.muted).centred().key("bag-name"));
}

/// A word that can be moved.
fn chip(frame: &Frame, of: &Chip) -> Node {
    let theme = frame.theme;
    let plate = Node::rect(0.0, -HIGH / 2.0, of.width, HIGH).radius(7.0).fill(theme.surface);
    let runs = token::runs(&of.word, theme.faint, LONGEST, SIZE, Weight::Regular);
    let text = Node::text(of.width / 2.0, 0.0, runs).size(SIZE).anchor(Anchor::Middle).fill(theme.text).centred();
    Node::group(of.x, of.y, vec![plate.key("plate"), text.key("word")])
}
