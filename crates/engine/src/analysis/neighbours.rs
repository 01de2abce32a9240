//! The tokens whose embeddings have the direction nearest to a vector's.

use super::rank::largest;
use crate::model::Model;

/// A token near a vector.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Neighbour {
    /// Its number in the vocabulary.
    pub id: u32,
    /// Its text, leading space included.
    pub text: String,
    /// Cosine of the angle between the vector and the token's embedding, −1 to 1.
    pub cosine: f32,
}

/// The `top` tokens nearest to `vector` (`[d_model]`) by cosine, nearest first. A zero vector has no neighbours.
pub fn neighbours(model: &Model, vector: &[f32], top: usize) -> Vec<Neighbour> {
    let n_vocab = model.info().n_vocab as u32;
    nearest(vector, (0..n_vocab).map(|id| model.embedding(id)), top)
        .into_iter()
        .map(|(i, cosine)| Neighbour { id: i as u32, text: model.token(i as u32).text, cosine })
        .collect()
}

/// Indices and cosines of the rows nearest to `vector`.
fn nearest(vector: &[f32], rows: impl Iterator<Item = Vec<f32>>, top: usize) -> Vec<(usize, f32)> {
    // 0 ÷ 0 is NaN and left out, so a vector of zeros has no neighbours.
    largest(rows.map(|row| cosine(vector, &row)), top)
}

/// The cosine of the angle between two vectors; NaN if one of them is zero.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>() / (norm(a) * norm(b))
}

fn norm(x: &[f32]) -> f32 {
    x.iter().map(|x| x * x).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_counts_and_length_does_not() {
        let rows = || [vec![0.0, 9.0], vec![0.1, 0.0], vec![0.0, 0.0], vec![3.0, 3.0]].into_iter();
        let found = nearest(&[2.0, 0.0], rows(), 2);
        assert_eq!(found[0], (1, 1.0));
        assert_eq!(found[1].0, 3);
        assert!((found[1].1 - 0.5f32.sqrt()).abs() < 1e-6);
        assert!(nearest(&[0.0, 0.0], rows(), 2).is_empty());
    }
}
