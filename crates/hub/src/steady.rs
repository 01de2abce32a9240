//! A body that must keep arriving at a minimum speed.

use std::io::{self, Read};
use std::time::{Duration, Instant};

/// Fewer bytes than this within the allowed silence count as no progress.
pub const LEAST: u64 = 1_024;

/// Reads from `inner`, and fails if it is too slow. (Complete silence is detected by the connection itself.)
pub struct Steady<R> {
    inner: R,
    idle: Duration,
    since: Instant,
    got: u64,
    end: Option<Instant>,
}

impl<R> Steady<R> {
    pub fn new(inner: R, idle: Duration) -> Self {
        Self { inner, idle, since: Instant::now(), got: 0, end: None }
    }

    /// Also fails if it has not ended within `limit`.
    pub fn ending_within(mut self, limit: Duration) -> Self {
        self.end = Some(Instant::now() + limit);
        self
    }
}

impl<R: Read> Read for Steady<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.got += n as u64;
        let now = Instant::now();
        let drips = now - self.since >= self.idle && self.got < LEAST;
        if n > 0 && (drips || self.end.is_some_and(|end| now > end)) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it comes too slowly"));
        }
        if now - self.since >= self.idle {
            (self.since, self.got) = (now, 0);
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This many bytes per read, each after a pause.
    struct Slow(usize);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_millis(5));
            Ok(self.0.min(buffer.len()))
        }
    }

    #[test]
    fn dripping_is_not_enough_and_going_on_for_ever_neither() {
        let idle = Duration::from_millis(30);
        let mut drip = Steady::new(Slow(1), idle);
        assert_eq!(io::copy(&mut drip, &mut io::sink()).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let mut endless = Steady::new(Slow(2_000), idle).ending_within(idle * 4);
        assert_eq!(io::copy(&mut endless, &mut io::sink()).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let mut short = Steady::new(Slow(1), idle).take(4);
        assert_eq!(io::copy(&mut short, &mut io::sink()).unwrap(), 4);
    }
}
