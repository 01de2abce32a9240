//! How the weights mix the values into z, what W_O computes from it, and the nearest words before and after.

mod draw;
mod table;
mod terms;
mod timeline;
mod words;

pub use timeline::timeline;

use crate::figure::head::{Head, captured};
use crate::figure::{Canvas, Error};
use crate::number::{count, number, percent, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::Number;
use attnscope::Site;
use attnscope::Trace;
use attnscope_words::words;

/// The most tokens that are drawn: those with the largest weights.
const MAX_ROWS: usize = 12;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The head, its tokens (the keys) and its mask. Its layer has several: `attn_out` is what all of them add.
    pub of: Head,
    /// The query's index among the tokens.
    pub position: usize,
    /// Its row of the pattern, `[kv_len]`.
    pub weights: Vec<f32>,
    /// The values, `[kv_len][d_head]`.
    pub values: Vec<Vec<f32>>,
    /// The mix, `[d_head]`.
    pub z: Vec<f32>,
    /// What attention adds to the token, `[d_model]`.
    pub attn_out: Vec<f32>,
    /// The words nearest to the token's vector before attention, with the cosine, nearest first.
    pub before: Vec<(String, f32)>,
    /// The same of the vector with `attn_out` added.
    pub after: Vec<(String, f32)>,
    /// Which numbers those cosines are, before and after; empty if they are not numbers of a run.
    pub cosines: [Vec<Number>; 2],
}

impl Data {
    /// Whether z is the sum of the weighted values, as it is where the run was not changed.
    pub(super) fn adds_up(&self) -> bool {
        let sum = |c: usize| -> f32 {
            self.values.iter().zip(&self.weights).map(|(v, w)| v.get(c).unwrap_or(&0.0) * w).sum()
        };
        self.z.iter().enumerate().all(|(c, z)| (sum(c) - z).abs() <= 1e-3 * (1.0 + z.abs()) || !z.is_finite())
    }
}

impl Data {
    /// One token of one head of a trace that captured pattern, v, z and attn_out. A trace does not know the words of
    /// the vocabulary, so the caller provides the nearest ones.
    pub fn from_trace(
        trace: &Trace,
        layer: usize,
        head: usize,
        position: usize,
        before: Vec<(String, f32)>,
        after: Vec<(String, f32)>,
    ) -> Result<Self, Error> {
        let array = |site| captured(trace, layer, site);
        let [pattern, v, z, out] = [array(Site::Pattern)?, array(Site::V)?, array(Site::Z)?, array(Site::AttnOut)?];
        let of = Head::of(trace, layer, head)?;
        let row = of.row_of(position)?;
        let no_such = Error::NoSuch { what: "token", index: position, len: trace.tokens.len() };
        let weights = pattern.row(&[head, row]).ok_or_else(|| no_such.clone())?.to_vec();
        let values = (0..weights.len()).filter_map(|k| Some(v.row(&[of.kv_head, k])?.to_vec())).collect::<Vec<_>>();
        if values.len() != weights.len() {
            return Err(Error::Size { what: "values", expected: weights.len(), found: values.len() });
        }
        Ok(Self {
            of,
            position,
            weights,
            values,
            z: z.row(&[head, row]).ok_or_else(|| no_such.clone())?.to_vec(),
            attn_out: out.row(&[row]).ok_or(no_such)?.to_vec(),
            before,
            after,
            cosines: [Vec::new(), Vec::new()],
        })
    }

    fn token(&self, k_idx: usize) -> &str {
        self.of.token(k_idx)
    }

    fn value(&self, k_idx: usize, component: usize) -> f32 {
        self.values.get(k_idx).and_then(|v| v.get(component)).copied().unwrap_or(f32::NAN)
    }

    /// The keys that are not masked, and those that have a weight anyway (a pattern may be patched in).
    fn visible(&self) -> Vec<usize> {
        let keys = self.weights.iter().enumerate();
        keys.filter(|(k, weight)| self.of.sees(self.position, *k) || **weight != 0.0).map(|(k, _)| k).collect()
    }

    /// The tokens to draw in their order, and those left out, among those that are not masked.
    fn choose(&self) -> (Vec<usize>, Vec<usize>) {
        let mut order = self.visible();
        order.sort_by(|&a, &b| self.weights[b].total_cmp(&self.weights[a]));
        let mut left_out = order.split_off(order.len().min(MAX_ROWS));
        order.sort_unstable();
        left_out.sort_unstable();
        (order, left_out)
    }

    /// The name of a weight of its row, for a run that began with the first token.
    fn number(&self, k_idx: usize) -> Number {
        Site::Pattern.in_layer(self.of.layer, [self.of.head, self.position, k_idx])
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The column whose sum is written out.
    pub component: Option<usize>,
    /// The token whose line is emphasized.
    pub k_idx: Option<usize>,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    draw::render(data, state, theme)
}

/// The main numbers in words.
fn description(data: &Data, shown: &[usize]) -> String {
    let mut order = shown.to_vec();
    order.sort_by(|&a, &b| data.weights[b].total_cmp(&data.weights[a]));
    let mixed: Vec<String> =
        order.iter().take(3).map(|&k| words!("{} of {}", percent(data.weights[k]), spoken(data.token(k)))).collect();
    let near = |words: &[(String, f32)]| {
        let words: Vec<_> = words.iter().take(3).map(|(w, c)| format!("{} {}", spoken(w), number(*c))).collect();
        if words.is_empty() { words!("nothing").into() } else { words.join(", ") }
    };
    words!(
        "In layer {}, head {}, “{}” mixes the values of {}: {}. Their sum z has {} numbers. Nearest by cosine before: {}; \
         after: {}.",
        data.of.layer,
        data.of.head,
        spoken(data.token(data.position)),
        plural(data.visible().len(), "token"),
        mixed.join(", "),
        count(data.z.len()),
        near(&data.before),
        near(&data.after),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use terms::written_out;

    fn data() -> Data {
        Data {
            of: Head::made(["the", "hot", "dog", "was"].map(String::from).to_vec(), true),
            position: 2,
            weights: vec![0.25, 0.5, 0.25, 0.0],
            values: vec![vec![1.0, 0.0], vec![-2.0, 1.0], vec![4.0, 2.0], vec![9.0, 9.0]],
            z: vec![0.25, 1.0],
            ..Data::default()
        }
    }

    #[test]
    fn the_sum_is_written_out() {
        let lines = written_out(&data(), &[0, 1, 2], 0, 2, (0.0, 900.0));
        assert_eq!(lines, ["= 0.25·1.00 + 0.50·(−2.00) + 0.25·4.00 = 0.25"]);
        let narrow = written_out(&data(), &[0, 1, 2], 0, 1, (0.0, 220.0));
        assert_eq!(narrow, ["= 0.50·(−2.00) + … = 0.25"]);
    }

    #[test]
    fn what_may_not_be_looked_at_is_not_there() {
        assert_eq!(data().choose(), (vec![0, 1, 2], vec![]));
        let looks_on = Data { weights: vec![0.25, 0.5, 0.0, 0.25], ..data() };
        assert_eq!(looks_on.choose().0.len(), 4);
        let mut window = data();
        (window.of.mask.window, window.weights) = (Some(2), vec![0.0, 0.5, 0.5, 0.0]);
        assert_eq!(window.choose().0, [1, 2], "the first is beyond the window");
        let scene = render(&data(), &State::default(), &Theme::LIGHT);
        assert!(scene.node("v-2-0").is_some() && scene.node("v-3-0").is_none());
        assert!(scene.node("v-1-0").unwrap().opacity > scene.node("v-0-0").unwrap().opacity);
    }

    #[test]
    fn of_many_tokens_the_heaviest_stay() {
        let n = 300;
        let weights: Vec<f32> = (0..n).map(|k| if k == 7 { 0.5 } else { 0.5 / 299.0 }).collect();
        let data = Data {
            of: Head::made(vec!["a".into(); n], true),
            position: n - 1,
            weights,
            values: vec![vec![1.0; 2]; n],
            z: vec![1.0; 2],
            ..Data::default()
        };
        let (shown, left_out) = data.choose();
        assert_eq!((shown.len(), left_out.len(), shown.contains(&7)), (MAX_ROWS, n - MAX_ROWS, true));
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        assert!(scene.caption.contains("288 tokens with little weight left out (48"), "{}", scene.caption);
    }
}
