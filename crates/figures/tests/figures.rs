//! What every figure promises, checked on all the states of the gallery and on hostile data.

mod sample;

use attnscope::Array;
use attnscope::Number;
use attnscope::Site;
use attnscope::analysis::MapTile;
use attnscope_figures::figure::{
    Pattern, arcs, components, head_grid, logit_lens, map, matrix, next_tokens, vector_strip,
};
use attnscope_figures::{Anchor, Shape, Target};
use attnscope_figures::{Scene, Table, Theme, svg, text};
use proptest::prelude::*;
use sample::{HOT_DOG, strings};
use std::collections::HashSet;
use usvg::roxmltree::Document;

/// Left, top, right, bottom of a text, turned texts included.
fn extent(shape: &Shape) -> Option<[f32; 4]> {
    let Shape::Text { x, y, runs, anchor, size, weight, rotate, .. } = shape else { return None };
    let w = text::runs_width(runs, *size, *weight);
    let left = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -w / 2.0,
        Anchor::End => -w,
    };
    let (sin, cos) = rotate.to_radians().sin_cos();
    let corners = [(left, -size * 0.75), (left + w, -size * 0.75), (left, size * 0.1), (left + w, size * 0.1)]
        .map(|(dx, dy)| (x + dx * cos - dy * sin, y + dx * sin + dy * cos));
    let fold = |f: fn(f32, f32) -> f32, start: f32, at: fn(&(f32, f32)) -> f32| corners.iter().map(at).fold(start, f);
    Some([
        fold(f32::min, f32::INFINITY, |c| c.0),
        fold(f32::min, f32::INFINITY, |c| c.1),
        fold(f32::max, f32::NEG_INFINITY, |c| c.0),
        fold(f32::max, f32::NEG_INFINITY, |c| c.1),
    ])
}

/// The gallery in English and in every other language, whose words may be longer.
fn in_every_language() -> Vec<(String, Scene)> {
    let scenes = |code: &str| {
        let language = attnscope_words::language(code).unwrap();
        let drawn = attnscope_words::speaking(language, || sample::scenes::scenes(&Theme::LIGHT));
        drawn.into_iter().map(|(name, scene)| (format!("{name} in {code}"), scene)).collect::<Vec<_>>()
    };
    ["en", "de", "es"].into_iter().flat_map(scenes).collect()
}

#[test]
fn no_text_leaves_the_picture() {
    let mut outside = Vec::new();
    for (name, scene) in in_every_language() {
        scene.visit(&mut |node| {
            let Some([left, top, right, bottom]) = extent(&node.shape) else { return };
            // A page shows a figure without its margin at the left (`CROP` of the page crate).
            let inside = left >= 26.0 && top >= 0.0 && right <= scene.width && bottom <= scene.height;
            if !inside {
                outside.push(format!("{name}: “{}” reaches {left} {top} {right} {bottom}", said(&node.shape)));
            }
        });
    }
    assert!(outside.is_empty(), "{}", outside.join("\n"));
}

#[test]
fn no_two_upright_texts_overlap() {
    let mut overlaps = Vec::new();
    for (name, scene) in in_every_language() {
        let mut seen: Vec<([f32; 4], &Shape)> = Vec::new();
        scene.visit(&mut |node| {
            let upright = matches!(node.shape, Shape::Text { rotate: 0.0, .. });
            let Some(b) = extent(&node.shape).filter(|_| upright) else { return };
            for (a, other) in &seen {
                let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                if !apart {
                    overlaps.push(format!("{name}: “{}” and “{}”", said(other), said(&node.shape)));
                }
            }
            seen.push((b, &node.shape));
        });
    }
    assert!(overlaps.is_empty(), "{}", overlaps.join("\n"));
}

/// What a text says.
fn said(shape: &Shape) -> String {
    let Shape::Text { runs, .. } = shape else { return String::new() };
    runs.iter().map(|run| run.text.as_str()).collect()
}

#[test]
fn a_finger_has_room_to_take_hold_of_every_handle() {
    let mut found = 0;
    for (name, scene) in sample::scenes::scenes(&Theme::LIGHT) {
        scene.visit(&mut |node| {
            let Some(Target::Handle { index }) = node.target.filter(|_| node.label.is_some()) else { return };
            let room = scene.node(&format!("reach-{index}"));
            let Some(Shape::Circle { r, fill: None, stroke: None, .. }) = room.map(|room| &room.shape) else {
                panic!("{name}: no room around {:?}", node.key);
            };
            assert!(*r >= 22.0 && room.unwrap().target == node.target, "{name}");
            found += 1;
        });
    }
    assert!(found > 10, "{found}");
}

#[test]
fn keys_name_one_mark_each() {
    for (name, scene) in sample::scenes::scenes(&Theme::DARK) {
        let mut keys = HashSet::new();
        scene.visit(&mut |node| {
            let Some(key) = &node.key else { return };
            assert!(keys.insert(key.clone()), "{name}: `{key}` twice");
        });
        assert!(!keys.is_empty(), "{name} has no keys");
    }
}

#[test]
fn files_are_well_formed_and_alone() {
    for (name, scene) in sample::scenes::scenes(&Theme::LIGHT) {
        let svg = svg::to_svg(&scene);
        assert!(Document::parse(&svg).is_ok(), "{name}");
        assert_eq!(svg.matches("http").count(), 1, "{name} names a host");
        assert!(!svg.contains("<script"), "{name}");
        assert!(scene.description.len() > 40, "{name}: {}", scene.description);
        assert!(serde_json::to_string(&scene).is_ok(), "{name}");
    }
}

#[test]
fn both_themes_draw_the_same_marks() {
    let (light, dark) = (sample::scenes::scenes(&Theme::LIGHT), sample::scenes::scenes(&Theme::DARK));
    for ((name, a), (_, b)) in light.iter().zip(&dark) {
        assert_eq!(a.texts(), b.texts(), "{name}");
        assert_ne!(a.background, b.background);
    }
}

#[test]
fn long_texts_keep_figures_of_words_to_a_size() {
    let tokens = sample::words(3000);
    let word = |p| attnscope::NextToken { id: 7, text: " it".into(), p };
    let scene = arcs::render(&sample::matrix(tokens.clone(), 4, true), &Default::default(), &Theme::LIGHT);
    assert!(scene.width < 3000.0, "{}", scene.width);
    assert!(scene.texts().iter().any(|t| t.contains("Only some tokens are named")), "{:?}", scene.texts());

    let data = next_tokens::Data {
        tokens: tokens.clone(),
        next: vec![word(0.5)],
        n_vocab: 100,
        model: "tiny".into(),
        word_level: false,
        masked: None,
    };
    let scene = next_tokens::render(&data, &Default::default(), &Theme::LIGHT);
    assert!(scene.height < 1500.0, "{}", scene.height);
    assert!(scene.node("token-2999").is_some() && scene.node("token-0").is_none());
    assert!(scene.texts().iter().any(|t| t.contains("2,900 tokens before these")), "{:?}", scene.texts());

    let row = |label: &str| attnscope::analysis::LensRow {
        label: label.into(),
        top: tokens.iter().map(|_| vec![word(0.5)]).collect(),
    };
    let data = logit_lens::Data {
        tokens: tokens.clone(),
        rows: vec![row("embed"), row("0")],
        first: 0,
        model: "tiny".into(),
        word_level: false,
    };
    let scene = logit_lens::render(&data, &Default::default(), &Theme::LIGHT);
    assert!(scene.width < 1800.0, "{}", scene.width);
    assert!(scene.node("cell-1-2999").is_some() && scene.node("cell-1-0").is_none());
    assert!(scene.texts().iter().any(|t| t.contains("Tokens 2976 to 2999")), "{:?}", scene.texts());
    let state = logit_lens::State { selected: Some((1, 5)), ..Default::default() };
    let scene = logit_lens::render(&data, &state, &Theme::LIGHT);
    assert!(scene.node("cell-1-5").is_some() && scene.node("chosen-cell").is_some());
}

#[test]
fn on_a_phone_a_short_sentence_needs_no_scrolling() {
    let (_, trace) = sample::attention::lesson("the hot dog was");
    for width in [328.0, 382.0, 412.0, 742.0] {
        let canvas = attnscope_figures::figure::Canvas { width, bare: true };
        let data = components::Data::from_trace(&trace, 0, 0, 2).unwrap();
        let state = components::State { canvas, component: Some(5), k_idx: Some(1) };
        let parts = components::render(&data, &state, &Theme::LIGHT);
        let data = matrix::Data::from_trace(&trace, 0, 0).unwrap();
        let state = arcs::State { canvas, q_idx: Some(2), ..Default::default() };
        for scene in [&parts, &arcs::render(&data, &state, &Theme::LIGHT)] {
            assert!(scene.width <= width, "{}: {} of {width}", scene.title, scene.width);
        }
        for text in ["sum", "÷ √16", "softmax: weight", "45.51", "11.38", "81\u{202f}%"] {
            assert!(parts.texts().iter().any(|t| t == text), "{width}: {text} of {:?}", parts.texts());
        }
        assert!(!parts.caption.contains("want of room"), "{}", parts.caption);
    }
}

#[test]
fn of_many_components_a_phone_shows_the_products() {
    let canvas = attnscope_figures::figure::Canvas { width: 382.0, bare: true };
    for d in [64, 128] {
        let data = sample::components(strings(&HOT_DOG), 2, d);
        let scene = components::render(&data, &components::State { canvas, ..Default::default() }, &Theme::LIGHT);
        assert!(
            scene.width <= 382.0 && scene.caption.contains("for want of room"),
            "{}: {}",
            scene.width,
            scene.caption
        );
        assert!(scene.node("product-k1-0").is_some() && scene.node("component-k1-0").is_none());
    }
}

#[test]
fn many_vectors_are_one_raster_of_bounded_size() {
    use vector_strip::{Data, Vector, render};
    for n in [17, 64, 300, 5000] {
        let vector = |i: usize| Vector { name: format!(" w{i}"), values: vec![i as f32; 33], first: None };
        let data = Data { vectors: (0..n).map(vector).collect(), ..Data::default() };
        let scene = render(&data, &Default::default(), &Theme::LIGHT);
        assert!(scene.height < 1200.0 && scene.width < 900.0, "{n}: {} × {}", scene.width, scene.height);
        let Some(Shape::Raster { image, .. }) = scene.node("vectors").map(|n| &n.shape) else { panic!("no raster") };
        assert_eq!((image.width(), image.height()), (33, n));
        let mut nodes = 0;
        scene.visit(&mut |_| nodes += 1);
        assert!(nodes < 300, "{n}: {nodes}");
        assert!(scene.description.contains("w0") && scene.description.len() < 300, "{}", scene.description);
    }
}

#[test]
fn pictures_lead_to_their_numbers() {
    let scenes = sample::scenes::scenes(&Theme::LIGHT);
    let target = |scene: &str, key: &str| {
        let scene = scenes.iter().find(|(name, _)| *name == scene).map(|(_, scene)| scene);
        scene.and_then(|scene| scene.node(key)).and_then(|node| node.target)
    };
    let numbers = |first: Number, columns, rows| Some(Target::Numbers { first, columns, rows });
    let x = Site::AttnIn.in_layer(16, [0, 0]);
    assert_eq!(target("attention-steps-large", "x-0"), numbers(x, 576, 1));
    let k = Site::K.in_layer(16, [0, 3, 0]);
    assert_eq!(target("attention-steps-phone-large", "k-3"), numbers(k, 64, 1));
    let out = Site::AttnOut.in_layer(16, [299, 0]);
    assert_eq!(target("weighted-sum-300", "attn-out"), numbers(out, 576, 1));
    let x = Site::AttnIn.in_layer(16, [2, 0]);
    assert_eq!(target("projection-576x64", "x"), numbers(x, 1, 576));
    assert_eq!(target("projection-576x64", "w"), Some(Target::Items { columns: 64, rows: 576 }));
    let mut data = sample::vectors(900);
    let embed = |component| Site::Embed.at([2, component]);
    data.vectors[2].first = Some(embed(0));
    let scene = vector_strip::render(&data, &Default::default(), &Theme::LIGHT);
    assert_eq!(scene.node("strip-2-1").and_then(|node| node.target), numbers(embed(96), 96, 1));
    assert_eq!(scene.node("strip-1-1").and_then(|node| node.target), None, "no numbers of a run");
}

#[test]
fn long_texts_are_one_raster_of_bounded_size() {
    let scene = matrix::render(&sample::matrix(sample::words(1000), 4, true), &Default::default(), &Theme::LIGHT);
    let mut count = 0;
    scene.visit(&mut |_| count += 1);
    assert!(count < 120, "{count} marks");
    let Some(Shape::Raster { image, width, .. }) = scene.node("pattern").map(|n| &n.shape) else { panic!("no raster") };
    assert_eq!((image.width(), *width), (500, 500.0), "two tokens a pixel");
    assert!(scene.texts().iter().any(|t| t.contains("largest weight of 2")), "the caption says so");
    // 64 tokens still have a cell each, 65 have not.
    let cells =
        |n: usize| matrix::render(&sample::matrix(sample::words(n), 0, true), &Default::default(), &Theme::LIGHT);
    assert!(cells(64).node("cell-63-63").is_some() && cells(65).node("cell-64-64").is_none());
}

#[test]
fn a_trace_becomes_every_figure() {
    let trace = sample::trace();
    let data = matrix::Data::from_trace(&trace, 1, 1).unwrap();
    assert_eq!(data.pattern.weight(2, 1), trace.pattern(1, 1).ok().map(|p| p.data()[9]));
    assert_eq!(head_grid::Data::from_trace(&trace).unwrap().thumbs.len(), 2);
    assert_eq!(components::Data::from_trace(&trace, 0, 1, 2).unwrap().of.position(), 2);
    assert_eq!(vector_strip::Data::from_trace(&trace, "embed", &[0, 2]).unwrap().vectors[1].name, " dog");
    let most = map::most_pixels(&Default::default());
    let part = map::Data::from_trace(&trace, (1, 1), (1..3, 0..3), most).unwrap();
    assert_eq!(
        (part.weight(map::Pool::Max, 1, 1), part.weight(map::Pool::Max, 0, 2)),
        (data.pattern.weight(2, 1), None)
    );
    let missing = vector_strip::Data::from_trace(&trace, "blocks.0.mlp_out", &[0]).unwrap_err();
    assert_eq!(missing.to_string(), "the trace does not hold `blocks.0.mlp_out`; capture it");
    let beyond = matrix::Data::from_trace(&trace, 1, 2).unwrap_err();
    assert_eq!(beyond.to_string(), "there is no head 2: the trace has 2, counted from 0");
}

/// Everything that can be drawn of these tokens and weights, with its tables.
fn all(tokens: &[String], weights: Vec<f32>, chosen: usize, width: f32) -> (Vec<Scene>, Vec<Table>) {
    let canvas = attnscope_figures::figure::Canvas { width, bare: false };
    let pattern = Pattern::new(0, 0, tokens.len(), weights.clone(), true).unwrap();
    let matrix_data =
        matrix::Data { tokens: tokens.to_vec(), pattern: pattern.clone(), model: "m".into(), word_level: false };
    let values: Vec<f32> = weights.iter().copied().take(40).collect();
    let vector = vector_strip::Vector { name: tokens[0].clone(), values: values.clone(), first: None };
    let strips =
        vector_strip::Data { vectors: vec![vector.clone(), vector], difference: Some((0, 1)), ..Default::default() };
    let p = weights[0];
    let next: Vec<_> = tokens.iter().map(|t| attnscope::NextToken { id: 0, text: t.clone(), p }).take(1).collect();
    let key = |&w: &f32| attnscope::analysis::KeyComponents {
        k: values.clone(),
        product: values.clone(),
        dot: w,
        bias: 0.0,
        score: w,
        weight: w,
    };
    let keys = weights[..tokens.len()].iter().map(key).collect();
    let row = attnscope::analysis::Components {
        layer: 0,
        head: 0,
        q_idx: 0,
        q: values.clone(),
        scale: p,
        soft_cap: None,
        sink: None,
        keys,
    };
    let apart = components::Data { of: attnscope_figures::figure::head::Row::made(tokens.to_vec(), true, chosen), row };
    let top = tokens.iter().map(|_| next.clone()).collect();
    let rows = vec![attnscope::analysis::LensRow { label: "embed".into(), top }];
    let lens = logit_lens::Data { tokens: tokens.to_vec(), rows, first: 0, model: String::new(), word_level: false };
    let next = next_tokens::Data {
        tokens: tokens.to_vec(),
        next,
        n_vocab: 0,
        model: String::new(),
        word_level: false,
        masked: None,
    };
    let grid = head_grid::Data {
        tokens: tokens.to_vec(),
        thumbs: vec![vec![pattern]],
        scores: Some(head_grid::Scores { name: "s".into(), values: vec![vec![p]] }),
        model: String::new(),
        word_level: false,
    };
    let square = Array::new([tokens.len(), tokens.len()], weights.clone());
    let tile = MapTile { rows: 0..tokens.len(), cols: 0..tokens.len(), max: square.clone(), mean: square };
    let model = attnscope::ModelInfo { causal: true, ..Default::default() };
    let far = map::Data { tokens: tokens.to_vec(), layer: 0, head: 0, q_len: tokens.len(), tile, model };
    let theme = &Theme::DARK;
    let q_idx = Some(chosen);
    let scenes = vec![
        matrix::render(
            &matrix_data,
            &matrix::State { canvas, q_idx, k_idx: q_idx, full_at: Some(p), cut: vec![(chosen, 0), (0, chosen)] },
            theme,
        ),
        arcs::render(&matrix_data, &arcs::State { canvas, q_idx, min_weight: 0.02 }, theme),
        map::render(&far, &map::State { canvas, pool: map::Pool::Mean, full_at: Some(p) }, theme),
        head_grid::render(&grid, &head_grid::State { canvas, selected: Some((0, 0)), full_at: Some(p) }, theme),
        vector_strip::render(&strips, &vector_strip::State { canvas, component: q_idx }, theme),
        components::render(&apart, &components::State { canvas, component: q_idx, k_idx: q_idx }, theme),
        logit_lens::render(&lens, &logit_lens::State { canvas, selected: Some((0, chosen)) }, theme),
        next_tokens::render(&next, &next_tokens::State { canvas, selected: q_idx, max_p: Some(p) }, theme),
    ];
    let tables =
        vec![matrix_data.table(), far.table(), grid.table(), strips.table(), apart.table(), lens.table(), next.table()];
    (scenes, tables)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a model computed and a prompt holds: finite coordinates, a file that can be read, a table.
    #[test]
    fn nothing_breaks_a_figure(
        tokens in prop::collection::vec("[ \\PC\u{0}-\u{1f}]{0,12}", 1..9),
        odd in prop::collection::vec(prop_oneof![any::<f32>(), 0f32..1.0, Just(f32::NAN), Just(f32::INFINITY)], 81),
        chosen in 0usize..10,
        width in 0f32..2000.0,
    ) {
        let weights = odd[..tokens.len() * tokens.len()].to_vec();
        let (scenes, tables) = all(&tokens, weights, chosen, width);
        tables.iter().for_each(sample::sound_table);
        for scene in scenes {
            prop_assert!(scene.is_finite(), "{}", scene.title);
            let svg = svg::to_svg(&scene);
            prop_assert!(Document::parse(&svg).is_ok(), "{svg}");
            for bad in ["=\"NaN", "=\"inf", "=\"-inf"] {
                // A value may be no number; a coordinate may not.
                prop_assert_eq!(svg.matches(bad).count(), svg.matches(&format!("data-value{bad}")).count());
            }
        }
    }
}

/// Text smaller than this is hard to read. A number that has no room for it is not written: its cell tells it.
const SMALLEST: f32 = 13.0;

#[test]
fn no_text_is_too_small_to_read() {
    let mut small = Vec::new();
    for (name, scene) in sample::scenes::scenes(&Theme::LIGHT) {
        // Where the last text ends, and its size.
        let mut last = (0.0, 0.0);
        scene.visit(&mut |node| {
            let Shape::Text { x, runs, size, weight, anchor, .. } = &node.shape else { return };
            // What is lowered or raised in a formula is smaller than the letter that it begins at: Q in W_Q.
            let script = (x - last.0).abs() < 1.0 && last.1 >= SMALLEST && *size >= 0.7 * last.1;
            if *size < SMALLEST && !script {
                small.push(format!("{name}: {size} px “{}”", said(&node.shape)));
            }
            if *anchor == Anchor::Start && *size >= SMALLEST {
                last = (x + text::runs_width(runs, *size, *weight), *size);
            }
        });
    }
    assert!(small.is_empty(), "{}", small.join("\n"));
}
