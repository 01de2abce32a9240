//! The keys and values of tokens already read, so that the next token costs one row instead of all.

/// Keys (after rotation) and values of each layer and key/value head.
#[derive(Clone, Debug)]
pub struct KvCache {
    /// `[layer][kv_head]`, each `[len, d_head]`
    pub(crate) k: Vec<Vec<Vec<f32>>>,
    pub(crate) v: Vec<Vec<Vec<f32>>>,
    pub(crate) len: usize,
}

impl KvCache {
    pub(crate) fn new(n_layers: usize, n_kv_heads: usize) -> Self {
        let empty = vec![vec![Vec::new(); n_kv_heads]; n_layers];
        Self { k: empty.clone(), v: empty, len: 0 }
    }

    /// Number of tokens held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been read yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}
