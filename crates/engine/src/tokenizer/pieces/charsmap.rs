//! SentencePiece's table of what letters are written instead of others (`precompiled_charsmap`): a tree of beginnings in
//! a double array, and the replacements, each ended by a zero byte.
//!
//! Every place that a text can lead to is looked at once, when the table is read: whoever walks it later, here or in the
//! library `tokenizers`, finds only what exists.

use crate::Error;
use std::collections::VecDeque;

/// Bytes of the largest table that is read. That of NFKC has 240,000.
const MOST: usize = 1 << 21;
/// Bytes of the longest text that is replaced; those of NFKC have 17.
const DEEPEST: usize = 64;

#[derive(Clone, Debug)]
pub(in crate::tokenizer) struct Charsmap {
    units: Vec<u32>,
    texts: String,
    /// A text may become this many times as long.
    pub growth: usize,
}

fn label(unit: u32) -> u32 {
    unit & (1 << 31 | 0xff)
}

fn has_value(unit: u32) -> bool {
    unit >> 8 & 1 == 1
}

fn value(unit: u32) -> usize {
    (unit & !(1 << 31)) as usize
}

fn offset(unit: u32) -> usize {
    ((unit >> 10) as usize) << ((unit & 1 << 9) >> 6)
}

impl Charsmap {
    /// Reads and checks a table; `None` if it is empty.
    pub fn read(bytes: &[u8], origin: &str) -> Result<Option<Self>, Error> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let wrong = |what: &str| Error::format(origin, format!("its table of letters (`precompiled_charsmap`) {what}"));
        if bytes.len() > MOST {
            return Err(wrong(&format!("has {} bytes; at most {MOST} are read", bytes.len())));
        }
        let cut = bytes.split_first_chunk::<4>().and_then(|(size, rest)| {
            let size = u32::from_le_bytes(*size) as usize;
            (size.is_multiple_of(4) && size > 0).then(|| rest.split_at_checked(size))?
        });
        let (units, texts) = cut.ok_or_else(|| wrong("is cut off"))?;
        let units = units.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let texts = std::str::from_utf8(texts).map_err(|_| wrong("holds texts that are not UTF-8"))?.to_owned();
        let mut map = Self { units, texts, growth: 1 };
        map.growth = map.check().ok_or_else(|| wrong("leads to places that it does not have"))?;
        Ok(Some(map))
    }

    /// Walks to every place; returns how many times as long a text may become.
    fn check(&self) -> Option<usize> {
        let mut seen = vec![false; self.units.len()];
        let mut growth = 1;
        // Breadth first: what is found at a place is found behind the shortest text that leads there.
        let mut open = VecDeque::from([(offset(self.units[0]), 0usize)]);
        while let Some((base, depth)) = open.pop_front() {
            if base | 0xff >= self.units.len() || depth > DEEPEST {
                return None;
            }
            for byte in 1..=255u32 {
                let place = base ^ byte as usize;
                let unit = self.units[place];
                if label(unit) != byte || std::mem::replace(&mut seen[place], true) {
                    continue;
                }
                let next = place ^ offset(unit);
                if has_value(unit) {
                    let text = self.text(value(*self.units.get(next)?))?;
                    growth = growth.max(text.len().div_ceil(depth + 1));
                }
                open.push_back((next, depth + 1));
            }
        }
        Some(growth)
    }

    /// The replacement that begins here.
    fn text(&self, at: usize) -> Option<&str> {
        let rest = self.texts.get(at..)?;
        rest.find('\0').map(|end| &rest[..end])
    }

    /// What the longest beginning that is listed becomes: its length, and the replacement.
    pub fn longest(&self, text: &[u8]) -> Option<(usize, &str)> {
        let mut place = offset(self.units[0]);
        let mut found = None;
        for (at, byte) in text.iter().take_while(|byte| **byte != 0).enumerate() {
            place ^= usize::from(*byte);
            let unit = *self.units.get(place)?;
            if label(unit) != u32::from(*byte) {
                break;
            }
            place ^= offset(unit);
            if has_value(unit) {
                found = Some((at + 1, value(*self.units.get(place)?)));
            }
        }
        found.and_then(|(len, at)| Some((len, self.text(at)?)))
    }
}

#[cfg(test)]
pub(in crate::tokenizer) mod tests {
    use super::*;

    /// A table that turns "A" into "a".
    pub fn small() -> Vec<u8> {
        let mut units = vec![0u32; 512];
        // The root's base is 256; 'A' is at 256 ^ 'A', has a value, and its base is 256 ^ 'A' ^ 1.
        units[0] = 256 << 10;
        units[256 ^ 0x41] = 0x41 | 1 << 8 | 1 << 10;
        units[256 ^ 0x41 ^ 1] = 1 << 31;
        let mut bytes = (4 * units.len() as u32).to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.extend(b"a\0");
        bytes
    }

    #[test]
    fn letters_are_replaced() {
        let map = Charsmap::read(&small(), "m").unwrap().unwrap();
        assert_eq!(map.longest(b"AB"), Some((1, "a")));
        assert_eq!(map.longest(b"B"), None);
        assert_eq!(map.longest(b"\0A"), None);
        assert_eq!(map.growth, 1);
        assert!(Charsmap::read(b"", "m").unwrap().is_none());
    }

    #[test]
    fn damaged_tables_are_refused() {
        let refused = |bytes: &[u8]| Charsmap::read(bytes, "m").unwrap_err().to_string();
        assert!(refused(b"AAA").contains("cut off"));
        assert!(refused(&[255; 9]).contains("cut off"));
        let mut far = small();
        far[4..8].copy_from_slice(&u32::to_le_bytes(1 << 20 << 10));
        assert!(refused(&far).contains("places that it does not have"));
        let mut endless = small();
        endless.pop();
        assert!(refused(&endless).contains("places that it does not have"));
        let mut strange = small();
        *strange.last_mut().unwrap() = 0xff;
        assert!(refused(&strange).contains("UTF-8"));
        assert!(refused(&vec![0; MOST + 1]).contains("at most"));
    }
}
