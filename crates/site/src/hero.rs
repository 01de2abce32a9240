//! The first picture: *the dog was*, then *hot* comes in, *dog* attends to it, and the next words turn from what animals do
//! to what is said of food. All numbers are the lesson model's. It plays once by itself, without a script; who prefers no
//! motion sees its end.

use anyhow::{Context, Result};
use attnscope::{NextToken, Trace};
use attnscope_figures::Weight;
use attnscope_figures::number::percent;
use attnscope_figures::svg::escape;
use attnscope_figures::text::width;
use attnscope_words::words;

const WITHOUT: &str = "the dog was";
const WITH: &str = "the hot dog was";
/// Next words that are shown.
const ROWS: usize = 4;
/// Sizes in the picture's own units.
const WIDTH: f32 = 460.0;
const HEIGHT: f32 = 268.0;
const WORD: f32 = 30.0;
const LABEL: f32 = 15.0;
const GAP: f32 = 13.0;
/// The base line of the sentence.
const LINE: f32 = 92.0;
/// Where the bars begin, and the length of the longest.
const BARS: (f32, f32) = (112.0, 292.0);

/// A word on its way from one place to another.
struct Word {
    text: &'static str,
    from: f32,
    to: f32,
}

/// When things happen, in seconds.
const COMES: f32 = 1.4;
const ATTENDS: f32 = 2.6;
const TURNS: f32 = 3.8;

/// The picture, once moving and once still.
pub fn hero() -> Result<String> {
    let model = attnscope::lesson::model();
    let read = |text: &str| -> Result<(Trace, Vec<NextToken>)> {
        let trace = model.run(&model.encode(text)?, &"pattern".parse()?, &[])?;
        let next = model.next_tokens(&trace, ROWS);
        Ok((trace, next))
    };
    let ((_, before), (trace, after)) = (read(WITHOUT)?, read(WITH)?);
    let weight = weight(&trace).context("dog attends to hot")?;
    let (moving, still) = (drawing(weight, (&before, &after), true), drawing(weight, (&before, &after), false));
    let said = words!(
        "After “{WITHOUT}” the model expects {}. In “{WITH}”, dog attends to hot with {}, and it expects {}.",
        listed(&before),
        percent(weight),
        listed(&after)
    );
    Ok(format!(
        "<div id=\"hero\" role=\"img\" aria-label=\"{}\">{moving}{still}</div>\n\
         <p class=\"replay\"><button type=\"button\" id=\"replay\" hidden>{}</button></p>\n",
        escape(&said),
        words!("play again")
    ))
}

/// How much *dog* attends to *hot* in the first layer.
fn weight(trace: &Trace) -> Option<f32> {
    trace.pattern(0, 0).ok()?.row(&[2])?.get(1).copied()
}

fn listed(next: &[NextToken]) -> String {
    next.iter().map(|next| format!("{} {}", next.text, percent(next.p))).collect::<Vec<_>>().join(", ")
}

/// The words of the sentence, centred before and after *hot* comes in.
fn words() -> Vec<Word> {
    let wide = |text: &str| width(text, WORD, Weight::Semibold);
    let line = |texts: &[&str]| texts.iter().map(|text| wide(text)).sum::<f32>() + GAP * (texts.len() - 1) as f32;
    let place = |texts: &[&'static str]| {
        let mut x = (WIDTH - line(texts)) / 2.0;
        texts
            .iter()
            .map(|text| {
                let at = x;
                x += wide(text) + GAP;
                (*text, at)
            })
            .collect::<Vec<_>>()
    };
    let (short, long) = (place(&["the", "dog", "was"]), place(&["the", "hot", "dog", "was"]));
    let from = |text: &str| short.iter().find(|(word, _)| *word == text).map(|(_, x)| *x);
    long.into_iter().map(|(text, to)| Word { text, from: from(text).unwrap_or(to), to }).collect()
}

fn drawing(weight: f32, (before, after): (&[NextToken], &[NextToken]), moves: bool) -> String {
    let mut svg = format!(
        "<svg class=\"{}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">",
        if moves { "moving" } else { "still" }
    );
    let words = words();
    for Word { text, from, to } in &words {
        let (x, shown) = if moves { (*from, if *text == "hot" { 0 } else { 1 }) } else { (*to, 1) };
        let class = match *text {
            "hot" => "k",
            "dog" => "q",
            _ => "t",
        };
        let mut inner = String::new();
        if moves && from != to {
            inner += &animate("x", *from, *to, COMES, 0.6);
        }
        if moves && *text == "hot" {
            inner += &animate("opacity", 0.0, 1.0, COMES + 0.3, 0.5);
            inner += &animate("y", LINE - 26.0, LINE, COMES, 0.7);
        }
        svg +=
            &format!("<text class=\"word {class}\" x=\"{x:.1}\" y=\"{LINE}\" opacity=\"{shown}\">{text}{inner}</text>");
    }
    svg += &arc(&words, weight, moves);
    let most = before.iter().chain(after).map(|next| next.p).fold(0.0, f32::max);
    for (row, (a, b)) in before.iter().zip(after).enumerate() {
        svg += &bar(row, (a, b), most, moves);
    }
    svg + "</svg>"
}

/// From *dog* to *hot*, drawn along its way, with its weight.
fn arc(words: &[Word], weight: f32, moves: bool) -> String {
    let middle = |text: &str| {
        words
            .iter()
            .find(|word| word.text == text)
            .map_or(0.0, |word| word.to + width(text, WORD, Weight::Semibold) / 2.0)
    };
    let (from, to, top) = (middle("dog"), middle("hot"), LINE - 30.0);
    let line = if moves { animate("stroke-dashoffset", 1.0, 0.0, ATTENDS, 0.7) } else { String::new() };
    let hidden = if moves { "stroke-dasharray=\"1\" stroke-dashoffset=\"1\"" } else { "" };
    let shown = if moves { (0, animate("opacity", 0.0, 1.0, ATTENDS + 0.4, 0.4)) } else { (1, String::new()) };
    format!(
        "<path class=\"arc\" pathLength=\"1\" {hidden} d=\"M{from:.1} {top} C{from:.1} {high}, {to:.1} {high}, {to:.1} {top}\">{line}</path>\
         <text class=\"share\" x=\"{x:.1}\" y=\"{y}\" opacity=\"{opacity}\">{said}{appears}</text>",
        high = top - 34.0,
        x = (from + to) / 2.0,
        y = top - 34.0,
        opacity = shown.0,
        said = escape(&words!("attends {share}", share = percent(weight))),
        appears = shown.1,
    )
}

/// One row: a next word and its bar, which turn into those of the other sentence.
fn bar(row: usize, (a, b): (&NextToken, &NextToken), most: f32, moves: bool) -> String {
    let (y, start) = (140.0 + 32.0 * row as f32, TURNS + 0.12 * row as f32);
    let long = |next: &NextToken| BARS.1 * next.p / most;
    let mut out = String::new();
    for (next, class, fades) in [(a, "animal", true), (b, "food", false)] {
        if !moves && fades {
            continue;
        }
        let opacity = if !moves || fades { 1 } else { 0 };
        let fade = match (moves, fades) {
            (false, _) => String::new(),
            (true, true) => animate("opacity", 1.0, 0.0, start, 0.35),
            (true, false) => animate("opacity", 0.0, 1.0, start + 0.2, 0.35),
        };
        let grow = if moves && !fades { animate("width", long(a), long(b), start, 0.8) } else { String::new() };
        let wide = if moves && !fades { long(a) } else { long(next) };
        out += &format!(
            "<g class=\"{class}\" opacity=\"{opacity}\">{fade}<text class=\"next\" x=\"{x}\" y=\"{text_y}\">{word}</text>\
             <rect x=\"{bar}\" y=\"{y}\" width=\"{wide:.1}\" height=\"20\" rx=\"4\">{grow}</rect>\
             <text class=\"p\" x=\"{p_x:.1}\" y=\"{text_y}\">{share}</text></g>",
            x = BARS.0 - 12.0,
            text_y = y + 10.0 + LABEL * 0.36,
            bar = BARS.0,
            p_x = BARS.0 + long(next) + 10.0,
            word = escape(&next.text),
            share = escape(&percent(next.p)),
        );
    }
    out
}

/// A change of an attribute that stays. `begin` and `long` are seconds.
fn animate(attribute: &str, from: f32, to: f32, begin: f32, long: f32) -> String {
    format!(
        "<animate attributeName=\"{attribute}\" from=\"{from:.2}\" to=\"{to:.2}\" begin=\"{begin:.2}s\" dur=\"{long:.2}s\" \
         fill=\"freeze\" calcMode=\"spline\" keyTimes=\"0;1\" keySplines=\"0.2 0.7 0.2 1\"/>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_picture_says_what_the_model_computes() {
        let html = hero().unwrap();
        let model = attnscope::lesson::model();
        for text in [WITHOUT, WITH] {
            let trace = model.run(&model.encode(text).unwrap(), &attnscope::Capture::none(), &[]).unwrap();
            for next in model.next_tokens(&trace, ROWS) {
                assert!(html.contains(&format!("{} {}", next.text, percent(next.p))), "{}", next.text);
            }
        }
        assert_eq!((html.matches("<svg").count(), html.matches("class=\"food\"").count()), (2, 2 * ROWS));
        let still = html.split("<svg").nth(2).unwrap();
        assert!(!still.contains("<animate") && !still.contains("animal"), "the still picture is the end");
        assert!(!html.contains("style="), "the page's policy forbids it");
    }
}
