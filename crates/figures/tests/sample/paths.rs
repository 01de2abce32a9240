//! Neighbours, journeys and cut edges: data and the states that are looked at and tested.

use super::answers;
use answers::{COLUMN, NARROW, PHONE};
use attnscope::analysis::Journey;
use attnscope_figures::figure::{Canvas, Pattern, in_context, journey, matrix, neighbours};
use attnscope_figures::{Scene, Theme};

/// SmolLM2-135M's dog after the embedding and each layer, rounded.
#[rustfmt::skip]
const DOG: [(&str, [f32; 31]); 3] = [
    ("the dog was", [-1.06, -0.82, -0.8, -0.78, -0.8, -0.82, -0.79, -0.81, -0.74, -0.8, -0.82, -0.83, -0.85, -0.85, -0.86, -0.88, -0.86, -0.84, -0.83, -0.86, -0.85, -1.0, -0.99, -0.97, -1.04, -1.12, -1.09, -1.12, -1.17, -1.15, -1.04]),
    ("the hot dog was", [-1.06, -0.82, -0.81, -0.8, -0.71, -0.46, -0.35, 0.11, 0.15, 0.1, 0.05, 0.02, -0.01, -0.0, 0.06, 0.05, 0.06, 0.05, 0.07, 0.08, 0.12, 0.17, 0.22, 0.2, 0.21, 0.35, 0.33, 0.35, 0.41, 0.32, 0.14]),
    ("the hot dog was, dog→hot cut", [-1.06, -0.82, -0.8, -0.78, -0.8, -0.83, -0.8, -0.83, -0.76, -0.83, -0.83, -0.84, -0.86, -0.87, -0.88, -0.89, -0.87, -0.85, -0.85, -0.87, -0.86, -0.99, -0.98, -0.96, -0.99, -1.1, -1.08, -1.12, -1.23, -1.21, -1.14]),
];

/// SmolLM2-135M's landmarks, each on the axis of the others, in “the … was”, rounded.
#[rustfmt::skip]
const LANDMARKS: [(&str, [f32; 31]); 10] = [
    ("cat", [-0.79, -0.4, -0.35, -0.39, -0.42, -0.42, -0.33, -0.39, -0.37, -0.46, -0.52, -0.49, -0.53, -0.54, -0.54, -0.57, -0.53, -0.51, -0.5, -0.53, -0.56, -0.69, -0.69, -0.73, -0.76, -0.8, -0.71, -0.74, -0.72, -0.7, -0.69]),
    ("horse", [-0.75, -0.65, -0.68, -0.69, -0.63, -0.66, -0.67, -0.71, -0.69, -0.69, -0.68, -0.64, -0.68, -0.67, -0.66, -0.64, -0.62, -0.62, -0.61, -0.57, -0.57, -0.66, -0.65, -0.63, -0.59, -0.86, -0.82, -0.81, -0.88, -0.89, -0.86]),
    ("rabbit", [-0.14, -0.48, -0.55, -0.5, -0.53, -0.52, -0.5, -0.55, -0.58, -0.54, -0.54, -0.47, -0.45, -0.46, -0.46, -0.47, -0.47, -0.5, -0.53, -0.55, -0.54, -0.63, -0.58, -0.57, -0.53, -0.65, -0.64, -0.63, -0.63, -0.64, -0.62]),
    ("cow", [-0.57, -0.69, -0.62, -0.64, -0.67, -0.72, -0.63, -0.62, -0.63, -0.67, -0.65, -0.62, -0.6, -0.59, -0.57, -0.54, -0.56, -0.57, -0.57, -0.56, -0.58, -0.6, -0.61, -0.61, -0.59, -0.56, -0.63, -0.63, -0.58, -0.53, -0.39]),
    ("lion", [-0.24, -0.84, -0.86, -0.83, -0.86, -0.82, -0.86, -0.9, -1.02, -0.98, -1.0, -1.02, -0.99, -0.98, -0.97, -0.97, -1.01, -1.02, -1.03, -1.03, -1.01, -1.07, -1.11, -1.11, -1.15, -1.07, -1.15, -1.11, -1.12, -1.15, -1.26]),
    ("pizza", [0.72, 0.82, 0.83, 0.92, 0.95, 0.98, 0.9, 1.05, 1.01, 0.88, 0.89, 0.9, 0.91, 0.9, 0.9, 0.91, 0.89, 0.9, 0.87, 0.89, 0.88, 0.95, 0.88, 0.9, 0.9, 1.0, 0.98, 0.95, 0.98, 0.95, 0.92]),
    ("bread", [0.06, 0.37, 0.36, 0.41, 0.47, 0.44, 0.45, 0.38, 0.47, 0.47, 0.37, 0.36, 0.37, 0.39, 0.4, 0.42, 0.42, 0.39, 0.39, 0.34, 0.27, 0.39, 0.53, 0.57, 0.6, 0.69, 0.7, 0.64, 0.67, 0.65, 0.49]),
    ("sandwich", [0.63, 0.82, 0.83, 0.86, 0.87, 0.79, 0.79, 0.89, 0.87, 0.91, 0.95, 0.95, 0.97, 0.95, 0.92, 0.95, 0.95, 0.96, 0.97, 0.98, 1.0, 1.0, 1.0, 0.95, 0.84, 0.74, 0.72, 0.72, 0.69, 0.73, 0.69]),
    ("soup", [0.46, 0.39, 0.36, 0.3, 0.26, 0.36, 0.37, 0.45, 0.46, 0.54, 0.58, 0.49, 0.48, 0.49, 0.47, 0.46, 0.47, 0.47, 0.49, 0.52, 0.54, 0.67, 0.66, 0.72, 0.74, 0.87, 0.86, 0.87, 0.84, 0.82, 0.77]),
    ("cake", [0.51, 0.18, 0.18, 0.18, 0.2, 0.19, 0.22, 0.21, 0.32, 0.4, 0.41, 0.39, 0.4, 0.4, 0.37, 0.35, 0.37, 0.4, 0.4, 0.42, 0.45, 0.58, 0.53, 0.5, 0.63, 0.74, 0.78, 0.8, 0.85, 0.87, 1.07]),
];

pub fn dog() -> journey::Data {
    let names = |list: &[(&str, [f32; 31])]| list.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
    let paths = |list: &[(&str, [f32; 31])]| list.iter().map(|(_, at)| at.to_vec()).collect::<Vec<_>>();
    let (animals, foods) = LANDMARKS.split_at(5);
    journey::Data::from_journey(
        Journey { paths: paths(&DOG), landmarks: [paths(animals), paths(foods)] },
        " dog",
        &names(&DOG),
        [&names(animals), &names(foods)],
        ["animal", "food"],
        "the … was",
        "SmolLM2-135M-Instruct",
    )
}

/// Of a model with so few layers as the lesson's.
fn dog_of(depths: usize) -> journey::Data {
    let mut data = dog();
    let pick = |at: &mut Vec<f32>| *at = (0..depths).map(|d| at[d * 30 / depths.max(2)]).collect();
    data.paths.iter_mut().for_each(|path| pick(&mut path.at));
    data.landmarks.iter_mut().for_each(|landmark| pick(&mut landmark.at));
    data.paths.truncate(2);
    data
}

pub fn near(heading: &str, words: &[(&str, f32)]) -> neighbours::List {
    let words = words.iter().map(|(word, cosine)| (word.to_string(), *cosine)).collect();
    neighbours::List { heading: heading.into(), words, numbers: Vec::new() }
}

pub fn near_dog() -> neighbours::Data {
    let before = [(" dog", 1.0), (" dogs", 0.71), (" cat", 0.58), (" puppy", 0.52), (" pet", 0.47), (" horse", 0.41)];
    let after =
        [(" dog", 0.66), (" sandwich", 0.49), (" dogs", 0.44), (" burger", 0.41), (" soup", 0.33), (" pet", 0.3)];
    neighbours::Data {
        lists: vec![near("dog, as it comes in", &before), near("dog in “the hot dog was”, after layer 0", &after)],
        model: "made-up numbers".into(),
    }
}

/// What no model should say, and too much of it.
pub fn near_odd() -> neighbours::Data {
    let odd = [f32::NAN, f32::INFINITY, -0.85, 1.0, 0.0, -1.0, 0.4, 3.0, 0.1];
    let nasty: Vec<(&str, f32)> = super::NASTY.into_iter().zip(odd).collect();
    let long: Vec<(String, f32)> = (0..40).map(|i| (format!("extraordinarily{i}"), 1.0 - i as f32 * 0.04)).collect();
    let long = neighbours::List {
        heading: "a heading that is far too long for the place that it has ".repeat(3),
        words: long,
        numbers: Vec::new(),
    };
    neighbours::Data { lists: vec![near("", &nasty), long, near("third", &[])], model: String::new() }
}

/// The lesson model's dog, by itself and in a sentence, among animals and foods.
pub fn dog_in_context() -> in_context::Data {
    const WORDS: [&str; 10] = ["cat", "cow", "rabbit", "fox", "wolf", "pizza", "bread", "soup", "cheese", "cake"];
    let model = attnscope::lesson::model();
    let read = |text: &str, at: usize| {
        let trace = model.run(&model.encode(text).unwrap(), &"embed,resid_post".parse().unwrap(), &[]).unwrap();
        attnscope::analysis::depths(&trace, at).unwrap()
    };
    let others: Vec<_> = WORDS.iter().map(|word| read(&format!("the {word} was"), 1)).collect();
    let reading = |text: &str, at: usize| {
        let dog = read(text, at);
        let row =
            |depth: usize| others.iter().map(|other| attnscope::analysis::cosine(&dog[depth], &other[depth])).collect();
        in_context::Reading { name: text.into(), cosines: (0..dog.len()).map(row).collect() }
    };
    let word = |(i, name): (usize, &str)| in_context::Word { name: name.into(), kind: usize::from(i >= 5) };
    in_context::Data {
        word: "dog".into(),
        readings: [reading("the dog was", 1), reading("the hot dog was", 2)],
        words: WORDS.into_iter().enumerate().map(word).collect(),
        kinds: ["animal".into(), "food".into()],
        template: "the … was".into(),
        model: "Lesson model".into(),
    }
}

pub fn scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    let walk = |data: &journey::Data, canvas, depth| journey::render(data, &journey::State { canvas, depth }, theme);
    let context =
        |data: &in_context::Data, canvas, depth| in_context::render(data, &in_context::State { canvas, depth }, theme);
    let close = |data: &neighbours::Data, canvas| neighbours::render(data, &neighbours::State { canvas }, theme);
    let one = neighbours::Data { lists: near_dog().lists[..1].to_vec(), ..near_dog() };
    let cut = |data: &matrix::Data, canvas, cut: &[(usize, usize)]| {
        let state = matrix::State { canvas, q_idx: Some(2), cut: cut.to_vec(), ..Default::default() };
        matrix::render(data, &state, theme)
    };
    let wide = Canvas::default();
    // As a run with the cut leaves it: the rest of the row sums to 1.
    let mut hot = super::hot_dog();
    let weights = vec![1.0, 0.0, 0.0, 0.0, 0.71, 0.29, 0.0, 0.0, 0.62, 0.0, 0.38, 0.0, 0.31, 0.12, 0.48, 0.09];
    hot.pattern = Pattern::new(16, 0, 4, weights, true).unwrap();
    let long = super::matrix(super::words(24), 2, true);
    vec![
        ("journey", walk(&dog(), wide, Some(7))),
        ("journey-column", walk(&dog(), COLUMN, None)),
        ("journey-first", walk(&dog(), COLUMN, Some(0))),
        ("journey-phone", walk(&dog(), PHONE, Some(28))),
        ("journey-phone-first", walk(&dog(), PHONE, Some(0))),
        ("journey-narrow", walk(&dog(), NARROW, Some(7))),
        ("journey-3", walk(&dog_of(3), COLUMN, Some(1))),
        ("journey-3-phone", walk(&dog_of(3), PHONE, None)),
        ("journey-none", walk(&journey::Data::default(), PHONE, None)),
        ("in-context", context(&dog_in_context(), wide, None)),
        ("in-context-column", context(&dog_in_context(), COLUMN, Some(1))),
        ("in-context-phone", context(&dog_in_context(), PHONE, Some(0))),
        ("in-context-none", context(&in_context::Data::default(), PHONE, None)),
        ("neighbours-1", close(&one, wide)),
        ("neighbours-2", close(&near_dog(), wide)),
        ("neighbours-2-phone", close(&near_dog(), PHONE)),
        ("neighbours-2-narrow", close(&near_dog(), Canvas { width: 521.0, bare: true })),
        ("neighbours-odd", close(&near_odd(), COLUMN)),
        ("neighbours-odd-narrow", close(&near_odd(), NARROW)),
        ("neighbours-none", close(&neighbours::Data::default(), PHONE)),
        ("matrix-cut", cut(&hot, wide, &[(2, 1)])),
        ("matrix-cut-phone", cut(&hot, PHONE, &[(2, 1), (3, 1), (0, 3)])),
        ("matrix-cut-24", cut(&long, wide, &[(2, 1), (20, 3)])),
        ("matrix-cut-100", cut(&super::matrix(super::words(100), 2, true), wide, &[(20, 3), (90, 40)])),
    ]
}
