//! HTTP/1.1 by hand: what a library would mend or refuse to send is what is to be tested.

use attnscope_protocol::wire::{Frames, encode_request};
use attnscope_protocol::{Event, Request};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

pub struct Connection {
    stream: TcpStream,
    port: u16,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Connection {
    pub fn open(port: u16) -> Self {
        let address = (Ipv4Addr::LOCALHOST, port).into();
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(30)).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time");
        Self { stream, port }
    }

    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Asks with the right Host.
    pub fn ask(self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let host = format!("Host: 127.0.0.1:{}", self.port);
        self.ask_as(method, path, &[&[host.as_str()], headers].concat())
    }

    /// Asks with these headers and no others.
    pub fn ask_as(mut self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        self.send(format!("{method} {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n"));
        self.answer(method == "HEAD")
    }

    /// Sends a request of the protocol; the answer can be read as it comes.
    pub fn begin(&mut self, request: &Request) {
        self.begin_with(&encode_request(request), &[]);
    }

    pub fn begin_with(&mut self, body: &[u8], headers: &[&str]) {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let (port, length) = (self.port, body.len());
        let head = format!("POST /api HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n{lines}");
        self.send(format!("{head}Connection: close\r\n\r\n"));
        self.send(body);
    }

    /// The status of an answer that begins in time.
    pub fn status_within(&mut self, time: Duration) -> Option<u16> {
        let start = Instant::now();
        let mut line = [0; "HTTP/1.1 200".len()];
        self.stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a time");
        let status = loop {
            match self.stream.peek(&mut line) {
                Ok(n) if n == line.len() => break std::str::from_utf8(&line[9..]).ok()?.parse().ok(),
                Ok(_) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("{error}"),
            }
            if start.elapsed() > time {
                break None;
            }
        };
        self.stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time");
        status
    }

    /// Reads to the end.
    pub fn answer(mut self, head_only: bool) -> Answer {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).expect("an answer that ends");
        let end =
            bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("no head in {bytes:?}"));
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let split = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers = lines.map(|line| split(line).expect("a header")).collect();
        let mut answer = Answer { status, headers, body: bytes.split_off(end + 4) };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = join_chunks(&answer.body);
        } else if let Some(length) = answer.header("content-length").filter(|_| !head_only) {
            assert_eq!(length, answer.body.len().to_string(), "the whole body came");
        }
        answer
    }
}

impl Answer {
    /// A header that is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(n, _)| n == name);
        let first = all.next();
        assert!(all.next().is_none(), "{name} is there twice");
        first.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The events of an answer in frames, of which none is cut off.
    pub fn events(&self) -> Vec<Event> {
        assert_eq!(self.header("content-type"), Some("application/octet-stream"), "{self:?}");
        let mut frames = Frames::default();
        frames.push(&self.body);
        let events = std::iter::from_fn(|| frames.next_event()).collect::<Result<_, _>>().expect("events");
        assert!(frames.is_empty(), "the answer ends in the middle of a frame");
        events
    }
}

fn join_chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    loop {
        let line = bytes.windows(2).position(|two| two == b"\r\n").expect("a chunk's length");
        let length = std::str::from_utf8(&bytes[..line]).expect("text");
        let length = usize::from_str_radix(length, 16).expect("a number");
        if length == 0 {
            return joined;
        }
        joined.extend_from_slice(&bytes[line + 2..line + 2 + length]);
        bytes = &bytes[line + 2 + length + 2..];
    }
}
