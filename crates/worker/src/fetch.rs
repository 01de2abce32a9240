//! Bytes from a file of the reader or from an address, straight into the engine's memory.

use crate::MAX_FILE;
use attnscope_protocol::{Event, Failure, Progress};
use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, ReadableStreamDefaultReader, ReadableStreamReadResult, Response};

/// Pieces in which a file is read.
const PIECE: f64 = 4.0 * 1024.0 * 1024.0;

/// A failure between the page and the model's file.
pub fn failure(message: String) -> Failure {
    Failure::lost(message)
}

/// Refuses a file that this browser's engine cannot hold, before any of it is read.
pub fn check_size(total: u64) -> Result<usize, Failure> {
    if total > MAX_FILE {
        let (found, most) = (total as f64 / 1e9, MAX_FILE as f64 / 1e9);
        return Err(Failure::model(format!(
            "the model has {found:.1} GB, a browser's engine takes at most {most:.1} GB; use `attnscope serve --model FILE`"
        )));
    }
    Ok(total as usize)
}

/// Memory for so many bytes, or an error: a browser may not have it.
pub fn room(total: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(check_size(total)?).map_err(|_| {
        Failure::model(format!(
            "this browser has no room for a model of {:.0} MB; close other pages",
            total as f64 / 1e6
        ))
    })?;
    Ok(bytes)
}

/// Reads a file that the reader gave.
pub async fn read_file(file: &File, progress: impl Fn(&Event)) -> Result<Vec<u8>, Failure> {
    let total = file.size();
    let unreadable = |_| Failure::model(format!("the file {} cannot be read", file.name()));
    let mut bytes = room(total as u64)?;
    while (bytes.len() as f64) < total {
        let from = bytes.len() as f64;
        let piece = file.slice_with_f64_and_f64(from, (from + PIECE).min(total)).map_err(unreadable)?;
        let piece = JsFuture::from(piece.array_buffer()).await.map_err(unreadable)?;
        let piece = Uint8Array::new(&piece);
        if piece.length() == 0 {
            return Err(Failure::model(format!("the file {} became shorter while it was read", file.name())));
        }
        bytes.extend_from_slice(&piece.to_vec());
        progress(&Event::Progress(Progress::Loading { done: bytes.len() as u64, total: total as u64 }));
    }
    Ok(bytes)
}

/// The pieces of a response's body.
pub struct Body(ReadableStreamDefaultReader);

impl Body {
    /// The body of this response.
    pub fn of(response: &Response) -> Result<Self, Failure> {
        let stream = response.body().ok_or_else(|| failure("the model's file came empty".into()))?;
        stream.get_reader().dyn_into().map(Self).map_err(|_| failure("the model's file cannot be read".into()))
    }

    /// The next piece; `None` at the end.
    pub async fn next(&self) -> Result<Option<Uint8Array>, Failure> {
        let broken = |_| failure("the connection broke while the model was loaded; choose it again to go on".into());
        let piece: ReadableStreamReadResult = JsFuture::from(self.0.read()).await.map_err(broken)?.unchecked_into();
        let done = piece.get_done().unwrap_or(true);
        Ok((!done).then(|| Uint8Array::new(&piece.get_value())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope_protocol::FailureKind;

    #[test]
    fn a_model_too_large_is_refused_before_it_is_read() {
        assert_eq!(check_size(98_362_432), Ok(98_362_432));
        let failure = room(MAX_FILE + 1).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Model);
        assert!(failure.message.contains("2.1 GB") && failure.message.contains("attnscope serve"), "{failure}");
    }
}
