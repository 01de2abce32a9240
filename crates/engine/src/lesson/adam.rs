//! Adam (Kingma & Ba 2015), the optimizer.

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.98;
const EPS: f32 = 1e-8;

/// Running means of gradients and of their squares, for any list of arrays.
#[derive(Clone, Debug)]
pub struct Adam {
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
    /// β₁ᵗ and β₂ᵗ: the means start at 0, and these correct for it.
    powers: (f32, f32),
}

impl Adam {
    /// State for arrays of these lengths.
    pub fn new(lengths: impl Iterator<Item = usize>) -> Self {
        let first: Vec<_> = lengths.map(|len| vec![0.0; len]).collect();
        Self { second: first.clone(), first, powers: (1.0, 1.0) }
    }

    /// One step against the gradient. `scale` is what each gradient is multiplied by first.
    pub fn step<'a>(
        &mut self,
        learning_rate: f32,
        scale: f32,
        params: impl IntoIterator<Item = &'a mut [f32]>,
        grads: impl IntoIterator<Item = &'a [f32]>,
    ) {
        self.powers = (self.powers.0 * BETA1, self.powers.1 * BETA2);
        let (undo1, undo2) = (1.0 / (1.0 - self.powers.0), 1.0 / (1.0 - self.powers.1));
        for (((params, grads), first), second) in
            params.into_iter().zip(grads).zip(&mut self.first).zip(&mut self.second)
        {
            for (((p, g), m), v) in params.iter_mut().zip(grads).zip(first).zip(second) {
                let g = g * scale;
                *m = BETA1 * *m + (1.0 - BETA1) * g;
                *v = BETA2 * *v + (1.0 - BETA2) * g * g;
                *p -= learning_rate * (*m * undo1) / ((*v * undo2).sqrt() + EPS);
            }
        }
    }
}
