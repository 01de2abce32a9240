//! Where choices come from: a seed, or the bytes of a fuzzer. Bytes that have run out are zeros, and a zero always
//! chooses what is ordinary.

/// A source of choices.
pub struct Draw<'a> {
    bytes: &'a [u8],
    seed: Option<u64>,
}

impl<'a> Draw<'a> {
    pub fn from_seed(seed: u64) -> Self {
        Self { bytes: &[], seed: Some(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1) }
    }

    #[allow(dead_code)] // the fuzzer's
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        Self { bytes, seed: None }
    }

    pub fn byte(&mut self) -> u8 {
        if let Some(seed) = &mut self.seed {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            return (*seed >> 32) as u8;
        }
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    /// 0 to `n - 1`.
    pub fn below(&mut self, n: usize) -> usize {
        let high = if n > 256 { usize::from(self.byte()) << 8 } else { 0 };
        (high | usize::from(self.byte())) % n.max(1)
    }

    pub fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// True once in `n` times.
    pub fn odd(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// A number that somebody may not have thought of.
    pub fn number(&mut self) -> u64 {
        let near = self.below(70) as u64;
        let all = [
            0,
            1,
            2,
            3,
            near,
            31,
            33,
            127,
            4096,
            65_536,
            (1 << 26) - 1,
            1 << 26,
            u32::MAX.into(),
            1 << 32,
            1 << 40,
            i64::MAX as u64,
            1 << 63,
            u64::MAX / 4 + 1,
            u64::MAX - 1,
            u64::MAX,
        ];
        self.of(&all)
    }

    /// The same for numbers with a point.
    pub fn float(&mut self) -> f32 {
        let all = [
            1.0,
            0.0,
            -1.0,
            -0.0,
            1e-45,
            1e-6,
            0.5,
            1e-12,
            3.0,
            1e4,
            1e6,
            1e15,
            1e30,
            f32::MAX,
            f32::MIN,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ];
        self.of(&all)
    }

    /// A text that somebody may not have thought of.
    pub fn text(&mut self) -> String {
        let all = [
            "a",
            "",
            " ",
            "the hot dog was 12 🌭",
            "##",
            "é",
            "\u{301}",
            "\0",
            "漢字",
            "▁",
            "Ġ",
            "İ",
            "\u{FDFA}",
            "<0x41>",
            "\n\n",
            "...",
            "[UNK]",
            "x\u{200d}y",
            "ﬁ",
            "A'B ʼn",
        ];
        let text = self.of(&all);
        let times = self.of(&[1, 1, 1, 1, 2, 40]);
        text.repeat(times)
    }
}
