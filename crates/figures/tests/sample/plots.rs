//! The dot product, its spread, and what attention costs.

use attnscope::analysis::random_dots;
use attnscope_figures::figure::{Canvas, cost, dot_product, root_d};
use attnscope_figures::{Scene, Theme};

const PHONE: Canvas = Canvas { width: 374.0, bare: true };
const PAGE: Canvas = Canvas { width: 742.0, bare: true };
const LENGTHS: [usize; 7] = [64, 128, 256, 512, 1024, 2048, 4096];

pub fn arrows(a: [f32; 2], b: [f32; 2]) -> dot_product::Data {
    dot_product::Data { a, b, names: ["a".into(), "b".into()] }
}

/// Costs such as a browser has, the first `n` lengths; the matrix of the longest was not measured.
pub fn costs(n: usize) -> cost::Data {
    let point = |&len: &usize| {
        let (n, full) = (len as f32, len < 4096);
        cost::Point {
            len,
            full_ms: full.then_some(0.02 + n * n * 6e-5),
            tiled_ms: 0.015 + n * n * 4e-5,
            full_bytes: full.then_some(4 * (len * len) as u64),
            tiled_bytes: 33_000 + 8 * len as u64,
        }
    };
    cost::Data { points: LENGTHS[..n].iter().map(point).collect(), host: "nowhere: made-up numbers".into(), d_head: 64 }
}

pub fn cost_state(canvas: Canvas) -> cost::State {
    cost::State { canvas, lengths: LENGTHS.to_vec(), selected: None }
}

pub fn scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    let arrows = |a, b, canvas| dot_product::render(&arrows(a, b), &dot_product::State { canvas }, theme);
    let spread = |d, canvas| {
        let data = root_d::Data { d, dots: random_dots(d, 2000, 1), seed: 1 };
        root_d::render(&data, &root_d::State { canvas }, theme)
    };
    let cost = |n, canvas| cost::render(&costs(n), &cost_state(canvas), theme);
    let named =
        dot_product::Data { names: ["dog".into(), "unbelievably".into()], ..self::arrows([1.2, 0.4], [0.0; 2]) };
    let all_measured = {
        let mut data = costs(7);
        data.points[6].full_ms = Some(1020.0);
        data.points[6].full_bytes = Some(67_108_864);
        cost::render(&data, &cost::State { selected: Some(3), ..cost_state(PAGE) }, theme)
    };
    vec![
        ("dot-product", arrows([1.6, 0.7], [0.9, 1.5], Canvas::default())),
        ("dot-product-page", arrows([1.75, -1.0], [0.6, 1.2], PAGE)),
        ("dot-product-phone", arrows([1.6, 0.7], [0.9, 1.5], PHONE)),
        ("dot-product-opposite", arrows([-2.0, 2.0], [2.0, -2.0], Canvas { width: 330.0, bare: true })),
        ("dot-product-named", dot_product::render(&named, &dot_product::State { canvas: PHONE }, theme)),
        ("root-d-512", spread(512, Canvas::default())),
        ("root-d-2", spread(2, PAGE)),
        ("root-d-64-phone", spread(64, PHONE)),
        ("root-d-512-narrow", spread(512, Canvas { width: 330.0, bare: true })),
        ("root-d-none", root_d::render(&root_d::Data::default(), &root_d::State::default(), theme)),
        ("cost", cost(7, Canvas::default())),
        ("cost-page", all_measured),
        ("cost-phone", cost(7, PHONE)),
        ("cost-1", cost(1, PAGE)),
        ("cost-4", cost(4, PAGE)),
        ("cost-0-phone", cost(0, Canvas { width: 330.0, bare: true })),
    ]
}
