//! A row-major array of f32 with a shape: the one container of the engine.

use serde::{Deserialize, Serialize};

/// Numbers with a shape, row-major: the last index varies fastest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Array {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Array {
    /// Wraps `data` in a shape.
    ///
    /// # Panics
    /// If the shape does not hold exactly `data.len()` numbers: a mistake of the caller, never caused by a file.
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

    /// Returns the numbers without the shape.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The `i`-th slice along the first axis: a row of a matrix, or one head of `[n_heads, q, k]`.
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

/// An array from outside, whose shape is not checked yet.
#[derive(Deserialize)]
struct Unchecked {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl TryFrom<Unchecked> for Array {
    type Error = String;

    /// The shape must match the data, and no product of its axes may overflow, since strides are such products.
    fn try_from(Unchecked { shape, data }: Unchecked) -> Result<Self, String> {
        let strides = shape.iter().try_fold(1usize, |product, n| product.checked_mul((*n).max(1)));
        if strides.is_none() || shape.iter().product::<usize>() != data.len() {
            let most = &shape[..shape.len().min(8)];
            return Err(format!("an array of shape {most:?} does not hold {} numbers", data.len()));
        }
        Ok(Self { shape, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_from_outside_hold_what_their_shape_says() {
        let read = |json: &str| serde_json::from_str::<Array>(json).map_err(|e| e.to_string());
        let array = read(r#"{"shape":[2,1],"data":[1.5,-2.0]}"#).unwrap();
        assert_eq!(array, Array::new([2, 1], vec![1.5, -2.0]));
        assert_eq!(read(&serde_json::to_string(&array).unwrap()), Ok(array));
        let huge = usize::MAX / 2 + 1;
        for shape in ["[3]".into(), "[]".into(), format!("[{huge},4]"), format!("[0,{huge},4]")] {
            let error = read(&format!(r#"{{"shape":{shape},"data":[1,2]}}"#)).unwrap_err();
            assert!(error.contains("does not hold 2 numbers"), "{error}");
        }
        assert!(read(&format!(r#"{{"shape":[0,{huge},4],"data":[]}}"#)).is_err());
        assert_eq!(read(r#"{"shape":[0,9],"data":[]}"#).unwrap().index(0), None);
    }

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
