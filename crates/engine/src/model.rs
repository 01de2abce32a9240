//! A model, opened: its config, its weights and its tokenizer.

use crate::analysis::likeliest;
use crate::capture::Capture;
use crate::config::Config;
use crate::files::Files;
use crate::folder;
use crate::format::quantization::quantization;
use crate::format::{Tensors, gguf, safetensors};
use crate::vocabulary::Vocabulary;
use crate::weights::{Transform, Weights};
use crate::{Bytes, Error, ModelInfo, NextToken, Token, Trace, arch, stream};

/// A transformer ready to run. Its weights stay in the file.
pub struct Model {
    pub(crate) config: Config,
    pub(crate) weights: Weights,
    origin: String,
    vocabulary: Vocabulary,
    /// The reason why it predicts no next token, if so.
    headless: Option<String>,
    /// How the weights of a GGUF file are stored: `Q4_1`.
    quantization: Option<String>,
    /// The files from which its weights are read, if there are any.
    pub(crate) files: Files,
    /// Whether BOS stands before every text, if it is not left to the files.
    bos: Option<bool>,
    /// A text that stands for these ids.
    ids: Option<(String, Vec<u32>)>,
    /// The token that stands for a masked word, of a model that fills them in.
    mask: Option<u32>,
    /// The ids of a pair of texts, and the type of each.
    pub(crate) pair: Option<(Vec<u32>, Vec<u32>)>,
}

impl Model {
    /// Opens a GGUF file.
    pub fn from_gguf(bytes: Bytes, origin: &str) -> Result<Self, Error> {
        Self::from_parts(vec![(origin.into(), bytes)], origin)
    }

    /// Opens the GGUF files that a model was split into; mostly it is one.
    fn from_parts(parts: Vec<(String, Bytes)>, origin: &str) -> Result<Self, Error> {
        let file = gguf::parse_parts(parts)?;
        let arch::Read { config, weights, headless } = arch::from_gguf(&file, origin)?;
        if let Some(n) = file.metadata.array_len("tokenizer.ggml.tokens").filter(|n| *n != config.n_vocab) {
            let rows = config.n_vocab;
            let text =
                format!("its embedding has {rows} rows for {n} tokens (tokenizer.ggml.tokens); convert the model anew");
            return Err(Error::format(origin, text));
        }
        #[cfg(feature = "tokenizers")]
        let vocabulary = Vocabulary::Pieces(Box::new(crate::Tokenizer::from_gguf(&file.metadata)?));
        #[cfg(not(feature = "tokenizers"))]
        let vocabulary = Vocabulary::None;
        let (origin, quantization) = (origin.into(), quantization(&file));
        let model = Self { headless, quantization, ..Self::bare(config, weights, origin, vocabulary) };
        Ok(model.with_mask())
    }

    /// Opens files given by name: one `.gguf`, or `config.json` with `model.safetensors` (or its index and shards), and
    /// `tokenizer.json` if text is to be read.
    pub fn from_files(files: Vec<(String, Bytes)>, origin: &str) -> Result<Self, Error> {
        let find = |name: &str| files.iter().find(|(n, _)| n == name).map(|(_, b)| b.clone());
        folder::check(files.iter().map(|(name, _)| name.as_str()), origin)?;
        let parts: Vec<(String, Bytes)> = files.iter().filter(|(name, _)| folder::is_gguf(name)).cloned().collect();
        if let Some((first, _)) = parts.first() {
            let first = first.clone();
            return Self::from_parts(parts, &first);
        }
        let missing = |name: &str| folder::missing(name, &files, origin);
        let json = find("config.json").ok_or_else(|| missing("config.json"))?;
        let json = crate::format::json::parse(&json, "config.json", origin)?;
        let tensors: Tensors = match (find("model.safetensors"), find("model.safetensors.index.json")) {
            (Some(bytes), _) => safetensors::parse(bytes, "model.safetensors")?,
            (None, Some(index)) => {
                safetensors::parse_sharded(&index, |name| find(name).ok_or_else(|| folder::no_shard(name, origin)))?
            }
            (None, None) => return Err(missing("model.safetensors")),
        };
        let arch::Read { mut config, weights, headless } = arch::from_hf(&json, &tensors, origin)?;
        if !origin.is_empty() {
            config.name = origin.into();
        }
        #[cfg(feature = "tokenizers")]
        let model_type = json.get("model_type").and_then(serde_json::Value::as_str);
        #[cfg(feature = "tokenizers")]
        let vocabulary = crate::Tokenizer::from_folder(find, model_type)?
            .map_or(Vocabulary::None, |tokenizer| Vocabulary::Pieces(Box::new(tokenizer)));
        #[cfg(not(feature = "tokenizers"))]
        let vocabulary = Vocabulary::None;
        let origin = origin.into();
        let model = Self { headless, ..Self::bare(config, weights, origin, vocabulary) };
        Ok(model.with_mask())
    }

    /// A model of these parts, and nothing else yet.
    fn bare(config: Config, weights: Weights, origin: String, vocabulary: Vocabulary) -> Self {
        Self {
            config,
            weights,
            origin,
            vocabulary,
            headless: None,
            quantization: None,
            files: Files::default(),
            bos: None,
            ids: None,
            mask: None,
            pair: None,
        }
    }

    /// A model of whole words, from numbers in memory.
    pub(crate) fn of_words(config: Config, weights: Weights, words: crate::lesson::Words) -> Self {
        let vocabulary = Vocabulary::Words(words);
        let origin = config.name.clone();
        Self::bare(config, weights, origin, vocabulary)
    }

    /// The same model under another name, for captions: the name of a cache's folder is not worth showing.
    pub fn named(mut self, name: &str) -> Self {
        self.config.name = name.into();
        self
    }

    /// The architecture and sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The tensors.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// What figures need to know about it.
    pub fn info(&self) -> ModelInfo {
        let c = &self.config;
        ModelInfo {
            name: self.full_name(),
            n_layers: c.n_layers,
            n_heads: c.n_heads,
            n_kv_heads: c.n_kv_heads,
            d_model: c.d_model,
            d_head: c.d_head,
            n_vocab: c.n_vocab,
            causal: c.causal,
            word_level: self.vocabulary.is_word_level(),
            masked: self.fills_masks(),
            mask_token: self.mask,
            attention: c.layers.map(|layer| layer.attention),
            bias: self.weights.bias.clone(),
            sinks: if self.weights.blocks.iter().any(|block| !block.sinks.is_empty()) {
                self.weights.blocks.iter().map(|block| block.sinks.clone()).collect()
            } else {
                Vec::new()
            },
        }
    }

    /// Its name, and how its weights are stored unless the name says that already.
    fn full_name(&self) -> String {
        let name = &self.config.name;
        match &self.quantization {
            Some(how) if !name.to_ascii_uppercase().ends_with(how.as_str()) => format!("{name} {how}"),
            _ => name.clone(),
        }
    }

    /// Whether its vocabulary head says which token stands at a place, and not which one comes next (BERT).
    pub fn fills_masks(&self) -> bool {
        let is_masked = |transform: &Transform| transform.activation.is_some();
        self.weights.transform.as_ref().is_some_and(is_masked) && !self.config.causal
    }

    /// The position that a run over these tokens predicts from: see [`Trace::predicts_at`].
    pub(crate) fn predicts_at(&self, tokens: &[u32]) -> usize {
        let masked = self.mask.and_then(|mask| tokens.iter().position(|token| *token == mask));
        masked.unwrap_or(tokens.len().saturating_sub(1))
    }

    /// The same model, which knows its token for masked words if it fills them in.
    fn with_mask(mut self) -> Self {
        self.mask = if self.fills_masks() { self.vocabulary.mask() } else { None };
        self
    }

    /// Whether it predicts tokens, next or masked ones; an encoder without such a head or a classifier does not.
    pub fn has_vocab_head(&self) -> bool {
        self.weights.unembed.is_some()
    }

    /// The tokenizer, or an error that says which file is missing.
    #[cfg(feature = "tokenizers")]
    pub fn tokenizer(&self) -> Result<&crate::Tokenizer, Error> {
        match &self.vocabulary {
            Vocabulary::Pieces(tokenizer) => Ok(tokenizer),
            Vocabulary::Words(_) => {
                Err(Error::usage(format!("{} reads whole words and has no tokenizer", self.config.name)))
            }
            Vocabulary::None => Err(folder::no_tokenizer(&self.origin)),
        }
    }

    /// The same model, which puts BOS before every text or not, whatever its files say; `None` leaves it to them.
    pub fn with_bos(mut self, bos: Option<bool>) -> Self {
        self.bos = bos;
        self
    }

    /// The same model, which reads this text as these ids: for those who have ids and no text.
    ///
    /// # Errors
    /// No ids, more than the context, or some that do not exist.
    pub fn with_ids(mut self, text: &str, ids: Vec<u32>) -> Result<Self, Error> {
        self.check_tokens(&ids, 0)?;
        self.ids = Some((text.to_owned(), ids));
        Ok(self)
    }

    /// The same model, which reads `first` together with a second text, as an encoder of sentence pairs does (BERT):
    /// `[CLS] first [SEP] second [SEP]`, with token types 0 and 1 where the model has them.
    ///
    /// # Errors
    /// A decoder, or a tokenizer that does not say what stands between two texts; texts that are empty or too long.
    pub fn with_pair(mut self, first: &str, second: &str) -> Result<Self, Error> {
        let name = &self.config.name;
        if self.config.causal {
            return Err(Error::usage(format!("{name} attends back only: it reads no pairs of texts")));
        }
        if first.is_empty() || second.is_empty() {
            return Err(Error::usage("a text of the pair is empty; give at least one word"));
        }
        [first, second].into_iter().try_for_each(|text| self.vocabulary.check_text(text, self.config.n_ctx))?;
        let (ids, mut types) = self.vocabulary.encode_pair(first, second, &self.origin)?;
        self.check_tokens(&ids, 0)?;
        // As in transformers, a model with one type, or none, has no types.
        let n_types = self.weights.token_types.as_ref().map_or(0, crate::format::Tensor::rows);
        if n_types < 2 {
            types.fill(0);
        }
        if let Some(kind) = types.iter().find(|kind| **kind as usize >= n_types.max(1)) {
            return Err(Error::usage(format!("the tokenizer gives a token the type {kind}, and {name} has {n_types}")));
        }
        self.ids = Some((first.to_owned(), ids.clone()));
        self.pair = Some((ids, types));
        Ok(self)
    }

    /// Text to token ids. Empty text and text over the context are errors.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        if let Some((_, ids)) = self.ids.as_ref().filter(|(read, _)| read == text) {
            return Ok(ids.clone());
        }
        if text.is_empty() {
            return Err(Error::usage("the text is empty; give at least one word"));
        }
        self.vocabulary.check_text(text, self.config.n_ctx)?;
        let tokens = self.vocabulary.encode(text, self.bos, &self.origin)?;
        self.check_tokens(&tokens, 0)?;
        Ok(tokens)
    }

    /// One token as a reader sees it.
    pub fn token(&self, id: u32) -> Token {
        Token { id, text: self.vocabulary.text(id) }
    }

    pub(crate) fn check_tokens(&self, tokens: &[u32], past: usize) -> Result<(), Error> {
        let (c, seq) = (&self.config, tokens.len() + past);
        if tokens.is_empty() {
            return Err(Error::usage("the text has no tokens; give at least one word"));
        }
        if seq > c.n_ctx {
            return Err(Error::usage(format!(
                "the text has {seq} tokens, but {} reads at most {}; shorten it",
                c.name, c.n_ctx
            )));
        }
        match tokens.iter().find(|t| **t as usize >= c.n_vocab) {
            Some(t) => {
                Err(Error::usage(format!("token {t} does not exist: {} knows tokens 0 to {}", c.name, c.n_vocab - 1)))
            }
            None => Ok(()),
        }
    }

    /// A token's vector in the embedding, `[d_embed]`.
    ///
    /// # Panics
    /// If there is no such token.
    pub fn embedding(&self, id: u32) -> Vec<f32> {
        self.weights.embed.row_f32(id as usize)
    }

    /// The same for several tokens, with a check, for callers that show them.
    ///
    /// # Errors
    /// A vector that holds NaN or Inf.
    ///
    /// # Panics
    /// If there is no such token.
    pub fn embeddings(&self, ids: &[u32]) -> Result<Vec<Vec<f32>>, Error> {
        let vectors = ids.iter().map(|id| {
            let vector = self.embedding(*id);
            let text =
                || format!("the embedding of token {id} holds NaN or Inf; the file is damaged, download it again");
            if crate::pass::all_finite(&vector) { Ok(vector) } else { Err(Error::format(&self.config.name, text())) }
        });
        vectors.collect()
    }

    /// Logits, `[rows, n_vocab]`, of rows of the residual stream: final norm, then the vocabulary head.
    pub fn unembed(&self, resid: &[f32]) -> Result<Vec<f32>, Error> {
        let normed = match &self.weights.final_norm {
            Some(norm) => &stream::normalise(&self.config, norm, resid),
            None => resid,
        };
        let logits = self.weights.logits(&self.config, normed).ok_or_else(|| self.no_head())?;
        self.check_files()?;
        Ok(logits)
    }

    /// The columns of W_O that read one head, `[d_model, d_head]`.
    pub fn w_o(&self, layer: usize, head: usize) -> Vec<f32> {
        self.weights.blocks[layer].head_o(head, self.config.d_head).to_f32()
    }

    pub(crate) fn no_head(&self) -> Error {
        let why = self.headless.as_deref().unwrap_or("without a vocabulary head: it predicts no next token");
        Error::usage(format!("{} is {why}", self.config.name))
    }

    /// An error with the reason, for a model that predicts no next token.
    pub fn require_vocab_head(&self) -> Result<(), Error> {
        if self.has_vocab_head() { Ok(()) } else { Err(self.no_head()) }
    }

    /// A warning about these tokens, or about the tokenizer, that a reader should know before relying on the results.
    pub fn warning(&self, tokens: &[u32]) -> Option<String> {
        let start = self.vocabulary.start().filter(|_| self.bos != Some(false));
        let twice = start.filter(|start| tokens.starts_with(&[*start, *start])).map(|start| {
            let text = self.token(start).text;
            format!(
                "the text begins with a second BOS: {} puts {text:?} before every text, and the text has one of its own; \
                 leave that away",
                self.config.name
            )
        });
        let all: Vec<String> = twice.into_iter().chain(self.vocabulary.note().map(str::to_owned)).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// The `top` likeliest tokens that a trace predicts (see [`Trace::predicts_at`]), likeliest first. Probabilities are over
    /// the full vocabulary.
    pub fn next_tokens(&self, trace: &Trace, top: usize) -> Vec<NextToken> {
        likeliest(&trace.last_logits, top, |id| self.token(id).text)
    }

    /// A text's meaning as one vector of length 1: the mean over its tokens (Reimers & Gurevych 2019).
    pub fn sentence_embedding(&self, text: &str) -> Result<Vec<f32>, Error> {
        let capture: Capture = "final_norm".parse()?;
        let trace = self.run(&self.encode(text)?, &capture, &[])?;
        let d = self.config.d_model;
        let mut mean = vec![0.0f64; d];
        for row in trace.get("final_norm").map_or(&[][..], |a| a.data()).chunks_exact(d) {
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += f64::from(*x));
        }
        let length = mean.iter().map(|m| m * m).sum::<f64>().sqrt().max(1e-12);
        Ok(mean.into_iter().map(|m| (m / length) as f32).collect())
    }
}
