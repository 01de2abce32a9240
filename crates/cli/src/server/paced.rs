//! A connection that does not wait for its peer for ever.

use super::peer::Peer;
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// A stream whose peer must take what is written in time, or the connection is cut.
///
/// Reading is not timed here, since only the layers above know whether there is anything to be read.
pub(super) struct Paced {
    stream: TcpStream,
    peer: Arc<Peer>,
    /// When the peer's patience ends, while the server waits for it.
    end: Pin<Box<Sleep>>,
}

impl Paced {
    pub fn new(stream: TcpStream, peer: Arc<Peer>) -> Self {
        Self { stream, peer, end: Box::pin(tokio::time::sleep_until(Instant::now())) }
    }

    /// Measures the time of a write.
    fn watch(&mut self, written: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            self.peer.moved(*written.as_ref().unwrap_or(&0));
            return Poll::Ready(written);
        }
        let left = self.peer.is_awaited();
        if !left.is_zero() {
            // The task is woken when the time is over; the peer then reports that no patience is left.
            self.end.as_mut().reset(Instant::now() + left);
            ready!(self.end.as_mut().poll(cx));
        }
        Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, "the client takes its answer too slowly")))
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.watch(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
