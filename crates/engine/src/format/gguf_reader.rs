//! A cursor over untrusted bytes: every read is checked against the end of the file.

use crate::{Bytes, Error};

pub(super) struct Reader<'a> {
    pub bytes: &'a Bytes,
    pub at: usize,
    pub origin: &'a str,
}

impl Reader<'_> {
    /// The next `n` bytes; `what` names them for the error.
    pub fn take(&mut self, n: usize, what: &str) -> Result<&[u8], Error> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else {
            let (at, len) = (self.at, self.bytes.len());
            return Err(self.error(format!(
                "truncated: {what} at byte {at} needs {n} bytes, but the file ends at {len}; download it again"
            )));
        };
        let start = std::mem::replace(&mut self.at, end);
        Ok(&self.bytes[start..end])
    }

    pub fn u32(&mut self, what: &str) -> Result<u32, Error> {
        Ok(self.take(4, what)?.try_into().map_or(0, u32::from_le_bytes))
    }

    pub fn u64(&mut self, what: &str) -> Result<u64, Error> {
        Ok(self.take(8, what)?.try_into().map_or(0, u64::from_le_bytes))
    }

    /// A count of items of at least `least` bytes each, checked against the rest of the file.
    pub fn count(&mut self, least: usize, what: &str) -> Result<usize, Error> {
        let n = self.u64(what)?;
        let left = self.bytes.len() - self.at;
        match usize::try_from(n).ok().filter(|n| n.checked_mul(least).is_some_and(|b| b <= left)) {
            Some(n) => Ok(n),
            None => Err(self
                .error(format!("{what} is {n}, more than the {left} bytes left of the file can hold; it is damaged"))),
        }
    }

    pub fn string(&mut self, what: &str) -> Result<String, Error> {
        let n = self.count(1, what)?;
        let at = self.at;
        let text = std::str::from_utf8(self.take(n, what)?).map(str::to_string);
        text.map_err(|_| self.error(format!("{what} at byte {at} is not UTF-8; the file is damaged")))
    }

    /// A text of at most `most` bytes, which is copied.
    pub fn name(&mut self, what: &str, most: usize) -> Result<String, Error> {
        let at = self.at;
        let text = self.string(what)?;
        if text.len() > most {
            let n = text.len();
            return Err(self
                .error(format!("{what} at byte {at} has {n} bytes, at most {most} are allowed; the file is damaged")));
        }
        Ok(text)
    }

    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::format(self.origin, message)
    }
}
