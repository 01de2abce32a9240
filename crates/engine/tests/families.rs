//! Random models of many architectures, and every switch of their configs, against transformers in float64.

mod common;

use attnscope::{Model, Site};
use common::{close, error, fixture, ids, reference, tolerance};
use serde_json::{Value, json};
use std::path::Path;

/// Every model of `fixtures/families`.
fn families() -> Vec<String> {
    let entries = std::fs::read_dir(fixture("families")).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Compares every array that the reference holds.
fn check(name: &str, model: &Model, expected: &str) {
    let expected = reference(expected);
    let trace = model.run(&ids(&expected), &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
    let mut compared = 0;
    for (key, array) in &expected.arrays {
        if key == "logits" && !model.has_vocab_head() {
            continue;
        }
        let key = if key == "last_hidden_state" { "final_norm" } else { key };
        let found = trace.get(key).unwrap_or_else(|| panic!("{name}: {key} was not captured"));
        close(&format!("{name}: {key}"), found, array, tolerance(key));
        compared += 1;
    }
    assert!(compared >= 18, "{name}: only {compared} arrays compared");
    let n = ids(&expected).len();
    for layer in 0..model.config().n_layers {
        let has_sinks = !model.info().sinks.is_empty();
        for row in trace.layer(layer, Site::Pattern).unwrap().data().chunks(n) {
            let sum = row.iter().sum::<f32>();
            assert!(if has_sinks { sum < 1.0 + 1e-6 } else { (sum - 1.0).abs() < 1e-5 }, "{name}: {sum}");
        }
    }
}

#[test]
fn every_array_of_every_family_is_that_of_transformers() {
    let names = families();
    for name in &names {
        let model = Model::open(fixture(&format!("families/{name}"))).unwrap();
        check(name, &model, &format!("families/{name}/reference.safetensors"));
    }
    assert!(names.len() >= 16, "only {names:?}");
}

/// The same models as GGUF. A few have a reference of their own, since llama.cpp takes something for granted that their
/// folder's config says otherwise.
#[test]
fn every_family_is_read_from_gguf_as_well() {
    // llama.cpp does not compute these (it would not bound OLMoE's queries); of DistilBERT it makes a BERT, and it counts
    // RoBERTa's padding tokens.
    const NOT: [&str; 16] = [
        "albert",
        "bert-decoder",
        "bert-masked",
        "distilbert",
        "electra",
        "falcon-sequential",
        "gpt-neo",
        "gptj",
        "mpnet",
        "olmoe-clamped",
        "opt",
        "opt-after",
        "opt-narrow",
        "qwen3-moe-some",
        "roberta",
        "xlm-roberta",
    ];
    let bert = Model::open(fixture("families/bert.gguf")).unwrap();
    check("bert.gguf", &bert, "tiny/bert/reference.safetensors");
    for name in families().into_iter().filter(|name| !NOT.contains(&name.as_str())) {
        let model = Model::open(fixture(&format!("families/{name}.gguf"))).unwrap_or_else(|e| panic!("{name}: {e}"));
        let own = format!("families/{name}.gguf.safetensors");
        let expected = if fixture(&own).exists() { own } else { format!("families/{name}/reference.safetensors") };
        check(&format!("{name}.gguf"), &model, &expected);
        // The converter leaves the heads for masked words out.
        assert_eq!(model.has_vocab_head(), !["modernbert", "nomic-bert"].contains(&name.as_str()), "{name}");
    }
}

/// A model that fills masked words in predicts where the first one stands; a decoder with the same head what comes next.
#[test]
fn a_masked_word_is_predicted_where_it_stands() {
    let model = Model::open(fixture("families/bert-masked")).unwrap();
    assert!(model.fills_masks());
    let ids = model.encode("the hot [MASK] was").unwrap();
    assert_eq!(ids, [2, 5, 6, 4, 8, 3], "[CLS] the hot [MASK] was [SEP]");
    let trace = model.run(&ids, &"all".parse().unwrap(), &[]).unwrap();
    assert_eq!(trace.predicts_at(), Some(3));
    assert_eq!(trace.last_logits, trace.get("logits").unwrap().row(&[3]).unwrap());
    let alone = model.run(&ids, &"final_norm".parse().unwrap(), &[]).unwrap();
    assert!(error(&alone.last_logits, &trace.last_logits, 89, true) <= 1e-6);
    let unmasked = model.run(&[2, 5, 3], &"final_norm".parse().unwrap(), &[]).unwrap();
    assert_eq!(unmasked.predicts_at(), Some(2));

    // The likeliest token of the lens after the last layer is that of the run.
    let lens = attnscope::analysis::lens(&model, &trace, 3..4, 1).unwrap();
    assert_eq!(lens.last().unwrap().top[0][0], model.next_tokens(&trace, 1)[0]);
    let refused = attnscope::analysis::contributions(&model, &trace, 5).unwrap_err().to_string();
    assert!(refused.contains("masked words"), "{refused}");
    let refused = model.generate(&ids, &Default::default(), &[], |_| true).unwrap_err().to_string();
    assert!(refused.contains("does not write on"), "{refused}");

    let mut file = Vec::new();
    trace.save_safetensors(&mut file).unwrap();
    let back = attnscope::Trace::load_safetensors(&file).unwrap();
    assert_eq!((back.predicts_at(), back.last_logits), (Some(3), trace.last_logits));

    let decoder = Model::open(fixture("families/bert-decoder")).unwrap();
    assert!(decoder.has_vocab_head() && !decoder.fills_masks());
    assert_eq!(decoder.generate(&[2, 5], &Default::default(), &[], |_| false).unwrap().len(), 1);
}

/// Two texts that are read together: `[CLS] a [SEP] b [SEP]`, with token types.
#[test]
fn a_pair_of_texts_is_read_as_transformers_reads_it() {
    let open = || Model::open(fixture("families/bert-masked")).unwrap();
    let model = open().with_pair("the hot [MASK]", "was the dog").unwrap();
    let expected = reference("families/bert-masked/pair.safetensors");
    assert_eq!(model.encode("the hot [MASK]").unwrap(), ids(&expected));
    check("pair", &model, "families/bert-masked/pair.safetensors");
    // The same ids without types are another text.
    let (capture, expected) = ("embed".parse().unwrap(), ids(&expected));
    let embed = |model: &Model| model.run(&expected, &capture, &[]).unwrap().get("embed").unwrap().clone();
    let (typed, plain) = (embed(&model), embed(&open()));
    assert_eq!(typed.row(&[4]), plain.row(&[4]));
    assert_ne!(typed.row(&[5]), plain.row(&[5]));
    // An explanation adds up the same type.
    let trace = model.run(&expected, &"all".parse().unwrap(), &[]).unwrap();
    for position in [4, 5] {
        let number = Site::EmbedSum.at([position, 3]);
        let e = attnscope::analysis::explain::explain(&model, &trace, number).unwrap();
        let kind = format!("W_token_type[{},3]", position / 5);
        assert!(e.terms.iter().flat_map(|term| &term.factors).any(|factor| factor.name == kind), "{e:?}");
    }
    for (model, first, second, named) in [
        (open(), "the", "", "empty"),
        (open(), "the", &"dog ".repeat(100)[..], "64"),
        (Model::open(fixture("families/bert-decoder")).unwrap(), "the", "dog", "attends back only"),
        (Model::open(fixture("families/roberta")).unwrap(), "the", "dog", "tokenizer"),
        (attnscope::lesson::model(), "the", "dog", "attends back only"),
    ] {
        let message = model.with_pair(first, second).err().unwrap().to_string();
        assert!(message.contains(named), "{message}");
    }
}

/// nomic-bert's first files have a config of another form, that of the code which they bring along. (No other
/// implementation of that form is installed: the numbers are those of transformers for the same weights.)
#[test]
fn nomic_bert_is_read_from_both_forms_of_its_config() {
    let folder = fixture("families/nomic-bert");
    let older = json!({
        "model_type": "nomic_bert", "architectures": ["NomicBertForPreTraining"], "n_embd": 32, "n_head": 4, "n_layer": 2,
        "n_inner": 56, "n_positions": 64, "vocab_size": 86, "pad_vocab_size_multiple": 89, "type_vocab_size": 2,
        "activation_function": "swiglu", "layer_norm_epsilon": 1e-12, "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0,
        "rotary_emb_interleaved": false, "rotary_emb_scale_base": null, "rotary_scaling_factor": null, "prenorm": false,
        "qkv_proj_bias": false, "mlp_fc1_bias": false, "mlp_fc2_bias": false, "use_rms_norm": false, "causal": false,
        "auto_map": {"AutoConfig": "configuration_hf_nomic_bert.NomicBertConfig", "AutoModel": "modeling.NomicBertModel"},
    });
    // Those files have no head for masked words.
    let file = std::fs::read(folder.join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&file).unwrap().tensors();
    let body = tensors.into_iter().filter(|(name, _)| !name.starts_with("cls."));
    let weights = safetensors::serialize(body, None).unwrap();
    let open = |config: &Value| {
        let weights = weights.clone();
        let config = serde_json::to_vec(config).unwrap();
        let files = vec![("config.json".to_owned(), config.into()), ("model.safetensors".to_owned(), weights.into())];
        Model::from_files(files, "test").map_err(|error| error.to_string())
    };
    check("the older form", &open(&older).unwrap(), "families/nomic-bert/reference.safetensors");
    for (field, value, named) in [
        ("rotary_emb_fraction", json!(0.0), "rotary_emb_fraction"),
        ("rotary_scaling_factor", json!(2.0), "rotary_scaling_factor"),
        ("activation_function", json!("gelu"), "activation_function"),
        ("prenorm", json!(true), "prenorm"),
        ("causal", json!(true), "causal"),
        ("qkv_proj_bias", json!(true), "Wqkv.bias"),
        ("moe_every_n_layers", json!(2), "mixture of experts"),
    ] {
        let mut changed = older.clone();
        changed[field] = value;
        let message = open(&changed).err().unwrap_or_else(|| panic!("{field} was accepted"));
        assert!(message.contains(named), "{field}: {message}");
    }
}

/// Each head's share of a logit, added up over a layer, is the share of what attention adds there: also where that is
/// normed or scaled on the way.
#[test]
fn shares_of_the_heads_add_up_to_that_of_their_layer() {
    for name in ["gemma2", "gemma3", "olmo2", "granite", "llama3"] {
        let model = Model::open(fixture(&format!("families/{name}"))).unwrap();
        let (c, w) = (model.config(), model.weights());
        let ids = ids(&reference(&format!("families/{name}/reference.safetensors")));
        let trace = model.run(&ids, &"all".parse().unwrap(), &[]).unwrap();
        let last = |site: Site, layer| {
            let array = trace.layer(layer, site).unwrap();
            array.row(&[ids.len() - 1]).unwrap().to_vec()
        };
        let resid = last(Site::ResidPost, c.n_layers - 1);
        let mean = resid.iter().map(|x| x * x).sum::<f32>() / c.d_model as f32;
        let (token, norm) = (5, w.final_norm.as_ref().unwrap());
        let unembed = w.unembed.as_ref().unwrap().row_f32(token as usize);
        let shares = attnscope::analysis::contributions(&model, &trace, token).unwrap();
        for (layer, heads) in shares.iter().enumerate() {
            let out = last(Site::AttnOut, layer);
            let terms = out.iter().zip(&norm.weight).zip(&unembed).map(|((x, w), u)| x * w * u);
            let expected = terms.sum::<f32>() / (mean + c.norm_eps).sqrt() * c.scales.logits;
            let found: f32 = heads.iter().sum();
            assert!((found - expected).abs() <= 1e-4 * (1.0 + expected.abs()), "{name}: {found}, not {expected}");
        }
    }
}

/// The same through the matrix that leads back to a narrower vocabulary. (Without a last norm nothing is held.)
#[test]
fn shares_of_the_heads_pass_a_projection_before_the_vocabulary() {
    let model = Model::open(fixture("families/opt-narrow")).unwrap();
    let (w, token) = (model.weights(), 5);
    let ids = ids(&reference("families/opt-narrow/reference.safetensors"));
    let trace = model.run(&ids, &"all".parse().unwrap(), &[]).unwrap();
    let shares = attnscope::analysis::contributions(&model, &trace, token).unwrap();
    let unembed = w.unembed.as_ref().unwrap().row_f32(token as usize);
    for (layer, heads) in shares.iter().enumerate() {
        let out = trace.layer(layer, Site::AttnOut).unwrap().row(&[ids.len() - 1]).unwrap();
        let bias = w.blocks[layer].o.bias.as_ref().unwrap();
        let out: Vec<f32> = out.iter().zip(bias).map(|(out, bias)| out - bias).collect();
        let narrow = w.transform.as_ref().unwrap().dense.forward(&out);
        let expected: f32 = narrow.iter().zip(&unembed).map(|(x, u)| x * u).sum();
        let found: f32 = heads.iter().sum();
        assert!((found - expected).abs() <= 1e-4 * (1.0 + expected.abs()), "{found}, not {expected}");
    }
}

/// A text read token by token, from a cache, gives what it gives at once.
#[test]
fn every_family_reads_on_from_a_cache() {
    for name in families() {
        let model = Model::open(fixture(&format!("families/{name}"))).unwrap();
        if !model.config().causal {
            continue;
        }
        let all = ids(&reference(&format!("families/{name}/reference.safetensors")));
        // Longer texts than this are rotated otherwise, so a cache may not grow across it.
        let whole =
            model.config().rotaries.iter().find_map(|rotary| rotary.long.as_ref()).map_or(all.len(), |long| long.0);
        let text = &all[..whole.min(all.len())];
        let capture = "resid_post".parse().unwrap();
        let expected = model.run(text, &capture, &[]).unwrap().last_logits;
        let mut cache = model.new_cache();
        let mut found = Vec::new();
        for token in text {
            found = model.run_with_cache(&mut cache, &[*token], &capture, &[]).unwrap().last_logits;
        }
        assert!(error(&found, &expected, found.len(), false) <= 1e-5, "{name}");
        if whole < all.len() {
            let message = model.run_with_cache(&mut cache, &all[whole..], &capture, &[]).unwrap_err().to_string();
            assert!(message.contains("anew"), "{message}");
        }
    }
}

/// The model with some fields of its config changed.
fn changed(folder: &Path, changes: &Value) -> Result<Model, String> {
    let mut config: Value = serde_json::from_slice(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    let weights = std::fs::read(folder.join("model.safetensors")).unwrap();
    let files = vec![
        ("config.json".to_owned(), serde_json::to_vec(&config).unwrap().into()),
        ("model.safetensors".to_owned(), weights.into()),
    ];
    Model::from_files(files, "test").map_err(|error| error.to_string())
}

/// With another value in a field of the config, the numbers follow as transformers' do, or the field is refused by name.
#[test]
fn every_switch_of_every_config_is_followed_or_refused_by_name() {
    let rows = common::json("families/switches.json");
    let (mut followed, mut refused) = (0, 0);
    for row in rows.as_array().unwrap() {
        let (name, changes) = (row["model"].as_str().unwrap(), &row["changes"]);
        let field = changes.as_object().unwrap().keys().next().unwrap();
        let what = format!("{name}, {changes}");
        match (changed(&fixture(&format!("families/{name}")), changes), row["logits"].as_array()) {
            (Ok(model), Some(logits)) => {
                let expected: Vec<f32> = logits.iter().map(|x| x.as_f64().unwrap() as f32).collect();
                let ids = ids(&reference(&format!("families/{name}/reference.safetensors")));
                let trace = model.run(&ids, &"final_norm".parse().unwrap(), &[]).unwrap();
                let last = trace.get("final_norm").unwrap().row(&[ids.len() - 1]).unwrap();
                let found = if model.has_vocab_head() { &trace.last_logits } else { last };
                let size = expected.iter().fold(1f32, |most, x| most.max(x.abs()));
                let off = error(found, &expected, found.len(), false) / size;
                assert!(off <= 1e-5, "{what}: the logits are off by {off}");
                followed += 1;
            }
            // Without a tensor that the config asks for there are no numbers: the tensor or the field is named.
            (Err(message), None) => {
                assert!(message.contains("tensor `") || message.contains(field), "{what}: {message}");
                refused += 1;
            }
            (Err(message), Some(_)) => {
                assert!(message.contains(field), "{what}: {message}");
                refused += 1;
            }
            (Ok(_), None) => panic!("{what}: a tensor that it asks for is missing"),
        }
    }
    assert!(followed >= 150 && followed > 4 * refused, "{followed} followed, {refused} refused");
    println!("{followed} followed, {refused} refused");
}

/// The first files of MPT and Falcon name code that they brought along, before transformers had these families.
#[test]
fn files_that_are_older_than_their_family_in_transformers_open() {
    let own = |code: &str, class: &str| json!({"AutoConfig": format!("{code}Config"), "AutoModelForCausalLM": class});
    let mpt = |class: &str| {
        json!({
            "architectures": ["MPTForCausalLM"], "auto_map": own("configuration_mpt.MPT", class),
            "attn_config": {
                "alibi": true, "alibi_bias_max": 8, "attn_impl": "torch", "attn_pdrop": 0, "clip_qkv": null,
                "attn_type": "multihead_attention", "attn_uses_sequence_id": false, "prefix_lm": false, "qk_ln": false,
                "softmax_scale": null,
            },
            "init_config": {"emb_init_std": null, "name": "kaiming_normal_"}, "init_device": "cpu", "no_bias": true,
            "tokenizer_name": "EleutherAI/gpt-neox-20b", "torch_dtype": "bfloat16", "use_cache": false, "verbose": 0,
        })
    };
    let falcon = |class: &str| json!({"architectures": ["FalconForCausalLM"], "auto_map": own("configuration_falcon.Falcon", class)});
    let opens = |name: &str, changes: &Value| changed(&fixture(&format!("families/{name}")), changes);
    for class in ["modeling_mpt.MPTForCausalLM", "mosaicml/mpt-7b--modeling_mpt.MPTForCausalLM"] {
        let model = opens("mpt", &mpt(class)).unwrap();
        check("mpt", &model, "families/mpt/reference.safetensors");
    }
    opens("falcon", &falcon("modeling_falcon.FalconForCausalLM")).unwrap();
    opens("falcon", &falcon("tiiuae/falcon-7b--modeling_falcon.FalconForCausalLM")).unwrap();
    for class in ["someone/else--modeling_mpt.MPTForCausalLM", "modeling_other.MPTForCausalLM"] {
        let message = opens("mpt", &mpt(class)).err().unwrap();
        assert!(message.contains("auto_map"), "{message}");
    }
    let message = opens("falcon", &falcon("someone/else--modeling_falcon.FalconForCausalLM")).err().unwrap();
    assert!(message.contains("auto_map"), "{message}");
    for (field, value) in [("alibi", json!(false)), ("softmax_scale", json!(0.0))] {
        let mut config = mpt("modeling_mpt.MPTForCausalLM");
        config["attn_config"][field] = value;
        let message = opens("mpt", &config).err().unwrap();
        assert!(message.contains("attn_config") || message.contains("multiplied by 0"), "{message}");
    }
    let both_ways = opens("bloom", &json!({"is_causal": false})).err().unwrap();
    assert!(both_ways.contains("is_causal"), "{both_ways}");
}

/// gpt-oss' real files hold the experts' matrices in MXFP4.
#[test]
fn experts_of_four_bits_are_read_as_transformers_reads_them() {
    let model = Model::open(fixture("mxfp4")).unwrap();
    check("mxfp4", &model, "mxfp4/reference.safetensors");
    let how = |method: &str| json!({"quantization_config": {"quant_method": method}});
    assert!(changed(&fixture("mxfp4"), &how("mxfp4")).is_ok());
    let message = changed(&fixture("mxfp4"), &how("gptq")).err().unwrap();
    assert!(message.contains("quantization_config") && message.contains("gptq"), "{message}");
    let message = changed(&fixture("mxfp4"), &json!({"intermediate_size": 48})).err().unwrap();
    assert!(message.contains("down_proj_blocks") || message.contains("gate_up_proj"), "{message}");
    let message = changed(&fixture("mxfp4"), &json!({"rope_parameters": null})).err().unwrap();
    assert!(message.contains("rope_scaling"), "{message}");
}

/// What is added by distance, and sinks: a pattern that was not kept is computed with them, a cut edge leaves the rest of
/// its row to the other keys and the sink, and a file brings both back.
#[test]
fn biases_and_sinks_reach_patterns_that_were_not_kept() {
    for name in ["bloom", "mpnet", "gpt-oss"] {
        let model = Model::open(fixture(&format!("families/{name}"))).unwrap();
        let ids = ids(&reference(&format!("families/{name}/reference.safetensors")));
        let cut = attnscope::Intervention::cut("1.2:7>6").unwrap();
        for changes in [vec![], vec![cut]] {
            let run = |capture: &str| model.run(&ids, &capture.parse().unwrap(), &changes).unwrap();
            let (kept, lazy) = (run("pattern"), run("q,k,lse"));
            let mut file = Vec::new();
            lazy.save_safetensors(&mut file).unwrap();
            let again = attnscope::Trace::load_safetensors(&file).unwrap();
            for (layer, head) in (0..2).flat_map(|layer| (0..4).map(move |head| (layer, head))) {
                let pattern = kept.pattern(layer, head).unwrap();
                close(name, &lazy.pattern(layer, head).unwrap(), &pattern, 1e-5);
                close(name, &again.pattern(layer, head).unwrap(), &pattern, 1e-5);
            }
            let (row, whole) =
                (kept.pattern(1, 2).unwrap(), model.run(&ids, &"pattern".parse().unwrap(), &[]).unwrap());
            let before = whole.pattern(1, 2).unwrap();
            let (row, before) = (row.row(&[7]).unwrap(), before.row(&[7]).unwrap());
            if !changes.is_empty() {
                // In both, the keys keep their proportions.
                assert!(row[6] == 0.0 && (row[7] / row[5] - before[7] / before[5]).abs() < 1e-3, "{name}: {row:?}");
                let sum = row.iter().sum::<f32>();
                assert!(if name == "gpt-oss" { sum < 0.9999 } else { (sum - 1.0).abs() < 1e-5 }, "{name}: {sum}");
            }
        }
    }
}

/// A model that was split into several files opens by its folder or any of its parts, and not without one of them.
#[test]
fn a_model_in_several_files_is_one() {
    let reference = "families/llama3/reference.safetensors";
    let parts: Vec<_> = std::fs::read_dir(fixture("split")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(parts.len() >= 3, "{parts:?}");
    for path in parts.iter().chain([&fixture("split")]) {
        check("split", &Model::open(path).unwrap(), reference);
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &Path| folder.path().join(path.file_name().unwrap());
    for path in &parts[1..] {
        std::fs::copy(path, at(path)).unwrap();
    }
    for path in [at(&parts[1]), folder.path().to_owned()] {
        let message = Model::open(&path).err().unwrap().to_string();
        assert!(message.contains("of them are here"), "{message}");
    }
    // A part that belongs to no other.
    std::fs::copy(&parts[1], at(&parts[0])).unwrap();
    assert!(Model::open(folder.path()).err().unwrap().to_string().contains("and so is another"));
}

/// A shard, an index or a config stands for the model of its folder.
#[test]
fn a_shard_stands_for_its_folder() {
    for name in ["model-00002-of-00003.safetensors", "model.safetensors.index.json", "config.json"] {
        let model = Model::open(fixture("tiny/llama-sharded").join(name)).unwrap();
        check(name, &model, "tiny/llama/reference.safetensors");
    }
}

/// Whatever stands in a field of a config, the model opens and runs, or an error says why not.
#[test]
fn absurd_values_are_errors_and_no_panics() {
    let rope = |kind: &str| json!({"rope_type": kind, "factor": 1e-30, "short_factor": [0], "original_max_position_embeddings": 4});
    let mut values =
        vec![json!(0), json!(-1), json!(3), json!(10u64.pow(18)), json!(u64::MAX), json!(1e300), json!(-0.5)];
    values.extend([json!("x"), Value::Null, json!([]), json!({}), json!(true), json!(vec![1; 5000])]);
    values.extend(["linear", "yarn", "longrope", "llama3", "dynamic"].map(rope));
    let (mut opened, mut refused) = (0, 0);
    for name in families() {
        let fields = common::json(&format!("families/{name}/config.json"));
        for field in fields.as_object().unwrap().keys() {
            for value in &values {
                match changed(&fixture(&format!("families/{name}")), &json!({field: value})) {
                    Ok(model) => {
                        let _ = model.run(&[5, 17, 42], &"pattern".parse().unwrap(), &[]);
                        opened += 1;
                    }
                    Err(message) => {
                        assert!(!message.is_empty() && !message.contains('\n'), "{message}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(opened > 500 && refused > 500, "{opened} opened, {refused} refused");
}

/// The same for GGUF: absurd values of every key that is a number, and any four bytes of the header, of every architecture.
#[test]
fn absurd_headers_are_errors_and_no_panics() {
    let files = std::fs::read_dir(fixture("families")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "gguf")).collect();
    let (mut opened, mut refused) = (0, 0);
    let mut open = |bytes: Vec<u8>| match Model::from_gguf(attnscope::Bytes::from(bytes), "test") {
        Ok(model) => {
            let _ = model.run(&[5, 17, 42], &"pattern".parse().unwrap(), &[]);
            opened += 1;
        }
        Err(error) => {
            assert!(error.to_string().len() > 20, "{error}");
            refused += 1;
        }
    };
    for path in &files {
        let whole = std::fs::read(path).unwrap();
        let arch = Model::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).config().arch.clone();
        let mut numbers = 0;
        for (at, size) in gguf_numbers(&whole) {
            for value in [0u64, 1, 3, u64::MAX, 0x7f80_0000, 0x7fc0_0000, 0x7ff0_0000_0000_0000] {
                let mut file = whole.clone();
                file[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
                open(file);
            }
            numbers += 1;
        }
        assert!(numbers >= 7, "{arch}: only {numbers} numbers");
        // Names, shapes, types and offsets: from somewhere in the metadata to the first tensor.
        let header = whole.len().min(12_000);
        for step in 0..20 {
            let at = 24 + step * (header - 28) / 20;
            for value in [1u32, u32::MAX] {
                let mut file = whole.clone();
                file[at..at + 4].copy_from_slice(&value.to_le_bytes());
                open(file);
            }
            open(whole[..at].to_vec());
        }
    }
    assert!(files.len() >= 30 && opened > 500 && refused > 500, "{} files, {opened}, {refused}", files.len());
}

/// Place and size of each number in a GGUF's metadata.
fn gguf_numbers(file: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize, size: usize| (0..size).rev().fold(0, |n, i| n << 8 | usize::from(file[at + i]));
    let size = |kind: usize| [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8][kind];
    let (mut at, mut found) = (24, Vec::new());
    for _ in 0..number(16, 8) {
        at += 8 + number(at, 8);
        let kind = number(at, 4);
        at += 4;
        let (kind, n) = if kind == 9 { (number(at, 4), number(at + 4, 8)) } else { (kind, usize::MAX) };
        match (kind, n) {
            (8, usize::MAX) => at += 8 + number(at, 8),
            (8, n) => {
                at += 12;
                (0..n).for_each(|_| at += 8 + number(at, 8));
            }
            (kind, usize::MAX) => {
                found.push((at, size(kind)));
                at += size(kind);
            }
            (kind, n) => at += 12 + n * size(kind),
        }
    }
    found
}
