//! Requests and events as bytes: postcard, which keeps every bit of an f32 (−∞ included) and is small.
//!
//! A request is one message. The answer is a stream of frames: a length as u32 (little-endian), then an event.

use crate::{Event, Failure, Request};
use postcard::de_flavors::Flavor;
use postcard::ser_flavors::Size;
use std::io::{self, Write};

/// The largest request that is read: a long text, and patches from another run.
pub const MAX_REQUEST: usize = 64 << 20;

/// Bytes of a request that are not text or numbers of arrays, but lengths, kinds and small numbers. Each may become a
/// value of a hundred bytes, and a request must not take many times its size in memory.
const MAX_SMALL: usize = 1 << 20;

/// A request as bytes.
pub fn encode_request(request: &Request) -> Vec<u8> {
    encode_after(request, Vec::new())
}

/// Reads a request; anything after it is an error.
pub fn decode_request(bytes: &[u8]) -> Result<Request, Failure> {
    if bytes.len() > MAX_REQUEST {
        let message = format!("the request has {} bytes, at most {MAX_REQUEST} are read", bytes.len());
        return Err(Failure::request(message));
    }
    let mut source = postcard::Deserializer::from_flavor(Counted { bytes, small: 0 });
    let request = serde::Deserialize::deserialize(&mut source);
    match (request, source.finalize()) {
        (Ok(request), Ok([])) => Ok(request),
        (Ok(_), Ok(rest)) => Err(malformed("request", &format!("one and {} bytes after it", rest.len()))),
        (Err(postcard::Error::DeserializeBadEncoding), _) => {
            let message =
                format!("the request lists too much: at most {MAX_SMALL} lengths and numbers are read; ask less");
            Err(Failure::request(message))
        }
        _ => Err(malformed("request", &none_in(bytes))),
    }
}

/// The bytes to be read, with a count of those that are read one by one.
struct Counted<'de> {
    bytes: &'de [u8],
    small: usize,
}

impl<'de> Flavor<'de> for Counted<'de> {
    type Remainder = &'de [u8];
    type Source = &'de [u8];

    fn pop(&mut self) -> postcard::Result<u8> {
        let (first, rest) = self.bytes.split_first().ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
        self.small += 1;
        if self.small > MAX_SMALL {
            // Any other error would report a wrong checksum or boundary, which a request does not have.
            return Err(postcard::Error::DeserializeBadEncoding);
        }
        self.bytes = rest;
        Ok(*first)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.bytes.len())
    }

    fn try_take_n(&mut self, n: usize) -> postcard::Result<&'de [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(n).ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn finalize(self) -> postcard::Result<Self::Remainder> {
        Ok(self.bytes)
    }
}

/// One frame of an answer.
pub fn encode_event(event: &Event) -> Vec<u8> {
    // The length is filled in afterwards, so that a large body is not copied once more.
    let mut frame = encode_after(event, vec![0; 4]);
    let len = (frame.len() - 4) as u32;
    frame[..4].copy_from_slice(&len.to_le_bytes());
    frame
}

/// Writes one frame of an answer without holding it: a large body is in memory once, in its event.
///
/// # Errors
/// Those of the writer.
pub fn write_event(event: &Event, mut to: impl Write) -> io::Result<()> {
    let len = postcard::serialize_with_flavor(event, Size::default()).expect("what is encoded has known lengths");
    to.write_all(&(len as u32).to_le_bytes())?;
    postcard::to_io(event, to).map(drop).map_err(|_| io::ErrorKind::BrokenPipe.into())
}

/// Extracts frames from a stream that arrives in pieces.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    /// Adds bytes that have arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next complete event, if there is one.
    pub fn next_event(&mut self) -> Option<Result<Event, Failure>> {
        let (len, rest) = self.bytes.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len) as usize;
        let body = rest.get(..len)?;
        let event = postcard::from_bytes(body).map_err(|_| malformed("answer", &none_in(body)));
        self.bytes.drain(..4 + len);
        Some(event)
    }

    /// Whether no bytes are left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

fn encode_after(value: &impl serde::Serialize, start: Vec<u8>) -> Vec<u8> {
    // A vector can always grow, and our types have no maps of unknown length, which is all that postcard refuses.
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
        let mut written = Vec::new();
        events.iter().for_each(|event| write_event(event, &mut written).unwrap());
        assert_eq!(written, stream);
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for byte in stream {
            frames.push(&[byte]);
            found.extend(std::iter::from_fn(|| frames.next_event()));
        }
        assert_eq!(found.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), events);
        assert!(frames.is_empty());
    }

    #[test]
    fn a_request_does_not_grow_when_it_is_read() {
        let settings = |n| attnscope::lesson::Settings { own: vec![String::new(); n], ..Default::default() };
        let train = |n| Request::Train {
            model: "trained".into(),
            settings: settings(n),
            steps: 1,
            every: 1,
            text: String::new(),
            fresh: false,
        };
        let read = |n| decode_request(&encode_request(&train(n)));
        assert_eq!(read(1000), Ok(train(1000)));
        let error = read(MAX_SMALL).unwrap_err().message;
        assert!(error.starts_with("the request lists too much"), "{error}");
        // Numbers of arrays take as much memory as they have bytes in the message.
        let near = Request::Near { model: "lesson".into(), vector: vec![0.5; 2 * MAX_SMALL], top: 1 };
        assert_eq!(decode_request(&encode_request(&near)), Ok(near));
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
