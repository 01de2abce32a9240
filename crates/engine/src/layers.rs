//! Settings that may differ from layer to layer of a model. Most models have identical layers, others a few kinds that
//! alternate: each kind is stored once.

use crate::Error;
use crate::config::{Mlp, score_scale};
use attnscope_kernels::attention::Mask;
use serde::{Deserialize, Serialize};

/// A value for each layer. Layer `l` has the value of kind `turns[l % turns.len()]`.
///
/// ```
/// use attnscope::PerLayer;
///
/// let windows = PerLayer::of(&[Some(512), Some(512), None]);
/// assert_eq!((windows[1], windows[2]), (Some(512), None));
/// assert_eq!(windows.kinds(), [Some(512), None]);
/// assert_eq!(PerLayer::same("alike")[99], "alike");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored<T>")]
pub struct PerLayer<T> {
    kinds: Vec<T>,
    /// Never empty; each is an index of `kinds`.
    turns: Vec<u16>,
}

/// The deserialized form, not checked yet.
#[derive(Deserialize)]
struct Stored<T> {
    kinds: Vec<T>,
    turns: Vec<u16>,
}

impl<T> TryFrom<Stored<T>> for PerLayer<T> {
    type Error = Error;

    fn try_from(Stored { kinds, turns }: Stored<T>) -> Result<Self, Error> {
        let is_known = |turn: &u16| usize::from(*turn) < kinds.len();
        if turns.is_empty() || !turns.iter().all(is_known) {
            return Err(Error::usage(format!("layers take turns in {turns:?}, of {} kinds", kinds.len())));
        }
        Ok(Self { kinds, turns })
    }
}

impl<T> PerLayer<T> {
    /// The same for all.
    pub fn same(value: T) -> Self {
        Self { kinds: vec![value], turns: vec![0] }
    }

    /// One value after another, from the first layer on; after the last one the list repeats.
    ///
    /// # Panics
    /// If there is no value at all, or more than 65,536 different ones.
    pub fn of(values: &[T]) -> Self
    where
        T: Clone + PartialEq,
    {
        assert!(!values.is_empty(), "a value for each layer");
        // The shortest round that all of them repeat, so that equal values are equally written.
        let n = values.len();
        let repeats = |round: &usize| n.is_multiple_of(*round) && (*round..n).all(|i| values[i] == values[i - round]);
        let round = (1..=n).find(repeats).unwrap_or(n);
        let mut kinds: Vec<T> = Vec::new();
        let turns = values[..round].iter().map(|value| {
            let at = kinds.iter().position(|kind| kind == value).unwrap_or_else(|| {
                kinds.push(value.clone());
                kinds.len() - 1
            });
            u16::try_from(at).expect("at most 65,536 kinds of layers")
        });
        let turns = turns.collect();
        Self { kinds, turns }
    }

    /// The distinct values, each once.
    pub fn kinds(&self) -> &[T] {
        &self.kinds
    }

    /// Applies `f` to each value.
    pub fn map<U: Clone + PartialEq>(&self, f: impl FnMut(&T) -> U) -> PerLayer<U> {
        let made: Vec<U> = self.kinds.iter().map(f).collect();
        let values: Vec<U> = self.turns.iter().map(|turn| made[usize::from(*turn)].clone()).collect();
        PerLayer::of(&values)
    }
}

impl<T> std::ops::Index<usize> for PerLayer<T> {
    type Output = T;

    fn index(&self, layer: usize) -> &T {
        &self.kinds[usize::from(self.turns[layer % self.turns.len()])]
    }
}

impl<T: Default> Default for PerLayer<T> {
    fn default() -> Self {
        Self::same(T::default())
    }
}

/// The settings of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// How it attends.
    pub attention: Attention,
    /// How its queries and keys are rotated: an index in [`crate::Config::rotaries`]; `None` if they are not.
    pub rotary: Option<usize>,
    /// Whether attention and MLP both read the layer's input, instead of the MLP reading what attention has changed
    /// (GPT-J, Pythia, Falcon).
    pub parallel: bool,
    /// Its MLP; none in a model of attention alone.
    pub mlp: Option<Mlp>,
}

/// How a layer attends, apart from its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// Sliding window: a query sees this many keys, its own included; where a token attends both ways, that many on either
    /// side.
    pub window: Option<usize>,
    /// Soft cap of the scores.
    pub soft_cap: Option<f32>,
    /// The factor by which q · k is multiplied to make a score.
    pub scale: f32,
    /// The bound of the numbers of queries, keys and values: what exceeds it on either side of 0 becomes the bound itself.
    /// Queries and keys are bounded after their norm and before their rotation (OLMo 1, MPT).
    pub clamp: Option<f32>,
}

impl Attention {
    /// No window, and scores divided by √d_head (Vaswani et al. 2017).
    pub fn plain(d_head: usize) -> Self {
        Self { scale: score_scale(d_head), ..Self::default() }
    }

    /// The score of a dot product q · k: scaled, and bounded where the model has a soft cap.
    pub fn score(&self, dot: f32) -> f32 {
        let score = dot * self.scale;
        self.soft_cap.map_or(score, |cap| cap * (score / cap).tanh())
    }

    /// Queries, keys or values, bounded where the model bounds them.
    pub(crate) fn bound(&self, x: &mut [f32]) {
        if let Some(most) = self.clamp {
            x.iter_mut().for_each(|x| *x = clamp(*x, most));
        }
    }

    /// Which keys a query may attend to.
    pub fn mask(&self, causal: bool) -> Mask {
        Mask { causal, window: self.window }
    }
}

/// `x`, or the bound that it exceeds: −`most` or `most`. NaN stays NaN.
pub(crate) fn clamp(x: f32, most: f32) -> f32 {
    if x.abs() > most { most.copysign(x) } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exceeds_a_bound_becomes_the_bound() {
        assert_eq!([-3.0, -0.5, 0.0, 2.0, f32::INFINITY].map(|x| clamp(x, 2.0)), [-2.0, -0.5, 0.0, 2.0, 2.0]);
        assert!(clamp(f32::NAN, 2.0).is_nan());
        let mut x = [5.0, -5.0];
        Attention::plain(4).bound(&mut x);
        assert_eq!(x, [5.0, -5.0]);
        Attention { clamp: Some(1.0), ..Attention::plain(4) }.bound(&mut x);
        assert_eq!(x, [1.0, -1.0]);
    }

    #[test]
    fn what_comes_from_elsewhere_is_checked() {
        let read = serde_json::from_str::<PerLayer<u8>>;
        assert_eq!(read(r#"{"kinds":[7,8],"turns":[0,0,1]}"#).unwrap(), PerLayer::of(&[7, 7, 8]));
        for wrong in [r#"{"kinds":[],"turns":[]}"#, r#"{"kinds":[7],"turns":[1]}"#, r#"{"kinds":[7],"turns":[]}"#] {
            assert!(read(wrong).unwrap_err().to_string().contains("take turns"), "{wrong}");
        }
        let all = PerLayer::of(&[1, 2, 1]);
        assert_eq!(read(&serde_json::to_string(&all).unwrap()).unwrap(), all);
        assert_eq!(all.map(|x| x * 10).kinds(), [10, 20]);
        assert_eq!(all.map(|_| 'a'), PerLayer::same('a'), "what is the same is said once");
        assert_eq!(PerLayer::of(&[5; 24]), PerLayer::same(5));
        assert_eq!(PerLayer::of(&[1, 2, 1, 2]), PerLayer::of(&[1, 2]));
    }
}
