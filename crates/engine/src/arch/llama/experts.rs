//! The members of the family whose MLP is a mixture of experts: Mixtral, Qwen's, OLMoE.

use super::hf::NAMES;
use super::layer_normed::clamped;
use super::members::{GRANITE, GRANITE_FIELDS, HasBias, Kind, KvHeads, LLAMA, Member, QWEN, SIZES};
use super::{Names, QkNorm};
use crate::arch::common::{self, TRAINING};
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::Bool;
use crate::arch::fields::{Field, Fields};
use crate::arch::loader::{Bias, Loader};
use crate::arch::{rope, window};
use crate::config::{MOST_LAYERS, Mixture, Mlp};
use crate::experts::Experts;
use crate::format::Tensor;
use crate::weights::{Linear, MlpWeights, Norms};
use crate::{Error, PerLayer};

pub(super) const ROUTING: &[Field] = &[
    Field("num_experts_per_tok", Used),
    Field("output_router_logits", TRAINING),
    Field("router_aux_loss_coef", TRAINING),
    Field("router_jitter_noise", TRAINING),
    Field("mlp_bias", Only(&[Bool(false)], "biases, which this family does not have there")),
];

const MIXTRAL_FIELDS: &[Field] = &[
    Field("num_local_experts", Used),
    Field("num_experts", Used),
    Field("sliding_window", Used),
    Field("attention_bias", Only(&[Bool(false)], "biases, which Mixtral does not have")),
];

const QWEN2_MOE_FIELDS: &[Field] = &[
    Field("num_experts", Used),
    Field("num_local_experts", Used),
    Field("moe_intermediate_size", Used),
    Field("shared_expert_intermediate_size", Used),
    Field("norm_topk_prob", Used),
    Field("decoder_sparse_step", Used),
    Field("mlp_only_layers", Used),
    Field("qkv_bias", Used),
    Field("layer_types", Used),
    Field("use_sliding_window", Only(&[Bool(false)], "windows in some layers")),
    Field("sliding_window", Harmless("only use_sliding_window switches it on")),
    Field("max_window_layers", Harmless("only use_sliding_window switches windows on")),
    Field("attention_bias", Harmless("qkv_bias is what transformers reads")),
];

const QWEN3_MOE_FIELDS: &[Field] = &[
    Field("num_experts", Used),
    Field("moe_intermediate_size", Used),
    Field("norm_topk_prob", Used),
    Field("decoder_sparse_step", Used),
    Field("mlp_only_layers", Used),
    Field("attention_bias", Used),
    Field("use_sliding_window", Used),
    Field("sliding_window", Used),
    Field("max_window_layers", Harmless("which layers have a window, use_sliding_window says")),
    Field("num_local_experts", Used),
];

const OLMOE_FIELDS: &[Field] = &[
    Field("num_experts", Used),
    Field("num_local_experts", Used),
    Field("norm_topk_prob", Used),
    Field("attention_bias", Used),
    Field("clip_qkv", Used),
    Field("sliding_window", Only(&[], "a window, which OLMoE does not have")),
];

const GRANITE_MOE_FIELDS: &[Field] = &[Field("num_local_experts", Used), Field("num_experts", Used)];

/// Mixtral: Mistral with eight experts, of which each token passes two.
pub(super) const MIXTRAL: Member = Member {
    name: "mixtral",
    class: "Mixtral",
    tables: &[MIXTRAL_FIELDS, ROUTING, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    d_ff: 14_336,
    n_kv_heads: KvHeads::Many(8),
    n_ctx: 131_072,
    eps: (Some("rms_norm_eps"), 1e-5),
    theta: 1e6,
    qkv_bias: HasBias::Never,
    o_bias: HasBias::Never,
    mlp_bias: HasBias::Never,
    names: &Names { experts: &IN_BLOCK, ..NAMES },
    kinds: |fields, _| windowed(fields, true),
    mlps: |fields, mlp, _| {
        let n = fields.size_by_any_name("num_local_experts", &[("num_experts", "num_local_experts")], 8)?;
        let used = fields.size_or("num_experts_per_tok", 2)?;
        Ok(PerLayer::same(Mlp { mixture: Some(Mixture { n, used, normalised: true, shared: None }), ..mlp }))
    },
    ..LLAMA
};

/// Qwen 1.5 and 2 with experts, one of them for every token.
pub(super) const QWEN2_MOE: Member = Member {
    name: "qwen2_moe",
    class: "Qwen2Moe",
    tables: &[QWEN2_MOE_FIELDS, ROUTING, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [24, 16, 2048],
    d_ff: 5632,
    n_kv_heads: KvHeads::Many(16),
    qkv_bias: HasBias::Field("qkv_bias", true),
    o_bias: HasBias::Never,
    kinds: |fields, n_layers| {
        let windows = window::layer_types(fields, n_layers)?;
        if windows.is_some_and(|windows| windows.contains(&true)) {
            return Err(fields.refused("layer_types", "asks for windows, and use_sliding_window for none"));
        }
        Ok(PerLayer::same(Kind { window: None, rotary: Some(0) }))
    },
    mlps: |fields, mlp, n_layers| {
        let shared = Some(fields.size_or("shared_expert_intermediate_size", 5632)?);
        qwen_mlps(fields, mlp, n_layers, [60, 4, 1408], shared)
    },
    ..QWEN
};

/// Qwen 3 with experts.
pub(super) const QWEN3_MOE: Member = Member {
    name: "qwen3_moe",
    class: "Qwen3Moe",
    tables: &[QWEN3_MOE_FIELDS, ROUTING, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [24, 32, 2048],
    d_ff: 6144,
    n_kv_heads: KvHeads::Many(4),
    qk: |_| Ok(QkNorm::Head),
    kinds: |fields, _| {
        let on = fields.flag_or("use_sliding_window", false)?;
        windowed(fields, on)
    },
    mlps: |fields, mlp, n_layers| qwen_mlps(fields, mlp, n_layers, [128, 8, 768], None),
    ..QWEN
};

/// OLMoE: OLMo 2's norms of queries and keys, and 64 experts.
pub(super) const OLMOE: Member = Member {
    name: "olmoe",
    class: "Olmoe",
    tables: &[OLMOE_FIELDS, ROUTING, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [16, 16, 2048],
    d_ff: 2048,
    n_ctx: 4096,
    n_vocab: 50_304,
    eps: (Some("rms_norm_eps"), 1e-5),
    mlp_bias: HasBias::Never,
    qk: |_| Ok(QkNorm::All),
    attention: clamped,
    mlps: |fields, mlp, _| {
        let n = fields.size_by_any_name("num_experts", &[("num_local_experts", "num_experts")], 64)?;
        let used = fields.size_or("num_experts_per_tok", 8)?;
        let normalised = fields.flag_or("norm_topk_prob", false)?;
        Ok(PerLayer::same(Mlp { mixture: Some(Mixture { n, used, normalised, shared: None }), ..mlp }))
    },
    ..LLAMA
};

/// Granite 3 with experts.
pub(super) const GRANITE_MOE: Member = Member {
    name: "granitemoe",
    class: "GraniteMoe",
    tables: &[GRANITE_MOE_FIELDS, ROUTING, GRANITE_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    mlp_bias: HasBias::Never,
    names: &Names { experts: &IN_LINEARS, ..NAMES },
    mlps: |fields, mlp, _| {
        let n = fields.size_by_any_name("num_local_experts", &[("num_experts", "num_local_experts")], 8)?;
        let used = fields.size_or("num_experts_per_tok", 2)?;
        Ok(PerLayer::same(Mlp { mixture: Some(Mixture { n, used, normalised: true, shared: None }), ..mlp }))
    },
    ..GRANITE
};

/// One window in all layers, or none.
fn windowed(fields: &Fields<'_>, on: bool) -> Result<PerLayer<Kind>, Error> {
    // What is switched off may be 0.
    let window = if on { window::given(fields)? } else { fields.optional_size("sliding_window").map(|_| None)? };
    Ok(PerLayer::same(Kind { window, rotary: Some(0) }))
}

/// Qwen's layers: mixtures, but for those that the config lists and those between every `decoder_sparse_step`-th. The
/// defaults are the numbers of experts, of those that a token passes, and their width.
fn qwen_mlps(
    fields: &Fields<'_>,
    mlp: Mlp,
    n_layers: usize,
    [n, used, width]: [usize; 3],
    shared: Option<usize>,
) -> Result<PerLayer<Mlp>, Error> {
    let n = fields.size_by_any_name("num_experts", &[("num_local_experts", "num_experts")], n)?;
    let used = fields.size_or("num_experts_per_tok", used)?;
    let normalised = fields.flag_or("norm_topk_prob", false)?;
    let d_ff = fields.size_or("moe_intermediate_size", width)?;
    let mixture = Mlp { d_ff, mixture: Some(Mixture { n, used, normalised, shared }), ..mlp };
    let step = match fields.size_or("decoder_sparse_step", 1)? {
        0 => return Err(fields.bad("decoder_sparse_step", "1 or more layers", "0")),
        step => step,
    };
    let listed = fields.get("mlp_only_layers")?.unwrap_or_else(|| serde_json::json!([]));
    let listed: Option<Vec<u64>> =
        listed.as_array().and_then(|list| list.iter().map(serde_json::Value::as_u64).collect());
    let listed = listed.ok_or_else(|| fields.bad("mlp_only_layers", "a list of layers", "something else"))?;
    let is_mixture = |layer: usize| n > 0 && !listed.contains(&(layer as u64)) && (layer + 1).is_multiple_of(step);
    let layers = (0..n_layers.clamp(1, MOST_LAYERS)).map(|layer| if is_mixture(layer) { mixture } else { mlp });
    Ok(PerLayer::of(&layers.collect::<Vec<_>>()))
}

/// The mixture that a GGUF's keys describe.
pub(super) fn gguf(fields: &Fields<'_>, mlp: Mlp, normalised: bool, has_shared: bool) -> Result<Mlp, Error> {
    let (n, used) = (fields.size("expert_count")?, fields.size("expert_used_count")?);
    let own = |name| matches!(fields.means(name), Some(Used));
    const WIDTH: &str = "expert_feed_forward_length";
    const SHARED: &str = "expert_shared_feed_forward_length";
    let d_ff = if own(WIDTH) { fields.optional_size(WIDTH)?.unwrap_or(mlp.d_ff / used.max(1)) } else { mlp.d_ff };
    let shared = if own(SHARED) { fields.optional_size(SHARED)? } else { None };
    // llama.cpp takes the dense width where a file does not say that of the shared expert.
    let shared = has_shared.then(|| shared.unwrap_or(mlp.d_ff));
    Ok(Mlp { d_ff, mixture: Some(Mixture { n, used, normalised, shared }), ..mlp })
}

/// The names of the tensors of a mixture, after those of the block.
#[derive(Clone, Copy)]
pub(super) struct ExpertNames {
    pub router: &'static str,
    /// Whether the router has a bias.
    pub router_bias: Bias,
    /// One tensor for each expert: its prefix, and the names of gate, up and down after the expert's number.
    pub each: Option<(&'static str, [&'static str; 3])>,
    /// One tensor for all experts, `[n, …]`: gate, up, down, and gate and up in one.
    pub all: [&'static str; 4],
    /// The shared expert, and the matrix of its weight.
    pub shared: [&'static str; 3],
    pub shared_score: &'static str,
    /// Reads experts of whose matrices each stands in one tensor for all of them.
    pub together: Together,
}

/// Reads the experts of a block whose tensors' names begin with the text: their number, the width of their hidden layer, and
/// `d_model`.
pub(super) type Together = fn(&ExpertNames, &Loader<'_>, &str, [usize; 3]) -> Result<Vec<MlpWeights>, Error>;

/// Those of transformers for Qwen and OLMoE.
pub(super) const IN_MLP: ExpertNames = ExpertNames {
    router: "mlp.gate",
    each: Some(("mlp.experts", ["gate_proj", "up_proj", "down_proj"])),
    all: ["", "", "mlp.experts.down_proj", "mlp.experts.gate_up_proj"],
    shared: ["mlp.shared_expert.gate_proj", "mlp.shared_expert.up_proj", "mlp.shared_expert.down_proj"],
    shared_score: "mlp.shared_expert_gate",
    router_bias: Bias::No,
    together: ExpertNames::together,
};

/// Those of Mixtral.
const IN_BLOCK: ExpertNames = ExpertNames {
    router: "block_sparse_moe.gate",
    each: Some(("block_sparse_moe.experts", ["w1", "w3", "w2"])),
    all: ["", "", "block_sparse_moe.experts.down_proj", "block_sparse_moe.experts.gate_up_proj"],
    shared: [""; 3],
    shared_score: "",
    router_bias: Bias::No,
    together: ExpertNames::together,
};

/// Those of Granite.
const IN_LINEARS: ExpertNames = ExpertNames {
    router: "block_sparse_moe.router.layer",
    each: None,
    all: ["", "", "block_sparse_moe.output_linear.weight", "block_sparse_moe.input_linear.weight"],
    shared: [""; 3],
    shared_score: "",
    router_bias: Bias::No,
    together: ExpertNames::together,
};

/// Those of llama.cpp.
pub(super) const IN_GGUF: ExpertNames = ExpertNames {
    router: "ffn_gate_inp",
    each: None,
    all: ["ffn_gate_exps.weight", "ffn_up_exps.weight", "ffn_down_exps.weight", "ffn_gate_up_exps.weight"],
    shared: ["ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"],
    shared_score: "ffn_gate_inp_shexp",
    router_bias: Bias::No,
    together: ExpertNames::together,
};

impl ExpertNames {
    /// The mixture of a block whose tensors' names begin with `at`; its norms are filled in by the caller.
    pub(super) fn read(
        &self,
        loader: &Loader<'_>,
        at: &str,
        (mlp, mixture): (Mlp, Mixture),
        d: usize,
    ) -> Result<Experts, Error> {
        let (d_ff, Mixture { n, shared, .. }) = (mlp.d_ff, mixture);
        let router = loader.linear(&format!("{at}{}", self.router), n, d, self.router_bias)?;
        let all = match self.each {
            Some((prefix, names)) if loader.has(&format!("{at}{prefix}.0.{}.weight", names[0])) => (0..n)
                .map(|expert| one(loader, &names.map(|name| format!("{at}{prefix}.{expert}.{name}")), d_ff, d))
                .collect(),
            _ => (self.together)(self, loader, at, [n, d_ff, d]),
        };
        let shared = shared.map(|width| {
            let score = format!("{at}{}", self.shared_score);
            // llama.cpp's files hold it as a vector.
            let weight = match loader.tensors.require_any(&format!("{score}.weight"))?.shape.len() {
                1 => Tensor { shape: vec![1, d], ..loader.tensor(&format!("{score}.weight"), &[d])? },
                _ => loader.tensor(&format!("{score}.weight"), &[1, d])?,
            };
            let expert = one(loader, &self.shared.map(|name| format!("{at}{name}")), width, d)?;
            Ok::<_, Error>((Linear { weight, bias: None }, expert))
        });
        Ok(Experts { norms: Norms::default(), router, all: all?, shared: shared.transpose()? })
    }

    /// Experts whose matrices stand in one tensor.
    fn together(&self, loader: &Loader<'_>, at: &str, [n, d_ff, d]: [usize; 3]) -> Result<Vec<MlpWeights>, Error> {
        let [gate, up, down, gate_up] = self.all.map(|name| format!("{at}{name}"));
        let both = loader.has(&gate_up);
        let (gate, up) = if both {
            let fused = loader.tensor(&gate_up, &[n, 2 * d_ff, d])?;
            (fused.clone(), fused)
        } else {
            (loader.tensor(&gate, &[n, d_ff, d])?, loader.tensor(&up, &[n, d_ff, d])?)
        };
        let down = loader.tensor(&down, &[n, d, d_ff])?;
        let height = if both { 2 * d_ff } else { d_ff };
        let part = |tensor: &Tensor, expert: usize, height: usize, width: usize, from: usize, rows: usize| {
            let one = Tensor { shape: vec![height, width], ..tensor.slice_rows(expert..expert + 1) };
            Linear { weight: one.slice_rows(from..from + rows), bias: None }
        };
        let expert = |expert: usize| MlpWeights {
            norms: Norms::default(),
            gate: Some(part(&gate, expert, height, d, 0, d_ff)),
            up: part(&up, expert, height, d, height - d_ff, d_ff),
            down: part(&down, expert, d, d_ff, 0, d),
        };
        Ok((0..n).map(expert).collect())
    }
}

/// One expert, by the names of its three matrices.
fn one(loader: &Loader<'_>, [gate, up, down]: &[String; 3], d_ff: usize, d: usize) -> Result<MlpWeights, Error> {
    Ok(MlpWeights {
        norms: Norms::default(),
        gate: Some(loader.linear(gate, d_ff, d, Bias::No)?),
        up: loader.linear(up, d_ff, d, Bias::No)?,
        down: loader.linear(down, d, d_ff, Bias::No)?,
    })
}
