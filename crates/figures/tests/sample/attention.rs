//! Figures of the arithmetic of attention, on the lesson model's own numbers.

use attnscope::Site;
use attnscope::{Model, Trace};
use attnscope_figures::figure::head::Head;
use attnscope_figures::figure::{Canvas, Part, attention_steps, projection, weighted_sum};
use attnscope_figures::{Scene, Theme};

pub const PHONE: Canvas = Canvas { width: 374.0, bare: true };
pub const SMALL_PHONE: Canvas = Canvas { width: 330.0, bare: true };
pub const TABLET: Canvas = Canvas { width: 500.0, bare: true };
pub const SMALL_PAGE: Canvas = Canvas { width: 620.0, bare: true };
pub const PAGE: Canvas = Canvas { width: 742.0, bare: true };

/// The lesson model's run over a sentence, everything kept, the matrices too.
pub fn lesson(text: &str) -> (Model, Trace) {
    let model = attnscope::lesson::model();
    let tokens = model.encode(text).unwrap();
    let trace = model.run(&tokens, &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
    (model, trace)
}

/// What attention reads: the rows of `resid_pre`, normed.
pub fn read(model: &Model, trace: &Trace, layer: usize) -> Vec<Vec<f32>> {
    let weight = &model.weights().blocks[layer].norms.before.as_ref().unwrap().weight;
    let resid = trace.layer(layer, Site::ResidPre).unwrap();
    let row = |x: &[f32]| {
        let mean = x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32;
        let scale = 1.0 / (mean + model.config().norm_eps).sqrt();
        x.iter().zip(weight).map(|(x, w)| x * scale * w).collect()
    };
    (0..trace.tokens.len()).map(|i| row(resid.row(&[i]).unwrap())).collect()
}

pub fn projection(part: Part, position: usize) -> projection::Data {
    let (model, trace) = lesson("the hot dog was");
    let block = &model.weights().blocks[0];
    let row = |site| trace.layer(0, site).unwrap().row(&[0, position]).unwrap().to_vec();
    let x = read(&model, &trace, 0).swap_remove(position);
    let (x, w, out) = match part {
        Part::Query => (x, block.q.weight.to_f32(), row(Site::Q)),
        Part::Key => (x, block.k.weight.to_f32(), row(Site::K)),
        Part::Value => (x, block.v.weight.to_f32(), row(Site::V)),
        Part::Output => {
            let out = trace.layer(0, Site::AttnOut).unwrap().row(&[position]).unwrap().to_vec();
            (row(Site::Z), model.w_o(0, 0), out)
        }
    };
    let w = projection::transposed(&w, x.len());
    let token = trace.tokens[position].text.clone();
    projection::Data::new(part, token, position, 0, 0, x, w, out, trace.model.name).unwrap()
}

/// A projection of a larger model, made by rule.
pub fn large_projection(d_in: usize, d_out: usize) -> projection::Data {
    let x = super::vector("x", d_in, 1).values;
    let w = super::vector("w", d_in * d_out, 2).values;
    let sum = |c: usize| x.iter().enumerate().map(|(i, x)| x * w[i * d_out + c]).sum();
    let out = (0..d_out).map(sum).collect();
    projection::Data::new(Part::Value, " dog", 2, 16, 1, x, w, out, "made-up numbers").unwrap()
}

/// The nearest words to a token before and after attention of a layer.
fn near(model: &Model, trace: &Trace, layer: usize, position: usize) -> [Vec<(String, f32)>; 2] {
    [Site::ResidPre, Site::ResidMid].map(|site| {
        let x = trace.layer(layer, site).unwrap().row(&[position]).unwrap();
        let words = attnscope::analysis::neighbours(model, x, 6);
        words.into_iter().map(|n| (n.text, n.cosine)).collect()
    })
}

pub fn weighted_sum(text: &str, layer: usize, position: usize) -> weighted_sum::Data {
    let (model, trace) = lesson(text);
    let [before, after] = near(&model, &trace, layer, position);
    weighted_sum::Data::from_trace(&trace, layer, 0, position, before, after).unwrap()
}

/// A head of a larger model, made by rule.
fn large_head(n: usize, n_heads: usize) -> Head {
    Head { layer: 16, n_heads, model: "made-up numbers".into(), ..Head::made(super::words(n), true) }
}

/// A token of a larger model, made by rule.
pub fn large_weighted_sum(n: usize, d_head: usize, d_model: usize) -> weighted_sum::Data {
    let weights = super::weights(n, 5, true).split_off(n * (n - 1));
    let values: Vec<Vec<f32>> = (0..n).map(|k| super::vector("v", d_head, k + 1).values).collect();
    let z = (0..d_head).map(|c| weights.iter().zip(&values).map(|(w, v)| w * v[c]).sum()).collect();
    let near = |seed: usize| super::words(9)[seed..].iter().map(|w| (w.clone(), 0.4 / seed as f32)).collect();
    weighted_sum::Data {
        of: large_head(n, 9),
        position: n - 1,
        weights,
        values,
        z,
        attn_out: super::vector("out", d_model, 3).values,
        before: near(2),
        after: near(4),
        ..Default::default()
    }
}

pub fn attention_steps(text: &str, layer: usize) -> attention_steps::Data {
    let (model, trace) = lesson(text);
    let x = read(&model, &trace, layer);
    attention_steps::Data::from_trace(&trace, layer, 0, x).unwrap()
}

/// One head of a larger model, made by rule.
pub fn large_steps(n: usize, d_head: usize, d_model: usize) -> attention_steps::Data {
    let rows = |seed: usize, d: usize| (0..n).map(|i| super::vector("", d, seed + i).values).collect::<Vec<_>>();
    let scaled =
        |seed: usize| rows(seed, d_head).into_iter().map(|r| r.into_iter().map(|x| x * 8.0).collect()).collect();
    let (q, k): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (scaled(100), scaled(300));
    let weigh = |i: usize| {
        let score = |j: usize| q[i].iter().zip(&k[j]).map(|(a, b)| a * b).sum::<f32>() / (d_head as f32).sqrt();
        let exp: Vec<f32> = (0..n).map(|j| if j > i { 0.0 } else { score(j).exp() }).collect();
        let sum: f32 = exp.iter().sum();
        exp.into_iter().map(|e| e / sum).collect()
    };
    let weights: Vec<Vec<f32>> = (0..n).map(weigh).collect();
    let v = rows(40, d_head);
    let mix = |row: &Vec<f32>| (0..d_head).map(|c| row.iter().zip(&v).map(|(w, v)| w * v[c]).sum()).collect();
    attention_steps::Data {
        of: large_head(n, 1),
        z: weights.iter().map(mix).collect(),
        x: rows(1, d_model),
        q: q.clone(),
        k: k.clone(),
        v: v.clone(),
        weights,
    }
}

const LONG: &str = "today the hot dog on the big rock near my old house was";

pub fn scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    let project = |part, canvas, component, row| {
        projection::render(&projection(part, 2), &projection::State { canvas, component, row }, theme)
    };
    let large = |d_in, d_out, canvas, component| {
        let state = projection::State { canvas, component, row: None };
        projection::render(&large_projection(d_in, d_out), &state, theme)
    };
    let mixed = |data: weighted_sum::Data, canvas, component, k_idx| {
        weighted_sum::render(&data, &weighted_sum::State { canvas, component, k_idx }, theme)
    };
    let dog = || weighted_sum("the hot dog was", 0, 2);
    let steps = |data: attention_steps::Data, canvas, step, q_idx, masked| {
        let state = attention_steps::State { canvas, step, q_idx, masked, ..Default::default() };
        attention_steps::render(&data, &state, theme)
    };
    let hot = || attention_steps("the hot dog was", 0);
    vec![
        ("attention-steps", attention_steps::render(&hot(), &Default::default(), theme)),
        ("attention-steps-0", steps(hot(), PAGE, 0, None, true)),
        ("attention-steps-1", steps(hot(), PAGE, 1, Some(2), true)),
        ("attention-steps-2", steps(hot(), PAGE, 2, None, true)),
        ("attention-steps-3", steps(hot(), PAGE, 3, None, true)),
        ("attention-steps-4", steps(hot(), PAGE, 4, Some(2), true)),
        ("attention-steps-5", steps(hot(), PAGE, 5, Some(2), true)),
        ("attention-steps-unmasked", steps(hot(), PAGE, 5, Some(1), false)),
        ("attention-steps-13", steps(attention_steps(LONG, 0), PAGE, 5, Some(4), true)),
        ("attention-steps-1-token", steps(attention_steps("the", 0), PAGE, 6, Some(0), true)),
        ("attention-steps-large", steps(large_steps(40, 64, 576), PAGE, 6, Some(9), true)),
        ("attention-steps-phone-1", steps(hot(), PHONE, 1, None, true)),
        ("attention-steps-phone-6", steps(hot(), PHONE, 6, Some(2), true)),
        ("attention-steps-phone-13", steps(attention_steps(LONG, 0), SMALL_PHONE, 4, Some(4), true)),
        ("attention-steps-phone-large", steps(large_steps(40, 64, 576), PHONE, 3, None, true)),
        ("attention-steps-tablet", steps(hot(), TABLET, 4, Some(1), true)),
        ("attention-steps-small-page", steps(attention_steps(LONG, 0), SMALL_PAGE, 2, None, true)),
        ("weighted-sum-tablet", mixed(dog(), TABLET, Some(4), None)),
        ("weighted-sum-small-page", mixed(weighted_sum(LONG, 1, 12), SMALL_PAGE, Some(4), None)),
        ("projection-tablet", project(Part::Output, TABLET, Some(30), None)),
        ("projection-small-page", project(Part::Value, SMALL_PAGE, Some(15), Some(31))),
        ("weighted-sum", mixed(dog(), Canvas::default(), Some(5), None)),
        ("weighted-sum-was", mixed(weighted_sum("the hot dog on the rock was", 1, 6), PAGE, None, Some(2))),
        ("weighted-sum-was-column", mixed(weighted_sum("the hot dog on the rock was", 1, 6), PAGE, Some(15), None)),
        ("weighted-sum-phone", mixed(dog(), PHONE, Some(15), Some(1))),
        ("weighted-sum-small-phone", mixed(weighted_sum("the hot dog was", 1, 3), SMALL_PHONE, None, None)),
        ("weighted-sum-300", mixed(large_weighted_sum(300, 64, 576), PAGE, Some(9), None)),
        ("weighted-sum-1", mixed(weighted_sum("the", 0, 0), PAGE, Some(0), None)),
        ("projection-q", project(Part::Query, Canvas::default(), None, None)),
        ("projection-q-column", project(Part::Query, PAGE, Some(5), None)),
        ("projection-k-cell", project(Part::Key, PAGE, Some(11), Some(7))),
        ("projection-v-row", project(Part::Value, PAGE, None, Some(7))),
        ("projection-o-column", project(Part::Output, PAGE, Some(20), None)),
        ("projection-q-phone", project(Part::Query, PHONE, Some(5), None)),
        ("projection-k-phone-none", project(Part::Key, SMALL_PHONE, None, None)),
        ("projection-o-phone", project(Part::Output, SMALL_PHONE, Some(20), Some(3))),
        ("projection-576x64", large(576, 64, PAGE, Some(9))),
        ("projection-64x576", large(64, 576, PAGE, Some(300))),
        ("projection-2048x128-phone", large(2048, 128, PHONE, None)),
    ]
}
