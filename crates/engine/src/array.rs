//! A row-major array of f32 with a shape: the one container of the engine.

/// Numbers with a shape, row-major: the last index varies fastest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Array {
    /// Wraps `data` in a shape.
    ///
    /// # Panics
    /// If the shape does not hold exactly `data.len()` numbers: a mistake of the caller, never of a file.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Self {
        let shape = shape.into();
        assert_eq!(shape.iter().product::<usize>(), data.len(), "shape {shape:?} does not hold {} numbers", data.len());
        Self { shape, data }
    }

    /// All zeros.
    pub fn zeros(shape: impl Into<Vec<usize>>) -> Self {
        let shape = shape.into();
        let len = shape.iter().product();
        Self { shape, data: vec![0.0; len] }
    }

    /// The size of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All numbers, row-major.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// All numbers, to change in place.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Gives the numbers back.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The `i`-th slice along the first axis: a row of a matrix, a head of `[n_heads, q, k]`.
    pub fn index(&self, i: usize) -> Option<&[f32]> {
        let (n, rest) = self.shape.split_first()?;
        let stride: usize = rest.iter().product();
        (i < *n).then(|| &self.data[i * stride..(i + 1) * stride])
    }

    /// The last axis at position `idx` of the axes before it, e.g. `row(&[head, q])`.
    pub fn row(&self, idx: &[usize]) -> Option<&[f32]> {
        let (last, lead) = self.shape.split_last()?;
        if idx.len() != lead.len() || idx.iter().zip(lead).any(|(i, n)| i >= n) {
            return None;
        }
        let at = idx.iter().zip(lead).fold(0, |at, (i, n)| at * n + i);
        Some(&self.data[at * last..(at + 1) * last])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_slices() {
        let a = Array::new([2, 2, 3], (0..12).map(|x| x as f32).collect());
        assert_eq!(a.index(1), Some(&[6., 7., 8., 9., 10., 11.][..]));
        assert_eq!(a.row(&[1, 0]), Some(&[6., 7., 8.][..]));
        assert_eq!(a.row(&[2, 0]), None);
        assert_eq!(a.row(&[0]), None);
        assert_eq!(a.index(2), None);
    }
}
