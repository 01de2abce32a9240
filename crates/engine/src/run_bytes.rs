//! The memory that a run needs, known before it starts, so that a server or a page can refuse one that needs too much.

use crate::config::Config;

impl Config {
    /// Bytes that a run over `q_len` new tokens, `kv_len` with those in its cache, needs while it runs, besides the
    /// arrays that it keeps ([`crate::Capture::bytes`]) and the model: the cache of keys and values, the residual
    /// stream, and the arrays of the current layer. It grows with the tokens and never with their square. Saturates at
    /// `u64::MAX`.
    ///
    /// ```
    /// let model = attnscope::lesson::model();
    /// assert!(model.config().run_bytes(4, 4) < 1 << 20);
    /// ```
    pub fn run_bytes(&self, q_len: usize, kv_len: usize) -> u64 {
        let n = |n: usize| n as u64;
        let times = |a: u64, b: u64| a.saturating_mul(b);
        let (q, kv) = (times(n(self.n_heads), n(self.d_head)), times(n(self.n_kv_heads), n(self.d_head)));
        let d_ff = n(self.d_ff());
        let angles = self.rotaries.iter().map(|rotary| n(rotary.dim())).fold(0, u64::saturating_add);
        // Queries, keys and values, each as the product's output and again split into heads; z, and z joined again.
        let attention = times(4, q).saturating_add(times(4, kv));
        // Gate and up, or the input and the output of the activation.
        let mlp = times(2, d_ff);
        // The stream, the input read from it, and the output written to it; each may be copied for a patch or a norm.
        // Before the layers, embeddings that are projected: added up, and normed.
        let stream = times(5, n(self.d_model)).saturating_add(times(3, n(self.narrow.unwrap_or(0))));
        // A product packs its inputs, padded to whole vectors, and lists where its outputs go.
        let packed = n(self.d_model).max(q).max(d_ff).saturating_add(64).saturating_add((attention.max(mlp)) / 4);
        let row = [angles, attention.max(mlp), stream, packed].into_iter().fold(0, u64::saturating_add);
        // Keys and values of all layers; those of one once more, transposed in whole tiles, or for a patch.
        let cached = times(times(2, kv), n(self.n_layers)).saturating_add(times(2, kv));
        // A cache that grows token by token may have reserved as much again.
        let reserve = if kv_len > q_len { 2 } else { 1 };
        let logits = times(2, n(self.n_vocab));
        // One head's part of W_O, expanded, where each head's share is kept.
        let head = times(n(self.d_model), n(self.d_head));
        let cache = times(n(kv_len), times(cached, reserve));
        times(times(n(q_len), row).saturating_add(cache).saturating_add(logits).saturating_add(head), 4)
    }
}
