//! Every figure in the states that are looked at and tested.

use super::{self as sample, strings, words};
use attnscope_figures::figure::{
    Canvas, arcs, components, head_grid, logit_lens, map, matrix, next_tokens, vector_strip,
};
use attnscope_figures::{Scene, Theme};

pub fn scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    let phone = Canvas { width: 380.0, bare: true };
    let hot = sample::hot_dog();
    let chosen = matrix::State { q_idx: Some(2), ..Default::default() };
    let nasty = sample::matrix(strings(&sample::NASTY), 3, true);
    let asks = arcs::State { q_idx: Some(2), ..Default::default() };
    let grid = |l, h, n, selected| {
        let data = sample::head_grid(l, h, n);
        let state = head_grid::State { selected, ..Default::default() };
        head_grid::render(&data, &state, theme)
    };
    let mut scenes = vec![
        ("next-tokens", next_tokens::render(&sample::next_tokens(), &Default::default(), theme)),
        ("next-tokens-phone", {
            let state = next_tokens::State { canvas: phone, selected: Some(1), max_p: None };
            next_tokens::render(&next_tokens::Data { tokens: words(12), ..sample::next_tokens() }, &state, theme)
        }),
        ("matrix-1", matrix::render(&sample::matrix(words(1), 0, true), &Default::default(), theme)),
        ("matrix-4", matrix::render(&hot, &chosen, theme)),
        (
            "matrix-12",
            matrix::render(
                &sample::matrix(words(12), 5, false),
                &matrix::State { q_idx: Some(7), k_idx: Some(4), ..Default::default() },
                theme,
            ),
        ),
        (
            "matrix-24",
            matrix::render(
                &sample::matrix(words(24), 2, true),
                &matrix::State { q_idx: Some(9), ..Default::default() },
                theme,
            ),
        ),
        ("matrix-64", matrix::render(&sample::matrix(words(64), 4, true), &Default::default(), theme)),
        (
            "matrix-300",
            matrix::render(
                &sample::matrix(words(300), 2, true),
                &matrix::State { q_idx: Some(120), ..Default::default() },
                theme,
            ),
        ),
        ("matrix-1000", matrix::render(&sample::matrix(words(1000), 4, true), &Default::default(), theme)),
        ("matrix-nasty", matrix::render(&nasty, &matrix::State { q_idx: Some(4), ..Default::default() }, theme)),
        ("arcs-4", arcs::render(&hot, &Default::default(), theme)),
        ("arcs-4-chosen", arcs::render(&hot, &asks, theme)),
        ("arcs-12", arcs::render(&sample::matrix(words(12), 0, true), &Default::default(), theme)),
        (
            "arcs-10-both-ways",
            arcs::render(
                &sample::matrix(words(10), 3, false),
                &arcs::State { q_idx: Some(5), ..Default::default() },
                theme,
            ),
        ),
        ("arcs-40", arcs::render(&sample::matrix(words(40), 4, true), &Default::default(), theme)),
        ("arcs-4-phone", arcs::render(&hot, &arcs::State { canvas: phone, ..asks.clone() }, theme)),
        ("arcs-7-phone", {
            let state = arcs::State { canvas: phone, q_idx: Some(6), ..Default::default() };
            arcs::render(&sample::matrix(words(7), 3, false), &state, theme)
        }),
        ("map-whole", {
            let state = map::State::default();
            map::render(&sample::map(900, 0..900, 0..900, None, &state.canvas), &state, theme)
        }),
        ("map-part-mean", {
            let state = map::State { pool: map::Pool::Mean, ..Default::default() };
            map::render(&sample::map(1500, 700..1500, 0..1200, None, &state.canvas), &state, theme)
        }),
        ("map-window", {
            let state = map::State::default();
            map::render(&sample::map(300, 50..300, 20..220, Some(90), &state.canvas), &state, theme)
        }),
        ("map-cells", {
            let state = map::State::default();
            map::render(&sample::map(1500, 1300..1330, 1296..1330, None, &state.canvas), &state, theme)
        }),
        ("map-near", {
            let state = map::State::default();
            map::render(&sample::map(200, 180..186, 178..186, None, &state.canvas), &state, theme)
        }),
        ("map-cell", {
            let state = map::State::default();
            map::render(&sample::map(20, 7..8, 7..8, None, &state.canvas), &state, theme)
        }),
        ("map-whole-phone", {
            let state = map::State { canvas: phone, ..Default::default() };
            map::render(&sample::map(900, 0..900, 0..900, None, &state.canvas), &state, theme)
        }),
        ("map-part-phone", {
            let state = map::State { canvas: phone, pool: map::Pool::Mean, ..Default::default() };
            map::render(&sample::map(900, 300..900, 300..900, None, &state.canvas), &state, theme)
        }),
        ("map-cells-phone", {
            let state = map::State { canvas: phone, ..Default::default() };
            map::render(&sample::map(900, 700..708, 700..708, None, &state.canvas), &state, theme)
        }),
        ("head-grid-30x9", grid(30, 9, 16, Some((16, 0)))),
        (
            "head-grid-6x12",
            head_grid::render(
                &sample::scored(sample::head_grid(6, 12, 40)),
                &head_grid::State { selected: Some((3, 4)), ..Default::default() },
                theme,
            ),
        ),
        ("head-grid-2x1", grid(2, 1, 5, Some((0, 0)))),
        (
            "vectors-24",
            vector_strip::render(
                &sample::vectors(24),
                &vector_strip::State { component: Some(5), ..Default::default() },
                theme,
            ),
        ),
        ("vectors-576", vector_strip::render(&sample::vectors(576), &Default::default(), theme)),
        ("vectors-same", vector_strip::render(&sample::same_vectors(64), &Default::default(), theme)),
        (
            "components-16",
            components::render(
                &sample::components(strings(&sample::HOT_DOG), 2, 16),
                &components::State { component: Some(6), k_idx: Some(1), ..Default::default() },
                theme,
            ),
        ),
        (
            "components-64",
            components::render(
                &sample::components(words(9), 6, 64),
                &components::State { k_idx: Some(5), ..Default::default() },
                theme,
            ),
        ),
        ("components-16-phone", {
            let state = components::State { canvas: phone, component: Some(6), k_idx: Some(1) };
            components::render(&sample::components(strings(&sample::HOT_DOG), 2, 16), &state, theme)
        }),
        ("components-64-phone", {
            let state = components::State { canvas: phone, component: Some(6), k_idx: None };
            components::render(&sample::components(words(5), 3, 64), &state, theme)
        }),
        (
            "lens-4",
            logit_lens::render(
                &sample::lens(strings(&sample::HOT_DOG), 2),
                &logit_lens::State { selected: Some((1, 2)), ..Default::default() },
                theme,
            ),
        ),
        ("lens-16", logit_lens::render(&sample::lens(words(16), 30), &Default::default(), theme)),
        ("lens-nasty", logit_lens::render(&sample::lens(strings(&sample::NASTY), 6), &Default::default(), theme)),
    ];
    scenes.extend(sample::plots::scenes(theme));
    scenes.extend(sample::attention::scenes(theme));
    scenes.extend(sample::weighing::scenes(theme));
    scenes.extend(sample::answers::scenes(theme));
    scenes.extend(sample::paths::scenes(theme));
    scenes
}
