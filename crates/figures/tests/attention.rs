//! The figures of attention's arithmetic: on the lesson model's numbers, on shared heads, on hostile numbers.

mod sample;

use attnscope::Site;
use attnscope::{Array, Trace};
use attnscope_figures::figure::head::Head;
use attnscope_figures::figure::{Canvas, Error, Part, attention_steps, projection, weighted_sum};
use attnscope_figures::{Scene, Table, Theme, svg};
use attnscope_figures::{Shape, Stroke, Target};
use proptest::prelude::*;
use sample::attention::{self as lesson, PAGE};
use std::collections::HashSet;
use usvg::roxmltree::Document;

#[test]
fn figures_fill_their_canvas_and_can_be_read() {
    for (name, scene) in lesson::scenes(&Theme::LIGHT) {
        assert!([330.0, 374.0, 500.0, 620.0, 742.0, 760.0].contains(&scene.width), "{name}: {}", scene.width);
        scene.visit(&mut |node| {
            if let Shape::Text { size, .. } = node.shape {
                assert!(size >= 10.5, "{name}: {:?}", node.shape);
            }
        });
    }
}

/// A page shows a figure without 27 pixels of its margin.
#[test]
fn nothing_stands_where_the_page_crops() {
    for (name, scene) in lesson::scenes(&Theme::LIGHT) {
        scene.visit(&mut |node| {
            let half = |stroke: &Option<Stroke>| stroke.map_or(0.0, |s| s.width / 2.0);
            let (left, right) = match &node.shape {
                Shape::Rect { x, width, stroke, .. } => (x - half(stroke), x + width + half(stroke)),
                Shape::Raster { x, width, .. } => (*x, x + width),
                Shape::Line { x1, x2, .. } => (x1.min(*x2), x1.max(*x2)),
                _ => return,
            };
            assert!(left >= 27.0 && right <= scene.width - 27.0 + 0.01, "{name}: {:?} {left} {right}", node.shape);
        });
    }
}

#[test]
fn the_lesson_models_numbers_add_up() {
    for part in Part::ALL {
        let data = lesson::projection(part, 2);
        assert!(data.adds_up(), "{part:?}");
        let c = 3;
        let state = projection::State { canvas: PAGE, component: Some(c), row: None };
        let scene = projection::render(&data, &state, &Theme::LIGHT);
        let value = |key: String| scene.node(&key).and_then(|n| n.value).unwrap();
        let terms: f32 = (0..data.x.len()).map(|i| value(format!("term-{i}"))).sum();
        assert!((terms - data.out[c]).abs() < 1e-4 && value("sum".into()) - data.out[c] < 1e-4, "{part:?}");
    }
    let data = lesson::weighted_sum("the hot dog was", 0, 2);
    let sum: f32 = data.weights.iter().zip(&data.values).map(|(w, v)| w * v[7]).sum();
    assert!((sum - data.z[7]).abs() < 1e-5);
    assert_eq!(data.before[0].0, "dog");
}

/// Four heads that share two heads of keys and values.
fn shared_heads() -> Trace {
    let mut trace = sample::trace();
    (trace.model.n_heads, trace.model.n_kv_heads) = (4, 2);
    let n = trace.tokens.len();
    let numbers = |len: usize, seed: usize| (0..len).map(|i| (seed * 1000 + i) as f32).collect::<Vec<_>>();
    let pattern: Vec<f32> = (0..4).flat_map(|h| sample::weights(n, h, true)).collect();
    trace.arrays.insert("blocks.0.attn.pattern".into(), Array::new([4, n, n], pattern));
    for (name, heads, seed) in [("q", 4, 1), ("k", 2, 2), ("v", 2, 3), ("z", 4, 4)] {
        let array = Array::new([heads, n, 4], numbers(heads * n * 4, seed));
        trace.arrays.insert(format!("blocks.0.attn.{name}"), array);
    }
    trace.arrays.insert("blocks.0.attn_out".into(), Array::new([n, 8], numbers(n * 8, 5)));
    trace
}

#[test]
fn a_head_uses_its_head_of_keys_and_values() {
    let trace = shared_heads();
    let v = trace.layer(0, Site::V).unwrap();
    let mixed = weighted_sum::Data::from_trace(&trace, 0, 2, 1, vec![], vec![]).unwrap();
    assert_eq!((mixed.of.kv_head, mixed.values[3].as_slice()), (1, v.row(&[1, 3]).unwrap()));
    let scene = weighted_sum::render(&mixed, &Default::default(), &Theme::LIGHT);
    let value = Site::V.in_layer(0, [1, 0, 2]);
    assert_eq!(scene.node("v-0-2").unwrap().target, Some(Target::Number { number: value }));
    assert!(scene.caption.contains("all 4 heads"), "{}", scene.caption);
    let steps = attention_steps::Data::from_trace(&trace, 0, 3, vec![vec![0.0; 8]; 4]).unwrap();
    assert_eq!(steps.v[0], v.row(&[1, 0]).unwrap());
    assert_eq!(steps.q[0], trace.layer(0, Site::Q).unwrap().row(&[3, 0]).unwrap());
    let beyond = weighted_sum::Data::from_trace(&trace, 0, 0, 9, vec![], vec![]).unwrap_err();
    assert_eq!(beyond, Error::NoSuch { what: "token", index: 9, len: 4 });
}

/// All three with these numbers, every choice beyond or within, and their tables.
fn all(tokens: &[String], odd: &[f32], chosen: usize, width: f32, masked: bool) -> (Vec<Scene>, Vec<Table>) {
    let (n, canvas, theme) = (tokens.len(), Canvas { width, bare: false }, &Theme::DARK);
    let rows = |d: usize, from: usize| -> Vec<Vec<f32>> {
        (0..n).map(|i| (0..d).map(|c| odd[(from + i * d + c) % odd.len()]).collect()).collect()
    };
    let words: Vec<(String, f32)> = tokens.iter().cloned().zip(odd.iter().copied()).collect();
    let (x, out) = (odd[..chosen].to_vec(), odd[..n].to_vec());
    let w = odd.iter().copied().cycle().take(x.len() * n).collect();
    let projected = projection::Data::new(Part::Key, &tokens[0], 0, 0, 0, x, w, out, "m").unwrap();
    let mixed = weighted_sum::Data {
        of: Head::made(tokens.to_vec(), true),
        position: chosen,
        weights: odd[..n].to_vec(),
        values: rows(3, 0),
        z: odd[..3].to_vec(),
        attn_out: odd[..chosen].to_vec(),
        before: words.clone(),
        after: words.into_iter().rev().collect(),
        ..Default::default()
    };
    let steps = attention_steps::Data {
        of: Head::made(tokens.to_vec(), true),
        x: rows(5, 1),
        q: rows(3, 2),
        k: rows(3, 3),
        v: rows(3, 4),
        z: rows(3, 5),
        weights: rows(n, 6),
    };
    let (component, row) = (Some(chosen), Some(chosen / 2));
    let first = projection::State { canvas, component: Some(0), row: None };
    let mut scenes = vec![
        projection::render(&projected, &projection::State { canvas, component, row }, theme),
        projection::render(&projected, &first, theme),
        weighted_sum::render(&mixed, &weighted_sum::State { canvas, component: Some(1), k_idx: row }, theme),
        projection::render(&Default::default(), &Default::default(), theme),
        weighted_sum::render(&Default::default(), &Default::default(), theme),
    ];
    for step in 0..8 {
        let state = attention_steps::State { canvas, step, q_idx: row, masked, ..Default::default() };
        scenes.push(attention_steps::render(&steps, &state, theme));
        scenes.push(attention_steps::render(&Default::default(), &state, theme));
    }
    let state = attention_steps::State { masked, ..Default::default() };
    let tables = vec![
        projected.table(&first),
        mixed.table(),
        steps.table(&state),
        projection::Data::default().table(&first),
        weighted_sum::Data::default().table(),
        attention_steps::Data::default().table(&state),
    ];
    (scenes, tables)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_breaks_them(
        tokens in prop::collection::vec("[ \\PC\u{0}-\u{1f}]{0,12}", 1..20),
        odd in prop::collection::vec(prop_oneof![any::<f32>(), 0f32..1.0, Just(f32::NAN), Just(f32::INFINITY)], 97),
        chosen in 0usize..40,
        width in 0f32..2000.0,
        masked: bool,
    ) {
        let (scenes, tables) = all(&tokens, &odd, chosen, width, masked);
        tables.iter().for_each(sample::sound_table);
        for scene in scenes {
            prop_assert!(scene.is_finite(), "{}", scene.title);
            prop_assert!(Document::parse(&svg::to_svg(&scene)).is_ok(), "{}", scene.title);
            let mut keys = HashSet::new();
            let mut twice = None;
            scene.visit(&mut |node| {
                if let Some(key) = node.key.as_ref().filter(|key| !keys.insert((*key).clone())) {
                    twice = Some(key.clone());
                }
            });
            prop_assert_eq!(twice, None);
        }
    }
}

/// The file, with pictures inside left out: their bytes depend on the version of a compressor.
fn file(scene: &Scene) -> String {
    let svg = svg::to_svg(scene);
    let mut parts = svg.split("base64,");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| format!("{out}base64,…{}", &part[part.find('"').unwrap_or(0)..]))
}

#[test]
fn a_small_projection() {
    let w = vec![1.0, 2.0, 3.0, 4.0, -5.0, 6.0];
    let data =
        projection::Data::new(Part::Key, " dog", 2, 1, 0, vec![1.0, 2.0], w, vec![9.0, -8.0, 15.0], "made-up numbers");
    let state = projection::State { component: Some(1), ..Default::default() };
    insta::assert_snapshot!("projection-light", file(&projection::render(&data.unwrap(), &state, &Theme::LIGHT)));
}

#[test]
fn a_small_weighted_sum() {
    let data = weighted_sum::Data {
        of: Head { model: "made-up numbers".into(), ..Head::made(sample::strings(&sample::HOT_DOG), true) },
        position: 2,
        weights: vec![0.25, 0.5, 0.25, 0.0],
        values: vec![vec![1.0, 0.0], vec![-2.0, 1.0], vec![4.0, 2.0], vec![9.0, 9.0]],
        z: vec![0.25, 1.0],
        attn_out: vec![0.5, -0.25, 1.0],
        before: vec![(" dog".into(), 0.9), (" cat".into(), 0.6)],
        after: vec![(" sausage".into(), 0.8), (" dog".into(), 0.7)],
        ..Default::default()
    };
    let state = weighted_sum::State { component: Some(0), ..Default::default() };
    insta::assert_snapshot!("weighted-sum-light", file(&weighted_sum::render(&data, &state, &Theme::LIGHT)));
}

#[test]
fn small_attention_steps() {
    let state = attention_steps::State { q_idx: Some(1), ..Default::default() };
    let data = lesson::large_steps(2, 2, 3);
    insta::assert_snapshot!("attention-steps-light", file(&attention_steps::render(&data, &state, &Theme::LIGHT)));
}
