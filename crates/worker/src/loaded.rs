//! The models that were loaded into this worker: their bytes, from which a session opens them.

use attnscope::{Bytes, Model};
use attnscope_protocol::{Failure, ModelCard, Source};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Bytes by model id; clones share them.
#[derive(Clone, Default)]
pub struct Loaded(Rc<RefCell<HashMap<String, Bytes>>>);

impl Loaded {
    /// Keeps the bytes of a GGUF file.
    pub fn put(&self, model: &str, bytes: Vec<u8>) {
        self.0.borrow_mut().insert(model.into(), Bytes::from(bytes));
    }
}

impl Source for Loaded {
    fn cards(&self) -> Vec<ModelCard> {
        let all = self.0.borrow();
        all.iter()
            .map(|(id, bytes)| ModelCard { id: id.clone(), bytes: bytes.len() as u64, gguf: true, info: None })
            .collect()
    }

    fn open(&self, id: &str) -> Result<Model, Failure> {
        let bytes = self.0.borrow().get(id).cloned();
        let bytes = bytes.ok_or_else(|| Failure::model(format!("the model {id} is not loaded; choose it again")))?;
        let name = id.rsplit('/').next().unwrap_or(id);
        Model::from_gguf(bytes, name).map_err(|error| Failure::model(error.to_string()))
    }
}
