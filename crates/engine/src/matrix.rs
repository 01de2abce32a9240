//! One head's part of the learned attention matrices, oriented for x · W.

use crate::error::check_index;
use crate::weights::Linear;
use crate::{Array, Error, Model};
use serde::{Deserialize, Serialize};

/// Which matrix of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MatrixKind {
    /// W_Q, `[d_model, d_head]`: makes queries.
    Q,
    /// W_K, `[d_model, d_head]`: makes keys.
    K,
    /// W_V, `[d_model, d_head]`: makes values.
    V,
    /// W_O, `[d_head, d_model]`: maps mixed values back into the residual stream.
    O,
}

impl Model {
    /// A head's part of a matrix, `[d_in, d_out]`. For keys and values, `head` is a key/value head.
    ///
    /// # Errors
    /// A layer or head that does not exist; a file with NaN or Inf there.
    pub fn matrix(&self, layer: usize, head: usize, kind: MatrixKind) -> Result<Array, Error> {
        let c = &self.config;
        check_index(layer, c.n_layers, "layer", &format!("{} has layers", c.name))?;
        let (n_heads, of_what) = match kind {
            MatrixKind::Q | MatrixKind::O => (c.n_heads, ""),
            MatrixKind::K | MatrixKind::V => (c.n_kv_heads, " of keys and values"),
        };
        check_index(head, n_heads, "head", &format!("each layer of {} has heads{of_what}", c.name))?;
        let block = &self.weights.blocks[layer];
        let stored = match kind {
            MatrixKind::Q => head_rows(&block.q, head, c.d_head),
            MatrixKind::K => head_rows(&block.k, head, c.d_head),
            MatrixKind::V => head_rows(&block.v, head, c.d_head),
            MatrixKind::O => block.head_o(head, c.d_head).to_f32(),
        };
        if !crate::pass::all_finite(&stored) {
            let text =
                format!("W_{kind:?} of head {layer}.{head} holds NaN or Inf; the file is damaged, download it again");
            return Err(Error::format(&c.name, text));
        }
        let (d_in, d_out) = match kind {
            MatrixKind::O => (c.d_head, c.d_model),
            _ => (c.d_model, c.d_head),
        };
        Ok(Array::new([d_in, d_out], turn(&stored, d_in)))
    }
}

/// The outputs of one head, `[d_head, d_model]`.
fn head_rows(linear: &Linear, head: usize, d_head: usize) -> Vec<f32> {
    linear.weight.slice_rows(head * d_head..(head + 1) * d_head).to_f32()
}

/// Transposes `[n_out, n_in]`, as it is stored, to `[n_in, n_out]`.
fn turn(stored: &[f32], n_in: usize) -> Vec<f32> {
    (0..n_in).flat_map(|i| stored.iter().skip(i).step_by(n_in).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_turned_so_that_inputs_are_rows() {
        assert_eq!(turn(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn heads_and_layers_that_are_not_there_are_refused() {
        let model = crate::lesson::model();
        let q = model.matrix(1, 0, MatrixKind::Q).unwrap();
        assert_eq!(q.shape(), [32, 16]);
        assert_eq!(q.row(&[3]).unwrap()[5], model.weights.blocks[1].q.weight.row_f32(5)[3]);
        assert_eq!(model.matrix(1, 0, MatrixKind::O).unwrap().shape(), [16, 32]);
        let refused = |layer, head, kind| model.matrix(layer, head, kind).unwrap_err().to_string();
        assert_eq!(refused(2, 0, MatrixKind::Q), "there is no layer 2: Lesson model has layers 0 to 1");
        assert!(refused(0, 1, MatrixKind::V).ends_with("has heads of keys and values 0 to 0"));
    }
}
