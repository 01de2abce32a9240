//! A small transformer: its sizes, and the tensors that it has by the names of either format.

use super::draw::Draw;

/// Sizes of a model; most fit each other.
pub struct Plan {
    pub arch: &'static str,
    pub layers: usize,
    pub heads: usize,
    pub kv: usize,
    pub d: usize,
    pub d_head: usize,
    pub d_ff: usize,
    pub ctx: usize,
    pub vocab: usize,
    pub tied: bool,
    pub biases: bool,
}

/// A tensor's name and shape, outermost first.
pub type Shape = (String, Vec<usize>);

impl Plan {
    pub fn draw(draw: &mut Draw<'_>, archs: &[&'static str], vocab: usize) -> Self {
        let arch = draw.of(archs);
        let kv = draw.of(&[1, 1, 2, 3]);
        let heads = kv * draw.of(&[1, 2, 1, 3]);
        let derived = ["gpt2", "bert", "gptneox", "phi2"].contains(&arch);
        let wide = draw.odd(4);
        let d_head = if wide { 32 } else { draw.of(&[4, 2, 8, 6]) };
        let heads = if derived && wide { 1 } else { heads };
        let d = if derived || draw.odd(2) { heads * d_head } else { draw.of(&[8, 32, 12, 5, 256]) };
        Self {
            arch,
            layers: draw.of(&[1, 2, 1, 3]),
            heads,
            kv: if derived { heads } else { kv.min(heads) },
            d,
            d_head,
            d_ff: draw.of(&[16, 32, 7, 1, 33]),
            ctx: draw.of(&[64, 16, 32, 3, 1]),
            vocab: vocab.max(1),
            tied: draw.odd(2),
            biases: draw.odd(2),
        }
    }

    /// The tensors of a Hugging Face folder.
    pub fn hf(&self) -> Vec<Shape> {
        let mut all = Vec::new();
        match self.arch {
            "gpt2" => self.hf_gpt2(&mut all),
            "bert" => self.hf_bert(&mut all),
            _ => self.hf_llama(&mut all),
        }
        all
    }

    fn hf_llama(&self, all: &mut Vec<Shape>) {
        let (d, q, kv) = (self.d, self.heads * self.d_head, self.kv * self.d_head);
        let mut add = |name: String, shape: &[usize]| all.push((name, shape.to_vec()));
        add("model.embed_tokens.weight".into(), &[self.vocab, d]);
        for l in 0..self.layers {
            let at = |name: &str| format!("model.layers.{l}.{name}");
            add(at("input_layernorm.weight"), &[d]);
            for (name, n) in [("q", q), ("k", kv), ("v", kv)] {
                add(at(&format!("self_attn.{name}_proj.weight")), &[n, d]);
                if self.has_biases() {
                    add(at(&format!("self_attn.{name}_proj.bias")), &[n]);
                }
            }
            add(at("self_attn.o_proj.weight"), &[d, q]);
            if self.arch == "llama" && self.biases {
                add(at("self_attn.o_proj.bias"), &[d]);
            }
            if self.arch == "qwen3" {
                add(at("self_attn.q_norm.weight"), &[self.d_head]);
                add(at("self_attn.k_norm.weight"), &[self.d_head]);
            }
            add(at("post_attention_layernorm.weight"), &[d]);
            add(at("mlp.gate_proj.weight"), &[self.d_ff, d]);
            add(at("mlp.up_proj.weight"), &[self.d_ff, d]);
            add(at("mlp.down_proj.weight"), &[d, self.d_ff]);
        }
        add("model.norm.weight".into(), &[d]);
        if !self.tied {
            add("lm_head.weight".into(), &[self.vocab, d]);
        }
    }

    /// Biases of q, k and v.
    pub fn has_biases(&self) -> bool {
        self.arch == "qwen2" || self.arch == "llama" && self.biases
    }

    fn hf_gpt2(&self, all: &mut Vec<Shape>) {
        let d = self.d;
        let mut add = |name: String, shape: &[usize]| all.push((name, shape.to_vec()));
        add("wte.weight".into(), &[self.vocab, d]);
        add("wpe.weight".into(), &[self.ctx, d]);
        for l in 0..self.layers {
            for (name, n_in, n_out) in [
                ("attn.c_attn", d, 3 * d),
                ("attn.c_proj", d, d),
                ("mlp.c_fc", d, self.d_ff),
                ("mlp.c_proj", self.d_ff, d),
            ] {
                add(format!("h.{l}.{name}.weight"), &[n_in, n_out]);
                add(format!("h.{l}.{name}.bias"), &[n_out]);
            }
            for name in ["ln_1", "ln_2"] {
                add(format!("h.{l}.{name}.weight"), &[d]);
                add(format!("h.{l}.{name}.bias"), &[d]);
            }
        }
        add("ln_f.weight".into(), &[d]);
        add("ln_f.bias".into(), &[d]);
    }

    fn hf_bert(&self, all: &mut Vec<Shape>) {
        let d = self.d;
        let mut add = |name: String, shape: &[usize]| all.push((name, shape.to_vec()));
        for (name, n) in [("word", self.vocab), ("position", self.ctx), ("token_type", 2)] {
            add(format!("embeddings.{name}_embeddings.weight"), &[n, d]);
        }
        add("embeddings.LayerNorm.weight".into(), &[d]);
        add("embeddings.LayerNorm.bias".into(), &[d]);
        for l in 0..self.layers {
            let at = |name: &str, end: &str| format!("encoder.layer.{l}.{name}.{end}");
            for (name, n_out, n_in) in [
                ("attention.self.query", d, d),
                ("attention.self.key", d, d),
                ("attention.self.value", d, d),
                ("attention.output.dense", d, d),
                ("intermediate.dense", self.d_ff, d),
                ("output.dense", d, self.d_ff),
            ] {
                add(at(name, "weight"), &[n_out, n_in]);
                add(at(name, "bias"), &[n_out]);
            }
            for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
                add(at(name, "weight"), &[d]);
                add(at(name, "bias"), &[d]);
            }
        }
    }

    /// Whether its norms subtract the mean and its products have biases, as in GPT-2.
    pub fn layer_norms(&self) -> bool {
        ["gpt2", "gptneox", "phi2", "bert"].contains(&self.arch)
    }

    /// The tensors of a GGUF file.
    pub fn gguf(&self) -> Vec<Shape> {
        let (d, q, kv) = (self.d, self.heads * self.d_head, self.kv * self.d_head);
        let (arch, full, bert) = (self.arch, self.layer_norms(), self.arch == "bert");
        let is = |archs: &[&str]| archs.contains(&arch);
        let mut all = Vec::new();
        let mut add = |name: &str, shape: &[usize], bias: bool| {
            all.push((format!("{name}.weight"), shape.to_vec()));
            if bias {
                all.push((format!("{name}.bias"), shape[..1].to_vec()));
            }
        };
        add("token_embd", &[self.vocab, d], false);
        if is(&["gpt2", "bert"]) {
            add("position_embd", &[self.ctx, d], false);
        }
        if bert {
            add("token_types", &[2, d], false);
            add("token_embd_norm", &[d], true);
        }
        if arch == "llama" && self.biases {
            add("rope_freqs", &[self.d_head / 2], false);
        }
        let after = is(&["gemma2", "gemma3", "olmo2"]);
        for l in 0..self.layers {
            let mut add = |name: &str, shape: &[usize], bias: bool| add(&format!("blk.{l}.{name}"), shape, bias);
            if !is(&["olmo2", "bert"]) {
                add("attn_norm", &[d], full);
            }
            if is(&["gpt2", "gptneox", "phi3"]) {
                add("attn_qkv", &[q + 2 * kv, d], full);
            } else {
                let biases = full || self.has_biases();
                add("attn_q", &[q, d], biases);
                add("attn_k", &[kv, d], biases);
                add("attn_v", &[kv, d], biases);
            }
            if is(&["qwen3", "gemma3", "olmo2"]) {
                let flat = arch == "olmo2";
                add("attn_q_norm", &[if flat { q } else { self.d_head }], false);
                add("attn_k_norm", &[if flat { kv } else { self.d_head }], false);
            }
            add("attn_output", &[d, q], full);
            if after {
                add("post_attention_norm", &[d], false);
                add("post_ffw_norm", &[d], false);
            }
            if bert {
                add("attn_output_norm", &[d], true);
                add("layer_output_norm", &[d], true);
            } else if !is(&["olmo2", "phi2"]) {
                add("ffn_norm", &[d], full);
            }
            if !full && arch != "phi3" {
                add("ffn_gate", &[self.d_ff, d], false);
            }
            add("ffn_up", &[if arch == "phi3" { 2 * self.d_ff } else { self.d_ff }, d], full);
            add("ffn_down", &[d, self.d_ff], full);
        }
        if !bert {
            add("output_norm", &[d], full);
        }
        let always = is(&["gptneox", "phi2", "phi3"]);
        if always || !self.tied && !bert && !arch.starts_with("gemma") {
            add("output", &[self.vocab, d], arch == "phi2");
        }
        all
    }
}

/// Something is wrong with the list of tensors: one is missing, doubled, of another shape or name, or there is one more.
pub fn spoil(draw: &mut Draw<'_>, all: &mut Vec<Shape>) {
    let at = draw.below(all.len());
    match draw.below(6) {
        0 => drop(all.remove(at)),
        1 => all.push(all[at].clone()),
        2 => {
            let axis = draw.below(all[at].1.len());
            let other = draw.of(&[0, 1, 2, 3, 7, 32, 64]);
            if let Some(n) = all[at].1.get_mut(axis) {
                *n = other;
            }
        }
        3 => all[at].1.reverse(),
        4 => all[at].0 = draw.text(),
        _ => all.push((draw.text(), vec![draw.below(4), draw.below(4)])),
    }
}
