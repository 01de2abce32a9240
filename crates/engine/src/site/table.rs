//! The table of sites: a row for each kind of array of a run.

use super::{Axis, Site, Stage};

/// What a run can do with an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is an intermediate result, or follows from others: it is not an array of a trace.
    Derived,
    /// A run can keep it.
    Kept,
    /// A run can keep it, or be given another in its place.
    Patched,
}

/// What a model must have for the array to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    Mlp,
    /// An MLP that is no mixture.
    Neurons,
    /// A mixture of experts.
    Experts,
    VocabHead,
    /// A head for masked words.
    MaskHead,
    /// Embeddings that are projected to the width of the stream.
    Projection,
    /// Embeddings that enter the stream as they are.
    OneSpace,
}

/// A row of the table.
pub(super) struct Row {
    pub site: Site,
    pub name: &'static str,
    pub stage: Stage,
    pub axes: &'static [Axis],
    pub use_: Use,
    pub needs: Needs,
    /// The arrays of the same layer that a run must keep so that a number of it can be explained.
    pub explained_by: &'static [Site],
    /// A description of one of its numbers: `{n}` is its last index, `{token}` its token, `{key}` the token of its key,
    /// `{word}` a token of the vocabulary.
    pub words: &'static str,
}

use Axis::{Component, EmbedComponent, Expert, Head, HeadComponent, Key, KvHead, Neuron, Position, Token};
use Needs::{MaskHead, Mlp, Neurons, Nothing, OneSpace, Projection, VocabHead};
use Site::*;
use Stage::{After, Before, Layer};
use Use::{Derived, Kept, Patched};

const STREAM: &[Axis] = &[Position, Component];
const EMBEDDING: &[Axis] = &[Position, EmbedComponent];
const QUERIES: &[Axis] = &[Head, Position, HeadComponent];
const KEYS: &[Axis] = &[KvHead, Key, HeadComponent];
const EDGES: &[Axis] = &[Head, Position, Key];
const VOCABULARY: &[Axis] = &[Position, Token];

/// In the order of [`Site`].
#[rustfmt::skip]
pub(super) const TABLE: [Row; 40] = [
    row(TokenEmbed, "token_embed", Before, &[Token, EmbedComponent], Derived, Nothing, &[],
        "component {n} of the embedding of {word}"),
    row(EmbedSum, "embed_sum", Before, EMBEDDING, Derived, Nothing, &[Embed],
        "component {n} of {token}: all that is added up in its embedding"),
    row(EmbedNorm, "embed_norm", Before, EMBEDDING, Derived, Projection, &[Embed],
        "component {n} of {token} before its embedding is projected"),
    row(Embed, "embed", Before, STREAM, Patched, Nothing, &[Embed],
        "component {n} of {token} as it enters the model"),
    row(ResidPre, "resid_pre", Layer, STREAM, Patched, Nothing, &[Embed, ResidPre],
        "component {n} of {token} before layer {layer}"),
    row(AttnIn, "attn_in", Layer, STREAM, Kept, Nothing, &[ResidPre],
        "component {n} of {token} as attention reads it in layer {layer}"),
    row(QRaw, "attn.q_raw", Layer, QUERIES, Derived, Nothing, &[ResidPre],
        "component {n} of the query of {token} straight from W_Q (layer {layer}, head {head})"),
    row(KRaw, "attn.k_raw", Layer, KEYS, Derived, Nothing, &[ResidPre],
        "component {n} of the key of {token} straight from W_K (layer {layer}, head {head})"),
    row(Q, "attn.q", Layer, QUERIES, Patched, Nothing, &[ResidPre, Q],
        "component {n} of the query of {token} (layer {layer}, head {head})"),
    row(K, "attn.k", Layer, KEYS, Patched, Nothing, &[ResidPre, K],
        "component {n} of the key of {token} (layer {layer}, head {head})"),
    row(V, "attn.v", Layer, KEYS, Patched, Nothing, &[ResidPre, V],
        "component {n} of the value of {token} (layer {layer}, head {head})"),
    row(Scores, "attn.scores", Layer, EDGES, Kept, Nothing, &[Q, K, Scores],
        "how well the query of {token} fits the key of {key} (layer {layer}, head {head})"),
    row(Pattern, "attn.pattern", Layer, EDGES, Patched, Nothing, &[Scores, Pattern],
        "how much {token} attends to {key} (layer {layer}, head {head})"),
    row(Lse, "attn.lse", Layer, &[Head, Position], Kept, Nothing, &[Scores, Lse],
        "ln of the sum of exp(score) over the keys of {token} (layer {layer}, head {head})"),
    row(Z, "attn.z", Layer, QUERIES, Patched, Nothing, &[Pattern, V, Z],
        "component {n} of the values that {token} mixes (layer {layer}, head {head})"),
    row(Result, "attn.result", Layer, &[Head, Position, Component], Kept, Nothing, &[Z, Result],
        "what head {head} adds to component {n} of {token} in layer {layer}"),
    row(AttnRaw, "attn_raw", Layer, STREAM, Derived, Nothing, &[Z],
        "component {n} of what all heads give {token} in layer {layer}, as it comes from W_O"),
    row(AttnOut, "attn_out", Layer, STREAM, Patched, Nothing, &[Z, AttnOut],
        "what attention adds to component {n} of {token} in layer {layer}"),
    row(AttnSum, "attn_sum", Layer, STREAM, Derived, Nothing, &[ResidPre, AttnOut],
        "component {n} of {token} with what attention adds in layer {layer}"),
    row(ResidMid, "resid_mid", Layer, STREAM, Patched, Nothing, &[ResidPre, AttnOut, ResidMid],
        "component {n} of {token} after attention in layer {layer}"),
    row(MlpIn, "mlp_in", Layer, STREAM, Derived, Mlp, &[ResidPre, AttnIn, ResidMid],
        "component {n} of {token} as the MLP reads it in layer {layer}"),
    row(Experts, "experts", Layer, &[Position, Expert], Patched, Needs::Experts, &[ResidPre, AttnIn, ResidMid, Experts],
        "how much expert {n} counts for {token} in layer {layer}"),
    row(MlpPost, "mlp.post", Layer, &[Position, Neuron], Kept, Neurons, &[ResidPre, AttnIn, ResidMid, MlpPost],
        "neuron {n} of the MLP for {token} in layer {layer}"),
    row(MlpRaw, "mlp_raw", Layer, STREAM, Derived, Mlp, &[MlpPost],
        "component {n} of what the MLP gives {token} in layer {layer}, as it comes from W_out"),
    row(MlpOut, "mlp_out", Layer, STREAM, Patched, Mlp, &[MlpPost, MlpOut],
        "what the MLP adds to component {n} of {token} in layer {layer}"),
    row(MlpSum, "mlp_sum", Layer, STREAM, Derived, Mlp, &[ResidMid, MlpOut],
        "component {n} of {token} with what the MLP adds in layer {layer}"),
    row(ResidPost, "resid_post", Layer, STREAM, Patched, Nothing, &[ResidMid, MlpOut, ResidPost],
        "component {n} of {token} after layer {layer}"),
    row(FinalNorm, "final_norm", After, STREAM, Kept, Nothing, &[ResidPost, FinalNorm],
        "component {n} of {token} after the last norm"),
    row(HeadPost, "head_post", After, EMBEDDING, Derived, MaskHead, &[FinalNorm],
        "component {n} of {token} after the first layer of the head"),
    row(HeadNorm, "head_norm", After, EMBEDDING, Derived, MaskHead, &[FinalNorm],
        "component {n} of {token} as the vocabulary's matrix reads it"),
    row(Logits, "logits", After, VOCABULARY, Kept, VocabHead, &[FinalNorm],
        "the logit of {word} after {token}"),
    row(Probabilities, "probabilities", After, VOCABULARY, Derived, VocabHead, &[FinalNorm],
        "how likely {word} is after {token}"),
    row(LensNorm, "lens_norm", Layer, STREAM, Derived, Nothing, &[ResidPre],
        "component {n} of {token} as it enters layer {layer}, after the last norm"),
    row(LensHeadPost, "lens_head_post", Layer, EMBEDDING, Derived, MaskHead, &[ResidPre],
        "component {n} of {token} as it enters layer {layer}, after the first layer of the head"),
    row(LensHeadNorm, "lens_head_norm", Layer, EMBEDDING, Derived, MaskHead, &[ResidPre],
        "component {n} of {token} as it enters layer {layer}, as the vocabulary's matrix reads it"),
    row(LensLogits, "lens_logits", Layer, VOCABULARY, Derived, VocabHead, &[ResidPre],
        "the logit of {word} after {token}, if the model stopped before layer {layer}"),
    row(LensProbabilities, "lens_probabilities", Layer, VOCABULARY, Derived, VocabHead, &[ResidPre],
        "how likely {word} is after {token}, if the model stopped before layer {layer}"),
    row(EmbedCosine, "embed_cosine", Before, VOCABULARY, Derived, Nothing, &[],
        "how near the embeddings of {token} and {word} are"),
    row(PreCosine, "resid_pre_cosine", Layer, VOCABULARY, Derived, OneSpace, &[ResidPre],
        "how near {token} before layer {layer} is to the embedding of {word}"),
    row(MidCosine, "resid_mid_cosine", Layer, VOCABULARY, Derived, OneSpace, &[ResidMid],
        "how near {token} after attention in layer {layer} is to the embedding of {word}"),
];

const fn row(
    site: Site,
    name: &'static str,
    stage: Stage,
    axes: &'static [Axis],
    use_: Use,
    needs: Needs,
    explained_by: &'static [Site],
    words: &'static str,
) -> Row {
    Row { site, name, stage, axes, use_, needs, explained_by, words }
}
