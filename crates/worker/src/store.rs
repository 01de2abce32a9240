//! A model's file from an address, kept in the browser's storage: an interrupted load resumes where it stopped, and
//! the next visit reads from the disk. A browser without such storage, or with none left, still loads the file.

use crate::fetch::{Body, failure, room};
use crate::kept::Kept;
use attnscope_protocol::{Event, Failure, Progress};
use js_sys::{Object, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, DedicatedWorkerGlobalScope, RequestInit, Response};

/// The file at `url`, as far as possible from storage. Stops when it is no longer `wanted`.
pub async fn fetch_kept(url: &str, progress: impl Fn(&Event), wanted: impl Fn() -> bool) -> Result<Vec<u8>, Failure> {
    let kept = Kept::open(url).await;
    let ongoing = Ongoing(AbortController::new().map_err(|_| failure("this browser cannot load files".into()))?);
    // The last byte is always requested again: the answer's version then proves that a whole file is still the same.
    let (version, have) = kept.as_ref().map_or((String::new(), 0), |kept| (kept.version.clone(), kept.have()));
    let mut answer = request(url, &ongoing, have, &version).await?;
    if answer.status() == 206 && tag(&answer) != version {
        answer = request(url, &ongoing, 0, "").await?;
    }
    let goes_on = answer.status() == 206;
    let have = if goes_on { have } else { 0 };
    let total = length(&answer).map(|length| length + have);
    let total = total.ok_or_else(|| failure("the server does not say how long the model's file is".into()))?;
    let mut bytes = room(total)?;
    let mut kept = match kept {
        Some(kept) if goes_on => {
            kept.read_into(&mut bytes, have as usize)?;
            Some(kept)
        }
        Some(kept) => kept.begin(&tag(&answer), total).await,
        None => None,
    };
    let body = Body::of(&answer)?;
    while let Some(piece) = body.next().await? {
        if !wanted() {
            return Err(failure("stopped; choose the model again to go on where it stopped".into()));
        }
        let at = bytes.len();
        bytes.extend_from_slice(&piece.to_vec());
        if bytes.len() as u64 > total {
            return Err(failure(format!("the model's file is longer than the {total} bytes that were announced")));
        }
        // Storage may fill up: then the rest is in memory only, and the next visit loads it again.
        kept = kept.filter(|kept| kept.write(&bytes[at..], at));
        progress(&Event::Progress(Progress::Loading { done: bytes.len() as u64, total }));
    }
    if (bytes.len() as u64) < total {
        return Err(failure("the connection broke while the model was loaded; choose it again to go on".into()));
    }
    Ok(bytes)
}

/// Aborts the transfer when the load is cancelled.
struct Ongoing(AbortController);

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn tag(answer: &Response) -> String {
    answer.headers().get("etag").ok().flatten().unwrap_or_default()
}

fn length(answer: &Response) -> Option<u64> {
    answer.headers().get("content-length").ok()??.parse().ok()
}

/// Asks for the file from byte `have` on, if it is still of this version; else for all of it.
async fn request(url: &str, ongoing: &Ongoing, have: u64, version: &str) -> Result<Response, Failure> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    // The worker's script lies below the page, in assets/VERSION/.
    let script = scope.location().href();
    let page = script.split("assets/").next().unwrap_or_default();
    let init = RequestInit::new();
    init.set_signal(Some(&ongoing.0.signal()));
    if have > 0 && !version.is_empty() {
        let headers = Object::new();
        for (name, value) in [("range", format!("bytes={have}-")), ("if-range", version.into())] {
            // Setting a property of a fresh object does not fail.
            let _ = Reflect::set(&headers, &name.into(), &value.into());
        }
        init.set_headers(&headers);
    }
    let answer = JsFuture::from(scope.fetch_with_str_and_init(&format!("{page}{url}"), &init)).await;
    let answer: Response =
        answer.map_err(|_| failure("the server does not answer; is it still running?".into()))?.unchecked_into();
    match answer.status() {
        200 | 206 => Ok(answer),
        status => Err(failure(format!("expected the model's file at {url}, found status {status}"))),
    }
}
