//! What kind of transformer a model is: one block, many configs.

pub use attnscope_kernels::activation::Activation;
pub use attnscope_kernels::rope::Pairs;

/// How the residual stream is normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormKind {
    /// Root mean square, no mean taken off, no bias.
    Rms,
    /// Layer norm with bias.
    Layer,
}

/// Where the norms stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormPlace {
    /// Before attention and MLP, on what they read: GPT-2, Llama.
    Pre,
    /// After, on the sum of residual and output: BERT.
    Post,
}

/// How the model knows where a token stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Positions {
    /// A learned vector a position, added to the embedding.
    Learned,
    /// Rotary: the first `dim` numbers of each query and key are turned.
    Rotary {
        /// Base of the frequencies.
        theta: f32,
        /// How many numbers of a head are turned.
        dim: usize,
        /// Which of them form pairs in the file.
        pairs: Pairs,
    },
}

/// What the MLP of a block is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mlp {
    /// Width of its hidden layer.
    pub d_ff: usize,
    /// Its non-linearity.
    pub activation: Activation,
}

/// The sizes and choices that make one architecture differ from another.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Architecture as the file calls it.
    pub arch: String,
    /// Name for captions.
    pub name: String,
    /// Number of blocks.
    pub n_layers: usize,
    /// Query heads a block.
    pub n_heads: usize,
    /// Key/value heads a block; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of a head.
    pub d_head: usize,
    /// The MLP of each block; none in a model of attention alone.
    pub mlp: Option<Mlp>,
    /// Longest text in tokens.
    pub n_ctx: usize,
    /// Tokens known.
    pub n_vocab: usize,
    /// Kind of norm.
    pub norm: NormKind,
    /// Place of the norms.
    pub norm_place: NormPlace,
    /// ε of the norms.
    pub norm_eps: f32,
    /// Positions.
    pub positions: Positions,
    /// Whether a token may look only back.
    pub causal: bool,
    /// Sliding window: a query sees this many keys, itself included.
    pub window: Option<usize>,
    /// Soft cap of the attention scores.
    pub soft_cap: Option<f32>,
}

impl Config {
    /// Checks what every later step relies on, so that a lying file is an error and never a panic.
    pub fn check(&self, origin: &str) -> Result<(), crate::Error> {
        let fail = |m: String| Err(crate::Error::config(origin, m));
        let sizes = [
            ("n_layers", self.n_layers, 4096),
            ("n_heads", self.n_heads, 4096),
            ("n_kv_heads", self.n_kv_heads, 4096),
            ("d_model", self.d_model, 1 << 20),
            ("d_head", self.d_head, 1 << 16),
            ("d_ff", self.mlp.map_or(1, |mlp| mlp.d_ff), 1 << 22),
            ("n_ctx", self.n_ctx, 1 << 26),
            ("n_vocab", self.n_vocab, 1 << 24),
        ];
        for (name, value, most) in sizes {
            if value == 0 || value > most {
                return fail(format!(
                    "{name} is {value}, expected 1 to {most}; the file is damaged or not a transformer"
                ));
            }
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            return fail(format!(
                "{} query heads cannot share {} key/value heads equally",
                self.n_heads, self.n_kv_heads
            ));
        }
        if let Positions::Rotary { dim, theta, .. } = self.positions
            && (dim > self.d_head || dim == 0 || !dim.is_multiple_of(2) || !theta.is_finite() || theta <= 0.0)
        {
            return fail(format!(
                "rotary positions over {dim} numbers (theta {theta}) do not fit heads of {}",
                self.d_head
            ));
        }
        if !self.norm_eps.is_finite() || self.norm_eps < 0.0 {
            return fail(format!("the norm's epsilon is {}", self.norm_eps));
        }
        Ok(())
    }
}
