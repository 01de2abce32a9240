//! The SVG of each figure. When a snapshot changes, look at the picture (`--example gallery`) before accepting it.

mod sample;

use attnscope_figures::figure::{arcs, components, head_grid, logit_lens, map, matrix, next_tokens, vector_strip};
use attnscope_figures::{Scene, Theme, svg};
use sample::{HOT_DOG, strings};

/// The file, with pictures inside left out: their bytes depend on the version of a compressor.
fn file(scene: &Scene) -> String {
    let svg = svg::to_svg(scene);
    let mut parts = svg.split("base64,");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| format!("{out}base64,…{}", &part[part.find('"').unwrap_or(0)..]))
}

#[test]
fn matrix_of_the_hot_dog() {
    let state = matrix::State { q_idx: Some(2), ..Default::default() };
    insta::assert_snapshot!("matrix-light", file(&matrix::render(&sample::hot_dog(), &state, &Theme::LIGHT)));
    insta::assert_snapshot!("matrix-dark", file(&matrix::render(&sample::hot_dog(), &state, &Theme::DARK)));
}

#[test]
fn matrix_of_hostile_tokens() {
    let data = sample::matrix(strings(&sample::NASTY), 3, true);
    insta::assert_snapshot!("matrix-nasty", file(&matrix::render(&data, &Default::default(), &Theme::LIGHT)));
}

#[test]
fn matrix_of_one_token() {
    let data = sample::matrix(sample::words(1), 0, true);
    insta::assert_snapshot!("matrix-1", file(&matrix::render(&data, &Default::default(), &Theme::LIGHT)));
}

#[test]
fn arcs_of_the_hot_dog() {
    let state = arcs::State { q_idx: Some(2), ..Default::default() };
    insta::assert_snapshot!("arcs-light", file(&arcs::render(&sample::hot_dog(), &state, &Theme::LIGHT)));
}

#[test]
fn next_tokens_of_the_hot_dog() {
    let scene = next_tokens::render(&sample::next_tokens(), &Default::default(), &Theme::LIGHT);
    insta::assert_snapshot!("next-tokens-light", file(&scene));
}

#[test]
fn maps_from_afar_and_near() {
    let state = map::State { pool: map::Pool::Mean, ..Default::default() };
    let part = sample::map(1500, 700..1500, 0..1200, None, &state.canvas);
    insta::assert_snapshot!("map-part-light", file(&map::render(&part, &state, &Theme::LIGHT)));
    let near = sample::map(200, 180..184, 179..184, None, &state.canvas);
    insta::assert_snapshot!("map-near-light", file(&map::render(&near, &map::State::default(), &Theme::LIGHT)));
}

#[test]
fn head_grid_with_scores() {
    let data = sample::scored(sample::head_grid(2, 3, 4));
    let state = head_grid::State { selected: Some((1, 2)), ..Default::default() };
    insta::assert_snapshot!("head-grid-light", file(&head_grid::render(&data, &state, &Theme::LIGHT)));
}

#[test]
fn strips_and_their_difference() {
    let scene = vector_strip::render(&sample::same_vectors(6), &Default::default(), &Theme::LIGHT);
    insta::assert_snapshot!("vector-strip-light", file(&scene));
}

#[test]
fn components_of_dog() {
    let data = sample::components(strings(&HOT_DOG), 2, 4);
    let state = components::State { component: Some(1), k_idx: Some(1), ..Default::default() };
    insta::assert_snapshot!("components-light", file(&components::render(&data, &state, &Theme::LIGHT)));
}

#[test]
fn lens_of_two_layers() {
    let data = sample::lens(strings(&HOT_DOG), 2);
    let state = logit_lens::State { selected: Some((1, 2)), ..Default::default() };
    insta::assert_snapshot!("logit-lens-light", file(&logit_lens::render(&data, &state, &Theme::LIGHT)));
}
