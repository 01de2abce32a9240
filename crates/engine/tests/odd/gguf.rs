//! GGUF files: well formed, with odd values here and there.

use super::draw::Draw;
use super::numbers::weights;
use super::plan::{Plan, Shape, spoil};
use attnscope_kernels::dequant::DType;

/// A value of metadata.
#[derive(Clone, Debug)]
enum Kv {
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
    Nested(usize),
}

const ARCHS: [&str; 4] = ["llama", "gpt2", "qwen2", "qwen3"];

/// A file: about half of them have nothing odd.
pub fn file(draw: &mut Draw<'_>) -> Vec<u8> {
    let (tokens, merges) = vocabulary(draw);
    let plan = Plan::draw(draw, &ARCHS, tokens.len());
    let mut meta = metadata(draw, &plan, tokens, merges);
    let mut tensors = plan.gguf();
    let oddities = draw.of(&[0, 0, 0, 1, 0, 1, 2, 3]);
    let mut places = Places::default();
    for _ in 0..oddities {
        match draw.below(8) {
            0 => spoil(draw, &mut tensors),
            1 => places.alias = true,
            2 => places.shift = draw.of(&[1, 4, 31, 32, 64]),
            3 => places.offset = Some(draw.number()),
            4 => places.kind = Some(draw.of(&[31, 16, 4, u32::MAX, 14, 2, 1])),
            _ => odd_value(draw, &mut meta),
        }
    }
    let all = [
        DType::F32,
        DType::F16,
        DType::BF16,
        DType::Q8_0,
        DType::Q4_0,
        DType::Q5_1,
        DType::Q2_K,
        DType::Q4_K,
        DType::Q6_K,
    ];
    let dtype = draw.of(&all);
    write(draw, dtype, &meta, &tensors, &places)
}

/// A file of this plan with nothing odd, its matrices stored as `dtype`.
#[allow(dead_code)] // the test of memory
pub fn plain(plan: &Plan, dtype: DType, tokens: Vec<String>, merges: Vec<String>) -> Vec<u8> {
    let draw = &mut Draw::from_bytes(&[]);
    let meta = metadata(draw, plan, tokens, merges);
    write(draw, dtype, &meta, &plan.gguf(), &Places::default())
}

/// The alphabet of bytes, and some tokens made of it.
fn vocabulary(draw: &mut Draw<'_>) -> (Vec<String>, Vec<String>) {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut moved = 0x100;
    let mut alphabet = |b: u8| {
        let code = if printable(b) {
            u32::from(b)
        } else {
            moved += 1;
            moved - 1
        };
        char::from_u32(code).map(String::from).unwrap_or_default()
    };
    // All of them cost time; a few leave holes, which are odd enough.
    let first = draw.of(&[b' ', 0, b'a']);
    let mut tokens: Vec<String> =
        (0..=255).map(&mut alphabet).skip(first.into()).take(draw.of(&[96, 256, 8])).collect();
    let mut merges = Vec::new();
    for pair in ["t h", "th e", "Ġ h", "Ġh o", "o t", "d o", "do g", "1 2"] {
        let (a, b) = pair.split_once(' ').unwrap_or_default();
        let known = |t: &str| tokens.iter().any(|k| k == t);
        if known(a) && known(b) {
            tokens.push(format!("{a}{b}"));
            merges.push(pair.to_string());
        }
    }
    tokens.push("<|end|>".into());
    (tokens, merges)
}

fn metadata(draw: &mut Draw<'_>, plan: &Plan, tokens: Vec<String>, merges: Vec<String>) -> Vec<(String, Kv)> {
    let n = |n: usize| Kv::U32(n as u32);
    let arch = plan.arch;
    let mut types = vec![1; tokens.len()];
    if let Some(last) = types.last_mut() {
        *last = 3;
    }
    let mut all = vec![("general.architecture".to_string(), Kv::Text(arch.into()))];
    let mut own = |name: &str, value: Kv| all.push((format!("{arch}.{name}"), value));
    own("block_count", n(plan.layers));
    own("embedding_length", n(plan.d));
    own("feed_forward_length", n(plan.d_ff));
    own("context_length", n(plan.ctx));
    own("attention.head_count", n(plan.heads));
    if arch == "gpt2" {
        own("attention.layer_norm_epsilon", Kv::F32(1e-5));
    } else {
        own("attention.head_count_kv", n(plan.kv));
        own("attention.key_length", n(plan.d_head));
        own("attention.value_length", n(plan.d_head));
        own("rope.dimension_count", n(plan.d_head));
        own("rope.freq_base", Kv::F32(draw.of(&[1e4, 1e6])));
        own("attention.layer_norm_rms_epsilon", Kv::F32(1e-5));
    }
    let mut tokenizer = |name: &str, value: Kv| all.push((format!("tokenizer.ggml.{name}"), value));
    tokenizer("model", Kv::Text("gpt2".into()));
    tokenizer("pre", Kv::Text(draw.of(&["gpt-2", "smollm"]).into()));
    tokenizer("bos_token_id", n(tokens.len() - 1));
    tokenizer("add_bos_token", Kv::Bool(draw.odd(2)));
    tokenizer("tokens", Kv::Texts(tokens));
    tokenizer("token_type", Kv::Ints(types));
    tokenizer("merges", Kv::Texts(merges));
    all
}

/// One value becomes another, of another type, is missing, stands twice, or is new.
fn odd_value(draw: &mut Draw<'_>, meta: &mut Vec<(String, Kv)>) {
    let at = draw.below(meta.len());
    let key = meta[at].0.clone();
    let other = match (draw.below(12), &meta[at].1) {
        (0, _) => return drop(meta.remove(at)),
        (1, value) => return meta.push((key, value.clone())),
        (2, _) => {
            let names =
                ["general.alignment", "llama.attention.sliding_window", "llama.attention.logit_softcapping", "x"];
            let value = if draw.odd(2) { Kv::U32(draw.number() as u32) } else { Kv::Nested(draw.below(12)) };
            return meta.push((draw.of(&names).into(), value));
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
        (5, Kv::Ints(ints)) => {
            let mut ints = ints.clone();
            ints.truncate(draw.below(ints.len()));
            Kv::Ints(ints)
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
