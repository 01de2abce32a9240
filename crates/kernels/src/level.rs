//! The instruction set that is used: chosen once at run time, or named by a test.

pub use fearless_simd::Level;

/// The best instruction set of this machine.
pub fn best() -> Level {
    Level::new()
}

/// Every instruction set that this machine can run, by name, plain code first. Tests run with each of them, so that
/// fast paths are checked on all and not only on the one that would be chosen.
pub fn all() -> Vec<(&'static str, Level)> {
    #[allow(unused_mut)]
    let mut levels = vec![("plain", fallback())];
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        use fearless_simd::Simd;
        let best = best();
        levels.extend(best.as_sse2().map(|t| ("sse2", t.level())));
        levels.extend(best.as_sse4_2().map(|t| ("sse4.2", t.level())));
        levels.extend(best.as_avx2().map(|t| ("avx2+fma", t.level())));
        levels.extend(best.as_avx512().map(|t| ("avx512", t.level())));
    }
    #[cfg(target_arch = "aarch64")]
    levels.push(("neon", best()));
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    levels.push(("simd128", best()));
    levels
}

/// Scalar code, without explicit vector instructions.
pub fn fallback() -> Level {
    Level::fallback()
}
