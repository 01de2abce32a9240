//! One vector through one matrix: x·W, with one column of W for each number of the result.

mod arithmetic;
mod draw;
mod table;
mod terms;
mod timeline;

pub use timeline::{FIRST, timeline};

use crate::figure::{Canvas, Error, Part};
use crate::number::{count, number, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope_words::words;
use terms::Chosen;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// Which matrix.
    pub part: Part,
    /// The token whose vector it is.
    pub token: String,
    /// Its index in the text.
    pub position: usize,
    /// The layer.
    pub layer: usize,
    /// The head; for keys and values a key-value head.
    pub head: usize,
    /// The input, `[d_in]`: that of attention, or for W_O the head's z.
    pub x: Vec<f32>,
    /// The matrix, `[d_in, d_out]`, row-major: row `i` is multiplied by `x[i]`.
    pub w: Vec<f32>,
    /// The result, `[d_out]`.
    pub out: Vec<f32>,
    /// The model's name.
    pub model: String,
}

impl Data {
    /// Checks that the sizes fit.
    pub fn new(
        part: Part,
        token: impl Into<String>,
        position: usize,
        layer: usize,
        head: usize,
        x: Vec<f32>,
        w: Vec<f32>,
        out: Vec<f32>,
        model: impl Into<String>,
    ) -> Result<Self, Error> {
        let expected = x.len() * out.len();
        if w.len() != expected {
            return Err(Error::Size { what: words!("the matrix"), expected, found: w.len() });
        }
        Ok(Self { part, token: token.into(), position, layer, head, x, w, out, model: model.into() })
    }

    /// The products that add up to number `c` of the result.
    pub fn terms(&self, c: usize) -> Vec<f64> {
        self.x.iter().enumerate().map(|(i, x)| f64::from(*x) * f64::from(self.weight(i, c))).collect()
    }

    /// Whether each result is the sum of its products. It is not if the model adds a bias, norms or rotates the result.
    pub fn adds_up(&self) -> bool {
        (0..self.out.len()).all(|c| {
            let terms = self.terms(c);
            let size: f64 = terms.iter().map(|t| t.abs()).sum();
            let off = (terms.iter().sum::<f64>() - f64::from(self.out[c])).abs();
            off <= 1e-3 * size + 1e-6 || !off.is_finite()
        })
    }

    fn weight(&self, i: usize, c: usize) -> f32 {
        self.w.get(i * self.out.len() + c).copied().unwrap_or(f32::NAN)
    }
}

/// A matrix as the engine stores it, `[n_out, n_in]`, in the order that [`Data`] needs, `[n_in, n_out]`.
pub fn transposed(stored: &[f32], n_in: usize) -> Vec<f32> {
    let n_out = stored.len() / n_in.max(1);
    (0..n_in).flat_map(|i| (0..n_out).map(move |c| stored[c * n_in + i])).collect()
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The column of W whose products are shown.
    pub component: Option<usize>,
    /// The row of W that is ringed.
    pub row: Option<usize>,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    draw::render(data, state, theme)
}

/// The main numbers in words.
fn description(data: &Data, chosen: &Chosen) -> String {
    let part = data.part;
    let mut said = words!(
        "The {} of “{}” in layer {}, head {}: {}, times a matrix of {} by {}.",
        part.name(),
        spoken(&data.token),
        data.layer,
        data.head,
        plural(data.x.len(), "number"),
        count(data.x.len()),
        count(data.out.len()),
    );
    match chosen.component {
        Some(c) => {
            said += &words!(" Number {c} of it is {}, from {}", number(data.out[c]), plural(data.x.len(), "product"));
            let top: Vec<_> =
                chosen.top(3).into_iter().map(|i| words!("{} (row {i})", number(chosen.terms[i] as f32))).collect();
            said += &words!("; the largest: {}.", top.join(", "));
        }
        None => {
            let first: Vec<_> = data.out.iter().take(4).map(|x| number(*x)).collect();
            said += &words!(" It begins {}.", first.join(", "));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Target;
    use attnscope::Site;
    use draw::PALE;

    /// x = (1, 2), W = (1 2 3 / 4 5 6): x·W = (9, 12, 15).
    fn data() -> Data {
        let w = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        Data::new(Part::Key, "dog", 2, 1, 0, vec![1.0, 2.0], w, vec![9.0, 12.0, 15.0], "").unwrap()
    }

    #[test]
    fn a_result_is_the_sum_of_its_column() {
        assert_eq!(data().terms(1), [2.0, 10.0]);
        assert!(data().adds_up());
        let biased = Data { out: vec![9.0, 12.5, 15.0], ..data() };
        assert!(!biased.adds_up());
        let says = |d: &Data| render(d, &State::default(), &Theme::LIGHT).caption;
        assert!(says(&biased).contains("more than this sum") && !says(&data()).contains("more than this sum"));
        assert_eq!(transposed(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0], 2), data().w);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let error = Data::new(Part::Query, "dog", 0, 0, 0, vec![0.0; 2], vec![0.0; 5], vec![0.0; 3], "").unwrap_err();
        assert_eq!(error, Error::Size { what: "the matrix", expected: 6, found: 5 });
    }

    #[test]
    fn the_chosen_column_stays_and_the_rest_pales() {
        let state = State { component: Some(1), ..State::default() };
        let scene = render(&data(), &state, &Theme::LIGHT);
        let opacity = |key: &str| scene.node(key).map(|n| n.opacity);
        assert_eq!(["w-0-1", "w-1-1", "x-0", "out-1"].map(opacity), [Some(1.0); 4]);
        assert_eq!(["w-0-0", "w-1-2", "out-0"].map(opacity), [Some(PALE); 3]);
        assert_eq!(scene.node("term-1").and_then(|n| n.value), Some(10.0));
        let key = Site::K.in_layer(1, [0, 2, 1]);
        assert_eq!(scene.node("out-1").and_then(|n| n.target), Some(Target::Number { number: key }));
        let beyond = render(&data(), &State { component: Some(3), row: Some(2), ..state }, &Theme::LIGHT);
        assert!(beyond.node("term-0").is_none() && beyond.node("ring-x").is_none());
    }
}
