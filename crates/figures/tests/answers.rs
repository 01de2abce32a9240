//! The SVG of compared answers and of what a model is given, and what they promise on hostile data.

mod sample;

use attnscope_figures::figure::{Canvas, compare, tokens};
use attnscope_figures::{Scene, Theme, svg};
use proptest::prelude::*;
use sample::answers;
use std::collections::HashSet;

#[test]
fn two_runs() {
    let scene = compare::render(&answers::compared(2), &compare::State::default(), &Theme::LIGHT);
    insta::assert_snapshot!("compare-light", svg::to_svg(&scene));
}

#[test]
fn tokens_of_the_hot_dog() {
    let data = answers::given(answers::lesson_words(4), 32);
    let scene = tokens::render(&data, &tokens::State { idx: Some(2), ..Default::default() }, &Theme::LIGHT);
    insta::assert_snapshot!("tokens-light", picture_free(&svg::to_svg(&scene)));
}

/// The file without the bytes of the legend's picture, which depend on the version of a compressor.
fn picture_free(svg: &str) -> String {
    let mut parts = svg.split("base64,");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |out, part| out + "base64,…" + &part[part.find('"').unwrap()..])
}

#[test]
fn a_figure_is_as_wide_as_its_paper() {
    for (name, scene) in answers::scenes(&Theme::LIGHT) {
        assert!([330.0, 374.0, 521.0, 742.0, 760.0].contains(&scene.width), "{name}: {} wide", scene.width);
    }
}

#[test]
fn a_bar_says_its_word_number_and_run() {
    use attnscope_figures::Target;
    let scene = compare::render(&answers::compared(2), &compare::State::default(), &Theme::LIGHT);
    let bar = scene.node("bar-0-1").unwrap();
    assert_eq!((bar.target, bar.value), (Some(Target::Item { index: 1 }), Some(0.214)));
    assert_eq!(bar.label.as_deref(), Some("delicious: 21\u{202f}% in the hot dog was"));
}

fn sound(scene: &Scene) {
    assert!(scene.is_finite(), "{}", scene.title);
    let mut keys = HashSet::new();
    scene.visit(&mut |node| assert!(node.key.iter().all(|key| keys.insert(key.clone())), "{:?}", node.key));
}

fn odd() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>(), 0f32..1.0, Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a model computed: finite coordinates, no two marks of one name, a table.
    #[test]
    fn nothing_breaks_them(
        tokens in prop::collection::vec("[ \\PC\u{0}-\u{1f}]{0,12}", 0..40),
        numbers in prop::collection::vec(odd(), 40),
        n_columns in 0usize..7,
        width in 0f32..1200.0,
        max_p in prop::option::of(odd()),
    ) {
        let canvas = Canvas { width, bare: width < 500.0 };
        let list = |c: usize| tokens.iter().skip(c).zip(&numbers).map(|(t, p)| (t.as_str(), *p)).collect::<Vec<_>>();
        let columns = (0..n_columns).map(|c| (answers::run(&tokens.concat(), "x"), answers::next(&list(c)))).collect();
        let data = compare::Data::from_next(columns, 30, String::new());
        sound(&compare::render(&data, &compare::State { canvas, max_p, room: false }, &Theme::DARK));
        sample::sound_table(&data.table());
        let given = tokens::Data {
            ids: (0..n_columns as u32 * 4).collect(),
            vectors: (0..n_columns * 5).map(|i| numbers[i..].to_vec()).collect(),
            tokens,
            ..Default::default()
        };
        sound(&tokens::render(&given, &tokens::State { canvas, idx: Some(n_columns) }, &Theme::DARK));
        sample::sound_table(&given.table());
    }
}
