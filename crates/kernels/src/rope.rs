//! Rotary positions: pairs of a head's numbers are rotated by an angle that grows with the position
//! (Su et al., "RoFormer", 2021).

/// Which two numbers of the input form a pair. The output always has the halves layout, so that a trace of a GGUF
/// (stored interleaved for Llama) equals that of the same model in safetensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// `(i, i + dim/2)`: Hugging Face's layout.
    Halves,
    /// `(2i, 2i + 1)`: llama.cpp's layout for `llama` files, whose q and k rows are permuted to match.
    Interleaved,
}

impl Pairs {
    /// The two numbers of pair `i`, of `half` pairs.
    fn of(self, i: usize, half: usize) -> (usize, usize) {
        match self {
            Self::Halves => (i, i + half),
            Self::Interleaved => (2 * i, 2 * i + 1),
        }
    }
}

/// Cosines and sines for a range of positions.
#[derive(Clone, Debug)]
pub struct Rope {
    half: usize,
    /// Which numbers of the input form pairs.
    pairs: Pairs,
    /// The rotation speed of each pair, in radians per position.
    frequencies: Vec<f32>,
    /// `[position][i] = (cos, sin)`
    table: Vec<(f32, f32)>,
    first: usize,
}

/// The rotation speed of each pair of the first `dim` numbers of a head, θ^(−2i/dim) radians per position, rounded to
/// f32 as in the implementation that models are trained with.
pub fn frequencies(dim: usize, theta: f32) -> Vec<f32> {
    (0..dim / 2).map(|i| f64::from(theta).powf(-2.0 * i as f64 / dim as f64) as f32).collect()
}

impl Rope {
    /// Angles `position · frequency` of each pair for positions `first .. first + len`; they are rounded to f32 on the way.
    /// Cosines and sines are multiplied by `factor`, which is 1 in most models.
    pub fn new(frequencies: Vec<f32>, factor: f32, pairs: Pairs, first: usize, len: usize) -> Self {
        let factor = f64::from(factor);
        let table = (first..first + len)
            .flat_map(|p| frequencies.iter().map(move |f| f64::from(p as f32 * f)))
            .map(|angle| ((angle.cos() * factor) as f32, (angle.sin() * factor) as f32))
            .collect();
        Self { half: frequencies.len(), pairs, frequencies, table, first }
    }

    /// Rotates one head's vector at `position` from `x` into `out`; numbers beyond the rotary part are copied.
    pub fn apply(&self, position: usize, x: &[f32], out: &mut [f32]) {
        let row = &self.table[(position - self.first) * self.half..][..self.half];
        for (i, &(cos, sin)) in row.iter().enumerate() {
            let (a, b) = self.pairs.of(i, self.half);
            let (a, b) = (x[a], x[b]);
            out[i] = a * cos - b * sin;
            out[i + self.half] = b * cos + a * sin;
        }
        out[2 * self.half..].copy_from_slice(&x[2 * self.half..]);
    }

    /// How [`Self::apply`] computes one number of its result; `None` beyond the rotary part, where numbers are copied.
    pub fn rotation(&self, position: usize, component: usize) -> Option<Rotation> {
        let i = component % self.half.max(1);
        let (cos, sin) = *self.table.get((position - self.first) * self.half + i)?;
        let rotation = Rotation {
            pair: self.pairs.of(i, self.half),
            first: component < self.half,
            frequency: self.frequencies[i],
            cos,
            sin,
        };
        (component < 2 * self.half).then_some(rotation)
    }
}

/// How one rotated number is computed: of the pair (a, b) the first is a · cos − b · sin, the second b · cos + a · sin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation {
    /// The indices of a and b in the input.
    pub pair: (usize, usize),
    /// Whether it is the first number of the pair.
    pub first: bool,
    /// Radians per position.
    pub frequency: f32,
    /// The cosine of the angle, which is position times frequency; multiplied by the model's factor, mostly 1.
    pub cos: f32,
    /// The sine of the angle, multiplied likewise.
    pub sin: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_products_depend_on_distance_only() {
        let (q, k) = ([0.3, -1.0, 0.5, 2.0], [1.0, 0.2, -0.7, 0.1]);
        let rope = Rope::new(frequencies(4, 100.0), 1.0, Pairs::Halves, 0, 20);
        let dot = |pq: usize, pk: usize| {
            let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
            rope.apply(pq, &q, &mut a);
            rope.apply(pk, &k, &mut b);
            a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>()
        };
        assert!((dot(5, 2) - dot(15, 12)).abs() < 1e-5);
        assert!((dot(5, 2) - dot(5, 3)).abs() > 1e-3);
    }

    #[test]
    fn a_rotation_says_what_apply_does() {
        let x = [0.3, -1.0, 0.5, 2.0, 7.0];
        for pairs in [Pairs::Halves, Pairs::Interleaved] {
            let rope = Rope::new(frequencies(4, 100.0), 1.0, pairs, 3, 2);
            let mut out = [0.0; 5];
            rope.apply(4, &x, &mut out);
            for (i, out) in out[..4].iter().enumerate() {
                let Rotation { pair: (a, b), first, cos, sin, frequency } = rope.rotation(4, i).unwrap();
                let (a, b) = (x[a], x[b]);
                assert_eq!(*out, if first { a * cos - b * sin } else { b * cos + a * sin });
                assert_eq!(cos, f64::from(4.0 * frequency).cos() as f32);
            }
            assert_eq!(rope.rotation(4, 4), None);
        }
    }

    #[test]
    fn interleaved_reads_pairs_side_by_side() {
        let rope = |pairs| Rope::new(frequencies(4, 100.0), 1.0, pairs, 0, 4);
        let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
        rope(Pairs::Halves).apply(3, &[1.0, 2.0, 3.0, 4.0], &mut a);
        rope(Pairs::Interleaved).apply(3, &[1.0, 3.0, 2.0, 4.0], &mut b);
        assert_eq!(a, b);
    }
}
