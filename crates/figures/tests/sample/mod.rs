//! Data for tests and gallery, made by hand or by rule; the few numbers that are SmolLM2's are marked.
#![allow(dead_code, reason = "each user takes what it needs")]

pub mod answers;
pub mod attention;
pub mod paths;
pub mod plots;
pub mod scenes;
pub mod weighing;

use attnscope::analysis::LensRow;
use attnscope::analysis::{Components, KeyComponents};
use attnscope::{Array, Attention, ModelInfo, NextToken, PerLayer, Token, Trace};
use attnscope_figures::Table;
use attnscope_figures::figure::{self, Canvas, Pattern, map};
use std::ops::Range;

pub const HOT_DOG: [&str; 4] = ["the", " hot", " dog", " was"];
pub const NASTY: [&str; 9] = ["<script>", " \"&'", "\u{1b}[31m", "日本語", "🌭", "\n\n", "\u{202e}abc", "        ", ""];

pub fn strings(tokens: &[&str]) -> Vec<String> {
    tokens.iter().map(|t| t.to_string()).collect()
}

/// `n` words of plain English.
pub fn words(n: usize) -> Vec<String> {
    let text = "She looked at the hot dog . It was served with mustard and onions , and the people at the next table \
                asked whether anyone had ordered one more for the old man who was reading his newspaper by the window";
    let words: Vec<&str> = text.split_whitespace().collect();
    (0..n).map(|i| if i == 0 { words[0].into() } else { format!(" {}", words[i % words.len()]) }).collect()
}

/// What every table promises: no field without a heading, and a file with a line a row.
pub fn sound_table(table: &Table) {
    let wide = table.rows.iter().find(|row| row.len() > table.columns.len());
    assert!(wide.is_none(), "{wide:?} under {:?}", table.columns);
    assert!(table.to_csv().matches("\r\n").count() > table.rows.len());
}

/// A number between 0 and 1 that depends on `i` alone.
fn noise(i: usize) -> f32 {
    let mut x = (i as u64).wrapping_add(0x9E37_79B9).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 29;
    x = x.wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x >> 40) as f32) / (1u64 << 24) as f32
}

/// A made-up head that looks like one of the kinds that real models have.
pub fn weights(n: usize, kind: usize, causal: bool) -> Vec<f32> {
    let mut out = Vec::with_capacity(n * n);
    for q in 0..n {
        let scores: Vec<f32> = (0..n)
            .map(|k| {
                let near = -(q.abs_diff(k) as f32);
                let base = noise(q * 7919 + k * 104_729 + kind * 31) * 2.0;
                match kind % 6 {
                    _ if causal && k > q => f32::NEG_INFINITY,
                    0 => base + if k + 1 == q { 5.0 } else { 0.0 },
                    1 => base + if k == 0 { 5.0 } else { 0.0 },
                    2 => base + near * 0.6,
                    3 => base * 2.5,
                    4 => base + if k % 11 == q % 11 { 4.0 } else { 0.0 },
                    _ => {
                        base + if k == q {
                            4.0
                        } else if k == 0 {
                            3.0
                        } else {
                            0.0
                        }
                    }
                }
            })
            .collect();
        let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exp: Vec<f32> = scores.iter().map(|s| (s - max).exp()).collect();
        let sum: f32 = exp.iter().sum();
        out.extend(exp.iter().map(|e| e / sum));
    }
    out
}

/// SmolLM2's layer 16, head 0 as the design tells it: *dog* gives *hot* 0.92 (that number is real).
#[rustfmt::skip]
pub fn hot_dog() -> figure::matrix::Data {
    let w = vec![
        1.0, 0.0, 0.0, 0.0,
        0.71, 0.29, 0.0, 0.0,
        0.05, 0.92, 0.03, 0.0,
        0.31, 0.12, 0.48, 0.09,
    ];
    let pattern = Pattern::new(16, 0, 4, w, true).unwrap();
    figure::matrix::Data { tokens: strings(&HOT_DOG), pattern, model: "made-up numbers".into(), word_level: false }
}

pub fn matrix(tokens: Vec<String>, kind: usize, causal: bool) -> figure::matrix::Data {
    let pattern = Pattern::new(3, kind, tokens.len(), weights(tokens.len(), kind, causal), causal).unwrap();
    figure::matrix::Data { tokens, pattern, model: "made-up numbers".into(), word_level: false }
}

/// A part of a made-up head over `n` words, as a trace holds it.
pub fn map(n: usize, rows: Range<usize>, cols: Range<usize>, window: Option<usize>, canvas: &Canvas) -> map::Data {
    let model = ModelInfo {
        name: "made-up numbers".into(),
        n_layers: 1,
        n_heads: 1,
        causal: true,
        attention: PerLayer::same(Attention { window, ..Attention::plain(1) }),
        ..Default::default()
    };
    let tokens = words(n).into_iter().map(|text| Token { id: 0, text }).collect();
    let mut all = weights(n, 4, true);
    let mask = model.mask(0);
    for (i, w) in all.iter_mut().enumerate() {
        *w *= f32::from(u8::from(mask.visible(i / n, n).contains(&(i % n))));
    }
    let mut trace = Trace { model, tokens, ..Trace::default() };
    trace.arrays.insert("blocks.0.attn.pattern".into(), Array::new([1, n, n], all));
    map::Data::from_trace(&trace, (0, 0), (rows, cols), map::most_pixels(canvas)).unwrap()
}

pub fn next_tokens() -> figure::next_tokens::Data {
    // served, made and eating are real.
    let next = [
        (" a", 0.0611),
        (" served", 0.0325),
        (" the", 0.0301),
        (" made", 0.0226),
        (" so", 0.0207),
        (" delicious", 0.0164),
        (" cooked", 0.0121),
        (" still", 0.0098),
        ("\n", 0.0071),
        (" eating", 0.0044),
    ];
    let next =
        next.iter().enumerate().map(|(i, (t, p))| NextToken { id: i as u32, text: t.to_string(), p: *p }).collect();
    figure::next_tokens::Data {
        tokens: strings(&HOT_DOG),
        next,
        n_vocab: 49_152,
        model: "made-up numbers".into(),
        word_level: false,
        masked: None,
    }
}

pub fn head_grid(layers: usize, heads: usize, n: usize) -> figure::head_grid::Data {
    let thumb = |l: usize, h: usize| {
        let kind = (noise(l * 97 + h) * 6.0) as usize;
        Pattern::new(l, h, n, weights(n, kind + 6 * (l * heads + h), true), true)
            .unwrap()
            .shrunk(figure::head_grid::THUMB_SIDE)
            .0
    };
    let thumbs = (0..layers).map(|l| (0..heads).map(|h| thumb(l, h)).collect()).collect();
    figure::head_grid::Data {
        tokens: words(n),
        thumbs,
        scores: None,
        model: "made-up numbers".into(),
        word_level: false,
    }
}

pub fn scored(mut data: figure::head_grid::Data) -> figure::head_grid::Data {
    let score = |l: usize, h: usize| noise(l * 31 + h * 7).powi(3) * 0.96;
    let values = data.thumbs.iter().enumerate().map(|(l, row)| (0..row.len()).map(|h| score(l, h)).collect()).collect();
    data.scores = Some(figure::head_grid::Scores { name: "weight from dog to hot".into(), values });
    data
}

pub fn vector(name: &str, d: usize, seed: usize) -> figure::vector_strip::Vector {
    let normal = |i: usize| (0..6).map(|j| noise(seed * 1009 + i * 6 + j)).sum::<f32>() - 3.0;
    let values = (0..d).map(|i| normal(i) * 0.12).collect();
    figure::vector_strip::Vector { name: name.into(), values, first: None }
}

pub fn vectors(d: usize) -> figure::vector_strip::Data {
    let vectors = vec![vector("the", d, 1), vector(" hot", d, 2), vector(" dog", d, 3)];
    figure::vector_strip::Data {
        title: "Each token as a list of numbers".into(),
        vectors,
        difference: None,
        model: "made-up numbers".into(),
    }
}

pub fn same_vectors(d: usize) -> figure::vector_strip::Data {
    let vectors = vec![vector(" dog", d, 3), vector(" dog", d, 3)];
    let title = "dog in both sentences".into();
    figure::vector_strip::Data { title, vectors, difference: Some((0, 1)), model: "made-up numbers".into() }
}

/// A query of no run.
pub fn made_up(tokens: Vec<String>, q_idx: usize, layer: usize) -> figure::head::Row {
    let mut row = figure::head::Row::made(tokens, true, q_idx);
    (row.of.layer, row.of.model) = (layer, "made-up numbers".into());
    row
}

pub fn components(tokens: Vec<String>, q_idx: usize, d: usize) -> figure::components::Data {
    let q = vector("q", d, 11).values.iter().map(|x| x * 14.0).collect::<Vec<_>>();
    let scale = 1.0 / (d as f32).sqrt();
    let mut keys: Vec<KeyComponents> = (0..tokens.len())
        .map(|i| {
            let pull = if i + 1 == q_idx { 0.9 } else { 0.1 };
            let k: Vec<f32> = vector("k", d, 20 + i).values.iter().zip(&q).map(|(x, q)| x * 9.0 + q * pull).collect();
            let product: Vec<f32> = q.iter().zip(&k).map(|(a, b)| a * b).collect();
            let dot: f32 = product.iter().sum();
            let score = if i > q_idx { f32::NEG_INFINITY } else { dot * scale };
            KeyComponents { k, product, dot, bias: 0.0, score, weight: 0.0 }
        })
        .collect();
    let max = keys.iter().map(|k| k.score).fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = keys.iter().map(|k| (k.score - max).exp()).sum();
    keys.iter_mut().for_each(|k| k.weight = (k.score - max).exp() / sum);
    let row = Components { layer: 16, head: 0, q_idx, q, scale, soft_cap: None, sink: None, keys };
    figure::components::Data { of: made_up(tokens, q_idx, 16), row }
}

pub fn lens(tokens: Vec<String>, layers: usize) -> figure::logit_lens::Data {
    let words = [
        " the",
        " dogs",
        " a",
        " was",
        " not",
        " served",
        " eating",
        " delicious",
        "fully",
        " house",
        " made",
        " extraordinarily",
    ];
    let cell = |row: usize, position: usize| {
        let text = words[(noise(row / 3 * 53 + position * 17) * words.len() as f32) as usize].to_string();
        let depth = row as f32 / layers.max(1) as f32;
        vec![NextToken { id: 0, text, p: (depth * depth * noise(row + position * 77)).clamp(0.001, 1.0) }]
    };
    let label = |row: usize| if row == 0 { "embed".to_string() } else { (row - 1).to_string() };
    let row = |row| LensRow { label: label(row), top: (0..tokens.len()).map(|p| cell(row, p)).collect() };
    let rows = (0..=layers).map(row).collect();
    figure::logit_lens::Data { tokens, rows, first: 0, model: "made-up numbers".into(), word_level: false }
}

/// A trace of 2 layers and 2 heads over the hot dog, as an engine would leave it.
pub fn trace() -> Trace {
    let n = HOT_DOG.len();
    let model = ModelInfo {
        name: "tiny".into(),
        n_layers: 2,
        n_heads: 2,
        n_kv_heads: 1,
        d_model: 8,
        d_head: 4,
        n_vocab: 100,
        causal: true,
        word_level: false,
        ..ModelInfo::default()
    };
    let tokens = HOT_DOG.iter().enumerate().map(|(i, t)| Token { id: i as u32, text: t.to_string() }).collect();
    let mut trace = Trace { model, tokens, ..Trace::default() };
    let numbers = |len: usize, seed: usize| (0..len).map(|i| noise(seed * 997 + i) - 0.5).collect::<Vec<_>>();
    trace.arrays.insert("embed".into(), Array::new([n, 8], numbers(n * 8, 1)));
    for l in 0..2 {
        let pattern: Vec<f32> = (0..2).flat_map(|h| weights(n, l * 2 + h, true)).collect();
        trace.arrays.insert(format!("blocks.{l}.attn.pattern"), Array::new([2, n, n], pattern));
        trace.arrays.insert(format!("blocks.{l}.attn.q"), Array::new([2, n, 4], numbers(2 * n * 4, 5 + l)));
        trace.arrays.insert(format!("blocks.{l}.attn.k"), Array::new([1, n, 4], numbers(n * 4, 9 + l)));
    }
    trace
}
