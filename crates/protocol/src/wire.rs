//! Requests and events as bytes: postcard, which keeps every bit of an f32 (−∞ included) and is small.
//!
//! A request is one message. The answer is a stream of frames: a length as u32 (little-endian), then an event.

use crate::{Event, Failure, Request};

/// The largest request that is read: a long text, and patches from another run.
pub const MAX_REQUEST: usize = 64 << 20;

/// A request as bytes.
pub fn encode_request(request: &Request) -> Vec<u8> {
    encode_after(request, Vec::new())
}

/// Reads a request; what follows it is an error too.
pub fn decode_request(bytes: &[u8]) -> Result<Request, Failure> {
    if bytes.len() > MAX_REQUEST {
        let message = format!("the request has {} bytes, at most {MAX_REQUEST} are read", bytes.len());
        return Err(Failure::request(message));
    }
    match postcard::take_from_bytes(bytes) {
        Ok((request, [])) => Ok(request),
        Ok((_, rest)) => Err(malformed("request", &format!("one and {} bytes after it", rest.len()))),
        Err(_) => Err(malformed("request", &none_in(bytes))),
    }
}

/// One frame of an answer.
pub fn encode_event(event: &Event) -> Vec<u8> {
    // The length is written into its place afterwards: a large body is not copied once more.
    let mut frame = encode_after(event, vec![0; 4]);
    let len = (frame.len() - 4) as u32;
    frame[..4].copy_from_slice(&len.to_le_bytes());
    frame
}

/// Takes frames out of a stream that comes in pieces.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    /// Adds what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole event, if it is there.
    pub fn next_event(&mut self) -> Option<Result<Event, Failure>> {
        let (len, rest) = self.bytes.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len) as usize;
        let body = rest.get(..len)?;
        let event = postcard::from_bytes(body).map_err(|_| malformed("answer", &none_in(body)));
        self.bytes.drain(..4 + len);
        Some(event)
    }

    /// Whether nothing is left over.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

fn encode_after(value: &impl serde::Serialize, start: Vec<u8>) -> Vec<u8> {
    // A vector grows, and our types have no maps of unknown length, which is all that postcard refuses.
    postcard::to_extend(value, start).expect("what is encoded has known lengths")
}

fn malformed(what: &str, found: &str) -> Failure {
    let version = env!("CARGO_PKG_VERSION");
    Failure::request(format!(
        "the {what} cannot be read: expected one {what} of attnscope {version}, found {found}; reload the page, so that \
         both sides are of one version"
    ))
}

fn none_in(bytes: &[u8]) -> String {
    format!("{} bytes that are none", bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Progress, Response};
    use proptest::prelude::*;

    #[test]
    fn what_is_sent_arrives() {
        let request = Request::Neighbours { model: "lesson".into(), token: 7, top: 3 };
        let bytes = encode_request(&request);
        assert_eq!(decode_request(&bytes), Ok(request));
        assert!(
            decode_request(&[bytes, vec![0]].concat()).unwrap_err().message.contains("found one and 1 bytes after it")
        );
        let error = decode_request(&[250, 0]).unwrap_err().message;
        assert!(error.starts_with("the request cannot be read: expected one request of attnscope "), "{error}");
        assert!(error.contains("found 2 bytes that are none; reload the page"), "{error}");
    }

    #[test]
    fn frames_may_come_in_pieces() {
        let events = [
            Event::Progress(Progress::Layers { done: 1, total: 30 }),
            Event::Done(Response::Contributions(vec![vec![f32::NEG_INFINITY, 0.1]])),
        ];
        let stream: Vec<u8> = events.iter().flat_map(encode_event).collect();
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for byte in stream {
            frames.push(&[byte]);
            found.extend(std::iter::from_fn(|| frames.next_event()));
        }
        assert_eq!(found.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), events);
        assert!(frames.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_request(&bytes);
            let mut frames = Frames::default();
            frames.push(&bytes);
            while frames.next_event().is_some() {}
        }
    }
}
