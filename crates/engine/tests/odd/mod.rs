//! Model files that are well formed and hold odd values, and what is done with each. Bytes at random almost never get
//! past a parser; these do. The same code makes them from seeds, in `odd_files.rs`, and from a fuzzer's bytes.

pub mod draw;
pub mod folder;
pub mod gguf;
mod numbers;
pub mod plan;
mod tokenizer;
mod vocabulary;

use attnscope::Site;
use attnscope::analysis::explain::explain;
use attnscope::analysis::{components, head_scores, neighbours};
use attnscope::{Bytes, Capture, Error, GenerateOptions, MatrixKind, Model};
use draw::Draw;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Refused,
    Opened,
    Ran,
}

/// Makes a GGUF file and does everything with it.
pub fn gguf_file(draw: &mut Draw<'_>) -> Outcome {
    let bytes = gguf::file(draw);
    if let Some(at) = std::env::var_os("ODD_KEEP") {
        let _ = std::fs::create_dir_all(&at);
        let _ = std::fs::write(std::path::Path::new(&at).join("odd.gguf"), &bytes);
    }
    use_all(draw, Model::from_gguf(Bytes::from(bytes), "odd.gguf"))
}

/// Makes a folder and does everything with it.
pub fn folder_of_files(draw: &mut Draw<'_>) -> Outcome {
    let files = folder::files(draw);
    if let Some(at) = std::env::var_os("ODD_KEEP") {
        let _ = std::fs::create_dir_all(&at);
        for (name, bytes) in &files {
            let _ = std::fs::write(std::path::Path::new(&at).join(name), bytes);
        }
    }
    let files = files.into_iter().map(|(name, bytes)| (name, Bytes::from(bytes))).collect();
    use_all(draw, Model::from_files(files, "odd"))
}

/// Makes a `tokenizer.json` and cuts a text with it.
#[allow(dead_code)] // the fuzzer's
pub fn tokenizer_alone(draw: &mut Draw<'_>) -> Outcome {
    let (json, _) = tokenizer::json(draw);
    let Ok(tokenizer) = attnscope::Tokenizer::from_json(json.as_bytes()) else { return Outcome::Refused };
    let text = draw.text();
    match tokenizer.check_text(&text, 1000).and_then(|()| tokenizer.encode(&text)) {
        Ok(ids) => {
            let _ = tokenizer.decode(&ids);
            ids.iter().for_each(|id| drop(tokenizer.text(*id)));
            Outcome::Ran
        }
        Err(error) => {
            check_error(&error);
            Outcome::Opened
        }
    }
}

/// Files of tokenizers in their other forms, with some bytes changed, and a text cut with each.
#[allow(dead_code)] // the fuzzer's
pub fn other_tokenizer(draw: &mut Draw<'_>) -> Outcome {
    macro_rules! golden {
        ($name:literal) => {
            include_bytes!(concat!("../../../../fixtures/tokenizers/", $name)) as &[u8]
        };
    }
    type Files = [(&'static str, &'static str, &'static [u8])];
    const ALL: &Files = &[
        ("tokenizer.model", "llama", golden!("bpe.model")),
        ("tokenizer.model", "gemma", golden!("bpe-plain.model")),
        ("tokenizer.model", "t5", golden!("unigram.model")),
        ("tekken.json", "", golden!("tekken.json")),
        ("vocab.txt", "bert", golden!("vocab.txt")),
        ("", "", golden!("bpe.gguf")),
        ("", "", golden!("bpe-plain.gguf")),
        ("", "", golden!("unigram.gguf")),
        ("", "", golden!("bert.gguf")),
    ];
    let (name, model_type, bytes) = draw.of(ALL);
    let mut bytes = bytes.to_vec();
    for _ in 0..draw.of(&[0, 1, 1, 2, 8]) {
        // Often near the beginning or the end, where there is more than tokens.
        let at = draw.below(bytes.len().max(1));
        let at = draw.of(&[at, at % 64, bytes.len().saturating_sub(1 + at % 64)]);
        match draw.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), draw.below(256) as u8),
            _ => {
                let byte = draw.of(&[0u8, 1, 2, 0x7f, 0x80, 0xff]);
                let byte = if draw.odd(2) { draw.below(256) as u8 } else { byte };
                bytes.get_mut(at).into_iter().for_each(|place| *place = byte);
            }
        }
    }
    let config = draw.of(&[
        "{}",
        "{}",
        r#"{"add_bos_token": true, "legacy": true, "add_prefix_space": false}"#,
        r#"{"added_tokens_decoder": {"999": {"content": "the", "lstrip": true, "rstrip": true}}, "bos_token": "a"}"#,
    ]);
    let bytes = Bytes::from(bytes);
    let read = if name.is_empty() {
        attnscope::format::gguf::parse(bytes, "odd.gguf")
            .and_then(|file| attnscope::Tokenizer::from_gguf(&file.metadata))
    } else {
        let find = |wanted: &str| match wanted {
            "tokenizer_config.json" => Some(Bytes::from(config.as_bytes().to_vec())),
            wanted => (wanted == name).then(|| bytes.clone()),
        };
        attnscope::Tokenizer::from_folder(find, Some(model_type)).map(Option::unwrap)
    };
    let tokenizer = match read {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            check_error(&error);
            return Outcome::Refused;
        }
    };
    let text = draw.text() + draw.of(&["", " the hot\ndog", "<s>a</s>", "\u{fb01}\u{2122} ", "<x>▁▁"]);
    match tokenizer.check_text(&text, 1000).and_then(|()| tokenizer.encode(&text)) {
        Ok(ids) => {
            let _ = tokenizer.decode(&ids);
            ids.iter().for_each(|id| drop(tokenizer.text(*id)));
            let _ = (tokenizer.encode_with_start(&text, true), tokenizer.encode_with_start(&text, false));
            Outcome::Ran
        }
        Err(error) => {
            check_error(&error);
            Outcome::Opened
        }
    }
}

/// An error is one line, and names something.
fn check_error(error: &Error) {
    let text = error.to_string();
    assert!(!text.is_empty() && text.len() < 2000, "{text}");
    if std::env::var_os("ODD_SAID").is_some() {
        println!("said: {text:?}");
    }
}

fn use_all(draw: &mut Draw<'_>, model: Result<Model, Error>) -> Outcome {
    let model = match model {
        Ok(model) => model,
        Err(error) => {
            check_error(&error);
            return Outcome::Refused;
        }
    };
    let text = draw.text();
    let (c, info) = (model.config().clone(), model.info());
    assert!(!info.name.contains('\n') || c.name.contains('\n'));
    let tokens = match model.encode(&text) {
        Ok(tokens) => tokens,
        Err(error) => {
            check_error(&error);
            (0..c.n_ctx.min(3)).map(|i| (i % c.n_vocab) as u32).collect()
        }
    };
    if let Ok(tokenizer) = model.tokenizer() {
        let _ = tokenizer.decode(&tokens);
        let _ = tokenizer.decode(&[u32::MAX]);
    }
    let capture: Capture = if draw.odd(2) { Capture::all() } else { "all,scores,pattern,result".parse().unwrap() };
    let trace = match model.run(&tokens, &capture, &[]) {
        Ok(trace) => trace,
        Err(error) => {
            check_error(&error);
            return Outcome::Opened;
        }
    };
    let _ = model.next_tokens(&trace, 5);
    let _ = head_scores(&trace);
    let (layer, head, position) = (draw.below(c.n_layers), draw.below(c.n_heads), draw.below(tokens.len()));
    let component = draw.below(c.d_head);
    for number in [
        Site::Z.in_layer(layer, [head, position, component]),
        Site::Q.in_layer(layer, [head, position, component]),
        Site::Pattern.in_layer(layer, [head, position, 0]),
        Site::MlpOut.in_layer(layer, [position, 0]),
        Site::FinalNorm.at([position, 0]),
        Site::Probabilities.at([position, 0]),
    ] {
        if let Err(error) = explain(&model, &trace, number) {
            check_error(&error);
        }
    }
    let _ = components(&trace, layer, head, position);
    let _ = model.matrix(layer, head, MatrixKind::O);
    let _ = neighbours(&model, &model.embedding(tokens[0]), 3);
    let options = GenerateOptions { max_tokens: 2, temperature: draw.of(&[0.0, 1.0]), ..Default::default() };
    let _ = model.generate(&tokens, &options, &[], |_| true);
    Outcome::Ran
}
