//! The SVG of softmax, running softmax and training, and what they promise on hostile data.

mod sample;

use attnscope_figures::figure::{Canvas, running_softmax, softmax, training};
use attnscope_figures::{Theme, svg};
use proptest::prelude::*;
use sample::weighing;
use usvg::roxmltree::Document;

#[test]
fn softmax_of_dog() {
    let state = softmax::State { edited: vec![Some(4.0)], k_idx: Some(1), ..Default::default() };
    let scene = softmax::render(&weighing::softmax_data(), &state, &Theme::LIGHT);
    insta::assert_snapshot!("softmax-light", svg::to_svg(&scene));
}

#[test]
fn running_softmax_of_a_row() {
    let state = running_softmax::State { step: 2, ..Default::default() };
    let scene = running_softmax::render(&weighing::running_data(5, 4, 2), &state, &Theme::LIGHT);
    insta::assert_snapshot!("running-softmax-light", svg::to_svg(&scene));
}

#[test]
fn training_half_way() {
    let data = training::Data { losses: vec![(10, 4.0), (20, 3.0), (30, 2.5)], ..weighing::training_data(30, 60) };
    let scene = training::render(&data, &training::State { step: Some(20), ..Default::default() }, &Theme::LIGHT);
    insta::assert_snapshot!("training-light", svg::to_svg(&scene));
}

#[test]
fn long_rows_are_few_marks() {
    for (name, scene) in weighing::scenes(&Theme::LIGHT) {
        let mut marks = 0;
        scene.visit(&mut |_| marks += 1);
        assert!(marks < 700 && scene.height < 1300.0, "{name}: {marks} marks, {} high", scene.height);
        assert!((330.0..=760.0).contains(&scene.width), "{name}: {} wide", scene.width);
    }
}

#[test]
fn what_can_be_dragged_says_its_number() {
    use attnscope_figures::Target;
    let scene = softmax::render(&weighing::softmax_data(), &Default::default(), &Theme::LIGHT);
    let grip = scene.node("grip-1").unwrap();
    assert_eq!((grip.target, grip.value), (Some(Target::Handle { index: 1 }), Some(4.25)));
    assert_eq!(grip.label.as_deref(), Some("score of hot, 4.25; move with the arrow keys"));
    assert!(scene.node("grip-3").is_none(), "a masked key has no score to drag");
}

fn odd() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>(), -9f32..9.0, Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a model computed and a reader did: finite coordinates, a file that can be read, a table.
    #[test]
    fn nothing_breaks_them(
        tokens in prop::collection::vec("[ \\PC\u{0}-\u{1f}]{0,12}", 0..20),
        numbers in prop::collection::vec(odd(), 40),
        chosen in 0usize..30,
        width in 0f32..2000.0,
        tile in 0usize..9,
    ) {
        let canvas = Canvas { width, bare: false };
        let n = tokens.len();
        let of = attnscope_figures::figure::head::Row::made(tokens.clone(), true, chosen);
        let data = softmax::Data {
            of: of.clone(),
            dots: numbers[..n].to_vec(),
            scale: numbers[39],
            soft_cap: None,
            masked: numbers[20..20 + n].iter().map(|x| *x < 0.0).collect(),
            weights: numbers[20..20 + n].to_vec(),
            ..softmax::Data::default()
        };
        let edited = numbers[20..30].iter().map(|x| (*x > 1.0).then_some(*x)).collect();
        let state = softmax::State { canvas, temperature: numbers[38], edited, k_idx: Some(chosen) };
        prop_assert!(softmax::score_at(&data, &state, numbers[37]).is_finite());
        let row = running_softmax::Data {
            of,
            scores: numbers[..n].to_vec(),
            values: numbers[..n].iter().map(|x| vec![*x; 3]).collect(),
            ..Default::default()
        }
        .tiled(tile);
        let points: Vec<(usize, f32)> = numbers.iter().enumerate().map(|(i, x)| (i * tile, *x)).collect();
        let series = tokens.iter().map(|t| training::Series { name: t.clone(), points: points.clone(), ..Default::default() });
        let curve = training::Data {
            series: series.collect(),
            losses: points.clone(),
            steps: chosen * 9,
            n_vocab: n,
            reference: Some(numbers[36]),
            record: training::Record::default(),
            model: String::new(),
        };
        let theme = &Theme::DARK;
        let read = running_softmax::State { canvas, step: chosen };
        [data.table(&state), row.table(&read), curve.table()].iter().for_each(sample::sound_table);
        for scene in [
            softmax::render(&data, &state, theme),
            running_softmax::render(&row, &read, theme),
            training::render(&curve, &training::State { canvas, step: Some(chosen) }, theme),
        ] {
            prop_assert!(scene.is_finite(), "{}", scene.title);
            let svg = svg::to_svg(&scene);
            prop_assert!(Document::parse(&svg).is_ok(), "{}", svg);
        }
    }
}
