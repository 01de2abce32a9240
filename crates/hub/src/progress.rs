//! What a pull reports while it works, so that the caller decides what is shown, and where.

/// A report of a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A message for the user. It may quote the name of a file as it is, so it needs to be made plain for a terminal.
    Note(&'a str),
    /// The bytes of a file follow, or of several together.
    Begin {
        /// The file's name, or what is done.
        label: &'a str,
        /// How many bytes there are in all.
        total: u64,
    },
    /// This many more bytes are here. Those that an earlier pull left are counted, too.
    Bytes(u64),
    /// No more bytes follow [`Begin`](Self::Begin), whether all are here or not.
    End,
}

/// The function that a pull reports to.
pub type Report<'a> = dyn Fn(Event<'_>) + 'a;

/// Reports a message.
pub fn note(report: &Report<'_>, message: String) {
    report(Event::Note(&message));
}

/// Reports bytes, from its creation until it is dropped.
pub struct Bar<'a>(&'a Report<'a>);

impl<'a> Bar<'a> {
    /// Begins to report `total` bytes.
    pub fn new(report: &'a Report<'a>, total: u64, label: &str) -> Self {
        report(Event::Begin { label, total });
        Self(report)
    }

    /// Adds this many bytes.
    pub fn add(&self, bytes: u64) {
        (self.0)(Event::Bytes(bytes));
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        (self.0)(Event::End);
    }
}

/// Bytes in a readable form: 98.4 MB.
pub fn human(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_read_well() {
        assert_eq!(super::human(612), "612 B");
        assert_eq!(super::human(98_362_432), "98.4 MB");
    }
}
