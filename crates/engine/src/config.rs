//! What kind of transformer a model is: one block, many configs.

pub use attnscope_kernels::activation::Activation;
pub use attnscope_kernels::rope::Pairs;

use crate::layers::{Attention, Layer, PerLayer};
use attnscope_kernels::attention::Mask;
use attnscope_kernels::rope::{self, Rope};

/// How the residual stream is normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormKind {
    /// Root mean square: the mean is not subtracted, and there is no bias.
    Rms,
    /// Layer norm: the mean is subtracted, and most have a bias.
    Layer,
}

/// Rotary positions: pairs of the first numbers of each query and key are rotated by an angle that grows with the
/// position (Su et al. 2021).
#[derive(Clone, Debug, PartialEq)]
pub struct Rotary {
    /// Radians per position of each pair, `[pairs]`; twice as many numbers of a head are rotated, from the first on.
    pub frequencies: Vec<f32>,
    /// For texts longer than a number of tokens: other frequencies, `[pairs]`, of all its positions (longrope).
    pub long: Option<(usize, Vec<f32>)>,
    /// The factor by which rotated numbers are multiplied besides: 1, unless positions are scaled by YaRN or longrope.
    pub factor: f32,
    /// Which numbers form pairs in the file.
    pub pairs: Pairs,
}

impl Rotary {
    /// The frequencies θ^(−2i ÷ dim), as most models have them.
    pub fn plain(dim: usize, theta: f32, pairs: Pairs) -> Self {
        Self { frequencies: rope::frequencies(dim, theta), long: None, factor: 1.0, pairs }
    }

    /// How many numbers of a head are rotated.
    pub fn dim(&self) -> usize {
        2 * self.frequencies.len()
    }

    /// The frequencies for a text of `n` tokens.
    pub fn frequencies(&self, n: usize) -> &[f32] {
        match &self.long {
            Some((from, long)) if n > *from => long,
            _ => &self.frequencies,
        }
    }

    /// Cosines and sines for the positions `first .. first + len`, of a text of `n` tokens.
    pub(crate) fn rope(&self, n: usize, first: usize, len: usize) -> Rope {
        Rope::new(self.frequencies(n).to_vec(), self.factor, self.pairs, first, len)
    }
}

/// Factors that are 1 in most models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scales {
    /// Of a token's embedding as it enters (Gemma: √d_model).
    pub embed: f32,
    /// Of what attention and MLP add to the residual stream (Granite).
    pub residual: f32,
    /// Of the logits (Granite, Cohere).
    pub logits: f32,
    /// The bound that no logit exceeds: cap · tanh(logit ÷ cap) (Gemma 2).
    pub logit_cap: Option<f32>,
}

impl Default for Scales {
    fn default() -> Self {
        Self { embed: 1.0, residual: 1.0, logits: 1.0, logit_cap: None }
    }
}

/// The MLP of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mlp {
    /// Width of its hidden layer; in a mixture, of that of each expert.
    pub d_ff: usize,
    /// Its non-linearity.
    pub activation: Activation,
    /// Whether there are many of it, of which each token passes a few.
    pub mixture: Option<Mixture>,
}

impl Mlp {
    /// One MLP, which every token passes.
    pub fn one(d_ff: usize, activation: Activation) -> Self {
        Self { d_ff, activation, mixture: None }
    }
}

/// A mixture of experts (Shazeer et al. 2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    /// Number of experts.
    pub n: usize,
    /// Number of experts that each token passes.
    pub used: usize,
    /// Whether the weights of these add up to 1, instead of being their share among all experts.
    pub normalised: bool,
    /// Width of the hidden layer of an expert that every token passes, if there is one.
    pub shared: Option<usize>,
}

impl Mixture {
    /// The number of weights that a token has: one for each expert, the shared one included.
    pub fn width(&self) -> usize {
        self.n + usize::from(self.shared.is_some())
    }
}

/// The key/value head that query head `head` of `n_heads` reads, if there are `n_kv_heads`.
pub(crate) fn kv_head(head: usize, n_heads: usize, n_kv_heads: usize) -> usize {
    head / (n_heads / n_kv_heads.max(1)).max(1)
}

/// The scale of scores for heads of this width: 1 ÷ √d_head.
pub(crate) fn score_scale(d_head: usize) -> f32 {
    1.0 / (d_head as f32).sqrt()
}

/// The sizes and choices that make one architecture differ from another.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Name of the architecture in the file.
    pub arch: String,
    /// Name for captions.
    pub name: String,
    /// Number of blocks.
    pub n_layers: usize,
    /// Query heads per block.
    pub n_heads: usize,
    /// Key/value heads per block; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of the embeddings of a model that projects them to `d_model` (ALBERT, ELECTRA); elsewhere they have `d_model`
    /// numbers.
    pub narrow: Option<usize>,
    /// Width of a head.
    pub d_head: usize,
    /// Longest text, in tokens.
    pub n_ctx: usize,
    /// Number of tokens in the vocabulary.
    pub n_vocab: usize,
    /// Kind of norm.
    pub norm: NormKind,
    /// ε of the norms.
    pub norm_eps: f32,
    /// Whether a token may attend only to itself and earlier tokens.
    pub causal: bool,
    /// The rotations that layers choose from; empty if positions are learned vectors.
    pub rotaries: Vec<Rotary>,
    /// Factors that are 1 in most models.
    pub scales: Scales,
    /// The settings that may differ from layer to layer.
    pub layers: PerLayer<Layer>,
}

/// The widest head.
pub(crate) const MOST_D_HEAD: usize = 1 << 16;

/// The largest number of experts of a layer.
pub(crate) const MOST_EXPERTS: usize = 4096;

/// The largest number of layers.
pub(crate) const MOST_LAYERS: usize = 4096;

/// Bounds of queries, keys and values.
pub(crate) const CLAMPS: std::ops::RangeInclusive<f32> = 1e-6..=1e9;

/// Layers times heads: each has its own keys and values in a cache, which is made before any token is read.
const MOST_HEADS: usize = 1 << 16;

impl Config {
    /// The key/value head that a query head reads; several query heads may share one.
    pub fn kv_head(&self, head: usize) -> usize {
        kv_head(head, self.n_heads, self.n_kv_heads)
    }

    /// Which keys a query may attend to in a layer.
    pub fn mask(&self, layer: usize) -> Mask {
        self.layers[layer].attention.mask(self.causal)
    }

    /// Changes the attention settings of every layer.
    #[cfg(test)]
    pub(crate) fn attend(&mut self, change: impl Fn(&mut Attention)) {
        self.layers = self.layers.map(|layer| {
            let mut layer = *layer;
            change(&mut layer.attention);
            layer
        });
    }

    /// Width of the embeddings.
    pub fn d_embed(&self) -> usize {
        self.narrow.unwrap_or(self.d_model)
    }

    /// Width of the widest MLP's hidden layer; 0 if there is no MLP.
    pub fn d_ff(&self) -> usize {
        self.layers.kinds().iter().filter_map(|layer| layer.mlp).map(|mlp| mlp.d_ff).max().unwrap_or(0)
    }

    /// The narrowest window, if any layer has one.
    fn window(&self) -> Option<usize> {
        self.layers.kinds().iter().filter_map(|layer| layer.attention.window).min()
    }

    /// Checks what every later step relies on, so that a file with wrong sizes causes an error and never a panic: sizes
    /// are neither 0 nor absurd, every product of two of them that is used later fits, and every divisor is a valid
    /// number.
    pub fn check(&self, origin: &str) -> Result<(), crate::Error> {
        let checks = self.check_sizes().and_then(|()| self.check_products()).and_then(|()| self.check_numbers());
        checks.map_err(|message| crate::Error::config(origin, message))
    }

    /// Each size alone. The limits are far above any existing model, and keep the memory of one token small.
    fn check_sizes(&self) -> Result<(), String> {
        let no_d_ff = self.layers.kinds().iter().any(|layer| layer.mlp.is_some_and(|mlp| mlp.d_ff == 0));
        for mixture in self.layers.kinds().iter().filter_map(|layer| layer.mlp?.mixture) {
            let Mixture { n, used, shared, .. } = mixture;
            if !(1..=MOST_EXPERTS).contains(&n) || !(1..=n).contains(&used) {
                return Err(format!(
                    "a token passes {used} of {n} experts, expected 1 to all of at most {MOST_EXPERTS}"
                ));
            }
            if let Some(width) = shared.filter(|width| !(1..=1 << 20).contains(width)) {
                return Err(format!("the shared expert is {width} wide, expected 1 to {}", 1 << 20));
            }
        }
        let sizes = [
            ("n_layers", self.n_layers, MOST_LAYERS),
            ("n_heads", self.n_heads, 4096),
            ("n_kv_heads", self.n_kv_heads, 4096),
            ("d_model", self.d_model, 1 << 18),
            ("the width of the embeddings", self.d_embed(), 1 << 18),
            ("d_head", self.d_head, MOST_D_HEAD),
            ("d_ff", if no_d_ff { 0 } else { self.d_ff().max(1) }, 1 << 20),
            ("n_ctx", self.n_ctx, 1 << 26),
            ("n_vocab", self.n_vocab, 1 << 22),
            ("window", self.window().unwrap_or(1), usize::MAX),
        ];
        for (name, value, most) in sizes {
            if value == 0 || value > most {
                return Err(format!(
                    "{name} is {value}, expected 1 to {most}; the file is damaged or not a transformer"
                ));
            }
        }
        Ok(())
    }

    /// Sizes against each other, and the shapes made of two of them.
    fn check_products(&self) -> Result<(), String> {
        let (heads, kv, d, d_head) = (self.n_heads, self.n_kv_heads, self.d_model, self.d_head);
        if !heads.is_multiple_of(kv) {
            return Err(format!("{heads} query heads cannot share {kv} key/value heads equally"));
        }
        if self.n_layers * heads > MOST_HEADS {
            return Err(format!("{} layers of {heads} heads are more than {MOST_HEADS} heads", self.n_layers));
        }
        let products = [
            ("n_heads · d_head", heads, d_head),
            ("n_kv_heads · d_head", kv, d_head),
            ("3 · d_model", 3, d),
            ("n_vocab · d_model", self.n_vocab, d),
            ("n_vocab · the width of the embeddings", self.n_vocab, self.d_embed()),
            ("the width of the embeddings · d_model", self.d_embed(), d),
            ("d_ff · d_model", self.d_ff(), d),
            ("n_heads · d_model", heads, d),
        ];
        // As f32 their size in bytes must fit an isize, also where that has 32 bits.
        let most = isize::MAX as usize / size_of::<f32>();
        for (name, a, b) in products {
            if a.checked_mul(b).is_none_or(|n| n > most) {
                return Err(format!("{name} is {a} · {b}, more numbers than this machine can address"));
            }
        }
        let width = heads * d_head;
        if width > 1 << 20 {
            return Err(format!("n_heads · d_head is {heads} · {d_head}, expected at most {}", 1 << 20));
        }
        // The configs of these two families give no width of a head: it is d_model / n_heads.
        if ["gpt2", "bert"].contains(&self.arch.as_str()) && width != d {
            return Err(format!("n_heads is {heads}, which does not divide d_model, {d}; heads must be equally wide"));
        }
        Ok(())
    }

    /// The numbers from which scores, norms and angles are computed.
    fn check_numbers(&self) -> Result<(), String> {
        for rotary in &self.rotaries {
            self.check_rotary(rotary)?;
        }
        let Scales { embed, residual, logits, logit_cap } = self.scales;
        for (name, scale) in [("embeddings", embed), ("what a layer adds", residual), ("logits", logits)] {
            if !(1e-6..=1e6).contains(&scale) {
                return Err(format!("{name} are multiplied by {scale}, expected a number above 0"));
            }
        }
        if let Some(cap) = logit_cap.filter(|cap| !(1e-3..=1e9).contains(cap)) {
            return Err(format!("the soft cap of the logits is {cap}, expected a number above 0"));
        }
        if !(0.0..=1.0).contains(&self.norm_eps) {
            return Err(format!("the norm's epsilon is {}, expected a number from 0 to 1", self.norm_eps));
        }
        for layer in self.layers.kinds() {
            let Attention { soft_cap, scale, clamp, .. } = layer.attention;
            if let Some(cap) = soft_cap.filter(|cap| !(1e-3..=1e9).contains(cap)) {
                return Err(format!("the soft cap of the scores is {cap}, expected a number above 0"));
            }
            if let Some(most) = clamp.filter(|most| !CLAMPS.contains(most)) {
                return Err(format!("the bound of queries, keys and values is {most}, expected a number above 0"));
            }
            if !(1e-6..=1e6).contains(&scale) {
                return Err(format!("scores are multiplied by {scale}, expected a number above 0"));
            }
            if let Some(rotary) = layer.rotary.filter(|rotary| *rotary >= self.rotaries.len()) {
                return Err(format!("a layer has rotation {rotary} of {}", self.rotaries.len()));
            }
        }
        Ok(())
    }

    fn check_rotary(&self, rotary: &Rotary) -> Result<(), String> {
        let dim = rotary.dim();
        if dim > self.d_head || dim == 0 {
            return Err(format!("rotary positions over {dim} numbers do not fit heads of {}", self.d_head));
        }
        let long = rotary.long.as_ref().map(|(_, long)| long);
        for frequencies in std::iter::once(&rotary.frequencies).chain(long) {
            // Faster than a radian a position, angles soon exceed what an f32 can hold.
            let wrong = frequencies.iter().find(|f| !(0.0..=1e3).contains(*f));
            if let Some(wrong) = wrong {
                return Err(format!("a rotary pair is rotated by {wrong} radians a position, expected 0 to 1000"));
            }
            if frequencies.len() * 2 != dim {
                let n = frequencies.len();
                return Err(format!("long texts have {n} rotary frequencies, expected {}", dim / 2));
            }
        }
        if !(1e-3..=1e3).contains(&rotary.factor) {
            return Err(format!("rotated numbers are multiplied by {}, expected a number above 0", rotary.factor));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config { arch: "llama".into(), n_layers: 2, ..crate::lesson::model().config().clone() }
    }

    /// Changes all layers.
    fn each(c: &mut Config, change: impl Fn(&mut Layer)) {
        c.layers = c.layers.map(|layer| {
            let mut layer = *layer;
            change(&mut layer);
            layer
        });
    }

    fn refusal(change: impl FnOnce(&mut Config)) -> String {
        let mut config = config();
        change(&mut config);
        config.check("odd").expect_err("it was accepted").to_string()
    }

    #[test]
    fn sizes_of_0_and_absurd_ones_are_refused_by_name() {
        assert!(config().check("odd").is_ok());
        assert!(refusal(|c| c.n_layers = 0).contains("n_layers is 0"));
        assert!(refusal(|c| each(c, |layer| layer.attention.window = Some(0))).contains("window is 0"));
        assert!(refusal(|c| c.n_vocab = usize::MAX).contains("n_vocab"));
        assert!(refusal(|c| each(c, |layer| layer.mlp = Some(Mlp::one(0, Activation::Relu)))).contains("d_ff is 0"));
        assert!(refusal(|c| each(c, |layer| layer.attention.scale = 0.0)).contains("multiplied by 0"));
        assert!(refusal(|c| each(c, |layer| layer.attention.soft_cap = Some(-1.0))).contains("soft cap"));
        assert!(refusal(|c| each(c, |layer| layer.attention.clamp = Some(0.0))).contains("bound of queries"));
        assert!(refusal(|c| each(c, |layer| layer.rotary = Some(0))).contains("rotation 0 of 0"));
        let many = |c: &mut Config| (c.n_layers, c.n_heads, c.n_kv_heads) = (4096, 4096, 4096);
        assert!(refusal(many).contains("4096 layers of 4096 heads"));
        assert!(refusal(|c| (c.n_heads, c.d_head) = (4096, 1 << 16)).contains("n_heads · d_head"));
    }

    #[test]
    fn heads_that_do_not_divide_the_stream_are_refused_where_their_width_is_derived() {
        let derived = |c: &mut Config| (c.arch, c.d_model, c.n_heads, c.d_head) = ("gpt2".into(), 32, 5, 6);
        let error = refusal(derived);
        assert!(error.contains("n_heads is 5") && error.contains("32"), "{error}");
        assert!(refusal(|c| (c.n_heads, c.n_kv_heads) = (4, 3)).contains("cannot share 3"));
    }

    #[test]
    fn numbers_that_give_nan_are_refused() {
        let rotary =
            |frequencies: &[f32]| Rotary { frequencies: frequencies.into(), ..Rotary::plain(2, 1e4, Pairs::Halves) };
        for wrong in [-1.0, 1e30, f32::NAN, f32::INFINITY] {
            assert!(refusal(|c| c.rotaries = vec![rotary(&[1.0, wrong])]).contains("radians"), "{wrong}");
            let long = Rotary { long: Some((8, vec![wrong])), ..rotary(&[1.0]) };
            assert!(refusal(|c| c.rotaries = vec![long]).contains("radians"), "{wrong}");
            let factor = Rotary { factor: wrong, ..rotary(&[1.0]) };
            assert!(refusal(|c| c.rotaries = vec![factor]).contains("multiplied"), "{wrong}");
            assert!(refusal(|c| c.scales.embed = wrong).contains("embeddings are multiplied"), "{wrong}");
            assert!(refusal(|c| c.scales.logit_cap = Some(wrong)).contains("cap of the logits"), "{wrong}");
        }
        for pairs in [0, 9] {
            assert!(refusal(|c| c.rotaries = vec![rotary(&vec![1.0; pairs])]).contains("rotary positions over"));
        }
        for eps in [-1e-6, 2.0, f32::NAN, f32::INFINITY] {
            assert!(refusal(|c| c.norm_eps = eps).contains("epsilon"), "{eps}");
        }
    }
}
