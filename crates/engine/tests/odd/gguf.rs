//! GGUF files: well formed, with odd values here and there.

use super::draw::Draw;
use super::numbers::weights;
use super::plan::{Plan, Shape, spoil};
use super::vocabulary::{self, Vocabulary};
use attnscope_kernels::dequant::DType;

/// A value of metadata.
#[derive(Clone, Debug)]
pub enum Kv {
    U32(u32),
    I32(i32),
    U64(u64),
    F32(f32),
    F64(f64),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    Ints(Vec<i32>),
    Floats(Vec<f32>),
    Bools(Vec<bool>),
    Bytes(Vec<u8>),
    Nested(usize),
}

/// Every architecture that is read from GGUF.
const ARCHS: [&str; 14] = [
    "llama", "gpt2", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3", "phi2", "gptneox", "olmo2", "granite",
    "smollm3", "bert",
];

/// A file: about half of them have nothing odd.
pub fn file(draw: &mut Draw<'_>) -> Vec<u8> {
    let vocabulary = vocabulary::any(draw);
    let plan = Plan::draw(draw, &ARCHS, vocabulary.len);
    let mut meta = metadata(draw, &plan, vocabulary);
    let mut tensors = plan.gguf();
    let oddities = draw.of(&[0, 0, 0, 1, 0, 1, 2, 3]);
    let mut places = Places::default();
    for _ in 0..oddities {
        match draw.below(8) {
            0 => spoil(draw, &mut tensors),
            1 => places.alias = true,
            2 => places.shift = draw.of(&[1, 4, 31, 32, 64]),
            3 => places.offset = Some(draw.number()),
            4 => places.kind = Some(draw.of(&[31, 16, 4, u32::MAX, 14, 2, 1, 28, 39, 40])),
            _ => odd_value(draw, plan.arch, &mut meta),
        }
    }
    let dtype = draw.of(&DType::ALL);
    write(draw, dtype, &meta, &tensors, &places)
}

/// A file of this plan with nothing odd, its matrices stored as `dtype`.
#[allow(dead_code)] // the test of memory
pub fn plain(plan: &Plan, dtype: DType, tokens: Vec<String>, merges: Vec<String>) -> Vec<u8> {
    let draw = &mut Draw::from_bytes(&[]);
    let vocabulary = vocabulary::byte_level(draw, tokens, merges);
    let meta = metadata(draw, plan, vocabulary);
    write(draw, dtype, &meta, &plan.gguf(), &Places::default())
}

fn metadata(draw: &mut Draw<'_>, plan: &Plan, vocabulary: Vocabulary) -> Vec<(String, Kv)> {
    let n = |n: usize| Kv::U32(n as u32);
    let arch = plan.arch;
    let mut all = vec![("general.architecture".to_string(), Kv::Text(arch.into()))];
    let mut own = |name: &str, value: Kv| all.push((format!("{arch}.{name}"), value));
    own("block_count", n(plan.layers));
    own("embedding_length", n(plan.d));
    own("feed_forward_length", n(plan.d_ff));
    own("context_length", n(plan.ctx));
    own("attention.head_count", n(plan.heads));
    if plan.layer_norms() {
        own("attention.layer_norm_epsilon", Kv::F32(1e-5));
    } else {
        own("attention.key_length", n(plan.d_head));
        own("attention.value_length", n(plan.d_head));
        own("attention.layer_norm_rms_epsilon", Kv::F32(1e-5));
    }
    own("attention.head_count_kv", n(plan.kv));
    if !["gpt2", "bert"].contains(&arch) {
        own("rope.dimension_count", n(if plan.layer_norms() && draw.odd(2) { plan.d_head / 2 } else { plan.d_head }));
        own("rope.freq_base", Kv::F32(draw.of(&[1e4, 1e6])));
    }
    let window = Kv::U32(draw.of(&[4, 1, 100]));
    match arch {
        "gemma2" => {
            own("attention.sliding_window", window);
            own("attn_logit_softcapping", Kv::F32(50.0));
            own("final_logit_softcapping", Kv::F32(30.0));
        }
        "gemma3" => {
            own("attention.sliding_window", window);
            own("attention.sliding_window_pattern", Kv::U32(draw.of(&[6, 2, 1])));
        }
        "granite" => {
            for name in ["embedding_scale", "residual_scale", "attention.scale", "logit_scale"] {
                own(name, Kv::F32(draw.of(&[2.0, 0.5])));
            }
        }
        "gptneox" => own("use_parallel_residual", Kv::Bool(draw.odd(2))),
        "phi3" | "olmo2" | "llama" if draw.odd(4) => own("attention.sliding_window", window),
        _ => {}
    }
    if !plan.layer_norms() && draw.odd(4) {
        own("rope.scaling.type", Kv::Text(draw.of(&["linear", "yarn", "none", "longrope"]).into()));
        own("rope.scaling.factor", Kv::F32(4.0));
        own("rope.scaling.original_context_length", n(16));
    }
    all.extend(vocabulary.entries);
    all
}

/// Fields that a file need not have, of its architecture unless they are general.
const NEW: [&str; 22] = [
    "general.alignment",
    "x",
    "attention.sliding_window",
    "attention.sliding_window_pattern",
    "attention.scale",
    "attention.causal",
    "attention.clamp_kqv",
    "attention.max_alibi_bias",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "embedding_scale",
    "residual_scale",
    "logit_scale",
    "expert_count",
    "pooling_type",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scaling.attn_factor",
    "rope.scaling.original_context_length",
    "rope.scaling.yarn_beta_fast",
    "rope.freq_base_swa",
    "use_parallel_residual",
];

/// One value becomes another, of another type, is missing, stands twice, or is new.
fn odd_value(draw: &mut Draw<'_>, arch: &str, meta: &mut Vec<(String, Kv)>) {
    let at = draw.below(meta.len());
    let key = meta[at].0.clone();
    let other = match (draw.below(12), &meta[at].1) {
        (0, _) => return drop(meta.remove(at)),
        (1, value) => return meta.push((key, value.clone())),
        (2, _) => {
            let name = draw.of(&NEW);
            let name = if name.contains("general.") || name == "x" { name.into() } else { format!("{arch}.{name}") };
            let value = match draw.below(5) {
                0 => Kv::Nested(draw.below(12)),
                1 => Kv::F32(draw.float()),
                2 => Kv::Text(draw.of(&["yarn", "linear", "longrope", "llama3", "none", ""]).into()),
                3 => Kv::Bool(draw.odd(2)),
                _ => Kv::U32(draw.number() as u32),
            };
            return meta.push((name, value));
        }
        (3, _) => Kv::Bools(vec![true, false]),
        (4, Kv::Texts(texts)) => {
            let mut texts = texts.clone();
            let at = draw.below(texts.len());
            match draw.below(3) {
                0 => texts.truncate(at),
                1 => texts.insert(at, draw.text()),
                _ if at < texts.len() => texts[at] = draw.text(),
                _ => {}
            }
            Kv::Texts(texts)
        }
        (4..=5, Kv::Ints(ints)) => {
            let other = draw.of(&[0, 1, 2, 3, 4, 5, 6, 7, -1, i32::MAX]);
            Kv::Ints(one_other(draw, ints, other))
        }
        (4..=7, Kv::Floats(all)) => {
            let other = draw.float();
            Kv::Floats(one_other(draw, all, other))
        }
        (4..=7, Kv::Bytes(all)) => {
            let other = draw.byte();
            Kv::Bytes(one_other(draw, all, other))
        }
        (4..=7, Kv::Bool(is)) => Kv::Bool(!is),
        (4..=7, Kv::Text(_)) => {
            Kv::Text(draw.of(&["gpt2", "llama", "t5", "bert", "gemma3", "qwen2", "phi2", "default", "linear"]).into())
        }
        (4..=7, Kv::U32(_)) => Kv::U32(draw.number() as u32),
        (4..=7, Kv::F32(_)) => Kv::F32(draw.float()),
        (8, _) => Kv::Text(draw.text()),
        (9, _) => Kv::I32(draw.of(&[-1, i32::MIN, 0])),
        (10, _) => Kv::F64(draw.float().into()),
        (11, _) => Kv::Floats(vec![draw.float()]),
        _ => Kv::U64(draw.number()),
    };
    meta[at].1 = other;
}

/// A list with another element, or cut off.
fn one_other<T: Clone>(draw: &mut Draw<'_>, all: &[T], other: T) -> Vec<T> {
    let (mut all, at) = (all.to_vec(), draw.below(all.len()));
    match all.get_mut(at) {
        Some(place) if !draw.odd(3) => *place = other,
        _ => all.truncate(at),
    }
    all
}

/// What is odd about where tensors lie.
#[derive(Default)]
struct Places {
    alias: bool,
    shift: u64,
    offset: Option<u64>,
    kind: Option<u32>,
}

fn write(draw: &mut Draw<'_>, which: DType, meta: &[(String, Kv)], tensors: &[Shape], places: &Places) -> Vec<u8> {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((meta.len() as u64).to_le_bytes());
    for (key, value) in meta {
        text(&mut out, key);
        one(&mut out, value);
    }
    let odd = draw.below(tensors.len());
    let mut data = Vec::new();
    for (i, (name, shape)) in tensors.iter().enumerate() {
        let row = shape.last().copied().unwrap_or(1);
        let fits = shape.len() == 2 && row.is_multiple_of(which.block_len());
        let dtype = if fits { which } else { DType::F32 };
        text(&mut out, name);
        out.extend((shape.len() as u32).to_le_bytes());
        shape.iter().rev().for_each(|n| out.extend((*n as u64).to_le_bytes()));
        let strange = i == odd;
        let id = (0..64).find(|id| DType::from_gguf(*id) == Some(dtype)).unwrap_or(0);
        out.extend(places.kind.filter(|_| strange).unwrap_or(id).to_le_bytes());
        let mut offset = if places.alias { 0 } else { data.len() as u64 };
        if strange {
            offset = places.offset.unwrap_or(offset + places.shift);
        }
        out.extend(offset.to_le_bytes());
        data.extend(weights(draw, dtype, shape.iter().product()));
        data.resize(data.len().next_multiple_of(32), 0);
    }
    out.resize(out.len().next_multiple_of(32), 0);
    [out, data].concat()
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn one(out: &mut Vec<u8>, value: &Kv) {
    let mut put = |kind: u32, bytes: &[u8]| {
        out.extend(kind.to_le_bytes());
        out.extend(bytes);
    };
    let list =
        |kind: u32, n: usize, bytes: Vec<u8>| [&kind.to_le_bytes()[..], &(n as u64).to_le_bytes(), &bytes].concat();
    match value {
        Kv::U32(n) => put(4, &n.to_le_bytes()),
        Kv::I32(n) => put(5, &n.to_le_bytes()),
        Kv::U64(n) => put(10, &n.to_le_bytes()),
        Kv::F32(x) => put(6, &x.to_le_bytes()),
        Kv::F64(x) => put(12, &x.to_le_bytes()),
        Kv::Bool(b) => put(7, &[u8::from(*b)]),
        Kv::Ints(all) => put(9, &list(5, all.len(), all.iter().flat_map(|n| n.to_le_bytes()).collect())),
        Kv::Floats(all) => put(9, &list(6, all.len(), all.iter().flat_map(|x| x.to_le_bytes()).collect())),
        Kv::Bools(all) => put(9, &list(7, all.len(), all.iter().map(|b| u8::from(*b)).collect())),
        Kv::Bytes(all) => put(9, &list(0, all.len(), all.clone())),
        Kv::Nested(depth) => {
            let inner = list(4, 1, vec![0; 4]);
            put(9, &(0..*depth).fold(inner, |inner, _| list(9, 1, inner)));
        }
        Kv::Text(one) => {
            put(8, &[]);
            text(out, one);
        }
        Kv::Texts(all) => {
            let mut bytes = Vec::new();
            all.iter().for_each(|one| text(&mut bytes, one));
            put(9, &list(8, all.len(), bytes));
        }
    }
}
