//! The place of each matrix. A wide canvas has them as products are written: Q to the left of the scores, Kᵀ above
//! them, V above Z, so that each cell is where its row and column meet. A narrow one has them one below another.

use super::Data;
use crate::figure::frame::PAD;
use crate::scene::Weight;
use crate::token;

/// Font size of the tokens' names.
pub(super) const NAME: f32 = 13.0;
/// Height kept for a matrix's name.
pub(super) const TITLE_H: f32 = 24.0;

/// The matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matrix {
    X,
    Q,
    K,
    V,
    /// Scores, then weights.
    S,
    Z,
}

impl Matrix {
    pub const ALL: [Self; 6] = [Self::X, Self::Q, Self::K, Self::V, Self::S, Self::Z];

    /// The prefix of its cells' keys.
    pub const fn key(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Q => "q",
            Self::K => "k",
            Self::V => "v",
            Self::S => "s",
            Self::Z => "z",
        }
    }

    /// The step that first computes it.
    pub const fn born(self) -> usize {
        match self {
            Self::X => 0,
            Self::Q | Self::K | Self::V => 1,
            Self::S => 2,
            Self::Z => 6,
        }
    }
}

/// The place of a matrix: a token is a row, or a column where it is transposed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub x: f32,
    pub y: f32,
    /// Distance from token to token, and from component to component.
    pub token: f32,
    pub component: f32,
    pub tokens: usize,
    pub components: usize,
    /// Whether tokens are columns.
    pub transposed: bool,
    /// Whether the name stands above; else below.
    pub title_above: bool,
}

impl Place {
    /// Left, top, width and height of a token's components from `first` to `last`, air included.
    pub fn part(&self, token: usize, first: usize, last: usize) -> (f32, f32, f32, f32) {
        let (along, across) = (first as f32 * self.component, token as f32 * self.token);
        let long = (last - first) as f32 * self.component;
        match self.transposed {
            true => (self.x + across, self.y + along, self.token, long),
            false => (self.x + along, self.y + across, long, self.token),
        }
    }

    pub fn width(&self) -> f32 {
        if self.transposed { self.tokens as f32 * self.token } else { self.components as f32 * self.component }
    }

    pub fn height(&self) -> f32 {
        if self.transposed { self.components as f32 * self.component } else { self.tokens as f32 * self.token }
    }
}

/// All places, and everything else that depends on the canvas.
pub(super) struct Stage {
    pub x: Place,
    pub q: Place,
    pub k: Place,
    pub v: Place,
    pub s: Place,
    pub z: Place,
    /// Width for the tokens' names to the left of rows.
    pub label_w: f32,
    /// Whether the keys' names over the columns are rotated.
    pub turned: bool,
    /// Height kept for them.
    pub names_h: f32,
    /// Where the stage ends.
    pub bottom: f32,
    pub wide: bool,
}

impl Stage {
    pub fn place(&self, matrix: Matrix) -> &Place {
        match matrix {
            Matrix::X => &self.x,
            Matrix::Q => &self.q,
            Matrix::K => &self.k,
            Matrix::V => &self.v,
            Matrix::S => &self.s,
            Matrix::Z => &self.z,
        }
    }

    /// The stage for a canvas of this inner width, from `top` on.
    pub fn new(data: &Data, inner: f32, top: f32) -> Self {
        // Outlines and rings stand around the cells, and the page shows nothing beyond the margin.
        let inner = inner - 4.0;
        let names = (0..data.shown()).map(|i| token::width(data.token(i), NAME, Weight::Semibold));
        let longest = names.fold(24.0, f32::max);
        if inner >= 560.0 { Self::wide(data, inner, top, longest) } else { Self::narrow(data, inner, top, longest) }
    }

    fn wide(data: &Data, inner: f32, top: f32, longest: f32) -> Self {
        let (n, d) = (data.shown().max(1), data.d_head().max(1));
        let d_model = data.x.first().map_or(1, |x| x.len().max(1));
        let label_w = longest.min(52.0);
        let (left, mid) = (label_w + 10.0, label_w + 34.0);
        let step = (200.0 / n as f32).floor().clamp(12.0, 48.0);
        let side = step * n as f32;
        // Where there are few tokens, the middle column keeps room for names.
        let s_w = side.max(96.0);
        let vector_w = ((inner - left - 28.0 - s_w - mid) / 2.0).min(13.0 * d as f32).max(60.0);
        let component = vector_w / d as f32;
        // With few tokens K must still be legible: its columns are as long as its components need.
        let k_h = side.max(vector_w.min(160.0));
        let turned = longest > step - 4.0;
        let names_h = if turned { longest.min(56.0) + 14.0 } else { 28.0 };
        let upper = top + TITLE_H + k_h;
        let lower = upper + names_h;
        let q_x = PAD + left;
        let s_x = q_x + vector_w + 28.0;
        let z_x = s_x + s_w + mid;
        let rows = Place { token: step, tokens: n, components: d, component, ..Place::default() };
        let x = Place { x: q_x, y: upper - side, components: d_model, component: vector_w / d_model as f32, ..rows };
        let v = Place { x: z_x, y: upper - side, ..rows };
        let k = Place { x: s_x, y: upper - k_h, component: k_h / d as f32, transposed: true, ..rows };
        let [x, v, k] = [x, v, k].map(|p| Place { title_above: true, ..p });
        let q = Place { x: q_x, y: lower, ..rows };
        let s = Place { x: s_x, y: lower, component: step, components: n, ..rows };
        let z = Place { x: z_x, y: lower, ..rows };
        Self { x, q, k, v, s, z, label_w, turned, names_h, bottom: lower + side + TITLE_H, wide: true }
    }

    fn narrow(data: &Data, inner: f32, top: f32, longest: f32) -> Self {
        let (n, d) = (data.shown().max(1), data.d_head().max(1));
        let d_model = data.x.first().map_or(1, |x| x.len().max(1));
        let label_w = longest.min(46.0);
        let left = PAD + label_w + 8.0;
        let full = (inner - label_w - 8.0).min(420.0);
        let row = if n <= 8 { 16.0 } else { 9.0 };
        let step = (full / n as f32).floor().min(64.0);
        let turned = longest > step - 4.0;
        let names_h = if turned { longest.min(56.0) + 12.0 } else { 22.0 };
        let third = (full - 24.0) / 3.0;
        let rows = Place { x: left, token: row, tokens: n, components: d, title_above: true, ..Place::default() };
        let height = row * n as f32;
        let x = Place { y: top + TITLE_H, components: d_model, component: full / d_model as f32, ..rows };
        let strips = Place { y: x.y + height + 10.0 + TITLE_H, component: third / d as f32, ..rows };
        let [q, k, v] = [0.0, 1.0, 2.0].map(|i| Place { x: left + i * (third + 12.0), ..strips });
        let s_y = strips.y + height + 14.0 + TITLE_H + names_h;
        let s = Place { y: s_y, token: step, component: step, components: n, ..rows };
        let z = Place { y: s_y + step * n as f32 + 12.0 + TITLE_H, component: full / d as f32, ..rows };
        let bottom = z.y + height + 6.0;
        Self { x, q, k, v, s, z, label_w, turned, names_h, bottom, wide: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::head::Head;

    #[test]
    fn a_score_stands_where_its_query_and_its_key_meet() {
        let rows = vec![vec![0.0; 16]; 5];
        let data =
            Data { of: Head::made(vec!["a".into(); 5], true), x: rows.clone(), q: rows.clone(), ..Data::default() };
        let stage = Stage::new(&data, 686.0, 0.0);
        let (cell, q, k) = (stage.s.part(3, 1, 2), stage.q.part(3, 0, 16), stage.k.part(1, 0, 16));
        assert_eq!((cell.0, cell.2), (k.0, k.2), "under its key");
        assert_eq!((cell.1, cell.3), (q.1, q.3), "beside its query");
        assert_eq!(stage.z.part(3, 0, 16).1, cell.1);
        assert_eq!(stage.z.part(0, 2, 3).0, stage.v.part(0, 2, 3).0);
        assert!(stage.z.x + stage.z.width() <= PAD + 686.0 + 0.01);
        for inner in [274.0, 318.0, 500.0] {
            let stage = Stage::new(&data, inner, 0.0);
            let right = Matrix::ALL.map(|m| stage.place(m).x + stage.place(m).width()).into_iter().fold(0.0, f32::max);
            assert!(right <= PAD + inner + 0.01, "{inner}: {right}");
        }
    }
}
