//! The page's own module once more, in a worker: what takes long on the lesson model (training, measuring) is done there,
//! so that the page stays smooth.

use attnscope_channel::Channel;
use attnscope_protocol::{LessonOnly, Session};
use wasm_bindgen::prelude::*;

/// Listens to the page from now on.
#[wasm_bindgen]
pub fn serve_lesson() -> Result<(), JsValue> {
    console_error_panic_hook::set_once();
    // It has nothing to load: other messages say nothing.
    Channel::open(Session::new(LessonOnly), |_, _, _| {})
}
