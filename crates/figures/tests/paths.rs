//! The SVG of neighbours, journeys and cut edges, and what they promise on hostile data.

mod sample;

use attnscope::analysis::Journey;
use attnscope_figures::figure::{Canvas, in_context, journey, matrix, neighbours};
use attnscope_figures::{Scene, Target, Theme, svg};
use proptest::prelude::*;
use sample::paths;
use std::collections::HashSet;

#[test]
fn the_path_of_dog() {
    let state = journey::State { depth: Some(7), ..Default::default() };
    insta::assert_snapshot!("journey-light", svg::to_svg(&journey::render(&paths::dog(), &state, &Theme::LIGHT)));
}

#[test]
fn two_lists() {
    let scene = neighbours::render(&paths::near_dog(), &Default::default(), &Theme::LIGHT);
    insta::assert_snapshot!("neighbours-light", svg::to_svg(&scene));
}

#[test]
fn dog_is_among_the_foods_once_it_has_seen_hot() {
    let data = paths::dog_in_context();
    let kinds = |reading: usize, depth: usize| {
        data.nearest(reading, depth).into_iter().take(4).map(|word| data.words[word].kind).collect::<Vec<_>>()
    };
    assert!((0..3).all(|depth| kinds(0, depth) == [0; 4]), "by itself it is an animal, whatever the layer");
    assert_eq!(kinds(1, 0), [0; 4], "before any layer it is an animal in the sentence, too");
    assert_eq!(kinds(1, 2), [1; 4], "in the end it is food");
    let scene = in_context::render(&data, &in_context::State::default(), &Theme::LIGHT);
    assert!(scene.description.contains("in “the hot dog was”: pizza"), "{}", scene.description);
    insta::assert_snapshot!("in-context-light", rounded(&svg::to_svg(&scene)));
}

/// The numbers behind the marks to four places: the model computes them here, and how it rounds depends on the machine's
/// instructions.
fn rounded(svg: &str) -> String {
    const VALUE: &str = "data-value=\"";
    let mut parts = svg.split(VALUE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (value, rest) = part.split_once('"').unwrap();
        let value: f32 = value.parse().unwrap();
        out += &format!("{VALUE}{value:.4}\"{rest}");
    }
    out
}

#[test]
fn a_figure_is_as_wide_as_its_paper() {
    for (name, scene) in paths::scenes(&Theme::LIGHT).into_iter().filter(|(name, _)| !name.starts_with("matrix")) {
        assert!([330.0, 374.0, 521.0, 742.0, 760.0].contains(&scene.width), "{name}: {} wide", scene.width);
    }
}

#[test]
fn every_word_of_both_lists_has_an_index_of_its_own() {
    let data = paths::near_dog();
    let scene = neighbours::render(&data, &Default::default(), &Theme::LIGHT);
    let target = |key: &str| scene.node(key).and_then(|n| n.target);
    assert_eq!(target("bar-0-5"), Some(Target::Item { index: 5 }));
    assert_eq!(target("bar-1-0"), Some(Target::Item { index: 6 }));
    assert_eq!(scene.node("bar-1-1").and_then(|n| n.label.as_deref()), Some("sandwich: cosine 0.49"));
}

#[test]
fn the_line_does_not_jump_from_depth_to_depth() {
    let canvas = Canvas { width: 374.0, bare: true };
    let height = |depth| {
        let state = journey::State { canvas, depth: Some(depth) };
        journey::render(&paths::dog(), &state, &Theme::LIGHT).height
    };
    assert!((0..31).all(|depth| height(depth) == height(0)));
}

#[test]
fn a_cut_edge_is_crossed_and_says_so() {
    let state = matrix::State { cut: vec![(2, 1), (0, 3)], ..Default::default() };
    let scene = matrix::render(&sample::hot_dog(), &state, &Theme::LIGHT);
    let cell = scene.node("cell-2-1").unwrap();
    assert_eq!((cell.label.as_deref(), cell.value), (Some("dog to hot: cut"), Some(0.92)));
    assert!(scene.node("cut-2-1").is_some() && scene.node("number-2-1").is_none());
    assert!(scene.node("cut-0-3").is_none(), "the mask forbids it anyway");
    assert!(scene.caption.contains("cut") && scene.description.contains("dog to hot: cut."));
    let long = matrix::render(&sample::matrix(sample::words(100), 2, true), &state, &Theme::LIGHT);
    assert!(long.node("cut-2-1").is_some_and(|n| n.label.is_some()));
}

fn sound(scene: &Scene) {
    assert!(scene.is_finite(), "{}", scene.title);
    let mut keys = HashSet::new();
    scene.visit(&mut |node| assert!(node.key.iter().all(|key| keys.insert(key.clone())), "{:?}", node.key));
}

fn odd() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>(), -1.5f32..1.5, Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a model computed: finite coordinates, no two marks of one name, a table.
    #[test]
    fn nothing_breaks_them(
        names in prop::collection::vec("[ \\PC\u{0}-\u{1f}]{0,30}", 0..30),
        numbers in prop::collection::vec(odd(), 120),
        n in 0usize..90,
        split in 0usize..30,
        width in 0f32..1200.0,
    ) {
        let canvas = Canvas { width, bare: width < 500.0 };
        let words: Vec<(&str, f32)> = names.iter().map(String::as_str).zip(numbers.iter().copied()).collect();
        let (first, second) = words.split_at(split.min(words.len()));
        let lists = [paths::near("a", first), paths::near("b", second), paths::near("c", &words)];
        for k in 0..=lists.len() {
            let data = neighbours::Data { lists: lists[3 - k..].to_vec(), model: String::new() };
            sound(&neighbours::render(&data, &neighbours::State { canvas }, &Theme::DARK));
            sample::sound_table(&data.table());
        }
        let reading = |name: &str| in_context::Reading {
            name: name.into(),
            cosines: numbers.chunks(n.max(1)).map(<[f32]>::to_vec).collect(),
        };
        let all = names.iter().map(|name| in_context::Word { name: name.clone(), kind: split });
        let data = in_context::Data {
            readings: [reading("a"), names.first().map(|name| reading(name)).unwrap_or_default()],
            words: all.collect(),
            ..Default::default()
        };
        sound(&in_context::render(&data, &in_context::State { canvas, depth: Some(split) }, &Theme::DARK));
        sample::sound_table(&data.table());
        let path = |i: usize| numbers[i..i + n].to_vec();
        let found = Journey {
            paths: (0..names.len()).map(path).collect(),
            landmarks: [(0..split).map(path).collect(), (0..30 - split).map(path).collect()],
        };
        let poles = ["animal", names.first().map_or("", String::as_str)];
        let data = journey::Data::from_journey(found, poles[1], &names, [&names, &names], poles, poles[1], "m");
        sound(&journey::render(&data, &journey::State { canvas, depth: (n % 2 == 0).then_some(split) }, &Theme::DARK));
        sample::sound_table(&data.table());
    }
}
