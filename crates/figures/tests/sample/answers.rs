//! What models answer, and what they are given: data and the states that are looked at and tested.

use super::{noise, strings, vector, words};
use attnscope::NextToken;
use attnscope_figures::figure::{Canvas, compare, tokens};
use attnscope_figures::{Scene, Theme};

pub const PHONE: Canvas = Canvas { width: 374.0, bare: true };
pub const NARROW: Canvas = Canvas { width: 330.0, bare: true };
pub const COLUMN: Canvas = Canvas { width: 742.0, bare: true };

pub fn next(list: &[(&str, f32)]) -> Vec<NextToken> {
    list.iter().enumerate().map(|(i, (t, p))| NextToken { id: i as u32, text: t.to_string(), p: *p }).collect()
}

pub fn run(name: &str, detail: &str) -> compare::Column {
    compare::Column { name: name.into(), detail: detail.into() }
}

/// Made-up lists of the lesson's words.
pub fn compared(n: usize) -> compare::Data {
    let hot = next(&[("delicious", 0.214), ("tasty", 0.187), ("served", 0.121), ("cold", 0.064), ("ready", 0.0412)]);
    let dog = next(&[("barking", 0.231), ("asleep", 0.152), ("tasty", 0.0044), ("cold", 0.071), ("happy", 0.0903)]);
    let runs = vec![
        (run("the hot dog was", "all heads on"), hot.clone()),
        (run("the old dog was", "one word changed"), dog),
        (run("the hot dog was", "layer 2, head 0 without its attention to hot"), hot),
        (run("hot dog", "unbelievably short"), next(&[("was", 0.4), ("the", 0.2), ("delicious", 0.003)])),
    ];
    compare::Data::from_next(runs.into_iter().take(n).collect(), 8, "made-up numbers".into())
}

/// Two runs with the same answers.
pub fn compared_same() -> compare::Data {
    let mut data = compared(1);
    data.columns.push(run("the hot dog was", "another head off"));
    data.p.push(data.p[0].clone());
    data
}

pub fn compared_odd() -> compare::Data {
    let texts = strings(&super::NASTY);
    let p = |c: usize| (0..texts.len()).map(|w| Some(noise(w + c)).filter(|x| *x > 0.3)).collect();
    let mut p: Vec<Vec<Option<f32>>> = (0..6).map(p).collect();
    p[0][0] = Some(f32::NAN);
    p[1][1] = Some(f32::INFINITY);
    p[2].clear();
    let columns = words(6).iter().map(|w| run(&w.repeat(9), &words(30).concat())).collect();
    compare::Data { columns, words: texts, p, model: String::new() }
}

/// Tokens with vectors of `d` numbers, or without where `d` is 0.
pub fn given(texts: Vec<String>, d: usize) -> tokens::Data {
    let n = texts.len();
    tokens::Data {
        ids: (0..n).map(|i| (noise(i) * if d > 100 { 49_152.0 } else { 60.0 }) as u32).collect(),
        vectors: (0..n).map(|i| vector("", d, 40 + i).values).collect(),
        tokens: texts,
        model: "made-up numbers".into(),
        word_level: false,
    }
}

pub fn lesson_words(n: usize) -> Vec<String> {
    strings(&["the", "hot", "dog", "was", "very", "cold", "and", "tasty"][..n])
}

pub fn scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    let compare = |data: compare::Data, canvas, max_p| {
        compare::render(&data, &compare::State { canvas, max_p, room: false }, theme)
    };
    let tokens = |data, canvas, idx| tokens::render(&data, &tokens::State { canvas, idx }, theme);
    vec![
        ("compare-2", compare(compared(2), Canvas::default(), None)),
        ("compare-2-phone", compare(compared(2), PHONE, None)),
        ("compare-same", compare(compared_same(), COLUMN, Some(0.5))),
        ("compare-same-narrow", compare(compared_same(), NARROW, Some(0.5))),
        ("compare-3", compare(compared(3), COLUMN, None)),
        ("compare-4", compare(compared(4), COLUMN, None)),
        ("compare-4-phone", compare(compared(4), PHONE, None)),
        ("compare-1", compare(compared(1), COLUMN, None)),
        ("compare-odd", compare(compared_odd(), Canvas { width: 521.0, bare: true }, None)),
        ("compare-odd-narrow", compare(compared_odd(), NARROW, None)),
        ("tokens-4", tokens(given(lesson_words(4), 32), Canvas::default(), None)),
        ("tokens-5", tokens(given(lesson_words(5), 32), COLUMN, Some(2))),
        ("tokens-8", tokens(given(lesson_words(8), 32), COLUMN, None)),
        ("tokens-5-phone", tokens(given(lesson_words(5), 32), PHONE, Some(1))),
        ("tokens-8-narrow", tokens(given(lesson_words(8), 2048), NARROW, None)),
        ("tokens-300", tokens(given(words(300), 576), COLUMN, None)),
        ("tokens-300-phone", tokens(given(words(300), 576), PHONE, None)),
        ("tokens-no-vectors", tokens(given(words(12), 0), COLUMN, None)),
        ("tokens-odd", tokens(given(strings(&super::NASTY), 3), PHONE, Some(4))),
        ("tokens-0", tokens(given(vec![], 3), PHONE, None)),
    ]
}
