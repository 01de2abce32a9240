//! Rotary positions: pairs of a head's numbers are turned by an angle that grows with the position
//! (Su et al., "RoFormer", 2021).

/// Which two numbers form a pair in what is read. What is written always has the halves layout, so that a
/// trace of a GGUF (stored interleaved for Llama) equals that of the same model in safetensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// `(i, i + dim/2)`: Hugging Face's layout.
    Halves,
    /// `(2i, 2i + 1)`: llama.cpp's layout for `llama` files, whose q and k rows are permuted to match.
    Interleaved,
}

/// Cosines and sines for a range of positions.
#[derive(Clone, Debug)]
pub struct Rope {
    half: usize,
    /// `[position][i] = (cos, sin)`
    table: Vec<(f32, f32)>,
    first: usize,
}

impl Rope {
    /// Angles `position · theta^(−2i/dim)` for positions `first .. first + len`. Frequencies and angles are
    /// rounded to f32 on the way, as in the implementation that models are trained with.
    pub fn new(dim: usize, theta: f32, first: usize, len: usize) -> Self {
        let half = dim / 2;
        let freqs: Vec<f32> = (0..half).map(|i| f64::from(theta).powf(-2.0 * i as f64 / dim as f64) as f32).collect();
        let table = (first..first + len)
            .flat_map(|p| freqs.iter().map(move |f| p as f32 * f))
            .map(|angle| (f64::from(angle).cos() as f32, f64::from(angle).sin() as f32))
            .collect();
        Self { half, table, first }
    }

    /// Turns one head vector of position `position` from `x` into `out`; numbers past the rotary part are copied.
    pub fn apply(&self, pairs: Pairs, position: usize, x: &[f32], out: &mut [f32]) {
        let row = &self.table[(position - self.first) * self.half..][..self.half];
        for (i, &(cos, sin)) in row.iter().enumerate() {
            let (a, b) = match pairs {
                Pairs::Halves => (x[i], x[i + self.half]),
                Pairs::Interleaved => (x[2 * i], x[2 * i + 1]),
            };
            out[i] = a * cos - b * sin;
            out[i + self.half] = b * cos + a * sin;
        }
        out[2 * self.half..].copy_from_slice(&x[2 * self.half..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_products_depend_on_distance_only() {
        let (q, k) = ([0.3, -1.0, 0.5, 2.0], [1.0, 0.2, -0.7, 0.1]);
        let rope = Rope::new(4, 100.0, 0, 20);
        let dot = |pq: usize, pk: usize| {
            let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
            rope.apply(Pairs::Halves, pq, &q, &mut a);
            rope.apply(Pairs::Halves, pk, &k, &mut b);
            a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>()
        };
        assert!((dot(5, 2) - dot(15, 12)).abs() < 1e-5);
        assert!((dot(5, 2) - dot(5, 3)).abs() > 1e-3);
    }

    #[test]
    fn interleaved_reads_pairs_side_by_side() {
        let rope = Rope::new(4, 100.0, 0, 4);
        let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
        rope.apply(Pairs::Halves, 3, &[1.0, 2.0, 3.0, 4.0], &mut a);
        rope.apply(Pairs::Interleaved, 3, &[1.0, 3.0, 2.0, 4.0], &mut b);
        assert_eq!(a, b);
    }
}
