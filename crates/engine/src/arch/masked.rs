//! The head for masked words (Devlin et al. 2019): a dense layer, a norm, and a matrix as wide as the vocabulary, mostly
//! the embedding. It is read where a file has it, whatever class the config names.

use super::loader::{Bias, Loader};
use crate::Error;
use crate::config::{Activation, Config};
use crate::format::Tensor;
use crate::weights::{Transform, Weights};

/// What its tensors are called.
pub(super) struct Names {
    pub dense: &'static str,
    pub norm: &'static str,
    /// The matrix; a file may leave it out where it is the embedding.
    pub decoder: &'static str,
    /// The vector that is added to the logits: one of these, or both, which then are the same if the head is tied to the
    /// embedding; else the last counts.
    pub biases: &'static [&'static str],
}

pub(super) const BERT: Names = Names {
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.LayerNorm",
    decoder: "cls.predictions.decoder.weight",
    biases: &["cls.predictions.bias", "cls.predictions.decoder.bias"],
};

pub(super) const ROBERTA: Names = Names {
    dense: "lm_head.dense",
    norm: "lm_head.layer_norm",
    decoder: "lm_head.decoder.weight",
    biases: &["lm_head.bias", "lm_head.decoder.bias"],
};

pub(super) const DISTILBERT: Names = Names {
    dense: "vocab_transform",
    norm: "vocab_layer_norm",
    decoder: "vocab_projector.weight",
    biases: &["vocab_projector.bias"],
};

pub(super) const ALBERT: Names = Names {
    dense: "predictions.dense",
    norm: "predictions.LayerNorm",
    decoder: "predictions.decoder.weight",
    biases: &["predictions.bias", "predictions.decoder.bias"],
};

pub(super) const ELECTRA: Names = Names {
    dense: "generator_predictions.dense",
    norm: "generator_predictions.LayerNorm",
    decoder: "generator_lm_head.weight",
    biases: &["generator_lm_head.bias"],
};

pub(super) const MODERNBERT: Names =
    Names { dense: "head.dense", norm: "head.norm", decoder: "decoder.weight", biases: &["decoder.bias"] };

pub(super) const NOMIC: Names = Names {
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.layer_norm",
    decoder: "cls.predictions.decoder.weight",
    biases: &["cls.predictions.bias", "cls.predictions.decoder.bias"],
};

/// What the config says about it.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub activation: Activation,
    /// Whether its matrix is the embedding, unless the file has another.
    pub tied: bool,
    pub dense_bias: Bias,
    pub norm_bias: Bias,
    pub decoder_bias: Bias,
}

impl Said {
    /// With every bias.
    pub fn biased(activation: Activation, tied: bool) -> Self {
        Self { activation, tied, dense_bias: Bias::Yes, norm_bias: Bias::Yes, decoder_bias: Bias::Yes }
    }
}

impl Names {
    /// Whether a file has the head.
    pub fn are_in(&self, loader: &Loader<'_>) -> bool {
        loader.has(&format!("{}.weight", self.dense))
    }

    /// The same weights, with the head.
    pub fn read(&self, loader: &Loader<'_>, c: &Config, said: Said, weights: Weights) -> Result<Weights, Error> {
        let d = c.d_embed();
        let dense = loader.linear(self.dense, d, c.d_model, said.dense_bias)?;
        let norm = loader.layer_norm_with(self.norm, d, said.norm_bias)?;
        Ok(Weights {
            transform: Some(Transform { dense, activation: Some(said.activation), norm: Some(norm) }),
            unembed: Some(self.decoder(loader, c, said.tied, &weights.embed)?),
            unembed_bias: self.bias(loader, c, said)?,
            ..weights
        })
    }

    fn decoder(&self, loader: &Loader<'_>, c: &Config, tied: bool, embed: &Tensor) -> Result<Tensor, Error> {
        if tied && !loader.has(self.decoder) {
            return Ok(embed.clone());
        }
        loader.tensor(self.decoder, &[c.n_vocab, c.d_embed()])
    }

    fn bias(&self, loader: &Loader<'_>, c: &Config, said: Said) -> Result<Option<Vec<f32>>, Error> {
        let Said { tied, decoder_bias: wanted, .. } = said;
        if wanted == Bias::No {
            return Ok(None);
        }
        let there = self.biases.iter().filter(|name| loader.has(name));
        let all = there.map(|name| loader.vector(name, c.n_vocab)).collect::<Result<Vec<_>, _>>()?;
        if tied && all.windows(2).any(|pair| pair[0] != pair[1]) {
            let text = format!("tensors `{}` differ, but the model adds only one of them", self.biases.join("` and `"));
            return Err(Error::config(loader.origin, text));
        }
        match all.into_iter().next_back() {
            None if wanted == Bias::Yes => loader.vector(self.biases[0], c.n_vocab).map(Some),
            found => Ok(found),
        }
    }
}
