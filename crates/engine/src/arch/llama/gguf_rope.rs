//! Rotary positions as GGUF metadata and llama.cpp's tensors describe them.

use super::gguf_members::Sizes;
use crate::Error;
use crate::arch::fields::Fields;
use crate::arch::loader::Loader;
use crate::arch::rope::{YarnShape, fits, yarn};
use crate::config::{Pairs, Rotary};

/// The rotation by base `theta`; `scaled` says whether the file's scaling holds for it. llama.cpp scales positions if a
/// factor is given, whatever the type, and divides frequencies by the numbers of `rope_freqs.weight`.
pub(super) fn rotary(
    fields: &Fields<'_>,
    loader: &Loader<'_>,
    sizes: &Sizes,
    theta: f32,
    pairs: Pairs,
    scaled: bool,
) -> Result<Rotary, Error> {
    if !(1.0..=1e15).contains(&theta) {
        return Err(fields.bad("rope.freq_base", "a number from 1 to 1e15", &theta.to_string()));
    }
    let dim = dim(fields, sizes)?;
    let theta = f64::from(theta);
    let base: Vec<f64> = (0..dim / 2).map(|i| theta.powf(-2.0 * i as f64 / dim as f64)).collect();
    let whole = |frequencies: &[f64]| frequencies.iter().map(|f| *f as f32).collect::<Vec<f32>>();
    let plain = Rotary { frequencies: whole(&base), long: None, factor: 1.0, pairs };
    if !scaled {
        return Ok(plain);
    }
    let kind = fields.get("rope.scaling.type")?;
    let kind = kind.as_ref().map_or(Some("linear"), |kind| kind.as_str());
    // A factor of 0 means none, and the older key counts only if the newer one is missing.
    let given = |name| Ok::<_, Error>(fields.optional_float(name)?.filter(|x| *x != 0.0));
    let (newer, older) = (given("rope.scaling.factor")?, given("rope.scale_linear")?);
    let factor = f64::from(newer.or(older).unwrap_or(1.0));
    if !(1e-6..=1e9).contains(&factor) {
        return Err(fields.bad("rope.scaling.factor", "a number above 0", &factor.to_string()));
    }
    let original = fields.optional_size("rope.scaling.original_context_length")?.unwrap_or(sizes.n_ctx);
    let attention = f64::from(fields.float_or("rope.scaling.attn_factor", 1.0)?);
    if !(1e-3..=1e3).contains(&attention) {
        return Err(fields.bad("rope.scaling.attn_factor", "a number above 0", &attention.to_string()));
    }
    let beta = |name, default| Ok::<_, Error>(f64::from(fields.float_or(name, default)?));
    let (fast, slow) = (beta("rope.scaling.yarn_beta_fast", 32.0)?, beta("rope.scaling.yarn_beta_slow", 1.0)?);
    let (frequencies, attention) = match kind {
        Some("none") => (base, 1.0),
        Some("linear" | "longrope") => (base.iter().map(|f| f / factor).collect(), attention),
        Some("yarn") => {
            // No key says whether the bounds are whole pairs: llama.cpp always takes whole ones, and gpt-oss was trained
            // with others (`truncate: false` in its config.json).
            let truncate = fields.arch != "gpt-oss";
            let shape = YarnShape { theta, dim, factor, original: original as f64, fast, slow, truncate };
            let grown = if factor > 1.0 { 1.0 + 0.1 * factor.ln() } else { 1.0 };
            (yarn(&base, shape), attention * grown)
        }
        _ => {
            let found = kind.unwrap_or("something else");
            return Err(fields.bad("rope.scaling.type", "none, linear, yarn or longrope", found));
        }
    };
    let divided = |name: &str| {
        let by = loader.vector(name, dim / 2)?;
        match by.iter().find(|x| **x <= 0.0) {
            Some(x) => {
                Err(Error::format(loader.origin, format!("tensor `{name}` holds {x}, expected numbers above 0")))
            }
            None => Ok(frequencies.iter().zip(by).map(|(f, by)| (f / f64::from(by)) as f32).collect::<Vec<f32>>()),
        }
    };
    const SHORT: &str = "rope_factors_short.weight";
    const LONG: &str = "rope_factors_long.weight";
    const ALL: &str = "rope_freqs.weight";
    let (frequencies, long) = if loader.has(SHORT) || loader.has(LONG) {
        (divided(SHORT)?, Some((original, divided(LONG)?)))
    } else if loader.has(ALL) {
        (divided(ALL)?, None)
    } else {
        (whole(&frequencies), None)
    };
    Ok(Rotary { frequencies, long, factor: attention as f32, pairs })
}

/// How many numbers of a head are rotated: an even number.
fn dim(fields: &Fields<'_>, sizes: &Sizes) -> Result<usize, Error> {
    let dim = fields.optional_size("rope.dimension_count")?.unwrap_or(sizes.d_head);
    fits(fields, dim, sizes.d_head)?;
    Ok(dim)
}
