//! Snapshots of the figures that plot, and what they do with hostile numbers.

mod sample;

use attnscope_figures::figure::{Canvas, cost, dot_product, root_d};
use attnscope_figures::{Theme, svg};
use proptest::prelude::*;
use sample::plots;

#[test]
fn two_arrows() {
    let scene = dot_product::render(&plots::arrows([1.5, -1.0], [0.75, 1.25]), &Default::default(), &Theme::LIGHT);
    insta::assert_snapshot!("dot-product-light", svg::to_svg(&scene));
}

#[test]
fn few_products() {
    let data = root_d::Data { d: 4, dots: vec![-3.0, 0.5, 1.25, 2.0, -0.75, 8.0, -71.0, 0.0, 1.5], seed: 1 };
    let scene = root_d::render(&data, &Default::default(), &Theme::LIGHT);
    insta::assert_snapshot!("root-d-light", svg::to_svg(&scene));
}

#[test]
fn costs_of_three_lengths() {
    let scene = cost::render(&plots::costs(3), &plots::cost_state(Canvas::default()), &Theme::LIGHT);
    insta::assert_snapshot!("cost-light", svg::to_svg(&scene));
}

fn odd() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>(), -3f32..3.0, Just(f32::NAN), Just(f32::INFINITY), Just(0.0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever was measured: finite places, each key once, a table.
    #[test]
    fn nothing_breaks_a_plot(
        numbers in prop::collection::vec(odd(), 4..60),
        lengths in prop::collection::vec(prop_oneof![0usize..10, any::<usize>()], 0..60),
        d in prop_oneof![0usize..600, any::<usize>()],
        width in 0f32..2000.0,
        name in "\\PC{0,12}",
        bare in any::<bool>(),
    ) {
        let (canvas, theme) = (Canvas { width, bare }, &Theme::DARK);
        let arrows = dot_product::Data {
            a: [numbers[0], numbers[1]], b: [numbers[2], numbers[3]], names: [name.clone(), name.clone()],
        };
        let point = |(i, &len): (usize, &usize)| {
            let ms = numbers[i % numbers.len()];
            let full_bytes = Some(ms.to_bits().into()).filter(|b| b % 3 > 0);
            cost::Point { len, full_ms: Some(ms).filter(|x| *x > 0.0), tiled_ms: ms, full_bytes, tiled_bytes: d as u64 }
        };
        let points = lengths.iter().enumerate().map(point).collect();
        let state = cost::State { canvas, lengths: lengths.iter().copied().take(5).collect(), selected: Some(d) };
        let (spread, costs) = (root_d::Data { d, dots: numbers.clone(), seed: 1 }, cost::Data { points, host: name, d_head: 64 });
        [arrows.table(), spread.table(), costs.table()].iter().for_each(sample::sound_table);
        let scenes = [
            dot_product::render(&arrows, &dot_product::State { canvas }, theme),
            root_d::render(&spread, &root_d::State { canvas }, theme),
            cost::render(&costs, &state, theme),
        ];
        for scene in scenes {
            prop_assert!(scene.is_finite(), "{}", scene.title);
            prop_assert!(scene.width <= width.max(320.0).ceil());
            let mut keys = std::collections::HashSet::new();
            scene.visit(&mut |node| assert!(node.key.iter().all(|key| keys.insert(key.clone())), "{:?}", node.key));
        }
    }
}
